//! Recovery of a replica that has lost its memory.
//!
//! Such a replica is silent until it has the log of a Normal primary whose
//! view is not below its own promise, taken after its restart. So it is
//! missing in quorums, but it never misleads one.

use super::accept::Sender;
use super::join::Goal;
use super::{Replica, Status};
use crate::membership::PerVoter;
use crate::options::bug;
use crate::outputs::{Event, Memory, Outputs};
use crate::wire::{EpochView, Incarnation, MessageBody, Recovery as Ask, RecoveryResponse, Role};
use crate::{StateMachine, Tick};

/// What a recovering replica has been told, and what it knows of others that
/// recover.
#[derive(Clone, Debug, Default)]
pub(super) struct Recovery {
    /// The newest answer of each voter, by its place.
    answers: PerVoter<Option<(EpochView, RecoveryResponse)>>,
    /// When to ask again.
    resend: Tick,
    /// When each voter last said that it recovers, and what it has promised.
    recovering: PerVoter<Option<(Tick, EpochView)>>,
    /// Since when there has been no quorum that remembers.
    lost_since: Option<Tick>,
    is_reported: bool,
    /// The goal that waits for the promise of its view.
    goal: Option<(Goal, usize)>,
}

impl Recovery {
    pub(super) fn deadline(&self) -> Tick {
        self.resend
    }

    /// Another replica takes part in a view: it has its memory back.
    pub(super) fn has_recovered(&mut self, place: usize) {
        self.recovering[place] = None;
    }
}

impl<S: StateMachine> Replica<S> {
    pub(super) fn recovery_tick(&mut self, outputs: &mut Outputs) {
        // Also while a log is being fetched: its view may be over before that.
        if self.now < self.recovery.resend {
            return;
        }
        self.recovery.resend = self.now.after(self.options.recovery_resend);
        let nonce = self.nonce();
        self.send_to_all(&MessageBody::Recovery(Ask { nonce }), outputs);
    }

    /// What the answers to this run's questions have to repeat.
    fn nonce(&self) -> Incarnation {
        if bug!(self.options, P6) {
            return Incarnation::default();
        }
        self.boot.incarnation()
    }

    pub(super) fn on_recovery(
        &mut self,
        Sender { id, place }: Sender,
        promise: EpochView,
        ask: &Ask,
        outputs: &mut Outputs,
    ) {
        self.recovery.recovering[place] = Some((self.now, promise));
        if self.status != Status::Normal {
            return;
        }
        if promise > self.view {
            // It once promised a later view, so nobody can answer it until one
            // begins; one of which it is not the primary itself.
            let mut view = promise;
            while self.voters.primary_of(view) == id {
                view.view += 1;
            }
            if self.votes.own() < Some(view.view) {
                self.cast_vote(view.view, outputs);
            }
            return;
        }
        let head = self.log.head_header();
        let response = RecoveryResponse {
            nonce: ask.nonce,
            // Also one that hears no quorum: whoever recovers from it may be
            // what it lacks, and what was promised keeps that safe.
            is_primary: self.is_primary(),
            head: head.op,
            head_checksum: head.checksum,
            commit: self.commit_number,
        };
        self.send(id, MessageBody::RecoveryResponse(response), outputs);
    }

