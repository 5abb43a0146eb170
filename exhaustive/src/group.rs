//! The group as a model: its states, what can happen, what must hold.

use crate::node::{Node, Said};
use bytes::Bytes;
use metadr_runtime::xdr;
use metadr_vr::wire::{Hash128, Message, ReplicaId};
use metadr_vr::{Request, RequestId, Status, hash128};
use stateright::{Model, Property};
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

const REPLICAS: u32 = 3;
const QUORUM: usize = 2;

/// What must hold in every state.
pub(crate) const SAFE: &str = "nothing is broken";

/// How much happens at most.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Group {
    pub(crate) operations: u8,
    pub(crate) views: u64,
    pub(crate) crashes: u8,
    /// Timers that fire, of all replicas together.
    pub(crate) time_outs: u8,
}

#[derive(Clone, Debug)]
pub(crate) struct State {
    nodes: Vec<Arc<Node>>,
    /// All that was ever said, sorted.
    messages: Vec<Arc<Kept>>,
    operations: u8,
    crashes: u8,
    time_outs: u8,
    /// The checksums of what was committed, by op.
    ledger: Vec<Hash128>,
    /// What must not happen, and did.
    broken: Option<&'static str>,
}

/// A message, which may come at any time from now on, any number of times.
pub(crate) struct Kept {
    hash: Hash128,
    to: ReplicaId,
    message: Message,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Action {
    Deliver(Arc<Kept>),
    Request(ReplicaId),
    TimeOut(ReplicaId),
    Crash(ReplicaId),
}

impl Model for Group {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        let mut state = State {
            nodes: Vec::new(),
            messages: Vec::new(),
            operations: 0,
            crashes: 0,
            time_outs: 0,
            ledger: Vec::new(),
            broken: None,
        };
        for id in 0..REPLICAS {
            let (node, said) = Node::new(id, REPLICAS);
            state.nodes.push(Arc::new(node));
            state.keep(said);
        }
        vec![state]
    }

    fn actions(&self, state: &State, actions: &mut Vec<Action>) {
        actions.extend(state.messages.iter().cloned().map(Action::Deliver));
        let is_anybody_recovering = state.recovering() > 0;
        for (id, node) in (0..REPLICAS).zip(&state.nodes) {
            let replica = &node.replica;
            let can_write = replica.status() == Status::Normal && replica.is_primary();
            if can_write && state.operations < self.operations {
                actions.push(Action::Request(id));
            }
            if state.time_outs < self.time_outs {
                actions.push(Action::TimeOut(id));
            }
            // No more than one of three may have lost its memory at a time.
            if state.crashes < self.crashes && !is_anybody_recovering {
                actions.push(Action::Crash(id));
            }
        }
    }

    fn next_state(&self, last: &State, action: Action) -> Option<State> {
        let mut state = last.clone();
        let (id, (node, said)) = match action {
            Action::Deliver(kept) => {
                let deliver = last.node(kept.to).call(|replica, now, outputs| {
                    replica.on_message(now, kept.message.clone(), outputs);
                });
                (kept.to, deliver)
            }
            Action::Request(id) => {
                state.operations += 1;
                let number = u64::from(state.operations);
                let operation = Bytes::copy_from_slice(&[b'a' + last.operations]);
                let request = Request::Anonymous(operation);
                let request_id = RequestId {
                    connection: number,
                    number,
                };
                let asked = last.node(id).call(|replica, now, outputs| {
                    replica.on_request(now, request_id, request, outputs);
                });
                (id, asked)
            }
            Action::TimeOut(id) => {
                state.time_outs += 1;
                (id, last.node(id).time_out()?)
            }
            Action::Crash(id) => {
                state.crashes += 1;
                (id, last.node(id).crash())
            }
        };
        state.nodes[id as usize] = Arc::new(node);
        state.keep(said);
        state.broken = last.broken.or(state.check(id));
        Some(state)
    }

