//! Reads that wait for the state of a replica: at backups, and for an op that
//! their client has seen.
//!
//! A backup asks its primary what is committed, by READ_INDEX. The primary
//! confirms by a round that it still is one, see [`super::reads`], and the
//! backup answers when it has executed as much. Reads share a READ_INDEX only
//! if they came before it was sent: the answer says nothing of what was
//! answered to clients since. One is under way at a time; what comes meanwhile
//! goes to the next.

use super::accept::Sender;
use super::{Replica, Status};
use crate::options::bug;
use crate::outputs::{
    ClientReply, DropReason, Event, Level, Outputs, Request, RequestId, Unavailable,
};
use crate::wire::{MessageBody, OpNumber, ReadId, ReadIndex, ReadIndexOk};
use crate::{Options, StateMachine, Tick};
use bytes::Bytes;
use std::collections::VecDeque;

/// The reads that wait, in the order in which they came.
#[derive(Clone, Debug, Default)]
pub(super) struct LocalReads {
    waiting: VecDeque<WaitingRead>,
    /// The bytes of their queries.
    bytes: usize,
    /// The number of the last READ_INDEX of this run.
    number: u64,
    /// When to send that again; `None` if it is answered.
    resend: Option<Tick>,
}

#[derive(Clone, Debug)]
struct WaitingRead {
    id: RequestId,
    /// `None` for a sync.
    query: Option<Bytes>,
    awaits: Awaits,
    /// When it is refused.
    give_up: Tick,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Awaits {
    /// That a READ_INDEX can be sent for it.
    Question,
    /// The answer to the READ_INDEX of this number.
    Answer(u64),
    /// That this is executed.
    Applied(OpNumber),
}

impl WaitingRead {
    fn size(&self) -> usize {
        self.query.as_ref().map_or(0, Bytes::len)
    }
}

impl LocalReads {
    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    pub(super) fn len(&self) -> usize {
        self.waiting.len()
    }

    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    pub(super) fn deadline(&self) -> Option<Tick> {
        // All have the same patience, so the first gives up first.
        let give_up = self.waiting.front()?.give_up;
        Some(self.resend.map_or(give_up, |resend| resend.min(give_up)))
    }

    /// Takes a read or a sync that the primary has to be asked for.
    pub(super) fn ask(&mut self, id: RequestId, request: Request, now: Tick, options: &Options) {
        let query = match request {
            Request::Read { query, .. } => Some(query),
            Request::Sync => None,
            _ => unreachable!("only a primary takes it"),
        };
        let awaits = match self.resend {
            // The defect: what is under way already is as good.
            Some(_) if bug!(options, SharedReadIndex) => Awaits::Answer(self.number),
            _ => Awaits::Question,
        };
        self.wait(id, query, awaits, now, options);
    }

    fn wait(
        &mut self,
        id: RequestId,
        query: Option<Bytes>,
        awaits: Awaits,
        now: Tick,
        options: &Options,
    ) {
        let read = WaitingRead {
            id,
            query,
            awaits,
            give_up: now.after(options.read_timeout),
        };
        self.bytes += read.size();
        self.waiting.push_back(read);
    }

    /// The next READ_INDEX, if reads wait for one and none is under way.
    fn question(&mut self) -> Option<u64> {
        let is_needed = |read: &WaitingRead| read.awaits == Awaits::Question;
        if self.resend.is_some() || !self.waiting.iter().any(is_needed) {
            return None;
        }
        self.number += 1;
        for read in self.waiting.iter_mut().filter(|read| is_needed(read)) {
            read.awaits = Awaits::Answer(self.number);
        }
        Some(self.number)
    }

    /// Takes the answer to the READ_INDEX that is under way.
    fn answered(&mut self, index: OpNumber) {
        self.resend = None;
        for read in &mut self.waiting {
            if read.awaits == Awaits::Answer(self.number) {
                read.awaits = Awaits::Applied(index);
            }
        }
    }

    /// Removes the reads that are done, which `is_done` says.
    fn take(&mut self, is_done: impl Fn(&WaitingRead) -> bool) -> Vec<WaitingRead> {
        if !self.waiting.iter().any(&is_done) {
            return Vec::new();
        }
        let (done, waiting): (Vec<_>, Vec<_>) = self.waiting.drain(..).partition(is_done);
        self.waiting = waiting.into();
        self.bytes -= done.iter().map(WaitingRead::size).sum::<usize>();
        done
    }

