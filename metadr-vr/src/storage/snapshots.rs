//! Snapshots on disk: a file each, complete or not there.

use super::disk::{Disk, DiskError, FileName};
use super::wal::BLOCK_BYTES;
use crate::hash128;
use crate::outputs::Ticket;
use crate::wire::{EntryHeader, OpNumber, SNAPSHOT_FORMAT, Snapshot, SnapshotManifest};
use bytes::Bytes;
use metadr_runtime::xdr;
use std::collections::VecDeque;

/// The beginning of a snapshot's file.
const MAGIC: [u8; 4] = *b"mdrP";

/// Before the manifest: the magic number, and its CRC-32C and length.
const PREFIX_BYTES: usize = 12;

/// How many bytes may wait for a sync: one of more would hold up the log.
const UNSYNCED_BYTES: u64 = 8 << 20;

/// The snapshots that are on disk, and those on their way there.
#[derive(Clone, Debug, Default)]
pub(super) struct Snapshots {
    /// Their ops, in order.
    kept: Vec<OpNumber>,
    queue: VecDeque<Waiting>,
    /// What has been done of the first one.
    done: Done,
}

#[derive(Clone, Debug)]
struct Waiting {
    /// Without one it is for an install, which waits for it.
    ticket: Option<Ticket>,
    snapshot: Box<Snapshot>,
    /// The number of the last ticket of the log that was handed in before: the
    /// snapshot counts for nothing without the log that leads to it.
    after: u64,
}

/// How far the snapshot that is being written is.
#[derive(Clone, Copy, Debug, Default)]
enum Done {
    #[default]
    Nothing,
    /// So many chunks are written, and so many bytes of them not synced.
    Written(usize, u64),
    Synced,
    Renamed,
}

/// What a step has done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wrote {
    /// A part.
    Something,
    /// The snapshot of this op is on disk, and what its ticket is.
    Snapshot(OpNumber, Option<Ticket>),
}

impl Snapshots {
    pub(super) fn new(kept: Vec<OpNumber>) -> Self {
        Self {
            kept,
            ..Self::default()
        }
    }

    /// Takes a snapshot of a state that the log leads to when it is on disk up
    /// to the ticket `after`.
    pub(super) fn submit(&mut self, ticket: Ticket, snapshot: Snapshot, after: u64) {
        self.queue.push_back(Waiting {
            ticket: Some(ticket),
            snapshot: Box::new(snapshot),
            after,
        });
    }

    /// Takes a snapshot that an install waits for.
    pub(super) fn submit_for_install(&mut self, snapshot: Snapshot) {
        self.queue.push_back(Waiting {
            ticket: None,
            snapshot: Box::new(snapshot),
            after: 0,
        });
    }

    /// Whether there is one to write, the log being on disk up to this ticket.
    pub(super) fn is_ready(&self, synced: u64) -> bool {
        let first = self.queue.front();
        first.is_some_and(|waiting| waiting.after <= synced)
    }

    /// Those on disk, in order.
    pub(super) fn kept(&self) -> &[OpNumber] {
        &self.kept
    }

    /// Does the next thing for the snapshot that is being written.
    ///
    /// # Errors
    ///
    /// Those of the disk. After [`DiskError::Full`] it begins anew.
    pub(super) fn step(&mut self, disk: &mut impl Disk) -> Result<Wrote, DiskError> {
        let Some(Waiting {
            ticket, snapshot, ..
        }) = self.queue.front()
        else {
            return Ok(Wrote::Something);
        };
        let op = snapshot.manifest.last.op;
        match next(disk, snapshot, self.done) {
            Ok(Some(done)) => {
                self.done = done;
                Ok(Wrote::Something)
            }
            Ok(None) => {
                let ticket = *ticket;
                self.queue.pop_front();
                self.done = Done::Nothing;
                if let Err(place) = self.kept.binary_search(&op) {
                    self.kept.insert(place, op);
                }
                Ok(Wrote::Snapshot(op, ticket))
            }
            Err(DiskError::Full) => {
                self.done = Done::Nothing;
                // Half of it would take the room that the log needs.
                drop(disk.remove(FileName::NewSnapshot));
                Err(DiskError::Full)
            }
            Err(error) => Err(error),
        }
    }

    /// Removes the oldest one, if it is of an op before `first`. Returns
    /// whether there was one.
    ///
    /// # Errors
    ///
    /// Those of the disk.
    pub(super) fn remove_before(
        &mut self,
        disk: &mut impl Disk,
        first: OpNumber,
    ) -> Result<bool, DiskError> {
        let Some(op) = self.kept.first().copied().filter(|op| *op < first) else {
            return Ok(false);
        };
        disk.remove(FileName::Snapshot(op))?;
        self.kept.remove(0);
        Ok(true)
    }
}

