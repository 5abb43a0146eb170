//! What the checks say of files that are wrong: all of it at once, each with
//! its place, what was found and what was expected. Each case is named by the
//! mistake.

use metadr_idl::model::{ConstantValue, Item, Model, Type, TypeId, TypeKind};
use metadr_idl::source::InMemory;
use metadr_idl::{
    CheckOptions, Diagnostics, Options, ReadOptions, Severity, Source, ast::Tree, compile, lint,
    read,
};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

fn tree(text: &str) -> Tree {
    let tree = read(vec![Source::new("t.x", text)], &ReadOptions::default());
    tree.unwrap_or_else(|errors| panic!("{errors}"))
}

fn check(text: &str) -> Result<Model, Diagnostics> {
    metadr_idl::check(&tree(text), &CheckOptions::default())
}

/// What is found in each text, which must be something.
fn findings(cases: &[(&str, &str)]) -> String {
    let found = |text: &str| lint(&tree(text), &CheckOptions::default()).to_string();
    render(cases.iter().map(|(name, text)| (*name, *text, found(text))))
}

fn render<'a>(cases: impl Iterator<Item = (&'a str, &'a str, String)>) -> String {
    let render = |(name, text, found): (&str, &str, String)| {
        assert!(!found.is_empty(), "nothing was found in: {name}");
        format!("## {name}\n{}\n{found}\n", text.trim())
    };
    cases.map(render).collect::<Vec<_>>().join("\n")
}

#[test]
fn names() {
    insta::assert_snapshot!(findings(&[
        ("undefined type", "struct a { missing b; };"),
        (
            "undefined type, each use",
            "struct a { missing b; missing *c; missing d<>; };"
        ),
        (
            "misspelled type",
            "struct key_value { int a; };\nstruct b { key_vlaue c; };"
        ),
        ("misspelled alias", "struct a { unit32_t b; };"),
        (
            "wrong case",
            "enum Color { RED = 0 };\nstruct a { color b; };"
        ),
        ("constant as a type", "const A = 1;\nstruct b { A c; };"),
        ("type as a constant", "typedef int a;\ntypedef opaque b[a];"),
        ("text as a number", "const A = \"a\";\ntypedef opaque b[A];"),
        (
            "namespace as a type",
            "namespace n { typedef int a; }\nstruct b { n c; };"
        ),
        (
            "program as a type",
            "program P { version V { void F(void) = 0; } = 1; } = 1;\nstruct b { P c; };"
        ),
        (
            "type of another namespace",
            "namespace n { struct a { int b; }; }\nstruct c { a d; };"
        ),
        (
            "type of the outermost namespace behind another of its name",
            "namespace n { namespace n { typedef int b; } struct c { n::a d; }; }\nnamespace n { }\ntypedef int a;"
        ),
        (
            "no such namespace",
            "namespace ledger { typedef int a; }\nstruct b { leger::a c; };"
        ),
        ("undefined constant", "const A = MISSING;"),
        (
            "misspelled constant",
            "const MAX_NAME = 1;\ntypedef string a<MAXNAME>;"
        ),
        (
            "constant of another namespace",
            "namespace n { const A = 1; }\ntypedef opaque b[A];"
        ),
        (
            "constant for C alone that is no number",
            "%#define MAX (A + 1) /* most */\n%#define A B\ntypedef string a<MAX>;"
        ),
        (
            "name of a header",
            "%#include <sys/types.h>\ntypedef opaque a[MAX];\nstruct b { dev_t c; };"
        ),
        (
            "name of one of several headers",
            "%#include <a.h>\n%#include <b.h>\nstruct c { dev_t d; };"
        ),
        ("self typedef of nothing", "typedef struct a a;"),
        ("type twice", "struct a { int b; };\ntypedef int a;"),
        (
            "type three times, and what is in it",
            "struct a { int b; };\nenum a { C = 0 };\nunion a switch (int d) { case 1: none e; };"
        ),
        (
            "type twice, the same",
            "struct a { int b; };\nstruct a { int b; };\ntypedef opaque c<4>;\ntypedef opaque c<4>;"
        ),
        ("constant twice, the same", "const A = 1;\nconst A = 0x1;"),
        ("constant twice", "const A = 1;\nconst A = 2;"),
        ("enumerator twice", "enum a { B = 0, B = 1 };"),
        (
            "enumerator of two enumerations",
            "enum a { B = 0 };\nenum c { B = 1 };"
        ),
        (
            "enumerator of two enumerations, where it could be either",
            "enum a { B = 1 };\nenum c { B = 1 };\nenum d { B = 2 };\ntypedef opaque e[B];"
        ),
        (
            "enumerator and constant, the same",
            "const A = 1;\nenum b { A = 1 };"
        ),
        (
            "enumerator and constant",
            "const A = 1;\nenum b { A = 2 };\nenum c { D = 3 };\nconst D = 4;"
        ),
        (
            "enumerators of enumerations without a name, from outside",
            "struct a { enum { N = 1 } b; };\nstruct c { enum { N = 2 } d; };\ntypedef opaque e[N];"
        ),
        (
            "enumerator of another enumeration than the qualified",
            "enum a { B = 1 };\nenum c { D = 2 };\ntypedef opaque e[a::D];"
        ),
        ("field twice", "struct a { int b; int c; hyper b; };"),
    ]));
}

