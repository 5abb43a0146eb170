//! The server's side of a connection as a state machine.

use super::connection::Connection;
use super::header::{self, Header};
use super::reply::{self, Answer, Reply, refused};
use super::{ConnectionId, IncomingCall, Limits, ProgramVersion};
use crate::rpc::record::RecordReader;
use crate::rpc::transmit::TransmitBuffer;
use crate::rpc::wire::{AcceptStat, ReplyHeader};
use crate::rt::Instant;
use bytes::Bytes;
use std::io::IoSlice;
use std::net::SocketAddr;
use std::sync::Arc;

/// The server's side of one connection.
///
/// Sans-IO: it does no input or output and reads no clock. Its methods are of
/// four kinds; times given to them must not go backwards.
///
/// - A, getters: [`connection`](Self::connection),
///   [`wants_input`](Self::wants_input), [`wants_replies`](Self::wants_replies),
///   [`is_finished`](Self::is_finished), [`ignored_records`](Self::ignored_records).
/// - B, inputs, from the connection and the clock: [`recv_space`](Self::recv_space)
///   and [`recv_advance`](Self::recv_advance), only while it wants input;
///   [`handle_timeout`](Self::handle_timeout).
/// - C, commands: [`finish_call`](Self::finish_call),
///   [`fail_call`](Self::fail_call), [`drain`](Self::drain).
/// - D, outputs, to be asked for after any of B and C, in this order:
///   [`poll_call`](Self::poll_call) until there is none;
///   [`transmit`](Self::transmit) or [`transmit_slices`](Self::transmit_slices), and
///   [`transmit_advance`](Self::transmit_advance), whenever the connection takes
///   bytes; [`poll_timeout`](Self::poll_timeout);
///   [`is_finished`](Self::is_finished).
///
/// It answers by itself what needs no service: `RPC_MISMATCH`, `AUTH_ERROR`
/// with `AUTH_REJECTEDCRED` for credentials of other flavors than `AUTH_NONE`
/// and `AUTH_SYS`, `PROG_UNAVAIL` and `PROG_MISMATCH`.
///
/// A record whose header is not that of a call is ignored, and the connection
/// goes on: there is nobody to answer, and where the next record begins is
/// known. A stream that does not even consist of acceptable records ends the
/// connection, after the calls before it.
#[derive(Debug)]
pub struct ServerCore {
    connection: Arc<Connection>,
    programs: Arc<[ProgramVersion]>,
    limits: Limits,
    phase: Phase,
    reader: RecordReader,
    output: TransmitBuffer,
    calls_started: u64,
    calls_in_flight: usize,
    bytes_in_flight: usize,
    ignored_records: u64,
    // Since when the input stands inside of a record, the output has not moved,
    // and calls are only finished.
    record_since: Option<Instant>,
    unsent_since: Option<Instant>,
    draining_since: Option<Instant>,
}

/// What has to be kept of a call until it is finished.
#[derive(Debug)]
#[must_use = "the call is in flight until it is finished"]
pub struct Ticket {
    number: u64,
    xid: u32,
    size: usize,
}

/// Life of a connection. It only ever goes forward.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Phase {
    /// Calls come and are answered.
    Serving,
    /// No more calls come; those in flight are answered.
    Draining,
    /// What has been answered is written.
    Flushing,
    /// Nothing more is done.
    Aborted,
}

/// A: getters.
impl ServerCore {
    /// A connection on which nothing has happened, between these addresses.
    #[must_use]
    pub fn new(
        programs: Arc<[ProgramVersion]>,
        limits: Limits,
        peer: Option<SocketAddr>,
        local: Option<SocketAddr>,
    ) -> Self {
        Self {
            connection: Arc::new(Connection::new(peer, local)),
            programs,
            phase: Phase::Serving,
            reader: RecordReader::new(limits.max_record),
            limits,
            output: TransmitBuffer::default(),
            calls_started: 0,
            calls_in_flight: 0,
            bytes_in_flight: 0,
            ignored_records: 0,
            record_since: None,
            unsent_since: None,
            draining_since: None,
        }
    }

    /// The connection's id.
    #[must_use]
    pub fn connection(&self) -> ConnectionId {
        self.connection.id
    }

    /// Whether to read from the connection: all limits have room.
    #[must_use]
    pub fn wants_input(&self) -> bool {
        self.phase == Phase::Serving
            && self.calls_in_flight < self.limits.max_calls_in_flight
            && self.bytes_in_flight < self.limits.max_bytes_in_flight
            && self.output.len() < self.limits.max_unsent_bytes
    }

    /// Whether to finish calls: the caller takes its replies. Those that are not
    /// finished need no memory for them yet.
    #[must_use]
    pub fn wants_replies(&self) -> bool {
        self.output.len() < self.limits.max_unsent_bytes || self.phase >= Phase::Flushing
    }

    /// Whether the connection is to be closed: there is nothing left to do.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        match self.phase {
            Phase::Serving => false,
            Phase::Draining => self.calls_in_flight == 0 && self.output.is_empty(),
            Phase::Flushing => self.output.is_empty(),
            Phase::Aborted => true,
        }
    }

    /// How many records were ignored as they were no calls.
    #[must_use]
    pub fn ignored_records(&self) -> u64 {
        self.ignored_records
    }
}

