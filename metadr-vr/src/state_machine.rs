//! What is replicated.

use crate::wire::{Hash128, OpNumber};
use bytes::Bytes;

/// The state that the group keeps: equal on all replicas that have applied the
/// same operations.
///
/// It must be deterministic: no clock but the entry's time stamp, no random
/// source, no order of hash tables. It must not fail: an operation that cannot
/// be done has a result which says so.
pub trait StateMachine {
    /// Executes a committed operation and returns its result.
    fn apply(&mut self, op: OpNumber, timestamp_ms: u64, operation: &Bytes) -> Bytes;

    /// Answers a question from the present state.
    fn query(&self, query: &Bytes) -> Bytes;

    /// A hash of the present state, cheap enough to be taken at each op. Equal
    /// states have equal hashes, whatever their history.
    fn digest(&self) -> Hash128;
}
