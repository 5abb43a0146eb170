//! The codec in the crate `stellar-xdr`, with implementations as its generator
//! emits them, except that the guard against deep nesting in each of them is
//! private to that crate. What it generates is therefore a little slower.

use crate::contender::{Case, Native, Shape};
use crate::shapes::{self, Inputs};
use std::io::{Read, Write};
use stellar_xdr::{BytesM, Error, Limited, Limits, ReadXdr, StringM, VecM, WriteXdr};

pub(crate) fn stellar(inputs: &Inputs) -> Native {
    let small = |small: shapes::Small| Small {
        id: small.id,
        name: small.name.try_into().expect("45 bytes"),
        data: Vec::from(small.data).try_into().expect("100 bytes"),
    };
    let all: Vec<_> = shapes::smalls().all.into_iter().map(small).collect();
    let smalls = Smalls(all.try_into().expect("1000 elements"));
    let blob = Blob(Vec::from(shapes::blob().data).try_into().expect("1 MiB"));
    let numbers = Numbers(shapes::numbers().all.try_into().expect("a million"));
    let next = |next, index| {
        let value = shapes::number(index);
        Some(Box::new(Node { value, next }))
    };
    let list = List((0..shapes::NODES).rev().fold(None, next));
    let item = |item: shapes::Item| match item {
        shapes::Item::Number(number) => Item::Number(number),
        shapes::Item::Big(big) => Item::Big(big),
        shapes::Item::Text(text) => Item::Text(text.try_into().expect("30 bytes")),
        shapes::Item::Nothing => Item::Nothing,
    };
    let all: Vec<_> = shapes::items().all.into_iter().map(item).collect();
    let items = Items(all.try_into().expect("10,000 elements"));
    Native {
        name: "stellar-xdr",
        cases: vec![
            case(inputs, Shape::Small, small(shapes::small(0))),
            case(inputs, Shape::Smalls, smalls),
            case(inputs, Shape::Blob, blob),
            case(inputs, Shape::Numbers, numbers),
            case(inputs, Shape::List, list),
            case(inputs, Shape::Items, items),
        ],
    }
}

const LIMITS: Limits = Limits {
    // Its list recurses.
    depth: 5000,
    len: 1 << 24,
};

fn case<T: ReadXdr + WriteXdr + PartialEq + 'static>(
    inputs: &Inputs,
    shape: Shape,
    value: T,
) -> Case {
    Case::new(shape)
        .decode(inputs, &value, |input: &[u8]| {
            T::read_xdr(&mut Limited::new(input, LIMITS))
        })
        .encode(value, |value, buffer: &mut Vec<u8>| {
            buffer.clear();
            value.write_xdr(&mut Limited::new(buffer, LIMITS)).is_ok()
        })
}

#[derive(PartialEq)]
struct Small {
    id: u64,
    name: StringM<512>,
    data: BytesM,
}

impl ReadXdr for Small {
    fn read_xdr<R: Read>(r: &mut Limited<R>) -> Result<Self, Error> {
        Ok(Self {
            id: u64::read_xdr(r)?,
            name: StringM::read_xdr(r)?,
            data: BytesM::read_xdr(r)?,
        })
    }
}

impl WriteXdr for Small {
    fn write_xdr<W: Write>(&self, w: &mut Limited<W>) -> Result<(), Error> {
        self.id.write_xdr(w)?;
        self.name.write_xdr(w)?;
        self.data.write_xdr(w)
    }
}

#[derive(PartialEq)]
struct Smalls(VecM<Small>);

impl ReadXdr for Smalls {
    fn read_xdr<R: Read>(r: &mut Limited<R>) -> Result<Self, Error> {
        VecM::read_xdr(r).map(Self)
    }
}

impl WriteXdr for Smalls {
    fn write_xdr<W: Write>(&self, w: &mut Limited<W>) -> Result<(), Error> {
        self.0.write_xdr(w)
    }
}

#[derive(PartialEq)]
struct Blob(BytesM);

impl ReadXdr for Blob {
    fn read_xdr<R: Read>(r: &mut Limited<R>) -> Result<Self, Error> {
        BytesM::read_xdr(r).map(Self)
    }
}

impl WriteXdr for Blob {
    fn write_xdr<W: Write>(&self, w: &mut Limited<W>) -> Result<(), Error> {
        self.0.write_xdr(w)
    }
}

#[derive(PartialEq)]
struct Numbers(VecM<i32>);

impl ReadXdr for Numbers {
    fn read_xdr<R: Read>(r: &mut Limited<R>) -> Result<Self, Error> {
        VecM::read_xdr(r).map(Self)
    }
}

impl WriteXdr for Numbers {
    fn write_xdr<W: Write>(&self, w: &mut Limited<W>) -> Result<(), Error> {
        self.0.write_xdr(w)
    }
}

#[derive(PartialEq)]
struct Node {
    value: i32,
    next: Option<Box<Node>>,
}

impl ReadXdr for Node {
    fn read_xdr<R: Read>(r: &mut Limited<R>) -> Result<Self, Error> {
        Ok(Self {
            value: i32::read_xdr(r)?,
            next: Option::<Box<Node>>::read_xdr(r)?,
        })
    }
}

impl WriteXdr for Node {
    fn write_xdr<W: Write>(&self, w: &mut Limited<W>) -> Result<(), Error> {
        self.value.write_xdr(w)?;
        self.next.write_xdr(w)
    }
}

#[derive(PartialEq)]
struct List(Option<Box<Node>>);

impl ReadXdr for List {
    fn read_xdr<R: Read>(r: &mut Limited<R>) -> Result<Self, Error> {
        Option::read_xdr(r).map(Self)
    }
}

impl WriteXdr for List {
    fn write_xdr<W: Write>(&self, w: &mut Limited<W>) -> Result<(), Error> {
        self.0.write_xdr(w)
    }
}

#[derive(PartialEq)]
enum Item {
    Number(i32),
    Big(i64),
    Text(StringM<64>),
    Nothing,
}

impl ReadXdr for Item {
    fn read_xdr<R: Read>(r: &mut Limited<R>) -> Result<Self, Error> {
        Ok(match i32::read_xdr(r)? {
            0 => Self::Number(i32::read_xdr(r)?),
            1 => Self::Big(i64::read_xdr(r)?),
            2 => Self::Text(StringM::read_xdr(r)?),
            3 => Self::Nothing,
            _ => return Err(Error::Invalid),
        })
    }
}

impl WriteXdr for Item {
    fn write_xdr<W: Write>(&self, w: &mut Limited<W>) -> Result<(), Error> {
        match self {
            Self::Number(value) => {
                0_i32.write_xdr(w)?;
                value.write_xdr(w)
            }
            Self::Big(value) => {
                1_i32.write_xdr(w)?;
                value.write_xdr(w)
            }
            Self::Text(value) => {
                2_i32.write_xdr(w)?;
                value.write_xdr(w)
            }
            Self::Nothing => 3_i32.write_xdr(w),
        }
    }
}

#[derive(PartialEq)]
struct Items(VecM<Item>);

impl ReadXdr for Items {
    fn read_xdr<R: Read>(r: &mut Limited<R>) -> Result<Self, Error> {
        VecM::read_xdr(r).map(Self)
    }
}

impl WriteXdr for Items {
    fn write_xdr<W: Write>(&self, w: &mut Limited<W>) -> Result<(), Error> {
        self.0.write_xdr(w)
    }
}
