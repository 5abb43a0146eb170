//! What is replicated: the embedder's state machine, and what the protocol
//! keeps beside it.
//!
//! | Module | Concern |
//! |---|---|
//! | [`replicated`] | all that executing an entry touches, and its digest |
//! | [`sessions`] | what makes an operation that is sent again execute once |
//! | [`frozen`] | the replicated state as bytes |
//! | [`records`] | a sequence of records as one stream of bytes |
//! | [`snapshot`] | the state as bytes, in chunks that can be checked one by one |
//! | [`collect`] | for states that are small enough to be copied at once |

mod collect;
mod frozen;
mod records;
mod replicated;
mod sessions;
mod snapshot;

pub use collect::Collect;
pub(crate) use frozen::{FrozenReplicated, ThawReplicated};
pub use records::{Records, put_record};
pub(crate) use replicated::{Done, Outcome, Replicated};
pub(crate) use sessions::{Known, MOST_IN_ENTRY, RequestKey, registered_at, request_key};
pub(crate) use snapshot::{Received, Receiving, Snapshot, Taking};

use crate::wire::{Hash128, OpNumber};
use bytes::{Bytes, BytesMut};
use std::fmt::Debug;

/// The state that the group keeps: equal on all replicas that have applied the
/// same operations.
///
/// It must be deterministic: no clock but the entry's time stamp, no random
/// source, no order of hash tables. It must not fail: an operation that cannot
/// be done has a result which says so.
///
/// A state is written down in two steps. [`freeze`](Self::freeze) takes hold
/// of it as it is now; then the frozen one is written piece by piece, while
/// the machine goes on. A state that is small can be copied as a whole: its
/// `Frozen` is [`Bytes`], and its `Thaw` is [`Collect`].
pub trait StateMachine: Sized {
    /// A state at one op.
    type Frozen: Frozen + Clone + Debug;
    /// A state on its way back from its bytes.
    type Thaw: Thaw<Self> + Clone + Debug;

    /// Executes a committed operation and returns its result.
    fn apply(&mut self, op: OpNumber, timestamp_ms: u64, operation: &Bytes) -> Bytes;

    /// Answers a question from the present state.
    fn query(&self, query: &Bytes) -> Bytes;

    /// A hash of the present state, cheap enough to be taken at each op. Equal
    /// states have equal hashes, whatever their history.
    fn digest(&self) -> Hash128;

    /// The same hash as [`digest`](Self::digest). A machine that keeps its hash
    /// up to date by increments computes it afresh here, from all of its state.
    fn recompute_digest(&self) -> Hash128 {
        self.digest()
    }

    /// Takes hold of the present state. All requests wait meanwhile: this must
    /// not take time in the size of a large state.
    fn freeze(&self) -> Self::Frozen;

    /// Begins to read a state that was frozen, here or on another replica.
    fn thaw() -> Self::Thaw;
}

/// A state that is written as bytes, piece by piece. Equal states give equal
/// bytes, whatever their history and however they are cut into pieces.
pub trait Frozen {
    /// Appends the next bytes: about `budget` of them, some at least as long
    /// as there are any. Says whether they were the last.
    fn write(&mut self, budget: usize, out: &mut BytesMut) -> Progress;
}

/// Whether a state has been written to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Progress {
    /// There is more.
    More,
    /// That was all.
    Done,
}

/// Reads what [`Frozen`] has written, cut into pieces in any way.
pub trait Thaw<S> {
    /// Takes the next bytes.
    ///
    /// # Errors
    ///
    /// [`Damaged`] as soon as they cannot be a state.
    fn feed(&mut self, bytes: &[u8]) -> Result<(), Damaged>;

    /// The state, when all bytes have been fed.
    ///
    /// # Errors
    ///
    /// [`Damaged`] if they are not a state, or end too early.
    fn finish(self) -> Result<S, Damaged>;
}

/// Bytes are not a state which this program could have written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum Damaged {
    /// They end in the middle of something.
    #[error("the state ends too early")]
    Short,
    /// They go on after the end.
    #[error("the state goes on after its end")]
    Long,
    /// Something is longer than it can be.
    #[error("a record of {length} bytes is longer than any can be")]
    TooLong {
        /// What it claims to have.
        length: u64,
    },
    /// Something is not encoded as it should be.
    #[error("a record cannot be decoded")]
    Undecodable,
    /// Everything can be decoded, and no state is like that.
    #[error("{0}")]
    Impossible(&'static str),
}

/// A state that was copied at once.
impl Frozen for Bytes {
    fn write(&mut self, budget: usize, out: &mut BytesMut) -> Progress {
        let count = budget.max(1).min(self.len());
        out.extend_from_slice(&self.split_to(count));
        if self.is_empty() {
            Progress::Done
        } else {
            Progress::More
        }
    }
}
