//! The ledger's own state: what executing it gives.

use crate::StateMachine;
use crate::wire::{ClientOperation, Entry, OpNumber};
use bytes::Bytes;
use metadr_runtime::xdr::DecodeError;

/// How many ops there are from one kept state to the next.
const INTERVAL: usize = 32;

/// A state machine that executes the ledger, and knows its past.
#[derive(Debug)]
pub(super) struct Reference<S> {
    /// The state after all of it.
    latest: S,
    /// The states after op 0, [`INTERVAL`], twice that, and so on.
    kept: Vec<S>,
    /// Of each op, from op 0 on.
    executed: Vec<Executed>,
}

/// An entry of the ledger.
#[derive(Debug, Default)]
struct Executed {
    timestamp_ms: u64,
    /// Each with its result.
    operations: Vec<(Bytes, Bytes)>,
}

impl<S: StateMachine + Clone> Reference<S> {
    pub(super) fn new(initial: S) -> Self {
        Self {
            kept: vec![initial.clone()],
            latest: initial,
            executed: vec![Executed::default()],
        }
    }

    /// Executes the next entry, and returns its operations with their results.
    ///
    /// # Errors
    ///
    /// The entry does not decode.
    pub(super) fn execute(&mut self, entry: &Entry) -> Result<&[(Bytes, Bytes)], DecodeError> {
        assert_eq!(entry.header.op, self.executed.len() as u64);
        let (op, timestamp_ms) = (entry.header.op, entry.header.timestamp_ms);
        let mut operations = Vec::new();
        for operation in entry.operations()? {
            // No session was registered, so that the others are not executed.
            if let ClientOperation::Anonymous(operation) = operation {
                let result = self.latest.apply(op, timestamp_ms, &operation);
                operations.push((operation, result));
            }
        }
        if self.executed.len().is_multiple_of(INTERVAL) {
            self.kept.push(self.latest.clone());
        }
        self.executed.push(Executed {
            timestamp_ms,
            operations,
        });
        Ok(&self.executed.last().expect("one was pushed").operations)
    }

    /// The last op that was executed.
    pub(super) fn op(&self) -> OpNumber {
        self.executed.len() as u64 - 1
    }

    /// An operation of an entry, and its result; nothing if there is none.
    pub(super) fn executed(&self, op: OpNumber, index: usize) -> Option<&(Bytes, Bytes)> {
        let op = usize::try_from(op).ok()?;
        self.executed.get(op)?.operations.get(index)
    }

    /// What a question was answered after an op; nothing if the ledger does not
    /// get there.
    pub(super) fn query(&self, op: OpNumber, query: &Bytes) -> Option<Bytes> {
        if op == self.op() {
            return Some(self.latest.query(query));
        }
        let last = usize::try_from(op).ok()?;
        let kept = last / INTERVAL;
        let first = kept * INTERVAL + 1;
        let mut state = self.kept.get(kept)?.clone();
        for (op, entry) in (first as u64..).zip(self.executed.get(first..=last)?) {
            for (operation, _) in &entry.operations {
                state.apply(op, entry.timestamp_ms, operation);
            }
        }
        Some(state.query(query))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::check::testing::single;
    use crate::sim::model::{self, Registers};

    #[test]
    fn the_past_is_known() {
        let values: Vec<u64> = (1..=70).collect();
        let replica = single(&values);
        let mut reference = Reference::new(Registers::default());
        for op in 1..=70 {
            let entry = replica.log().get(op).expect("an entry");
            reference.execute(entry).expect("an entry decodes");
        }
        for op in 0..=70_u64 {
            let value = Bytes::copy_from_slice(&op.to_be_bytes());
            let before = reference.query(op, &model::read(0));
            assert_eq!(before, Some(value.clone()));
            let next = reference.executed(op + 1, 0).map(|(_, result)| result);
            assert_eq!(next, (op < 70).then_some(&value));
        }
        assert_eq!(reference.query(71, &model::read(0)), None);
    }
}
