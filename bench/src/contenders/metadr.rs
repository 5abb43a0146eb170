//! This project: generated code over its codec.

use crate::contender::{Case, Native, Shape};
use crate::shapes::{self, Inputs, unchecked};
use bytes::{Bytes, BytesMut};
use metadr_runtime::xdr::{Decode, DecodeError, Encode, XdrDecoder, XdrEncoder, from_bytes};

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

/// The same with `strings = bytes`, for the shapes that have text.
pub(crate) fn unchecked(inputs: &Inputs) -> Native {
    let of = |shape| inputs.of(shape);
    let cases = vec![
        case(inputs, Shape::Small, || {
            decoded::<unchecked::Small>(of(Shape::Small))
        }),
        case(inputs, Shape::Smalls, || {
            decoded::<unchecked::Smalls>(of(Shape::Smalls))
        }),
        case(inputs, Shape::Items, || {
            decoded::<unchecked::Items>(of(Shape::Items))
        }),
    ];
    Native {
        name: "metaDR, strings as bytes",
        cases,
    }
}

fn decoded<T: Decode>(input: Bytes) -> T {
    from_bytes(input).expect("what was encoded can be decoded")
}

fn case<T>(inputs: &Inputs, shape: Shape, value: impl Fn() -> T) -> Case
where
    T: Encode + Decode + PartialEq + 'static,
{
    Case::new(shape)
        .encode(value(), |value, buffer: &mut BytesMut| {
            buffer.clear();
            value.encode(&mut XdrEncoder::new(buffer)).is_ok()
        })
        .decode(inputs, &value(), |input: &Bytes| {
            let mut decoder = XdrDecoder::new(input);
            let value = T::decode(&mut decoder)?;
            decoder.finish()?;
            Ok::<T, DecodeError>(value)
        })
}
