//! Handing over: the primary asks a backup to become the next one.
//!
//! It takes nothing new, finishes what it has, and sends HANDOVER to the backup
//! that holds most, which enters the next view that it is primary of at once;
//! the others follow. So nobody has to miss the primary first. A primary that is
//! to stop does so, see [`super::shutdown`], and one that is to step down, which
//! goes on if nobody takes over in time.

use super::{Replica, Status};
use crate::outputs::{ClientReply, Outputs, RequestId, Unavailable};
use crate::wire::{EpochView, Handover, MessageBody, ReplicaId};
use crate::{StateMachine, Tick};
use bytes::Bytes;

/// A primary that steps down, and does not stop.
#[derive(Clone, Debug)]
pub(super) struct SteppingDown {
    /// Who wanted it, unless that connection is closed.
    request: Option<RequestId>,
    /// When to look again how far it is, or to repeat the hand-over.
    next: Tick,
    /// When it goes on as the primary.
    until: Tick,
    /// Whether a backup was asked: it may take over at any time then.
    has_asked: bool,
}

impl SteppingDown {
    pub(super) fn deadline(&self) -> Tick {
        self.next.min(self.until)
    }

    /// Forgets who wanted it, if it was this connection.
    pub(super) fn close(&mut self, connection: u64) {
        self.request.take_if(|id| id.connection == connection);
    }
}

impl<S: StateMachine> Replica<S> {
    /// Begins to step down, as the primary.
    pub(super) fn step_down(&mut self, id: RequestId, outputs: &mut Outputs) {
        debug_assert!(self.is_primary() && self.stepping_down.is_none());
        self.stepping_down = Some(SteppingDown {
            request: Some(id),
            next: self.now,
            until: self.now.after(self.options.handover_timeout),
            has_asked: false,
        });
        self.step_down_tick(outputs);
    }

    pub(super) fn step_down_tick(&mut self, outputs: &mut Outputs) {
        let now = self.now;
        let Some((next, until)) = (self.stepping_down.as_ref()).map(|one| (one.next, one.until))
        else {
            return;
        };
        if now >= until {
            let nobody = ClientReply::Unavailable(Unavailable::NoSuccessor);
            return self.stay(nobody, outputs);
        }
        if now < next {
            return;
        }
        let has_asked = self.hand_over(outputs);
        let pause = self.options.view_change_resend;
        if let Some(one) = &mut self.stepping_down {
            one.has_asked |= has_asked;
            one.next = now.after(if has_asked { pause } else { 1 });
        }
    }

    /// Its view is over. Unless it is primary of the next as well, it has
    /// stepped down.
    pub(super) fn stepped_down(&mut self, outputs: &mut Outputs) {
        let has_stepped_down = !self.is_primary();
        let Some(one) = self.stepping_down.take_if(|_| has_stepped_down) else {
            return;
        };
        let reply = ClientReply::Ok {
            result: Bytes::new(),
            op: self.commit_number,
            index: 0,
        };
        (outputs.reply).extend(one.request.map(|id| (id, reply)));
    }

    /// Gives stepping down up, for a reason that is true if no backup was asked.
    pub(super) fn stay(&mut self, reason: ClientReply, outputs: &mut Outputs) {
        let Some(one) = self.stepping_down.take() else {
            return;
        };
        let reply = if one.has_asked {
            // HANDOVER may still be on its way.
            ClientReply::Unknown
        } else {
            reason
        };
        (outputs.reply).extend(one.request.map(|id| (id, reply)));
    }

    /// As a primary without work, asks the backup that holds most to become
    /// the next one. The message may be lost; then it is sent again.
    pub(super) fn hand_over(&mut self, outputs: &mut Outputs) -> bool {
        if self.status != Status::Normal || !self.is_primary() || !self.is_drained() {
            return false;
        }
        let Some(id) = self.successor() else {
            return false;
        };
        let mut view = EpochView {
            view: self.view.view + 1,
            ..self.view
        };
        while self.voters.primary_of(view) != id {
            view.view += 1;
        }
        self.release_lease(outputs);
        let target = view.view;
        self.send(id, MessageBody::Handover(Handover { target }), outputs);
        true
    }

    /// Whom to hand over to: of those that are there, remember and stay, the
    /// one that holds most: what it has not said in this view is an assumption.
    pub(super) fn successor(&self) -> Option<ReplicaId> {
        let best = (self.others())
            .filter(|one| {
                let peer = &self.peers[one.place];
                !peer.is_leaving()
                    && !self.recovers(one.place)
                    && self.now.since(peer.last_heard) <= self.options.silent
            })
            .max_by_key(|one| {
                let peer = &self.peers[one.place];
                (peer.answered > Tick(0), peer.acked())
            })?;
        Some(best.id)
    }

    /// Whether all that was accepted has been done and answered.
    pub(super) fn is_drained(&self) -> bool {
        self.requests.waiting() == 0 && self.commit_number == self.log.head()
    }
}
