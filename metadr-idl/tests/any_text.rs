//! Whatever the text is: a tree or errors with places, and no panic.

use metadr_idl::{CheckOptions, ReadOptions, Source, lint, read};
use proptest::prelude::*;
use proptest::sample::{Index, select};
use std::path::Path;

/// Reads and checks a text. What is found must stand in it.
fn compile(text: &str) {
    let source = Source::new("t.x", text);
    let found = match read(vec![source], &ReadOptions::default()) {
        Ok(tree) => lint(&tree, &CheckOptions::default()),
        Err(errors) => {
            assert!(errors.has_errors(), "rejected without an error: {text}");
            errors
        }
    };
    for one in found.iter() {
        let span = one.span();
        let is_within = span.start <= span.end && span.end <= text.len();
        assert!(is_within, "{span:?} of {text}");
        // The display cuts the text at the span.
        assert!(one.to_string().starts_with("t.x:"), "{one}");
    }
}

const PIECES: [&str; 73] = [
    "bool",
    "case",
    "char",
    "const",
    "default",
    "double",
    "enum",
    "float",
    "hyper",
    "int",
    "long",
    "namespace",
    "opaque",
    "program",
    "quadruple",
    "short",
    "string",
    "struct",
    "switch",
    "typedef",
    "union",
    "unsigned",
    "version",
    "void",
    "TRUE",
    "a",
    "b",
    "A",
    "B",
    "_",
    "é",
    "0",
    "1",
    "-1",
    "0x10",
    "08",
    "4294967296",
    "'",
    "\"",
    "\"a\"",
    "{",
    "}",
    "(",
    ")",
    "[",
    "]",
    "<",
    ">",
    ";",
    ",",
    "=",
    "*",
    ":",
    "::",
    "/*",
    "*/",
    "//",
    "%",
    "\n",
    "\r\n",
    "\\\n",
    "\n%",
    "\n#",
    "\n#define A ",
    "\n#define B A",
    "\n#if ",
    "\n#ifdef A\n",
    "\n#else\n",
    "\n#endif\n",
    "\n#include \"t.x\"\n",
    "defined(",
    "\u{feff}",
    "\0",
];

fn probes() -> Vec<String> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/inputs");
    let mut files = vec![directory.join("dialect.x"), directory.join("everything.x")];
    for entry in std::fs::read_dir(directory.join("probes")).unwrap() {
        files.push(entry.unwrap().path());
    }
    files.retain(|path| path.extension().is_some_and(|extension| extension == "x"));
    files.sort();
    files
        .iter()
        .map(|path| std::fs::read_to_string(path).unwrap())
        .collect()
}

/// A probe with a part of it taken out and something else put there.
fn mutated() -> impl Strategy<Value = String> {
    let change = (any::<Index>(), 0..12_usize, select(PIECES.as_slice()));
    let changes = proptest::collection::vec(change, 1..4);
    (select(probes()), changes).prop_map(|(mut text, changes)| {
        for (at, length, piece) in changes {
            let mut start = at.index(text.len() + 1);
            let mut end = (start + length).min(text.len());
            while !text.is_char_boundary(start) {
                start -= 1;
            }
            while !text.is_char_boundary(end) {
                end += 1;
            }
            text.replace_range(start..end, piece);
        }
        text
    })
}

proptest! {
    #[test]
    fn any_characters(text in "\\PC{0,80}") {
        compile(&text);
    }

    #[test]
    fn any_pieces(pieces in proptest::collection::vec(select(PIECES.as_slice()), 0..40)) {
        compile(&pieces.join(" "));
        compile(&pieces.concat());
    }

    #[test]
    fn any_mutated_probe(text in mutated()) {
        compile(&text);
    }
}

#[test]
fn what_is_long_or_deep_is_an_error_and_no_overflow() {
    let open = [
        "struct a { struct ",
        "namespace a { ",
        "union u switch (union ",
        "(",
        "[",
        "<",
        "{",
        "}",
        "#if (",
        "#if !",
        "\n#if 1\n",
        "/*",
        "typedef ",
        "a::",
        "case 1: ",
        "-",
        "\"",
        "\\\n#",
    ];
    for piece in open {
        compile(&piece.repeat(20_000));
    }
}

#[test]
fn what_nests_as_deep_as_it_may_is_taken() {
    let levels = 31;
    let nested = |open: &str, middle: &str, close: &str| {
        open.repeat(levels) + middle + &close.repeat(levels)
    };
    let texts = [
        nested("namespace a { ", "const A = 1;", " }"),
        format!("struct a {{ {} }};", nested("struct { ", "int b;", " } b;")),
    ];
    for text in texts {
        if let Err(errors) = read(vec![Source::new("t.x", text)], &ReadOptions::default()) {
            panic!("{errors}");
        }
    }
}
