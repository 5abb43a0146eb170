//! The generated code type-checks, without a warning, under each option.

use crate::crate_on_disk::Crate;
use metadr_idl::{Builder, Emit, Source, Strings};
use std::path::Path;

const COVERED: &str = "\
    enum which { ONE, TWO };\n\
    union never_default switch (which w) { case ONE: case TWO: void; default: int other; };\n\
    union never_default_bool switch (bool b) { case TRUE: case FALSE: int all; default: void; };\n\
    union only_default switch (which w) { default: int all; };\n\
    union only_nothing switch (int n) { case 7: void; };\n\
    union in_an_array_of_nothing switch (int n) {\n\
        case 0: in_an_array_of_nothing self[0]; case 1: case 2: case 3: void; default: int other;\n\
    };\n";

const OVER_EXTERNS: &str = "\
    struct wide { hyper five[5]; };\n\
    struct both { pair one; outer::thing two<3>; pair *three; };\n\
    union either switch (bool b) { case TRUE: pair one; default: outer::thing two; };\n\
    program P { version V { both GIVE(pair, outer::thing) = 1; } = 1; } = 1;\n";

#[test]
fn generated_code_type_checks_under_each_option() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let builder = |path: &str| Builder::new().root(root).file(path);
    let everything = || builder("metadr-idl/tests/inputs/everything.x").one_way("NOTE");
    let client = Emit {
        client: true,
        server: false,
    };
    let server = Emit {
        client: false,
        server: true,
    };
    let cases = [
        ("everything", everything()),
        ("bytes", everything().strings(Strings::Bytes)),
        ("types", everything().emit(Emit::TYPES)),
        ("client", everything().emit(client)),
        ("server", everything().emit(server)),
        ("over_types", everything().types("crate::types")),
        ("serde", everything().serde(true)),
        ("arbitrary", everything().arbitrary(true)),
        (
            "options",
            everything()
                .rename("everything.type", "kind")
                .rename("color.RED", "Scarlet")
                .rename("CALCULATOR.CALCULATOR_V1.ADD", "sum"),
        ),
        (
            "over_externs",
            Builder::new()
                .source(Source::new("over_externs.x", OVER_EXTERNS))
                .extern_type("pair", "crate::types::Pair")
                .extern_type("outer::", "crate::types::outer")
                .derive("wide", "::core::marker::Copy"),
        ),
        ("kv_store", builder("idl/kv_store.x")),
        ("metadr", builder("idl/metadr.x")),
        ("metadr_admin", builder("idl/metadr_admin.x")),
        ("rpc_msg", builder("idl/rpc_msg.x")),
        ("vr", builder("idl/vr.x").one_way("deliver")),
        ("calc", builder("metadr-runtime/tests/calc.x")),
        (
            "covered",
            Builder::new()
                .source(Source::new("covered.x", COVERED))
                .serde(true)
                .arbitrary(true),
        ),
    ];
    let made = Crate::new("typecheck");
    let mut modules = String::new();
    for (name, builder) in cases {
        let generated = builder
            .generate()
            .unwrap_or_else(|error| panic!("{name}: {error}"));
        made.file(&format!("src/{name}.rs"), &generated.rust());
        modules += &format!("pub mod {name};\n");
    }
    made.file("src/lib.rs", &modules);
    if let Err(errors) = made.check() {
        panic!("{errors}");
    }
}
