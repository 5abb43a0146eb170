//! Requests of clients: the queue, and the order within a connection.
//!
//! Requests of one connection take effect in the order in which they came.
//! Writes enter the log in that order anyway. A read waits until the writes
//! before it are executed; a write is held back until the reads before it are
//! answered. Connections do not wait for one another.

use super::{Replica, Status};
use crate::machine::{MOST_IN_ENTRY, RequestKey};
use crate::options::bug;
use crate::outputs::{Admin, ClientReply, Event, Level, Outputs, Request, RequestId, Unavailable};
use crate::replica::reads::{AskedIndex, PendingRead};
use crate::replica::sessions::{InFlight, key};
use crate::wire::{ClientOperation, OpNumber, ReplicaId};
use crate::{Options, StateMachine};
use std::collections::{BTreeMap, VecDeque};

/// All requests that wait for something.
#[derive(Clone, Debug, Default)]
pub(super) struct Requests {
    /// Writes that are in no entry yet.
    queue: VecDeque<Queued>,
    /// Writes that are in the log and not executed.
    appended: VecDeque<Appended>,
    /// Reads that are not answered.
    pub(super) reads: VecDeque<PendingRead>,
    /// What backups ask on behalf of their reads: one question of each.
    pub(super) asked: BTreeMap<ReplicaId, AskedIndex>,
    /// The last round that any of those was given; 0 if none was.
    pub(super) read_round: u64,
    /// Requests of sessions in the queue and in the log.
    pub(super) in_flight: InFlight,
    connections: BTreeMap<u64, Connection>,
    /// Requests that a connection holds back.
    held: usize,
    /// The bytes of all requests in the queue, held back, or to be read.
    bytes: usize,
    /// Writes are numbered in the order of the log, from 1.
    last_write: u64,
    last_applied_write: u64,
}

#[derive(Clone, Debug)]
struct Queued {
    id: RequestId,
    operation: ClientOperation,
    /// What counts of it against limits.
    bytes: usize,
}

/// An entry that is not executed.
#[derive(Clone, Debug)]
struct Appended {
    op: OpNumber,
    /// Empty if nobody waits for it: another primary made it, or this one
    /// before it left its requests.
    requests: Vec<RequestId>,
    /// The number of its last write.
    last_write: u64,
}

#[derive(Clone, Debug, Default)]
struct Connection {
    /// The number of its last write; reads wait for it.
    last_write: u64,
    unanswered_reads: usize,
    /// Whether a lease is as good as a round for all of them.
    reads_by_lease: bool,
    /// What came behind a write that has to wait for a read.
    held: VecDeque<(RequestId, Request)>,
}

impl Requests {
    pub(super) fn has_queued(&self) -> bool {
        !self.queue.is_empty()
    }

    /// The number of requests that count against the limit.
    pub(super) fn waiting(&self) -> usize {
        self.queue.len() + self.held + self.reads.len()
    }

    /// Whether anybody waits for what becomes of a connection's requests.
    pub(super) fn is_open(&self, connection: u64) -> bool {
        self.connections.contains_key(&connection)
    }

    pub(super) fn last_applied_write(&self) -> u64 {
        self.last_applied_write
    }

    /// Takes the operations of the entry at `op` from the queue, not more
    /// than `most`.
    pub(super) fn take_batch(
        &mut self,
        op: OpNumber,
        most: Option<u64>,
        options: &Options,
    ) -> Vec<ClientOperation> {
        assert!(!self.queue.is_empty());
        let most = most.and_then(|most| usize::try_from(most).ok());
        let most_in_entry = options.batch_operations.min(MOST_IN_ENTRY);
        let most = most.map_or(most_in_entry, |most| most.min(most_in_entry));
        let (mut operations, mut requests, mut bytes) = (Vec::new(), Vec::new(), 0);
        while let Some(next) = self.queue.front() {
            let is_full = operations.len() >= most || bytes + next.bytes > options.batch_bytes;
            if is_full && !operations.is_empty() {
                break;
            }
            let Some(next) = self.queue.pop_front() else {
                break;
            };
            bytes += next.bytes;
            if let Some(key) = key(&next.operation) {
                self.in_flight.appended(key);
            }
            operations.push(next.operation);
            requests.push(next.id);
        }
        self.bytes -= bytes;
        let before = self
            .appended
            .back()
            .map_or(self.last_applied_write, |one| one.last_write);
        let last_write = before + requests.len() as u64;
        self.appended.push_back(Appended {
            op,
            requests,
            last_write,
        });
        operations
    }

    /// Notes an entry that is in the log and not executed, with the requests
    /// of sessions that are in it.
    pub(super) fn note_appended(&mut self, op: OpNumber, keys: impl Iterator<Item = RequestKey>) {
        self.last_write += 1;
        for key in keys {
            self.in_flight.note(key, self.last_write, true);
        }
        self.appended.push_back(Appended {
            op,
            requests: Vec::new(),
            last_write: self.last_write,
        });
    }

