//! The bytes of values, and what is refused.

use crate::everything::*;
use bytes::Bytes;
use metadr_runtime::xdr::{
    Decode, DecodeErrorKind, Encode, EncodeError, Quadruple, from_bytes, to_bytes,
};

/// The same interface as a module whose strings are bytes.
#[allow(dead_code)]
mod with_bytes {
    metadr_runtime::xdr!(
        "../metadr-idl/tests/inputs/everything.x",
        strings = bytes,
        types_only,
    );
}

/// The encoding is that of the words, and is decoded to itself.
fn golden<T: Encode + Decode>(value: &T, words: &[i32]) {
    let expected: Vec<u8> = words.iter().flat_map(|word| word.to_be_bytes()).collect();
    assert_eq!(to_bytes(value).unwrap()[..], expected);
    assert_eq!(value.encoded_len(), expected.len());
    let decoded: T = from_bytes(expected.clone().into()).unwrap();
    assert_eq!(to_bytes(&decoded).unwrap()[..], expected);
}

fn refused<T: Decode>(words: &[i32], expected: &str) {
    let input: Vec<u8> = words.iter().flat_map(|word| word.to_be_bytes()).collect();
    let error = from_bytes::<T>(input.into()).err().unwrap();
    assert_eq!(error.to_string(), expected);
}

fn sample() -> Everything {
    Everything {
        a: 1,
        b: 2,
        c: 3,
        d: -1,
        e: 1 << 32,
        f: 1.0,
        g: -2.0,
        h: true,
        i: Color::Amber,
        j: *b"abcde",
        k: Bytes::from_static(b"0123456789abcdef"),
        l: "é".to_owned(),
        m: String::new(),
        n: [7, 8, 9],
        o: vec![[0; 16]],
        p: Some(5),
        q: Some(Node {
            value: 6,
            next: None,
        }),
        r#type: "t".to_owned(),
    }
}

#[test]
fn every_kind_of_field_is_that_of_rfc_4506() {
    let words = [
        &[1, 2, 3, -1, -1, 1, 0, 0x3f80_0000, -0x4000_0000, 0, 1, 5][..],
        &[0x6162_6364, 0x6500_0000],
        &[16, 0x3031_3233, 0x3435_3637, 0x3839_6162, 0x6364_6566],
        &[2, 0xc3a9_0000_u32 as i32, 0, 7, 8, 9, 1, 0, 0, 0, 0],
        &[1, 0, 5, 1, 6, 0, 1, 0x7400_0000],
    ];
    golden(&sample(), &words.concat());
}

#[test]
fn every_small_number_takes_a_word() {
    let small = Small {
        c: -1,
        uc: 255,
        s: -2,
        us: 65535,
        quad: Quadruple([0x11; 16]),
        bytes: [1, 2, 3, 4, 5, 6],
        model: vec![-128, 127],
        flags: [true, false, true],
        colors: vec![Color::LIME],
    };
    let quad = [0x1111_1111; 4];
    let words = [
        &[-1, 255, -2, 65535][..],
        &quad,
        &[1, 2, 3, 4, 5, 6],
        &[2, -128, 127, 1, 0, 1, 1, 6],
    ];
    golden(&small, &words.concat());
    refused::<Small>(
        &[128, 0, 0, 0, 0, 0, 0, 0],
        "128 is out of range, expected -128 to 127 at byte 0 in small.c",
    );
}

#[test]
fn unions_are_a_discriminant_and_an_arm() {
    golden(&ByColor::Red(-3), &[0, -3]);
    golden(&ByColor::Green, &[6]);
    golden(&ByNumber::CaseMinus1, &[-1]);
    golden(
        &ByNumber::Case2(Pair {
            first: 1,
            second: 2,
        }),
        &[2, 1, 2],
    );
    let why = "abcde".to_owned();
    golden(
        &ByNumber::Default {
            discriminant: 9,
            why,
        },
        &[9, 5, 0x6162_6364, 0x6500_0000],
    );
    golden(&ByBool::False, &[0]);
    golden(
        &ByAnyColor::Default {
            discriminant: Color::Green,
        },
        &[6],
    );
    golden(
        &ByUnsigned::Default {
            discriminant: u32::MAX,
            discriminant_: 1.0,
        },
        &[-1, 0x3f80_0000],
    );
    golden(&Even::False(7), &[0, 7]);
    let bytes = with_bytes::ByNumber::Default {
        discriminant: 9,
        why: Bytes::from_static(b"\xff"),
    };
    golden(&bytes, &[9, 1, -0x0100_0000]);
}

#[test]
fn arrays_and_namespaces_add_nothing() {
    let p = Pair {
        first: 1,
        second: -1,
    };
    let thing = outer::Thing { p, c: Color::Amber };
    golden(&outer::inner::Thing { t: thing, p }, &[1, -1, 5, 1, -1]);
}

