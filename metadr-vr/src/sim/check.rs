//! The checkers, one concern each.

mod agreement;
mod bounds;
mod chain;
mod held;
mod history;
mod promise;
mod state;
#[cfg(test)]
mod testing;
mod view;
mod wire;

use super::model::Registers;
use crate::wire::{Entry, EpochView, Hash128, Message};
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
pub(super) struct Checkers {
    agreement: agreement::Agreement,
    chain: chain::Chain,
    state: state::State,
    history: history::History,
    promise: promise::Promise,
    view: view::Views,
    wire: wire::Wire,
    options: Options,
}

impl Checkers {
    pub(super) fn new(seed: u64, cluster: Hash128, count: usize, options: &Options) -> Self {
        Self {
            agreement: agreement::Agreement::new(cluster, count),
            chain: chain::Chain::new(count),
            state: state::State::default(),
            history: history::History::default(),
            promise: promise::Promise::default(),
            view: view::Views::default(),
            wire: wire::Wire::new(seed),
            options: options.clone(),
        }
    }

    /// Checks what one replica has become by an event. Of those that are down,
    /// the replicas are not given.
    pub(super) fn replica(
        &mut self,
        changed: usize,
        replicas: &[Option<Replica<Registers>>],
        events: &[Event],
    ) -> Check {
        let Some(replica) = &replicas[changed] else {
            return Ok(());
        };
        self.chain.check(changed, replica)?;
        let view = replica.view();
        for committed in self.agreement.check(changed, replica)?.to_vec() {
            held::committed_is_held(&committed, replicas)?;
            self.history.committed(&committed)?;
            self.view.committed(view);
        }
        let ledger = self.agreement.ledger();
        self.view.check(changed, replica, events, ledger)?;
        self.state.check(replica, events)?;
        bounds::check(replica, &self.options)
    }

    /// Notes that a replica starts again, without what it was.
    pub(super) fn restarted(&mut self, which: usize) {
        self.chain.restarted(which);
        self.agreement.restarted(which);
    }

    /// Checks a message as it is sent. `promised` is what is on its sender's disk.
    pub(super) fn sent(
        &mut self,
        sender: &Replica<Registers>,
        promised: EpochView,
        message: &Message,
    ) -> Check {
        held::acknowledged_is_held(sender, message)?;
        self.promise.check(promised, message)?;
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

    /// The entry that was committed at each op, from op 0 on.
    pub(super) fn ledger(&self) -> &[Entry] {
        self.agreement.ledger()
    }
}
