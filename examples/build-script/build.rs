//! Compiles the interface. Cargo runs it again when the interface changes.

use metadr_idl::{Builder, Error};

fn main() -> Result<(), Error> {
    // Writes `greeter.rs` into `OUT_DIR`.
    Builder::new()
        .file("src/greeter.x")
        .runtime("::metadr")
        .compile()?;
    Ok(())
}
