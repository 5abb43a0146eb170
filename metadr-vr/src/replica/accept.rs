//! The filter that every message passes first: is it of this group, of a
//! member, of that member's present run, and of which view?

use super::{Replica, Status};
use crate::StateMachine;
use crate::options::bug;
use crate::outputs::{DropReason, Event, Fault, Outputs};
use crate::wire::{
    Envelope, EpochView, Message, MessageBody, Notice, NoticeKind, Ping, ReplicaId, ViewNumber,
};

/// How long a peer's earlier run has to be heard, and its later one not, until
/// this is no late message any more, in ticks.
const ROLLED_BACK: u64 = 100;

/// No group comes so far: who names a later view is damaged, and whoever went
/// along could not count any further.
const LAST_VIEW: ViewNumber = ViewNumber::MAX / 2;

/// A voter other than this replica.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Sender {
    pub(super) id: ReplicaId,
    /// Its place among the voters of the present epoch.
    pub(super) place: usize,
}

impl<S: StateMachine> Replica<S> {
    /// Who sent a message, or why it is not taken.
    pub(super) fn accept(
        &mut self,
        message: &Message,
        outputs: &mut Outputs,
    ) -> Result<Sender, DropReason> {
        let envelope = &message.envelope;
        if envelope.cluster != self.boot.cluster() {
            return Err(DropReason::OtherCluster);
        }
        let id = envelope.sender;
        let place = (self.voters.place_of(id))
            .filter(|_| id != self.boot.id())
            .ok_or(DropReason::NotAMember)?;
        if matches!(self.status, Status::Faulted(_) | Status::Stopped) {
            return Err(DropReason::Unexpected);
        }
        if let MessageBody::Notice(notice) = &message.body {
            // Whoever says it need not know this replica's view.
            self.on_notice(notice, outputs);
            return Err(DropReason::Handled);
        }
        if envelope.promise.epoch != self.view.epoch {
            // Its view means nothing here: who votes in its epoch, and which
            // log the epoch goes on from, has to be known before.
            return Err(DropReason::OtherEpoch);
        }
        if latest_view(message) > LAST_VIEW {
            return Err(DropReason::Unexpected);
        }
        self.accept_instance(place, envelope, outputs)?;
        self.accept_incarnation(place, message, outputs)?;
        let peer = &mut self.peers[place];
        if peer.incarnation == Some(envelope.incarnation) {
            peer.last_heard = self.now;
            peer.earlier_run_since = None;
            let lowest = peer.lowest_promise.get_or_insert(envelope.promise);
            *lowest = envelope.promise.min(*lowest);
        }
        Ok(Sender { id, place })
    }

    /// The first message of a peer tells by which files it is known; from then
    /// on it has to be those. A replica that was wiped and made anew looks as
    /// if it had promised nothing.
    fn accept_instance(
        &mut self,
        place: usize,
        envelope: &Envelope,
        outputs: &mut Outputs,
    ) -> Result<(), DropReason> {
        match self.persisting.instance_of(envelope.sender) {
            None => self.remember_instance(envelope.sender, envelope.instance, outputs),
            Some(known) if known == envelope.instance => {}
            // The defect: it looks as if it had never been here.
            Some(_) if bug!(self.options, P38) => self.peers[place].incarnation = None,
            Some(_) => {
                self.send_notice(NoticeKind::WrongInstance, envelope, outputs);
                return Err(DropReason::OtherInstance);
            }
        }
        Ok(())
    }

    /// Takes over by which files others know their peers: one of those that is
    /// wiped is recognized then also by whoever has never heard it before.
    pub(super) fn learn_instances(&mut self, ping: &Ping, outputs: &mut Outputs) {
        for known in &ping.peers {
            if known.id == self.boot.id() || self.voters.place_of(known.id).is_none() {
                continue;
            }
            match self.persisting.instance_of(known.id) {
                None => self.remember_instance(known.id, known.instance, outputs),
                Some(own) if own == known.instance => {}
                // One of the two was deceived; what is on disk stays.
                Some(_) => (outputs.events).push(Event::Dropped(DropReason::OtherInstance)),
            }
        }
    }

