//! All that executing an entry touches.

use super::sessions::{Executed, Known, RequestKey, Sessions, request_key, session_id};
use super::{FrozenReplicated, ThawReplicated};
use crate::options::bug;
use crate::wire::{
    ClientOperation, Entry, Hash128, OpNumber, SessionId, SessionOperation, Settings, SnapshotHead,
};
use crate::{Options, StateMachine, hash128};
use bytes::Bytes;
use metadr_runtime::xdr::DecodeError;

/// The replicated state as a whole: equal on all replicas at the same op.
///
/// Everything that an entry changes is in here, and nothing else is: so it is
/// what is hashed, compared and handed to a replica that is far behind.
#[derive(Clone, Debug)]
pub(crate) struct Replicated<S> {
    app: S,
    sessions: Sessions,
    settings: Settings,
    /// The latest time stamp of an entry.
    timestamp_ms: u64,
    /// The last entry.
    op: OpNumber,
    /// Of all that is above.
    digest: Hash128,
}

/// An operation of an entry that was executed, or not.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Done {
    /// Of an operation of a session: which request it was.
    pub(crate) key: Option<RequestKey>,
    pub(crate) outcome: Outcome,
}

/// What became of an operation.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Outcome {
    /// It was executed, and this is what the state machine returned.
    Result(Bytes),
    /// There is a new session.
    Registered(SessionId),
    /// It was executed before.
    Repeated(Executed),
    /// It was executed before, and its client has the reply.
    Answered,
    /// It was not executed: its session is not known.
    Expired,
    /// It was not executed: its session has too many requests under way.
    BeyondWindow,
}

impl<S: StateMachine> Replicated<S> {
    /// The state before the first entry.
    pub(crate) fn new(app: S, settings: Settings) -> Self {
        let mut state = Self {
            app,
            sessions: Sessions::default(),
            settings,
            timestamp_ms: 0,
            op: 0,
            digest: Hash128::default(),
        };
        state.digest = state.digest_with(state.app.digest(), state.sessions.digest());
        state
    }

    /// A state that was written down.
    pub(super) fn restored(app: S, sessions: Sessions, head: &SnapshotHead) -> Self {
        let mut state = Self {
            app,
            sessions,
            settings: head.settings,
            timestamp_ms: head.timestamp_ms,
            op: head.op,
            digest: Hash128::default(),
        };
        state.digest = state.digest_with(state.app.digest(), state.sessions.digest());
        state
    }

    /// Takes hold of the state as it is now, to be written down.
    pub(crate) fn freeze(&self) -> FrozenReplicated<S> {
        let head = SnapshotHead {
            op: self.op,
            timestamp_ms: self.timestamp_ms,
            settings: self.settings,
            sessions: self.sessions.len() as u64,
        };
        FrozenReplicated::new(head, self.sessions.freeze(), self.app.freeze())
    }

    /// Begins to read a state that was frozen, here or on another replica.
    pub(crate) fn thaw() -> ThawReplicated<S> {
        ThawReplicated::new()
    }

    /// Executes the entry that follows, and appends what became of each of its
    /// operations to `done`. The options decide nothing but which known defect
    /// is there.
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
        options: &Options,
        done: &mut Vec<Done>,
    ) -> Result<(), DecodeError> {
        assert_eq!(entry.header.op, self.op + 1, "entries are in order");
        let operations = entry.operations()?;
        self.op = entry.header.op;
        // A primary never lets it go back.
        self.timestamp_ms = self.timestamp_ms.max(entry.header.timestamp_ms);
        self.sessions.expire(self.timestamp_ms, &self.settings);
        for (index, operation) in operations.into_iter().enumerate() {
            done.push(self.execute(index, operation, options));
        }
        self.digest = self.digest_with(self.app.digest(), self.sessions.digest());
        Ok(())
    }

    fn execute(&mut self, index: usize, operation: ClientOperation, options: &Options) -> Done {
        let (key, outcome) = match operation {
            ClientOperation::Anonymous(operation) => {
                let result = self.app.apply(self.op, self.timestamp_ms, &operation);
                (None, Outcome::Result(result))
            }
            ClientOperation::Query(query) => (None, Outcome::Result(self.app.query(&query))),
            // What the client has chosen tells its request from others alone.
            ClientOperation::Register(_) => (None, self.register(index)),
            ClientOperation::Session(operation) => {
                let outcome = self.execute_once(index, &operation, options);
                (Some(request_key(&operation)), outcome)
            }
        };
        Done { key, outcome }
    }

    fn register(&mut self, index: usize) -> Outcome {
        let Some(id) = session_id(self.op, index) else {
            // This program makes no entry of so many operations.
            return Outcome::Expired;
        };
        let (op, timestamp) = (self.op, self.timestamp_ms);
        (self.sessions).register(id, op, timestamp, &self.settings);
        Outcome::Registered(id)
    }

    fn execute_once(
        &mut self,
        index: usize,
        operation: &SessionOperation,
        options: &Options,
    ) -> Outcome {
        let (op, timestamp) = (self.op, self.timestamp_ms);
        let mut known = self.sessions.check(operation);
        if known == Known::Expired && bug!(options, P13) {
            (self.sessions).register(operation.session, op, timestamp, &self.settings);
            known = self.sessions.check(operation);
        }
        match known {
            Known::New => {
                let result = self.app.apply(op, timestamp, &operation.operation);
                let executed = (operation, index, &result);
                (self.sessions).executed(op, timestamp, executed, &self.settings);
                Outcome::Result(result)
            }
            Known::Executed(executed) => Outcome::Repeated(executed),
            Known::Answered => Outcome::Answered,
            Known::Expired => Outcome::Expired,
            Known::BeyondWindow => Outcome::BeyondWindow,
        }
    }

    /// What is known of a request of a session.
    pub(crate) fn known(&self, operation: &SessionOperation) -> Known {
        self.sessions.check(operation)
    }

    /// The number of sessions.
    pub(crate) fn sessions(&self) -> usize {
        self.sessions.len()
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
        self.digest_with(
            self.app.recompute_digest(),
            self.sessions.recompute_digest(),
        )
    }

    /// The one place that says what the hash is of.
    fn digest_with(&self, app: Hash128, sessions: u128) -> Hash128 {
        let settings = self.settings;
        hash128(&[
            &app,
            &sessions.to_be_bytes(),
            &settings.max_sessions.to_be_bytes(),
            &settings.session_bytes.to_be_bytes(),
            &settings.session_ttl_ms.to_be_bytes(),
            &self.timestamp_ms.to_be_bytes(),
            &self.op.to_be_bytes(),
        ])
    }
}
