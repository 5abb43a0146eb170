//! Holds the interface and its program to what they were.

use metadr_idl::Builder;
use std::process::Command;

/// The meaning of the interface, without comments and layout: what changes this
/// snapshot changes what goes over the wire, or what users of it call.
#[test]
fn the_interface_stays_as_it_is() {
    let model = Builder::new().file("src/greeter.x").model().unwrap();
    insta::assert_snapshot!(model);
}

#[test]
fn the_program_greets() {
    let output = Command::new(env!("CARGO_BIN_EXE_greeter"))
        .output()
        .unwrap();
    assert_eq!(String::from_utf8(output.stdout).unwrap(), "Hello, Ada!\n");
}
