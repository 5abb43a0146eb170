//! The files of one replica in use.

use super::disk::{Disk, DiskError, FileName};
use super::image;
use super::meta_file::MetaFile;
use super::new_file::NewFile;
use super::options::{StoreError, StoreOptions};
use super::snapshots::{Snapshots, Wrote as WroteSnapshot};
use super::wal::{Writer, Wrote};
use crate::outputs::{Persist, Ticket};
use crate::wire::{Hash128, Image, Life, Meta, OpNumber, Snapshot};
use std::collections::VecDeque;

/// The files of one replica in use.
///
/// [`Store::open`] once; then [`Store::submit`] what the replica wants written,
/// and call [`Store::step`] until it is idle, after each [`Store::submit`]
/// again. Each step does one thing that can take the disk's time, so that what
/// is submitted meanwhile gathers, and is written together. At the end
/// [`Store::close`], and [`Store::step`] until it is idle.
#[derive(Clone, Debug)]
pub struct Store<D> {
    pub(super) disk: D,
    pub(super) options: StoreOptions,
    /// As it is, or will be, on disk.
    pub(super) meta: Meta,
    pub(super) meta_file: MetaFile,
    /// Whether `meta` has changed since an update was begun, and what is to be
    /// reported when it is there.
    pub(super) meta_waits: bool,
    pub(super) meta_ticket: Option<Ticket>,
    /// What the update on its way stands for.
    pub(super) updating: Option<Ticket>,
    /// In durable mode.
    pub(super) wal: Option<Writer>,
    pub(super) snapshots: Snapshots,
    /// What has to wait for a snapshot to be on disk, in order.
    pub(super) held: VecDeque<(Ticket, Persist)>,
    /// The last tickets of the log: what was asked for, and what is on disk.
    pub(super) log_asked: u64,
    pub(super) log_synced: u64,
    /// How many steps the log was written for since a snapshot's turn.
    pub(super) log_steps: u8,
    /// Whether a name was removed since the directory was synced.
    pub(super) has_removed: bool,
    /// Whether the last attempt to make room has failed, and whether that was
    /// not tried again since.
    pub(super) is_full: bool,
    pub(super) is_blocked: bool,
    pub(super) closing: Option<Closing>,
    /// After this nothing is known of the disk.
    pub(super) failed: Option<StoreError>,
}

#[derive(Clone, Debug)]
pub(super) enum Closing {
    /// First what was submitted, then the image, then that it counts.
    Image(NewFile, Hash128),
    Meta(Hash128),
    Done,
}

/// What [`Store::step`] has done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// There is nothing to do, or nothing that can be done until
    /// [`Store::retry`].
    Idle,
    /// A part of the work.
    Working,
    /// What has this ticket is on disk, and all before it in its stream.
    Persisted(Ticket),
    /// The disk is full, or is not any more. What was submitted and needs room
    /// waits for [`Store::retry`].
    Full(bool),
}

impl<D: Disk> Store<D> {
    /// Takes something to write.
    ///
    /// # Panics
    ///
    /// If the log is to be written in memory mode, or after [`Store::close`].
    pub fn submit(&mut self, ticket: Ticket, persist: Persist) {
        assert!(self.closing.is_none(), "the store was closed");
        match persist {
            Persist::Meta(meta) => {
                self.meta = *meta;
                self.meta_waits = true;
                self.meta_ticket = Some(ticket);
            }
            Persist::Snapshot(snapshot) => {
                assert!(self.wal.is_some(), "memory mode has no snapshots on disk");
                let after = self.log_asked;
                self.snapshots.submit(ticket, *snapshot, after);
            }
            other => self.submit_log(ticket, other),
        }
    }

    /// An install with a snapshot needs that first, and what follows needs the
    /// install.
    fn submit_log(&mut self, ticket: Ticket, persist: Persist) {
        let wal = self.wal.as_mut().expect("memory mode has no log on disk");
        self.log_asked = ticket.number;
        if let Persist::Install(install) = &persist
            && let Some(snapshot) = &install.snapshot
        {
            self.snapshots.submit_for_install(Snapshot::clone(snapshot));
            self.held.push_back((ticket, persist));
        } else if self.held.is_empty() {
            wal.submit(ticket, persist);
        } else {
            self.held.push_back((ticket, persist));
        }
    }

