//! What goes in and out of a replica besides messages.

use crate::wire::{
    Entry, EntryHeader, EpochView, Hash128, Message, Meta, OpNumber, ReplicaId, SessionId,
    SessionOperation, Snapshot, ViewNumber,
};
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
    /// A new session, for operations that are executed once however often they
    /// are sent. Each one that is committed makes a session of its own.
    Register {
        /// Chosen at random by the client.
        nonce: u64,
    },
    /// An operation of a session: sent again under its number, to whichever
    /// replica, it is executed once, and answered as the first time.
    Write(SessionOperation),
    /// A question about the state, which changes nothing.
    Read {
        /// For the state machine.
        query: Bytes,
        /// What the answer has to have seen.
        level: Level,
    },
    /// Waits until this replica's state has everything that was answered before
    /// this was handed in, and returns nothing. The op of its answer can be the
    /// `min_op` of later reads.
    Sync,
    /// What an operator wants.
    Admin(Admin),
}

/// What an operator wants of the group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Admin {
    /// The primary is to become a backup: it finishes what it has, and lets the
    /// backup that holds most take over. Answered when it has left its view, by
    /// an empty result. Meanwhile it takes no requests.
    StepDown,
}

/// What a read has to have seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Level {
    /// Everything that was answered before the read was handed in, by whatever
    /// replica, and all earlier requests of its connection. Any replica serves
    /// it, the primary soonest: a quorum has to confirm who is primary.
    Linearizable,
    /// As [`Level::Linearizable`], without a round while the primary holds a
    /// lease (`Options::lease`). It rests on the clocks: over the length of a
    /// lease, no two of them may run at rates that differ by more than a tenth,
    /// they have to count the time for which a machine is suspended, and never
    /// to jump; and the time that a request is handed in with has to be read
    /// after it arrived. Else it may be stale.
    Lease,
    /// What its client has seen: then what one client sees never goes back.
    /// This replica answers as soon as it can, without asking another, and
    /// whatever else waits on the connection.
    Backup {
        /// The largest op of all answers that the client has had.
        min_op: OpNumber,
    },
    /// Nothing: the answer is of the state that this replica has now, whatever
    /// else waits on the connection.
    Stale,
    /// As for [`Level::Linearizable`], by a place of its own in the log, like a
    /// write's. The primary alone serves it.
    Log,
}

impl Request {
    /// The bytes that it holds on to while it waits.
    pub(crate) fn size(&self) -> usize {
        match self {
            Self::Anonymous(bytes) | Self::Read { query: bytes, .. } => bytes.len(),
            Self::Write(operation) => operation.operation.len(),
            Self::Register { .. } | Self::Sync | Self::Admin(_) => 0,
        }
    }

    /// Whether also a backup serves it.
    pub(crate) fn is_for_any_replica(&self) -> bool {
        !self.is_logged() && !matches!(self, Self::Admin(_))
    }

    /// Whether it takes effect in the log.
    pub(crate) fn is_logged(&self) -> bool {
        let level = match self {
            Self::Anonymous(_) | Self::Register { .. } | Self::Write(_) => return true,
            Self::Read { level, .. } => level,
            Self::Sync | Self::Admin(_) => return false,
        };
        *level == Level::Log
    }
}

/// What becomes of a request.
///
/// "No effect" is said of what was handed in, here and now. An earlier copy of a
/// [`Request::Write`] may have had, or may still have, the effect of all of them.
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
    /// There is a new session.
    Registered {
        /// Its number.
        session: SessionId,
    },
    /// It was executed before, and what it returned then was too large to be
    /// kept.
    Executed {
        /// The op it was committed at.
        op: OpNumber,
    },
    /// Its session has too many requests under way that its client has not
    /// acknowledged. The request had no effect.
    WindowExceeded,
    /// The client has said that it has the reply to this request of its
    /// session, and it is not kept any more.
    Invalid,
    /// Another replica has to be asked. The request had no effect.
    NotPrimary {
        /// The primary of the view that this replica is in.
        primary: ReplicaId,
    },
    /// It is in the log of a primary that has left its view: it may take
    /// effect or not, and nobody here will know.
    Unknown,
    /// Its session is not known: it was never registered, or was given up in
    /// favour of others. The request had no effect; whether an earlier copy had,
    /// nobody knows any more. The client needs a new session.
    SessionExpired,
    /// Too many requests wait already, or the primary is about to step down.
    /// The request had no effect.
    Busy {
        /// When there may be room again, in milliseconds.
        retry_after_ms: u32,
    },
    /// This replica takes no requests now. The request had no effect.
    Unavailable(Unavailable),
}

