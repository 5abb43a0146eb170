//! Changing the view: promising it, choosing its log, starting it.

use super::accept::Sender;
use super::join::Goal;
use super::repair::Repair;
use super::{Replica, Status};
use crate::membership::PerVoter;
use crate::options::bug;
use crate::outputs::{Event, Fault, Outputs};
use crate::wire::{DoViewChange, Entry, EpochView, Handover, Hash128, MessageBody, StartView};
use crate::{StateMachine, Tick};

/// Entries up to so many bytes travel within DO_VIEW_CHANGE and START_VIEW.
const INLINE_BYTES: u64 = 256 << 10;

/// So many checksums do.
const MOST_CHECKSUMS: u64 = 4096;

/// The state of a view change.
#[derive(Clone, Debug, Default)]
pub(super) struct ViewChange {
    /// What this replica reports, from entering the view until it starts.
    own: Option<DoViewChange>,
    /// What the others report, by their places; only at the view's primary.
    reported: PerVoter<Option<DoViewChange>>,
    /// Whether the log of the view has been chosen.
    is_chosen: bool,
    /// View changes in a row that did not come to an end.
    pub(super) attempts: u32,
    /// Since it was last Normal, this replica gave up a view as its primary, as
    /// it lacked a snapshot.
    pub(super) has_forfeited: bool,
    /// When it began.
    since: Tick,
    /// When to say everything again.
    resend: Tick,
    /// When to give this view up.
    give_up: Tick,
}

impl ViewChange {
    /// How long it has taken.
    pub(super) fn duration(&self, now: Tick) -> u64 {
        now.since(self.since)
    }

    pub(super) fn deadline(&self) -> Tick {
        self.resend.min(self.give_up)
    }
}

impl<S: StateMachine> Replica<S> {
    /// Promises a view, as a quorum voted for it or as somebody has entered it.
    pub(super) fn enter(&mut self, view: EpochView, outputs: &mut Outputs) {
        outputs.events.push(Event::Entered { view });
        self.leave_view(Status::ViewChange { entered: true }, view, outputs);
        self.view_change.own = Some(self.report());
        if self.may_speak() {
            self.announce_view(outputs);
        }
    }

    /// What this replica says of its log when it enters a view, and says again
    /// as it is until the view starts.
    fn report(&self) -> DoViewChange {
        DoViewChange {
            last_normal: self.last_normal,
            head: self.log.head(),
            head_checksum: self.log.head_header().checksum,
            commit: self.commit_number,
            checksums: self.suffix_checksums(),
            entries: self.suffix(),
        }
    }

    /// Promises a view that others have started already. The log stays as it
    /// is until that of the view is here, complete.
    pub(super) fn follow(&mut self, view: EpochView, outputs: &mut Outputs) {
        // A quorum has entered it: whatever lease there was is over.
        self.forget_promise();
        self.leave_view(Status::ViewChange { entered: false }, view, outputs);
        if bug!(self.options, P2) {
            self.log.truncate(self.commit_number);
            self.last_normal = view;
        }
        if self.may_speak() {
            self.ask_for_view(outputs);
        }
    }

    fn leave_view(&mut self, status: Status, view: EpochView, outputs: &mut Outputs) {
        self.status = status;
        self.promise(view, outputs);
        self.restart_view_change();
        self.stepped_down(outputs);
        self.leave_requests(outputs);
    }

    pub(super) fn restart_view_change(&mut self) {
        self.unstage();
        self.repair = Repair::default();
        self.owes_acknowledgement = false;
        self.suspended = false;
        self.round_seen = 0;
        self.lease.leave_view();
        self.votes.clear();
        self.view_change = ViewChange {
            attempts: self.view_change.attempts + 1,
            has_forfeited: self.view_change.has_forfeited,
            since: self.now,
            ..ViewChange::default()
        };
        self.view_change.resend = self.now.after(self.options.view_change_resend);
        self.view_change.give_up = self.now.after(self.patience());
    }

