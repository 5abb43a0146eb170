//! Programs to begin with: they compile as they are, without a warning.

use crate::crate_on_disk::Crate;
use metadr_idl::{Builder, Side, Strings};
use std::fs;
use std::path::Path;

/// Programs in a namespace, with names that are keywords in Rust or those of
/// what a scaffold uses.
const AWKWARD: &str = r#"
    namespace a {
        namespace type {
            struct State { opaque Smol[40000]; };
            union String switch (int d) { default: State rpc; };
            typedef State Result<3>;
            struct Vec { Result inner[2]; float f[3]; String s; quadruple q; };
            union Option switch (bool more) { case TRUE: Option *next; case FALSE: Vec v; };
            program match {
                version ONE { Option loop(Vec context, String self, bool, int new) = 1; } = 1;
                version THREE { void loop(void) = 0; hyper rpc(State *) = 2; } = 3;
            } = 1;
        }
    }
    program Limits { version Shutdown { string Client(string, char) = 1; } = 1; } = 3;
    program main { version main_v { int main(void) = 1; } = 7; } = 4;
    program other { version main_v { int main(void) = 1; } = 8; } = 5;
"#;

#[test]
fn scaffolds_type_check() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let read = |path: &str| fs::read_to_string(root.join(path)).unwrap();
    let everything = read("metadr-idl/tests/inputs/everything.x");
    let calc = read("metadr-runtime/tests/calc.x");
    let kv_store = read("idl/kv_store.x");
    let shared = "struct pair { int one; int two; }; struct wide { hyper five[5]; };";
    let over_shared = "#include \"shared.x\"\n\
         typedef pair pairs<SIZE>;\n\
         program P { version V { pairs SWAP(pairs) = 1; void TELL(pair) = 2; } = 1; } = 9;";
    let over_calc = "program P { version V { pair SWAP(pair) = 1; } = 1; } = 9;";
    let texts = [
        ("everything.x", &*everything),
        ("calc.x", &*calc),
        ("kv_store.x", &*kv_store),
        ("awkward.x", AWKWARD),
        ("parts/shared.x", shared),
        ("over_shared.x", over_shared),
        ("over_calc.x", over_calc),
    ];
    let made = Crate::new("scaffold");
    for (name, text) in texts {
        made.file(name, text);
    }
    let builder = || Builder::new().root(made.directory());
    let cases = [
        ("everything", builder().file("everything.x").one_way("NOTE")),
        (
            "calc",
            builder().file("calc.x").rename("CALC.CALC_V1.add", "plus"),
        ),
        (
            "kv_store",
            builder().file("kv_store.x").strings(Strings::Bytes),
        ),
        ("awkward", builder().file("awkward.x")),
        (
            "together",
            builder()
                .file("calc.x")
                .file("over_calc.x")
                .rename("pair", "Two"),
        ),
        (
            "options",
            builder()
                .file("over_shared.x")
                .include("parts")
                .define("SIZE", "16")
                .one_way("TELL")
                .rename("pair.one", "type")
                .derive("wide", "::core::marker::Copy"),
        ),
    ];
    for (name, builder) in cases {
        for (side, of) in [(Side::Server, "server"), (Side::Client, "client")] {
            let text = match builder.scaffold(side) {
                Ok(text) => text,
                Err(error) => panic!("{name}: {error}"),
            };
            made.file(&format!("src/bin/{name}_{of}.rs"), &text);
            if name == "everything" {
                insta::assert_snapshot!(format!("{of}_of_everything"), text);
            }
        }
    }
    if let Err(errors) = made.check() {
        panic!("{errors}");
    }
}

#[test]
fn what_does_not_compile_is_found() {
    let made = Crate::new("wrong");
    made.file("src/lib.rs", "pub fn number() -> u32 { \"text\" }");
    let errors = made.check().unwrap_err();
    assert!(errors.contains("mismatched types"), "{errors}");
    made.file("src/lib.rs", "fn unused() {}");
    let errors = made.check().unwrap_err();
    assert!(errors.contains("never used"), "{errors}");
}

#[test]
fn files_without_a_program_have_no_scaffold() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let builder = Builder::new().root(root).file("idl/rpc_msg.x");
    let error = builder.scaffold(Side::Server).unwrap_err().to_string();
    assert_eq!(
        error,
        "error: the files define no program, which a server or a client needs"
    );
}
