//! What the checks say of files that are wrong: all of it at once, each with
//! its place, what was found and what was expected.

use metadr_idl::model::Model;
use metadr_idl::{CheckOptions, Diagnostics, Options, ReadOptions, Source, compile, read};

fn check(text: &str) -> Result<Model, Diagnostics> {
    let tree = read(vec![Source::new("t.x", text)], &ReadOptions::default())?;
    metadr_idl::check(&tree, &CheckOptions::default())
}

fn errors(text: &str) -> String {
    match check(text) {
        Ok(_) => panic!("no error was found in: {text}"),
        Err(errors) => errors.to_string(),
    }
}

#[test]
fn checks() {
    let cases = [
        "struct a { missing b; };",
        "struct a { int b; int b; };",
        "struct a { int b; };\nstruct a { int c; };",
        "const A = 1;\nenum b { A };",
        "const A = MISSING;",
        "const A = B;\nconst B = A;",
        "const A = 089;",
        "const A = 0x10000000000000000;",
        "const A = -9223372036854775809;",
        "enum a { B = 4294967296 };",
        "typedef int a<-1>;",
        "typedef opaque a[4294967296];",
        "struct a { a next; };",
        "struct a { b inner[2]; };\nstruct b { a inner; };",
        "struct a { a next; }; struct b { a many<>; };",
        "typedef int nothing[0];\nstruct a { nothing b<>; };",
        "union u switch (hyper d) { case 1: void; };",
        "struct s { int a; };\nunion u switch (s d) { case 1: void; };",
        "union u switch (int d) { case 1: void; case 1: void; };",
        "union u switch (int d) { default: void; default: void; };",
        "union u switch (bool d) { case 2: void; };",
        "union u switch (unsigned d) { case -1: void; };",
        "enum e { A, B };\nunion u switch (e d) { case 7: void; };",
        "program p { version v { void f(void) = 1; void f(void) = 2; } = 1; } = 1;",
        "program p { version v { void f(void) = 1; void g(void) = 1; } = 1; } = 1;",
        "program p { version v { void f(int a, int a) = 1; } = 1; } = 1;",
        "program p { version v { void f(void) = 1; } = 1; version w { void f(void) = 1; } = 1; } = 1;",
        "program p { version v { missing f(void) = 1; } = 1; } = -1;",
        "namespace n { struct a { int b; }; }\nstruct c { a d; };",
        "struct a { missing b; other c; int d; int d; };\nconst E = NONE;",
    ];
    let rendered: Vec<String> = cases
        .iter()
        .map(|text| format!("{text}\n    {}", errors(text).replace('\n', "\n    ")))
        .collect();
    insta::assert_snapshot!(rendered.join("\n"));
}

#[test]
fn options_that_do_not_fit_the_file() {
    let text = "program p { version v { int f(void) = 1; } = 1; } = 1;";
    let error = |name: &str| {
        let options = Options {
            one_way: vec![name.to_owned()],
            ..Options::default()
        };
        let result = compile(Source::new("t.x", text), &options);
        result.map(|_| ()).unwrap_err().to_string()
    };
    assert!(error("g").contains("names procedure `g`, which the file does not define"));
    assert!(error("f").contains("names procedure `f`, which returns something"));
}

#[test]
fn what_looks_wrong_and_is_not() {
    let fine = [
        "",
        "%anything at all {",
        "enum a { B = -1, C = B, D = C };",
        "typedef struct a a; struct a { a *next; };",
        "struct a { b *x; }; struct b { a y; };",
        "enum e { A, B = 0 }; union u switch (e d) { case A: void; };",
        "const A = B; const B = 2; typedef int x[A];",
        "namespace n { const A = 1; } namespace n { const B = A; }",
        "program p { version v { void f(void) = 1; } = 1; version w { void f(void) = 1; } = 2; } = 1;",
        "union u switch (int d) { default: void; };",
        "struct namespace_ { int namespace; };",
    ];
    for text in fine {
        if let Err(errors) = check(text) {
            panic!("{text}: {errors}");
        }
    }
}
