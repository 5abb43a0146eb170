//! The client's side of a connection as a state machine.

use super::ClientConfig;
use super::call::{CallId, put_header};
use super::error::{CallError, CloseReason, ProtocolError};
use super::reply;
use super::table::{Call, CallTable, Outcome};
use super::turns::{TurnId, Turns};
use crate::rpc::transmit::TransmitBuffer;
use crate::rpc::{OpaqueAuth, Procedure};
use crate::rt::Instant;
use crate::xdr::{EncodeError, XdrEncoder};
use bytes::Bytes;
use std::collections::VecDeque;

/// The client's side of a connection, with any number of calls in flight. When
/// the connection is lost, another one can take its place.
///
/// Sans-IO: it does no input or output and reads no clock. `T` says whom to
/// tell of what has become of a call; the drivers' is a waker. Its methods are
/// of four kinds; times given to them must not go backwards.
///
/// - A, getters: [`turn`](Self::turn), [`has_waiting`](Self::has_waiting),
///   [`is_connected`](Self::is_connected), [`closed`](Self::closed),
///   [`has_output`](Self::has_output), [`answered`](Self::answered),
///   [`unmatched_replies`](Self::unmatched_replies).
/// - B, inputs, from the connection and the clock:
///   [`handle_record`](Self::handle_record), a record as a
///   [`RecordReader`](crate::rpc::record::RecordReader) cuts it out of what
///   comes from the server; [`handle_written`](Self::handle_written);
///   [`handle_timeout`](Self::handle_timeout); [`connected`](Self::connected),
///   [`disconnected`](Self::disconnected) and [`close`](Self::close).
/// - C, commands: [`start_call`](Self::start_call) and
///   [`start_one_way`](Self::start_one_way), only when [`turn`](Self::turn) is
///   [`Turn::Now`]; [`wait_turn`](Self::wait_turn) and
///   [`leave`](Self::leave); [`cancel`](Self::cancel).
/// - D, outputs, to be asked for after any of B and C, in this order:
///   [`offer_turns`](Self::offer_turns), which C needs only if it made room;
///   [`poll_told`](Self::poll_told) until there is none;
///   [`take_output`](Self::take_output), whenever the connection takes bytes;
///   [`poll_timeout`](Self::poll_timeout). [`take_outcome`](Self::take_outcome)
///   and [`take_discarded`](Self::take_discarded) at any time.
///
/// A call is encoded when its turn comes, at the end of the outgoing bytes, and
/// calls go out in the order in which they asked for their turn. A reply whose
/// xid is not that of a call in flight is counted and otherwise ignored: it is
/// the late one of a call that was cancelled or timed out.
#[derive(Debug)]
pub struct ClientCore<T> {
    max_calls_in_flight: usize,
    max_queued_bytes: usize,
    max_waiting_calls: usize,
    phase: Phase,
    calls: CallTable<T>,
    turns: Turns<T>,
    output: TransmitBuffer,
    // What was to be written to a connection that has been lost.
    discarded: TransmitBuffer,
    // Bytes of the outgoing stream: how many there are, and how many have been
    // written.
    accepted: u64,
    written: u64,
    told: VecDeque<T>,
    answered: u64,
    unmatched_replies: u64,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Phase {
    Connected,
    /// For now.
    Disconnected(CloseReason),
    /// For good.
    Closed(CloseReason),
}

/// Whether a call may be started.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Turn {
    /// It may.
    Now,
    /// It has to wait, in the queue.
    Later,
    /// Never: it has waited until its deadline, or the connection is closed, or
    /// there is none and too many calls wait for one already.
    Never(CallError),
}

/// A: getters.
impl<T> ClientCore<T> {
    /// A connection on which nothing has happened. The first call has the
    /// transaction id `first_xid`: one that an earlier connection from the same
    /// address has not used lately, as servers may keep replies by address and
    /// xid.
    #[must_use]
    pub fn new(config: &ClientConfig, first_xid: u32) -> Self {
        Self {
            max_calls_in_flight: config.max_calls_in_flight,
            max_queued_bytes: config.max_queued_bytes,
            max_waiting_calls: config.max_waiting_calls,
            phase: Phase::Connected,
            calls: CallTable::new(first_xid),
            turns: Turns::new(),
            output: TransmitBuffer::default(),
            discarded: TransmitBuffer::default(),
            accepted: 0,
            written: 0,
            told: VecDeque::new(),
            answered: 0,
            unmatched_replies: 0,
        }
    }

    /// Whether a call may be started: one that comes now, or one that waits.
    #[must_use]
    pub fn turn(&self, waiting: Option<TurnId>, is_one_way: bool) -> Turn {
        let is_next = match waiting {
            None => self.turns.is_empty(),
            Some(id) => self.turns.is_first(id),
        };
        match &self.phase {
            Phase::Closed(reason) => return closed(reason, false),
            Phase::Disconnected(reason)
                if waiting.is_none() && self.turns.len() >= self.max_waiting_calls =>
            {
                return closed(reason, false);
            }
            Phase::Connected if is_next && self.has_room(is_one_way) => return Turn::Now,
            Phase::Connected | Phase::Disconnected(_) => {}
        }
        if waiting.is_none_or(|id| self.turns.contains(id)) {
            Turn::Later
        } else {
            Turn::Never(CallError::TimedOut { sent: false })
        }
    }

