//! How a replica starts.

use super::{Replica, Status};
use crate::machine::Receiving;
use crate::outputs::{Event, Outputs};
use crate::wire::{Entry, Hash128, Image, Incarnation, Meta, ReplicaId};
use crate::{Log, StateMachine};

/// Who a replica is, and what it remembers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Boot {
    /// What is on its disk, with the incarnation of this run, `life` being
    /// Running.
    pub meta: Meta,
    /// What of its earlier life it has.
    pub start: Start,
    /// The voters in their order, which decides who is primary of which view.
    voters: Vec<ReplicaId>,
}

/// What a replica has of its earlier life.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Start {
    /// It has none: it never ran.
    New,
    /// It has lost it with its memory.
    Forgotten,
    /// Everything, as it was shut down cleanly, or as its disk has it.
    Kept(Image),
    /// A log that may lack something which it has acknowledged.
    Doubtful(Image),
}

impl Boot {
    /// A replica that starts from this.
    #[must_use]
    pub fn new(meta: Meta, start: Start) -> Self {
        Self {
            voters: meta.voters.iter().map(|member| member.id).collect(),
            meta,
            start,
        }
    }

    /// The group.
    #[must_use]
    pub fn cluster(&self) -> Hash128 {
        self.meta.cluster
    }

    /// This replica.
    #[must_use]
    pub fn id(&self) -> ReplicaId {
        self.meta.id
    }

    /// Its files.
    #[must_use]
    pub fn instance(&self) -> Hash128 {
        self.meta.instance
    }

    /// Its process.
    #[must_use]
    pub fn incarnation(&self) -> Incarnation {
        self.meta.incarnation
    }

    /// The voters in their order.
    #[must_use]
    pub fn voters(&self) -> &[ReplicaId] {
        &self.voters
    }
}

/// The log of an image, if it is whole and of this group.
#[must_use]
pub fn log_of(cluster: Hash128, image: &Image) -> Option<Log> {
    let mut log = match &image.snapshot {
        Some(snapshot) => Log::after(snapshot.manifest.last.clone()),
        None => Log::new(cluster),
    };
    if image.commit < log.start() {
        return None;
    }
    for entry in &image.entries {
        if !Entry::is_intact(entry) || !log.is_next(entry) {
            return None;
        }
        log.append(entry.clone());
    }
    (image.commit <= log.head()).then_some(log)
}

impl<S: StateMachine> Replica<S> {
    /// Takes up its place in the group.
    pub(super) fn begin(&mut self, outputs: &mut Outputs) {
        match self.boot.start.clone() {
            Start::New => outputs.events.push(Event::Normal {
                view: self.view,
                is_primary: self.is_primary(),
                op: 0,
            }),
            Start::Forgotten => {
                self.status = Status::Recovering;
                outputs
                    .events
                    .push(Event::Recovering { promise: self.view });
            }
            Start::Kept(image) => self.begin_with(&image, outputs),
            Start::Doubtful(image) => {
                self.take_log(&image, outputs);
                if self.status == Status::Normal {
                    self.status = Status::Recovering;
                    let promise = self.view;
                    outputs.events.push(Event::Recovering { promise });
                }
            }
        }
    }

    fn take_log(&mut self, image: &Image, outputs: &mut Outputs) {
        let log = log_of(self.boot.cluster(), image);
        self.log = log.expect("the embedder has checked the image");
        self.persisting.found_log(self.log.head());
        if let Some(snapshot) = &image.snapshot {
            let received = Receiving::read(snapshot);
            let received = received.expect("the embedder has checked the image");
            self.replicated = received.replicated;
            self.checkpoints.keep(received.snapshot);
        }
        self.last_normal = image.last_normal;
        self.commit_number = image.commit;
        self.apply_committed(outputs);
    }

    /// As a replica that was away for a while: its log and its promise are what
    /// they were. It never goes on as the primary of its old view, in which it
    /// may have said more than it remembers.
    fn begin_with(&mut self, image: &Image, outputs: &mut Outputs) {
        self.take_log(image, outputs);
        if let Status::Faulted(_) = self.status {
            return;
        }
        if crate::options::bug!(self.options, P5) && self.is_primary() {
            self.status = Status::Normal;
            outputs.events.push(Event::Normal {
                view: self.view,
                is_primary: true,
                op: self.log.head(),
            });
            return self.begin_primary(outputs);
        }
        self.status = Status::ViewChange { entered: false };
        self.restart_view_change();
        if self.voters.len() == 1 {
            // Nobody else can vote.
            return self.cast_vote(self.view.view + 1, outputs);
        }
        if self.is_primary() {
            self.cast_vote(self.view.view + 1, outputs);
        } else {
            self.ask_for_view(outputs);
        }
    }
}