#[test]
fn numbers() {
    insta::assert_snapshot!(findings(&[
        (
            "constants in a circle",
            "const A = B;\nconst B = C;\nconst C = A;\nconst D = A;"
        ),
        ("constant of itself", "const A = A;"),
        ("enumerators in a circle", "enum a { B = C, C };"),
        ("octal that is none", "const A = 089;"),
        ("more than 64 bits", "const A = 0x10000000000000000;"),
        ("less than 64 bits", "const A = -9223372036854775809;"),
        (
            "enumerator beyond 32 bits",
            "enum a { B = 4294967296, C, D };"
        ),
        ("enumerator that wraps", "enum a { B = 0x80000000, C };"),
        (
            "enumerator after the last",
            "enum a { B = 2147483647, C };\nenum d { E = 0xffffffff, F };"
        ),
        ("negative limit", "typedef int a<-1>;"),
        (
            "negative size by name",
            "const A = -1;\ntypedef opaque a[A];"
        ),
        ("size beyond 32 bits", "typedef opaque a[4294967296];"),
        (
            "name with several numbers",
            "program P { version V1 { void F(void) = 1; } = 1; version V2 { void F(void) = 2; } = 2; } = 1;\nconst A = F;"
        ),
    ]));
}

#[test]
fn types() {
    insta::assert_snapshot!(findings(&[
        ("structure within itself", "struct a { a next; };"),
        (
            "structures within one another",
            "struct a { b inner[2]; };\nstruct b { a inner; };"
        ),
        (
            "structure within itself by a typedef",
            "struct a { b next; };\ntypedef a b;"
        ),
        (
            "structure in an array of length zero in itself",
            "struct a { a none[0]; };"
        ),
        (
            "union that no arm ends",
            "union u switch (int d) { case 1: u one; default: u other; };"
        ),
        ("typedefs in a circle", "typedef a b;\ntypedef b a;"),
        ("typedef of a pointer to itself", "typedef a *a;"),
        (
            "array of nothing",
            "typedef int nothing[0];\nstruct a { nothing b<>; };"
        ),
        (
            "fixed array of nothing",
            "struct a { int nothing[0]; };\ntypedef a b[1000000000];"
        ),
        (
            "list of what is defined further down and is nothing",
            "typedef a b<>;\nstruct a { int c[0]; };"
        ),
        (
            "array too large",
            "struct a { opaque b[4294967295]; };\nstruct c { a d; };\nprogram p { version v { void f(hyper[0x10000000]) = 1; } = 1; } = 1;"
        ),
        (
            "arrays of structures too large",
            "struct a { opaque b[4096]; };\ntypedef a c[524287];\ntypedef a d[524288];"
        ),
        (
            "structure large by its sum, and what it is part of",
            "struct a { opaque b[4000]; opaque c[4000]; opaque d[4000]; opaque e[4000]; opaque f[4000]; };\nstruct g { a h; a i; a j; a k; };\nstruct l { g m; };\nunion n switch (int o) { case 0: g p; };"
        ),
        (
            "structure too large by its sum",
            "struct a { opaque b[4000]; opaque c[4000]; opaque d[4000]; opaque e[4000]; };\nstruct f { a g; a h; a i; };\nstruct j { f k; f l; f m; f n; f o; };\nstruct p { j q; j r; j s; j t; j u; };\nstruct v { p w; };"
        ),
    ]));
}

#[test]
fn large_arrays_are_kept_outside_and_large_on_the_wire_alone() {
    let text = "typedef opaque page[65536]; typedef opaque huge[0x7fffffff];
        struct book { page first; page *second; hyper numbers[100000]; huge last; };
        program p { version v { page f(book, opaque<>) = 1; } = 1; } = 1;";
    let model = passes(text);
    let sizes: Vec<_> = model.sizes.iter().map(|size| size.min).collect();
    assert_eq!(sizes, [65536, 1 << 31, 65536 + 4 + 800_000 + (1 << 31)]);
}

