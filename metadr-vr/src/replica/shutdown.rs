//! A clean stop: the primary hands over, and the memory is written down.

use super::{Replica, Status};
use crate::outputs::Outputs;
use crate::wire::{EpochView, Handover, Image, MessageBody};
use crate::{StateMachine, Tick};

impl<S: StateMachine> Replica<S> {
    /// As a primary, asks the backup that holds most to become the next one.
    /// Others do nothing. It may be lost: call it again after a while, as long
    /// as this replica still is a Normal primary.
    pub fn hand_over(&mut self, now: Tick, outputs: &mut Outputs) {
        self.advance(now);
        if self.status != Status::Normal || !self.is_primary() {
            return;
        }
        let best = (self.others())
            .filter(|(place, _)| {
                self.now.since(self.peers[*place].last_heard) <= self.options.silent
            })
            .max_by_key(|(place, _)| self.peers[*place].acked());
        let Some((_, id)) = best else {
            return;
        };
        let mut view = EpochView {
            view: self.view.view + 1,
            ..self.view
        };
        while self.primary_of(view) != id {
            view.view += 1;
        }
        let target = view.view;
        self.send(id, MessageBody::Handover(Handover { target }), outputs);
    }

    /// Stops for good, and returns everything that is in memory; `None` if
    /// this replica has nothing that it could vouch for. It ignores all that
    /// comes afterwards, and says nothing any more.
    pub fn stop(&mut self, outputs: &mut Outputs) -> Option<Image> {
        let is_whole =
            matches!(self.status, Status::Normal | Status::ViewChange { .. }) && self.may_speak();
        self.leave_requests(outputs);
        self.status = Status::Stopped;
        is_whole.then(|| self.memory())
    }

    fn memory(&self) -> Image {
        Image {
            last_normal: self.last_normal,
            commit: self.commit_number,
            entries: self.log.slice(1, self.log.head(), u64::MAX).to_vec(),
        }
    }
}
