//! The log and the snapshots that a start finds.

use super::disk::{Disk, DiskError, FileName};
use super::open::identity;
use super::options::{StoreError, StoreOptions};
use super::snapshots::{self, Snapshots};
use super::store::Store;
use super::wal::{self, Doubt, Evidence, LogEnd, Scan, Verdict, Writer};
use crate::Log;
use crate::options::bug;
use crate::wire::{EpochView, Image, Life, Meta, OpNumber, Snapshot};

/// A log as it was found, and what it begins with.
pub(super) struct FoundLog {
    scan: Scan,
    pub(super) verdict: Verdict,
    /// The newest that is a part of the log.
    snapshot: Option<Snapshot>,
    /// This one, and those before it.
    kept: Vec<OpNumber>,
    /// Those that are no part of the log, or not as they were written.
    useless: Vec<OpNumber>,
    /// Those that are not as they were written.
    pub(super) damaged: Vec<OpNumber>,
}

impl FoundLog {
    /// Reads all of it, and changes nothing.
    ///
    /// # Errors
    ///
    /// Those of the disk, but that what cannot be read counts as damaged.
    pub(super) fn find(
        disk: &mut impl Disk,
        meta: &Meta,
        options: &StoreOptions,
    ) -> Result<Self, StoreError> {
        let files = disk.list().map_err(StoreError::of(FileName::Segment(0)))?;
        let segment = |(file, length): &(FileName, u64)| match file {
            FileName::Segment(number) => Some((*number, *length)),
            _ => None,
        };
        let segments: Vec<_> = files.iter().filter_map(segment).collect();
        let scan = wal::scan(disk, identity(meta), &segments);
        let scan = scan.map_err(StoreError::of(FileName::Segment(0)))?;
        let evidence = Evidence {
            missing: scan.missing,
            ends_in_zeros: scan.ends_in_zeros,
            later: scan.later,
            synced: meta.wal_synced,
            is_broken: scan.is_broken,
            stopped_cleanly: matches!(meta.life, Life::CleanShutdown(_)),
            rebuilding: meta.rebuilding,
            paranoid: options.paranoid_tail,
        };
        let mut found = Self {
            scan,
            verdict: wal::judge(&evidence),
            snapshot: None,
            kept: Vec::new(),
            useless: Vec::new(),
            damaged: Vec::new(),
        };
        found.find_snapshots(disk, &files);
        if !found.has_start() && !matches!(found.verdict, Verdict::Doubtful(_)) {
            found.verdict = Verdict::Doubtful(Doubt::Snapshot);
        }
        if bug!(options, P24) && !meta.rebuilding && found.has_start() {
            found.verdict = Verdict::Torn;
        }
        Ok(found)
    }

    /// Whether it is as it was made.
    pub(super) fn is_untouched(&self) -> bool {
        self.verdict == Verdict::Whole && self.scan.missing == 1
    }

    /// The number of the first group that is not there.
    pub(super) fn missing(&self) -> u64 {
        self.scan.missing
    }

    /// Takes the newest snapshot that is as it was written and belongs to the
    /// log: a state that the log does not lead to may be that of a log that was
    /// to be taken over, and was not.
    fn find_snapshots(&mut self, disk: &mut impl Disk, files: &[(FileName, u64)]) {
        let log = self.scan.replay.as_ref().map(|replay| &replay.log);
        for (file, length) in files.iter().rev() {
            let FileName::Snapshot(op) = *file else {
                continue;
            };
            let Some(last) = snapshots::last_entry(disk, op, *length) else {
                self.damaged.push(op);
                self.useless.push(op);
                continue;
            };
            let known = log.and_then(|log| log.checksum(op));
            if known != Some(last.checksum) {
                self.useless.push(op);
                continue;
            }
            if self.snapshot.is_none() {
                self.snapshot = snapshots::read(disk, op, *length);
                if self.snapshot.is_none() {
                    self.damaged.push(op);
                    self.useless.push(op);
                    continue;
                }
            }
            self.kept.insert(0, op);
        }
    }

