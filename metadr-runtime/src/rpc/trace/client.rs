//! Traces of a client's calls.

use super::Side;
use super::call::{End, TracedCall};
use super::line::{Kind, Peer};
use super::outcome::{Outcome, is_reply};
use crate::rpc::{CallError, Procedure};
use crate::rt::Instant;
use crate::xdr::{EncodeError, XdrEncoder};
use bytes::{Bytes, BytesMut};

/// The trace of a call. If it is dropped before it is [finished](Self::finish),
/// the call has been cancelled.
#[derive(Debug)]
pub(in crate::rpc) struct ClientTrace {
    call: TracedCall,
    is_one_way: bool,
    started: Instant,
}

impl ClientTrace {
    /// Whether anybody wants to see calls.
    #[inline]
    pub(in crate::rpc) fn is_on() -> bool {
        Side::Client.is_traced()
    }

    /// The trace of a call that begins.
    #[cold]
    pub(in crate::rpc) fn start(
        peer: Peer,
        procedure: Procedure,
        is_one_way: bool,
        now: Instant,
    ) -> Box<Self> {
        Box::new(Self {
            call: TracedCall::new(Side::Client, peer, procedure),
            is_one_way,
            started: now,
        })
    }

    /// Says that the call has been given to the connection, with this xid.
    /// `encode` is what has written its arguments: it writes them once more.
    #[cold]
    pub(in crate::rpc) fn sent(
        &mut self,
        xid: u32,
        encode: impl Fn(&mut XdrEncoder<'_>) -> Result<(), EncodeError>,
    ) {
        self.call.show_call(xid, || {
            let mut arguments = BytesMut::new();
            // It has succeeded before.
            let _ = encode(&mut XdrEncoder::new(&mut arguments));
            arguments.freeze()
        });
    }

    /// Says what has become of the call: its results, if there were any, and
    /// the error that the caller gets.
    #[cold]
    pub(in crate::rpc) fn finish(
        &mut self,
        results: Option<&Bytes>,
        error: Option<&CallError>,
        now: Instant,
    ) {
        let outcome = match error {
            Some(error) => Outcome::of_error(error),
            None if self.is_one_way => Outcome::NO_REPLY,
            None => Outcome::SUCCESS,
        };
        let line = match error {
            None if self.is_one_way => None,
            Some(error) if !is_reply(error) => Some(Kind::End),
            _ => Some(Kind::Reply),
        };
        self.call.show_end(&End {
            outcome,
            results: results.filter(|_| !self.is_one_way),
            line,
            duration: Some(now.saturating_duration_since(self.started)),
        });
    }
}

impl Drop for ClientTrace {
    fn drop(&mut self) {
        self.call.show_dropped(Outcome::CANCELLED);
    }
}