#[test]
fn sizes_that_are_fixed_are_constants() {
    const SIZES: [usize; 6] = [
        Pair::ENCODED_SIZE,
        Color::ENCODED_SIZE,
        outer::Thing::ENCODED_SIZE,
        outer::inner::Thing::ENCODED_SIZE,
        Even::ENCODED_SIZE,
        ByUnsigned::ENCODED_SIZE,
    ];
    assert_eq!(SIZES, [8, 4, 12, 20, 8, 8]);
    assert_eq!(
        (Pair::MIN_ENCODED_SIZE, Everything::MIN_ENCODED_SIZE),
        (8, 96)
    );
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
    assert_eq!(
        (Color::LIME.name(), Color::Red.to_string()),
        ("GREEN", "RED".to_owned())
    );
    assert_eq!(format!("{:>5}", Color::Red), "  RED");
    refused::<Color>(&[4], "4 is not an enumerator of color at byte 0");
}

#[test]
fn a_value_over_its_bound_is_refused_on_both_sides_with_type_and_field() {
    let value = Everything {
        k: vec![0; 17].into(),
        ..sample()
    };
    let too_long = |place, length, limit| EncodeError::TooLong {
        place,
        length,
        limit,
    };
    assert_eq!(to_bytes(&value), Err(too_long("everything.k", 17, 16)));
    let value = Everything {
        o: vec![[0; 16]; 3],
        ..sample()
    };
    assert_eq!(to_bytes(&value), Err(too_long("everything.o", 3, 2)));
    let value = Everything {
        m: "a".repeat(17),
        ..sample()
    };
    assert_eq!(to_bytes(&value), Err(too_long("everything.m", 17, 16)));
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
fn lengths_that_the_input_cannot_hold_are_refused_before_anything_is_allocated() {
    let kind = |words: &[i32]| {
        let input: Vec<u8> = words.iter().flat_map(|word| word.to_be_bytes()).collect();
        from_bytes::<Numbers>(input.into())
            .unwrap_err()
            .kind()
            .clone()
    };
    let missing = 4 * 0x7fff_ffff - 4;
    assert_eq!(
        kind(&[i32::MAX, 0]),
        DecodeErrorKind::MissingData { missing }
    );
    let error = from_bytes::<Book>(Bytes::from_static(&[0; 100])).unwrap_err();
    let missing = 65536 - 100;
    assert_eq!(*error.kind(), DecodeErrorKind::MissingData { missing });
}

#[test]
fn a_discriminant_selects_an_arm_or_is_an_error() {
    refused::<ByColor>(
        &[2],
        "2 is not an enumerator of color at byte 0 in by_color.which",
    );
    refused::<Tree>(&[4], "4 selects no arm of union tree at byte 0");
    refused::<ByBool>(
        &[2],
        "boolean is 2, expected 0 or 1 at byte 0 in by_bool.which",
    );
    let stolen = ByNumber::Default {
        discriminant: 3,
        why: String::new(),
    };
    let expected = |name, value| EncodeError::WrongDiscriminant { name, value };
    assert_eq!(to_bytes(&stolen), Err(expected("by_number", 3)));
    let stolen = ByAnyColor::Default {
        discriminant: Color::Red,
    };
    assert_eq!(to_bytes(&stolen), Err(expected("by_any_color", 0)));
    assert_eq!(ByNumber::Other(5).discriminant(), 3);
    assert_eq!(ByNumber::CaseMinus1.discriminant(), -1);
}

#[test]
fn opaque_data_is_a_slice_of_the_input() {
    let encoded = to_bytes(&sample()).unwrap();
    let decoded: Everything = from_bytes(encoded.clone()).unwrap();
    let range = encoded.as_ptr_range();
    assert!(range.contains(&decoded.k.as_ptr()));
}

#[test]
fn what_is_not_there_takes_little_memory() {
    assert!(size_of::<Block>() <= 24, "{}", size_of::<Block>());
    let leaf = || Leaf {
        head: [1; 1000],
        tail: [2; 100],
    };
    for block in [
        Block::Case0,
        Block::Data(Box::new([3; 2048])),
        Block::Both(Box::new(leaf())),
        Block::Some(None),
        Block::Some(Some(Box::new(leaf()))),
        Block::Default {
            discriminant: 9,
            other: Box::new(leaf()),
        },
    ] {
        let bytes = to_bytes(&block).unwrap();
        assert_eq!(block.encoded_len(), bytes.len());
        assert_eq!(from_bytes::<Block>(bytes).unwrap(), block);
    }
}

#[test]
fn arrays_of_any_size_decode_on_a_small_stack() {
    let thread = std::thread::Builder::new().stack_size(64 * 1024);
    let decoding = thread.spawn(|| {
        let size = Book::MIN_ENCODED_SIZE;
        let book: Book = from_bytes(vec![0; size].into()).unwrap();
        assert_eq!((book.first.len(), book.pairs.len()), (65536, 1024));
        assert_eq!(to_bytes(&book).unwrap().len(), size);
    });
    decoding.unwrap().join().unwrap();
}
