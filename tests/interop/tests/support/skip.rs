//! Tests for which something is missing.

use std::io::{Write as _, stderr};

/// Says that a test is skipped, on the real standard error: what `eprintln!`
/// prints is shown of tests that fail, and no others.
pub(crate) fn skip(what: &str, why: &str) {
    let message = format!("{what}: skipped: {why}");
    assert!(std::env::var_os("METADR_CI").is_none(), "{message}");
    // Whether anybody reads it is no reason to fail.
    let _ = stderr().lock().write_all(format!("{message}\n").as_bytes());
}
