//! Why a replica does not start from a state directory.

use crate::config::Endpoint;
use metadr_vr::meta::MetaError;
use metadr_vr::storage::StoreError;
use metadr_vr::wire::{Durability, Meta};
use std::io;
use std::path::{Path, PathBuf};

/// Why a replica does not start from a state directory.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StateError {
    /// The replica was removed from its group.
    #[error("this replica was removed from its group, says {}", directory.display())]
    Retired {
        /// The state directory.
        directory: PathBuf,
    },
    /// The config file asks for recovery, and there is nothing to go by.
    #[error(
        "the config file says Recovering = true, but there is no state directory {}, which says \
         what this replica has promised; a replica that has lost it has to be replaced by a new \
         one. If it has never run, say Recovering = false",
        directory.display()
    )]
    NothingToRecover {
        /// The state directory.
        directory: PathBuf,
    },
    /// The directory belongs to another group.
    #[error(
        "{} is the state directory of a group with other EndPoints: it has {found}, the config \
         file has {expected}",
        directory.display()
    )]
    OtherGroup {
        /// The state directory.
        directory: PathBuf,
        /// The end points that it was made for.
        found: String,
        /// Those of the config file.
        expected: String,
    },
    /// The directory belongs to another replica of the group.
    #[error("{} is the state directory of replica {found}, this is replica {expected}", directory.display())]
    OtherReplica {
        /// The state directory.
        directory: PathBuf,
        /// The replica that it was made for.
        found: u32,
        /// This replica.
        expected: u16,
    },
    /// Another process uses it.
    #[error("{} is in use by another process", path.display())]
    InUse {
        /// The locked file.
        path: PathBuf,
    },
    /// The directory was made for the other mode.
    #[error(
        "{} was made for a replica that keeps its data {}; a replica changes that by being \
         replaced by one with a new id",
        directory.display(),
        match found {
            Durability::Memory => "in memory",
            Durability::Durable => "on disk",
        }
    )]
    OtherMode {
        /// The state directory.
        directory: PathBuf,
        /// What it was made for.
        found: Durability,
    },
    /// The directory has to be made first, by a person who knows that this
    /// replica never ran.
    #[error(
        "there is no state directory {}; a replica that keeps its data on disk gets one by \
         `metadr-server format`, once",
        directory.display()
    )]
    NotFormatted {
        /// The state directory.
        directory: PathBuf,
    },
    /// The meta file cannot be trusted.
    #[error(
        "{} cannot be used: {error}. It holds the replica's promises, so the replica does not \
         start without it",
        path.display()
    )]
    Damaged {
        /// The meta file.
        path: PathBuf,
        /// What is wrong with it.
        error: MetaError,
    },
    /// There is something in the way, or a file cannot be read or written.
    #[error("{}: {error}", directory.display())]
    Store {
        /// The state directory.
        directory: PathBuf,
        /// What is wrong.
        error: StoreError,
    },
    /// There is no room for the rest of the log.
    #[error("{}: the disk is full", directory.display())]
    NoRoom {
        /// The state directory.
        directory: PathBuf,
    },
    /// The disk fails.
    #[error("cannot {action} {}: {error}", path.display())]
    Disk {
        /// What was tried.
        action: &'static str,
        /// On what.
        path: PathBuf,
        /// What came of it.
        error: io::Error,
    },
    /// The system gives no random numbers.
    #[error("the system gives no random numbers: {0}")]
    Random(String),
}

impl StateError {
    /// Says it of the directory.
    pub(super) fn store(directory: &Path, error: StoreError) -> Self {
        match error {
            StoreError::Retired => Self::Retired {
                directory: directory.to_owned(),
            },
            StoreError::Meta(error) => Self::Damaged {
                path: directory.join("meta"),
                error,
            },
            error => Self::Store {
                directory: directory.to_owned(),
                error,
            },
        }
    }

    pub(super) fn no_room(directory: &Path) -> Self {
        let directory = directory.to_owned();
        Self::NoRoom { directory }
    }

    pub(super) fn not_formatted(directory: &Path) -> Self {
        let directory = directory.to_owned();
        Self::NotFormatted { directory }
    }

    pub(super) fn other_mode(directory: &Path, found: Durability) -> Self {
        let directory = directory.to_owned();
        Self::OtherMode { directory, found }
    }

    pub(super) fn nothing_to_recover(directory: &Path) -> Self {
        let directory = directory.to_owned();
        Self::NothingToRecover { directory }
    }

    pub(super) fn other_group(directory: &Path, meta: &Meta, endpoints: &[Endpoint]) -> Self {
        let found: Vec<_> = meta.voters.iter().map(|one| one.address.clone()).collect();
        let expected: Vec<_> = endpoints.iter().map(ToString::to_string).collect();
        Self::OtherGroup {
            directory: directory.to_owned(),
            found: found.join(","),
            expected: expected.join(","),
        }
    }

    pub(super) fn other_replica(directory: &Path, found: u32, expected: u16) -> Self {
        Self::OtherReplica {
            directory: directory.to_owned(),
            found,
            expected,
        }
    }

    pub(super) fn in_use(path: &Path) -> Self {
        let path = path.to_owned();
        Self::InUse { path }
    }

    pub(super) fn disk(action: &'static str, path: &Path, error: io::Error) -> Self {
        let path = path.to_owned();
        Self::Disk {
            action,
            path,
            error,
        }
    }

    pub(super) fn random(error: &getrandom::Error) -> Self {
        Self::Random(error.to_string())
    }
}
