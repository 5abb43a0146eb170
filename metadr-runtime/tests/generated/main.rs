//! Generated types of every kind: what they encode to, that they decode to
//! themselves, and what they refuse.

mod lists;
mod names;
mod options;
mod printing;
mod values;
mod wire;

use metadr_runtime::xdr::{Decode, DecodeErrorKind, Encode, from_bytes, to_bytes};
use std::fmt::Debug;

/// Every construct there is.
#[allow(dead_code)]
mod everything {
    metadr_runtime::xdr!(
        "../metadr-idl/tests/inputs/everything.x",
        types_only,
        arbitrary,
        serde,
    );
}

/// A tree whose values take much room.
mod heavy {
    metadr_runtime::xdr!("tests/heavy.x");
}

/// Encodes and decodes a value, and checks that nothing but the whole of its
/// encoding is one.
fn round_trip<T: Encode + Decode + PartialEq + Debug>(value: &T) {
    let encoded = to_bytes(value).unwrap();
    assert_eq!(encoded.len() % 4, 0);
    assert_eq!(encoded.len(), value.encoded_len());
    assert!(encoded.len() >= T::MIN_ENCODED_SIZE);
    let decoded = from_bytes::<T>(encoded.clone()).unwrap();
    // Not the values: NaN is none that equals itself.
    assert_eq!(to_bytes(&decoded).unwrap(), encoded);
    let step = 4 * (1 + encoded.len() / 1000);
    for end in (0..encoded.len()).step_by(step) {
        assert!(from_bytes::<T>(encoded.slice(..end)).is_err());
    }
    let mut longer = encoded.to_vec();
    longer.extend_from_slice(&[0; 4]);
    let error = from_bytes::<T>(longer.into()).unwrap_err();
    assert_eq!(*error.kind(), DecodeErrorKind::TrailingData { extra: 4 });
}
