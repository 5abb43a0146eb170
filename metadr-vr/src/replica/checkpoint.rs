//! Checkpoints: the state is written down now and then, and the log that led
//! to it forgotten.
//!
//! Checkpoints are taken of committed ops alone, so a checkpoint is part of
//! every later view's log. All replicas tell which they have: equal states have
//! equal checkpoints, so whoever differs from a quorum has gone wrong and stops.

use super::accept::Sender;
use super::{Replica, Status};
use crate::StateMachine;
use crate::Tick;
use crate::machine::{Snapshot, Taking};
use crate::membership::PerVoter;
use crate::outputs::{Event, Fault, Outputs};
use crate::wire::{Checkpoint, OpNumber};

/// The checkpoints of a replica, and what it knows of those of others.
#[derive(Clone, Debug)]
pub(super) struct Checkpoints<S: StateMachine> {
    taking: Option<Taking<S>>,
    pub(super) latest: Option<Snapshot>,
    /// The one before, which others may still be fetching.
    previous: Option<Snapshot>,
    /// The newest of each other voter.
    told: PerVoter<Checkpoint>,
    /// The bytes of snapshots that were sent in the present tick.
    served: (Tick, u64),
}

// Derived, it would ask the same of the state machine.
impl<S: StateMachine> Default for Checkpoints<S> {
    fn default() -> Self {
        Self {
            taking: None,
            latest: None,
            previous: None,
            told: PerVoter::default(),
            served: (Tick(0), 0),
        }
    }
}

impl<S: StateMachine> Checkpoints<S> {
    /// The one that was taken or taken over last; of op 0 if there is none.
    pub(super) fn newest(&self) -> Checkpoint {
        let newest = self.latest.as_ref().map(Snapshot::checkpoint);
        newest.cloned().unwrap_or_default()
    }

    pub(super) fn find(&self, wanted: &Checkpoint) -> Option<&Snapshot> {
        let known = self.latest.iter().chain(&self.previous);
        known.into_iter().find(|one| one.checkpoint() == wanted)
    }

    /// The newest that another voter has told of.
    pub(super) fn told(&self, place: usize) -> &Checkpoint {
        &self.told[place]
    }

    pub(super) fn is_taking(&self) -> bool {
        self.taking.is_some()
    }

    /// Keeps a snapshot that was taken or fetched; one that is being taken is
    /// given up if that is of an earlier op.
    pub(super) fn keep(&mut self, snapshot: Snapshot) {
        if self
            .taking
            .as_ref()
            .is_some_and(|one| one.op() <= snapshot.op())
        {
            self.taking = None;
        }
        self.previous = self.latest.replace(snapshot);
    }

    /// Counts bytes that are to be sent in this tick. Tells whether there is
    /// room for them: a transfer must not take the place of all else.
    pub(super) fn may_serve(&mut self, now: Tick, bytes: u64, limit: u64) -> bool {
        if self.served.0 != now {
            self.served = (now, 0);
        }
        let is_first = self.served.1 == 0;
        if !is_first && self.served.1 + bytes > limit {
            return false;
        }
        self.served.1 += bytes;
        true
    }
}

impl<S: StateMachine> Replica<S> {
    /// The newest checkpoint; of op 0 if there is none.
    #[must_use]
    pub fn checkpoint(&self) -> Checkpoint {
        self.checkpoints.newest()
    }

    /// Takes hold of the state, if the op that was just executed is one of
    /// those at which all replicas do.
    pub(super) fn begin_checkpoint(&mut self, outputs: &mut Outputs) {
        let op = self.replicated.op();
        if !self.is_due(op) || self.checkpoints.is_taking() {
            return;
        }
        let last = self.log.header(op).expect("it was just executed");
        let taking = Taking::begin(&self.replicated, last, self.options.snapshot_chunk);
        self.checkpoints.taking = Some(taking);
        // A small state is written at once.
        self.advance_checkpoint(outputs);
    }

    /// Whether a checkpoint is to be taken at `op`: every so many ops, or when
    /// the log since the last one has become long.
    fn is_due(&self, op: OpNumber) -> bool {
        let last = self.checkpoints.newest().op.max(self.log.start());
        op.is_multiple_of(self.options.checkpoint_ops)
            || self.log.bytes_between(last, op) >= self.options.checkpoint_bytes
    }

    pub(super) fn advance_checkpoint(&mut self, outputs: &mut Outputs) {
        let Some(taking) = &mut self.checkpoints.taking else {
            return;
        };
        let Some(snapshot) = taking.advance(self.options.checkpoint_slice) else {
            return;
        };
        self.checkpoints.taking = None;
        let op = snapshot.op();
        if op <= self.checkpoints.newest().op {
            return;
        }
        self.checkpoints.keep(snapshot);
        outputs.events.push(Event::Checkpointed { op });
        self.compare_checkpoints(outputs);
    }

    /// Forgets what the checkpoint has, but for the ops that others who are a
    /// little behind may ask for. Not at once when the checkpoint is there, but
    /// before anything else commits: so whoever watches a replica sees each entry
    /// that it has committed.
    pub(super) fn truncate_log(&mut self) {
        // Between views, the log is what was reported, from its beginning on.
        if self.status != Status::Normal || self.keeps_log() {
            return;
        }
        let newest = self.checkpoints.newest().op;
        let mut through = newest.saturating_sub(self.options.retain_ops);
        if self.is_primary() {
            // Who listens and is not hopelessly behind gets entries.
            for other in self.others() {
                let peer = &self.peers[other.place];
                let is_there = self.now.since(peer.last_heard) <= self.options.check_quorum;
                let is_near = peer.acked() + self.options.retain_most >= newest;
                if is_there && is_near {
                    through = through.min(peer.acked());
                }
            }
        }
        self.log.forget_through(through);
    }

    /// Keeps what another has told of its newest checkpoint.
    pub(super) fn hears_checkpoint(
        &mut self,
        sender: Sender,
        checkpoint: &Checkpoint,
        outputs: &mut Outputs,
    ) {
        if checkpoint.op < self.checkpoints.told[sender.place].op {
            // A late message.
            return;
        }
        if *checkpoint != self.checkpoints.told[sender.place] {
            self.checkpoints.told[sender.place] = *checkpoint;
            self.compare_checkpoints(outputs);
        }
    }

    /// Compares the own newest checkpoint with those that others have of the
    /// same op.
    fn compare_checkpoints(&mut self, outputs: &mut Outputs) {
        let own = self.checkpoints.newest();
        if own.op == 0 || self.status == Status::Recovering {
            return;
        }
        let mut told = 1;
        let mut equal = 1;
        let mut differing = None;
        let mut most_equal = 0;
        for other in self.others() {
            let theirs = &self.checkpoints.told[other.place];
            if theirs.op != own.op {
                continue;
            }
            told += 1;
            if *theirs == own {
                equal += 1;
                continue;
            }
            differing = Some(other);
            let same = (self.others()).filter(|one| self.checkpoints.told[one.place] == *theirs);
            most_equal = most_equal.max(same.count());
        }
        let Some(other) = differing else {
            return;
        };
        let op = own.op;
        if most_equal >= self.quorum() {
            return self.fault(Fault::StateDivergence { op }, outputs);
        }
        let with = other.id;
        outputs.events.push(Event::StateDivergence { op, with });
        if told == self.voters.len() && equal < self.quorum() {
            // Nobody can tell which state is the right one.
            self.refuses_writes = true;
        }
    }
}
