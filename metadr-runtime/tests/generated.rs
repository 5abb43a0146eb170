//! Generated types of every kind: what they encode to, that they decode to
//! themselves, and what they refuse.

use bytes::Bytes;
use metadr_runtime::xdr::{
    Decode, DecodeErrorKind, Encode, EncodeError, XdrDecoder, from_bytes, to_bytes,
};
use proptest::prelude::*;

metadr_runtime::xdr!("../metadr-idl/tests/inputs/everything.x", types_only);

/// The same interface as a module whose strings are bytes.
mod with_bytes {
    #![allow(dead_code)]
    metadr_runtime::xdr!(
        "../metadr-idl/tests/inputs/everything.x",
        strings = bytes,
        types_only,
    );
}

fn list(length: i32) -> Node {
    let tail = (length > 1).then(|| Box::new(list(length - 1)));
    Node {
        value: length,
        next: tail,
    }
}

fn round_trip<T: Encode + Decode + PartialEq + std::fmt::Debug>(value: &T) {
    let encoded = to_bytes(value).unwrap();
    assert_eq!(encoded.len() % 4, 0);
    assert_eq!(from_bytes::<T>(encoded.clone()).unwrap(), *value);
    for end in (0..encoded.len()).step_by(4) {
        assert!(from_bytes::<T>(encoded.slice(..end)).is_err());
    }
    let mut longer = encoded.to_vec();
    longer.extend_from_slice(&[0; 4]);
    let error = from_bytes::<T>(longer.into()).unwrap_err();
    assert_eq!(*error.kind(), DecodeErrorKind::TrailingData { extra: 4 });
}

prop_compose! {
    fn any_everything()(
        numbers in any::<(i32, u32, u32, i64, u64)>(),
        floats in (-1e30_f32..1e30, -1e300_f64..1e300),
        flag in any::<bool>(),
        color in prop_oneof![Just(Color::Red), Just(Color::Amber), Just(Color::Green)],
        fixed in any::<[u8; 5]>(),
        opaque in prop::collection::vec(any::<u8>(), 0..=16),
        text in ".*",
        label in "[a-zé]{0,8}",
        array in any::<[i32; 3]>(),
        digests in prop::collection::vec(any::<[u8; 16]>(), 0..=2),
        ticket in any::<Option<u64>>(),
        length in 0..20,
    ) -> Everything {
        Everything {
            a: numbers.0,
            b: numbers.1,
            c: numbers.2,
            d: numbers.3,
            e: numbers.4,
            f: floats.0,
            g: floats.1,
            h: flag,
            i: color,
            j: fixed,
            k: opaque.into(),
            l: text,
            m: label.clone(),
            n: array,
            o: digests,
            p: ticket,
            q: (length > 0).then(|| Box::new(list(length))),
            r#type: label,
        }
    }
}

proptest! {
    #[test]
    fn every_value_decodes_to_itself(value in any_everything(), number in any::<i32>()) {
        round_trip(&value);
        round_trip(&ByBool::True(value));
        round_trip(&ByBool::False);
        round_trip(&ByColor::Red(number));
        round_trip(&ByColor::Green);
        let pair = Pair { first: number, second: 1 };
        round_trip(&ByNumber::Case2(pair));
        round_trip(&outer::inner::Thing { t: outer::Thing { p: pair, c: Color::Red }, p: pair });
    }

    #[test]
    fn random_input_is_refused_or_decodes_to_what_encodes_to_it(
        input in prop::collection::vec(prop_oneof![Just(0_u8), Just(1), any::<u8>()], 0..200)
    ) {
        let input = Bytes::from(input);
        let mut decoder = XdrDecoder::new(&input);
        if let Ok(value) = Everything::decode(&mut decoder) {
            let used = input.len() - decoder.remaining();
            // NaN alone may come back with other bits, and only on odd machines.
            prop_assert_eq!(&to_bytes(&value).unwrap()[..], &input[..used]);
        }
    }
}

