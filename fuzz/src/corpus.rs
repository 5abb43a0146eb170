//! The inputs of `corpus/`, once more: what fuzzing has found to be of interest
//! stays a test for everybody who has no fuzzer.

use std::fs;
use std::path::Path;

fn replay(target: &str, run: fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("corpus")
        .join(target);
    let mut count = 0;
    for entry in fs::read_dir(&folder).unwrap() {
        let path = entry.unwrap().path();
        // Shown if it fails.
        println!("{}", path.display());
        run(&fs::read(&path).unwrap());
        count += 1;
    }
    assert!(count > 0, "{} is empty", folder.display());
}

#[test]
fn read() {
    replay("read", crate::read);
}

#[test]
fn check() {
    replay("check", crate::check);
}

#[test]
fn generate() {
    replay("generate", crate::generate);
}

#[test]
fn decode() {
    replay("decode", crate::decode);
}

#[test]
fn values() {
    replay("values", crate::values);
}

#[test]
fn records() {
    replay("records", crate::records);
}

#[test]
fn header() {
    replay("header", crate::header);
}

#[test]
fn dispatch() {
    replay("dispatch", crate::dispatch);
}

#[test]
fn replies() {
    replay("replies", crate::replies);
}
