//! The little that is needed of a file system.

use crate::wire::OpNumber;
use std::fmt;
use std::str::FromStr;

/// A file of a state directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FileName {
    /// The promises, in two slots.
    Meta,
    /// The same until it is complete.
    NewMeta,
    /// What was in memory at a clean stop.
    Image,
    /// The same until it is complete.
    NewImage,
    /// A part of the write-ahead log, by its number.
    Segment(u64),
    /// What will be the next part.
    SpareSegment,
    /// The state after an op.
    Snapshot(OpNumber),
    /// The same until it is complete.
    NewSnapshot,
}

impl fmt::Display for FileName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Meta => f.write_str("meta"),
            Self::NewMeta => f.write_str("meta.new"),
            Self::Image => f.write_str("image"),
            Self::NewImage => f.write_str("image.new"),
            Self::Segment(number) => write!(f, "wal-{number:016x}"),
            Self::SpareSegment => f.write_str("wal.new"),
            Self::Snapshot(op) => write!(f, "snapshot-{op:016x}"),
            Self::NewSnapshot => f.write_str("snapshot.new"),
        }
    }
}

/// A name that no file of a state directory has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a file of a state directory")]
pub struct UnknownName;

impl FromStr for FileName {
    type Err = UnknownName;

    fn from_str(name: &str) -> Result<Self, UnknownName> {
        let number = |digits: &str| u64::from_str_radix(digits, 16).map_err(|_| UnknownName);
        let parsed = match name {
            "meta" => Self::Meta,
            "meta.new" => Self::NewMeta,
            "image" => Self::Image,
            "image.new" => Self::NewImage,
            "wal.new" => Self::SpareSegment,
            "snapshot.new" => Self::NewSnapshot,
            _ => match name.split_once('-') {
                Some(("wal", digits)) => Self::Segment(number(digits)?),
                Some(("snapshot", digits)) => Self::Snapshot(number(digits)?),
                _ => return Err(UnknownName),
            },
        };
        // Not the same number written in another way.
        if parsed.to_string() == name {
            Ok(parsed)
        } else {
            Err(UnknownName)
        }
    }
}

/// Why a disk did not do what it was asked to.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DiskError {
    /// There is no room left. Nothing that was there before has changed.
    #[error("the disk is full")]
    Full,
    /// There is no such file.
    #[error("there is no such file")]
    Missing,
    /// Nobody knows what is on the disk now. What was asked for must not be
    /// tried again: the system may have forgotten that it has not been done.
    #[error("{0}")]
    Failed(String),
}

/// One directory of one process.
///
/// All calls block. Nothing that is written, made, renamed or removed is there
/// for good before the call that says so: [`Disk::sync`] for what is in a file,
/// [`Disk::sync_directory`] for which files there are. Until then a crash
/// leaves any part of what was written, sector by sector, and directory changes
/// up to any one of them.
pub trait Disk {
    /// Reads from `offset` on until `into` is full or the file ends; returns
    /// how many bytes.
    ///
    /// # Errors
    ///
    /// [`DiskError::Missing`], and [`DiskError::Failed`] if a part cannot be
    /// read.
    fn read(&mut self, file: FileName, offset: u64, into: &mut [u8]) -> Result<usize, DiskError>;

    /// Writes `parts`, one after the other, from `offset` on. Makes the file
    /// longer if need be, but makes no file.
    ///
    /// # Errors
    ///
    /// [`DiskError::Missing`], [`DiskError::Full`] beyond the present end of
    /// the file, [`DiskError::Failed`].
    fn write(&mut self, file: FileName, offset: u64, parts: &[&[u8]]) -> Result<(), DiskError>;

    /// Returns when all that was written to the file is there for good.
    ///
    /// # Errors
    ///
    /// [`DiskError::Missing`], and [`DiskError::Failed`], after which a part may
    /// be there.
    fn sync(&mut self, file: FileName) -> Result<(), DiskError>;

    /// Makes a file of `length` zeros, in the place of one of the same name, with
    /// all the room that they take.
    ///
    /// # Errors
    ///
    /// [`DiskError::Full`], with no such file left, [`DiskError::Failed`].
    fn create(&mut self, file: FileName, length: u64) -> Result<(), DiskError>;

    /// Gives a file another name, in the place of one that has it.
    ///
    /// # Errors
    ///
    /// [`DiskError::Missing`], [`DiskError::Failed`].
    fn rename(&mut self, from: FileName, to: FileName) -> Result<(), DiskError>;

    /// Removes a file.
    ///
    /// # Errors
    ///
    /// [`DiskError::Missing`], [`DiskError::Failed`].
    fn remove(&mut self, file: FileName) -> Result<(), DiskError>;

    /// Returns when the directory's files, by name, are there for good.
    ///
    /// # Errors
    ///
    /// [`DiskError::Failed`].
    fn sync_directory(&mut self) -> Result<(), DiskError>;

    /// The files and their lengths in bytes, in the order of their names.
    ///
    /// # Errors
    ///
    /// [`DiskError::Failed`].
    fn list(&mut self) -> Result<Vec<(FileName, u64)>, DiskError>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_as_they_are_written_and_in_no_other_way() {
        let names = [
            FileName::Meta,
            FileName::NewMeta,
            FileName::Image,
            FileName::NewImage,
            FileName::Segment(u64::MAX),
            FileName::SpareSegment,
            FileName::Snapshot(7),
            FileName::NewSnapshot,
        ];
        for name in names {
            assert_eq!(name.to_string().parse(), Ok(name));
        }
        for other in [
            "",
            "lock",
            "wal-7",
            "wal-+000000000000007",
            "snapshot-000000000000000A",
        ] {
            assert_eq!(other.parse::<FileName>(), Err(UnknownName), "{other}");
        }
    }
}
