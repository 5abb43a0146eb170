//! What has to be on disk before it can be relied on.
//!
//! What is asked to be written belongs to one of two streams, each of which
//! gets to the disk in its order: the meta data, which holds the promises, and
//! the log. Meta data may overtake the log.
//!
//! Memory and disk agree in this way: what is in memory, the log and
//! `last_normal`, is what replaying all that was asked to be written would
//! give, and the disk holds a beginning of that. So a log is never cut off or
//! replaced but by an [`Install`], and what the log lacks on disk is asked for
//! before an [`Install`] builds on it.

use super::{Replica, Status};
use crate::StateMachine;
use crate::options::bug;
use crate::outputs::{Install, Outputs, Persist, Stream, Ticket};
use crate::wire::{Durability, EpochView, Hash128, Meta, OpNumber, PeerInstance, ReplicaId};
use std::collections::VecDeque;

/// What should be on disk, and how much of it is known to be.
#[derive(Clone, Debug, Hash)]
pub(super) struct Persisting {
    meta: Meta,
    meta_stream: Progress,
    log_stream: Progress,
    /// The number of the meta data with the present view.
    view: u64,
    /// Peers whose files are not written down yet.
    instances: Vec<(ReplicaId, u64)>,
    /// The log is on its way to the disk up to here.
    submitted: OpNumber,
    /// The log is on disk up to here.
    durable: OpNumber,
    /// What of the log is on its way: when it is done, the disk has the log up
    /// to there.
    appends: VecDeque<(u64, OpNumber)>,
    /// The log of a view that is on its way.
    installing: Option<Installing>,
}

/// How far a stream is: the last that was asked for, and the last on disk.
#[derive(Clone, Debug, Default, Hash)]
struct Progress {
    asked: u64,
    synced: u64,
}

impl Progress {
    fn ask(&mut self, stream: Stream) -> Ticket {
        self.asked += 1;
        let number = self.asked;
        Ticket { stream, number }
    }

    fn reach(&mut self, number: u64) {
        assert!(number <= self.asked, "never asked for");
        self.synced = self.synced.max(number);
    }

    fn is_done(&self) -> bool {
        self.synced == self.asked
    }
}

#[derive(Clone, Debug, Hash)]
struct Installing {
    number: u64,
    view: EpochView,
    /// What is committed of it.
    commit: OpNumber,
}

impl Persisting {
    /// What a replica starts with: all of it on disk.
    pub(super) fn new(meta: Meta) -> Self {
        Self {
            meta,
            meta_stream: Progress::default(),
            log_stream: Progress::default(),
            view: 0,
            instances: Vec::new(),
            submitted: 0,
            durable: 0,
            appends: VecDeque::new(),
            installing: None,
        }
    }

    /// The log that was found on disk reaches to `head`.
    pub(super) fn found_log(&mut self, head: OpNumber) {
        (self.submitted, self.durable) = (head, head);
    }

    /// The files by which a peer is known.
    pub(super) fn instance_of(&self, id: ReplicaId) -> Option<Hash128> {
        let known = self.meta.peers.iter().find(|peer| peer.id == id);
        known.map(|peer| peer.instance)
    }

    pub(super) fn meta(&self) -> &Meta {
        &self.meta
    }

    pub(super) fn peers(&self) -> &[PeerInstance] {
        &self.meta.peers
    }

    /// Whether the present view may be shown to others.
    fn view_is_synced(&self) -> bool {
        self.view <= self.meta_stream.synced
    }

    fn is_durable(&self) -> bool {
        self.meta.mode == Durability::Durable
    }
}

impl<S: StateMachine> Replica<S> {
    /// Says that what was asked for with this ticket is on disk, and so all of
    /// its stream before it. A flush should follow.
    ///
    /// # Panics
    ///
    /// If it was never asked for.
    pub fn on_persisted(&mut self, now: crate::Tick, ticket: Ticket, outputs: &mut Outputs) {
        self.advance(now);
        match ticket.stream {
            Stream::Meta => self.meta_persisted(ticket.number, outputs),
            Stream::Log => self.log_persisted(ticket.number, outputs),
            // Nothing waits for one yet.
            Stream::Snapshot => {}
        }
        self.choose_log(outputs);
    }

    fn meta_persisted(&mut self, number: u64, outputs: &mut Outputs) {
        let persisting = &mut self.persisting;
        let was_synced = persisting.view_is_synced();
        persisting.meta_stream.reach(number);
        persisting.instances.retain(|(_, asked)| *asked > number);
        if !was_synced && persisting.view_is_synced() {
            self.view_promised(outputs);
        }
    }

    fn log_persisted(&mut self, number: u64, outputs: &mut Outputs) {
        let persisting = &mut self.persisting;
        persisting.log_stream.reach(number);
        while let Some((_, through)) =
            (persisting.appends).pop_front_if(|(asked, _)| *asked <= number)
        {
            persisting.durable = through;
            self.owes_acknowledgement = true;
        }
        let installed = (persisting.installing).take_if(|one| one.number <= number);
        let Some(Installing { view, commit, .. }) = installed else {
            return;
        };
        let waits = matches!(self.status, Status::ViewChange { .. } | Status::Recovering);
        if !waits {
            // It has stopped in between.
        } else if view == self.view {
            self.installed(commit, outputs);
        } else if self.status == (Status::ViewChange { entered: true }) && self.may_speak() {
            // The report of a later view had to wait for the log that it is about.
            self.announce_view(outputs);
        }
    }

