//! A disk in memory, which crashes and fails as disks do.
//!
//! It is deterministic: what a crash leaves is drawn from the caller's random
//! numbers, and errors and damage come when the caller orders them.

use super::disk::{Disk, DiskError, FileName};
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

/// What a disk writes as a whole or not at all.
pub const SECTOR_BYTES: usize = 512;

/// Draws a number below its argument, which is not 0.
pub type Draw<'a> = &'a mut dyn FnMut(u64) -> u64;

/// A disk in memory.
#[derive(Clone, Debug, Default)]
pub struct MemoryDisk {
    /// By number: a file keeps its contents when its name changes.
    files: BTreeMap<u64, File>,
    /// The names as the process sees them.
    names: BTreeMap<FileName, u64>,
    /// The names that are there for good, and what has changed since.
    synced_names: BTreeMap<FileName, u64>,
    changes: Vec<Change>,
    next_file: u64,
    /// Bytes that are left.
    room: Option<u64>,
    /// What the next calls meet.
    fails_syncs: bool,
    fails_writes: bool,
    misdirects: Option<(FileName, u64)>,
}

#[derive(Clone, Debug, Default)]
struct File {
    content: Vec<u8>,
    /// Whether its length is there for good.
    synced_length: Option<usize>,
    /// What un-synced writes have overwritten, the oldest first.
    overwritten: Vec<Overwritten>,
    /// Sectors that cannot be read.
    unreadable: Vec<usize>,
}

/// Whole sectors as they were before a write.
#[derive(Clone, Debug)]
struct Overwritten {
    offset: usize,
    content: Vec<u8>,
}

#[derive(Clone, Copy, Debug)]
enum Change {
    Named(FileName, u64),
    Renamed(FileName, FileName),
    Removed(FileName),
}

impl MemoryDisk {
    /// An empty one.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The process is gone. Of what was not synced, any sectors are lost, of
    /// the changes of the directory those after any one of them.
    pub fn crash(&mut self, draw: Draw<'_>) {
        self.clear_faults();
        let changes = std::mem::take(&mut self.changes);
        let kept = draw(changes.len() as u64 + 1);
        for change in changes
            .iter()
            .take(usize::try_from(kept).expect("few changes"))
        {
            change.apply(&mut self.synced_names);
        }
        self.names = self.synced_names.clone();
        let names = &self.names;
        self.files
            .retain(|number, _| names.values().any(|one| one == number));
        for file in self.files.values_mut() {
            file.crash(draw);
        }
    }

    /// The power is gone, and nothing that was not synced is left.
    pub fn crash_losing_all(&mut self) {
        self.crash(&mut |_| 0);
    }

    /// Makes an image of the disk as the process sees it: what a crash leaves
    /// that loses nothing.
    pub fn crash_losing_nothing(&mut self) {
        self.crash(&mut |below| below - 1);
    }

    /// How many bytes new and growing files may take; `None` for no limit.
    pub fn set_room(&mut self, bytes: Option<u64>) {
        self.room = bytes;
    }

    /// All syncs fail from now on, until the next crash.
    pub fn fail_syncs(&mut self) {
        self.fails_syncs = true;
    }

    /// All writes fail from now on, until the next crash.
    pub fn fail_writes(&mut self) {
        self.fails_writes = true;
    }

    /// The next write goes to this place instead, and is reported as done.
    pub fn misdirect_next_write(&mut self, file: FileName, offset: u64) {
        self.misdirects = Some((file, offset));
    }

    /// Turns a bit over, also of what was synced. Returns whether it was there.
    pub fn flip(&mut self, file: FileName, byte: u64, bit: u8) -> bool {
        let Some(byte) = usize::try_from(byte)
            .ok()
            .and_then(|byte| self.file(file)?.content.get_mut(byte))
        else {
            return false;
        };
        *byte ^= 1 << (bit % 8);
        true
    }

