//! What a real compiler says of what comes out: nothing at all.

#[path = "../support/crate_on_disk.rs"]
mod crate_on_disk;
mod debian;
mod options;
mod scaffold;
