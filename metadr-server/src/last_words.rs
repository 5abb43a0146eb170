//! What happens when an invariant does not hold.

use std::process;
use std::thread;

/// Ends the process if it is dropped by a panic.
///
/// A replica that has found itself wrong must not go on in part: an executor
/// may catch the panic, drop the replica's task, and leave a process that takes
/// calls and has nobody to answer them. Its promises are on disk, so it can be
/// started again like one that was killed.
pub(crate) struct EndsProcess;

impl Drop for EndsProcess {
    fn drop(&mut self) {
        if thread::panicking() {
            // As a panic in `main` does. What happened has been printed.
            process::exit(101);
        }
    }
}