    /// Makes the sector of this byte unreadable, until it is written again.
    pub fn make_unreadable(&mut self, file: FileName, byte: u64) {
        if let (Some(file), Ok(byte)) = (self.file(file), usize::try_from(byte)) {
            file.unreadable.push(byte / SECTOR_BYTES);
        }
    }

    /// The bytes of a file as the process sees them.
    #[must_use]
    pub fn content(&self, file: FileName) -> Option<&[u8]> {
        let number = self.names.get(&file)?;
        Some(&self.files[number].content)
    }

    /// Whether something was written, made, renamed or removed, and not synced.
    #[must_use]
    pub fn has_unsynced(&self) -> bool {
        !self.changes.is_empty() || self.files.values().any(|file| !file.overwritten.is_empty())
    }

    fn clear_faults(&mut self) {
        self.fails_syncs = false;
        self.fails_writes = false;
        self.misdirects = None;
    }

    fn file(&mut self, name: FileName) -> Option<&mut File> {
        let number = self.names.get(&name)?;
        self.files.get_mut(number)
    }

    fn existing(&mut self, name: FileName) -> Result<&mut File, DiskError> {
        self.file(name).ok_or(DiskError::Missing)
    }

    fn change(&mut self, change: Change) {
        change.apply(&mut self.names);
        self.changes.push(change);
    }

    /// Takes up room.
    fn take(&mut self, bytes: u64) -> Result<(), DiskError> {
        if let Some(room) = &mut self.room {
            *room = room.checked_sub(bytes).ok_or(DiskError::Full)?;
        }
        Ok(())
    }

    fn give_back(&mut self, number: u64) {
        let is_named = |names: &BTreeMap<FileName, u64>| names.values().any(|one| *one == number);
        // A crash may still bring its name back.
        let length = self.files.get(&number).map_or(0, |file| file.content.len());
        if let Some(room) = &mut self.room {
            *room += length as u64;
        }
        if !is_named(&self.names) && !is_named(&self.synced_names) && self.changes.is_empty() {
            self.files.remove(&number);
        }
    }
}

impl Change {
    fn apply(self, names: &mut BTreeMap<FileName, u64>) {
        match self {
            Self::Named(name, number) => {
                names.insert(name, number);
            }
            Self::Renamed(from, to) => {
                if let Some(number) = names.remove(&from) {
                    names.insert(to, number);
                }
            }
            Self::Removed(name) => {
                names.remove(&name);
            }
        }
    }
}

impl File {
    fn write(&mut self, offset: usize, bytes: &[u8]) {
        let end = offset + bytes.len();
        let first = offset / SECTOR_BYTES;
        let last = end.div_ceil(SECTOR_BYTES);
        self.unreadable
            .retain(|sector| !(first..last).contains(sector));
        if self.content.len() < end {
            self.content.resize(end, 0);
        }
        let start = first * SECTOR_BYTES;
        let stop = (last * SECTOR_BYTES).min(self.content.len());
        self.overwritten.push(Overwritten {
            offset: start,
            content: self.content[start..stop].to_vec(),
        });
        self.content[offset..end].copy_from_slice(bytes);
    }

    /// Each sector falls back behind any number of its un-synced writes.
    fn crash(&mut self, draw: Draw<'_>) {
        let mut settled = std::collections::BTreeSet::new();
        for overwritten in std::mem::take(&mut self.overwritten).into_iter().rev() {
            for (index, sector) in overwritten.content.chunks(SECTOR_BYTES).enumerate() {
                let offset = overwritten.offset + index * SECTOR_BYTES;
                if settled.contains(&offset) {
                    continue;
                }
                if draw(2) == 1 {
                    settled.insert(offset);
                } else {
                    self.content[offset..offset + sector.len()].copy_from_slice(sector);
                }
            }
        }
        let synced = self.synced_length.unwrap_or(0);
        if synced < self.content.len() && draw(2) == 0 {
            self.content.truncate(synced);
        }
        self.synced_length = Some(self.content.len());
    }
}

