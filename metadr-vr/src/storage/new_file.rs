//! Making a file that is complete, or not there at all.

use super::disk::{Disk, DiskError, FileName};

/// A file on its way: written under a name of its own, synced, and renamed.
#[derive(Clone, Debug)]
pub(super) struct NewFile {
    temporary: FileName,
    name: FileName,
    content: Vec<u8>,
    /// Bytes of the file, `content` being its beginning.
    length: u64,
    next: Step,
}

#[derive(Clone, Copy, Debug)]
enum Step {
    Create,
    Write,
    Sync,
    Rename,
    SyncDirectory,
    Done,
}

impl NewFile {
    /// `content`, and zeros up to `length` bytes.
    pub(super) fn new(temporary: FileName, name: FileName, content: Vec<u8>, length: u64) -> Self {
        debug_assert!(content.len() as u64 <= length);
        Self {
            temporary,
            name,
            content,
            length,
            next: Step::Create,
        }
    }

    /// The same, under a temporary name that has `length` synced bytes already.
    pub(super) fn over_spare(temporary: FileName, name: FileName, content: Vec<u8>) -> Self {
        Self {
            temporary,
            name,
            length: content.len() as u64,
            content,
            next: Step::Write,
        }
    }

    /// Does the next thing. Returns whether it was the last.
    ///
    /// # Errors
    ///
    /// Those of the disk; after [`DiskError::Full`] it can be called again.
    pub(super) fn step(&mut self, disk: &mut impl Disk) -> Result<bool, DiskError> {
        self.next = match self.next {
            Step::Create => {
                disk.create(self.temporary, self.length)?;
                Step::Write
            }
            Step::Write => {
                disk.write(self.temporary, 0, &[&self.content])?;
                Step::Sync
            }
            Step::Sync => {
                disk.sync(self.temporary)?;
                Step::Rename
            }
            Step::Rename => {
                disk.rename(self.temporary, self.name)?;
                Step::SyncDirectory
            }
            Step::SyncDirectory => {
                disk.sync_directory()?;
                Step::Done
            }
            Step::Done => Step::Done,
        };
        Ok(matches!(self.next, Step::Done))
    }

    /// Does all of it.
    ///
    /// # Errors
    ///
    /// Those of the disk.
    pub(super) fn finish(mut self, disk: &mut impl Disk) -> Result<(), DiskError> {
        while !self.step(disk)? {}
        Ok(())
    }
}
