//! The codec of the crate `nfs3_types`, by its derive macro. It has no type for
//! text, no arrays but of `unsigned int`, and no unions with data by derivation.

use crate::contender::{Case, Native, Shape};
use crate::shapes::{self, Inputs};
use nfs3_types::xdr_codec::{Opaque, Pack, Unpack, XdrCodec};

pub(crate) fn nfs3(inputs: &Inputs) -> Native {
    let shapes::Small { id, name, data } = shapes::small(0);
    let small = Small {
        id,
        name: Opaque::from(name.into_bytes()),
        data: Opaque::from(Vec::from(data)),
    };
    let blob = Blob {
        data: Opaque::from(Vec::from(shapes::blob().data)),
    };
    let all = shapes::numbers().all;
    let numbers = Numbers {
        all: all.into_iter().map(i32::cast_unsigned).collect(),
    };
    Native {
        name: "nfs3_types",
        cases: vec![
            case(inputs, Shape::Small, small),
            case(inputs, Shape::Blob, blob),
            case(inputs, Shape::Numbers, numbers),
        ],
    }
}

fn case<T: Pack + Unpack + PartialEq + 'static>(inputs: &Inputs, shape: Shape, value: T) -> Case {
    Case::new(shape)
        .decode(inputs, &value, |mut input: &[u8]| {
            T::unpack(&mut input).map(|(value, _)| value)
        })
        .encode(value, |value, buffer: &mut Vec<u8>| {
            buffer.clear();
            value.pack(buffer).is_ok()
        })
}

#[derive(PartialEq, XdrCodec)]
struct Small {
    id: u64,
    name: Opaque<'static>,
    data: Opaque<'static>,
}

#[derive(PartialEq, XdrCodec)]
struct Blob {
    data: Opaque<'static>,
}

#[derive(PartialEq, XdrCodec)]
struct Numbers {
    all: Vec<u32>,
}