impl Disk for MemoryDisk {
    fn read(&mut self, file: FileName, offset: u64, into: &mut [u8]) -> Result<usize, DiskError> {
        let file = self.existing(file)?;
        let start = usize::try_from(offset).map_or(usize::MAX, |at| at.min(file.content.len()));
        let start = start.min(file.content.len());
        let length = into.len().min(file.content.len() - start);
        let sectors = start / SECTOR_BYTES..(start + length).div_ceil(SECTOR_BYTES);
        if file
            .unreadable
            .iter()
            .any(|sector| sectors.contains(sector))
        {
            return Err(DiskError::Failed("a sector cannot be read".to_owned()));
        }
        into[..length].copy_from_slice(&file.content[start..start + length]);
        Ok(length)
    }

    fn write(&mut self, file: FileName, offset: u64, parts: &[&[u8]]) -> Result<(), DiskError> {
        if self.fails_writes {
            return Err(DiskError::Failed("the disk does not write".to_owned()));
        }
        self.existing(file)?;
        let bytes = parts.concat();
        // A write that is misdirected out of every file is lost.
        let (file, offset) = self.misdirects.take().unwrap_or((file, offset));
        let Some(length) = self.content(file).map(<[u8]>::len) else {
            return Ok(());
        };
        let end = offset + bytes.len() as u64;
        self.take(end.saturating_sub(length as u64))?;
        let offset = usize::try_from(offset).expect("a file in memory is small");
        self.existing(file)?.write(offset, &bytes);
        Ok(())
    }

    fn sync(&mut self, file: FileName) -> Result<(), DiskError> {
        let fails = self.fails_syncs;
        let file = self.existing(file)?;
        if fails {
            return Err(DiskError::Failed("the disk does not sync".to_owned()));
        }
        file.overwritten.clear();
        file.synced_length = Some(file.content.len());
        Ok(())
    }

    fn create(&mut self, file: FileName, length: u64) -> Result<(), DiskError> {
        if self.fails_writes {
            return Err(DiskError::Failed("the disk does not write".to_owned()));
        }
        self.take(length)?;
        let number = self.next_file;
        self.next_file += 1;
        let content = vec![0; usize::try_from(length).expect("a file in memory is small")];
        let made = File {
            content,
            ..File::default()
        };
        self.files.insert(number, made);
        let replaced = match self.names.entry(file) {
            Entry::Occupied(name) => Some(*name.get()),
            Entry::Vacant(_) => None,
        };
        self.change(Change::Named(file, number));
        replaced
            .into_iter()
            .for_each(|number| self.give_back(number));
        Ok(())
    }

    fn rename(&mut self, from: FileName, to: FileName) -> Result<(), DiskError> {
        self.existing(from)?;
        let replaced = self.names.get(&to).copied();
        self.change(Change::Renamed(from, to));
        replaced
            .into_iter()
            .for_each(|number| self.give_back(number));
        Ok(())
    }

    fn remove(&mut self, file: FileName) -> Result<(), DiskError> {
        self.existing(file)?;
        let removed = self.names.get(&file).copied();
        self.change(Change::Removed(file));
        removed
            .into_iter()
            .for_each(|number| self.give_back(number));
        Ok(())
    }

    fn sync_directory(&mut self) -> Result<(), DiskError> {
        if self.fails_syncs {
            return Err(DiskError::Failed("the disk does not sync".to_owned()));
        }
        self.changes.clear();
        self.synced_names = self.names.clone();
        let names = &self.names;
        self.files
            .retain(|number, _| names.values().any(|one| one == number));
        Ok(())
    }

