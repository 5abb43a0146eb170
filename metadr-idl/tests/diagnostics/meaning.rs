//! What looks wrong and is not, and what hostile files cost.

use super::*;

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
