//! Values as text, with the names of the file.

use crate::everything::*;
use bytes::Bytes;
use metadr_runtime::xdr::{List, Print, print};

fn printed<T: Print>(value: &T) -> String {
    print(value, 10_000).to_string()
}

#[test]
fn every_name_is_that_of_the_file() {
    let entry = Entry {
        name: "a".to_owned(),
        cookie: [0, 1, 2, 3, 4, 5, 6, 255],
        size: None,
        next_entry: None,
    };
    let text = r#"[entry { name = "a", cookie = 0x00010203040506ff, size = NULL }]"#;
    assert_eq!(printed(&entry), text);
    assert_eq!(printed(&ByColor::Red(5)), "by_color RED { stop = 5 }");
    assert_eq!(printed(&ByColor::Amber), "by_color AMBER");
    let other = ByAnyColor::Default {
        discriminant: Color::LIME,
    };
    assert_eq!(printed(&other), "by_any_color GREEN");
    let other = ByNumber::Default {
        discriminant: 9,
        why: "w".to_owned(),
    };
    assert_eq!(printed(&other), r#"by_number 9 { why = "w" }"#);
    assert_eq!(printed(&ByBool::False), "by_bool FALSE");
    assert_eq!(
        printed(&Run {
            decoder: RunDecoder {
                decoder: 1,
                encoder: 2
            },
            encoder: RunEncoder::True(RunEncoderState::Off),
            run: Some(3),
            next: true,
        }),
        "run { decoder = run_decoder { decoder = 1, encoder = 2 }, \
         encoder = run_encoder TRUE { state = OFF }, run = 3, next = true }"
    );
}

#[test]
fn a_hostile_value_prints_no_more_than_its_limit() {
    let list = Node::link((0..1_000_000).map(|value| Node { value, next: None })).unwrap();
    let text = print(&list, 40).to_string();
    assert_eq!(text, "[node { value = 0 }, node { value = 1 },…");
    let mut tree = Tree::Case0;
    for _ in 0..200 {
        tree = Tree::Only(Some(Box::new(tree)));
    }
    assert!(printed(&tree).contains("only = …"));
    let mut numbers = Numbers {
        i: Vec::new(),
        ui: [0; 40],
        h: Vec::new(),
        uh: [0; 2],
        f: Vec::new(),
        d: [0.5; 3],
        names: Default::default(),
        more_names: Vec::new(),
    };
    numbers.i = vec![1; 1_000_000];
    assert!(print(&numbers, 1000).to_string().len() < 1010);
    let by_default = outer::Thing {
        p: Pair::default(),
        c: Color::Red,
    };
    assert_eq!(printed(&vec![by_default; 2]).matches("thing {").count(), 2);
    assert_eq!(printed(&Bytes::from_static(b"\xff")), "0xff");
}