    /// The snapshot of `op` is on disk: goes on up to what waits for another.
    fn release(&mut self, op: OpNumber) {
        let Some(wal) = &mut self.wal else {
            return;
        };
        while let Some((_, persist)) = self.held.front() {
            if let Persist::Install(install) = persist
                && install.snapshot.is_some()
                && install.base.op != op
            {
                return;
            }
            if let Some((ticket, persist)) = self.held.pop_front() {
                wal.submit(ticket, persist);
            }
        }
    }

    /// Does the next thing.
    ///
    /// # Errors
    ///
    /// The disk has failed, and nobody knows what is on it: the replica must
    /// end. All further steps fail as well.
    pub fn step(&mut self) -> Result<Step, StoreError> {
        if let Some(error) = &self.failed {
            return Err(error.clone());
        }
        let step = self.next_step();
        if let Err(error) = &step {
            self.failed = Some(error.clone());
        }
        step
    }

    /// Tries again what had no room.
    pub fn retry(&mut self) {
        self.is_blocked = false;
    }

    /// Has the end of the log written down where damage of the log does not
    /// hurt it, if it has moved. To be called now and then: without it, damage
    /// of the last group cannot be told from a write that was interrupted.
    pub fn note_end(&mut self) {
        let synced = self.wal.as_ref().map_or(0, Writer::synced);
        if synced > self.meta.wal_synced && self.closing.is_none() {
            self.meta_waits = true;
        }
    }

    /// Ends it: what was submitted is written, and what else the next start
    /// needs to go on from here. In memory mode that is `image`.
    pub fn close(&mut self, image: &Image) {
        assert!(self.closing.is_none(), "the store was closed");
        self.closing = Some(match self.wal {
            Some(_) => Closing::Meta(Hash128::default()),
            None => {
                let (file, hash) = image::new_file(image);
                Closing::Image(file, hash)
            }
        });
    }

