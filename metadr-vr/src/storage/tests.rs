//! The store as a whole, on disks that crash, fail and rot.

mod crashes;
mod damage;
mod snapshots;
mod steps;

use super::wal::LogEnd;
use super::*;
use crate::outputs::{Install, Persist, Stream, Ticket};
use crate::wire::{
    ClientOperation, Durability, Entry, EntryHeader, EpochView, Hash128, Incarnation, Life,
    META_FORMAT, Member, Meta, SegmentHeader, WAL_FORMAT,
};
use crate::{Boot, Start};
use bytes::Bytes;
use std::cell::RefCell;
use std::rc::Rc;

const CLUSTER: Hash128 = [1; 16];

/// Three groups fit into a segment.
const OPTIONS: StoreOptions = StoreOptions {
    segment_bytes: 4 * BLOCK_BYTES,
    group_bytes: 6000,
    paranoid_tail: false,
    #[cfg(feature = "bug-switches")]
    bug: None,
};

/// `length` entries of one view after the root entry.
pub(super) fn chain(cluster: Hash128, length: u64, view: u64) -> Vec<Entry> {
    extend(&Entry::root(cluster).header, length, view, 40)
}

/// Entries that follow, each with an operation of so many bytes.
fn extend(base: &EntryHeader, length: u64, view: u64, bytes: usize) -> Vec<Entry> {
    let mut parent = base.clone();
    let prepared = view_of(view);
    (0..length)
        .map(|number| {
            let body = Bytes::from(vec![u8::try_from(number % 251).expect("it is"); bytes]);
            let operations = vec![ClientOperation::Anonymous(body)];
            let entry = Entry::batch(&parent, prepared, parent.timestamp_ms, operations);
            parent = entry.header.clone();
            entry
        })
        .collect()
}

fn view_of(view: u64) -> EpochView {
    EpochView { epoch: 0, view }
}

/// The header of the first segment of a log.
pub(super) fn header_of(cluster: Hash128) -> SegmentHeader {
    let end = LogEnd::of_new(cluster);
    SegmentHeader {
        format: WAL_FORMAT,
        cluster,
        instance: [3; 16],
        number: 1,
        first_group: 1,
        last_normal: end.last_normal,
        head: end.head,
        is_installing: false,
    }
}

fn meta(mode: Durability) -> Meta {
    Meta {
        format: META_FORMAT,
        sequence: 1,
        cluster: CLUSTER,
        id: 2,
        instance: [3; 16],
        incarnation: Incarnation::default(),
        life: Life::Formatted,
        mode,
        promise: EpochView::default(),
        rebuilding: false,
        wal_synced: 0,
        voters: vec![Member {
            id: 2,
            address: "localhost:5008".to_owned(),
        }],
        peers: Vec::new(),
    }
}

/// A disk that outlives its store, and whose process can end at any call.
#[derive(Clone, Debug, Default)]
struct SharedDisk {
    disk: Rc<RefCell<MemoryDisk>>,
    /// After so many calls nothing happens any more.
    calls: Rc<RefCell<Option<u64>>>,
}

impl SharedDisk {
    fn formatted(mode: Durability) -> Self {
        let mut disk = Self::default();
        Store::format(&mut disk, &meta(mode), &OPTIONS).expect("it is empty");
        disk
    }

    fn with<T>(&self, change: impl FnOnce(&mut MemoryDisk) -> T) -> T {
        change(&mut self.disk.borrow_mut())
    }

    /// The process ends after so many calls more.
    fn end_after(&self, calls: Option<u64>) {
        *self.calls.borrow_mut() = calls;
    }

    fn content(&self, file: FileName) -> Vec<u8> {
        self.with(|disk| disk.content(file).expect("it is there").to_vec())
    }

    /// The segments, by their numbers.
    fn segments(&self) -> Vec<u64> {
        let files = self.with(|disk| disk.list()).expect("it can be listed");
        let number = |(name, _): &(FileName, u64)| match name {
            FileName::Segment(number) => Some(*number),
            _ => None,
        };
        files.iter().filter_map(number).collect()
    }

    fn call<T>(
        &self,
        call: impl FnOnce(&mut MemoryDisk) -> Result<T, DiskError>,
    ) -> Result<T, DiskError> {
        if let Some(calls) = self.calls.borrow_mut().as_mut() {
            let left = calls.checked_sub(1);
            *calls = left.ok_or_else(|| DiskError::Failed("the process has ended".to_owned()))?;
        }
        call(&mut self.disk.borrow_mut())
    }
}

impl Disk for SharedDisk {
    fn read(&mut self, file: FileName, offset: u64, into: &mut [u8]) -> Result<usize, DiskError> {
        self.call(|disk| disk.read(file, offset, into))
    }

    fn write(&mut self, file: FileName, offset: u64, parts: &[&[u8]]) -> Result<(), DiskError> {
        self.call(|disk| disk.write(file, offset, parts))
    }

    fn sync(&mut self, file: FileName) -> Result<(), DiskError> {
        self.call(|disk| disk.sync(file))
    }

    fn create(&mut self, file: FileName, length: u64) -> Result<(), DiskError> {
        self.call(|disk| disk.create(file, length))
    }

    fn rename(&mut self, from: FileName, to: FileName) -> Result<(), DiskError> {
        self.call(|disk| disk.rename(from, to))
    }

    fn remove(&mut self, file: FileName) -> Result<(), DiskError> {
        self.call(|disk| disk.remove(file))
    }

    fn sync_directory(&mut self) -> Result<(), DiskError> {
        self.call(MemoryDisk::sync_directory)
    }

    fn list(&mut self) -> Result<Vec<(FileName, u64)>, DiskError> {
        self.call(MemoryDisk::list)
    }
}

type Opened = (Store<SharedDisk>, Boot, Vec<Warning>);

fn open(disk: &SharedDisk) -> Opened {
    open_with(disk, &OPTIONS)
}

fn open_with(disk: &SharedDisk, options: &StoreOptions) -> Opened {
    Store::open(disk.clone(), options, 7).expect("it can be used")
}

fn log_ticket(number: u64) -> Ticket {
    let stream = Stream::Log;
    Ticket { stream, number }
}

fn meta_ticket(number: u64) -> Ticket {
    let stream = Stream::Meta;
    Ticket { stream, number }
}

/// Steps until there is nothing to do. Returns what was reported.
fn run(store: &mut Store<SharedDisk>) -> Vec<Ticket> {
    let mut reported = Vec::new();
    loop {
        match store.step().expect("the disk works") {
            Step::Idle => return reported,
            Step::Persisted(ticket) => reported.push(ticket),
            Step::Working | Step::Full(_) => {}
        }
    }
}

/// The entries of a log that was kept, or kept with doubt.
fn entries_of(start: &Start) -> &[Entry] {
    match start {
        Start::Kept(image) | Start::Doubtful(image) => &image.entries,
        other => panic!("{other:?} has no log"),
    }
}

fn install(last_normal: u64, base: EntryHeader, entries: Vec<Entry>) -> Persist {
    Persist::Install(Box::new(Install {
        last_normal: view_of(last_normal),
        base,
        snapshot: None,
        entries,
    }))
}
