//! What is wrong with one file.

use super::*;

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
            "arrays of arrays too large",
            "typedef int a[65536];\ntypedef a b[8191];\ntypedef a c[8192];"
        ),
        (
            "structure large by its sum, and what it is part of",
            "struct a { opaque b[1000]; opaque c[1000]; opaque d[1000]; opaque e[1000]; };\nstruct f { a b; a c; a d; a e; a f; };\nstruct g { f b; f c; f d; f e; };\nstruct l { g b; };\nunion n switch (int o) { case 0: g p; };"
        ),
        (
            "structure too large by its sum",
            "struct a { opaque b[1000]; opaque c[1000]; opaque d[1000]; opaque e[1000]; };\nstruct f { a b; a c; a d; a e; };\nstruct j { f b; f c; f d; f e; };\nstruct q { j b; j c; j d; j e; };\nstruct p { q b; q c; q d; q e; q f; };\nstruct v { p b; };"
        ),
    ]));
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
