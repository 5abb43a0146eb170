//! The scripts in `tests/scripts`, and what they are to print.

use super::run_script;
use super::session::ExitStatus;
use super::tree_store::TreeStore;
use std::fs;
use std::path::PathBuf;

/// Runs a script on a store and compares its output, byte for byte.
fn assert_prints_what_it_should(store: &mut TreeStore, name: &str) {
    let directory = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/scripts"));
    let mut out = Vec::new();
    let script = directory.join(name).with_extension("tst");
    let status = run_script(store, &script, &mut out);
    assert_eq!(status, ExitStatus::Success, "{name}");
    let expected = fs::read(directory.join(name).with_extension("out")).expect("expected output");
    if out != expected {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        // Lines side by side, then the whole, since line ends may differ.
        let (out, expected) = (text(&out), text(&expected));
        for (number, (got, wanted)) in (1..).zip(out.lines().zip(expected.lines())) {
            assert_eq!(got, wanted, "line {number} of the output of {name}");
        }
        panic!("{name} prints\n{out}\ninstead of\n{expected}");
    }
}

#[test]
fn basic_prints_the_same_again_and_again() {
    let mut store = TreeStore::default();
    assert_prints_what_it_should(&mut store, "basic");
    assert_prints_what_it_should(&mut store, "basic");
}

#[test]
fn create_list_get_set_remove_build_on_each_other() {
    let mut store = TreeStore::default();
    for _ in 0..2 {
        for name in ["create", "list", "get", "set", "remove"] {
            assert_prints_what_it_should(&mut store, name);
        }
    }
}

#[test]
fn all_prints_the_same_again_and_again() {
    let mut store = TreeStore::default();
    assert_prints_what_it_should(&mut store, "all");
    assert_prints_what_it_should(&mut store, "all");
}
