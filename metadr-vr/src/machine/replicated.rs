//! All that executing an entry touches.

use super::{Damaged, Frozen, Progress, Thaw};
use crate::wire::{ClientOperation, Entry, Hash128, OpNumber};
use crate::{StateMachine, hash128};
use bytes::{Buf, BufMut, Bytes, BytesMut};
use metadr_runtime::xdr::DecodeError;

/// The replicated state as a whole: equal on all replicas at the same op.
///
/// Everything that an entry changes is in here, and nothing else is: so it is
/// what is hashed, compared and handed to a replica that is far behind.
#[derive(Clone, Debug)]
pub(crate) struct Replicated<S> {
    app: S,
    /// The latest time stamp of an entry.
    timestamp_ms: u64,
    /// The last entry.
    op: OpNumber,
    /// Of all that is above.
    digest: Hash128,
}

/// What stands before the state machine's own bytes: the op and the time stamp.
const OWN_BYTES: usize = 16;

/// The state at one op.
#[derive(Clone, Debug)]
pub(crate) struct FrozenReplicated<S: StateMachine> {
    /// What is kept beside the state machine, as far as it is not written.
    own: Bytes,
    app: S::Frozen,
}

impl<S: StateMachine> Frozen for FrozenReplicated<S> {
    fn write(&mut self, budget: usize, out: &mut BytesMut) -> Progress {
        if !self.own.is_empty() {
            out.put(std::mem::take(&mut self.own));
            return Progress::More;
        }
        self.app.write(budget, out)
    }
}

/// A state on its way back from its bytes.
#[derive(Clone, Debug)]
pub(crate) struct ThawReplicated<S: StateMachine> {
    own: BytesMut,
    app: S::Thaw,
}

impl<S: StateMachine> Thaw<Replicated<S>> for ThawReplicated<S> {
    fn feed(&mut self, bytes: &[u8]) -> Result<(), Damaged> {
        let missing = (OWN_BYTES - self.own.len()).min(bytes.len());
        let (own, app) = bytes.split_at(missing);
        self.own.put_slice(own);
        if app.is_empty() {
            return Ok(());
        }
        self.app.feed(app)
    }

    fn finish(mut self) -> Result<Replicated<S>, Damaged> {
        if self.own.len() < OWN_BYTES {
            return Err(Damaged::Short);
        }
        let mut replicated = Replicated {
            op: self.own.get_u64(),
            timestamp_ms: self.own.get_u64(),
            app: self.app.finish()?,
            digest: Hash128::default(),
        };
        replicated.digest = replicated.digest_with(replicated.app.digest());
        Ok(replicated)
    }
}

/// What became of an operation.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Outcome {
    /// It was executed, and this is what the state machine returned.
    Result(Bytes),
    /// It was not executed: nothing is known of its session.
    SessionExpired,
}

impl<S: StateMachine> Replicated<S> {
    /// The state before the first entry.
    pub(crate) fn new(app: S) -> Self {
        let mut state = Self {
            app,
            timestamp_ms: 0,
            op: 0,
            digest: Hash128::default(),
        };
        state.digest = state.digest_with(state.app.digest());
        state
    }

    /// Executes the entry that follows, and appends what became of each of its
    /// operations to `outcomes`.
    ///
    /// # Errors
    ///
    /// If this program does not understand the entry. Then it has no effect.
    ///
    /// # Panics
    ///
    /// If it is not the entry that follows.
    pub(crate) fn apply(
        &mut self,
        entry: &Entry,
        outcomes: &mut Vec<Outcome>,
    ) -> Result<(), DecodeError> {
        assert_eq!(
            entry.header.op,
            self.op + 1,
            "entries are executed in order"
        );
        let operations = entry.operations()?;
        self.op = entry.header.op;
        // A primary never lets it go back.
        self.timestamp_ms = self.timestamp_ms.max(entry.header.timestamp_ms);
        for operation in operations {
            outcomes.push(self.execute(operation));
        }
        self.digest = self.digest_with(self.app.digest());
        Ok(())
    }

    fn execute(&mut self, operation: ClientOperation) -> Outcome {
        match operation {
            ClientOperation::Anonymous(operation) => {
                Outcome::Result(self.app.apply(self.op, self.timestamp_ms, &operation))
            }
            ClientOperation::Query(query) => Outcome::Result(self.app.query(&query)),
            // No session can be registered yet, so none is known.
            ClientOperation::Register(_) | ClientOperation::Session(_) => Outcome::SessionExpired,
        }
    }

    /// The embedder's state machine.
    pub(crate) fn app(&self) -> &S {
        &self.app
    }

    /// The last entry that was executed.
    pub(crate) fn op(&self) -> OpNumber {
        self.op
    }

    /// A hash of the whole state. Equal states have equal hashes.
    pub(crate) fn digest(&self) -> Hash128 {
        self.digest
    }

    /// The same hash, computed afresh from the whole state.
    pub(crate) fn recompute_digest(&self) -> Hash128 {
        self.digest_with(self.app.recompute_digest())
    }

    /// Takes hold of the state as it is now.
    pub(crate) fn freeze(&self) -> FrozenReplicated<S> {
        let mut own = BytesMut::with_capacity(OWN_BYTES);
        own.put_u64(self.op);
        own.put_u64(self.timestamp_ms);
        FrozenReplicated {
            own: own.freeze(),
            app: self.app.freeze(),
        }
    }

    /// Begins to read a state that was frozen.
    pub(crate) fn thaw() -> ThawReplicated<S> {
        ThawReplicated {
            own: BytesMut::with_capacity(OWN_BYTES),
            app: S::thaw(),
        }
    }

    /// The one place that says what the hash is of.
    fn digest_with(&self, app: Hash128) -> Hash128 {
        hash128(&[
            &app,
            &self.timestamp_ms.to_be_bytes(),
            &self.op.to_be_bytes(),
        ])
    }
}
