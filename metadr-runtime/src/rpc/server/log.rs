//! What an operator should know.

use super::calls::Panic;
use super::core::Ticket;
use std::fmt;
use std::net::SocketAddr;

/// A service has panicked, in a call or when it was told of something.
pub(super) fn panicked(call: Option<&Ticket>, peer: Option<SocketAddr>, panic: &Panic) {
    let peer = fmt::from_fn(|f| match peer {
        Some(peer) => write!(f, " from {peer}"),
        None => Ok(()),
    });
    let call = fmt::from_fn(|f| match call {
        Some(call) => write!(f, "{call}"),
        None => f.write_str("a notification"),
    });
    error(format_args!(
        "a handler panicked in {call}{peer}: {}",
        panic.message()
    ));
}

/// Connections cannot be accepted.
pub(super) fn cannot_accept(error: &std::io::Error) {
    self::error(format_args!("cannot accept connections: {error}"));
}

#[cfg(feature = "tracing")]
fn error(text: fmt::Arguments<'_>) {
    tracing::error!(target: "metadr::rpc", "{text}");
}

#[cfg(not(feature = "tracing"))]
fn error(text: fmt::Arguments<'_>) {
    use std::io::Write;

    // Who has closed the standard error does not want to know.
    let _ = writeln!(std::io::stderr(), "metadr: {text}");
}
