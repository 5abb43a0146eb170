//! Snapshots of trees and models as text.

use metadr_idl::Builder;

fn everything() -> Builder {
    let root = env!("CARGO_MANIFEST_DIR");
    Builder::new().root(root).file("tests/inputs/everything.x")
}

#[test]
fn tree_of_everything() {
    insta::assert_snapshot!(everything().tree().unwrap());
}

#[test]
fn model_of_everything() {
    insta::assert_snapshot!(everything().model().unwrap());
}