    /// Whether messages may leave: each of them shows the view.
    pub(super) fn may_speak(&self) -> bool {
        self.persisting.view_is_synced()
    }

    /// Whether the own log may be reported to a view change: a log that was
    /// taken over has to be on disk with its view, else a crash would bring
    /// back what was reported to be gone.
    pub(super) fn may_report(&self) -> bool {
        self.may_speak() && self.persisting.installing.is_none()
    }

    /// Whether the log is kept on disk.
    pub(super) fn keeps_log(&self) -> bool {
        self.persisting.is_durable()
    }

    /// Whether a view's log is on its way to the disk.
    pub(super) fn is_installing(&self) -> bool {
        self.persisting.installing.is_some()
    }

    /// The last op that this replica may acknowledge, and count for itself.
    #[must_use]
    pub fn durable_op(&self) -> OpNumber {
        if self.persisting.is_durable() {
            self.persisting.durable
        } else {
            self.log.head()
        }
    }

    /// Goes to a later view, and has the promise written down.
    pub(super) fn promise(&mut self, view: EpochView, outputs: &mut Outputs) {
        assert!(view > self.view, "a promise is never taken back");
        self.view = view;
        self.persisting.meta.promise = view;
        self.persisting.view = self.persist_meta(outputs);
    }

    /// Has the files of a peer written down, when it is first heard of.
    pub(super) fn remember_instance(&mut self, id: u32, instance: Hash128, outputs: &mut Outputs) {
        debug_assert_eq!(self.persisting.instance_of(id), None);
        (self.persisting.meta.peers).push(PeerInstance { id, instance });
        let ticket = self.persist_meta(outputs);
        self.persisting.instances.push((id, ticket));
    }

    /// Returns the number that it has in its stream.
    fn persist_meta(&mut self, outputs: &mut Outputs) -> u64 {
        let persisting = &mut self.persisting;
        persisting.meta.sequence += 1;
        let ticket = persisting.meta_stream.ask(Stream::Meta);
        let meta = Persist::Meta(Box::new(persisting.meta.clone()));
        outputs.persist.push((ticket, meta));
        if bug!(self.options, P1 | P1a) {
            // The defect: believing that it is on disk.
            persisting.meta_stream.synced = ticket.number;
        }
        ticket.number
    }

    /// Has the entries written down that were appended since the last time.
    pub(super) fn persist_log(&mut self, outputs: &mut Outputs) {
        let (first, head) = (self.persisting.submitted + 1, self.log.head());
        if !self.persisting.is_durable() || first > head {
            return;
        }
        let entries = self.log.slice(first, head, u64::MAX).to_vec();
        self.submit(Persist::Append(entries), head, outputs);
    }

    fn submit(&mut self, what: Persist, head: OpNumber, outputs: &mut Outputs) -> u64 {
        let persisting = &mut self.persisting;
        let ticket = persisting.log_stream.ask(Stream::Log);
        persisting.submitted = head;
        persisting.appends.push_back((ticket.number, head));
        outputs.persist.push((ticket, what));
        ticket.number
    }

    /// Has the log of the present view written down, which goes on from `base`
    /// of what was written before. Tells whether it has to be waited for: in
    /// memory mode nothing of the log is written.
    pub(super) fn persist_install(
        &mut self,
        base: OpNumber,
        commit: OpNumber,
        outputs: &mut Outputs,
    ) -> bool {
        if !self.persisting.is_durable() {
            return false;
        }
        let head = self.log.head();
        let install = Install {
            last_normal: self.view,
            base: self.log.header(base).expect("a base is held").clone(),
            snapshot: None,
            entries: self.log.slice(base + 1, head, u64::MAX).to_vec(),
        };
        // What is on its way counts as far as it stays.
        let persisting = &mut self.persisting;
        persisting.durable = persisting.durable.min(base);
        for (_, through) in &mut persisting.appends {
            *through = base.min(*through);
        }
        let number = self.submit(Persist::Install(Box::new(install)), head, outputs);
        self.persisting.installing = Some(Installing {
            number,
            view: self.view,
            commit,
        });
        true
    }

    /// Says on disk that the log is whole again, after it was in doubt.
    pub(super) fn end_rebuilding(&mut self, outputs: &mut Outputs) {
        if std::mem::take(&mut self.persisting.meta.rebuilding) {
            self.persist_meta(outputs);
        }
    }

    /// Whether what a peer acknowledges or reports may be counted: if its files
    /// are not written down, it could be one that lost its memory.
    pub(super) fn counts(&self, id: ReplicaId) -> bool {
        let mut unsynced = self.persisting.instances.iter();
        !unsynced.any(|(peer, _)| *peer == id)
    }

    /// Whether no write is on its way to the disk.
    pub(super) fn is_all_synced(&self) -> bool {
        self.persisting.meta_stream.is_done() && self.persisting.log_stream.is_done()
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