#[test]
fn unions() {
    insta::assert_snapshot!(findings(&[
        (
            "hyper discriminant",
            "union u switch (hyper d) { case 1: void; };"
        ),
        (
            "float discriminant",
            "union u switch (float d) { case 1: void; };"
        ),
        (
            "small discriminant",
            "union u switch (uint8_t d) { case 1: void; };"
        ),
        (
            "structure as a discriminant",
            "struct s { int a; };\nunion u switch (s d) { case 1: void; };"
        ),
        (
            "union as its own discriminant",
            "union u switch (u d) { case 1: void; };"
        ),
        (
            "string as a discriminant",
            "typedef string s<>;\nunion u switch (s d) { case 1: void; };"
        ),
        (
            "undefined discriminant, and no more of its labels",
            "union u switch (missing d) { case A: void; case 1: other b; };"
        ),
        (
            "case twice",
            "union u switch (int d) { case 1: void; case 0x1: void; };"
        ),
        (
            "case twice by two names",
            "enum e { A = 1, B = 1 };\nunion u switch (e d) { case A: void; case B: void; };"
        ),
        (
            "two default arms",
            "union u switch (int d) {\ndefault: void;\ndefault: void; };"
        ),
        (
            "case beyond bool",
            "union u switch (bool d) { case 2: void; };"
        ),
        (
            "case beyond int",
            "union u switch (int d) { case 2147483648: void; };"
        ),
        (
            "case below unsigned",
            "union u switch (unsigned int d) { case -1: void; };"
        ),
        (
            "case of a name that is no enumerator",
            "const C = 7;\nenum e { A = 0, B = 1 };\nunion u switch (e d) { case A: void; case C: void; };"
        ),
        (
            "case of a number that is no enumerator",
            "enum e { A = 0 };\nunion u switch (e d) { case -1: void; default: void; };"
        ),
        (
            "no case but one that is none",
            "enum e { A = 0 };\nunion u switch (e d) { case -1: void; };"
        ),
        (
            "misspelled case",
            "enum e { FIRST = 0 };\nunion u switch (e d) { case FRIST: void; };"
        ),
        (
            "case of another enumeration",
            "enum e { A = 0 };\nenum f { B = 0 };\nunion u switch (e d) { case B: void; };"
        ),
        (
            "default after TRUE and FALSE",
            "union u switch (bool d) { case TRUE: int a; case FALSE: void; default: void; };"
        ),
        (
            "default after all enumerators",
            "enum e { A, B, C = 1 };\nunion u switch (e d) { case A: case C: void; default: void; };"
        ),
    ]));
}

#[test]
fn programs() {
    insta::assert_snapshot!(findings(&[
        (
            "program twice",
            "program p { version v { void f(void) = 1; } = 1; } = 1;\nprogram p { version v { void f(void) = 1; } = 1; } = 2;"
        ),
        (
            "version name twice",
            "program p { version v { void f(void) = 1; } = 1; version v { void f(void) = 1; } = 2; } = 1;"
        ),
        (
            "version number twice",
            "program p { version v { void f(void) = 1; } = 1; version w { void f(void) = 1; } = 1; } = 1;"
        ),
        (
            "version of another program's number",
            "program p { version v { void f(void) = 1; } = 1; } = 1;\nprogram q { version v { void f(void) = 1; } = 1; } = 1;"
        ),
        (
            "procedure name twice",
            "program p { version v { void f(void) = 1; void f(void) = 2; } = 1; } = 1;"
        ),
        (
            "procedure number twice",
            "program p { version v { void f(void) = 1; void g(void) = 1; } = 1; } = 1;"
        ),
        (
            "argument twice",
            "program p { version v { void f(int a, int a) = 1; } = 1; } = 1;"
        ),
        (
            "negative number",
            "program p { version v { void f(void) = -1; } = 0x100000000; } = -1;"
        ),
        (
            "undefined in a procedure",
            "program p { version v { missing f(other) = 1; } = 1; } = 1;"
        ),
    ]));
}

#[test]
fn several_mistakes_in_one_file_are_reported_in_its_order() {
    insta::assert_snapshot!(findings(&[(
        "several",
        "struct a { missing b; other c; int d; int d; };
union u switch (float d) { case 1: absent e; };
typedef opaque f[NONE];
const E = 08;
program p { version v { gone f(a) = E; void g(a) = 1; void h(a) = 1; } = 1; } = 1;
struct z { z self; };",
    )]));
}

