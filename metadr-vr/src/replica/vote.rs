//! Votes: a replica that misses its primary asks the others whether they do
//! too. A vote changes nothing; a quorum of them begins a view change. So one
//! replica that hears badly cannot depose a primary that the others hear well.

use super::accept::Sender;
use super::{Replica, Status};
use crate::membership::{PerVoter, Told};
use crate::options::bug;
use crate::outputs::{Event, Outputs};
use crate::wire::{EpochView, MessageBody, ViewNumber, Vote};
use crate::{StateMachine, Tick};

/// The votes that a replica knows of, its own included.
#[derive(Clone, Debug, Default)]
pub(super) struct Votes {
    /// By the voters' places.
    cast: PerVoter<Option<Cast>>,
    own: Option<ViewNumber>,
    /// When to repeat the own vote.
    repeat: Tick,
}

#[derive(Clone, Copy, Debug)]
struct Cast {
    target: ViewNumber,
    at: Tick,
}

impl Votes {
    /// Forgets everything, as a view has been entered.
    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }

    /// Takes the own vote back: the primary is there.
    pub(super) fn withdraw(&mut self) {
        self.own = None;
    }

    pub(super) fn forget(&mut self, place: usize) {
        self.cast[place] = None;
    }

    pub(super) fn own(&self) -> Option<ViewNumber> {
        self.own
    }

    pub(super) fn repeat(&self) -> Option<Tick> {
        self.own.map(|_| self.repeat)
    }
}

impl<S: StateMachine> Replica<S> {
    /// Votes for `target`, now and again until something happens.
    pub(super) fn cast_vote(&mut self, target: ViewNumber, outputs: &mut Outputs) {
        debug_assert!(target > self.view.view);
        if self.votes.own != Some(target) {
            outputs.events.push(Event::Voted { target });
        }
        self.votes.own = Some(target);
        self.send_vote(outputs);
        if self.obeys_votes() {
            return self.obey_vote(target, outputs);
        }
        self.count_votes(outputs);
    }

    /// Bugs P8 and P1a alone.
    fn obeys_votes(&self) -> bool {
        bug!(self.options, P8 | P1a)
    }

    fn obey_vote(&mut self, target: ViewNumber, outputs: &mut Outputs) {
        let may_enter = matches!(self.status, Status::Normal | Status::ViewChange { .. });
        if may_enter && target > self.view.view {
            let epoch = self.view.epoch;
            let view = EpochView {
                epoch,
                view: target,
            };
            self.enter(view, outputs);
        }
    }

    pub(super) fn send_vote(&mut self, outputs: &mut Outputs) {
        let Some(target) = self.votes.own else {
            return;
        };
        self.votes.repeat = self.now.after(self.options.view_change_resend);
        self.send_to_all(&MessageBody::Vote(Vote { target }), outputs);
    }

    pub(super) fn on_vote(
        &mut self,
        Sender { place, .. }: Sender,
        vote: &Vote,
        outputs: &mut Outputs,
    ) {
        if vote.target <= self.view.view {
            return;
        }
        if self.obeys_votes() {
            return self.obey_vote(vote.target, outputs);
        }
        // A replica that votes all the time is heard once per view: else one
        // that hears badly would carry others along at their first hiccup.
        let is_fresh = self.votes.cast[place].is_none();
        let target = match self.votes.cast[place] {
            Some(known) if self.is_current(known) => known.target.max(vote.target),
            _ => vote.target,
        };
        let at = self.now;
        self.votes.cast[place] = Some(Cast { target, at });
        self.count_votes(outputs);
        if is_fresh && vote.target > self.view.view && self.joins_votes() {
            self.cast_vote(self.view.view + 1, outputs);
        }
    }

    /// Whether this replica misses its primary too, if not yet for as long as
    /// its own timer says.
    fn joins_votes(&self) -> bool {
        let quiet = self.options.heartbeat * 6;
        self.votes.own.is_none()
            && match self.status {
                Status::Normal => !self.is_primary() && self.now.since(self.primary_heard) >= quiet,
                Status::ViewChange { .. } => true,
                _ => false,
            }
    }

    fn is_current(&self, cast: Cast) -> bool {
        self.now.since(cast.at) <= 2 * self.options.election_timeout
    }

    /// Enters the largest view that a quorum has voted for.
    fn count_votes(&mut self, outputs: &mut Outputs) {
        if !matches!(self.status, Status::Normal | Status::ViewChange { .. }) {
            return;
        }
        let targets: Told = (self.votes.cast.iter().flatten())
            .filter(|cast| self.is_current(**cast))
            .map(|cast| cast.target)
            .chain(self.votes.own)
            .collect();
        let target = targets.reached_by(self.quorum());
        if target > self.view.view {
            let epoch = self.view.epoch;
            let view = EpochView {
                epoch,
                view: target,
            };
            self.enter_in_time(view, outputs);
        }
    }
}
