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

use super::Replica;
use super::requests::Requests;
use crate::StateMachine;
use crate::options::bug;
use crate::outputs::{ClientReply, Outputs, RequestId};
use bytes::Bytes;

/// A read that waits for its round, and for the writes before it.
#[derive(Clone, Debug)]
pub(super) struct PendingRead {
    pub(super) id: RequestId,
    pub(super) query: Bytes,
    /// The last earlier write of its connection.
    after_write: u64,
    /// The round that confirms it; `None` until one begins.
    round: Option<u64>,
}

impl PendingRead {
    pub(super) fn new(id: RequestId, query: Bytes, after_write: u64) -> Self {
        Self {
            id,
            query,
            after_write,
            round: None,
        }
    }
}

impl Requests {
    /// Whether a round should begin for reads: some have none, and the one
    /// before is confirmed.
    fn awaits_round(&self, confirmed: u64) -> bool {
        self.read_round <= confirmed && self.reads.back().is_some_and(|read| read.round.is_none())
    }

    /// Gives a round that begins now to all reads that have none.
    pub(super) fn round_begins(&mut self, round: u64) {
        let waiting = self.reads.iter_mut().rev();
        // Rounds are given in order, so those without one are at the end.
        for read in waiting.take_while(|read| read.round.is_none()) {
            read.round = Some(round);
            self.read_round = round;
        }
    }
}

impl<S: StateMachine> Replica<S> {
    /// Answers the reads that can be, and begins a round for those that have
    /// none, unless one is under way. Returns whether that let go of requests
    /// which had to wait for reads.
    pub(super) fn serve_reads(&mut self, outputs: &mut Outputs) -> bool {
        let released = self.answer_reads(outputs);
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
        if self.commit_number < self.view_start_op || self.requests.reads.is_empty() {
            return false;
        }
        let confirmed = self.confirmed_round();
        let applied_write = self.requests.last_applied_write();
        let ignores_quorum = bug!(self.options, P22);
        let is_ready = |read: &PendingRead| {
            ignores_quorum
                || (read.after_write <= applied_write
                    && read.round.is_some_and(|round| round <= confirmed))
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
            let reply = ClientReply::Ok {
                result: self.state_machine.query(&read.query),
                op: self.applied,
                index: 0,
            };
            outputs.reply.push((read.id, reply));
            released |= self.requests.read_answered(&read);
        }
        released
    }
}
