//! What happens apart from calls, and should not go unnoticed.
//!
//! With the feature `tracing` it is an event: an error if this side is at fault,
//! a warning if somebody else is. Errors are printed on standard error if nobody
//! takes events. With `XDR_TRACE_SERVER` everything is.

use super::Side;
use super::line::{self, Kind, Peer};
use super::outcome::Outcome;
use super::spans;
use crate::rpc::Procedure;
use std::fmt;
use std::io;
use std::net::SocketAddr;

/// The handler of a call has panicked.
#[cold]
pub(in crate::rpc) fn handler_panicked(
    peer: &Peer,
    xid: u32,
    procedure: &Procedure,
    message: &str,
) {
    spans::handler_panicked(peer, xid, procedure, message);
    print_error(
        "PANIC",
        &format_args!("in {procedure} [xid {xid:#010x}], called by {peer}: {message}"),
    );
}

/// A method of a service that handles no call has panicked.
#[cold]
pub(in crate::rpc) fn callback_panicked(method: &'static str, message: &str) {
    let what = format_args!("in {method} of a service: {message}");
    spans::error(&format_args!("panic {what}"));
    print_error("PANIC", &what);
}

/// A record was ignored, as it is not a call.
#[cold]
pub(in crate::rpc) fn record_ignored(peer: &Peer) {
    warn(&format_args!("{peer} has sent a record that is not a call"));
}

/// A call was refused of which nothing else could be read.
#[cold]
pub(super) fn stranger_refused(peer: &Peer, xid: u32, outcome: &Outcome) {
    spans::warn(&format_args!(
        "call {xid:#010x} of {peer} refused: {outcome}"
    ));
    if Side::Server.is_printed() {
        let head = line::head(Kind::Reply, Side::Server, peer, Some(xid), None);
        line::print(&format_args!("{head} {outcome}"));
    }
}

/// No more calls are taken from a connection, as its bytes are no records, or
/// it went beyond a limit.
#[cold]
pub(in crate::rpc) fn stream_refused(peer: &Peer, why: &dyn fmt::Display) {
    warn(&format_args!("no more calls of {peer} are taken: {why}"));
}

/// A connection was closed as there are so many already.
#[cold]
pub(in crate::rpc) fn connection_refused(peer: SocketAddr, limit: usize) {
    warn(&format_args!(
        "connection of {peer} refused: there are {limit} already"
    ));
}

/// Connections cannot be accepted at the moment.
#[cold]
pub(in crate::rpc) fn accept_failed(error: &io::Error) {
    let what = format_args!("no connections can be accepted: {error}");
    spans::error(&what);
    print_error("ERROR", &what);
}

/// Prints what must not be lost, unless an event has told of it.
fn print_error(kind: &str, what: &dyn fmt::Display) {
    if !spans::have_subscriber() || Side::Server.is_printed() {
        line::print(&format_args!("{kind} {what}"));
    }
}

fn warn(what: &dyn fmt::Display) {
    spans::warn(what);
    if Side::Server.is_printed() {
        line::print(&format_args!("NOTE {what}"));
    }
}