#[test]
fn deviations_are_errors_of_the_pedantic_alone() {
    let text = "
typedef u_int a;
enum e { A = 0 };
union u switch (bool b) { case true: int c; case 0: int c; };
enum w { B = 4294967295 };
";
    let pedantic = CheckOptions {
        pedantic: true,
        ..CheckOptions::default()
    };
    let found = lint(&tree(text), &CheckOptions::default());
    let severities: Vec<_> = found.iter().map(|one| one.severity()).collect();
    assert_eq!(severities, [Severity::Warning]);
    assert_eq!(check(text).unwrap().warnings, found);
    assert!(metadr_idl::check(&tree(text), &pedantic).is_err());
    insta::assert_snapshot!(lint(&tree(text), &pedantic).to_string());
}

/// The first file is given; it finds the others.
fn tree_of(files: &[(&str, &str)]) -> Tree {
    let known = files
        .iter()
        .map(|(name, text)| (PathBuf::from(name), (*text).to_owned()));
    let options = ReadOptions {
        loader: Arc::new(InMemory(known.collect())),
        ..ReadOptions::default()
    };
    let (name, text) = files[0];
    let tree = read(vec![Source::new(name, text)], &options);
    tree.unwrap_or_else(|errors| panic!("{errors}"))
}

#[test]
fn several_files() {
    let b =
        "const SIZE = 4;\nenum e { A = 0 };\nstruct s { int a; };\nnamespace n { typedef int t; }";
    let cases = [
        (
            "type of both",
            "%#include \"b.h\"\nstruct s { hyper a; };",
            b,
        ),
        (
            "constant of both with another value",
            "%#include \"b.h\"\nconst SIZE = 5;",
            b,
        ),
        (
            "enumerator of both",
            "%#include \"b.h\"\nenum f { A = 0 };",
            b,
        ),
        (
            "misspelled name of the other",
            "%#include \"b.h\"\ntypedef opaque a[SIZES];",
            b,
        ),
        (
            "name of the other's namespace",
            "%#include \"b.h\"\nstruct a { t b; };",
            b,
        ),
        (
            "mistakes of both",
            "%#include \"b.h\"\nstruct a { none b; };",
            "struct b { absent c; };",
        ),
        (
            "name of a header of the other",
            "%#include \"b.h\"\nstruct a { none b; };",
            "%#include <c.h>\nconst C = 1;",
        ),
    ];
    let cases = cases.map(|(name, a, b)| {
        let found = lint(
            &tree_of(&[("a.x", a), ("b.x", b)]),
            &CheckOptions::default(),
        );
        (name, a, found.to_string())
    });
    insta::assert_snapshot!(render(cases.into_iter()));
}

#[test]
fn names_of_headers_may_be_let_pass_but_nothing_else() {
    let text =
        "%#include <sys/types.h>\n%#define MAX C\nstruct a { dev_t b; int c[MAX]; int d[SIZE]; };";
    let assume_headers = CheckOptions {
        assume_headers: true,
        ..CheckOptions::default()
    };
    let found = lint(&tree(text), &assume_headers);
    assert_eq!(found.iter().count(), 3);
    assert!(!found.has_errors());
    // No Rust can come of it all the same.
    assert!(metadr_idl::check(&tree(text), &assume_headers).is_err());
    let pedantic = CheckOptions {
        pedantic: true,
        ..assume_headers.clone()
    };
    assert!(lint(&tree(text), &pedantic).has_errors());
    assert!(lint(&tree("struct a { dev_t b; };"), &assume_headers).has_errors());
}

/// The model of a text in which nothing is to be found.
fn passes(text: &str) -> Model {
    let model = check(text).unwrap_or_else(|errors| panic!("{errors}"));
    assert!(model.warnings.is_empty(), "{}", model.warnings);
    model
}

/// What the last type of the text stands for.
fn last_alias(text: &str) -> Type {
    let mut model = passes(text);
    match model.types.pop().map(|last| last.kind) {
        Some(TypeKind::Alias(ty)) => ty,
        other => panic!("{other:?}"),
    }
}

fn is_refused_if_pedantic(text: &str) -> bool {
    let pedantic = CheckOptions {
        pedantic: true,
        ..CheckOptions::default()
    };
    metadr_idl::check(&tree(text), &pedantic).is_err()
}

#[test]
fn names_of_rpc_headers_are_known_where_no_file_defines_them() {
    for (name, meant) in [
        ("netobj", Type::Opaque(1024)),
        ("des_block", Type::OpaqueFixed(8)),
        ("wrapstring", Type::String(u32::MAX)),
        ("rpcprog_t", Type::UnsignedInt),
        ("uint_t", Type::UnsignedInt),
        ("ushort_t", Type::UnsignedShort),
    ] {
        let text = format!("typedef {name} a;");
        assert_eq!(last_alias(&text), meant, "{name}");
        assert!(is_refused_if_pedantic(&text), "{name}");
        let own = format!("typedef hyper {name}; typedef {name} a;");
        assert_eq!(last_alias(&own), Type::Named(TypeId(0)), "{name}");
    }
    let text = "typedef string a<MAXNETNAMELEN>;";
    assert_eq!(last_alias(text), Type::String(255));
    assert!(is_refused_if_pedantic(text));
    let own = format!("const MAXNETNAMELEN = 3; {text}");
    assert_eq!(last_alias(&own), Type::String(3));
}