    /// Whether all is written that [`Store::close`] has to.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        let is_written = !self.meta_waits && !self.meta_file.is_busy();
        matches!(self.closing, Some(Closing::Done)) && is_written
    }

    /// The meta data as it is, or will be, on disk.
    #[must_use]
    pub fn meta(&self) -> &Meta {
        &self.meta
    }

    /// The disk.
    #[must_use]
    pub fn disk(&self) -> &D {
        &self.disk
    }

    /// The disk, for a caller that lets it fail.
    pub fn disk_mut(&mut self) -> &mut D {
        &mut self.disk
    }

    /// The disk, after the process has ended.
    #[must_use]
    pub fn into_disk(self) -> D {
        self.disk
    }

    fn next_step(&mut self) -> Result<Step, StoreError> {
        if self.meta_file.is_busy() || self.meta_waits {
            return self.step_meta();
        }
        // Under load the log leaves every third step to a snapshot.
        let is_settled = self.wal.as_ref().is_none_or(Writer::is_settled);
        let has_turn = is_settled && self.log_steps >= 4;
        if has_turn && let Some(step) = self.step_snapshots()? {
            return Ok(step);
        }
        if let Some(step) = self.step_log()? {
            self.log_steps = self.log_steps.saturating_add(1);
            return Ok(step);
        }
        if let Some(step) = self.step_snapshots()? {
            return Ok(step);
        }
        self.step_close()
    }

    /// A promise waits for one write of something else at most.
    fn step_meta(&mut self) -> Result<Step, StoreError> {
        if !self.meta_file.is_busy() {
            // All that gathered is in the newest.
            self.meta.wal_synced = self.wal.as_ref().map_or(0, Writer::synced);
            self.meta_file.begin(&mut self.meta)?;
            self.meta_waits = false;
            self.updating = self.meta_ticket.take();
        }
        let step = self.meta_file.step(&mut self.disk);
        if step.map_err(StoreError::of(FileName::Meta))? {
            return Ok(self.updating.take().map_or(Step::Working, Step::Persisted));
        }
        Ok(Step::Working)
    }

    fn step_log(&mut self) -> Result<Option<Step>, StoreError> {
        let Some(wal) = &mut self.wal else {
            return Ok(None);
        };
        let mut wrote = wal.step(&mut self.disk, !self.is_blocked);
        if wrote == Ok(Wrote::Nothing) && !self.is_blocked && self.closing.is_none() {
            wrote = wal.prepare(&mut self.disk);
        }
        match wrote {
            Ok(Wrote::Nothing) => Ok(None),
            Ok(Wrote::Something) => Ok(Some(Step::Working)),
            Ok(Wrote::Synced(ticket)) => {
                self.log_synced = ticket.number;
                Ok(Some(Step::Persisted(ticket)))
            }
            Ok(Wrote::MadeRoom) => Ok(Some(self.set_full(false))),
            Err(DiskError::Full) => {
                self.is_blocked = true;
                Ok(Some(self.set_full(true)))
            }
            Err(error) => Err(StoreError::of(wal.file())(error)),
        }
    }

    fn step_snapshots(&mut self) -> Result<Option<Step>, StoreError> {
        self.log_steps = 0;
        if !self.is_blocked && self.snapshots.is_ready(self.log_synced) {
            return match self.snapshots.step(&mut self.disk) {
                Ok(WroteSnapshot::Something) => Ok(Some(Step::Working)),
                Ok(WroteSnapshot::Snapshot(op, ticket)) => {
                    self.release(op);
                    Ok(Some(ticket.map_or(Step::Working, Step::Persisted)))
                }
                Err(DiskError::Full) => {
                    self.is_blocked = true;
                    Ok(Some(self.set_full(true)))
                }
                Err(error) => Err(StoreError::of(FileName::NewSnapshot)(error)),
            };
        }
        self.step_remove()
    }

    /// Removes what the two newest snapshots do not need.
    fn step_remove(&mut self) -> Result<Option<Step>, StoreError> {
        let Some(wal) = self.wal.as_mut().filter(|_| self.held.is_empty()) else {
            return Ok(None);
        };
        if let [.., keep, _] = *self.snapshots.kept() {
            let removed = self.snapshots.remove_before(&mut self.disk, keep);
            let removed = match removed.map_err(StoreError::of(FileName::Snapshot(keep)))? {
                false => {
                    let removed = wal.remove_before(&mut self.disk, keep);
                    removed.map_err(StoreError::of(FileName::Segment(0)))?
                }
                true => true,
            };
            if removed {
                (self.has_removed, self.is_blocked) = (true, false);
                return Ok(Some(Step::Working));
            }
        }
        if !std::mem::take(&mut self.has_removed) {
            return Ok(None);
        }
        let synced = self.disk.sync_directory();
        synced.map_err(StoreError::of(FileName::Segment(0)))?;
        Ok(Some(Step::Working))
    }

    /// Tells of a change once.
    fn set_full(&mut self, is_full: bool) -> Step {
        if std::mem::replace(&mut self.is_full, is_full) == is_full {
            return Step::Working;
        }
        Step::Full(is_full)
    }

    fn step_close(&mut self) -> Result<Step, StoreError> {
        let is_log_written = self.wal.as_ref().is_none_or(Writer::is_idle);
        let is_written = is_log_written && self.held.is_empty();
        match &mut self.closing {
            Some(Closing::Image(file, hash)) if is_written => {
                let hash = *hash;
                let step = file.step(&mut self.disk);
                if step.map_err(StoreError::of(FileName::Image))? {
                    self.closing = Some(Closing::Meta(hash));
                }
                Ok(Step::Working)
            }
            Some(Closing::Meta(hash)) if is_written => {
                self.meta.life = Life::CleanShutdown(*hash);
                self.meta_waits = true;
                self.closing = Some(Closing::Done);
                Ok(Step::Working)
            }
            _ => Ok(Step::Idle),
        }
    }
}