    /// How long to wait for a view to start: longer each time, and not the
    /// same at all replicas.
    fn patience(&mut self) -> u64 {
        let doublings = self.view_change.attempts.saturating_sub(1).min(3);
        let timeout = self.options.election_timeout << doublings;
        timeout + self.random.below(self.options.election_timeout / 2)
    }

    /// What had to wait for the promise to be on disk.
    pub(super) fn announce_view(&mut self, outputs: &mut Outputs) {
        self.view_change.resend = self.now.after(self.options.view_change_resend);
        self.send_to_all(&MessageBody::EnterView, outputs);
        if !self.may_report() {
            return;
        }
        if bug!(self.options, P32) {
            self.view_change.own = Some(self.report());
        }
        let own = self.view_change.own.clone();
        let own = own.expect("a replica that entered a view has something to report");
        if self.is_primary() {
            let place = self.place();
            self.collect(place, own, outputs);
        } else {
            self.send(self.primary(), MessageBody::DoViewChange(own), outputs);
        }
    }

    pub(super) fn ask_for_view(&mut self, outputs: &mut Outputs) {
        self.view_change.resend = self.now.after(self.options.view_change_resend);
        if !self.is_primary() {
            self.send(self.primary(), MessageBody::GetView, outputs);
        }
    }

    /// The view may have started with a primary that this replica cannot reach.
    fn ask_another_for_view(&mut self, outputs: &mut Outputs) {
        let primary = self.primary();
        let mut others = (self.others()).filter(|one| one.id != primary);
        let count = others.clone().count() as u64;
        if self.is_primary() || count == 0 {
            return;
        }
        let index = usize::try_from(self.random.below(count)).expect("few voters");
        if let Some(to) = others.nth(index) {
            self.send(to.id, MessageBody::GetView, outputs);
        }
    }

    pub(super) fn on_do_view_change(
        &mut self,
        sender: Sender,
        report: DoViewChange,
        outputs: &mut Outputs,
    ) {
        if self.status == (Status::ViewChange { entered: true }) && self.is_primary() {
            self.collect(sender.place, report, outputs);
        } else if self.status == Status::Normal && self.is_primary() {
            // It missed the start of the view.
            self.send_start_view(sender, outputs);
        }
    }

    fn collect(&mut self, place: usize, report: DoViewChange, outputs: &mut Outputs) {
        if self.view_change.is_chosen {
            return;
        }
        self.view_change.reported[place].get_or_insert(report);
        self.choose_log(outputs);
    }

    /// Chooses the log of the view, once a quorum has reported.
    pub(super) fn choose_log(&mut self, outputs: &mut Outputs) {
        let is_collecting = self.status == (Status::ViewChange { entered: true })
            && self.is_primary()
            && !self.view_change.is_chosen;
        // The files by which a peer is known have to be on disk before what it
        // reports counts.
        if !is_collecting || !self.others().all(|one| self.counts(one.id)) {
            return;
        }
        let reported = self.view_change.reported.iter().flatten().count();
        // Its own report counts once its own promise is on disk, and it is a
        // must: this log is the one that can be read without the network.
        let own = self.place();
        if reported < self.quorum() || self.view_change.reported[own].is_none() {
            return;
        }
        self.view_change.is_chosen = true;
        let reports = &self.view_change.reported;
        let commit = reports.iter().flatten().map(|one| one.commit).max();
        let by_rule = |one: &DoViewChange| (one.last_normal, one.head);
        let by_entry = |one: &DoViewChange| {
            let last = one.entries.last().map(|entry| entry.header.prepared);
            (last.unwrap_or_default(), one.head)
        };
        let ignores_last_normal = bug!(self.options, P19);
        let (source, best) = (reports.iter().enumerate())
            .filter_map(|(place, one)| one.clone().map(|one| (place, one)))
            .max_by_key(|(place, one)| {
                let key = if ignores_last_normal {
                    by_entry(one)
                } else {
                    by_rule(one)
                };
                // The own log first, of equal ones: nothing has to be fetched.
                (key, *place == own)
            })
            .expect("a quorum has reported");
        let commit = commit.expect("a quorum has reported");
        if best.head < commit {
            // What is committed is lost, or somebody says what is not so.
            return self.fault(Fault::Divergence { op: commit }, outputs);
        }
        let goal = Goal {
            head: best.head,
            head_checksum: best.head_checksum,
            commit,
            first: best.commit,
            checksums: best.checksums,
        };
        self.stage(goal, best.entries, source, outputs);
    }

