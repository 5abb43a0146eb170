//! Generated types of every kind: any bytes may be decoded, and every value
//! survives the wire.

use arbitrary::{Arbitrary, Unstructured};
use metadr_runtime::xdr::{Bytes, Decode, Encode, from_bytes, to_bytes};
use std::fmt::Debug;

#[allow(missing_docs, unreachable_pub, dead_code)]
mod everything {
    metadr_runtime::xdr!(
        "../metadr-idl/tests/inputs/everything.x",
        types_only,
        arbitrary,
    );
}

#[allow(missing_docs, unreachable_pub, dead_code)]
mod shapes {
    metadr_runtime::xdr!("src/shapes.x", types_only, arbitrary);
}

/// No more than so many bytes are allocated at a time for each byte of input.
///
/// The dearest value is an array of unions each with a void arm, four bytes on
/// the wire and as big as the biggest arm in memory, in a `Vec` that is being
/// doubled.
const BYTES_FOR_ONE: u64 = 256;
/// What is allocated whatever the input, for one error at most.
const BYTES_AT_LEAST: u64 = 4096;

/// One type's share of a target.
struct Type {
    decode: fn(&[u8]),
    values: fn(&[u8]),
}

/// Types whose parts are all the others. Inputs name them by their position, so
/// new ones come last.
const TYPES: &[Type] = {
    use everything::*;
    use shapes::*;
    &[
        Type::new::<Everything>(),
        Type::new::<Node>(),
        Type::new::<ByColor>(),
        Type::new::<ByNumber>(),
        Type::new::<ByBool>(),
        Type::new::<outer::inner::Thing>(),
        Type::new::<Small>(),
        Type::new::<Numbers>(),
        Type::new::<Book>(),
        Type::new::<Entry>(),
        Type::new::<Tree>(),
        Type::new::<Directory>(),
        Type::new::<Ping>(),
        Type::new::<Run>(),
        Type::new::<ByUnsigned>(),
        Type::new::<ByAnyColor>(),
        Type::new::<Even>(),
        Type::new::<Shapes>(),
        Type::new::<ShortShapes>(),
        Type::new::<Hop>(),
    ]
};

impl Type {
    const fn new<T: Value>() -> Self {
        Self {
            decode: decode_one::<T>,
            values: value_of::<T>,
        }
    }
}

trait Value: Encode + Decode + Debug + for<'a> Arbitrary<'a> {}

impl<T: Encode + Decode + Debug + for<'a> Arbitrary<'a>> Value for T {}

/// The decoders: they refuse, or take the one encoding that the value has, and
/// allocate in proportion to the input.
pub fn decode(data: &[u8]) {
    let [first, rest @ ..] = data else { return };
    (TYPES[usize::from(*first) % TYPES.len()].decode)(rest);
}

/// Values within the bounds of the file: each is encoded to the size that it
/// says, and decoded to itself.
pub fn values(data: &[u8]) {
    let [first, rest @ ..] = data else { return };
    (TYPES[usize::from(*first) % TYPES.len()].values)(rest);
}

fn decode_one<T: Value>(input: &[u8]) {
    let input = Bytes::copy_from_slice(input);
    let mut decoded = None;
    let allocated = allocation_counter::measure(|| {
        decoded = Some(from_bytes::<T>(input.clone()));
    });
    let limit = BYTES_AT_LEAST + BYTES_FOR_ONE * input.len() as u64;
    assert!(
        allocated.bytes_max <= limit,
        "{} bytes for {}",
        allocated.bytes_max,
        input.len()
    );
    match decoded {
        Some(Ok(value)) => {
            assert_eq!(value.encoded_len(), input.len());
            assert_eq!(to_bytes(&value).unwrap(), input, "{value:?}");
        }
        Some(Err(error)) => assert!(error.offset() <= input.len(), "{error}"),
        None => unreachable!("the counter calls what it is given"),
    }
}

fn value_of<T: Value>(choices: &[u8]) {
    let value = T::arbitrary(&mut Unstructured::new(choices)).unwrap();
    let encoded = to_bytes(&value).unwrap();
    assert_eq!(encoded.len(), value.encoded_len(), "{value:?}");
    assert!(encoded.len() >= T::MIN_ENCODED_SIZE, "{value:?}");
    let decoded: T = from_bytes(encoded.clone()).unwrap();
    // Not the values themselves: a NaN does not equal itself.
    assert_eq!(format!("{decoded:?}"), format!("{value:?}"));
    assert_eq!(to_bytes(&decoded).unwrap(), encoded, "{value:?}");
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each level of a tree says that it has as many children as all of the rest
    /// of the input could hold, and the first child is the next level.
    #[test]
    fn the_levels_of_a_tree_do_not_claim_the_same_input_again_and_again() {
        let (levels, words) = (250, 3000);
        let mut input = Vec::new();
        for level in 1..=levels {
            let rest: u32 = (levels - level) * 2 + words;
            input.extend([2_u32.to_be_bytes(), rest.to_be_bytes()].concat());
        }
        input.extend(vec![0; words as usize * 4]);
        decode_one::<everything::Tree>(&input);
    }

    #[test]
    fn nothing_is_allocated_for_large_opaque_data_that_is_not_there() {
        decode_one::<everything::Book>(&[0; 4]);
    }
}
