//! The primary in normal operation.

use super::accept::Sender;
use super::pressure::Pressure;
use super::{Replica, Status};
use crate::membership::Told;
use crate::options::bug;
use crate::outputs::{DropReason, Event, Outputs};
use crate::wire::{
    Commit, Entry, EpochView, Hash128, Incarnation, MessageBody, OpNumber, Ping, Prepare, PrepareOk,
};
use crate::{StateMachine, Tick};

/// What a replica knows of another.
#[derive(Clone, Debug)]
pub(super) struct Peer {
    pub(super) incarnation: Option<Incarnation>,
    pub(super) last_heard: Tick,
    /// The lowest promise that was heard from its present run: no earlier run
    /// can have made a higher one.
    pub(super) lowest_promise: Option<EpochView>,
    /// Since when only an earlier run of it is heard.
    pub(super) earlier_run_since: Option<Tick>,
    /// What it last said of itself in this run.
    pub(super) ping: Option<Ping>,
    /// When it last answered this replica as its primary.
    pub(super) answered: Tick,
    /// It holds everything up to here.
    acked: OpNumber,
    /// The highest round that it has echoed.
    pub(super) acked_round: u64,
    /// The highest round that it has seen before it had the view's log.
    pub(super) fetched_round: u64,
    /// The first entry that it has not been sent.
    next_send: OpNumber,
    /// When `acked` moved, or something was first sent after all was acknowledged.
    moved: Tick,
}

impl Peer {
    /// A peer of which nothing is known but that the group has committed up
    /// to `commit`. That it holds as much is assumed for the sake of the
    /// window alone: what is committed is not counted again.
    pub(super) fn new(now: Tick, commit: OpNumber) -> Self {
        Self {
            incarnation: None,
            last_heard: now,
            lowest_promise: None,
            earlier_run_since: None,
            ping: None,
            answered: Tick(0),
            acked: commit,
            acked_round: 0,
            fetched_round: 0,
            next_send: commit + 1,
            moved: now,
        }
    }

    pub(super) fn acked(&self) -> OpNumber {
        self.acked
    }

    /// Whether it is about to be stopped.
    pub(super) fn is_leaving(&self) -> bool {
        self.ping.as_ref().is_some_and(|ping| ping.is_leaving)
    }

    /// Its process started again: what the earlier one acknowledged counts no more.
    pub(super) fn restart(&mut self, incarnation: Incarnation, now: Tick, commit: OpNumber) {
        *self = Self {
            incarnation: Some(incarnation),
            ..Self::new(now, commit)
        };
    }

    /// A view begins with this replica as its primary.
    pub(super) fn begin_view(&mut self, now: Tick, commit: OpNumber, head: OpNumber) {
        *self = Self {
            incarnation: self.incarnation,
            last_heard: self.last_heard,
            lowest_promise: self.lowest_promise,
            ping: self.ping.take(),
            next_send: head + 1,
            ..Self::new(now, commit)
        };
    }
}

impl<S: StateMachine> Replica<S> {
    pub(super) fn on_prepare_ok(
        &mut self,
        Sender { id, place }: Sender,
        ok: &PrepareOk,
        outputs: &mut Outputs,
    ) {
        if !self.is_primary() || self.status != Status::Normal || !self.counts(id) {
            return outputs.events.push(Event::Dropped(DropReason::Unexpected));
        }
        // What was forgotten here is committed: nothing to compare, or to count.
        let is_known = ok.acked >= self.log.start();
        if is_known && self.log.checksum(ok.acked) != Some(ok.acked_checksum) {
            // One of the two logs is wrong, and nobody can tell which.
            self.refuses_writes = true;
            let (op, with) = (ok.acked, id);
            return outputs.events.push(Event::Divergence { op, with });
        }
        if ok.round > self.round {
            // Nobody can have heard of a round that did not begin.
            return outputs.events.push(Event::Dropped(DropReason::Unexpected));
        }
        self.recovery.has_recovered(place);
        self.hears_checkpoint(Sender { id, place }, &ok.checkpoint, outputs);
        if self.status != Status::Normal {
            return;
        }
        self.pressure.heard(place, ok.applied);
        self.lease_taken(place, ok);
        let peer = &mut self.peers[place];
        peer.answered = self.now;
        peer.acked_round = peer.acked_round.max(ok.round);
        if bug!(self.options, P16) {
            peer.acked = (peer.acked + 1).min(self.log.head());
        }
        if ok.acked > peer.acked {
            peer.acked = ok.acked;
            peer.next_send = peer.next_send.max(ok.acked + 1);
            peer.moved = self.now;
        }
    }

