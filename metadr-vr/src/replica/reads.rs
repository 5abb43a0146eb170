//! Linearizable reads at the primary, without a clock and without the log.
//!
//! A read is answered from the primary's state once a quorum has echoed a
//! round that began after the read came in: then no later view had begun
//! before it, so nothing can have been committed that this primary does not
//! know.
//!
//! Many reads share a round: at most one is under way for reads at a time. What
//! comes meanwhile goes to the next one, which begins when that is confirmed,
//! or with the next heartbeat. So the messages for reads are bounded by round
//! trips, however many reads there are, and a read waits for two at most.

use super::accept::Sender;
use super::requests::Requests;
use super::{Replica, Status};
use crate::StateMachine;
use crate::options::bug;
use crate::outputs::{DropReason, Event, Outputs, RequestId};
use crate::wire::{MessageBody, OpNumber, ReadId, ReadIndex, ReadIndexOk, ReplicaId};
use bytes::Bytes;

/// A read that waits for its round, and for the writes before it.
#[derive(Clone, Debug)]
pub(super) struct PendingRead {
    pub(super) id: RequestId,
    /// `None` for a sync.
    query: Option<Bytes>,
    /// The last earlier write of its connection.
    after_write: u64,
    /// Whether a lease is as good as a round.
    by_lease: bool,
    /// The round that confirms it; `None` until one begins.
    round: Option<u64>,
}

impl PendingRead {
    pub(super) fn new(
        id: RequestId,
        query: Option<Bytes>,
        after_write: u64,
        by_lease: bool,
    ) -> Self {
        Self {
            id,
            query,
            after_write,
            by_lease,
            round: None,
        }
    }

    /// The bytes that it holds on to while it waits.
    pub(super) fn size(&self) -> usize {
        self.query.as_ref().map_or(0, Bytes::len)
    }
}

/// What a backup asks on behalf of its reads.
#[derive(Clone, Debug)]
pub(super) struct AskedIndex {
    id: ReadId,
    /// All that was committed when it was asked.
    index: OpNumber,
    /// The round that confirms it; `None` until one begins.
    round: Option<u64>,
}

impl Requests {
    /// Whether a round should begin for reads: some have none, and the one
    /// before is confirmed.
    fn awaits_round(&self, confirmed: u64) -> bool {
        let has_reads = self.reads.back().is_some_and(|read| read.round.is_none());
        let is_asked = || self.asked.values().any(|asked| asked.round.is_none());
        self.read_round <= confirmed && (has_reads || is_asked())
    }

    /// Removes the questions of backups that can be answered.
    fn take_asked(
        &mut self,
        is_done: impl Fn(&AskedIndex) -> bool,
    ) -> Vec<(ReplicaId, AskedIndex)> {
        (self.asked)
            .extract_if(.., |_, asked| is_done(asked))
            .collect()
    }

    /// Gives a round that begins now to all reads that have none.
    pub(super) fn round_begins(&mut self, round: u64) {
        let waiting = self.reads.iter_mut().rev();
        // Rounds are given in order, so those without one are at the end.
        for read in waiting.take_while(|read| read.round.is_none()) {
            read.round = Some(round);
            self.read_round = round;
        }
        for asked in self.asked.values_mut() {
            if asked.round.is_none() {
                asked.round = Some(round);
                self.read_round = round;
            }
        }
    }
}

impl<S: StateMachine> Replica<S> {
    /// Answers the reads that can be, and begins a round for those that have
    /// none, unless one is under way. Returns whether that let go of requests
    /// which had to wait for reads.
    pub(super) fn serve_reads(&mut self, outputs: &mut Outputs) -> bool {
        let released = self.answer_reads(outputs);
        self.answer_backups(outputs);
        if !self.requests.awaits_round(self.confirmed_round()) {
            return released;
        }
        self.begin_round(outputs);
        // Alone in its group, a primary confirms its rounds itself.
        released | self.answer_reads(outputs)
    }

    /// Answers the reads that can be. Returns whether that let go of requests
    /// which had to wait for them.
    fn answer_reads(&mut self, outputs: &mut Outputs) -> bool {
        // A new primary may not know yet that entries of its log are committed.
        let is_early = self.commit_number < self.view_start_op;
        if (is_early && !bug!(self.options, P7)) || self.requests.reads.is_empty() {
            return false;
        }
        let confirmed = self.confirmed_round();
        let applied_write = self.requests.last_applied_write();
        let holds_lease = self.holds_lease();
        let ignores_quorum = is_early || bug!(self.options, P22);
        let is_ready = |read: &PendingRead| {
            ignores_quorum
                || (read.after_write <= applied_write
                    && (read.round.is_some_and(|round| round <= confirmed)
                        || read.by_lease && holds_lease))
        };
        let mut released = false;
        let mut index = 0;
        while index < self.requests.reads.len() {
            if !is_ready(&self.requests.reads[index]) {
                index += 1;
                continue;
            }
            let Some(read) = self.requests.reads.remove(index) else {
                break;
            };
            self.answer_from_state(read.id, read.query.as_ref(), outputs);
            released |= self.requests.read_answered(&read);
        }
        released
    }

    /// A backup asks what its reads have to see. It waits in the same queue as
    /// the primary's own reads, one question for each backup.
    pub(super) fn on_read_index(&mut self, sender: Sender, ask: &ReadIndex, outputs: &mut Outputs) {
        let is_acting = self.status == Status::Normal && self.is_primary() && !self.suspended;
        if !is_acting || self.refuses_writes {
            // Another may be the primary: it is not for this replica to say.
            return outputs.events.push(Event::Dropped(DropReason::Unexpected));
        }
        let (id, index) = (ask.id, self.commit_number);
        if bug!(self.options, P21) {
            let ok = ReadIndexOk { id, index };
            return self.send(sender.id, MessageBody::ReadIndexOk(ok), outputs);
        }
        let known = self.requests.asked.get(&sender.id);
        if known.is_some_and(|known| known.id == id) {
            // It was sent again: the first one began to wait earlier.
            return;
        }
        let asked = AskedIndex {
            id,
            // A new primary may not know yet that what its view began with
            // was committed, and answered, in an earlier one.
            index: index.max(self.view_start_op),
            round: None,
        };
        self.requests.asked.insert(sender.id, asked);
    }

    fn answer_backups(&mut self, outputs: &mut Outputs) {
        if self.requests.asked.is_empty() {
            return;
        }
        let confirmed = self.confirmed_round();
        let is_confirmed = |asked: &AskedIndex| asked.round.is_some_and(|round| round <= confirmed);
        let done = self.requests.take_asked(is_confirmed);
        for (to, AskedIndex { id, index, .. }) in done {
            self.send(
                to,
                MessageBody::ReadIndexOk(ReadIndexOk { id, index }),
                outputs,
            );
        }
    }
}
