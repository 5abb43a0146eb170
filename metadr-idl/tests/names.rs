//! Names that would be the same in Rust, and options that do not fit the files.

use metadr_idl::{Options, Source, compile};

/// What is said about a file, without the lines that it quotes.
fn found(text: &str, options: &Options) -> Vec<String> {
    match compile(Source::new("t.x", text), options) {
        Ok(_) => Vec::new(),
        Err(found) => (found.to_string().lines())
            .filter(|line| {
                line.starts_with("t.x:") || !line.starts_with("    ") || line.contains("hint")
            })
            .map(|line| line.trim().to_owned())
            .collect(),
    }
}

fn renamed(renames: &[(&str, &str)]) -> Options {
    let renames = renames
        .iter()
        .map(|(of, to)| ((*of).to_owned(), (*to).to_owned()));
    Options {
        renames: renames.collect(),
        ..Options::default()
    }
}

#[test]
fn names_that_become_one_are_reported_with_both_places_and_what_to_do() {
    let of = |text: &str| found(text, &Options::default()).join("\n");
    insta::assert_snapshot!(of("struct a_b { int x; };\nstruct aB { int x; };"));
    insta::assert_snapshot!(of("struct s { int fooBar; int foo_bar; int FOO_BAR; };"));
    insta::assert_snapshot!(of("enum e { A_1, a1 };\nconst x = 1;\nconst X = 2;"));
    insta::assert_snapshot!(of(
        "union u switch (int k) { case 1: int case2; case 2: void; };"
    ));
    insta::assert_snapshot!(of(
        "program P { version V { void f(int a_b, int aB) = 1; void F(void) = 2; } = 1; } = 1;"
    ));
    insta::assert_snapshot!(of(
        "namespace n { const a = 1; }\nprogram N { version V { void f(void) = 1; } = 1; } = 1;"
    ));
}

#[test]
fn a_rename_resolves_a_collision() {
    let text = "struct s { int fooBar; int foo_bar; };";
    assert_eq!(found(text, &renamed(&[("s.fooBar", "other")])), [""; 0]);
    let text = "namespace n { struct a_b { int x; }; struct aB { int x; }; }";
    assert_eq!(found(text, &renamed(&[("n::aB", "Other")])), [""; 0]);
    // A keyword becomes a raw identifier.
    assert_eq!(
        found(text, &renamed(&[("n::aB", "Self"), ("n::", "type")])),
        [""; 0]
    );
}

#[test]
fn a_rename_of_what_is_not_there_or_to_what_is_no_name_is_an_error() {
    let text = "struct s { int a; };";
    let said = found(text, &renamed(&[("s.b", "x"), ("s.a", "1x"), ("t", "T")]));
    insta::assert_snapshot!(said.join("\n"));
}

#[test]
fn a_derive_of_what_is_not_there_or_of_what_is_no_path_is_an_error() {
    let derives = |of: &str, path: &str| Options {
        derives: vec![(of.to_owned(), path.to_owned())],
        ..Options::default()
    };
    let text = "struct s { int a; };";
    insta::assert_snapshot!(found(text, &derives("t", "a::B")).join("\n"));
    insta::assert_snapshot!(found(text, &derives("*", "a b")).join("\n"));
    assert_eq!(found(text, &derives("*", "::a::B")), [""; 0]);
}
