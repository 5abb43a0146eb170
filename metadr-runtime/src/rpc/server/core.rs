//! The server's side of a connection as a state machine.

use super::budget::Usage;
use super::clocks::Clocks;
use super::connection::Connection;
use super::header::{self, Header};
use super::pool::BufferPool;
use super::reply::{self, Answer, Reply, denied, refused};
use super::{CallContext, ConnectionId, IncomingCall, Limits, ProgramVersion, ReplyBuilder};
use crate::rpc::buffers::LargeBuffers;
use crate::rpc::record::RecordReader;
use crate::rpc::trace::{self, CallSpan, Peer, ServerTrace, log};
use crate::rpc::transmit::TransmitBuffer;
use crate::rpc::wire::{AcceptStat, CallTarget, OpaqueAuth, ReplyHeader};
use crate::rpc::{AuthFlavor, AuthStat, AuthSys};
use crate::rt::Instant;
use crate::xdr::XdrEncoder;
use bytes::Bytes;
use std::io::IoSlice;
use std::net::SocketAddr;
use std::sync::Arc;

/// What a call in flight costs besides its bytes.
const CALL_COST: usize = 256;
/// So many bytes are written before more are made: they are still in the
/// processor's cache, and their buffers serve the next ones.
const MUCH_OUTPUT: usize = 256 * 1024;

/// The server's side of one connection.
///
/// Sans-IO: it does no input or output and reads no clock. Its methods are of
/// four kinds; times given to them must not go backwards.
///
/// - A, getters: [`connection`](Self::connection),
///   [`wants_input`](Self::wants_input), [`wants_replies`](Self::wants_replies),
///   [`is_finished`](Self::is_finished), [`ignored_records`](Self::ignored_records),
///   [`memory`](Self::memory).
/// - B, inputs, from the connection and the clock: [`recv_space`](Self::recv_space)
///   and [`recv_advance`](Self::recv_advance), only while it wants input;
///   [`recv_pause`](Self::recv_pause), whenever there is none;
///   [`handle_timeout`](Self::handle_timeout).
/// - C, commands: for each call that was given out, one of
///   [`finish_call`](Self::finish_call), [`deny_call`](Self::deny_call) and
///   [`fail_call`](Self::fail_call); [`drain`](Self::drain);
///   [`set_memory_short`](Self::set_memory_short).
/// - D, outputs, to be asked for after any of B and C, in this order:
///   [`poll_call`](Self::poll_call) until there is none;
///   [`transmit`](Self::transmit) or [`transmit_slices`](Self::transmit_slices), and
///   [`transmit_advance`](Self::transmit_advance), whenever the connection takes
///   bytes; [`poll_timeout`](Self::poll_timeout); [`is_finished`](Self::is_finished).
///
/// It answers by itself what needs no service: `RPC_MISMATCH`, `PROG_UNAVAIL`
/// and `PROG_MISMATCH`, and `AUTH_ERROR` with `AUTH_BADCRED` or `AUTH_BADVERF`
/// for credentials and verifiers of more than 400 bytes. Whether a credential is
/// good enough is for the [service](super::Service::authenticate) to say.
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
    pool: BufferPool,
    records: u64,
    calls_started: u64,
    calls_in_flight: usize,
    bytes_in_flight: usize,
    ignored_records: u64,
    is_memory_short: bool,
    clocks: Clocks,
    latest_sys: Option<(Bytes, Arc<AuthSys>)>,
}

/// What has to be kept of a call until it is finished.
#[derive(Debug)]
#[must_use = "the call is in flight until it is finished"]
pub struct Ticket {
    number: u64,
    size: usize,
    pub(super) xid: u32,
    pub(super) program_version: ProgramVersion,
    pub(super) procedure: u32,
    pub(super) trace: Option<Box<ServerTrace>>,
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

impl Ticket {
    /// The span of the call, if there is one.
    pub(super) fn span(&self) -> Option<&CallSpan> {
        self.trace.as_ref()?.span()
    }
}

#[cfg(test)]
impl Ticket {
    /// The ticket of no real call.
    pub(super) fn for_tests(number: u64) -> Self {
        Self {
            number,
            size: 0,
            xid: 0,
            program_version: ProgramVersion {
                program: 0,
                version: 0,
            },
            procedure: 0,
            trace: None,
        }
    }

