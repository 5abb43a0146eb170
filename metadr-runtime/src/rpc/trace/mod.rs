//! Traces of calls, for people.
//!
//! With `XDR_TRACE_CLIENT` or `XDR_TRACE_SERVER` in the environment, whatever
//! their value, each call and each reply of that side is a line on standard
//! error. With the feature `tracing`, each call is a span, and what becomes of
//! it an event. `docs/tracing.md` says what they look like.
//!
//! While nobody wants to see them, a call costs one relaxed load (with the
//! feature `tracing` another two). Only then are there a [`ClientTrace`] and a
//! [`ServerTrace`], which read the encoded messages once more.

mod call;
mod client;
mod line;
pub(super) mod log;
mod outcome;
mod server;
#[cfg_attr(not(feature = "tracing"), path = "no_spans.rs")]
mod spans;

pub(super) use client::ClientTrace;
pub(super) use line::Peer;
pub(super) use server::{Answered, ServerTrace, refused};
pub(super) use spans::{CallSpan, in_span};

use std::sync::atomic::{AtomicU8, Ordering};

/// A side of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Side {
    Client,
    Server,
}

/// What the environment says: a bit for each side, and all of them until it has
/// been read. It is read once: to change it while other threads run would be a
/// fault of the program.
static PRINTED: AtomicU8 = AtomicU8::new(u8::MAX);

impl Side {
    /// Whether anybody wants to see its calls.
    #[inline]
    fn is_traced(self) -> bool {
        self.is_printed() || spans::are_wanted(self)
    }

    /// Whether its calls are to be printed.
    #[inline]
    fn is_printed(self) -> bool {
        let printed = PRINTED.load(Ordering::Relaxed);
        // Off, this is all there is to it.
        printed & self.bit() != 0 && (printed != u8::MAX || read_environment() & self.bit() != 0)
    }

    const fn bit(self) -> u8 {
        match self {
            Self::Client => 1,
            Self::Server => 2,
        }
    }

    const fn variable(self) -> &'static str {
        match self {
            Self::Client => "XDR_TRACE_CLIENT",
            Self::Server => "XDR_TRACE_SERVER",
        }
    }
}

#[cold]
fn read_environment() -> u8 {
    let mut printed = 0;
    for side in [Side::Client, Side::Server] {
        if std::env::var_os(side.variable()).is_some() {
            printed |= side.bit();
        }
    }
    PRINTED.store(printed, Ordering::Relaxed);
    printed
}