    /// Notes that the entry at `op` was executed; returns whose it was: nobody's,
    /// if another primary made it.
    pub(super) fn applied(&mut self, op: OpNumber) -> Vec<RequestId> {
        let is_next = (self.appended.front()).is_some_and(|next| next.op == op);
        let Some(applied) = is_next.then(|| self.appended.pop_front()).flatten() else {
            return Vec::new();
        };
        self.last_applied_write = applied.last_write;
        applied.requests
    }

    /// The reads of a connection from now on see a write.
    pub(super) fn follow(&mut self, id: RequestId, write: u64) {
        let connection = self.connections.entry(id.connection).or_default();
        connection.last_write = connection.last_write.max(write);
    }

    /// Takes a request, which takes effect or is held back.
    fn admit(&mut self, id: RequestId, request: Request) {
        self.bytes += request.size();
        let connection = self.connections.entry(id.connection).or_default();
        let must_wait = request.is_logged() && connection.unanswered_reads > 0;
        if must_wait || !connection.held.is_empty() {
            connection.held.push_back((id, request));
            self.held += 1;
        } else {
            self.start(id, request);
        }
    }

    fn start(&mut self, id: RequestId, request: Request) {
        let connection = self.connections.entry(id.connection).or_default();
        let bytes = request.size();
        let wants_lease = matches!(
            request,
            Request::Read {
                level: Level::Lease,
                ..
            }
        );
        let (operation, query) = match request {
            Request::Register { nonce } => (Some(ClientOperation::Register(nonce)), None),
            Request::Write(operation) => (Some(ClientOperation::Session(operation)), None),
            Request::Anonymous(operation) => (Some(ClientOperation::Anonymous(operation)), None),
            Request::Read {
                query,
                level: Level::Log,
            } => (Some(ClientOperation::Query(query)), None),
            Request::Read { query, .. } => (None, Some(query)),
            Request::Sync | Request::Admin(_) => (None, None),
        };
        if let Some(operation) = operation {
            self.last_write += 1;
            connection.last_write = self.last_write;
            if let Some(key) = key(&operation) {
                // Of two copies that were held back, the table executes one.
                self.in_flight.note(key, self.last_write, false);
            }
            self.queue.push_back(Queued {
                id,
                operation,
                bytes,
            });
        } else {
            // One that waits for no round does not overtake one that does.
            let is_first = connection.unanswered_reads == 0;
            connection.reads_by_lease = wants_lease && (is_first || connection.reads_by_lease);
            connection.unanswered_reads += 1;
            let (after_write, by_lease) = (connection.last_write, connection.reads_by_lease);
            self.reads
                .push_back(PendingRead::new(id, query, after_write, by_lease));
        }
    }

    /// Notes that a read was answered. Returns whether that let go of a write.
    pub(super) fn read_answered(&mut self, read: &PendingRead) -> bool {
        self.bytes -= read.size();
        let Some(connection) = self.connections.get_mut(&read.id.connection) else {
            return false;
        };
        connection.unanswered_reads -= 1;
        let mut released = false;
        loop {
            let connection = self.connections.entry(read.id.connection).or_default();
            let is_logged = match connection.held.front() {
                None => return released,
                Some((_, request)) => request.is_logged(),
            };
            if is_logged && connection.unanswered_reads > 0 {
                return released;
            }
            if let Some((id, request)) = connection.held.pop_front() {
                self.held -= 1;
                released = true;
                self.start(id, request);
            }
        }
    }

    /// Empties everything. Returns whose requests they were, and whether each
    /// is in an entry.
    fn take_for_next_view(&mut self, options: &Options) -> Vec<(RequestId, bool)> {
        let old = std::mem::take(self);
        if bug!(options, P12) {
            self.in_flight = old.in_flight.clone().without_waiting();
        }
        let is_open = |id: &RequestId| old.is_open(id.connection);
        let appended = old.appended.iter().flat_map(|one| one.requests.iter());
        let queued = old.queue.iter().map(|one| &one.id);
        let reads = old.reads.iter().map(|one| &one.id);
        let held = old
            .connections
            .values()
            .flat_map(|one| one.held.iter().map(|(id, _)| id));
        let refused = queued.chain(reads).chain(held);
        (appended.copied().map(|id| (id, true)))
            .chain(refused.copied().map(|id| (id, false)))
            .chain(old.in_flight.waiting())
            .filter(|(id, _)| is_open(id))
            .collect()
    }

    /// Forgets a connection: what has not taken effect does not.
    fn close(&mut self, connection: u64) {
        let Some(closed) = self.connections.remove(&connection) else {
            return;
        };
        self.held -= closed.held.len();
        let held_bytes: usize = closed.held.iter().map(|(_, one)| one.size()).sum();
        let is_of = |id: RequestId| id.connection == connection;
        let read_bytes: usize = self
            .reads
            .iter()
            .filter(|read| is_of(read.id))
            .map(PendingRead::size)
            .sum();
        self.reads.retain(|read| !is_of(read.id));
        self.bytes -= held_bytes + read_bytes;
    }
}

