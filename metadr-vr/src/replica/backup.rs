//! A backup in normal operation.

use super::accept::Sender;
use super::{Replica, Status};
use crate::StateMachine;
use crate::options::bug;
use crate::outputs::{DropReason, Event, Fault, Outputs};
use crate::wire::{Commit, Entry, EpochView, Hash128, MessageBody, OpNumber, Prepare, PrepareOk};

impl<S: StateMachine> Replica<S> {
    pub(super) fn on_prepare(&mut self, sender: Sender, prepare: Prepare, outputs: &mut Outputs) {
        if !self.hears_primary(sender, outputs) {
            return;
        }
        let last = prepare.entries.last().map(|entry| entry.header.op);
        for entry in prepare.entries {
            if self.take_entry(entry, outputs).is_err() {
                return;
            }
        }
        // Also for a repeated PREPARE: the acknowledgement may have been lost.
        self.owes_acknowledgement = true;
        if bug!(self.options, P15) {
            self.repair.claimed = self.repair.claimed.max(last);
        }
        self.learn_commit(prepare.commit, prepare.commit_checksum, outputs);
    }

    pub(super) fn on_commit(&mut self, sender: Sender, commit: &Commit, outputs: &mut Outputs) {
        if !self.hears_primary(sender, outputs) {
            if sender.id == self.primary() {
                // Its questions for the view's log show that it listens.
                self.round_seen = self.round_seen.max(commit.round);
            }
            return;
        }
        if self.differs(commit.head, commit.head_checksum) {
            return self.fault(Fault::Divergence { op: commit.head }, outputs);
        }
        self.hears_checkpoint(sender, &commit.checkpoint, outputs);
        if self.status != Status::Normal {
            return;
        }
        self.round_seen = self.round_seen.max(commit.round);
        self.take_lease(commit);
        self.owes_acknowledgement = true;
        self.repair
            .hears_of(commit.head, self.log.head(), self.now, &self.options);
        self.learn_commit(commit.commit, commit.commit_checksum, outputs);
    }

    /// Takes an entry of this view: appends it if it is next, keeps it if it
    /// is early, and ignores it if it is here already.
    ///
    /// # Errors
    ///
    /// The replica has faulted, or the entry cannot be of this view.
    pub(super) fn take_entry(&mut self, entry: Entry, outputs: &mut Outputs) -> Result<(), ()> {
        let op = entry.header.op;
        if op <= self.log.start() {
            // It was executed, and is in a checkpoint.
            return Ok(());
        }
        // First what costs nothing: a replica that lags gets much twice, and
        // must not spend its time on hashing that.
        if self.log.checksum(op) == Some(entry.header.checksum) {
            return Ok(());
        }
        if !entry.is_intact() || entry.header.prepared > self.view {
            outputs.events.push(Event::Dropped(DropReason::Unexpected));
            return Err(());
        }
        if op <= self.log.head() {
            self.fault(Fault::Divergence { op }, outputs);
            return Err(());
        }
        if op > self.log.head() + 1 {
            let head = self.log.head();
            self.repair.keep(entry, head, self.now, &self.options);
            return Ok(());
        }
        self.append(entry, outputs)?;
        self.append_kept(outputs)
    }

    /// Appends the entries that came before their predecessors, as far as these
    /// are here now.
    ///
    /// # Errors
    ///
    /// The replica has faulted.
    pub(super) fn append_kept(&mut self, outputs: &mut Outputs) -> Result<(), ()> {
        while let Some(next) = self.repair.take(self.log.head() + 1) {
            self.append(next, outputs)?;
        }
        Ok(())
    }

    /// Sends what was promised by handling messages: one PREPARE_OK for all of them.
    pub(super) fn acknowledge(&mut self, outputs: &mut Outputs) {
        // Not before the view is promised on disk; it is owed until then.
        if !self.may_speak() || !std::mem::take(&mut self.owes_acknowledgement) {
            return;
        }
        let acked = self.durable_op();
        let acked_checksum = self.log.checksum(acked);
        let mut ok = PrepareOk {
            acked,
            acked_checksum: acked_checksum.expect("what is on disk is in memory"),
            applied: self.replicated.op(),
            round: self.round_seen,
            checkpoint: self.checkpoints.newest(),
            lease_round: self.lease.promised_round(),
        };
        if bug!(self.options, P15)
            && let Some((op, checksum)) = self.repair.claim()
        {
            (ok.acked, ok.acked_checksum) = (op, checksum);
        }
        self.send(self.primary(), MessageBody::PrepareOk(ok), outputs);
    }

    /// Bug P17 alone: acts in the view before the one that was promised.
    pub(super) fn keep_acknowledging(
        &mut self,
        sender: Sender,
        view: EpochView,
        prepare: &Prepare,
        outputs: &mut Outputs,
    ) {
        if self.status != (Status::ViewChange { entered: true }) || view != self.last_normal {
            return;
        }
        let promised = (self.view, self.status);
        (self.view, self.status) = (view, Status::Normal);
        self.on_prepare(sender, prepare.clone(), outputs);
        self.acknowledge(outputs);
        (self.view, self.status) = promised;
    }

    /// Raises the commit number, but never beyond the log.
    pub(super) fn learn_commit(
        &mut self,
        commit: OpNumber,
        checksum: Hash128,
        outputs: &mut Outputs,
    ) {
        if self.differs(commit, checksum) {
            return self.fault(Fault::Divergence { op: commit }, outputs);
        }
        let known = commit.min(self.log.head());
        self.commit_number = self.commit_number.max(known);
    }

    fn append(&mut self, entry: Entry, outputs: &mut Outputs) -> Result<(), ()> {
        if !self.log.is_next(&entry) {
            let op = entry.header.op;
            self.fault(Fault::Divergence { op }, outputs);
            return Err(());
        }
        self.log.append(entry);
        Ok(())
    }

    /// Whether this log has another entry at `op`.
    pub(super) fn differs(&self, op: OpNumber, checksum: Hash128) -> bool {
        self.log.checksum(op).is_some_and(|own| own != checksum)
    }

    /// Whether a message is from the primary of the view that this backup is
    /// Normal in. That proves the primary to be alive.
    fn hears_primary(&mut self, sender: Sender, outputs: &mut Outputs) -> bool {
        if sender.id != self.primary() {
            outputs.events.push(Event::Dropped(DropReason::Unexpected));
            return false;
        }
        if let Status::ViewChange { .. } = self.status {
            // The view has started without this replica.
            if self.staged.is_none() && !self.is_installing() && !self.is_primary() {
                // Not by `ask_for_view`: what is heard of the primary all the
                // time must not put off asking others, which reach farther.
                self.send(self.primary(), MessageBody::GetView, outputs);
            }
            return false;
        }
        self.primary_heard = self.now;
        self.election = self.election_deadline();
        self.votes.withdraw();
        true
    }
}
