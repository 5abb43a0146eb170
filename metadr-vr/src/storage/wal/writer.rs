//! Writing the log, one blocking step at a time.

use super::group::{self, EMPTY_BODY_BYTES, HEADER_BYTES};
use super::reader::Found;
use super::{BLOCK_BYTES, LogEnd, segment};
use crate::options::bug;
use crate::outputs::{Install, Persist, Ticket};
use crate::storage::disk::{Disk, DiskError, FileName};
use crate::storage::new_file::NewFile;
use crate::storage::options::StoreOptions;
use crate::wire::{Hash128, Installed, OpNumber, SegmentHeader, WAL_FORMAT, WalRecord};
use std::collections::VecDeque;

/// The log on its way to the disk.
#[derive(Clone, Debug)]
pub(in crate::storage) struct Writer {
    cluster: Hash128,
    instance: Hash128,
    options: StoreOptions,
    /// What is not written yet. What a ticket stands for ends with its record.
    queue: VecDeque<(WalRecord, Option<Ticket>)>,
    /// The oldest first; the last one is written to.
    segments: VecDeque<SegmentHeader>,
    /// Where the next group goes, and where there is no more room.
    offset: usize,
    length: usize,
    /// Its sequence number.
    sequence: u64,
    /// Where all groups that were written lead to.
    end: LogEnd,
    /// The segment in which the last install with a snapshot has begun: none
    /// before it is needed.
    anchored_in: Option<u64>,
    begun_in: u64,
    phase: Phase,
    spare: Spare,
}

#[derive(Clone, Debug)]
enum Phase {
    Ready,
    /// A group is written and not synced. The ticket is that of its last record
    /// that has one.
    Written(Option<Ticket>),
    /// The next segment is opened.
    Opening(Box<(NewFile, SegmentHeader)>),
}

/// What will be the next segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Spare {
    Missing,
    Unsynced,
    There,
}

/// What a step has done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::storage) enum Wrote {
    /// Nothing: there is nothing to do.
    Nothing,
    /// Something, and there may be more to do.
    Something,
    /// The next segment, for which there was room.
    MadeRoom,
    /// What belongs to this ticket is on disk, and all before it.
    Synced(Ticket),
}

impl Writer {
    /// Goes on after what was found.
    pub(in crate::storage) fn new(
        (cluster, instance): (Hash128, Hash128),
        options: StoreOptions,
        segments: &[Found],
        sequence: u64,
        end: LogEnd,
    ) -> Self {
        let last = segments.last().expect("a log has a segment");
        Self {
            cluster,
            instance,
            options,
            queue: VecDeque::new(),
            segments: segments.iter().map(|found| found.header.clone()).collect(),
            offset: last.end,
            length: last.length,
            sequence,
            end,
            anchored_in: None,
            begun_in: 0,
            phase: Phase::Ready,
            spare: Spare::Missing,
        }
    }

    /// Adds what has to be written; not meta data.
    pub(in crate::storage) fn submit(&mut self, ticket: Ticket, persist: Persist) {
        match persist {
            Persist::Append(entries) => {
                let records = entries.into_iter().map(WalRecord::Appended);
                self.queue.extend(records.map(|record| (record, None)));
            }
            Persist::Install(install) => self.submit_install(*install),
            Persist::Meta(_) | Persist::Snapshot(_) => panic!("not a part of the log"),
        }
        if let Some(last) = self.queue.back_mut() {
            last.1 = Some(ticket);
        }
    }

    fn submit_install(&mut self, install: Install) {
        let Install {
            last_normal,
            base,
            snapshot,
            entries,
        } = install;
        self.queue.push_back((WalRecord::InstallBegun, None));
        let records = entries.into_iter().map(WalRecord::Installing);
        self.queue.extend(records.map(|record| (record, None)));
        let is_anchored = snapshot.is_some();
        let installed = Installed {
            last_normal,
            base,
            is_anchored,
        };
        self.queue
            .push_back((WalRecord::Installed(installed), None));
    }

