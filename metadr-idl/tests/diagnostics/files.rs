//! Files with others, with headers of C and with types in Rust.

use super::*;

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