#[test]
fn structures_of_rpc_headers_are_defined_once_where_they_are_used() {
    let text = "struct a { netbuf b; netbuf *c; };
        program p { version v { opaque_auth f(netbuf) = 1; } = 1; } = 1;";
    let model = passes(text);
    let items: Vec<_> = (model.root.items.iter())
        .map(|item| match item {
            Item::Type(id) => model.definition(*id).name.as_str(),
            _ => "",
        })
        .collect();
    assert_eq!(items, ["netbuf", "opaque_auth", "a", ""]);
    assert_eq!(model.sizes.len(), 3);
    assert!(is_refused_if_pedantic(text));
    let own = passes("struct netbuf { int a; }; struct b { netbuf c; };");
    assert_eq!(own.types.len(), 2);
    let found = lint(
        &tree("union u switch (netbuf a) { case 1: void; };"),
        &CheckOptions::default(),
    );
    assert!(found.to_string().contains("a structure, expected an enum"));
}

#[test]
fn a_number_that_is_defined_for_c_is_a_constant_where_nothing_else_has_the_name() {
    for (define, size) in [
        ("%#define MAX 16 /* most */", 16),
        ("%# define MAX (0x10UL)", 16),
        ("#ifdef RPC_HDR\n%#define MAX 1024\n#endif", 1024),
        ("%#define LESS 15\n%#define MAX LESS + 1", 16),
        ("%#define MAX 16\nconst MAX = 4;", 4),
        ("%#define MAXNETNAMELEN 7\n#define MAX MAXNETNAMELEN", 7),
    ] {
        let text = format!("{define}\ntypedef opaque a[MAX];");
        assert_eq!(last_alias(&text), Type::OpaqueFixed(size), "{define}");
    }
    let of_other = tree_of(&[
        ("a.x", "%#include \"b.h\"\ntypedef opaque a[MAX];"),
        ("b.x", "%#define MAX 5"),
    ]);
    let model = metadr_idl::check(&of_other, &CheckOptions::default()).unwrap();
    let kind = &model.types[0].kind;
    assert!(matches!(kind, TypeKind::Alias(Type::OpaqueFixed(5))));
    assert!(is_refused_if_pedantic(
        "%#define MAX 16\ntypedef opaque a[MAX];"
    ));
    let unused = "#if 0\n%#define MAX 16\n#endif\ntypedef opaque a[MAX];";
    assert!(check(unused).is_err());
}

#[test]
fn labels_and_names_find_the_enumerators_of_their_own_enumeration_first() {
    let text = "
        enum color { RED = 0, BLUE = 1 };
        struct a { enum { NONE = 2, RED = 3 } kind; opaque size[NONE]; opaque more[RED]; };
        struct b { enum { NONE = 4 } kind; opaque size[NONE]; };
        union u switch (color c) { case color::RED: void; case BLUE: int x; };
        union v switch (enum { BLUE = 7, GREEN = 8 } c) { case BLUE: void; default: int x; };
        typedef opaque d[RED];
        typedef opaque e[color::BLUE];
        typedef opaque f[GREEN];";
    let model = passes(text);
    let sizes = |name: &str| {
        let ty = model.types.iter().find(|one| one.name == name).unwrap();
        let size = |ty: &Type| match ty {
            Type::OpaqueFixed(size) => Some(*size),
            _ => None,
        };
        match &ty.kind {
            TypeKind::Alias(ty) => vec![size(ty).unwrap()],
            TypeKind::Structure(fields) => {
                fields.iter().filter_map(|field| size(&field.ty)).collect()
            }
            TypeKind::Union(union) => union
                .cases
                .iter()
                .map(|case| u32::try_from(case.value).unwrap())
                .collect(),
            TypeKind::Enumeration(_) => Vec::new(),
        }
    };
    assert_eq!(sizes("a"), [2, 3]);
    assert_eq!(sizes("b"), [4]);
    assert_eq!(sizes("u"), [0, 1]);
    assert_eq!(sizes("v"), [7]);
    assert_eq!([sizes("d"), sizes("e"), sizes("f")], [[0], [1], [8]]);
    assert!(is_refused_if_pedantic(
        "enum a { B = 1 }; typedef opaque c[a::B];"
    ));
}

