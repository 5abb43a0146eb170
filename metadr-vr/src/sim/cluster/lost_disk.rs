//! A disk that is lost: the process comes back with files that somebody has
//! made anew, and does not know that it ever was here.
//!
//! Whoever has recorded the files by which it was known does not listen to it,
//! and tells it so; then it stops for good. Until then it is a stranger: what
//! it is and says does not count. A group in which not all have recorded them
//! yet may be deceived, so this happens to none.

use super::World;
use crate::sim::check::Violation;
use crate::sim::model::Model;
use crate::sim::record::{Incident, What};
use crate::sim::{disk::Disk, node};
use crate::wire::Hash128;
use crate::{Event, hash128};

impl<M: Model> World<M> {
    /// Makes a replica lose its disk, if that is to be survived.
    pub(super) fn lose_disk(&mut self, victim: usize) -> Result<(), Violation> {
        let is_first = self.nodes.iter().all(|node| !node.has_lost_disk);
        if self.breaks_budget || !is_first || !self.may_forget(victim) || !self.is_known(victim) {
            return Ok(());
        }
        let length = self.fault_random.between(1, self.faults.longest);
        if self.is_up(victim) {
            self.crashed(victim, length)?;
        }
        self.note(What::Fault(victim as u32, Incident::LosesDisk));
        let meta = self.nodes[victim].disk.synced();
        let (cluster, instance) = (meta.cluster, meta.instance);
        let count = u32::try_from(self.nodes.len()).expect("few replicas");
        let id = u32::try_from(victim).expect("few replicas");
        let mut meta = node::meta(cluster, id, count);
        meta.instance = hash128(&[&instance, b"anew"]);
        let node = &mut self.nodes[victim];
        node.disk = Disk::format(meta, node.disk.skips_second_slot());
        node.has_lost_disk = true;
        self.replicas[victim] = None;
        self.checkers.lost_disk(victim);
        Ok(())
    }

    /// Whether all others have on disk by which files a replica is known.
    fn is_known(&self, which: usize) -> bool {
        let meta = self.nodes[which].disk.synced();
        let knows = |other: usize| {
            let peers = &self.nodes[other].disk.synced().peers;
            (peers.iter()).any(|one| one.id == meta.id && one.instance == meta.instance)
        };
        (0..self.nodes.len()).all(|other| other == which || knows(other))
    }

    /// Notes what became of a message. If it is of a stranger and was taken, that
    /// counts as a replica from now on, with all that it lacks.
    pub(super) fn was_heard(
        &mut self,
        from: usize,
        instance: Hash128,
        events: &[Event],
    ) -> Result<(), Violation> {
        let is_dropped = events.iter().any(|one| matches!(one, Event::Dropped(_)));
        // What it said while it had its disk may still be on its way.
        let is_late = instance != self.nodes[from].disk.synced().instance;
        if is_dropped || is_late || !self.checkers.is_stranger(from) {
            return Ok(());
        }
        self.note(What::Fault(
            from as u32,
            Incident::Other("is taken for a new one"),
        ));
        self.checkers.stranger_is_taken(from);
        self.checkers.memory_changed(&self.replicas)
    }

    /// Whether a stranger has noticed what it is: it was told so, or what others
    /// say to the replica that it was makes no sense to it. It never comes back.
    pub(super) fn was_sent_away(&self, index: usize, events: &[Event]) -> bool {
        let is_end = |one: &Event| matches!(one, Event::Faulted(_) | Event::Divergence { .. });
        self.checkers.is_stranger(index) && events.iter().any(is_end)
    }

    /// The end of a replica that has lost its disk.
    pub(super) fn send_away(&mut self, index: usize) {
        self.note(What::Fault(index as u32, Incident::IsGone));
        self.replicas[index] = None;
        self.nodes[index].end();
        self.nodes[index].is_gone = true;
        self.clients.lost(index);
    }

    /// Nobody waits for those that have lost their disks.
    pub(super) fn send_strangers_away(&mut self) {
        for index in 0..self.nodes.len() {
            if self.nodes[index].has_lost_disk && !self.nodes[index].is_gone {
                self.send_away(index);
            }
        }
    }
}