    /// Whether everything that was handed in is on disk.
    pub(in crate::storage) fn is_idle(&self) -> bool {
        self.queue.is_empty() && matches!(self.phase, Phase::Ready)
    }

    /// The sequence number of the last group that is on disk.
    pub(in crate::storage) fn synced(&self) -> u64 {
        match self.phase {
            Phase::Written(_) => self.sequence - 2,
            _ => self.sequence - 1,
        }
    }

    /// Does the next thing for what was handed in. `may_grow` says whether it
    /// may take more room on the disk.
    ///
    /// # Errors
    ///
    /// Those of the disk. After [`DiskError::Full`] it can be called again.
    pub(in crate::storage) fn step(
        &mut self,
        disk: &mut impl Disk,
        may_grow: bool,
    ) -> Result<Wrote, DiskError> {
        match &mut self.phase {
            Phase::Written(ticket) => {
                let ticket = *ticket;
                let synced = disk.sync(FileName::Segment(self.present()));
                if !bug!(self.options, P25) {
                    synced?;
                }
                self.phase = Phase::Ready;
                Ok(ticket.map_or(Wrote::Something, Wrote::Synced))
            }
            Phase::Opening(opening) => {
                let (file, header) = &mut **opening;
                if file.step(disk)? {
                    self.segments.push_back(header.clone());
                    (self.offset, self.length) = (BLOCK_BYTES, self.options.segment_bytes);
                    self.phase = Phase::Ready;
                }
                Ok(Wrote::Something)
            }
            Phase::Ready => match self.queue.front() {
                None => Ok(Wrote::Nothing),
                Some((record, _)) => {
                    let least = EMPTY_BODY_BYTES + group::record_bytes(record);
                    if self.offset + group::blocks_for(least) <= self.length {
                        self.write_group(disk)?;
                        return Ok(Wrote::Something);
                    }
                    if self.spare == Spare::Missing && !may_grow {
                        return Ok(Wrote::Nothing);
                    }
                    self.next_segment(disk, least)
                }
            },
        }
    }

    /// Makes the next segment before there is need for it.
    ///
    /// # Errors
    ///
    /// Those of the disk. After [`DiskError::Full`] it can be called again.
    pub(in crate::storage) fn prepare(&mut self, disk: &mut impl Disk) -> Result<Wrote, DiskError> {
        if self.offset < self.length / 2 || self.spare == Spare::There {
            return Ok(Wrote::Nothing);
        }
        self.make_spare(disk)
    }

    /// The file that the next step is about, as far as it can be told before.
    pub(in crate::storage) fn file(&self) -> FileName {
        match self.phase {
            Phase::Opening(..) => FileName::SpareSegment,
            _ => FileName::Segment(self.present()),
        }
    }

    /// Whether nothing is written and not synced.
    pub(in crate::storage) fn is_settled(&self) -> bool {
        matches!(self.phase, Phase::Ready)
    }

    /// Removes the oldest segment, if the log after op `keep` does not need it,
    /// nor what has been written since. Returns whether there was one.
    ///
    /// # Errors
    ///
    /// Those of the disk.
    pub(in crate::storage) fn remove_before(
        &mut self,
        disk: &mut impl Disk,
        keep: OpNumber,
    ) -> Result<bool, DiskError> {
        let (Some(oldest), Some(next)) = (self.segments.front(), self.segments.get(1)) else {
            return Ok(false);
        };
        let is_reached = next.head.op <= keep && !next.is_installing;
        let is_replaced = self.anchored_in.is_some_and(|begun| next.number <= begun);
        if !(is_reached || is_replaced) {
            return Ok(false);
        }
        disk.remove(FileName::Segment(oldest.number))?;
        self.segments.pop_front();
        Ok(true)
    }

    fn note(&mut self, record: &WalRecord) {
        match record {
            WalRecord::InstallBegun => self.begun_in = self.present(),
            WalRecord::Installed(installed) if installed.is_anchored => {
                self.anchored_in = Some(self.begun_in);
            }
            _ => {}
        }
        self.end.note(record);
    }

