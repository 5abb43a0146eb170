//! The signals that stop a replica.

use async_signal::{Signal, Signals};
use futures::StreamExt;
use std::io;

/// Waits for SIGTERM or SIGINT.
pub(crate) struct StopSignals(Signals);

impl StopSignals {
    /// From now on these signals do not end the process by themselves.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub(crate) fn new() -> io::Result<Self> {
        Signals::new([Signal::Term, Signal::Int]).map(Self)
    }

    /// Waits for the next one. Returns its name, and the exit status of a
    /// process that it ends.
    pub(crate) async fn next(&mut self) -> (&'static str, i32) {
        match self.0.next().await {
            Some(Ok(Signal::Int)) => ("SIGINT", 128 + 2),
            _ => ("SIGTERM", 128 + 15),
        }
    }
}