#[test]
fn the_same_enumerator_of_many_enumerations_takes_time_in_proportion_to_the_text() {
    let enums = |n: usize| {
        let lines = (0..n).map(|i| format!("enum e{i} {{ A = 1 }}; typedef opaque t{i}[A];\n"));
        lines.collect::<String>()
    };
    let started = Instant::now();
    assert!(!lint(&tree(&enums(20_000)), &CheckOptions::default()).has_errors());
    assert!(started.elapsed().as_secs() < 30, "{:?}", started.elapsed());
}

#[test]
fn an_error_behind_many_warnings_is_an_error_and_many_warnings_are_none() {
    let all: String = (0..1500)
        .map(|i| format!("enum e{i} {{ A{i} = 4294967295 }};\n"))
        .collect();
    let found = lint(&tree(&all), &CheckOptions::default());
    assert!(!found.has_errors());
    assert_eq!(found.iter().count(), 1001);
    assert!(check(&all).is_ok());
    let found = lint(
        &tree(&format!("{all}struct s {{ missing a; }};")),
        &CheckOptions::default(),
    );
    assert!(found.to_string().contains("type `missing` is not defined"));
}

#[test]
fn programs_of_imported_files_are_known_as_numbers_alone() {
    let program = "{ version V { absent F(missing) = 4; } = 3; } = 2;";
    let imported = format!("const A = 1;\nprogram P {program}");
    let text = "%#include \"b.h\"\ntypedef opaque a[P];\n\
                program P { version V { void F(void) = 4; } = 3; } = 2;";
    let tree = tree_of(&[("a.x", text), ("b.x", &imported)]);
    let model = metadr_idl::check(&tree, &CheckOptions::default()).unwrap();
    assert!(model.warnings.is_empty(), "{}", model.warnings);
    let is_program = |item: &&Item| matches!(item, Item::Program(_));
    assert_eq!(model.root.items.iter().filter(is_program).count(), 1);
    assert_eq!(model.types.len(), 1);
    let kind = &model.types[0].kind;
    assert!(matches!(kind, TypeKind::Alias(Type::OpaqueFixed(2))));
}

#[test]
fn what_two_files_define_alike_is_defined_once() {
    let same = "const N = 3;\nenum e { A, B };\n\
                struct s { int a; struct { e b<N>; } *c; };\n\
                union u switch (e d) { case A: string f<>; default: void; };\n\
                typedef opaque t[N];\n";
    let a = format!("%#include \"b.h\"\n{same}typedef s own;");
    let tree = tree_of(&[("a.x", &a), ("b.x", same)]);
    let model = metadr_idl::check(&tree, &CheckOptions::default()).unwrap();
    assert!(model.warnings.is_empty(), "{}", model.warnings);
    let names: Vec<_> = model.types.iter().map(|one| one.name.as_str()).collect();
    assert_eq!(names, ["e", "s", "s_c", "u", "t", "own"]);
    assert_eq!(model.root.items.len(), 7);
    for (from, to) in [
        ("e { A, B }", "e { B, A }"),
        ("int a", "hyper a"),
        ("<N>", "<4>"),
        ("*c", "c"),
        ("string f<>", "opaque f<>"),
        ("default: void", "case B: void"),
        ("t[N]", "t<N>"),
    ] {
        let other = same.replace(from, to);
        assert_ne!(other, same);
        let tree = tree_of(&[("a.x", &a), ("b.x", &other)]);
        assert!(metadr_idl::check(&tree, &CheckOptions::default()).is_err());
    }
}

#[test]
fn arrays_and_pointers_are_arguments_and_results_where_it_is_clear_what_they_mean() {
    let text = "program p { version v {
        int *a(opaque<4>) = 1; int<2> b(opaque x[3]) = 2; int[5] c(int x<>) = 3;
        opaque<> d(hyper[2], int *y) = 4; string<9> e(string<8>) = 5; } = 1; } = 1;";
    let model = passes(text);
    let Some(Item::Program(program)) = model.root.items.first() else {
        panic!("{:?}", model.root);
    };
    let procedures = program.versions[0].procedures.iter();
    let types = procedures.map(|one| {
        let arguments: Vec<_> = one.arguments.iter().map(|one| one.ty.clone()).collect();
        (one.result.clone().unwrap(), arguments)
    });
    let (int, hyper) = (|| Box::new(Type::Int), Box::new(Type::Hyper));
    let expected = [
        (Type::Optional(int()), vec![Type::Opaque(4)]),
        (Type::Variable(int(), 2), vec![Type::OpaqueFixed(3)]),
        (Type::Fixed(int(), 5), vec![Type::Variable(int(), u32::MAX)]),
        (
            Type::Opaque(u32::MAX),
            vec![Type::Fixed(hyper, 2), Type::Optional(int())],
        ),
        (Type::String(9), vec![Type::String(8)]),
    ];
    assert_eq!(types.collect::<Vec<_>>(), expected);
    assert!(is_refused_if_pedantic(text));
}