    fn accept_incarnation(
        &mut self,
        place: usize,
        message: &Message,
        outputs: &mut Outputs,
    ) -> Result<(), DropReason> {
        let envelope = &message.envelope;
        let peer = &mut self.peers[place];
        let known = *peer.incarnation.get_or_insert(envelope.incarnation);
        if envelope.incarnation == known {
            return Ok(());
        }
        if envelope.incarnation.counter > known.counter {
            peer.restart(envelope.incarnation, self.now, self.commit_number);
            self.votes.forget(place);
            return Ok(());
        }
        if bug!(self.options, P1a) {
            return Ok(());
        }
        // What an earlier run reported of its log describes a promise that is
        // on disk, and the run after it never says it again. The run after it
        // has promised at least as much from its start.
        let is_earlier = envelope.incarnation.counter < known.counter;
        let is_report = matches!(message.body, MessageBody::DoViewChange(_));
        let is_possible = Some(envelope.promise) <= peer.lowest_promise;
        if is_report && is_earlier && is_possible {
            return Ok(());
        }
        // Unless it is late, it is of files that were put back to an earlier
        // state, or copied: what that run has promised since, it cannot know.
        let since = *peer.earlier_run_since.get_or_insert(self.now);
        let is_quiet =
            self.now.since(since) > ROLLED_BACK && self.now.since(peer.last_heard) > ROLLED_BACK;
        if !is_earlier || is_quiet || (is_report && !is_possible) {
            self.send_notice(NoticeKind::MetaRolledBack, envelope, outputs);
        }
        Err(DropReason::EarlierIncarnation)
    }

    /// Tells the sender of a message, and exactly that run of it, what is wrong.
    fn send_notice(&self, kind: NoticeKind, about: &Envelope, outputs: &mut Outputs) {
        let notice = Notice {
            kind,
            id: about.sender,
            instance: about.instance,
            incarnation: about.incarnation,
        };
        self.send(about.sender, MessageBody::Notice(notice), outputs);
    }

    /// Compares the views, and goes to a later one. Tells whether the message
    /// is still to be handled.
    pub(super) fn accept_view(
        &mut self,
        sender: Sender,
        view: EpochView,
        body: &MessageBody,
        outputs: &mut Outputs,
    ) -> Result<(), DropReason> {
        let is_for_any_view = matches!(
            body,
            MessageBody::Recovery(_)
                | MessageBody::RecoveryResponse(_)
                | MessageBody::GetView
                | MessageBody::FetchLog(_)
                | MessageBody::FetchSnapshot(_)
                | MessageBody::SnapshotPart(_)
                | MessageBody::ReadIndex(_)
                | MessageBody::Ping(_)
        );
        if self.status == Status::Recovering {
            let is_awaited = matches!(
                body,
                MessageBody::RecoveryResponse(_)
                    | MessageBody::LogChunk(_)
                    | MessageBody::SnapshotPart(_)
                    | MessageBody::Recovery(_)
                    | MessageBody::Ping(_)
            );
            return if is_awaited {
                Ok(())
            } else {
                Err(DropReason::Unexpected)
            };
        }
        if view < self.view {
            if bug!(self.options, P17)
                && let MessageBody::Prepare(prepare) = body
            {
                self.keep_acknowledging(sender, view, prepare, outputs);
            }
            if is_for_any_view {
                return Ok(());
            }
            // An old primary learns so that it is one.
            self.send_ping(sender.id, outputs);
            return Err(DropReason::EarlierView);
        }
        if view > self.view {
            match body {
                MessageBody::Recovery(_) => {}
                MessageBody::Prepare(_)
                | MessageBody::Commit(_)
                | MessageBody::StartView(_)
                | MessageBody::ReadIndexOk(_) => self.follow(view, outputs),
                _ if bug!(self.options, P10) => return Err(DropReason::Unexpected),
                // Its sender's promise is on disk, so a quorum voted for that view.
                _ if self.enter_in_time(view, outputs) => {}
                // What is counted for a later view, or asked from any.
                MessageBody::Vote(_) => {}
                _ if is_for_any_view => {}
                _ => return Err(DropReason::LaterView),
            }
        }
        Ok(())
    }

    fn on_notice(&mut self, notice: &Notice, outputs: &mut Outputs) {
        // A late notice must not stop a healthy replica.
        let is_meant = notice.id == self.boot.id()
            && notice.instance == self.boot.instance()
            && notice.incarnation == self.boot.incarnation();
        if !is_meant {
            return;
        }
        match notice.kind {
            NoticeKind::WrongInstance => self.fault(Fault::WrongInstance, outputs),
            NoticeKind::MetaRolledBack => self.fault(Fault::MetaRolledBack, outputs),
        }
    }

    /// The voters other than this replica.
    pub(super) fn others(&self) -> impl Iterator<Item = Sender> + Clone + use<S> {
        let (voters, own) = (self.voters, self.boot.id());
        (0..voters.len())
            .map(move |place| Sender {
                id: voters.at(place),
                place,
            })
            .filter(move |one| one.id != own)
    }
}

/// The latest view that a message names as one to go to.
fn latest_view(message: &Message) -> ViewNumber {
    let named = match &message.body {
        MessageBody::Vote(vote) => vote.target,
        MessageBody::Handover(handover) => handover.target,
        _ => 0,
    };
    message.envelope.promise.view.max(named)
}

/// What is known by one event alone.
pub(super) fn dropped(reason: DropReason) -> Option<Event> {
    (reason != DropReason::Handled).then_some(Event::Dropped(reason))
}
