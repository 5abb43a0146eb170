//! The meta file on a disk: both of its slots are written at each update.

use super::disk::{Disk, DiskError, FileName};
use super::new_file::NewFile;
use crate::meta::{self, FILE_BYTES, Loaded, MetaError, SLOT_BYTES};
use crate::wire::Meta;

/// The meta file, and an update on its way to it.
#[derive(Clone, Debug)]
pub(super) struct MetaFile {
    /// What is on disk, but for an update on its way.
    sequence: u64,
    write_first: usize,
    update: Option<Update>,
    /// Bug P39: an update is written to one slot alone.
    pub(super) skips_second_slot: bool,
}

#[derive(Clone, Debug)]
struct Update {
    slot: Vec<u8>,
    /// How many of the writes and syncs, one of each for each slot, are done.
    done: u8,
}

/// Reads the file, if there is one.
///
/// # Errors
///
/// `Err` for the disk's errors, `Ok(Some(Err))` if the file cannot be used.
pub(super) fn read(disk: &mut impl Disk) -> Result<Option<Result<Loaded, MetaError>>, DiskError> {
    let mut content = vec![0; FILE_BYTES + 1];
    let mut filled = 0;
    // A slot that cannot be read is damaged, and no more than that.
    for part in [0..SLOT_BYTES, SLOT_BYTES..FILE_BYTES + 1] {
        match disk.read(
            FileName::Meta,
            part.start as u64,
            &mut content[part.clone()],
        ) {
            Ok(read) => filled = filled.max(part.start + read),
            Err(DiskError::Missing) => return Ok(None),
            Err(DiskError::Failed(_)) => filled = filled.max(part.end.min(FILE_BYTES)),
            Err(error) => return Err(error),
        }
    }
    Ok(Some(meta::load(&content[..filled])))
}

/// Makes the file.
///
/// # Errors
///
/// [`MetaError`] inside if it does not fit.
pub(super) fn new_file(meta: &Meta) -> Result<NewFile, MetaError> {
    let content = meta::encode_slot(meta)?.repeat(2);
    Ok(NewFile::new(
        FileName::NewMeta,
        FileName::Meta,
        content,
        FILE_BYTES as u64,
    ))
}

impl MetaFile {
    pub(super) fn new(loaded: &Loaded) -> Self {
        Self {
            sequence: loaded.meta.sequence,
            write_first: loaded.write_first,
            update: None,
            skips_second_slot: false,
        }
    }

    /// Makes sure that what was read is on disk: the last process may have ended
    /// between writing it and syncing it. The update that comes next overwrites
    /// the other slot, and with it the only one that is certain to be there.
    ///
    /// # Errors
    ///
    /// Those of the disk.
    pub(super) fn settle(&mut self, meta: &Meta, disk: &mut impl Disk) -> Result<(), DiskError> {
        let slot = meta::encode_slot(meta).expect("it was read from a slot");
        let offset = (1 - self.write_first) * SLOT_BYTES;
        disk.write(FileName::Meta, offset as u64, &[&slot])?;
        disk.sync(FileName::Meta)
    }

    /// Begins an update, with the sequence number that comes next.
    ///
    /// # Errors
    ///
    /// [`MetaError::TooLarge`]
    pub(super) fn begin(&mut self, meta: &mut Meta) -> Result<(), MetaError> {
        assert!(!self.is_busy(), "one update at a time");
        meta.sequence = self.sequence + 1;
        let slot = meta::encode_slot(meta)?;
        self.sequence += 1;
        self.update = Some(Update { slot, done: 0 });
        Ok(())
    }

    pub(super) fn is_busy(&self) -> bool {
        self.update.is_some()
    }

    /// Does the next thing for the update on its way. Returns whether both
    /// slots have it.
    ///
    /// # Errors
    ///
    /// Those of the disk.
    pub(super) fn step(&mut self, disk: &mut impl Disk) -> Result<bool, DiskError> {
        let Some(update) = &mut self.update else {
            return Ok(true);
        };
        let which = if update.done < 2 {
            self.write_first
        } else {
            1 - self.write_first
        };
        if update.done.is_multiple_of(2) {
            disk.write(FileName::Meta, (which * SLOT_BYTES) as u64, &[&update.slot])?;
        } else {
            disk.sync(FileName::Meta)?;
        }
        update.done += 1;
        let is_done = update.done == 4 || (update.done == 2 && self.skips_second_slot);
        if is_done {
            self.update = None;
            if self.skips_second_slot {
                self.write_first = 1 - self.write_first;
            }
        }
        Ok(is_done)
    }

    /// Does all of an update.
    ///
    /// # Errors
    ///
    /// Those of the disk.
    pub(super) fn finish(&mut self, disk: &mut impl Disk) -> Result<(), DiskError> {
        while !self.step(disk)? {}
        Ok(())
    }
}