#[test]
fn what_other_compilers_write_between_definitions_and_digits_has_no_meaning() {
    let text = "pragma header nlm4;\npragma public;\nconst A = 0xAB'CD;\nconst B = 1'000'000;\n\
                typedef int pragma;";
    let model = passes(text);
    let numbers = model.root.items.iter().filter_map(|item| match item {
        Item::Constant(constant) => Some(constant.value.clone()),
        _ => None,
    });
    let expected = [0xABCD, 1_000_000].map(ConstantValue::Number);
    assert_eq!(numbers.collect::<Vec<_>>(), expected);
    for part in text.lines().take(4) {
        assert!(is_refused_if_pedantic(part), "{part}");
    }
}

#[test]
fn externs() {
    let check = |text: &str, externs: &[(&str, &str)]| {
        let externs = externs
            .iter()
            .map(|(name, path)| ((*name).to_owned(), (*path).to_owned()));
        let options = CheckOptions {
            externs: externs.collect(),
            ..CheckOptions::default()
        };
        metadr_idl::check(
            &tree_of(&[
                ("a.x", text),
                (
                    "b.x",
                    "namespace k { enum e { X = 3 }; struct s { gone g; }; }\ntypedef int id;",
                ),
            ]),
            &options,
        )
    };
    let paths = |model: Model| {
        model
            .externs
            .into_iter()
            .map(|one| (one.name, one.path))
            .collect::<Vec<_>>()
    };
    let pair = |name: &str, path: &str| (name.to_owned(), path.to_owned());

    let model = check(
        "struct a { netobj b; netobj c; uint32_t d; };",
        &[("netobj", "crate::Netobj"), ("uint32_t", "u32")],
    );
    assert_eq!(
        paths(model.unwrap()),
        [pair("netobj", "crate::Netobj"), pair("uint32_t", "u32")]
    );
    // A namespace that is elsewhere is neither generated nor checked; its
    // enumerators are still numbers.
    let text = "%#include \"b.h\"\nstruct a { k::s b; int c[k::X]; };";
    let model = check(text, &[("k::", "crate::k"), ("id", "crate::Id")]).unwrap();
    assert_eq!(model.types.len(), 1);
    assert_eq!(paths(model), [pair("s", "crate::k::")]);
    assert!(check(text, &[]).unwrap_err().to_string().contains("`gone`"));
    // Within its own namespace a name needs no prefix.
    let model = check(
        "namespace k { struct t { s b; }; }",
        &[("k::s", "crate::S")],
    )
    .unwrap();
    assert_eq!(paths(model), [pair("s", "crate::S")]);

    let errors = [
        check("struct a { int b; };", &[("a", "crate::A")]),
        check("struct a { int b; };", &[("b c", "crate::A")]),
        check("struct a { int b; };", &[("b", "not a path")]),
        check(
            "struct a { int b; };",
            &[("b", "crate::A"), ("b", "crate::B")],
        ),
        check(
            "%#include \"b.h\"\nunion u switch (k::e d) { case k::X: void; };",
            &[("k::e", "crate::E"), ("k::s", "crate::S")],
        ),
    ];
    let errors = errors.map(|result| result.unwrap_err().to_string());
    insta::assert_snapshot!(errors.join("\n"));
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
        "enum a { B = C }; const C = D; enum e { D = 3 };",
        "typedef struct a a; struct a { a *next; };",
        "struct a { a *next; }; typedef struct a a;",
        "typedef struct a_s a; struct a_s { a *next; };",
        "struct a { b *x; }; struct b { a y; };",
        "union u switch (int d) { case 1: u one; case 2: u two[2]; default: void; };",
        "struct a { u b; }; union u switch (bool d) { case TRUE: a c; case FALSE: void; };",
        "enum e { A, B = 0 }; union u switch (e d) { case A: void; };",
        "union u switch (e d) { case A: void; }; typedef f e; typedef enum g f; enum g { A };",
        "namespace n { enum e { A }; } union u switch (n::e d) { case n::A: void; };",
        "namespace n { enum e { A }; } union u switch (n::e d) { case A: void; };",
        "enum e { A = 0xffffffff }; union u switch (e d) { case -1: void; };",
        "const A = B; const B = 2; typedef int x[A];",
        "namespace n { const A = 1; } namespace n { const B = A; }",
        "namespace n { typedef ::a a; } typedef int a;",
        "namespace a::b { typedef int c; } namespace a { struct d { b::c e; }; }",
        "typedef hyper uint32_t; struct a { uint32_t b; };",
        "typedef unsigned int u_int; typedef u_int uint;",
        "program p { version v { void f(void) = 1; } = 1; version w { void f(void) = 1; } = 2; } = 1;",
        "program p { version v { void f(void) = 5; } = 1; version w { void g(void) = N; } = 2; } = 1; const N = f;",
        "union u switch (int d) { default: void; };",
        "union u switch (u_int d) { case 4294967295: void; };",
        "union u switch (bool d) { case true: void; case false: int a; };",
        "struct namespace_ { int namespace; };",
    ];
    for text in fine {
        let found = lint(&tree(text), &CheckOptions::default());
        let loud: Vec<_> = found
            .iter()
            .filter(|one| !one.message().contains("which 32 bits"))
            .collect();
        assert!(loud.is_empty(), "{text}: {found}");
        check(text).unwrap();
    }
}

