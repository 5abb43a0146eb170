//! `metadr-xdrc` as a user runs it.

use std::process::{Command, Output};

fn xdrc(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_metadr-xdrc"))
        .args(arguments)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap()
}

#[test]
fn a_good_file_is_printed_as_rust_or_just_checked() {
    let printed = xdrc(&["../idl/kv_store.x"]);
    assert!(printed.status.success());
    let code = String::from_utf8(printed.stdout).unwrap();
    assert!(code.contains("pub struct KvPair"));
    assert!(syn::parse_file(&code).is_ok());
    let checked = xdrc(&["--check", "../idl/kv_store.x", "../idl/vr.x"]);
    assert!(checked.status.success());
    assert!(checked.stdout.is_empty() && checked.stderr.is_empty());
}

#[test]
fn a_bad_file_is_reported_with_its_place() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("bad.x");
    std::fs::write(&path, "struct a {\n    int b\n};\n").unwrap();
    let path = path.to_str().unwrap();
    let output = xdrc(&["--check", path]);
    assert_eq!(output.status.code(), Some(1));
    let expected =
        format!("{path}:3:1: error: found `}}`, expected `;`, `<` or `[`\n    }};\n    ^\n");
    assert_eq!(String::from_utf8(output.stderr).unwrap(), expected);
}

#[test]
fn wrong_use_exits_with_two() {
    assert_eq!(xdrc(&[]).status.code(), Some(2));
    assert_eq!(xdrc(&["--nonsense"]).status.code(), Some(2));
    assert_eq!(xdrc(&["missing.x"]).status.code(), Some(1));
}
