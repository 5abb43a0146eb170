//! What can be set, and what can go wrong.

use super::disk::{DiskError, FileName};
use super::wal::Doubt;
use crate::meta::MetaError;
use crate::wire::OpNumber;

/// How a replica's files are written and judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StoreOptions {
    /// The size of a segment of the log in bytes; more than the largest entry.
    /// Segments that are there keep theirs.
    pub segment_bytes: usize,
    /// A group takes no more records when it has this many bytes.
    pub group_bytes: usize,
    /// Whether a torn end of the log counts as damage. It cannot be told from a
    /// last group that was synced, and rotted in the second of the crash; but
    /// when the power of a quorum is lost at once, torn ends are to be
    /// expected, and then a person has to help.
    pub paranoid_tail: bool,
    /// A defect to have.
    #[cfg(feature = "bug-switches")]
    pub bug: Option<crate::bugs::Bug>,
}

impl Default for StoreOptions {
    fn default() -> Self {
        Self {
            segment_bytes: 16 << 20,
            group_bytes: 1 << 20,
            paranoid_tail: false,
            #[cfg(feature = "bug-switches")]
            bug: None,
        }
    }
}

/// Why a replica cannot use its files any more, or not at all. It must not take
/// part in its group then.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The disk did not do what it was asked to.
    #[error("{file}: {error}")]
    Disk {
        /// The file that it was about.
        file: FileName,
        /// What happened.
        error: DiskError,
    },
    /// The promises cannot be read, or not be written.
    #[error("meta: {0}")]
    Meta(#[from] MetaError),
    /// There are no promises: nobody has made these files.
    #[error("there is no meta file")]
    NotFormatted,
    /// The files of a replica are there already.
    #[error("{0} is there already")]
    Exists(FileName),
    /// The replica was removed from its group.
    #[error("the replica was removed from its group")]
    Retired,
}

impl StoreError {
    /// Says which file an error is about.
    pub(super) fn of(file: FileName) -> impl FnOnce(DiskError) -> Self {
        move |error| Self::Disk { file, error }
    }
}

/// What a person should hear of, although the replica starts.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Warning {
    /// One of two copies of the promises is damaged.
    #[error(
        "meta: one of its two slots is damaged, the other is used: an update was interrupted, or \
         the disk fails"
    )]
    DamagedSlot,
    /// What was written down at a clean stop is of no use.
    #[error("image: the image of a clean stop cannot be used: {0}")]
    Image(String),
    /// A snapshot is not as it was written; an older one is used, or none.
    #[error("the snapshot of op {0} is damaged, and is left out")]
    Snapshot(OpNumber),
    /// The last write to the log was interrupted.
    #[error("wal: group {0}, the last one, was not written completely, and is left out")]
    Torn(u64),
    /// The log may lack something that was acknowledged: it has to be fetched
    /// from the others.
    #[error("wal: {0}; what is missing has to come from the others")]
    Doubtful(Doubt),
}