    /// Everything that a primary does with what has gathered.
    pub(super) fn primary_flush(&mut self, outputs: &mut Outputs) {
        debug_assert!(self.is_primary());
        if self.suspended {
            return;
        }
        loop {
            self.append_batches();
            self.persist_log(outputs);
            self.advance_commit_number();
            self.apply_committed(outputs);
            if self.status != Status::Normal {
                return;
            }
            // A commit makes room in the pipeline, and an answered read lets
            // go of the writes that had to wait for it.
            let released = self.serve_reads(outputs);
            if !released && !self.can_append() {
                break;
            }
        }
        for other in self.others() {
            self.send_entries(other, outputs);
        }
    }

    /// Begins a view as its primary.
    pub(super) fn begin_primary(&mut self, outputs: &mut Outputs) {
        let (now, commit, head) = (self.now, self.commit_number, self.log.head());
        for peer in &mut self.peers {
            peer.begin_view(now, commit, head);
        }
        self.round = 0;
        self.pressure = Pressure::new(now);
        self.note_in_flight();
        // The first answers may take as long as the view change did: over slow
        // ways, no view would last otherwise.
        let longest = 8 * self.options.election_timeout;
        let patience = self.view_change.duration(now).min(longest);
        self.quorum_heard = now.after(patience.saturating_sub(self.options.check_quorum));
        self.next_heartbeat = now.after(self.options.heartbeat);
        self.send_to_all(&MessageBody::StartView(self.start_view()), outputs);
    }

    /// Sees whether a quorum still listens. If not, another may be primary by
    /// now, and the clients should look for it. To be heard of is not enough:
    /// a replica that is not reached says things too.
    fn check_quorum(&mut self, outputs: &mut Outputs) {
        let needed = self.quorum() - 1;
        if needed > 0 {
            let answered = self.others().map(|one| self.peers[one.place].answered.0);
            let heard = answered.collect::<Told>().reached_by(needed);
            self.quorum_heard = self.quorum_heard.max(Tick(heard));
        } else {
            self.quorum_heard = self.now;
        }
        let is_quiet = self.now.since(self.quorum_heard) >= self.options.check_quorum
            && !bug!(self.options, P9);
        if is_quiet && !self.suspended {
            self.suspended = true;
            outputs.events.push(Event::Suspended);
            self.leave_requests(outputs);
            self.cast_vote(self.view.view + 1, outputs);
        } else if !is_quiet && self.suspended {
            self.suspended = false;
            self.votes.withdraw();
            outputs.events.push(Event::Resumed);
        } else if !self.suspended && !self.is_asked_for_later_view() {
            // Whoever needed the vote does not any more.
            self.votes.withdraw();
        }
    }

    pub(super) fn primary_tick(&mut self, outputs: &mut Outputs) {
        if self.now < self.next_heartbeat {
            return;
        }
        // Rounds for reads do not put this off: there may be one every few
        // milliseconds, and what follows would never be done.
        self.next_heartbeat = self.now.after(self.options.heartbeat);
        self.check_quorum(outputs);
        if self.suspended || self.status != Status::Normal {
            return;
        }
        self.watch_lag();
        self.begin_round(outputs);
        for other in self.others() {
            let peer = &mut self.peers[other.place];
            let is_outstanding = peer.acked + 1 < peer.next_send;
            if is_outstanding && self.now.since(peer.moved) >= self.options.resend {
                peer.next_send = peer.acked + 1;
                peer.moved = self.now;
                self.send_entries(other, outputs);
            }
        }
    }

