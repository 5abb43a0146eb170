//! Snapshots: the tree of a file, and the code generated from each interface
//! of this workspace.

use metadr_idl::{Emit, Options, ReadOptions, Source, Strings, compile, format, read};
use std::path::{Path, PathBuf};

fn source(path: &str) -> Source {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(root.join(path)).unwrap();
    let name = Path::new(path).file_name().unwrap().to_str().unwrap();
    Source::new(name, text)
}

fn generated(path: &str, options: &Options) -> String {
    match compile(source(path), options) {
        Ok(code) => format(&code),
        Err(errors) => panic!("{errors}"),
    }
}

#[test]
fn tree_of_everything() {
    let mut file = read(
        vec![source("tests/inputs/everything.x")],
        &ReadOptions::default(),
    )
    .unwrap()
    .files
    .remove(0);
    // A structure and a program say enough; the whole is in the code below.
    file.definitions
        .retain(|one| ["node", "LIMIT", "by_number", "CALCULATOR"].contains(&&*one.name.name));
    insta::assert_debug_snapshot!(file);
}

#[test]
fn code_of_everything() {
    let options = Options {
        one_way: vec!["NOTE".to_owned()],
        ..Options::default()
    };
    insta::assert_snapshot!(generated("tests/inputs/everything.x", &options));
}

#[test]
fn code_of_a_blocking_client() {
    let file = Source::new(
        "calls.x",
        "program P { version V { int f(string, hyper) = 1; void NOTE(int) = 2; } = 3; } = 4;",
    );
    let options = Options {
        emit: Emit {
            client: true,
            server: false,
        },
        one_way: vec!["NOTE".to_owned()],
        blocking: true,
        ..Options::default()
    };
    let code = format(&compile(file, &options).unwrap());
    let start = code.find("/// Calls the procedures of this version from code");
    insta::assert_snapshot!(&code[start.expect("there is one")..]);
}

#[test]
fn code_of_kv_store() {
    let options = Options {
        strings: Strings::Bytes,
        ..Options::default()
    };
    insta::assert_snapshot!(generated("../idl/kv_store.x", &options));
}

#[test]
fn code_of_metadr() {
    let options = Options {
        emit: Emit::TYPES,
        ..Options::default()
    };
    insta::assert_snapshot!(generated("../idl/metadr.x", &options));
}

#[test]
fn code_of_rpc_msg() {
    insta::assert_snapshot!(generated("../idl/rpc_msg.x", &Options::default()));
}

#[test]
fn code_of_vr() {
    let options = Options {
        emit: Emit::TYPES,
        ..Options::default()
    };
    insta::assert_snapshot!(generated("../idl/vr.x", &options));
}

#[test]
fn code_of_vr_program_over_types_elsewhere() {
    let options = Options {
        one_way: vec!["deliver".to_owned()],
        types: Some(quote::quote!(elsewhere::wire)),
        ..Options::default()
    };
    insta::assert_snapshot!(generated("../idl/vr.x", &options));
}