/// Does the next thing; `None` if that was the last.
fn next(disk: &mut impl Disk, snapshot: &Snapshot, done: Done) -> Result<Option<Done>, DiskError> {
    let file = FileName::NewSnapshot;
    let op = snapshot.manifest.last.op;
    match done {
        Done::Nothing => {
            disk.create(file, 0)?;
            disk.write(file, 0, &[&header_of(&snapshot.manifest)])?;
            Ok(Some(Done::Written(0, 0)))
        }
        Done::Written(_, unsynced) if unsynced >= UNSYNCED_BYTES => {
            disk.sync(file)?;
            let Done::Written(chunks, _) = done else {
                return Ok(Some(done));
            };
            Ok(Some(Done::Written(chunks, 0)))
        }
        Done::Written(chunks, unsynced) => {
            let Some(chunk) = snapshot.chunks.get(chunks) else {
                disk.sync(file)?;
                return Ok(Some(Done::Synced));
            };
            let before = u64::from(snapshot.manifest.chunk_bytes) * chunks as u64;
            let offset = header_of(&snapshot.manifest).len() as u64 + before;
            disk.write(file, offset, &[chunk])?;
            Ok(Some(Done::Written(
                chunks + 1,
                unsynced + chunk.len() as u64,
            )))
        }
        Done::Synced => {
            disk.rename(file, FileName::Snapshot(op))?;
            Ok(Some(Done::Renamed))
        }
        Done::Renamed => {
            disk.sync_directory()?;
            Ok(None)
        }
    }
}

fn header_of(manifest: &SnapshotManifest) -> Vec<u8> {
    let encoded = xdr::to_bytes(manifest).expect("a manifest has no bounds to break");
    let length = u32::try_from(encoded.len()).expect("a manifest is small");
    let mut header = Vec::with_capacity(BLOCK_BYTES);
    header.extend_from_slice(&MAGIC);
    header.extend_from_slice(&crc32c::crc32c(&encoded).to_be_bytes());
    header.extend_from_slice(&length.to_be_bytes());
    header.extend_from_slice(&encoded);
    header.resize(header.len().next_multiple_of(BLOCK_BYTES), 0);
    header
}

/// The last entry that the snapshot in this file says that it has, if it says
/// anything.
pub(super) fn last_entry(disk: &mut impl Disk, op: OpNumber, length: u64) -> Option<EntryHeader> {
    let manifest = manifest(disk, op, length)?.0;
    (manifest.last.op == op).then_some(manifest.last)
}

/// The snapshot in this file of so many bytes, if it is as it was written.
pub(super) fn read(disk: &mut impl Disk, op: OpNumber, length: u64) -> Option<Snapshot> {
    let (manifest, mut offset) = manifest(disk, op, length)?;
    let mut left = manifest.length;
    let mut chunks = Vec::new();
    for hash in &manifest.chunks {
        let size = left.min(u64::from(manifest.chunk_bytes));
        let chunk = read_exactly(disk, FileName::Snapshot(op), offset, size, length)?;
        if hash128(&[&chunk]) != *hash {
            return None;
        }
        chunks.push(chunk);
        offset += size;
        left -= size;
    }
    (left == 0).then_some(Snapshot { manifest, chunks })
}

/// The manifest, and where the chunks begin.
fn manifest(disk: &mut impl Disk, op: OpNumber, length: u64) -> Option<(SnapshotManifest, u64)> {
    let file = FileName::Snapshot(op);
    let prefix = read_exactly(disk, file, 0, PREFIX_BYTES as u64, length)?;
    let number = |at: usize| {
        prefix[at..]
            .first_chunk()
            .map(|four| u32::from_be_bytes(*four))
    };
    let size = u64::from(number(8)?);
    let encoded = read_exactly(disk, file, PREFIX_BYTES as u64, size, length)?;
    if prefix[..4] != MAGIC || number(4)? != crc32c::crc32c(&encoded) {
        return None;
    }
    let manifest: SnapshotManifest = xdr::from_bytes(encoded).ok()?;
    let end = (PREFIX_BYTES as u64 + size).next_multiple_of(BLOCK_BYTES as u64);
    (manifest.format == SNAPSHOT_FORMAT).then_some((manifest, end))
}

/// So many bytes, if the file has them: no more is allocated than it holds.
fn read_exactly(
    disk: &mut impl Disk,
    file: FileName,
    offset: u64,
    size: u64,
    length: u64,
) -> Option<Bytes> {
    if offset.checked_add(size)? > length {
        return None;
    }
    let mut content = vec![0; usize::try_from(size).ok()?];
    let read = disk.read(file, offset, &mut content).ok()?;
    (read == content.len()).then(|| content.into())
}
