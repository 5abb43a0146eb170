//! The checkers, one concern each.

mod agreement;
mod bounds;
mod chain;
mod held;
mod history;
mod promise;
mod reference;
mod state;
#[cfg(test)]
pub(super) mod testing;
mod view;
mod wire;

use super::model::Model;
use crate::wire::{EntryHeader, EpochView, Hash128, Message};
use crate::{ClientReply, Event, Options, Replica, Request, RequestId};

/// Something that must never happen, and did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// The invariant, as the protocol's documentation numbers it.
    pub invariant: &'static str,
    /// What was seen.
    pub what: String,
}

impl Violation {
    fn new(invariant: &'static str, what: impl Into<String>) -> Self {
        let what = what.into();
        Self { invariant, what }
    }
}

impl std::fmt::Display for Violation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.invariant, self.what)
    }
}

type Check = Result<(), Violation>;

/// All checkers of a run.
#[derive(Debug)]
pub(super) struct Checkers<M: Model> {
    agreement: agreement::Agreement,
    chain: chain::Chain,
    state: state::State,
    history: history::History<M::Machine>,
    promise: promise::Promise,
    view: view::Views,
    wire: wire::Wire,
    options: Options,
    /// Those that have lost their disk, and that nobody has taken for new ones.
    strangers: Vec<bool>,
    /// No more replicas have lost their memory at a time than is survived.
    is_within_budget: bool,
}

impl<M: Model> Checkers<M> {
    pub(super) fn new(
        seed: u64,
        cluster: Hash128,
        count: usize,
        options: &Options,
        model: &M,
    ) -> Self {
        Self {
            agreement: agreement::Agreement::new(cluster, count),
            chain: chain::Chain::new(count),
            state: state::State::default(),
            history: history::History::new(model.machine()),
            promise: promise::Promise::new(count),
            view: view::Views::new(count),
            wire: wire::Wire::new(seed),
            options: options.clone(),
            strangers: vec![false; count],
            is_within_budget: true,
        }
    }

    /// Checks what one replica has become by an event. Of those that are down,
    /// the replicas are not given.
    pub(super) fn replica(
        &mut self,
        changed: usize,
        replicas: &[Option<Replica<M::Machine>>],
        events: &[Event],
    ) -> Check {
        let Some(replica) = &replicas[changed] else {
            return Ok(());
        };
        if self.strangers[changed] {
            return Ok(());
        }
        self.chain.check(changed, replica)?;
        let view = replica.view();
        for committed in self.agreement.check(changed, replica)? {
            if self.is_within_budget {
                held::committed_is_held(&committed.header, replicas, &self.strangers)?;
            }
            self.history.committed(&committed)?;
            self.view.committed(view);
        }
        let ledger = self.agreement.ledger();
        self.view.check(changed, replica, events, ledger)?;
        self.state.check(replica, events)?;
        bounds::check(replica, &self.options)
    }

    /// Checks a replica that has just started from a disk with this promise,
    /// and either with its memory, if it ever had one, or without.
    pub(super) fn started(
        &mut self,
        which: usize,
        replicas: &[Option<Replica<M::Machine>>],
        found: EpochView,
        has_forgotten: bool,
    ) -> Check {
        self.chain.restarted(which);
        self.agreement.restarted(which);
        self.promise.restarted(which, found)?;
        let replica = replicas[which].as_ref().expect("it has started");
        if has_forgotten {
            view::forgets(which, replica)?;
        }
        self.memory_changed(replicas)
    }

    /// Notes what a replica is told to be on its disk.
    pub(super) fn synced(&mut self, which: usize, promise: EpochView) {
        self.promise.synced(which, promise);
    }

    /// Checks what is left when a replica has lost its memory, or has come back.
    pub(super) fn memory_changed(&self, replicas: &[Option<Replica<M::Machine>>]) -> Check {
        match self.ledger().last() {
            Some(last) if self.is_within_budget => {
                held::committed_is_held(last, replicas, &self.strangers)
            }
            _ => Ok(()),
        }
    }

    /// Notes that a replica will come back as one that never was here.
    pub(super) fn lost_disk(&mut self, which: usize) {
        self.strangers[which] = true;
        self.promise.lost_disk(which);
        self.view.lost_disk(which);
    }

    /// Whether a replica is there that has lost its disk, and counts nowhere.
    pub(super) fn is_stranger(&self, which: usize) -> bool {
        self.strangers[which]
    }

    /// Notes that somebody listens to a stranger.
    pub(super) fn stranger_is_taken(&mut self, which: usize) {
        self.strangers[which] = false;
    }

    /// Notes that more replicas lose their memory at a time than is survived:
    /// from now on committed entries may be gone, and nobody may go on without
    /// them.
    pub(super) fn budget_is_broken(&mut self) {
        self.is_within_budget = false;
    }

    /// Checks a message as it is sent. `promised` is what is on its sender's disk.
    pub(super) fn sent(
        &mut self,
        sender: &Replica<M::Machine>,
        promised: EpochView,
        message: &Message,
    ) -> Check {
        if self.strangers[sender.boot().id() as usize] {
            return self.wire.check(message);
        }
        held::acknowledged_is_held(sender, message)?;
        self.promise.sent(sender, promised, message)?;
        self.view.sent(message);
        self.wire.check(message)
    }

    /// Notes that a client asks for something.
    pub(super) fn asked(&mut self, id: RequestId, request: &Request) {
        self.history.asked(id, request);
    }

    /// Checks an answer.
    pub(super) fn answered(&mut self, id: RequestId, reply: &ClientReply) -> Check {
        self.history.answered(id, reply)
    }

    /// The header of the entry that was committed at each op, from op 0 on.
    pub(super) fn ledger(&self) -> &[EntryHeader] {
        self.agreement.ledger()
    }
}