    fn present(&self) -> u64 {
        self.segments.back().map_or(0, |header| header.number)
    }

    fn write_group(&mut self, disk: &mut impl Disk) -> Result<(), DiskError> {
        let room = self.length - self.offset - HEADER_BYTES;
        let (mut size, mut ticket, mut records) = (EMPTY_BODY_BYTES, None, Vec::new());
        while let Some((record, _)) = self.queue.front() {
            let more = size + group::record_bytes(record);
            let is_enough = more > room || more > self.options.group_bytes;
            if is_enough && !records.is_empty() {
                break;
            }
            size = more;
            let (record, belongs_to) = self.queue.pop_front().expect("it was seen");
            ticket = belongs_to.or(ticket);
            self.note(&record);
            records.push(record);
        }
        let offset = self.offset as u64;
        let (header, body) = group::encode(self.present(), offset, self.sequence, records);
        debug_assert_eq!(body.len(), size);
        let file = FileName::Segment(self.present());
        disk.write(file, offset, &[&header, &body])?;
        self.offset += group::blocks_for(size);
        self.sequence += 1;
        self.phase = Phase::Written(ticket);
        Ok(())
    }

    fn next_segment(&mut self, disk: &mut impl Disk, least: usize) -> Result<Wrote, DiskError> {
        let largest = self.options.segment_bytes - BLOCK_BYTES;
        assert!(
            group::blocks_for(least) <= largest,
            "an entry is larger than a segment"
        );
        if self.spare != Spare::There {
            return self.make_spare(disk);
        }
        let header = SegmentHeader {
            format: WAL_FORMAT,
            cluster: self.cluster,
            instance: self.instance,
            number: self.present() + 1,
            first_group: self.sequence,
            last_normal: self.end.last_normal,
            head: self.end.head.clone(),
            is_installing: self.end.is_installing(),
        };
        let name = FileName::Segment(header.number);
        let content = segment::encode(&header);
        let file = NewFile::over_spare(FileName::SpareSegment, name, content);
        self.spare = Spare::Missing;
        self.phase = Phase::Opening(Box::new((file, header)));
        self.step(disk, false)
    }

    fn make_spare(&mut self, disk: &mut impl Disk) -> Result<Wrote, DiskError> {
        if self.spare == Spare::Missing {
            let length = self.options.segment_bytes as u64;
            disk.create(FileName::SpareSegment, length)?;
            self.spare = Spare::Unsynced;
            return Ok(Wrote::MadeRoom);
        }
        disk.sync(FileName::SpareSegment)?;
        self.spare = Spare::There;
        Ok(Wrote::Something)
    }
}

/// The first segment of a log, complete.
pub(in crate::storage) fn first_segment(
    (cluster, instance): (Hash128, Hash128),
    number: u64,
    sequence: u64,
    options: &StoreOptions,
) -> (NewFile, Found) {
    let end = LogEnd::of_new(cluster);
    let header = SegmentHeader {
        format: WAL_FORMAT,
        cluster,
        instance,
        number,
        first_group: sequence,
        last_normal: end.last_normal,
        head: end.head,
        is_installing: false,
    };
    let file = NewFile::new(
        FileName::SpareSegment,
        FileName::Segment(number),
        segment::encode(&header),
        options.segment_bytes as u64,
    );
    let (end, length) = (BLOCK_BYTES, options.segment_bytes);
    (
        file,
        Found {
            header,
            end,
            length,
        },
    )
}

/// The same segment once more, with nothing behind its last group.
///
/// # Errors
///
/// Those of the disk.
pub(in crate::storage) fn rewritten(
    disk: &mut impl Disk,
    found: &Found,
) -> Result<NewFile, DiskError> {
    let name = FileName::Segment(found.header.number);
    let mut content = vec![0; found.end];
    disk.read(name, 0, &mut content)?;
    let length = found.length as u64;
    Ok(NewFile::new(FileName::SpareSegment, name, content, length))
}
