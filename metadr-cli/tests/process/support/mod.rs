//! What the tests with processes have in common.

#![allow(dead_code, reason = "each of their binaries uses a part of it")]

pub(crate) mod cluster;
pub(crate) mod group_client;
pub(crate) mod ports;
pub(crate) mod process;
pub(crate) mod proxy;
pub(crate) mod wire;

use std::fmt;
use std::io::{self, Write as _};
use std::path::PathBuf;
use std::thread;
use std::time::{Duration, Instant};

/// How long anything may take before a test gives up. Nothing ever takes so
/// long unless something is wrong.
pub(crate) const DEADLINE: Duration = Duration::from_secs(60);

/// Waits until there is what is waited for.
pub(crate) fn wait_for<T>(what: &str, mut condition: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + DEADLINE;
    loop {
        if let Some(found) = condition() {
            return found;
        }
        assert!(Instant::now() < deadline, "waited in vain for {what}");
        thread::sleep(Duration::from_millis(5));
    }
}

/// Says something that is to be seen although the test passes: that it was
/// skipped, or what was measured. What `println!` prints is not.
pub(crate) fn note(what: fmt::Arguments<'_>) {
    let test = thread::current();
    let test = test.name().unwrap_or("a test");
    let line = format!("{test}: {what}\n");
    // Whether anybody reads it is no reason to fail.
    let _ = io::stderr().lock().write_all(line.as_bytes());
}

/// A file of the workspace's `tests` directory.
pub(crate) fn shared_file(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../tests")
        .join(name)
}

/// Its text.
pub(crate) fn shared_text(name: &str) -> String {
    let path = shared_file(name);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}
