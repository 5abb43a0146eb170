//! What goes in and out of a replica besides messages.

use crate::wire::{EpochView, Hash128, Message, OpNumber, ReplicaId};
use bytes::Bytes;

/// A request, for its answer to find the way back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RequestId {
    /// The client's connection, by a number that no other has or had. Requests
    /// of one connection take effect in the order in which they are handed in.
    pub connection: u64,
    /// Which of its requests: the embedder's choice.
    pub number: u64,
}

/// What a client wants.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Request {
    /// An operation of a protocol without sessions: executed when it is
    /// committed, without duplicate detection.
    Anonymous(Bytes),
    /// A linearizable read: it sees everything that was answered before it was
    /// handed in, and all earlier requests of its connection.
    Read(Bytes),
}

impl Request {
    /// The bytes that it holds on to while it waits.
    pub(crate) fn size(&self) -> usize {
        match self {
            Self::Anonymous(bytes) | Self::Read(bytes) => bytes.len(),
        }
    }
}

/// What becomes of a request.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ClientReply {
    /// It was executed.
    Ok {
        /// What the state machine returned.
        result: Bytes,
        /// The op it was committed at, or for a read the last op that it saw.
        op: OpNumber,
        /// For a write: which operation of the entry it was.
        index: usize,
    },
    /// Another replica has to be asked. The request had no effect.
    NotPrimary {
        /// The primary of the view that this replica is in.
        primary: ReplicaId,
    },
    /// Too many requests wait already. The request had no effect.
    Busy,
    /// This replica takes no requests now. The request had no effect.
    Unavailable(Unavailable),
}

/// Why a replica takes no requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Unavailable {
    /// It stopped itself, see [`Fault`].
    Faulted,
}

/// Why a replica stopped itself. It must be looked at by a person, and replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Fault {
    /// Two replicas hold different entries at the same op of a view.
    Divergence {
        /// Where.
        op: OpNumber,
    },
    /// A committed entry is in a format that this program does not know.
    UnknownFormat {
        /// Where.
        op: OpNumber,
    },
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Divergence { op } => write!(f, "its log differs from the primary's at op {op}"),
            Self::UnknownFormat { op } => write!(f, "op {op} is in a format of a later program"),
        }
    }
}

/// What happened in a replica, for logs, metrics and checkers.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Event {
    /// It takes part in a view, as the primary or as a backup.
    Normal {
        /// The view.
        view: EpochView,
        /// Whether as the primary.
        is_primary: bool,
        /// The head of its log.
        op: OpNumber,
    },
    /// An entry became committed here.
    Committed {
        /// Which.
        op: OpNumber,
    },
    /// A committed entry was executed.
    Applied {
        /// Which.
        op: OpNumber,
        /// The state machine's hash afterwards.
        digest: Hash128,
    },
    /// Missing entries are fetched.
    Fetching {
        /// The first.
        first: OpNumber,
        /// The last.
        last: OpNumber,
        /// From whom.
        from: ReplicaId,
    },
    /// A message was not taken.
    Dropped(DropReason),
    /// A backup acknowledged an entry that is not the primary's. The primary
    /// takes no more writes.
    Divergence {
        /// Where.
        op: OpNumber,
        /// The backup.
        with: ReplicaId,
    },
    /// The replica stopped itself while entries that it made were uncommitted:
    /// their requests get no answer, as they may still be committed.
    Unanswered {
        /// How many entries.
        entries: usize,
    },
    /// The replica stopped itself.
    Faulted(Fault),
}

/// Why a message was dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DropReason {
    /// It is of another group.
    OtherCluster,
    /// Its sender is not a member, or this replica itself.
    NotAMember,
    /// Its sender has other files than before.
    OtherInstance,
    /// It is of an earlier run of its sender.
    EarlierIncarnation,
    /// It is of an earlier view.
    EarlierView,
    /// It is of a later view.
    LaterView,
    /// Its contents cannot come from a correct replica, or not in this state.
    Unexpected,
}

/// What a replica wants done, in order. The embedder empties it after each call.
#[derive(Clone, Debug, Default)]
pub struct Outputs {
    /// Messages for other replicas; any of them may be lost.
    pub send: Vec<(ReplicaId, Message)>,
    /// Answers to requests.
    pub reply: Vec<(RequestId, ClientReply)>,
    /// What happened.
    pub events: Vec<Event>,
}
