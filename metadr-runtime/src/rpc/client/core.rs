//! The client's side of a connection as a state machine.

use super::ClientConfig;
use super::call::{CallId, CallRecord};
use super::error::{CallError, CloseReason, ProtocolError};
use super::reply::{self, Reply};
use super::table::{Call, CallState, CallTable};
use crate::rpc::record::RecordReader;
use crate::rpc::transmit::TransmitBuffer;
use crate::rt::Instant;
use bytes::Bytes;
use std::collections::{BTreeMap, VecDeque};
use std::io::IoSlice;

/// The client's side of one connection, with any number of calls in flight.
///
/// Sans-IO: it does no input or output and reads no clock. Its methods are of
/// four kinds.
///
/// - A, getters: [`is_congested`](Self::is_congested),
///   [`unmatched_replies`](Self::unmatched_replies).
/// - B, inputs, from the connection and the clock: [`recv_space`](Self::recv_space)
///   and [`recv_advance`](Self::recv_advance), [`handle_timeout`](Self::handle_timeout).
/// - C, commands: [`start_call`](Self::start_call),
///   [`start_one_way`](Self::start_one_way), [`cancel`](Self::cancel),
///   [`close`](Self::close).
/// - D, outputs, to be asked for after any of B and C, in this order:
///   [`poll_event`](Self::poll_event) until there is none;
///   [`transmit`](Self::transmit) and [`transmit_advance`](Self::transmit_advance),
///   whenever the connection takes bytes; [`poll_timeout`](Self::poll_timeout).
///
/// Calls go out in the order in which they were started. Those over a limit of
/// [`ClientConfig`] wait their turn inside, under their deadlines. A reply
/// whose xid is not that of a call in flight is counted and otherwise ignored:
/// it is the late one of a call that was cancelled or timed out.
///
/// Ids of calls must be different and lie close together: an xid is
/// understood as one of the 2³² latest.
#[derive(Debug)]
pub struct ClientCore {
    max_calls_in_flight: usize,
    max_queued_bytes: usize,
    reader: RecordReader,
    output: TransmitBuffer,
    calls: CallTable,
    calls_in_flight: usize,
    queue: BTreeMap<u64, Queued>,
    next_sequence: u64,
    newest: CallId,
    events: VecDeque<ClientEvent>,
    unmatched_replies: u64,
}

/// What became of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ClientEvent {
    /// The call has an outcome: its encoded results, or an error.
    Finished {
        /// The call.
        id: CallId,
        /// The outcome.
        outcome: Result<Bytes, CallError>,
    },
    /// The one-way call is in the outgoing stream; nothing more will be heard of it.
    Accepted {
        /// The call.
        id: CallId,
    },
}

#[derive(Debug)]
struct Queued {
    record: CallRecord,
    is_one_way: bool,
}

/// A: getters.
impl ClientCore {
    /// A connection on which nothing has happened.
    #[must_use]
    pub fn new(config: &ClientConfig) -> Self {
        Self {
            max_calls_in_flight: config.max_calls_in_flight,
            max_queued_bytes: config.max_queued_bytes,
            reader: RecordReader::new(config.max_reply),
            output: TransmitBuffer::default(),
            calls: CallTable::default(),
            calls_in_flight: 0,
            queue: BTreeMap::new(),
            next_sequence: 0,
            newest: CallId::new(0),
            events: VecDeque::new(),
            unmatched_replies: 0,
        }
    }

    /// Whether calls wait their turn: it is better not to start more.
    #[must_use]
    pub fn is_congested(&self) -> bool {
        !self.queue.is_empty()
    }

    /// How many messages came that answer no call in flight.
    #[must_use]
    pub fn unmatched_replies(&self) -> u64 {
        self.unmatched_replies
    }
}

/// B: inputs.
impl ClientCore {
    /// Where to put the next bytes from the server. Never empty.
    pub fn recv_space(&mut self) -> &mut [u8] {
        self.reader.recv_space()
    }

    /// Says that `count` bytes from the server are in the
    /// [space](Self::recv_space) for them.
    ///
    /// # Errors
    ///
    /// [`ProtocolError`]: the connection is of no more use and should be
    /// [closed](Self::close) for this reason.
    ///
    /// # Panics
    ///
    /// If the space has fewer bytes.
    pub fn recv_advance(&mut self, count: usize) -> Result<(), ProtocolError> {
        self.reader.recv_advance(count);
        while let Some(record) = self.reader.next_record()? {
            match reply::read(record)? {
                Some(reply) => self.handle_reply(reply),
                None => self.unmatched_replies += 1,
            }
        }
        self.send_queued();
        Ok(())
    }

    /// Says that it is `now`, which must not go backwards.
    pub fn handle_timeout(&mut self, now: Instant) {
        while let Some(id) = self.calls.next_expired(now) {
            if let Some(state) = self.forget(id) {
                let sent = matches!(state, CallState::Sent { .. });
                self.finish(id, Err(CallError::TimedOut { sent }));
            }
        }
        self.send_queued();
    }