/// B: inputs.
impl ServerCore {
    /// Where to put the next bytes from the caller. Never empty.
    pub fn recv_space(&mut self) -> &mut [u8] {
        self.reader.recv_space()
    }

    /// Says that `count` bytes from the caller are in the
    /// [space](Self::recv_space) for them.
    ///
    /// # Panics
    ///
    /// If the space has fewer bytes.
    pub fn recv_advance(&mut self, count: usize) {
        self.reader.recv_advance(count);
    }

    /// Says that it is `now`.
    pub fn handle_timeout(&mut self, now: Instant) {
        let is_over = |deadline: Option<Instant>| deadline.is_some_and(|deadline| deadline <= now);
        if is_over(self.write_deadline()) || is_over(self.drain_deadline()) {
            self.phase = Phase::Aborted;
        } else if is_over(self.record_deadline()) {
            self.drain(now);
        }
    }
}

/// C: commands.
impl ServerCore {
    /// Answers a call as its service says.
    pub fn finish_call(&mut self, ticket: Ticket, reply: Reply, now: Instant) {
        self.calls_in_flight -= 1;
        self.bytes_in_flight -= ticket.size;
        self.answer(reply, now);
    }

    /// Answers a call whose service has panicked: with `SYSTEM_ERR`, unless
    /// the call is one-way.
    pub fn fail_call(&mut self, ticket: Ticket, now: Instant) {
        self.calls_in_flight -= 1;
        self.bytes_in_flight -= ticket.size;
        if !self.connection.was_one_way(ticket.number) {
            self.refuse(ticket.xid, &refused(AcceptStat::SystemErr), now);
        }
    }

    /// Takes no more calls, and is finished when those in flight have been
    /// answered: the caller has ended its half of the connection, or the server
    /// is shutting down.
    pub fn drain(&mut self, now: Instant) {
        self.phase = self.phase.max(Phase::Draining);
        self.record_since = None;
        self.draining_since.get_or_insert(now);
    }

    fn answer(&mut self, reply: Reply, now: Instant) {
        match reply.0 {
            _ if self.phase >= Phase::Flushing => {}
            Answer::None => {}
            Answer::Record(record) => {
                if let Some(buffer) = self.output.push(record) {
                    self.connection.recycle(buffer);
                }
                self.unsent_since.get_or_insert(now);
            }
            Answer::CloseConnection => {
                self.drain(now);
                self.phase = Phase::Flushing;
            }
        }
    }

    /// Answers a call with nothing but this header.
    fn refuse(&mut self, xid: u32, header: &ReplyHeader, now: Instant) {
        if self.phase >= Phase::Flushing {
            return;
        }
        let write = |buffer: &mut _| reply::write_message(buffer, xid, header, |_| Ok(()));
        // Headers have no part that could be too long.
        if self.output.encode(write).is_ok() {
            self.unsent_since.get_or_insert(now);
        }
    }
}

/// D: outputs.
impl ServerCore {
    /// The next call for the service, if one has arrived and the limits have room.
    pub fn poll_call(&mut self, now: Instant) -> Option<(Ticket, IncomingCall)> {
        while self.wants_input() {
            match self.reader.next_record() {
                Ok(Some(record)) => {
                    self.record_since = None;
                    if let Some(call) = self.handle_record(record, now) {
                        return Some(call);
                    }
                }
                Ok(None) => {
                    let is_inside = self.reader.is_inside_record();
                    let since = self.record_since.unwrap_or(now);
                    self.record_since = is_inside.then_some(since);
                    return None;
                }
                // Where the next record begins is not known any more.
                Err(_) => self.drain(now),
            }
        }
        // That nothing is read now is not the caller's delay.
        self.record_since = None;
        None
    }

    /// Bytes to write to the caller: all there are, or only the first ones, as
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

    /// Says that the first `count` bytes to transmit have been written.
    ///
    /// # Panics
    ///
    /// If there are fewer.
    pub fn transmit_advance(&mut self, count: usize, now: Instant) {
        self.output.advance(count);
        self.unsent_since = (!self.output.is_empty()).then_some(now);
    }

    /// When to call [`handle_timeout`](Self::handle_timeout).
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Instant> {
        let deadlines = [
            self.record_deadline(),
            self.write_deadline(),
            self.drain_deadline(),
        ];
        deadlines.into_iter().flatten().min()
    }

    fn handle_record(&mut self, record: Bytes, now: Instant) -> Option<(Ticket, IncomingCall)> {
        let size = record.len();
        match header::read(record, &self.programs) {
            Header::Call {
                xid,
                target,
                arguments,
            } => {
                self.calls_started += 1;
                self.calls_in_flight += 1;
                self.bytes_in_flight += size;
                let number = self.calls_started;
                let call = IncomingCall::new(&self.connection, number, xid, target, arguments);
                Some((Ticket { number, xid, size }, call))
            }
            Header::Refused { xid, reply } => {
                self.refuse(xid, &reply, now);
                None
            }
            Header::Malformed => {
                self.ignored_records += 1;
                None
            }
        }
    }

    fn record_deadline(&self) -> Option<Instant> {
        Some(self.record_since? + self.limits.record_time)
    }

    fn write_deadline(&self) -> Option<Instant> {
        Some(self.unsent_since? + self.limits.write_time)
    }

    fn drain_deadline(&self) -> Option<Instant> {
        Some(self.draining_since? + self.limits.drain_time)
    }
}

#[cfg(test)]
mod tests;