    pub(super) fn on_recovery_response(
        &mut self,
        Sender { place, .. }: Sender,
        view: EpochView,
        response: RecoveryResponse,
        outputs: &mut Outputs,
    ) {
        if self.status != Status::Recovering || response.nonce != self.nonce() {
            return;
        }
        self.recovery.answers[place] = Some((view, response));
        let answers = self.recovery.answers.iter().flatten();
        let Some(newest) = answers.map(|(view, _)| *view).max() else {
            return;
        };
        let is_under_way =
            self.staged.is_some() || self.recovery.goal.is_some() || self.is_installing();
        if newest < self.view || (is_under_way && newest == self.view) {
            return;
        }
        let primary = self.voters.primary_of(newest);
        let source = self.voters.place_of(primary).expect("it is a voter");
        let source = if bug!(self.options, P4) {
            place
        } else {
            source
        };
        let Some((at, answer)) = self.recovery.answers[source].clone() else {
            return;
        };
        if at != newest || !(answer.is_primary || bug!(self.options, P4)) {
            return;
        }
        let goal = Goal {
            head: answer.head,
            head_checksum: answer.head_checksum,
            commit: answer.commit,
            first: 0,
            checksums: Vec::new(),
        };
        self.unstage();
        self.recovery.goal = Some((goal, source));
        if newest > self.view {
            self.promise(newest, outputs);
        }
        if self.may_speak() {
            self.recovery_promised(outputs);
        }
    }

    /// Fetches the log, once the promise of its view is on disk.
    pub(super) fn recovery_promised(&mut self, outputs: &mut Outputs) {
        if let Some((goal, source)) = self.recovery.goal.take() {
            self.stage(goal, Vec::new(), source, outputs);
        }
    }

    /// Whether this replica is Normal and its view has a primary, as far as it
    /// can tell.
    fn has_primary(&self) -> bool {
        let is_heard = self.now.since(self.primary_heard) <= 2 * self.options.election_timeout;
        self.status == Status::Normal && (self.is_primary() || is_heard)
    }

    /// Looks whether too many have lost their memory for the group to go on.
    pub(super) fn watch_quorum(&mut self, outputs: &mut Outputs) {
        let is_served = self.has_primary();
        let is_lost = |place: &usize| {
            let said = self.recovery.recovering[*place];
            // A Normal primary brings back whoever promised no later view.
            let returns = said.is_some_and(|(_, promise)| is_served && promise <= self.view);
            self.recovers(*place) && !returns
        };
        let lost = (0..self.voters.len()).filter(is_lost).count();
        if self.voters.len() - lost >= self.quorum() {
            self.recovery.lost_since = None;
            self.recovery.is_reported = false;
            return;
        }
        let since = *self.recovery.lost_since.get_or_insert(self.now);
        if self.now.since(since) >= self.options.lost_quorum && !self.recovery.is_reported {
            self.recovery.is_reported = true;
            let voters = self.voters.ids().iter().enumerate();
            let members = voters.map(|(place, id)| (*id, self.memory_of(place)));
            let members = members.collect();
            outputs.events.push(Event::LostQuorum { members });
        }
    }

    /// Whether a voter is known to have lost its memory and not to have it back.
    pub(super) fn recovers(&self, place: usize) -> bool {
        if place == self.place() {
            return self.status == Status::Recovering;
        }
        let window = self.options.recovery_resend * 5;
        let said = self.recovery.recovering[place];
        said.is_some_and(|(at, _)| self.now.since(at) <= window)
    }

    /// Whether a replica that recovers has promised a later view, which only a
    /// view change can lead to.
    pub(super) fn is_asked_for_later_view(&self) -> bool {
        let mut said = self.recovery.recovering.iter().enumerate();
        said.any(|(place, said)| {
            self.recovers(place) && said.is_some_and(|(_, promise)| promise > self.view)
        })
    }

    fn memory_of(&self, place: usize) -> Memory {
        if self.recovers(place) {
            return Memory::Lost;
        }
        if place == self.place() {
            return Memory::Kept {
                last_normal: self.last_normal,
                head: self.log.head(),
                commit: self.commit_number,
            };
        }
        let peer = &self.peers[place];
        let is_present = self.now.since(peer.last_heard) <= self.options.ping * 3;
        match &peer.ping {
            Some(ping) if is_present && ping.role == Role::Recovering => Memory::Lost,
            Some(ping) if is_present => Memory::Kept {
                last_normal: ping.last_normal,
                head: ping.head,
                commit: ping.commit,
            },
            _ => Memory::Unknown,
        }
    }
}