    /// Sends COMMIT with a new round: a sign of life, and a question whether
    /// this replica still is the primary.
    pub(super) fn begin_round(&mut self, outputs: &mut Outputs) {
        self.round += 1;
        self.requests.round_begins(self.round);
        let lease_ticks = self.offer_lease();
        let head = self.log.head_header();
        let commit = Commit {
            commit: self.commit_number,
            commit_checksum: self.commit_checksum(),
            head: head.op,
            head_checksum: head.checksum,
            round: self.round,
            checkpoint: self.checkpoints.newest(),
            lease_ticks,
        };
        self.send_to_all(&MessageBody::Commit(commit), outputs);
    }

    /// The highest round that a quorum, this replica included, has taken part in.
    pub(super) fn confirmed_round(&self) -> u64 {
        let echoed = self.others().map(|one| self.peers[one.place].acked_round);
        let rounds: Told = echoed.chain([self.round]).collect();
        rounds.reached_by(self.quorum())
    }

    fn can_append(&self) -> bool {
        let (commit, head) = (self.commit_number, self.log.head());
        self.requests.has_queued()
            && head - commit < self.options.pipeline_entries
            && self.log.bytes_between(commit, head) < self.options.pipeline_bytes
            && self.pressure.allowance() != Some(0)
    }

    /// Makes entries of all that is queued, as long as the pipeline has room.
    fn append_batches(&mut self) {
        while self.can_append() {
            let op = self.log.head() + 1;
            let most = self.pressure.allowance();
            let operations = self.requests.take_batch(op, most, &self.options);
            self.pressure.took(operations.len());
            let parent = self.log.head_header();
            let timestamp = self.wall_ms.max(parent.timestamp_ms);
            let entry = Entry::batch(parent, self.view, timestamp, operations);
            self.log.append(entry);
        }
    }

    /// Commits what a quorum holds, this replica as far as its disk does. The whole log was agreed on when the view
    /// began, so entries of earlier views count like those of this one.
    fn advance_commit_number(&mut self) {
        let head = self.log.head();
        let acked = self
            .others()
            .map(|one| self.peers[one.place].acked.min(head));
        let held: Told = acked.chain([self.durable_op()]).collect();
        let candidate = held.reached_by(self.quorum());
        if candidate > self.commit_number {
            self.commit_number = candidate;
        }
    }

    fn send_entries(&mut self, Sender { id, place }: Sender, outputs: &mut Outputs) {
        let peer = &self.peers[place];
        if self.now.since(peer.last_heard) > self.options.silent {
            return;
        }
        let mut next = peer.next_send;
        if peer.acked < self.log.start() {
            // What it lacks was forgotten here: it gets a checkpoint instead.
            return;
        }
        let had_all = peer.acked + 1 == next;
        let head = self.log.head();
        while next <= head {
            let outstanding = self.log.bytes_between(self.peers[place].acked, next - 1);
            let room = self.options.window_bytes.saturating_sub(outstanding);
            if room == 0 {
                break;
            }
            let most = room.min(self.options.batch_bytes as u64);
            let entries = self.log.slice(next, head, most).to_vec();
            next += entries.len() as u64;
            let prepare = Prepare {
                entries,
                commit: self.commit_number,
                commit_checksum: self.commit_checksum(),
            };
            self.send(id, MessageBody::Prepare(prepare), outputs);
        }
        let peer = &mut self.peers[place];
        if had_all && next > peer.next_send {
            peer.moved = self.now;
        }
        peer.next_send = next;
    }

    fn commit_checksum(&self) -> Hash128 {
        let checksum = self.log.checksum(self.commit_number);
        checksum.expect("a log reaches at least what is committed")
    }
}