/// Why a replica takes no requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Unavailable {
    /// It stopped itself, see [`Fault`].
    Faulted,
    /// The view is being changed.
    ViewChange,
    /// It has lost its memory and asks the others.
    Recovering,
    /// It is shutting down.
    Stopping,
    /// It was to step down, and no backup is there that could take over.
    NoSuccessor,
    /// Its state did not get as far as the read has to see in time, or the
    /// primary did not say how far that is.
    Lagging,
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
    /// A quorum has another state than this replica after the same op.
    StateDivergence {
        /// Which.
        op: OpNumber,
    },
    /// The others know this replica by other files: it was wiped and made
    /// anew, and what it had promised is gone.
    WrongInstance,
    /// The others have heard a later run of this replica: its files were put
    /// back to an earlier state, and what it has promised since is gone.
    MetaRolledBack,
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
            Self::StateDivergence { op } => {
                write!(f, "its state after op {op} differs from that of a quorum")
            }
            Self::WrongInstance => f.write_str(
                "the others know it by other files: its state directory was lost or replaced, \
                 so it has to be replaced by a replica with a new id",
            ),
            Self::MetaRolledBack => f.write_str(
                "the others have heard a later run of it: its state directory is an old copy, \
                 so it has to be replaced by a replica with a new id",
            ),
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
    /// It votes for a view.
    Voted {
        /// Which.
        target: ViewNumber,
    },
    /// As the primary of a view that has yet to begin it lacks a snapshot, and
    /// leaves it to the next.
    Forfeited {
        /// Which.
        view: EpochView,
    },
    /// It promises a view.
    Entered {
        /// Which.
        view: EpochView,
    },
    /// It has lost its memory and asks the others.
    Recovering {
        /// It can only come back in this view or a later one.
        promise: EpochView,
    },
    /// As a primary it has heard no quorum for a while, and does nothing.
    Suspended,
    /// It hears a quorum again.
    Resumed,
    /// So many replicas have lost their memory that the group cannot go on.
    LostQuorum {
        /// What each voter remembers, in the voters' order.
        members: Vec<(ReplicaId, Memory)>,
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
    /// A checkpoint was taken.
    Checkpointed {
        /// Of the state after which op.
        op: OpNumber,
    },
    /// A snapshot is fetched, as others have forgotten the entries.
    FetchingSnapshot {
        /// Of the state after which op.
        op: OpNumber,
        /// From whom first.
        from: ReplicaId,
    },
    /// A snapshot was put in the place of the own state and log.
    SnapshotInstalled {
        /// Of the state after which op.
        op: OpNumber,
        /// The hash of the state.
        digest: Hash128,
    },
    /// Another has a different state after the same op.
    StateDivergence {
        /// Which.
        op: OpNumber,
        /// Who.
        with: ReplicaId,
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

/// What a replica remembers of the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Memory {
    /// Nothing: its process ended without a clean stop.
    Lost,
    /// A log.
    Kept {
        /// The last view in which it was Normal: the log is that view's.
        last_normal: EpochView,
        /// The last entry.
        head: OpNumber,
        /// The last entry that it knows to be committed.
        commit: OpNumber,
    },
    /// It was not heard from.
    Unknown,
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
    /// It is of an epoch that this replica is not in.
    OtherEpoch,
    /// It is of an earlier view.
    EarlierView,
    /// It is of a later view.
    LaterView,
    /// It was dealt with by the filter itself.
    Handled,
    /// Its contents cannot come from a correct replica, or not in this state.
    Unexpected,
}

/// One of the orders in which things get to the disk: what belongs to another
/// stream may overtake, or be overtaken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Stream {
    /// Promises.
    Meta,
    /// The log.
    Log,
    /// Snapshots.
    Snapshot,
}

/// By what the embedder says that something is on disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ticket {
    /// What it belongs to.
    pub stream: Stream,
    /// Its place there, from 1 on in each run of the process.
    pub number: u64,
}

/// Something to write to disk.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Persist {
    /// The meta data, which replaces the one before.
    Meta(Box<Meta>),
    /// Entries that follow the log as it is after all that was asked for
    /// before. In durable mode alone.
    Append(Vec<Entry>),
    /// The log of a view. In durable mode alone.
    Install(Box<Install>),
    /// A checkpoint of what was committed and handed in before. When it is on
    /// disk, the log up to the checkpoint before it may go. In durable mode
    /// alone.
    Snapshot(Box<Snapshot>),
}

/// A log that is taken over: it has to get to the disk as a whole or not at
/// all, as with it `last_normal` changes.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Install {
    /// The view that it is the log of.
    pub last_normal: EpochView,
    /// The last entry that stays of what was there before: the rest goes.
    pub base: EntryHeader,
    /// The state at the base, if that is not in the log: then nothing stays of
    /// what was there before.
    pub snapshot: Option<Box<Snapshot>>,
    /// What follows.
    pub entries: Vec<Entry>,
}

/// What a replica wants done, in order. The embedder empties it after each call.
#[derive(Clone, Debug, Default)]
pub struct Outputs {
    /// What to write to disk. When something is synced, and all of its stream
    /// before it, [`crate::Replica::on_persisted`] has to be called with its
    /// ticket; those that precede it in its stream may be left out.
    pub persist: Vec<(Ticket, Persist)>,
    /// Messages for other replicas; any of them may be lost.
    pub send: Vec<(ReplicaId, Message)>,
    /// Answers to requests.
    pub reply: Vec<(RequestId, ClientReply)>,
    /// What happened.
    pub events: Vec<Event>,
}