impl<S: StateMachine> Replica<S> {
    /// Takes a request of a client. Its answer comes with this or a later call.
    pub fn on_request(
        &mut self,
        now: crate::Tick,
        id: RequestId,
        request: Request,
        outputs: &mut Outputs,
    ) {
        self.advance(now);
        let Some(request) = self.read_here(id, request, outputs) else {
            return;
        };
        if self.is_repeated(id, &request, outputs) {
            return;
        }
        let refusal = match self.status {
            Status::Faulted(_) => Some(ClientReply::Unavailable(Unavailable::Faulted)),
            Status::Recovering => Some(ClientReply::Unavailable(Unavailable::Recovering)),
            Status::Stopped => Some(ClientReply::Unavailable(Unavailable::Stopping)),
            Status::ViewChange { .. } => Some(ClientReply::Unavailable(Unavailable::ViewChange)),
            Status::Normal if self.is_primary() && self.suspended => {
                Some(ClientReply::Unavailable(Unavailable::ViewChange))
            }
            Status::Normal if !self.is_primary() && !request.is_for_any_replica() => {
                Some(ClientReply::NotPrimary {
                    primary: self.primary(),
                })
            }
            Status::Normal if self.refuses_writes => {
                Some(ClientReply::Unavailable(Unavailable::Faulted))
            }
            Status::Normal if self.stopping.is_some() => {
                Some(ClientReply::Unavailable(Unavailable::Stopping))
            }
            Status::Normal if !self.accepts_requests() => Some(self.busy()),
            Status::Normal => None,
        };
        match refusal {
            Some(reply) => outputs.reply.push((id, reply)),
            None if request == Request::Admin(Admin::StepDown) => self.step_down(id, outputs),
            None if self.is_primary() => self.requests.admit(id, request),
            None => self.local_reads.ask(id, request, now, &self.options),
        }
    }

    /// Forgets a connection of a client, whose number must not be used again.
    /// Writes of it that wait or are in the log may still take effect; nobody
    /// is told.
    pub fn on_connection_closed(&mut self, connection: u64) {
        self.requests.close(connection);
        self.local_reads.close(connection);
        if let Some(one) = &mut self.stepping_down {
            one.close(connection);
        }
    }

    /// Whether there is room for another request. While there is none, the
    /// embedder should leave requests where they are.
    #[must_use]
    pub fn accepts_requests(&self) -> bool {
        self.stepping_down.is_none()
            && self.waiting_requests() < self.options.queue_requests
            && self.requests.bytes + self.local_reads.bytes() < self.options.queue_bytes
    }

    /// What a client is told for whom there is no room.
    pub(super) fn busy(&self) -> ClientReply {
        let waiting = self.waiting_requests();
        ClientReply::Busy {
            retry_after_ms: self.pressure.retry_after_ms(waiting, &self.options),
        }
    }

    /// The number of requests that wait; bounded by the options.
    #[must_use]
    pub fn waiting_requests(&self) -> usize {
        self.requests.waiting() + self.local_reads.len()
    }

    /// Answers everything that waits, when this replica is no longer primary:
    /// what is in no entry has not happened, of what is in one nobody here
    /// will know.
    pub(super) fn leave_requests(&mut self, outputs: &mut Outputs) {
        let requests = self.requests.take_for_next_view(&self.options);
        let refusal = if self.is_primary() {
            // Of a view that has not started yet, or without a quorum.
            ClientReply::Unavailable(Unavailable::ViewChange)
        } else {
            ClientReply::NotPrimary {
                primary: self.primary(),
            }
        };
        for (id, is_appended) in requests {
            let reply = if is_appended && !bug!(self.options, P37) {
                ClientReply::Unknown
            } else {
                refusal.clone()
            };
            outputs.reply.push((id, reply));
        }
        self.local_reads.refuse(&refusal, outputs);
        self.stay(refusal, outputs);
        if self.status == Status::Normal && self.is_primary() {
            self.note_in_flight();
        }
    }

    /// Answers everything that waits, when this replica stops for good.
    pub(super) fn refuse_all_requests(&mut self, outputs: &mut Outputs) {
        let requests = std::mem::take(&mut self.requests);
        let refusal = ClientReply::Unavailable(Unavailable::Faulted);
        let queued = (requests.queue.iter())
            .map(|one| one.id)
            .filter(|id| requests.is_open(id.connection));
        let reads = requests.reads.iter().map(|one| one.id);
        let held =
            (requests.connections.values()).flat_map(|one| one.held.iter().map(|(id, _)| *id));
        // What is in the log may still be committed by others: no answer is
        // the honest one.
        let is_own = |one: &&Appended| !one.requests.is_empty();
        let unanswered = requests.appended.iter().filter(is_own).count();
        if unanswered > 0 {
            outputs.events.push(Event::Unanswered {
                entries: unanswered,
            });
        }
        let copies = (requests.in_flight.waiting())
            .filter(|(id, is_appended)| !is_appended && requests.is_open(id.connection))
            .map(|(id, _)| id);
        for id in queued.chain(reads).chain(held).chain(copies) {
            outputs.reply.push((id, refusal.clone()));
        }
        self.local_reads.refuse(&refusal, outputs);
        self.stay(refusal, outputs);
    }
}