#[test]
fn the_same_constant_in_two_files_is_one() {
    let model = tree_of(&[
        (
            "a.x",
            "%#include \"b.h\"\nconst SIZE = 0x10;\ntypedef opaque a[SIZE];",
        ),
        ("b.x", "const SIZE = 16;"),
    ]);
    let model = metadr_idl::check(&model, &CheckOptions::default()).unwrap();
    assert_eq!(model.root.items.len(), 2);
}

#[test]
fn types_without_a_name_get_that_of_their_parent_and_field() {
    let text = "
        typedef int a_b;
        struct a {
            struct { enum { X, Y } kind; } b;
            union switch (int d) { case 1: struct { int z; } many<>; default: void; } c;
        };
        typedef struct { int q; } named;
        typedef enum { Z } list<5>;
    ";
    let model = check(text).unwrap();
    let names: Vec<_> = model
        .root
        .items
        .iter()
        .map(|item| match item {
            Item::Type(id) => model.definition(*id),
            other => panic!("{other:?}"),
        })
        .map(|one| (one.name.as_str(), one.is_anonymous))
        .collect();
    let expected = [
        ("a_b", false),
        ("a_b2_kind", true),
        ("a_b2", true),
        ("a_c_many", true),
        ("a_c", true),
        ("a", false),
        ("named", false),
        ("list_element", true),
        ("list", false),
    ];
    assert_eq!(names, expected);
}

#[test]
fn hostile_files_neither_take_long_nor_overflow_the_stack() {
    let count = 5_000;
    let chain = |line: &dyn Fn(usize) -> String| (0..count).map(line).collect::<String>();
    let texts = [
        chain(&|n| format!("const C{n} = C{};\n", n + 1)) + &format!("const C{count} = 1;"),
        chain(&|n| format!("const C{n} = C{};\n", (n + 1) % count)),
        chain(&|n| format!("struct s{n} {{ s{} a; s{} b; }};\n", n + 1, n + 1))
            + &format!("struct s{count} {{ int a; }};"),
        chain(&|n| format!("typedef t{} t{n};\n", n + 1)) + &format!("typedef int t{count};"),
        chain(&|n| {
            format!(
                "union u{n} switch (int d) {{ case 1: u{} a; default: void; }};\n",
                (n + 1) % count
            )
        }),
        chain(&|n| format!("typedef wrong{n} a{n};\n")),
        format!("enum e {{ {} }};", chain(&|n| format!("A{n},")) + "B"),
    ];
    for text in texts {
        let tree = tree(&text);
        let start = Instant::now();
        let found = lint(&tree, &CheckOptions::default());
        println!("{:?}, {} found", start.elapsed(), found.iter().count());
        assert!(found.iter().count() <= 1001);
    }
}

#[test]
fn what_lies_too_deep_is_an_error_of_its_own() {
    let nested = |count: usize, open: &str, middle: &str, close: &str| {
        format!("{}{middle}{}", open.repeat(count), close.repeat(count))
    };
    let found = |text: &str| match read(vec![Source::new("t.x", text)], &ReadOptions::default()) {
        Ok(tree) => lint(&tree, &CheckOptions::default()),
        Err(found) => found,
    };
    let namespaces = |count| nested(count, "namespace n { ", "const A = 1;", " }");
    let structures = |count| {
        let inner = nested(count, "struct { ", "int a;", " } a;");
        format!("struct s {{ {inner} }};")
    };
    assert!(found(&namespaces(30)).is_empty());
    assert!(found(&structures(30)).is_empty());
    for text in [namespaces(100), structures(100)] {
        let found = found(&text).to_string();
        assert_eq!(found.matches(" error: ").count(), 1, "{found}");
        println!("{}", found.lines().next().unwrap_or_default());
    }
}
