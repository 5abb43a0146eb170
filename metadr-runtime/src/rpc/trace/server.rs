//! Traces of the calls that a server gets.

use super::Side;
use super::call::{End, TracedCall};
use super::line::{Kind, Peer};
use super::log;
use super::outcome::Outcome;
use super::spans::CallSpan;
use crate::rpc::Procedure;
use crate::rpc::wire::{AuthStat, MessageStart, ReplyHeader};
use crate::rt::Instant;
use crate::xdr::{Decode, XdrDecoder};
use bytes::Bytes;
use std::borrow::Cow;
use std::mem;

/// The size of the mark in front of a record.
const MARK: usize = 4;
/// More than the header of a reply takes, most of which is its verifier.
const MAX_HEADER: usize = 512;

/// The trace of a call. If it is dropped before it is finished, the connection
/// was lost.
#[derive(Debug)]
pub(in crate::rpc) struct ServerTrace {
    peer: Peer,
    arguments: Bytes,
    // None before it has been started.
    call: Option<TracedCall>,
    started: Instant,
}

/// How a call ends.
pub(in crate::rpc) enum Answered<'a> {
    /// With this record, mark and all.
    Record(Cow<'a, [u8]>),
    /// Without a reply.
    None,
    /// With `AUTH_ERROR`, for this reason.
    Denied(AuthStat),
    /// With the end of the connection.
    CloseConnection,
    /// In a panic with this message.
    Panic {
        /// What it says.
        message: &'a str,
        /// Whether the caller gets `SYSTEM_ERR`.
        is_answered: bool,
    },
}

impl ServerTrace {
    /// Whether anybody wants to see calls.
    #[inline]
    pub(in crate::rpc) fn is_on() -> bool {
        Side::Server.is_traced()
    }

    /// The trace of a call that has come, with these encoded arguments.
    #[cold]
    pub(in crate::rpc) fn new(peer: Peer, arguments: &Bytes) -> Box<Self> {
        Box::new(Self {
            peer,
            arguments: arguments.clone(),
            call: None,
            started: Instant::ZERO,
        })
    }

    /// Says that the call is given to its service.
    pub(in crate::rpc) fn start(&mut self, procedure: Procedure, xid: u32, now: Instant) {
        let mut call = TracedCall::new(Side::Server, self.peer.clone(), procedure);
        // They are not kept: the caller's limits do not count them any more
        // when the handler has taken them.
        let arguments = mem::take(&mut self.arguments);
        call.show_call(xid, || arguments);
        self.call = Some(call);
        self.started = now;
    }

    /// The span of the call, in which its handler runs.
    pub(in crate::rpc) fn span(&self) -> Option<&CallSpan> {
        self.call.as_ref().map(TracedCall::span)
    }

    /// Says how the call has ended.
    #[cold]
    pub(in crate::rpc) fn finish(&mut self, answered: &Answered<'_>, now: Instant) {
        let Some(call) = &mut self.call else {
            return;
        };
        let duration = Some(now.saturating_duration_since(self.started));
        let (outcome, results, has_reply) = match answered {
            Answered::Record(record) => {
                let message = record.get(MARK..).unwrap_or_default();
                let (header, size) = read_header(message);
                let outcome = header.map_or(Outcome::NO_REPLY, |header| Outcome::of_reply(&header));
                let has_results = outcome == Outcome::SUCCESS && call.wants_bodies();
                let results = has_results.then(|| Bytes::copy_from_slice(&message[size..]));
                (outcome, results, true)
            }
            Answered::None => (Outcome::NO_REPLY, None, false),
            Answered::Denied(reason) => (Outcome::denied(*reason), None, true),
            Answered::CloseConnection => (Outcome::CLOSED, None, false),
            Answered::Panic {
                message,
                is_answered,
            } => {
                let outcome = Outcome::panicked(message, *is_answered);
                (outcome, None, *is_answered)
            }
        };
        call.show_end(&End {
            outcome,
            results: results.as_ref(),
            line: Some(if has_reply { Kind::Reply } else { Kind::End }),
            duration,
        });
    }
}

impl Drop for ServerTrace {
    fn drop(&mut self) {
        if let Some(call) = &mut self.call {
            call.show_dropped(Outcome::LOST);
        }
    }
}

/// The header of a reply that this side has made, and how many bytes it has.
fn read_header(message: &[u8]) -> (Option<ReplyHeader>, usize) {
    let beginning = Bytes::copy_from_slice(&message[..message.len().min(MAX_HEADER)]);
    let mut decoder = XdrDecoder::new(&beginning);
    let header = MessageStart::decode(&mut decoder).and_then(|_| ReplyHeader::decode(&mut decoder));
    (header.ok(), decoder.position())
}

/// Shows a call that no service gets to see, and what is replied. What is called
/// is not known if the call is of another version of RPC.
#[cold]
pub(in crate::rpc) fn refused(
    peer: &Peer,
    xid: u32,
    procedure: Option<[u32; 3]>,
    reply: &ReplyHeader,
) {
    if !ServerTrace::is_on() {
        return;
    }
    let outcome = Outcome::of_reply(reply);
    let Some([program, version, number]) = procedure else {
        return log::stranger_refused(peer, xid, &outcome);
    };
    let procedure = Procedure::unnamed(program, version, number);
    let mut call = TracedCall::new(Side::Server, peer.clone(), procedure);
    call.show_unread_call(xid);
    call.show_end(&End {
        outcome,
        results: None,
        line: Some(Kind::Reply),
        duration: None,
    });
}
