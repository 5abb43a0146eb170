//! What is known of procedures: their names, and how calls of them are shown.

#![cfg(feature = "rpc")]

use bytes::Bytes;
use metadr_runtime::rpc::Procedure;
use proptest::prelude::*;

#[allow(dead_code)]
mod everything {
    metadr_runtime::xdr!(
        "../metadr-idl/tests/inputs/everything.x",
        one_way(NOTE),
        rename("CALCULATOR.CALCULATOR_V1.ADD" = sum),
    );
}
use everything::calculator::{NUMBER, v1, v2};

const ALL: [&Procedure; 8] = [
    &v1::descriptor::NULL,
    &v1::descriptor::SUM,
    &v1::descriptor::TWO,
    &v1::descriptor::NAME,
    &v1::descriptor::NOTE,
    &v1::descriptor::LIST,
    &v1::descriptor::NEW,
    &v2::descriptor::ADD,
];

#[test]
fn a_procedure_has_the_names_and_numbers_of_its_file() {
    // One that has another name in Rust.
    let add = &v1::descriptor::SUM;
    assert_eq!((add.program(), add.version(), add.number()), (NUMBER, 1, 1));
    assert_eq!(add.program_name(), Some("CALCULATOR"));
    assert_eq!(add.version_name(), Some("CALCULATOR_V1"));
    assert_eq!(add.name(), Some("ADD"));
    assert_eq!(add.to_string(), "CALCULATOR.CALCULATOR_V1.ADD");
    let unnamed = Procedure::unnamed(NUMBER, 2, 1);
    assert_eq!(unnamed.name(), None);
    assert_eq!(unnamed.to_string(), "0x20000001.2.1");
}

fn arguments(procedure: &Procedure, encoded: &'static [u8]) -> String {
    let encoded = Bytes::from_static(encoded);
    procedure.show_arguments(&encoded, 1000).to_string()
}

fn results(procedure: &Procedure, encoded: &'static [u8]) -> String {
    let encoded = Bytes::from_static(encoded);
    procedure.show_results(&encoded, 1000).to_string()
}

#[test]
fn arguments_and_results_are_shown_with_the_names_of_the_file() {
    let add = &v2::descriptor::ADD;
    let pair = b"\0\0\0\x01\xff\xff\xff\xfe";
    assert_eq!(arguments(add, pair), "pair { first = 1, second = -2 }");
    assert_eq!(results(add, &[0, 0, 0, 7]), "7");
    // Several arguments, one of them without a name.
    let two = b"\0\0\0\x05\0\0\0\x03abc\0";
    let shown = arguments(&v1::descriptor::TWO, two);
    assert_eq!(shown, r#"first = 5, arg2 = "abc""#);
    assert_eq!(arguments(&v1::descriptor::NULL, &[]), "");
    assert_eq!(results(&v1::descriptor::LIST, &[0; 4]), "NULL");

    let unnamed = Procedure::unnamed(1, 1, 1);
    assert_eq!(results(&unnamed, &[0, 0, 0, 7]), "0x00000007");
    assert_eq!(results(&unnamed, &[]), "");
}

#[test]
fn what_is_wrong_with_arguments_is_shown() {
    let two = &v1::descriptor::TWO;
    let short = arguments(two, &[0, 0, 0, 5, 0, 0, 0, 9, 1, 2, 3, 4]);
    insta::assert_snapshot!(short, @"first = 5 <malformed: input ends 8 bytes early at byte 8 in TWO.arg2>");
    insta::assert_snapshot!(arguments(two, &[0; 12]), @r#"first = 0, arg2 = "" <malformed: 4 bytes follow the value at byte 8>"#);
    let cut = arguments(&Procedure::unnamed(1, 1, 1), &[0; 3]);
    insta::assert_snapshot!(cut, @"<malformed: input ends 1 bytes early at byte 0>");
}

proptest! {
    #[test]
    fn whatever_the_bytes_are_they_can_be_shown(
        bytes in prop::collection::vec(
            prop_oneof![4 => Just(0_u8), 2 => 0..5_u8, 1 => any::<u8>()],
            0..400,
        ),
        limit in 0..300_usize,
    ) {
        let bytes = Bytes::from(bytes);
        for procedure in ALL {
            for shown in [
                procedure.show_arguments(&bytes, limit).to_string(),
                procedure.show_results(&bytes, limit).to_string(),
            ] {
                // The error comes on top of the limit.
                prop_assert!(shown.len() <= limit + 200, "{}", shown);
                prop_assert!(!shown.contains('\n'));
            }
        }
    }
}