    pub(super) fn number(&self) -> u64 {
        self.number
    }
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
            pool: BufferPool::default(),
            records: 0,
            calls_started: 0,
            calls_in_flight: 0,
            bytes_in_flight: 0,
            ignored_records: 0,
            is_memory_short: false,
            clocks: Clocks::default(),
            latest_sys: None,
        }
    }

    /// The connection's id.
    #[must_use]
    pub fn connection(&self) -> ConnectionId {
        self.connection.id
    }

    /// Whether to read from the connection: all limits have room, and memory is
    /// not short.
    #[must_use]
    pub fn wants_input(&self) -> bool {
        !self.is_memory_short && self.may_start_calls()
    }

    /// Whether to finish calls: the caller takes its replies. Those that are not
    /// finished need no memory for them yet.
    #[must_use]
    pub fn wants_replies(&self) -> bool {
        self.may_add_output() || self.phase >= Phase::Flushing
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

    /// How many bytes the connection holds at the moment: of calls that have
    /// not arrived in full, of calls in flight, and of unsent replies.
    #[must_use]
    pub fn memory(&self) -> usize {
        self.reader.buffered_len() + self.memory_in_flight() + self.output.len()
    }

    /// What the connection holds, and what for.
    pub(super) fn usage(&self) -> Usage {
        Usage {
            bytes: self.memory(),
            in_flight: self.memory_in_flight(),
            records: self.records,
            awaits_rest: self.reader.is_inside_record() && self.may_start_calls(),
        }
    }

    /// The caller, as traces call it.
    pub(super) fn peer(&self) -> Peer {
        Peer::client(self.connection.peer, self.connection.id)
    }

    /// Whether a call, which was the last to be started, must not be answered.
    pub(super) fn is_one_way(&self, ticket: &Ticket) -> bool {
        self.connection.was_one_way(ticket.number)
    }

    /// Shares large buffers with other connections: those for what is
    /// received, and those for replies. To be called before anything else.
    pub(super) fn share_buffers(&mut self, received: LargeBuffers, replies: LargeBuffers) {
        self.reader = RecordReader::with_buffers(self.limits.max_record, received);
        self.pool = BufferPool::new(replies);
    }

    /// Whether so much waits to be written that it is better done at once.
    pub(super) fn has_much_to_write(&self) -> bool {
        self.output.len() >= MUCH_OUTPUT
    }

    /// Whether replies wait to be written that may be parts of the calls.
    pub(super) fn has_shared_output(&self) -> bool {
        self.output.has_shared()
    }

    fn memory_in_flight(&self) -> usize {
        self.bytes_in_flight + self.calls_in_flight * CALL_COST
    }

    fn may_start_calls(&self) -> bool {
        self.phase == Phase::Serving
            && self.calls_in_flight < self.limits.max_calls_in_flight
            // One call may always go over it, and so may one reply.
            && self.bytes_in_flight < self.limits.max_bytes_in_flight.max(1)
            && self.may_add_output()
    }

    fn may_add_output(&self) -> bool {
        let most = if self.is_memory_short {
            1
        } else {
            self.limits.max_unsent_bytes.max(1)
        };
        self.output.len() < most
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

    /// Says that there is nothing to read for now: large buffers are better
    /// used by others until there is.
    pub fn recv_pause(&mut self) {
        self.reader.recv_pause();
    }

    /// Says that it is `now`.
    pub fn handle_timeout(&mut self, now: Instant) {
        let (clocks, limits) = (&self.clocks, &self.limits);
        let is_over = |deadline: Option<Instant>| deadline.is_some_and(|deadline| deadline <= now);
        if is_over(clocks.write_deadline(limits)) {
            log::stream_refused(&self.peer(), &"it takes no replies");
            self.phase = Phase::Aborted;
        } else if is_over(clocks.drain_deadline(limits)) {
            self.phase = Phase::Aborted;
        } else if is_over(clocks.record_deadline(limits)) {
            log::stream_refused(&self.peer(), &"it has not sent the rest of a call");
            self.drain(now);
        } else if is_over(clocks.idle_deadline(limits)) {
            self.drain(now);
        }
    }
}

/// C: commands.
impl ServerCore {
    /// Answers a call as its service says.
    pub fn finish_call(&mut self, ticket: Ticket, reply: Reply, now: Instant) {
        self.end_call(&ticket);
        match reply.0 {
            _ if self.phase >= Phase::Flushing => {}
            Answer::None => {}
            Answer::Record(mut record) => {
                // What it is a part of stays in memory as long as it is unsent.
                if !record.parts.is_empty() && record.parts.size_after(0) < ticket.size / 2 {
                    record.copy_parts();
                }
                self.pool.note_reply(record.buffer.len());
                if let Some(buffer) = self.output.push(record) {
                    self.pool.recycle(buffer);
                }
                self.clocks.unsent_since.get_or_insert(now);
            }
            Answer::CloseConnection => {
                self.drain(now);
                self.phase = Phase::Flushing;
            }
        }
    }

    /// Answers a call that its service does not even look at, for this reason:
    /// with `AUTH_ERROR`.
    pub fn deny_call(&mut self, ticket: Ticket, reason: AuthStat, now: Instant) {
        self.end_call(&ticket);
        self.refuse(ticket.xid, &denied(reason), now);
    }

    /// Answers a call whose service has panicked: with `SYSTEM_ERR`, unless
    /// the call is one-way.
    pub fn fail_call(&mut self, ticket: Ticket, now: Instant) {
        self.end_call(&ticket);
        if !self.is_one_way(&ticket) {
            self.refuse(ticket.xid, &refused(AcceptStat::SystemErr), now);
        }
    }

    /// Takes no more calls, and is finished when those in flight have been
    /// answered: the caller has ended its half of the connection, or the server
    /// is shutting down.
    pub fn drain(&mut self, now: Instant) {
        self.phase = self.phase.max(Phase::Draining);
        self.clocks.record_since = None;
        self.clocks.idle_since = None;
        self.clocks.draining_since.get_or_insert(now);
    }

    /// Says whether memory is short, of which this connection holds more than
    /// little: nothing is read then, and a reply is only made when those before
    /// it have been taken. When it is no longer, [`poll_call`](Self::poll_call)
    /// comes next, as after all inputs and commands.
    pub fn set_memory_short(&mut self, is_short: bool) {
        self.is_memory_short = is_short;
        if is_short {
            // That nothing is read now is not the caller's delay.
            self.clocks.record_since = None;
        }
    }

    fn end_call(&mut self, ticket: &Ticket) {
        self.calls_in_flight -= 1;
        self.bytes_in_flight -= ticket.size;
    }

    /// Answers a call with nothing but this header.
    fn refuse(&mut self, xid: u32, header: &ReplyHeader, now: Instant) {
        if self.phase >= Phase::Flushing {
            return;
        }
        // Headers have no part that could be too long.
        let encode = |encoder: &mut XdrEncoder<'_>| reply::put_header(encoder, xid, header);
        if self.output.encode(encode).is_ok() {
            self.clocks.unsent_since.get_or_insert(now);
        }
    }
}

/// D: outputs.
impl ServerCore {
    /// The next call for the service, if one has arrived and the limits have room.
    pub fn poll_call(&mut self, now: Instant) -> Option<(Ticket, IncomingCall)> {
        while self.may_start_calls() {
            match self.reader.next_record() {
                Ok(Some(record)) => {
                    self.records += 1;
                    self.clocks.record_since = None;
                    self.clocks.idle_since = None;
                    if let Some(call) = self.handle_record(record, now) {
                        return Some(call);
                    }
                }
                Ok(None) => {
                    self.note_quiet_input(now);
                    return None;
                }
                // Where the next record begins is not known any more.
                Err(error) => {
                    log::stream_refused(&self.peer(), &error);
                    self.drain(now);
                }
            }
        }
        // That nothing is read now is not the caller's delay.
        self.clocks.record_since = None;
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
        let pool = &mut self.pool;
        self.output
            .advance_with(count, |buffer| pool.recycle(buffer));
        self.clocks.unsent_since = (!self.output.is_empty()).then_some(now);
        self.note_idle(now);
    }

    /// When to call [`handle_timeout`](Self::handle_timeout).
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.clocks.next_deadline(&self.limits)
    }

    fn note_quiet_input(&mut self, now: Instant) {
        let is_late = self.reader.is_inside_record() && !self.is_memory_short;
        let since = self.clocks.record_since.unwrap_or(now);
        self.clocks.record_since = is_late.then_some(since);
        self.note_idle(now);
    }

    fn note_idle(&mut self, now: Instant) {
        let is_idle = self.phase == Phase::Serving
            && self.calls_in_flight == 0
            && self.output.is_empty()
            && !self.reader.is_inside_record();
        let since = self.clocks.idle_since.unwrap_or(now);
        self.clocks.idle_since = is_idle.then_some(since);
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
                Some(self.give_out(size, xid, target, arguments))
            }
            Header::Refused {
                xid,
                procedure,
                reply,
            } => {
                trace::refused(&self.peer(), xid, procedure, &reply);
                self.refuse(xid, &reply, now);
                None
            }
            Header::Malformed => {
                self.ignored_records += 1;
                log::record_ignored(&self.peer());
                None
            }
        }
    }

    fn give_out(
        &mut self,
        size: usize,
        xid: u32,
        target: CallTarget,
        arguments: Bytes,
    ) -> (Ticket, IncomingCall) {
        let number = self.calls_started;
        let program_version = ProgramVersion {
            program: target.prog,
            version: target.vers,
        };
        let sys = self.read_sys(&target.credential);
        let trace = ServerTrace::is_on().then(|| ServerTrace::new(self.peer(), &arguments));
        let call = IncomingCall {
            number,
            program_version,
            procedure: target.proc,
            context: CallContext::new(Arc::clone(&self.connection), target.credential, sys),
            verifier: target.verifier,
            arguments,
            reply: ReplyBuilder::new(xid, self.pool.take()),
        };
        let ticket = Ticket {
            number,
            size,
            xid,
            program_version,
            procedure: target.proc,
            trace,
        };
        (ticket, call)
    }

    /// What a credential of `AUTH_SYS` says. Nearly all calls of a connection
    /// have the same.
    fn read_sys(&mut self, credential: &OpaqueAuth) -> Option<Arc<AuthSys>> {
        if credential.flavor != AuthFlavor::AuthSys as i32 {
            return None;
        }
        if let Some((body, sys)) = &self.latest_sys
            && *body == credential.body
        {
            return Some(Arc::clone(sys));
        }
        let sys = Arc::new(credential.to_sys().ok()??);
        // Not a slice, which would keep the whole input buffer.
        let body = Bytes::copy_from_slice(&credential.body);
        self.latest_sys = Some((body, Arc::clone(&sys)));
        Some(sys)
    }
}

#[cfg(test)]
mod tests;