    fn log(&self) -> Option<&Log> {
        self.scan.replay.as_ref().map(|replay| &replay.log)
    }

    /// Whether the state can be had from it.
    fn has_start(&self) -> bool {
        self.snapshot.is_some() || self.log().is_some_and(|log| log.start() == 0)
    }

    /// Removes what would be in the way of later snapshots.
    pub(super) fn remove_useless<D: Disk>(&self, store: &mut Store<D>) -> Result<(), StoreError> {
        let useless = self.useless.iter().copied().map(FileName::Snapshot);
        let unfinished = [FileName::NewSnapshot, FileName::SpareSegment];
        remove(&mut store.disk, useless.chain(unfinished))
    }

    /// Goes on with the log as it is.
    pub(super) fn go_on<D: Disk>(self, store: &mut Store<D>) -> Image {
        let Self { scan, snapshot, .. } = self;
        let replay = scan.replay.expect("a log without damage has a beginning");
        let end = LogEnd::of(&replay);
        let (identity, options) = (identity(&store.meta), store.options);
        let writer = Writer::new(identity, options, &scan.segments, scan.missing, end);
        store.wal = Some(writer);
        store.snapshots = Snapshots::new(self.kept);
        let start = snapshot.as_ref().map_or(0, |one| one.manifest.last.op);
        let log = replay.log;
        Image {
            last_normal: replay.last_normal,
            // What has a snapshot was committed.
            commit: start,
            snapshot,
            entries: log.slice(start + 1, log.head(), u64::MAX).to_vec(),
        }
    }

    /// Makes sure that what was read is on disk, and that nothing else is: a
    /// write that the last run was not told of may be in the system's memory
    /// alone, or come back later.
    pub(super) fn settle<D: Disk>(self, store: &mut Store<D>) -> Result<Image, StoreError> {
        let last = self.scan.segments.last().filter(|_| self.has_start());
        let Some(last) = last else {
            return self.begin(store);
        };
        let file = FileName::Segment(last.header.number);
        let rewritten = wal::rewritten(&mut store.disk, last);
        let finished = rewritten.and_then(|new| new.finish(&mut store.disk));
        finished.map_err(StoreError::of(file))?;
        let rest = self.scan.rest.iter().copied().map(FileName::Segment);
        remove(&mut store.disk, rest)?;
        Ok(self.go_on(store))
    }

    /// Begins the log anew: what there was cannot be used.
    pub(super) fn begin<D: Disk>(self, store: &mut Store<D>) -> Result<Image, StoreError> {
        let scan = &self.scan;
        let of_scan = scan.segments.iter().map(|found| found.header.number);
        let old: Vec<u64> = of_scan.chain(scan.rest.iter().copied()).collect();
        let snapshots = self.kept.iter().copied().map(FileName::Snapshot);
        let segments = old.iter().copied().map(FileName::Segment);
        remove(&mut store.disk, segments.chain(snapshots))?;
        let number = old.iter().max().map_or(1, |last| last + 1);
        let written = scan.missing.max(store.meta.wal_synced);
        let written = written.max(scan.later.unwrap_or(0));
        let (identity, options) = (identity(&store.meta), store.options);
        let (file, found) = wal::first_segment(identity, number, written + 1, &options);
        let made = file.finish(&mut store.disk);
        made.map_err(StoreError::of(FileName::Segment(number)))?;
        let end = LogEnd::of_new(store.meta.cluster);
        store.wal = Some(Writer::new(identity, options, &[found], written + 1, end));
        Ok(Image {
            last_normal: EpochView::default(),
            commit: 0,
            snapshot: None,
            entries: Vec::new(),
        })
    }
}

/// Removes files for good. Those that are not there are gone already.
fn remove(disk: &mut impl Disk, files: impl Iterator<Item = FileName>) -> Result<(), StoreError> {
    for file in files {
        match disk.remove(file) {
            Ok(()) | Err(DiskError::Missing) => {}
            Err(error) => return Err(StoreError::of(file)(error)),
        }
    }
    let synced = disk.sync_directory();
    synced.map_err(StoreError::of(FileName::Segment(0)))
}
