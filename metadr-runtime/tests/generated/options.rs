//! Renames, derives and serde.

use crate::everything as original;
use crate::round_trip;
use bytes::Bytes;
use metadr_runtime::xdr::{Quadruple, from_bytes, to_bytes};
use serde_json::{Value, json};
use std::fmt::Debug;

#[allow(dead_code)]
mod renamed {
    metadr_runtime::xdr!(
        "../metadr-idl/tests/inputs/everything.x",
        types_only,
        rename(
            "color" = Colour,
            "color.LIME" = LIMETTE,
            "everything.a" = first,
            "by_number.1" = One,
            "outer::thing" = OuterThing,
            "CALCULATOR.CALCULATOR_V1" = first_version,
        ),
    );
}

#[test]
fn renames_reach_every_place_of_a_name() {
    use renamed::{ByColor, Colour, outer};
    assert_eq!(Colour::LIMETTE, Colour::Green);
    assert_eq!(ByColor::Green.discriminant(), Colour::Green);
    let thing = outer::OuterThing {
        p: renamed::Pair::default(),
        c: Colour::Red,
    };
    round_trip(&outer::inner::Thing {
        t: thing,
        p: thing.p,
    });
    assert_eq!(renamed::ByNumber::One(thing.p).discriminant(), 1);
    assert_eq!(renamed::calculator::first_version::NUMBER, 1);
    // The names of the file stay what they are.
    assert_eq!(Colour::LIMETTE.name(), "GREEN");
}

fn through_json<T>(value: &T) -> Value
where
    T: serde::Serialize + for<'de> serde::Deserialize<'de> + PartialEq + Debug,
{
    let text = serde_json::to_string(value).unwrap();
    assert_eq!(serde_json::from_str::<T>(&text).unwrap(), *value, "{text}");
    serde_json::from_str(&text).unwrap()
}

#[test]
fn every_kind_of_type_goes_through_json_and_back() {
    let small = original::Small {
        c: -1,
        quad: Quadruple([1; 16]),
        colors: vec![original::Color::LIME],
        ..original::Small::default()
    };
    let value = through_json(&small);
    assert_eq!(value["colors"], json!(["Green"]));
    let by_number = original::ByNumber::Default {
        discriminant: 9,
        why: "w".to_owned(),
    };
    assert_eq!(
        through_json(&by_number),
        json!({"Default": {"discriminant": 9, "why": "w"}})
    );
    assert_eq!(through_json(&original::ByColor::Amber), json!("Amber"));
    let list = original::Entry {
        name: "a".to_owned(),
        next_entry: Some(Box::default()),
        ..Default::default()
    };
    let names: Vec<Value> = (through_json(&list).as_array().unwrap().iter())
        .map(|entry| entry["name"].clone())
        .collect();
    assert_eq!(names, ["a", ""]);
    let error = serde_json::from_str::<original::Entry>("[]").unwrap_err();
    assert!(error.to_string().starts_with("invalid length 0"));
}

#[test]
fn arrays_of_any_length_go_through_json_and_back() {
    let size = <original::Book as metadr_runtime::xdr::Decode>::MIN_ENCODED_SIZE;
    let mut book: original::Book = from_bytes(vec![0; size].into()).unwrap();
    book.first[65535] = 7;
    book.second = Some(book.first.clone());
    book.digests[32][15] = 8;
    let value = through_json(&book);
    assert_eq!(value["first"][65535], json!(7));
    assert_eq!(value["digests"][32][15], json!(8));
    assert_eq!(value["seal"].as_array().unwrap().len(), 40);
    let mut short = value.clone();
    short["seal"].as_array_mut().unwrap().pop();
    let error = serde_json::from_value::<original::Book>(short).unwrap_err();
    assert_eq!(
        error.to_string(),
        "invalid length 39, expected an array of length 40"
    );
}

#[test]
fn opaque_data_go_through_json_and_back() {
    let by_name = original::Everything {
        k: Bytes::from_static(b"\0\xff"),
        ..from_bytes(to_bytes(&everything()).unwrap()).unwrap()
    };
    let value = through_json(&by_name);
    assert_eq!(value["k"], json!([0, 255]));
    assert!(value.get("type").is_some());
}

fn everything() -> original::Everything {
    let size = <original::Everything as metadr_runtime::xdr::Decode>::MIN_ENCODED_SIZE;
    from_bytes(vec![0; size].into()).unwrap()
}
