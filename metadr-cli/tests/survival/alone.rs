//! One test at a time.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Held by the test that runs.
pub(crate) fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    // It guards nothing that a test which failed could have left in disorder.
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}
