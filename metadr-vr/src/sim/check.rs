//! The checkers, one concern each.

mod agreement;
mod bounds;
mod chain;
mod held;
mod history;
mod state;
#[cfg(test)]
mod testing;
mod wire;

use super::model::Registers;
use crate::wire::{Entry, Message};
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
    wire: wire::Wire,
    options: Options,
}

impl Checkers {
    pub(super) fn new(seed: u64, replicas: &[Replica<Registers>], options: &Options) -> Self {
        let count = replicas.len();
        Self {
            agreement: agreement::Agreement::new(replicas),
            chain: chain::Chain::new(count),
            state: state::State::default(),
            history: history::History::default(),
            wire: wire::Wire::new(seed),
            options: options.clone(),
        }
    }

    /// Checks what one replica has become by an event.
    pub(super) fn replica(
        &mut self,
        changed: usize,
        replicas: &[Replica<Registers>],
        events: &[Event],
    ) -> Check {
        let replica = &replicas[changed];
        self.chain.check(changed, replica)?;
        for committed in self.agreement.check(changed, replica)?.to_vec() {
            held::committed_is_held(&committed, replicas)?;
            self.history.committed(&committed)?;
        }
        self.state.check(replica, events)?;
        bounds::check(replica, &self.options)
    }

    /// Checks a message as it is sent.
    pub(super) fn sent(&mut self, sender: &Replica<Registers>, message: &Message) -> Check {
        held::acknowledged_is_held(sender, message)?;
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
