//! The crate `xdr-codec`, with the implementations that its generator `xdrgen` emits.

use crate::contender::{Case, Native, Shape};
use crate::shapes::{self, Inputs};
use xdr_codec::{
    Error, ErrorKind, Pack, Read, Result, Unpack, Write, pack_flex, pack_opaque_flex, pack_string,
    unpack_flex, unpack_opaque_flex, unpack_string,
};

pub(crate) fn xdr_codec(inputs: &Inputs) -> Native {
    let small = |small: shapes::Small| Small {
        id: small.id,
        name: small.name,
        data: small.data.into(),
    };
    let smalls = Smalls {
        all: shapes::smalls().all.into_iter().map(small).collect(),
    };
    let blob = Blob {
        data: shapes::blob().data.into(),
    };
    let numbers = Numbers {
        all: shapes::numbers().all,
    };
    let item = |item: shapes::Item| match item {
        shapes::Item::Number(number) => Item::Number(number),
        shapes::Item::Big(big) => Item::Big(big),
        shapes::Item::Text(text) => Item::Text(text),
        shapes::Item::Nothing => Item::Nothing,
    };
    let items = Items {
        all: shapes::items().all.into_iter().map(item).collect(),
    };
    let next = |next, index| {
        let value = shapes::number(index);
        Some(Box::new(Node { value, next }))
    };
    let list = List {
        head: (0..shapes::NODES).rev().fold(None, next),
    };
    Native {
        name: "xdr-codec",
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

fn case<T>(inputs: &Inputs, shape: Shape, value: T) -> Case
where
    T: Pack<Vec<u8>> + for<'a> Unpack<&'a [u8]> + PartialEq + 'static,
{
    Case::new(shape)
        .decode(inputs, &value, |mut input: &[u8]| {
            T::unpack(&mut input).map(|(value, _)| value)
        })
        .encode(value, |value, buffer: &mut Vec<u8>| {
            buffer.clear();
            value.pack(buffer).is_ok()
        })
}

/// Unpacks a field and adds its size to the sum.
fn field<T>(size: &mut usize, unpacked: Result<(T, usize)>) -> Result<T> {
    let (value, field_size) = unpacked?;
    *size += field_size;
    Ok(value)
}

#[derive(PartialEq)]
struct Small {
    id: u64,
    name: String,
    data: Vec<u8>,
}

impl<Out: Write> Pack<Out> for Small {
    fn pack(&self, out: &mut Out) -> Result<usize> {
        Ok(self.id.pack(out)?
            + pack_string(&self.name, Some(512), out)?
            + pack_opaque_flex(&self.data, None, out)?)
    }
}

impl<In: Read> Unpack<In> for Small {
    fn unpack(input: &mut In) -> Result<(Self, usize)> {
        let mut size = 0;
        let small = Self {
            id: field(&mut size, Unpack::unpack(input))?,
            name: field(&mut size, unpack_string(input, Some(512)))?,
            data: field(&mut size, unpack_opaque_flex(input, None))?,
        };
        Ok((small, size))
    }
}

#[derive(PartialEq)]
struct Smalls {
    all: Vec<Small>,
}

impl<Out: Write> Pack<Out> for Smalls {
    fn pack(&self, out: &mut Out) -> Result<usize> {
        pack_flex(&self.all, None, out)
    }
}

impl<In: Read> Unpack<In> for Smalls {
    fn unpack(input: &mut In) -> Result<(Self, usize)> {
        let mut size = 0;
        let all = field(&mut size, unpack_flex(input, None))?;
        Ok((Self { all }, size))
    }
}

#[derive(PartialEq)]
struct Blob {
    data: Vec<u8>,
}

impl<Out: Write> Pack<Out> for Blob {
    fn pack(&self, out: &mut Out) -> Result<usize> {
        pack_opaque_flex(&self.data, None, out)
    }
}

impl<In: Read> Unpack<In> for Blob {
    fn unpack(input: &mut In) -> Result<(Self, usize)> {
        let mut size = 0;
        let data = field(&mut size, unpack_opaque_flex(input, None))?;
        Ok((Self { data }, size))
    }
}

#[derive(PartialEq)]
struct Numbers {
    all: Vec<i32>,
}

impl<Out: Write> Pack<Out> for Numbers {
    fn pack(&self, out: &mut Out) -> Result<usize> {
        pack_flex(&self.all, None, out)
    }
}

impl<In: Read> Unpack<In> for Numbers {
    fn unpack(input: &mut In) -> Result<(Self, usize)> {
        let mut size = 0;
        let all = field(&mut size, unpack_flex(input, None))?;
        Ok((Self { all }, size))
    }
}

#[derive(PartialEq)]
struct Node {
    value: i32,
    next: Option<Box<Node>>,
}

impl<Out: Write> Pack<Out> for Node {
    fn pack(&self, out: &mut Out) -> Result<usize> {
        Ok(self.value.pack(out)? + self.next.pack(out)?)
    }
}

impl<In: Read> Unpack<In> for Node {
    fn unpack(input: &mut In) -> Result<(Self, usize)> {
        let mut size = 0;
        let node = Self {
            value: field(&mut size, Unpack::unpack(input))?,
            next: field(&mut size, Unpack::unpack(input))?,
        };
        Ok((node, size))
    }
}

#[derive(PartialEq)]
struct List {
    head: Option<Box<Node>>,
}

impl<Out: Write> Pack<Out> for List {
    fn pack(&self, out: &mut Out) -> Result<usize> {
        self.head.pack(out)
    }
}

impl<In: Read> Unpack<In> for List {
    fn unpack(input: &mut In) -> Result<(Self, usize)> {
        let mut size = 0;
        let head = field(&mut size, Unpack::unpack(input))?;
        Ok((Self { head }, size))
    }
}

#[derive(PartialEq)]
enum Item {
    Number(i32),
    Big(i64),
    Text(String),
    Nothing,
}

impl<Out: Write> Pack<Out> for Item {
    fn pack(&self, out: &mut Out) -> Result<usize> {
        Ok(match self {
            Self::Number(value) => 0_i32.pack(out)? + value.pack(out)?,
            Self::Big(value) => 1_i32.pack(out)? + value.pack(out)?,
            Self::Text(value) => 2_i32.pack(out)? + pack_string(value, Some(64), out)?,
            Self::Nothing => 3_i32.pack(out)?,
        })
    }
}

impl<In: Read> Unpack<In> for Item {
    fn unpack(input: &mut In) -> Result<(Self, usize)> {
        let mut size = 0;
        let kind: i32 = field(&mut size, Unpack::unpack(input))?;
        let item = match kind {
            0 => Self::Number(field(&mut size, Unpack::unpack(input))?),
            1 => Self::Big(field(&mut size, Unpack::unpack(input))?),
            2 => Self::Text(field(&mut size, unpack_string(input, Some(64)))?),
            3 => Self::Nothing,
            other => return Err(Error::from(ErrorKind::InvalidCase(other))),
        };
        Ok((item, size))
    }
}

#[derive(PartialEq)]
struct Items {
    all: Vec<Item>,
}

impl<Out: Write> Pack<Out> for Items {
    fn pack(&self, out: &mut Out) -> Result<usize> {
        pack_flex(&self.all, None, out)
    }
}

impl<In: Read> Unpack<In> for Items {
    fn unpack(input: &mut In) -> Result<(Self, usize)> {
        let mut size = 0;
        let all = field(&mut size, unpack_flex(input, None))?;
        Ok((Self { all }, size))
    }
}
