//! Reading the log as it was left.

use super::group::{self, EMPTY_BODY_BYTES, HEADER_BYTES};
use super::replay::Replay;
use super::{BLOCK_BYTES, segment};
use crate::storage::disk::{Disk, DiskError, FileName};
use crate::wire::{Hash128, SegmentHeader, WalRecord};
use std::ops::ControlFlow;

/// What is left of a log.
#[derive(Clone, Debug)]
pub(in crate::storage) struct Scan {
    /// The segments up to the end of the log, the oldest first.
    pub(in crate::storage) segments: Vec<Found>,
    /// Those that are behind it, or cannot be used.
    pub(in crate::storage) rest: Vec<u64>,
    /// What the groups up to the first damaged one tell; nothing if not even
    /// the first segment has a header.
    pub(in crate::storage) replay: Option<Replay>,
    /// The sequence number of the first group that is not there.
    pub(in crate::storage) missing: u64,
    /// Whether nothing was ever written behind the last group.
    pub(in crate::storage) ends_in_zeros: bool,
    /// The highest sequence number among the groups behind the end.
    pub(in crate::storage) later: Option<u64>,
    /// A segment is missing or damaged as a whole.
    pub(in crate::storage) is_broken: bool,
    /// A group that is whole and cannot follow the ones before it.
    contradiction: Option<u64>,
    /// No group from here on is taken.
    stop: u64,
}

/// A segment that was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::storage) struct Found {
    pub(in crate::storage) header: SegmentHeader,
    /// Where its last group ends, in bytes.
    pub(in crate::storage) end: usize,
    /// How long it is.
    pub(in crate::storage) length: usize,
}

/// Reads all segments, given with their lengths in the order of their numbers.
/// What cannot be read counts as damaged.
///
/// # Errors
///
/// [`DiskError::Missing`], which no file is that was just listed.
pub(in crate::storage) fn scan(
    disk: &mut impl Disk,
    (cluster, instance): (Hash128, Hash128),
    files: &[(u64, u64)],
) -> Result<Scan, DiskError> {
    let scan = scan_before(disk, (cluster, instance), files, u64::MAX)?;
    match scan.contradiction {
        // Half of a group must not count.
        Some(sequence) => Ok(Scan {
            is_broken: true,
            ..scan_before(disk, (cluster, instance), files, sequence)?
        }),
        None => Ok(scan),
    }
}

/// The same, as if the group `stop` and all behind it were damaged.
fn scan_before(
    disk: &mut impl Disk,
    (cluster, instance): (Hash128, Hash128),
    files: &[(u64, u64)],
    stop: u64,
) -> Result<Scan, DiskError> {
    let mut scan = Scan {
        segments: Vec::new(),
        rest: Vec::new(),
        replay: None,
        missing: 1,
        ends_in_zeros: true,
        later: None,
        is_broken: files.is_empty(),
        contradiction: None,
        stop,
    };
    let mut has_ended = false;
    for (number, length) in files {
        let content = read_segment(disk, *number, *length)?;
        let header = segment::decode(&content).filter(|header| {
            (header.cluster, header.instance) == (cluster, instance) && header.number == *number
        });
        match header {
            Some(header) if !has_ended && scan.goes_on_with(&header) => {
                scan.read_groups(header, &content);
            }
            _ => {
                has_ended = true;
                scan.is_broken = true;
                scan.rest.push(*number);
                scan.look_for_later(*number, BLOCK_BYTES, &content);
            }
        }
    }
    Ok(scan)
}

/// The whole segment. What cannot be read is neither valid nor zero.
fn read_segment(disk: &mut impl Disk, number: u64, length: u64) -> Result<Vec<u8>, DiskError> {
    let file = FileName::Segment(number);
    let mut content = vec![0xFF; usize::try_from(length).unwrap_or(0)];
    match disk.read(file, 0, &mut content) {
        Ok(_) => return Ok(content),
        Err(DiskError::Missing) => return Err(DiskError::Missing),
        Err(_) => {}
    }
    let mut offset = 0;
    for block in content.chunks_mut(BLOCK_BYTES) {
        if disk.read(file, offset, block).is_err() {
            block.fill(0xFF);
        }
        offset += BLOCK_BYTES as u64;
    }
    Ok(content)
}

impl Scan {
    fn goes_on_with(&mut self, header: &SegmentHeader) -> bool {
        let (Some(replay), Some(last)) = (&self.replay, self.segments.last()) else {
            self.missing = header.first_group;
            // What has begun in a segment that is gone cannot be completed.
            let is_beginning = !header.is_installing;
            self.replay = is_beginning.then(|| Replay::new(header));
            return is_beginning;
        };
        let follows = header.number == last.header.number + 1
            && header.first_group == self.missing
            && replay.leads_to(header);
        if !follows && header.first_group > self.missing {
            // It is made when all groups before it are synced.
            self.later = self.later.max(Some(header.first_group));
        }
        follows
    }

    fn read_groups(&mut self, header: SegmentHeader, content: &[u8]) {
        let number = header.number;
        let mut end = BLOCK_BYTES;
        while let ControlFlow::Continue(size) = self.read_group(number, end, content) {
            self.missing += 1;
            end += size;
        }
        let length = content.len();
        self.segments.push(Found {
            header,
            end,
            length,
        });
        self.ends_in_zeros = content[end..].iter().all(|byte| *byte == 0);
        self.look_for_later(number, end, content);
    }

    /// Takes the group that comes next, and tells how much it takes.
    fn read_group(&mut self, number: u64, at: usize, content: &[u8]) -> ControlFlow<(), usize> {
        let whole = whole_group(number, at, content, self.missing);
        let (Some((size, records)), Some(replay)) = (whole, &mut self.replay) else {
            return ControlFlow::Break(());
        };
        if self.missing >= self.stop {
            return ControlFlow::Break(());
        }
        for record in records {
            if replay.apply(record).is_err() {
                self.contradiction = Some(self.missing);
                return ControlFlow::Break(());
            }
        }
        ControlFlow::Continue(size)
    }

    /// Looks for groups that were written behind the first damaged one.
    fn look_for_later(&mut self, number: u64, from: usize, content: &[u8]) {
        let blocks = content.get(from..).unwrap_or_default().chunks(BLOCK_BYTES);
        for (block, offset) in blocks.zip((from as u64..).step_by(BLOCK_BYTES)) {
            let header = group::header_at(block, number, offset);
            self.later = self.later.max(header.map(|header| header.sequence));
        }
    }
}

fn whole_group(
    number: u64,
    at: usize,
    content: &[u8],
    sequence: u64,
) -> Option<(usize, Vec<WalRecord>)> {
    let group = content.get(at..)?;
    let header = group::header_at(group, number, at as u64)?;
    if header.sequence != sequence {
        return None;
    }
    let body = group::body_of(&header, &group[HEADER_BYTES..])?;
    debug_assert!(body.len() >= EMPTY_BODY_BYTES);
    let records = group::records_of(body)?;
    Some((group::blocks_for(body.len()), records))
}
