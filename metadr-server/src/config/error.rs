//! What can be wrong with a configuration, in words that help to put it right.

use super::endpoint::{Endpoint, EndpointError};
use super::{MAX_REPLICAS, seed_format::Key};
use std::path::PathBuf;

/// A configuration that cannot be used. Line numbers count from 1.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// The file cannot be read, is too long, or is not UTF-8.
    #[error("cannot read config file {}: {reason}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The file can be read, but its text is wrong.
    #[error("{}: {error}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What is wrong with its text.
        error: Box<Self>,
    },
    /// The text is TOML.
    #[error(
        "line {line}: this is TOML; so far only the seed's format is understood: \
         lines of the form Key = Value, without quotes and sections"
    )]
    Toml {
        /// The first line that is not in the seed's format.
        line: usize,
    },
    /// A line is wrong.
    #[error("line {line}: Line, '{text}' in config file is not valid: {problem}")]
    Line {
        /// Its number.
        line: usize,
        /// Its text, without the white space around it.
        text: String,
        /// What is wrong with it.
        problem: LineProblem,
    },
    /// A key that is needed is in no line.
    #[error("{key} is missing: expected a line like '{}'", key.example())]
    Missing {
        /// The key.
        key: Key,
    },
    /// `ClientPort` and `ReplicationPort` are the same: the replica listens on
    /// both.
    #[error("ClientPort and ReplicationPort are both {port}, but have to differ")]
    SamePort {
        /// The port.
        port: u16,
    },
    /// Which replica this is cannot be told.
    #[error(transparent)]
    OwnReplica(#[from] OwnReplicaError),
}

/// What is wrong with a line of a config file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LineProblem {
    /// It is not `Key = Value`.
    #[error("it has {count} '=', expected Key = Value with one")]
    EqualsSigns {
        /// How many `=` it has; not 1.
        count: usize,
    },
    /// Nobody knows the key.
    #[error(
        "unknown key '{key}', expected ClientPort, ReplicationPort, EndPoints or Recovering \
         (upper and lower case matter)"
    )]
    UnknownKey {
        /// The key.
        key: String,
    },
    /// The key is in a line before too.
    #[error("{key} is in line {first_line} already")]
    Duplicate {
        /// The key.
        key: Key,
        /// That line.
        first_line: usize,
    },
    /// The value is not a port.
    #[error("'{value}' is not a port, expected a number from 1 to 65535")]
    Port {
        /// The value.
        value: String,
    },
    /// The value is not true or false.
    #[error("'{value}' is neither true nor false")]
    Boolean {
        /// The value.
        value: String,
    },
    /// An entry of the list of endpoints is wrong. Entries count from 0, as
    /// replicas do.
    #[error("entry {replica} of EndPoints: {error}")]
    Endpoint {
        /// Which one.
        replica: usize,
        /// What is wrong with it.
        error: EndpointError,
    },
    /// Two entries of the list of endpoints are the same.
    #[error("entries {first} and {second} of EndPoints are both {endpoint}")]
    DuplicateEndpoint {
        /// The one.
        first: usize,
        /// The other.
        second: usize,
        /// What they are.
        endpoint: Endpoint,
    },
    /// The list of endpoints is too long.
    #[error("EndPoints has {count} entries, the limit is {MAX_REPLICAS}")]
    TooManyEndpoints {
        /// Its length.
        count: usize,
    },
}

/// Why [`own_replica`](super::own_replica) cannot tell which replica this is.
/// Replicas, which are entries of `EndPoints`, count from 0.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OwnReplicaError {
    /// The option names a replica that is not there.
    #[error("there is no replica {replica}: EndPoints has {count} entries, which count from 0")]
    NoSuchReplica {
        /// What the option names.
        replica: u16,
        /// How many replicas there are.
        count: usize,
    },
    /// No entry has the port that this replica listens on.
    #[error("no entry of EndPoints has port {port}, which ReplicationPort says is this replica's")]
    PortNotListed {
        /// The port.
        port: u16,
    },
    /// The entries with the right port are addresses of other machines.
    #[error(
        "no entry of EndPoints with port {port} is an address of this machine; \
         say which replica this is with --replica N"
    )]
    NotHere {
        /// The port.
        port: u16,
    },
    /// Several entries could be this replica.
    #[error(
        "entries {first} and {second} of EndPoints could both be this replica; \
         say which one it is with --replica N"
    )]
    Ambiguous {
        /// The one.
        first: u16,
        /// The other.
        second: u16,
    },
}
