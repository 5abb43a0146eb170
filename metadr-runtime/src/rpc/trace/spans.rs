//! Calls as spans and events of the crate `tracing`.

use super::Side;
use super::call::End;
use super::line::Peer;
use super::outcome::Fault;
use crate::rpc::Procedure;
use std::fmt;
use std::future::Future;
use tracing::field::{Empty, debug, display};
use tracing::instrument::{Instrument, Instrumented};
use tracing::span::Entered;
use tracing::{Level, Span, Value, debug_span, enabled, event};

/// What spans and events of clients have as their target.
const CLIENT: &str = "metadr_runtime::rpc::client";
/// Those of servers.
const SERVER: &str = "metadr_runtime::rpc::server";

/// The span of a call; that which is none where nobody wants any.
#[derive(Clone, Debug)]
pub(in crate::rpc) struct CallSpan {
    side: Side,
    span: Span,
}

/// Whether anybody wants to see more than panics.
pub(super) fn are_wanted(side: Side) -> bool {
    match side {
        Side::Client => enabled!(target: CLIENT, Level::WARN),
        Side::Server => enabled!(target: SERVER, Level::WARN),
    }
}

/// Whether anybody takes events at all.
pub(super) fn have_subscriber() -> bool {
    tracing::dispatcher::has_been_set()
}

/// The event of a handler that has panicked.
pub(super) fn handler_panicked(peer: &Peer, xid: u32, procedure: &Procedure, panic: &str) {
    let (call, peer) = (display(procedure), display(peer));
    event!(target: SERVER, Level::ERROR, call, peer, xid, panic, "handler panicked");
}

/// An event of a server, apart from calls, that is the fault of this side.
pub(super) fn error(what: &dyn fmt::Display) {
    event!(target: SERVER, Level::ERROR, "{what}");
}

/// One that is not.
pub(super) fn warn(what: &dyn fmt::Display) {
    event!(target: SERVER, Level::WARN, "{what}");
}

/// Whether anybody wants to see arguments and results.
pub(super) fn want_bodies(side: Side) -> bool {
    match side {
        Side::Client => enabled!(target: CLIENT, Level::TRACE),
        Side::Server => enabled!(target: SERVER, Level::TRACE),
    }
}

/// An event of the side's target.
macro_rules! event_of {
    ($side:expr, $level:expr, $($rest:tt)*) => {
        match $side {
            Side::Client => event!(target: CLIENT, $level, $($rest)*),
            Side::Server => event!(target: SERVER, $level, $($rest)*),
        }
    };
}

impl CallSpan {
    /// A child of the span that the thread is in.
    pub(super) fn new(side: Side, peer: &Peer, procedure: &Procedure) -> Self {
        let (program, version) = (procedure.program(), procedure.version());
        let number = procedure.number();
        let names = [
            procedure.program_name(),
            procedure.version_name(),
            procedure.name(),
        ];
        let [program, version, procedure] = [
            named(&names[0], &program),
            named(&names[1], &version),
            named(&names[2], &number),
        ];
        macro_rules! span {
            ($target:expr, $name:expr) => {
                debug_span!(
                    target: $target, $name, program, version, procedure, peer = display(peer),
                    xid = Empty, outcome = Empty, duration = Empty,
                )
            };
        }
        let span = match side {
            Side::Client => span!(CLIENT, "rpc call"),
            Side::Server => span!(SERVER, "rpc handler"),
        };
        Self { side, span }
    }

    pub(super) fn set_xid(&self, xid: u32) {
        self.span.record("xid", xid);
    }

    pub(super) fn show_arguments(&self, arguments: &dyn fmt::Display) {
        let arguments = display(arguments);
        self.span
            .in_scope(|| event_of!(self.side, Level::TRACE, arguments, "call"));
    }

    pub(super) fn show_results(&self, results: &dyn fmt::Display) {
        let results = display(results);
        self.span
            .in_scope(|| event_of!(self.side, Level::TRACE, results, "results"));
    }

    pub(super) fn end(&self, peer: &Peer, procedure: &Procedure, xid: Option<u32>, end: &End<'_>) {
        let Self { side, span } = self;
        let outcome = display(&end.outcome);
        let duration = end.duration.map(debug);
        span.record("outcome", &outcome);
        span.record("duration", &duration);
        // The span need not be there: who wants to see failures alone has none.
        let call = display(procedure);
        let peer = display(peer);
        span.in_scope(|| match end.outcome.fault {
            Fault::Peers => {
                event_of!(
                    side,
                    Level::WARN,
                    call,
                    peer,
                    xid,
                    outcome,
                    duration,
                    "call failed"
                );
            }
            Fault::Own => {
                event_of!(
                    side,
                    Level::DEBUG,
                    call,
                    peer,
                    xid,
                    outcome,
                    duration,
                    "call failed"
                );
            }
            Fault::None => {
                event_of!(
                    side,
                    Level::DEBUG,
                    call,
                    peer,
                    xid,
                    outcome,
                    duration,
                    "call done"
                );
            }
        });
    }

    /// Makes it the span that the thread is in, until the guard is dropped.
    pub(in crate::rpc) fn enter(&self) -> Entered<'_> {
        self.span.enter()
    }
}

fn named<'a>(name: &'a Option<&'static str>, number: &'a u32) -> &'a dyn Value {
    match name {
        Some(name) => name,
        None => number,
    }
}

/// A future that runs in a span.
pub(in crate::rpc) type InSpan<F> = Instrumented<F>;

/// The future, to be polled in the span, if there is one.
pub(in crate::rpc) fn in_span<F: Future>(span: Option<&CallSpan>, future: F) -> InSpan<F> {
    future.instrument(span.map_or_else(Span::none, |span| span.span.clone()))
}