    fn within_boundary(&self, state: &State) -> bool {
        let is_within = |node: &Arc<Node>| node.replica.view().view < self.views;
        state.nodes.iter().all(is_within)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always(SAFE, |_, state: &State| state.broken.is_none()),
            Property::sometimes("all operations are committed", |group, state: &State| {
                state.ledger.len() == usize::from(group.operations)
            }),
            Property::sometimes("the last view begins", |group, state: &State| {
                state.is_any(|node| {
                    let replica = &node.replica;
                    replica.status() == Status::Normal && replica.view().view + 1 == group.views
                })
            }),
            Property::sometimes("a replica comes back", |_, state: &State| {
                state.is_any(|node| {
                    let replica = &node.replica;
                    replica.meta().incarnation.counter > 1 && replica.status() == Status::Normal
                })
            }),
        ]
    }
}

impl State {
    fn node(&self, id: ReplicaId) -> &Node {
        &self.nodes[id as usize]
    }

    fn is_any(&self, condition: impl Fn(&Node) -> bool) -> bool {
        self.nodes.iter().any(|node| condition(node))
    }

    fn recovering(&self) -> usize {
        let is_recovering = |node: &&Arc<Node>| node.replica.status() == Status::Recovering;
        self.nodes.iter().filter(is_recovering).count()
    }

    fn keep(&mut self, said: Said) {
        for (to, message) in said {
            let encoded = xdr::to_bytes(&message).expect("it can be sent");
            let hash = hash128(&[&to.to_be_bytes(), &encoded]);
            if let Err(place) = self.messages.binary_search_by_key(&hash, |kept| kept.hash) {
                self.messages
                    .insert(place, Arc::new(Kept { hash, to, message }));
            }
        }
    }

    /// Looks at the replica that something has happened to.
    fn check(&mut self, id: ReplicaId) -> Option<&'static str> {
        let node = Arc::clone(&self.nodes[id as usize]);
        let replica = &node.replica;
        if let Status::Faulted(_) = replica.status() {
            return Some("a replica has stopped itself");
        }
        for op in 1..=replica.commit_number() {
            let place = usize::try_from(op - 1).expect("few operations");
            let checksum = replica.log().checksum(op).expect("nothing is forgotten");
            match self.ledger.get(place) {
                Some(committed) if *committed != checksum => {
                    return Some("two entries are committed at an op");
                }
                Some(_) => {}
                None => self.ledger.push(checksum),
            }
        }
        for (op, committed) in (1..).zip(&self.ledger) {
            let holds = |node: &&Arc<Node>| {
                let has_memory = node.replica.status() != Status::Recovering;
                has_memory && node.replica.log().checksum(op) == Some(*committed)
            };
            if self.nodes.iter().filter(holds).count() + self.recovering() < QUORUM {
                return Some("a committed entry is not held by a quorum");
            }
        }
        None
    }
}

impl Hash for State {
    fn hash<H: Hasher>(&self, state: &mut H) {
        for node in &self.nodes {
            node.fingerprint.hash(state);
        }
        for kept in &self.messages {
            kept.hash.hash(state);
        }
        (self.operations, self.crashes, self.time_outs).hash(state);
        self.ledger.hash(state);
        self.broken.hash(state);
    }
}

impl PartialEq for State {
    fn eq(&self, other: &Self) -> bool {
        let prints = |state: &Self| -> Vec<u128> {
            state.nodes.iter().map(|node| node.fingerprint).collect()
        };
        prints(self) == prints(other)
            && self.messages == other.messages
            && self.ledger == other.ledger
            && (self.operations, self.crashes, self.time_outs, self.broken)
                == (
                    other.operations,
                    other.crashes,
                    other.time_outs,
                    other.broken,
                )
    }
}

impl PartialEq for Kept {
    fn eq(&self, other: &Self) -> bool {
        self.hash == other.hash
    }
}

impl fmt::Debug for Kept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let from = self.message.envelope.sender;
        write!(f, "{from} → {}: {:?}", self.to, self.message.body)
    }
}
