//! The values that every contender encodes and decodes.

use crate::contender::Shape;
pub(crate) use generated::{Blob, Item, Items, List, Node, Numbers, Small, Smalls};

use bytes::Bytes;
use metadr_runtime::xdr::to_bytes;

/// What is generated from shapes.x.
mod generated {
    metadr_runtime::xdr!("shapes.x", types_only);
}

/// The same with text as bytes, which nobody has to find to be UTF-8: what most
/// of the peers have.
pub(crate) mod unchecked {
    metadr_runtime::xdr!("shapes.x", types_only, strings = bytes);
}

pub(crate) const SMALLS: u64 = 1000;
pub(crate) const BLOB: usize = 1 << 20;
pub(crate) const NUMBERS: i32 = 1_000_000;
pub(crate) const NODES: i32 = 1000;
pub(crate) const ITEMS: i32 = 10_000;

/// 164 bytes: a number, 45 bytes of text, 100 bytes of data.
pub(crate) fn small(id: u64) -> Small {
    Small {
        id,
        name: text(45),
        data: data(100),
    }
}

pub(crate) fn smalls() -> Smalls {
    Smalls {
        all: (0..SMALLS).map(small).collect(),
    }
}

pub(crate) fn blob() -> Blob {
    Blob { data: data(BLOB) }
}

pub(crate) fn numbers() -> Numbers {
    Numbers {
        all: (0..NUMBERS).map(number).collect(),
    }
}

pub(crate) fn list() -> List {
    let mut head = None;
    for index in (0..NODES).rev() {
        let value = number(index);
        let next = head.map(Box::new);
        head = Some(Node { value, next });
    }
    List { head }
}

/// All arms in turn; a branch predictor can learn that, for every contender alike.
pub(crate) fn items() -> Items {
    let item = |index: i32| match index % 4 {
        0 => Item::Number(number(index)),
        1 => Item::Big(i64::from(number(index)) << 20),
        2 => Item::Text(text(index as usize % 30)),
        _ => Item::Nothing,
    };
    Items {
        all: (0..ITEMS).map(item).collect(),
    }
}

/// Numbers that use all of their bytes.
pub(crate) fn number(index: i32) -> i32 {
    index.wrapping_mul(-0x61c8_8647)
}

pub(crate) fn text(length: usize) -> String {
    (b'a'..=b'z').cycle().take(length).map(char::from).collect()
}

pub(crate) fn data(length: usize) -> Bytes {
    (0..length).map(|index| (index % 251) as u8).collect()
}

/// The encoded values, one copy for all contenders: how fast memory is depends
/// on where it is.
pub(crate) struct Inputs([(Shape, Bytes); 6]);

impl Inputs {
    pub(crate) fn new() -> Self {
        Self(Shape::ALL.map(|shape| {
            let encoded = match shape {
                Shape::Small => to_bytes(&small(0)),
                Shape::Smalls => to_bytes(&smalls()),
                Shape::Blob => to_bytes(&blob()),
                Shape::Numbers => to_bytes(&numbers()),
                Shape::List => to_bytes(&list()),
                Shape::Items => to_bytes(&items()),
            };
            (shape, encoded.expect("the values are within their bounds"))
        }))
    }

    pub(crate) fn of(&self, wanted: Shape) -> Bytes {
        let mut inputs = self.0.iter();
        let found = inputs.find(|(shape, _)| *shape == wanted);
        found
            .map(|(_, input)| input.clone())
            .expect("all are there")
    }
}
