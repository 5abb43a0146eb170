//! Promises: what has to be on disk before it can be relied on.

use super::{Replica, Status};
use crate::StateMachine;
use crate::options::bug;
use crate::outputs::Outputs;
use crate::wire::{EpochView, Hash128, Meta, PeerInstance};

/// The meta data as it should be on disk, and how much of it is known to be.
#[derive(Clone, Debug)]
pub(super) struct Promises {
    meta: Meta,
    /// The last update that is on disk.
    synced: u64,
    /// The update with the present view.
    view_update: u64,
}

impl Promises {
    /// Those that a replica starts with: all of them on disk.
    pub(super) fn new(meta: Meta) -> Self {
        Self {
            synced: meta.sequence,
            view_update: meta.sequence,
            meta,
        }
    }

    /// Whether the present view may be shown to others.
    fn view_is_synced(&self) -> bool {
        self.view_update <= self.synced
    }

    /// The files by which a peer is known.
    pub(super) fn instance_of(&self, id: u32) -> Option<Hash128> {
        let known = self.meta.peers.iter().find(|peer| peer.id == id);
        known.map(|peer| peer.instance)
    }

    pub(super) fn meta(&self) -> &Meta {
        &self.meta
    }

    pub(super) fn peers(&self) -> &[PeerInstance] {
        &self.meta.peers
    }
}

impl<S: StateMachine> Replica<S> {
    /// Says that the meta data with this sequence number, and so all before
    /// it, are on disk.
    pub fn on_persisted(&mut self, now: crate::Tick, sequence: u64, outputs: &mut Outputs) {
        self.advance(now);
        assert!(sequence <= self.promises.meta.sequence, "never asked for");
        let was_synced = self.promises.view_is_synced();
        self.promises.synced = self.promises.synced.max(sequence);
        if !was_synced && self.promises.view_is_synced() {
            self.view_promised(outputs);
        }
        if self.is_all_synced() {
            self.choose_log(outputs);
        }
    }

    /// Whether messages may leave: each of them shows the view.
    pub(super) fn may_speak(&self) -> bool {
        self.promises.view_is_synced()
    }

    /// Goes to a later view, and has the promise written down.
    pub(super) fn promise(&mut self, view: EpochView, outputs: &mut Outputs) {
        assert!(view > self.view, "a promise is never taken back");
        self.view = view;
        self.promises.meta.promise = view;
        self.promises.view_update = self.promises.meta.sequence + 1;
        self.persist(outputs);
    }

    /// Has the files of a peer written down, when it is first heard of.
    pub(super) fn remember_instance(&mut self, id: u32, instance: Hash128, outputs: &mut Outputs) {
        debug_assert_eq!(self.promises.instance_of(id), None);
        self.promises.meta.peers.push(PeerInstance { id, instance });
        self.persist(outputs);
    }

    fn persist(&mut self, outputs: &mut Outputs) {
        self.promises.meta.sequence += 1;
        outputs.persist.push(self.promises.meta.clone());
        if bug!(self.options, P1 | P1a) {
            // The defect: believing that it is on disk.
            self.promises.synced = self.promises.meta.sequence;
        }
    }

    /// Whether acknowledgements may be counted: those of a peer whose files
    /// are not written down could be those of one that lost its memory.
    pub(super) fn peers_are_synced(&self) -> bool {
        self.is_all_synced()
    }

    /// Whether no write is on its way to the disk.
    pub(super) fn is_all_synced(&self) -> bool {
        self.promises.meta.sequence == self.promises.synced
    }

    /// What waited for the promise of the view.
    fn view_promised(&mut self, outputs: &mut Outputs) {
        match self.status {
            Status::ViewChange { entered: true } => self.announce_view(outputs),
            Status::ViewChange { entered: false } => self.ask_for_view(outputs),
            Status::Recovering => self.recovery_promised(outputs),
            _ => {}
        }
    }
}