    pub(super) fn on_start_view(
        &mut self,
        Sender { id, place }: Sender,
        start: StartView,
        outputs: &mut Outputs,
    ) {
        let is_from_primary = id == self.primary();
        if self.is_primary() {
            // It begins its view itself, or not at all.
            return;
        }
        if is_from_primary {
            self.primary_heard = self.now;
        }
        match self.status {
            Status::Normal => self.owes_acknowledgement |= is_from_primary,
            Status::ViewChange { .. } if self.staged.is_some() || self.is_installing() => {}
            Status::ViewChange { .. } => {
                let goal = Goal {
                    head: start.head,
                    head_checksum: start.head_checksum,
                    commit: start.commit,
                    first: start.commit,
                    checksums: start.checksums,
                };
                self.stage(goal, start.entries, place, outputs);
            }
            _ => {}
        }
    }

    /// Whoever is Normal holds at least the log that its view began with, and
    /// nothing that is not the view's.
    pub(super) fn on_get_view(&mut self, sender: Sender, outputs: &mut Outputs) {
        if self.status == Status::Normal {
            self.send_start_view(sender, outputs);
        }
    }

    pub(super) fn on_handover(
        &mut self,
        sender: Sender,
        handover: &Handover,
        outputs: &mut Outputs,
    ) {
        let view = EpochView {
            view: handover.target,
            ..self.view
        };
        if self.status == Status::Normal
            && sender.id == self.primary()
            && view > self.view
            && self.voters.primary_of(view) == self.boot.id()
        {
            // It gives its lease back by this, at the latest.
            self.forget_promise();
            self.enter(view, outputs);
        }
    }

    pub(super) fn start_view(&self) -> StartView {
        StartView {
            head: self.log.head(),
            head_checksum: self.log.head_header().checksum,
            commit: self.commit_number,
            checksums: self.suffix_checksums(),
            entries: self.suffix(),
        }
    }

    fn send_start_view(&mut self, to: Sender, outputs: &mut Outputs) {
        self.send(to.id, MessageBody::StartView(self.start_view()), outputs);
    }

    /// The checksums at the commit number and after it, if they are not too
    /// many: whoever holds a part of the entries need not fetch that.
    fn suffix_checksums(&self) -> Vec<Hash128> {
        let (commit, head) = (self.commit_number, self.log.head());
        if head - commit > MOST_CHECKSUMS {
            return Vec::new();
        }
        (commit..=head)
            .filter_map(|op| self.log.checksum(op))
            .collect()
    }

    /// The entries after the commit number, if they are small enough.
    fn suffix(&self) -> Vec<Entry> {
        let (commit, head) = (self.commit_number, self.log.head());
        if self.log.bytes_between(commit, head) > INLINE_BYTES {
            return Vec::new();
        }
        self.log.slice(commit + 1, head, INLINE_BYTES).to_vec()
    }

    pub(super) fn view_change_tick(&mut self, entered: bool, outputs: &mut Outputs) {
        if self.now >= self.view_change.give_up {
            self.view_change.attempts += 1;
            self.view_change.give_up = self.now.after(self.patience());
            self.cast_vote(self.view.view + 1, outputs);
        }
        if self.now >= self.view_change.resend {
            self.view_change.resend = self.now.after(self.options.view_change_resend);
            if !self.may_speak() {
                // It is said when the promise is on disk.
                return;
            }
            if entered {
                self.announce_view(outputs);
            } else if self.staged.is_none() && !self.is_installing() {
                self.ask_for_view(outputs);
            }
            if self.staged.is_none() && !self.is_installing() {
                self.ask_another_for_view(outputs);
            }
        }
    }

    pub(super) fn place(&self) -> usize {
        let place = self.voters.place_of(self.boot.id());
        place.expect("a replica is one of its voters")
    }
}
