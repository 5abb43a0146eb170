//! The tree as what the group replicates.

use crate::tree::{FrozenTree, Key, ListKey, ThawTree, Tree, TreeError};
use crate::wire::tree::{KeyValue, Operation, Outcome, OutcomeKind, Query};
use bytes::Bytes;
use metadr_runtime::xdr;
use metadr_vr::wire::{Hash128, OpNumber};
use metadr_vr::{Damaged, StateMachine, Thaw};

/// The replicated state: the tree.
#[derive(Clone, Debug, Default)]
pub struct Machine {
    tree: Tree,
}

impl Machine {
    /// The state of a new group: nothing but the root.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    fn execute(&mut self, operation: Operation) -> Result<(), OutcomeKind> {
        let parse = |key: &Bytes| Key::parse(key).map_err(|_| OutcomeKind::Malformed);
        match operation {
            Operation::Create(KeyValue { key, value }) => {
                self.tree.create(&parse(&key)?, value).map_err(kind)
            }
            Operation::Remove(key) => self.tree.remove(&parse(&key)?).map_err(kind),
            Operation::Set(KeyValue { key, value }) => {
                self.tree.set(&parse(&key)?, value).map_err(kind)
            }
        }
    }

    fn answer(&self, query: &Query) -> Result<Outcome, OutcomeKind> {
        match query {
            Query::Get(key) => {
                let key = Key::parse(key).map_err(|_| OutcomeKind::Malformed)?;
                let value = self.tree.get(&key).map_err(kind)?;
                Ok(Outcome::Value(value.clone()))
            }
            Query::List(key) => {
                let key: ListKey = Key::parse_for_list(key).map_err(|_| OutcomeKind::Malformed)?;
                let names = self.tree.list(&key).map_err(kind)?;
                Ok(Outcome::Names(names.map(Bytes::copy_from_slice).collect()))
            }
        }
    }
}

/// The replicated state on its way back from a snapshot.
#[derive(Clone, Debug)]
pub struct ThawMachine(ThawTree);

impl Thaw<Machine> for ThawMachine {
    fn feed(&mut self, bytes: &[u8]) -> Result<(), Damaged> {
        self.0.feed(bytes)
    }

    fn finish(self) -> Result<Machine, Damaged> {
        self.0.finish().map(|tree| Machine { tree })
    }
}

impl StateMachine for Machine {
    type Frozen = FrozenTree;
    type Thaw = ThawMachine;

    fn apply(&mut self, _: OpNumber, _: u64, operation: &Bytes) -> Bytes {
        let result = xdr::from_bytes(operation.clone())
            .map_err(|_| OutcomeKind::NotUnderstood)
            .and_then(|operation| self.execute(operation));
        encode(&without_data(result.err().unwrap_or(OutcomeKind::Done)))
    }

    fn query(&self, query: &Bytes) -> Bytes {
        let outcome = xdr::from_bytes(query.clone())
            .map_err(|_| OutcomeKind::NotUnderstood)
            .and_then(|query| self.answer(&query));
        encode(&outcome.unwrap_or_else(without_data))
    }

    fn digest(&self) -> Hash128 {
        self.tree.digest()
    }

    fn recompute_digest(&self) -> Hash128 {
        self.tree.recompute_digest()
    }

    fn freeze(&self) -> FrozenTree {
        self.tree.freeze()
    }

    fn thaw() -> ThawMachine {
        ThawMachine(Tree::thaw())
    }
}

fn kind(error: TreeError) -> OutcomeKind {
    match error {
        TreeError::AlreadyPresent => OutcomeKind::AlreadyPresent,
        TreeError::NotPresent => OutcomeKind::NotPresent,
        TreeError::NoParent => OutcomeKind::NoParent,
        TreeError::HasChildren => OutcomeKind::HasChildren,
    }
}

fn without_data(discriminant: OutcomeKind) -> Outcome {
    Outcome::Default { discriminant }
}

fn encode(outcome: &Outcome) -> Bytes {
    xdr::to_bytes(outcome).expect("an outcome has no bounds to break")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn apply(machine: &mut Machine, operation: &Operation) -> OutcomeKind {
        let operation = xdr::to_bytes(operation).unwrap();
        let outcome: Outcome = xdr::from_bytes(machine.apply(1, 0, &operation)).unwrap();
        outcome.discriminant()
    }

    fn create(key: &'static str, value: &'static str) -> Operation {
        let (key, value) = (Bytes::from(key), Bytes::from(value));
        Operation::Create(KeyValue { key, value })
    }

    #[test]
    fn operations_and_queries_reach_the_tree() {
        let mut machine = Machine::new();
        assert_eq!(apply(&mut machine, &create("/a", "1")), OutcomeKind::Done);
        let again = apply(&mut machine, &create("/a", "2"));
        assert_eq!(again, OutcomeKind::AlreadyPresent);
        let orphan = apply(&mut machine, &create("/x/y", "2"));
        assert_eq!(orphan, OutcomeKind::NoParent);
        let bad = apply(&mut machine, &create("a", "2"));
        assert_eq!(bad, OutcomeKind::Malformed);
        let query = xdr::to_bytes(&Query::Get(Bytes::from("/a"))).unwrap();
        let value: Outcome = xdr::from_bytes(machine.query(&query)).unwrap();
        assert_eq!(value, Outcome::Value(Bytes::from("1")));
        let query = xdr::to_bytes(&Query::List(Bytes::from("/"))).unwrap();
        let names: Outcome = xdr::from_bytes(machine.query(&query)).unwrap();
        assert_eq!(names, Outcome::Names(vec![Bytes::from("a")]));
    }

    #[test]
    fn an_operation_of_a_later_version_changes_nothing() {
        let mut machine = Machine::new();
        let before = machine.digest();
        let result = machine.apply(1, 0, &Bytes::from_static(b"\0\0\0\x63"));
        let outcome: Outcome = xdr::from_bytes(result).unwrap();
        assert_eq!(outcome.discriminant(), OutcomeKind::NotUnderstood);
        assert_eq!(machine.digest(), before);
    }
}
