//! This project: generated code over its codec.

use crate::contender::{Case, Native, Shape};
use crate::shapes::{self, Inputs};
use bytes::{Bytes, BytesMut};
use metadr_runtime::xdr::{Decode, Encode, XdrEncoder, from_bytes};

pub(crate) fn metadr(inputs: &Inputs) -> Native {
    let cases = vec![
        case(inputs, Shape::Small, || shapes::small(0)),
        case(inputs, Shape::Smalls, shapes::smalls),
        case(inputs, Shape::Blob, shapes::blob),
        case(inputs, Shape::Numbers, shapes::numbers),
        case(inputs, Shape::List, shapes::list),
        case(inputs, Shape::Items, shapes::items),
    ];
    Native {
        name: "metaDR",
        cases,
    }
}

fn case<T>(inputs: &Inputs, shape: Shape, value: fn() -> T) -> Case
where
    T: Encode + Decode + PartialEq + 'static,
{
    Case::new(shape)
        .encode(value(), |value, buffer: &mut BytesMut| {
            buffer.clear();
            value.encode(&mut XdrEncoder::new(buffer)).is_ok()
        })
        .decode(inputs, &value(), |input: &Bytes| {
            from_bytes::<T>(input.clone())
        })
}