    /// Forgets the reads of a connection.
    pub(super) fn close(&mut self, connection: u64) {
        self.take(|read| read.id.connection == connection);
    }

    /// Answers everything that waits: it had no effect.
    pub(super) fn refuse(&mut self, refusal: &ClientReply, outputs: &mut Outputs) {
        self.resend = None;
        for read in self.take(|_| true) {
            outputs.reply.push((read.id, refusal.clone()));
        }
    }
}

impl<S: StateMachine> Replica<S> {
    /// Answers a read that asks nobody else, or lets it wait. Returns any
    /// other request.
    pub(super) fn read_here(
        &mut self,
        id: RequestId,
        request: Request,
        outputs: &mut Outputs,
    ) -> Option<Request> {
        let has_state = matches!(self.status, Status::Normal | Status::ViewChange { .. });
        let (query, min_op) = match request {
            Request::Read {
                query,
                level: Level::Stale,
            } if has_state => (query, 0),
            Request::Read {
                query,
                level: Level::Backup { min_op },
            } if has_state => (query, min_op),
            other => return Some(other),
        };
        let refusal = if min_op <= self.replicated.op() {
            self.answer_from_state(id, Some(&query), outputs);
            return None;
        } else if self.status != Status::Normal {
            ClientReply::Unavailable(Unavailable::ViewChange)
        } else if self.stopping.is_some() {
            ClientReply::Unavailable(Unavailable::Stopping)
        } else if !self.accepts_requests() {
            self.busy()
        } else {
            let awaits = Awaits::Applied(min_op);
            (self.local_reads).wait(id, Some(query), awaits, self.now, &self.options);
            return None;
        };
        outputs.reply.push((id, refusal));
        None
    }

    /// Answers a read, or a sync, which asks nothing.
    pub(super) fn answer_from_state(
        &self,
        id: RequestId,
        query: Option<&Bytes>,
        outputs: &mut Outputs,
    ) {
        let reply = ClientReply::Ok {
            result: query.map_or_else(Bytes::new, |query| self.replicated.app().query(query)),
            op: self.replicated.op(),
            index: 0,
        };
        outputs.reply.push((id, reply));
    }

    /// Answers what waits for nothing more, and asks the primary for the rest.
    pub(super) fn serve_local_reads(&mut self, outputs: &mut Outputs) {
        let applied = self.replicated.op();
        let is_done =
            |read: &WaitingRead| matches!(read.awaits, Awaits::Applied(op) if op <= applied);
        for read in self.local_reads.take(is_done) {
            self.answer_from_state(read.id, read.query.as_ref(), outputs);
        }
        if self.may_speak()
            && let Some(number) = self.local_reads.question()
        {
            self.send_read_index(number, outputs);
        }
    }

    fn send_read_index(&mut self, number: u64, outputs: &mut Outputs) {
        self.local_reads.resend = Some(self.now.after(self.options.resend));
        let run = self.boot.incarnation().counter;
        let id = ReadId { run, number };
        let to = self.primary();
        self.send(to, MessageBody::ReadIndex(ReadIndex { id }), outputs);
    }

    /// Takes what the primary says is committed.
    pub(super) fn on_read_index_ok(
        &mut self,
        sender: Sender,
        ok: &ReadIndexOk,
        outputs: &mut Outputs,
    ) {
        let is_last = ok.id.run == self.boot.incarnation().counter
            && ok.id.number == self.local_reads.number
            || bug!(self.options, LateReadIndex);
        let is_awaited = is_last && self.local_reads.resend.is_some();
        if self.status == Status::Normal && sender.id == self.primary() && is_awaited {
            self.local_reads.answered(ok.index);
        } else {
            outputs.events.push(Event::Dropped(DropReason::Unexpected));
        }
    }

    /// Refuses the reads that have waited too long, and asks again for the others.
    pub(super) fn local_reads_tick(&mut self, outputs: &mut Outputs) {
        let now = self.now;
        for read in self.local_reads.take(|read| read.give_up <= now) {
            let refusal = ClientReply::Unavailable(Unavailable::Lagging);
            outputs.reply.push((read.id, refusal));
        }
        if self.local_reads.resend.is_none_or(|resend| resend > now) {
            return;
        }
        let number = self.local_reads.number;
        let is_asked = |read: &WaitingRead| read.awaits == Awaits::Answer(number);
        if self.local_reads.waiting.iter().any(is_asked) {
            // The same again: an answer that takes longer than this is as good.
            self.send_read_index(number, outputs);
        } else {
            self.local_reads.resend = None;
        }
    }
}