    /// Whether calls wait their turn.
    #[must_use]
    pub fn has_waiting(&self) -> bool {
        !self.turns.is_empty()
    }

    /// Whether there is a connection.
    #[must_use]
    pub fn is_connected(&self) -> bool {
        self.phase == Phase::Connected
    }

    /// Why it is closed for good, if it is.
    #[must_use]
    pub fn closed(&self) -> Option<&CloseReason> {
        match &self.phase {
            Phase::Closed(reason) => Some(reason),
            Phase::Connected | Phase::Disconnected(_) => None,
        }
    }

    /// Whether there are bytes to write that have not been
    /// [taken](Self::take_output).
    #[must_use]
    pub fn has_output(&self) -> bool {
        !self.output.is_empty()
    }

    /// How many calls have been answered.
    #[must_use]
    pub fn answered(&self) -> u64 {
        self.answered
    }

    /// How many messages came that answer no call in flight.
    #[must_use]
    pub fn unmatched_replies(&self) -> u64 {
        self.unmatched_replies
    }

    fn has_room(&self, is_one_way: bool) -> bool {
        let has_slot = is_one_way || self.calls.waiting() < self.max_calls_in_flight;
        has_slot && self.has_room_for_bytes()
    }

    fn has_room_for_bytes(&self) -> bool {
        // One call may always go over it.
        self.accepted - self.written < self.max_queued_bytes.max(1) as u64
    }
}

/// B: inputs.
impl<T> ClientCore<T> {
    /// Takes in a record from the server. Its bytes live on in the results of
    /// the call it replies to.
    ///
    /// # Errors
    ///
    /// [`ProtocolError`]: the connection is of no more use and should be ended
    /// for this reason.
    pub fn handle_record(&mut self, record: Bytes) -> Result<(), ProtocolError> {
        let reply = reply::read(record)?;
        let told = reply.and_then(|reply| {
            let id = CallId::new(reply.xid);
            self.calls.finish(id, reply.outcome)
        });
        match told {
            Some(tag) => {
                self.answered += 1;
                self.told.push_back(tag);
            }
            None => self.unmatched_replies += 1,
        }
        Ok(())
    }

    /// Says that `count` more of the bytes that were [taken](Self::take_output)
    /// have been written.
    pub fn handle_written(&mut self, count: usize) {
        self.written += count as u64;
    }

    /// Says that it is `now`. Calls end up to a millisecond after their deadlines.
    pub fn handle_timeout(&mut self, now: Instant) {
        self.calls.expire(now, |tag| self.told.push_back(tag));
        self.turns.expire(now, |tag| self.told.push_back(tag));
    }

    /// Says that there is a connection again, unless it is closed for good.
    pub fn connected(&mut self) {
        if let Phase::Disconnected(_) = self.phase {
            self.phase = Phase::Connected;
        }
    }

    /// Says that the connection is lost, or could not be made. Calls in flight
    /// end; those that wait their turn go on waiting, for another connection.
    pub fn disconnected(&mut self, reason: CloseReason) {
        if self.closed().is_none() {
            self.end_calls(&reason);
            self.phase = Phase::Disconnected(reason);
        }
    }

    /// Ends all calls, as the connection is closed for good.
    pub fn close(&mut self, reason: CloseReason) {
        if self.closed().is_none() {
            self.end_calls(&reason);
            self.turns.clear(|tag| self.told.push_back(tag));
            self.phase = Phase::Closed(reason);
        }
    }

    fn end_calls(&mut self, reason: &CloseReason) {
        let written = self.written;
        let error = |end| CallError::Closed {
            reason: reason.clone(),
            // Of a record that was not written in full, a server cannot have
            // made a call.
            sent: end <= written,
        };
        self.calls.fail_all(error, |tag| self.told.push_back(tag));
        self.discarded = std::mem::take(&mut self.output);
        (self.accepted, self.written) = (0, 0);
    }
}

