//! Messages that come again when a process starts.

use super::{Planned, World};
use crate::sim::model::Model;
use crate::sim::record::What;

impl<M: Model> World<M> {
    pub(super) fn echo(&mut self, index: usize) {
        if !self.is_active {
            return;
        }
        let echoes = self.echoes.at_start(index);
        if echoes.is_empty() {
            return;
        }
        let text = format!("{} messages of the past come again", echoes.len());
        self.note(What::Told(text.into()));
        for (delay, to, message) in echoes {
            self.digest([5, to as u64, delay]);
            let slot = self.put_in_flight(to, message);
            self.plan(delay, Planned::Arrival(slot));
        }
    }
}
