//! What the traces of both sides have in common.

use super::Side;
use super::line::{self, Kind, MAX_TEXT, Peer};
use super::outcome::Outcome;
use super::spans::{self, CallSpan};
use crate::rpc::Procedure;
use bytes::Bytes;
use std::fmt;
use std::time::Duration;

/// A call that somebody wants to see.
#[derive(Debug)]
pub(super) struct TracedCall {
    side: Side,
    peer: Peer,
    procedure: Procedure,
    xid: Option<u32>,
    span: CallSpan,
    /// Whether no more is to be said of it.
    has_ended: bool,
}

/// The end of a call.
pub(super) struct End<'a> {
    pub(super) outcome: Outcome,
    /// The encoded results, if there are any.
    pub(super) results: Option<&'a Bytes>,
    /// The kind of line that tells of it. None does if a one-way call has gone out.
    pub(super) line: Option<Kind>,
    /// From the call to its end, if it is known.
    pub(super) duration: Option<Duration>,
}

impl TracedCall {
    pub(super) fn new(side: Side, peer: Peer, procedure: Procedure) -> Self {
        Self {
            side,
            procedure,
            xid: None,
            span: CallSpan::new(side, &peer, &procedure),
            peer,
            has_ended: false,
        }
    }

    /// Whether anybody wants to see arguments and results.
    pub(super) fn wants_bodies(&self) -> bool {
        self.side.is_printed() || spans::want_bodies(self.side)
    }

    pub(super) fn span(&self) -> &CallSpan {
        &self.span
    }

    /// Shows the call, which has this xid and these encoded arguments.
    pub(super) fn show_call(&mut self, xid: u32, arguments: impl FnOnce() -> Bytes) {
        self.set_xid(xid);
        if !self.wants_bodies() {
            return;
        }
        let arguments = &arguments();
        let shown = self.procedure.show_arguments(arguments, MAX_TEXT);
        if self.side.is_printed() {
            let head = self.head(Kind::Call);
            line::print(&format_args!("{head}({shown})"));
        }
        self.span.show_arguments(&shown);
    }

    /// Shows the call, of whose arguments nothing is known.
    pub(super) fn show_unread_call(&mut self, xid: u32) {
        self.set_xid(xid);
        if self.side.is_printed() {
            let head = self.head(Kind::Call);
            line::print(&format_args!("{head}(…)"));
        }
    }

    fn set_xid(&mut self, xid: u32) {
        self.xid = Some(xid);
        self.span.set_xid(xid);
    }

    fn head(&self, kind: Kind) -> impl fmt::Display {
        line::head(kind, self.side, &self.peer, self.xid, Some(&self.procedure))
    }

    /// Shows how the call ends.
    pub(super) fn show_end(&mut self, end: &End<'_>) {
        self.has_ended = true;
        let shown = end
            .results
            .filter(|_| self.wants_bodies())
            .map(|results| self.procedure.show_results(results, MAX_TEXT).to_string());
        if let Some(kind) = end.line.filter(|_| self.side.is_printed()) {
            let mut text = format!("{} {}", self.head(kind), end.outcome);
            if let Some(duration) = end.duration {
                text += &format!(" in {}", line::milliseconds(duration));
            }
            if let Some(shown) = shown.as_ref().filter(|shown| !shown.is_empty()) {
                text += &format!(": {shown}");
            }
            line::print(&text);
        }
        if let Some(shown) = &shown {
            self.span.show_results(shown);
        }
        self.span.end(&self.peer, &self.procedure, self.xid, end);
    }

    /// Shows that the call was dropped, unless it has ended.
    pub(super) fn show_dropped(&mut self, outcome: Outcome) {
        if self.has_ended {
            return;
        }
        self.show_end(&End {
            outcome,
            results: None,
            line: Some(Kind::End),
            duration: None,
        });
    }
}