/// C: commands.
impl<T> ClientCore<T> {
    /// Calls a procedure; `encode` writes its arguments. The call has an outcome
    /// by `deadline`, and `tag` is told.
    ///
    /// # Errors
    ///
    /// Those of `encode`, and [`EncodeError::TooLong`] for a credential of over
    /// 400 bytes and a call of 2 GiB. The call is not made then.
    pub fn start_call(
        &mut self,
        procedure: &Procedure,
        credential: &OpaqueAuth,
        deadline: Option<Instant>,
        tag: T,
        encode: impl FnOnce(&mut XdrEncoder<'_>) -> Result<(), EncodeError>,
    ) -> Result<CallId, EncodeError> {
        let id = self.calls.next_id();
        let end = self.encode(id, procedure, credential, encode)?;
        self.calls.insert(Call { tag, deadline, end });
        Ok(id)
    }

    /// Makes a call that the server does not answer.
    ///
    /// # Errors
    ///
    /// As for [`start_call`](Self::start_call).
    pub fn start_one_way(
        &mut self,
        procedure: &Procedure,
        credential: &OpaqueAuth,
        encode: impl FnOnce(&mut XdrEncoder<'_>) -> Result<(), EncodeError>,
    ) -> Result<CallId, EncodeError> {
        let id = self.calls.take_id();
        self.encode(id, procedure, credential, encode)?;
        Ok(id)
    }

    /// Waits for a turn, in the queue; `tag` is told to look for it again, also
    /// if it has not come by `deadline`.
    pub fn wait_turn(&mut self, is_one_way: bool, deadline: Option<Instant>, tag: T) -> TurnId {
        self.turns.push(is_one_way, deadline, tag)
    }

    /// Leaves the queue: the turn has come, or is not wanted any more. Gives
    /// back whom it would have told.
    pub fn leave(&mut self, id: TurnId) -> Option<T> {
        self.turns.remove(id)
    }

    /// Sets whom to tell of a turn. Gives back who it was before.
    pub fn tell_turn(&mut self, id: TurnId, tag: T) -> Option<T> {
        self.turns.set_tag(id, tag)
    }

    /// Whom to tell of a call that has no outcome yet.
    pub fn tag_mut(&mut self, id: CallId) -> Option<&mut T> {
        self.calls.tag_mut(id)
    }

    /// Forgets a call. The server gets it all the same.
    pub fn cancel(&mut self, id: CallId) -> Option<T> {
        self.calls.remove(id)
    }

    fn encode(
        &mut self,
        id: CallId,
        procedure: &Procedure,
        credential: &OpaqueAuth,
        encode: impl FnOnce(&mut XdrEncoder<'_>) -> Result<(), EncodeError>,
    ) -> Result<u64, EncodeError> {
        let start = self.output.len();
        self.output.encode(|encoder| {
            put_header(encoder, id, procedure, credential)?;
            encode(encoder)
        })?;
        self.accepted += (self.output.len() - start) as u64;
        Ok(self.accepted)
    }
}

/// D: outputs.
impl<T> ClientCore<T> {
    /// Tells the calls that wait first, as far as there is room, to look whether
    /// it is their turn.
    pub fn offer_turns(&mut self) {
        if self.turns.is_empty() || !self.is_connected() || !self.has_room_for_bytes() {
            return;
        }
        let mut slots = self
            .max_calls_in_flight
            .saturating_sub(self.calls.waiting());
        let has_room = |is_one_way: bool| {
            let has_room = is_one_way || slots > 0;
            slots -= usize::from(!is_one_way && has_room);
            has_room
        };
        self.turns.tell(has_room, |tag| self.told.push_back(tag));
    }

    /// Whom to tell to look whether it is its turn, after one in front of it has
    /// left the queue: the first one only.
    pub fn offer_next_turn(&mut self) -> Option<T> {
        if self.turns.is_empty() || !self.is_connected() || !self.has_room_for_bytes() {
            return None;
        }
        let has_slot = self.calls.waiting() < self.max_calls_in_flight;
        self.turns.tell_first(|is_one_way| is_one_way || has_slot)
    }

    /// Somebody whose call has an outcome, or is to look for its turn.
    pub fn poll_told(&mut self) -> Option<T> {
        self.told.pop_front()
    }

    /// What became of a call, once.
    pub fn take_outcome(&mut self, id: CallId) -> Option<Outcome> {
        self.calls.take_outcome(id)
    }

    /// Exchanges the bytes to write to the server, which go out in this order,
    /// for an empty buffer. Tells whether there are any.
    ///
    /// # Panics
    ///
    /// If the buffer is not empty.
    pub fn take_output(&mut self, buffer: &mut TransmitBuffer) -> bool {
        assert!(buffer.is_empty(), "bytes to write would be lost");
        std::mem::swap(&mut self.output, buffer);
        !buffer.is_empty()
    }

    /// What was to be written to a connection that has been lost. Data of
    /// callers may be in it: dropping it may run code of theirs.
    pub fn take_discarded(&mut self) -> TransmitBuffer {
        std::mem::take(&mut self.discarded)
    }

    /// When to call [`handle_timeout`](Self::handle_timeout).
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Instant> {
        let deadlines = [self.calls.next_check(), self.turns.next_deadline()];
        deadlines.into_iter().flatten().min()
    }
}

fn closed(reason: &CloseReason, sent: bool) -> Turn {
    let reason = reason.clone();
    Turn::Never(CallError::Closed { reason, sent })
}

#[cfg(test)]
mod tests;