#[test]
fn the_wire_is_that_of_rfc_4506() {
    let value = outer::inner::Thing {
        t: outer::Thing {
            p: Pair {
                first: 1,
                second: -1,
            },
            c: Color::Amber,
        },
        p: Pair::default(),
    };
    let expected = b"\0\0\0\x01\xff\xff\xff\xff\0\0\0\x05\0\0\0\0\0\0\0\0";
    assert_eq!(&to_bytes(&value).unwrap()[..], expected);
    let by_number = ByNumber::Default {
        discriminant: 9,
        why: "abcde".to_owned(),
    };
    let expected = b"\0\0\0\x09\0\0\0\x05abcde\0\0\0";
    assert_eq!(&to_bytes(&by_number).unwrap()[..], expected);
    let bytes = with_bytes::ByNumber::Default {
        discriminant: 9,
        why: Bytes::from_static(b"\xff"),
    };
    let expected = b"\0\0\0\x09\0\0\0\x01\xff\0\0\0";
    assert_eq!(&to_bytes(&bytes).unwrap()[..], expected);
}

#[test]
fn constants_have_the_narrowest_type_that_fits() {
    let _: (u32, u32, i32, u64) = (LIMIT, MODE, LOWEST, HUGE);
    assert_eq!((LIMIT, MODE, LOWEST), (16, 0o755, -5));
    assert_eq!((HUGE, COPY, outer::AGAIN), (u64::MAX, LIMIT, 1));
    assert_eq!(calculator::NUMBER, 0x2000_0001);
    assert_eq!(calculator::v1::procedure::NAME, 3);
}

#[test]
fn enumerators_with_equal_numbers_are_one_value() {
    assert_eq!(Color::LIME, Color::Green);
    assert_eq!(Color::try_from(6), Ok(Color::Green));
    assert_eq!(i32::from(Color::Amber), 5);
    let error = from_bytes::<Color>(Bytes::from_static(b"\0\0\0\x04")).unwrap_err();
    assert_eq!(
        error.to_string(),
        "4 is not an enumerator of color at byte 0"
    );
}

#[test]
fn a_value_over_its_bound_is_refused_on_both_sides_with_type_and_field() {
    let value = Everything {
        k: vec![0; 17].into(),
        ..from_bytes(to_bytes(&sample()).unwrap()).unwrap()
    };
    let expected = EncodeError::TooLong {
        place: "everything.k",
        length: 17,
        limit: 16,
    };
    assert_eq!(to_bytes(&value), Err(expected));
    // The length of k comes after 56 bytes: make it 17.
    let mut encoded = to_bytes(&sample()).unwrap().to_vec();
    encoded[59] = 17;
    let error = from_bytes::<Everything>(encoded.into()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "length 17 is over the limit of 16 at byte 56 in everything.k"
    );
}

#[test]
fn a_discriminant_selects_an_arm_or_is_an_error() {
    let error = from_bytes::<ByColor>(Bytes::from_static(b"\0\0\0\x02")).unwrap_err();
    assert_eq!(
        error.to_string(),
        "2 is not an enumerator of color at byte 0"
    );
    let stolen = ByNumber::Default {
        discriminant: 3,
        why: String::new(),
    };
    let expected = EncodeError::WrongDiscriminant {
        name: "by_number",
        value: 3,
    };
    assert_eq!(to_bytes(&stolen), Err(expected));
    assert_eq!(ByNumber::Other(5).discriminant(), 3);
    assert_eq!(ByNumber::CaseMinus1.discriminant(), -1);
}

#[test]
fn nesting_is_limited() {
    round_trip(&list(100));
    let mut deep = Vec::new();
    for _ in 0..100_000 {
        deep.extend_from_slice(&[0, 0, 0, 7, 0, 0, 0, 1]);
    }
    let error = from_bytes::<Node>(deep.into()).unwrap_err();
    assert_eq!(*error.kind(), DecodeErrorKind::TooDeep { limit: 256 });
}

#[test]
fn opaque_data_is_a_slice_of_the_input() {
    let encoded = to_bytes(&sample()).unwrap();
    let decoded: Everything = from_bytes(encoded.clone()).unwrap();
    let range = encoded.as_ptr_range();
    assert!(range.contains(&decoded.k.as_ptr()));
}

fn sample() -> Everything {
    Everything {
        a: 0,
        b: 0,
        c: 0,
        d: 0,
        e: 0,
        f: 0.0,
        g: 0.0,
        h: false,
        i: Color::Red,
        j: [0; 5],
        k: Bytes::from_static(b"0123456789abcdef"),
        l: String::new(),
        m: String::new(),
        n: [0; 3],
        o: Vec::new(),
        p: None,
        q: None,
        r#type: String::new(),
    }
}
