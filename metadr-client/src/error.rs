//! What a call may come to other than success.

use crate::wire::kvs;
use metadr_runtime::rpc::CallError;
use std::io;

/// Why a call has no result.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The store refused.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The call failed: the server does not understand it, or the connection
    /// broke. Unless [`CallError::not_executed`] says otherwise, it may have
    /// had its effect.
    #[error(transparent)]
    Call(#[from] CallError),
    /// No replica can be reached.
    #[error("{endpoint}: {message}")]
    Connect {
        /// The replica that was tried last.
        endpoint: String,
        /// What kind of failure.
        kind: io::ErrorKind,
        /// What the system said.
        message: String,
    },
    /// The server answered with something that does not answer the call.
    #[error("the server's answer does not fit the call")]
    Nonsense,
}

/// Why the store refused, in the words of the C++ client library.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// There is no such key.
    #[error("KEY NOT FOUND")]
    KeyNotFound,
    /// The key's parent does not exist.
    #[error("NO PARENT")]
    NoParent,
    /// A key with children cannot be removed.
    #[error("HAS CHILDREN")]
    HasChildren,
    /// The key breaks the rules for keys.
    #[error("MALFORMED KEY")]
    MalformedKey,
    /// This replica is a backup: the call had no effect.
    #[error("NOT_PRIMARY_REPLICA")]
    NotPrimaryReplica,
    /// No quorum agreed in time: the call may have an effect.
    #[error("FAILED_TO_REACH_QUORUM")]
    FailedToReachQuorum,
    /// This replica takes no requests now: the call had no effect.
    #[error("REPLICA_STATUS_NOT_NORMAL")]
    ReplicaStatusNotNormal,
    /// The server has a reason that this library does not know.
    #[error("UNKNOWN ERROR CODE")]
    Unknown,
}

impl Refusal {
    /// Whether another replica may do what this one refused.
    pub(crate) fn is_of_the_replica(self) -> bool {
        matches!(self, Self::NotPrimaryReplica | Self::ReplicaStatusNotNormal)
    }
}

impl From<kvs::Error> for Refusal {
    fn from(err: kvs::Error) -> Self {
        match err {
            kvs::Error::KeyNotPresent => Self::KeyNotFound,
            kvs::Error::KeyHasNoParent => Self::NoParent,
            kvs::Error::KeyHasChildren => Self::HasChildren,
            kvs::Error::KeyMalformed => Self::MalformedKey,
            kvs::Error::ReplicaNotPrimary => Self::NotPrimaryReplica,
            kvs::Error::QuorumNotReached => Self::FailedToReachQuorum,
            kvs::Error::StatusNotNormal => Self::ReplicaStatusNotNormal,
            kvs::Error::None | kvs::Error::KeyAlreadyPresent => Self::Unknown,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_are_in_the_words_of_the_original() {
        for (refusal, words) in [
            (Refusal::KeyNotFound, "KEY NOT FOUND"),
            (Refusal::NoParent, "NO PARENT"),
            (Refusal::HasChildren, "HAS CHILDREN"),
            (Refusal::MalformedKey, "MALFORMED KEY"),
            (Refusal::NotPrimaryReplica, "NOT_PRIMARY_REPLICA"),
            (Refusal::FailedToReachQuorum, "FAILED_TO_REACH_QUORUM"),
            (Refusal::ReplicaStatusNotNormal, "REPLICA_STATUS_NOT_NORMAL"),
            (Refusal::Unknown, "UNKNOWN ERROR CODE"),
        ] {
            assert_eq!(Error::Refused(refusal).to_string(), words);
        }
    }
}
