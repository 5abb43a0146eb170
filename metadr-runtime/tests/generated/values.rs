//! Arbitrary values, which come from random bytes, and random input.

use crate::everything::*;
use crate::round_trip;
use arbitrary::{Arbitrary, Unstructured};
use bytes::Bytes;
use metadr_runtime::xdr::{Decode, Encode, XdrDecoder, from_bytes, to_bytes};
use proptest::prelude::*;
use std::fmt::Debug;

fn from_data<T: for<'a> Arbitrary<'a> + Encode + Decode + PartialEq + Debug>(data: &[u8]) {
    let value = T::arbitrary(&mut Unstructured::new(data)).unwrap();
    round_trip(&value);
}

/// Bytes, of which many are the small numbers that input is made of.
fn data(length: usize) -> impl Strategy<Value = Vec<u8>> {
    let byte = prop_oneof![3 => Just(0_u8), 1 => 0..4_u8, 2 => any::<u8>()];
    prop::collection::vec(byte, 0..length)
}

fn refused_or_itself<T: Encode + Decode>(input: &Bytes) {
    let mut decoder = XdrDecoder::new(input);
    if let Ok(value) = T::decode(&mut decoder) {
        let used = input.len() - decoder.remaining();
        assert_eq!(to_bytes(&value).unwrap()[..], input[..used]);
    }
}

macro_rules! each_type {
    ($check:ident($argument:expr)) => {
        $check::<Everything>($argument);
        $check::<Node>($argument);
        $check::<ByColor>($argument);
        $check::<ByNumber>($argument);
        $check::<ByBool>($argument);
        $check::<outer::inner::Thing>($argument);
        $check::<Small>($argument);
        $check::<Numbers>($argument);
        $check::<Book>($argument);
        $check::<Entry>($argument);
        $check::<Tree>($argument);
        $check::<Rule>($argument);
        $check::<Directory>($argument);
        $check::<Ping>($argument);
        $check::<Hop>($argument);
        $check::<Run>($argument);
        $check::<ByUnsigned>($argument);
        $check::<ByAnyColor>($argument);
        $check::<Even>($argument);
    };
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn every_value_decodes_to_itself(data in prop::collection::vec(any::<u8>(), 0..2000)) {
        each_type!(from_data(&data));
    }

    #[test]
    fn random_input_is_refused_or_decodes_to_what_encodes_to_it(input in data(300)) {
        let input = Bytes::from(input);
        each_type!(refused_or_itself(&input));
    }
}

#[test]
fn arbitrary_values_keep_to_the_bounds_and_reach_them() {
    // 0xff makes everything as long as it may be.
    let data = vec![0xff; 100_000];
    let value = Numbers::arbitrary(&mut Unstructured::new(&data)).unwrap();
    assert!(value.h.len() <= 100 && !value.i.is_empty());
    let mut longest = 0;
    for seed in 0..200_u8 {
        let data: Vec<u8> = (0..4000_u32)
            .map(|n| (n * 31 + u32::from(seed) * 7) as u8)
            .collect();
        let value = Everything::arbitrary(&mut Unstructured::new(&data)).unwrap();
        longest = longest.max(value.o.len());
        to_bytes(&value).unwrap();
    }
    assert_eq!(longest, 2);
}

#[test]
fn arbitrary_trees_are_no_deeper_than_decoders_allow() {
    let data = vec![1; 1_000_000];
    let value = Tree::arbitrary(&mut Unstructured::new(&data)).unwrap();
    assert!(matches!(value, Tree::Only(Some(_))));
    from_bytes::<Tree>(to_bytes(&value).unwrap()).unwrap();
}
