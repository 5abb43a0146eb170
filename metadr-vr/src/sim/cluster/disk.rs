//! Writes to the disks, and their ends.

use super::{Planned, World};
use crate::sim::check::Violation;
use crate::sim::model::Model;
use crate::wire::Meta;
use crate::{Outputs, Persist};

impl<M: Model> World<M> {
    pub(super) fn begin_writes(&mut self, index: usize, outputs: &Outputs) {
        for (ticket, what) in &outputs.persist {
            let Persist::Meta(meta) = what else {
                continue;
            };
            self.nodes[index].disk.begin(*ticket, Meta::clone(meta));
            let delay = self.disk_random.between(0, self.longest_sync);
            let run = self.nodes[index].run;
            self.plan(delay, Planned::Synced(index, run));
        }
    }

    pub(super) fn synced(&mut self, index: usize, run: u64) -> Result<(), Violation> {
        let node = &mut self.nodes[index];
        if node.run != run {
            return Ok(());
        }
        let before = node.promise();
        let Some(ticket) = node.disk.finish() else {
            return Ok(());
        };
        if node.promise() > before && self.crashes_after_persisting(index)? {
            return Ok(());
        }
        let node = &self.nodes[index];
        self.checkers.synced(index, node.promise());
        let Some(replica) = &mut self.replicas[index] else {
            return Ok(());
        };
        let mut outputs = self.outputs.take().unwrap_or_default();
        replica.on_persisted(node.clock.local(self.now), ticket, &mut outputs);
        self.settle_event(index, outputs)
    }
}