    fn handle_reply(&mut self, reply: Reply) {
        let id = CallId::from_xid(reply.xid, self.newest);
        let is_awaited = |call: &mut Call| matches!(call.state, CallState::Sent { .. });
        if self.calls.get_mut(id).is_some_and(is_awaited) {
            self.forget(id);
            self.finish(id, reply.outcome);
        } else {
            self.unmatched_replies += 1;
        }
    }
}

/// C: commands.
impl ClientCore {
    /// Makes a call, whose outcome is known by `deadline`.
    pub fn start_call(&mut self, record: CallRecord, deadline: Option<Instant>) {
        self.start(record, deadline, false);
    }

    /// Makes a call that the server does not answer. If its turn to be written
    /// does not come by `deadline`, it is not made, and finishes with an error.
    pub fn start_one_way(&mut self, record: CallRecord, deadline: Option<Instant>) {
        self.start(record, deadline, true);
    }

    /// Forgets a call. If it is in the outgoing stream already, the server will
    /// get it all the same.
    pub fn cancel(&mut self, id: CallId) {
        if self.forget(id).is_some() {
            self.send_queued();
        }
    }

    /// Ends all calls, as the connection is closed.
    pub fn close(&mut self, reason: &CloseReason) {
        for (id, call) in self.calls.drain() {
            let sent = match call.state {
                CallState::Queued { .. } => false,
                // Of a record that was not written in full, a server cannot
                // have made a call.
                CallState::Sent { end } => self.output.is_written(end),
            };
            let reason = reason.clone();
            let outcome = Err(CallError::Closed { reason, sent });
            self.events.push_back(ClientEvent::Finished { id, outcome });
        }
        self.calls_in_flight = 0;
        self.queue.clear();
        self.output = TransmitBuffer::default();
    }

    fn start(&mut self, record: CallRecord, deadline: Option<Instant>, is_one_way: bool) {
        self.newest = self.newest.max(record.id);
        if self.queue.is_empty() && self.has_room(is_one_way) {
            return self.send(record, deadline, is_one_way);
        }
        let sequence = self.next_sequence;
        self.next_sequence += 1;
        let state = CallState::Queued { sequence };
        self.calls.insert(record.id, Call { state, deadline });
        let queued = Queued { record, is_one_way };
        self.queue.insert(sequence, queued);
    }

    fn send_queued(&mut self) {
        while let Some((_, first)) = self.queue.first_key_value()
            && self.has_room(first.is_one_way)
            && let Some((_, queued)) = self.queue.pop_first()
        {
            let Queued { record, is_one_way } = queued;
            let deadline = self.calls.remove(record.id).and_then(|call| call.deadline);
            self.send(record, deadline, is_one_way);
        }
    }

    fn has_room(&self, is_one_way: bool) -> bool {
        let has_slot = is_one_way || self.calls_in_flight < self.max_calls_in_flight;
        has_slot && self.output.len() < self.max_queued_bytes
    }

    fn send(&mut self, record: CallRecord, deadline: Option<Instant>, is_one_way: bool) {
        let CallRecord { id, bytes } = record;
        self.output.push(bytes);
        let end = self.output.end();
        if is_one_way {
            self.events.push_back(ClientEvent::Accepted { id });
        } else {
            self.calls_in_flight += 1;
            let state = CallState::Sent { end };
            self.calls.insert(id, Call { state, deadline });
        }
    }

    fn forget(&mut self, id: CallId) -> Option<CallState> {
        let state = self.calls.remove(id)?.state;
        match state {
            CallState::Queued { sequence } => drop(self.queue.remove(&sequence)),
            CallState::Sent { .. } => self.calls_in_flight -= 1,
        }
        Some(state)
    }

    fn finish(&mut self, id: CallId, outcome: Result<Bytes, CallError>) {
        self.events.push_back(ClientEvent::Finished { id, outcome });
    }
}

/// D: outputs.
impl ClientCore {
    /// What has happened to a call.
    pub fn poll_event(&mut self) -> Option<ClientEvent> {
        self.events.pop_front()
    }

    /// Bytes to write to the server: all there are, or only the first ones, as
    /// they do not lie in one piece. None if there are none.
    #[must_use]
    pub fn transmit(&self) -> &[u8] {
        self.output.first()
    }

    /// The same for a vectored write: fills `slices` from its start with the
    /// bytes to write, as many as fit, and tells how many were filled.
    pub fn transmit_slices<'a>(&'a self, slices: &mut [IoSlice<'a>]) -> usize {
        self.output.slices(slices)
    }

    /// Says that the first `count` bytes to transmit have been written. More
    /// may be there to write afterwards.
    pub fn transmit_advance(&mut self, count: usize) {
        self.output.advance(count);
        self.send_queued();
    }

    /// When to call [`handle_timeout`](Self::handle_timeout).
    pub fn poll_timeout(&mut self) -> Option<Instant> {
        self.calls.next_deadline()
    }
}

#[cfg(test)]
mod tests;