    fn list(&mut self) -> Result<Vec<(FileName, u64)>, DiskError> {
        let length = |number: &u64| self.files[number].content.len() as u64;
        Ok(self
            .names
            .iter()
            .map(|(name, number)| (*name, length(number)))
            .collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: FileName = FileName::Segment(1);

    fn disk() -> MemoryDisk {
        let mut disk = MemoryDisk::new();
        disk.create(FILE, 2048).unwrap();
        disk.sync(FILE).unwrap();
        disk.sync_directory().unwrap();
        disk
    }

    #[test]
    fn what_was_synced_stays_and_other_sectors_are_lost_one_by_one() {
        let mut outcomes = std::collections::BTreeSet::new();
        for bits in 0..32 {
            let mut disk = disk();
            disk.write(FILE, 0, &[&[1; 1000]]).unwrap();
            disk.sync(FILE).unwrap();
            disk.write(FILE, 500, &[&[2; 500], &[3; 500]]).unwrap();
            let mut drawn = 0;
            disk.crash(&mut |below| {
                drawn += 1;
                (bits >> drawn) % below
            });
            let content = disk.content(FILE).unwrap();
            assert_eq!(content[..500], [1; 500]);
            assert!(content[1500..].iter().all(|byte| *byte == 0));
            outcomes.insert([content[500], content[999], content[1200]]);
        }
        // Bytes 500 to 511, 512 to 1023 and 1024 to 1500: each old or new.
        assert_eq!(outcomes.len(), 8, "{outcomes:?}");
    }

    #[test]
    fn a_file_is_there_for_good_only_with_its_directory() {
        let mut disk = disk();
        disk.create(FileName::NewMeta, 10).unwrap();
        disk.sync(FileName::NewMeta).unwrap();
        disk.rename(FileName::NewMeta, FileName::Meta).unwrap();
        disk.crash_losing_all();
        assert_eq!(disk.list(), Ok(vec![(FILE, 2048)]));

        disk.create(FileName::NewMeta, 10).unwrap();
        disk.rename(FileName::NewMeta, FileName::Meta).unwrap();
        disk.sync_directory().unwrap();
        disk.crash_losing_all();
        assert_eq!(disk.list(), Ok(vec![(FileName::Meta, 0), (FILE, 2048)]));
    }

    #[test]
    fn removed_files_come_back_unless_the_directory_was_synced() {
        let mut disk = disk();
        disk.write(FILE, 0, &[&[9]]).unwrap();
        disk.sync(FILE).unwrap();
        disk.remove(FILE).unwrap();
        assert_eq!(disk.sync(FILE), Err(DiskError::Missing));
        disk.crash_losing_all();
        assert_eq!(disk.content(FILE).unwrap()[0], 9);
        disk.remove(FILE).unwrap();
        disk.sync_directory().unwrap();
        disk.crash_losing_all();
        assert_eq!(disk.content(FILE), None);
    }

    #[test]
    fn room_is_taken_by_growing_and_given_back() {
        let mut disk = disk();
        disk.set_room(Some(100));
        assert_eq!(disk.create(FileName::NewMeta, 101), Err(DiskError::Full));
        assert_eq!(disk.content(FileName::NewMeta), None);
        disk.create(FileName::NewMeta, 60).unwrap();
        assert_eq!(
            disk.write(FileName::NewMeta, 50, &[&[1; 51]]),
            Err(DiskError::Full)
        );
        disk.write(FileName::NewMeta, 50, &[&[1; 50]]).unwrap();
        disk.write(FILE, 0, &[&[1; 2048]]).unwrap();
        disk.remove(FileName::NewMeta).unwrap();
        disk.create(FileName::NewImage, 100).unwrap();
    }

    #[test]
    fn ordered_faults_happen() {
        let mut disk = disk();
        disk.misdirect_next_write(FILE, 1024);
        disk.write(FILE, 0, &[&[5]]).unwrap();
        let content = disk.content(FILE).unwrap();
        assert_eq!((content[0], content[1024]), (0, 5));
        disk.make_unreadable(FILE, 600);
        let mut into = [0; 512];
        assert_eq!(disk.read(FILE, 0, &mut into), Ok(512));
        assert!(disk.read(FILE, 1, &mut into).is_err());
        disk.write(FILE, 512, &[&[0; 512]]).unwrap();
        assert_eq!(disk.read(FILE, 1, &mut into), Ok(512));
        disk.fail_syncs();
        assert!(disk.sync(FILE).is_err() && disk.sync_directory().is_err());
        disk.crash_losing_nothing();
        disk.sync(FILE).unwrap();
    }
}
