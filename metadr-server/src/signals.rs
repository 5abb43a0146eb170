//! The signals that stop a replica.

use crate::report::tell;
use async_signal::{Signal, Signals};
use futures::StreamExt;
use futures::future::pending;
use metadr_runtime::rt::{Instant, Runtime};
use std::io::{self, ErrorKind};

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
        loop {
            match self.0.next().await {
                Some(Ok(Signal::Term)) => return ("SIGTERM", 128 + 15),
                Some(Ok(Signal::Int)) => return ("SIGINT", 128 + 2),
                Some(Ok(_)) => {}
                Some(Err(error)) if error.kind() == ErrorKind::Interrupted => {}
                // Nobody has asked the replica to stop, so it goes on.
                failed => {
                    let why = failed.and_then(Result::err);
                    tell(format_args!("hears no signals any more: {why:?}"));
                    return pending().await;
                }
            }
        }
    }

    /// Waits for the first one that comes at this time or later.
    pub(crate) async fn next_after<R: Runtime>(
        &mut self,
        runtime: &R,
        earliest: Instant,
    ) -> (&'static str, i32) {
        loop {
            let signal = self.next().await;
            if runtime.now() >= earliest {
                return signal;
            }
        }
    }
}
