//! A simulated process: its disk, its clock, and whether it runs at all.

use super::clock::Clock;
use super::disk::Disk;
use crate::meta::MetaError;
use crate::wire::{Durability, EpochView, Hash128, Incarnation, Life, META_FORMAT, Member, Meta};
use crate::{Options, Outputs, Replica, Start, StateMachine, Tick, hash128};

/// What is left of a replica when its process is gone, and what surrounds it
/// while it runs.
#[derive(Debug)]
pub(super) struct Node {
    pub(super) disk: Disk,
    pub(super) clock: Clock,
    /// Which run of the process this is: what an earlier one planned is void.
    pub(super) run: u64,
    /// It does nothing until then.
    pub(super) paused_until: Tick,
    /// It has work that waits for the end of the tick.
    pub(super) is_dirty: bool,
    /// The earliest planned timer that is still to come.
    pub(super) timer: Option<u64>,
    /// What its replica was doing when it was last looked at.
    pub(super) is_staging: bool,
    pub(super) is_recovering: bool,
    /// Its replica says that too many have lost their memory.
    pub(super) reports_loss: bool,
    /// It does not know any more that it was here.
    pub(super) has_lost_disk: bool,
    /// It never comes back.
    pub(super) is_gone: bool,
}

/// What a start finds.
pub(super) struct Started<S: StateMachine> {
    pub(super) replica: Replica<S>,
    pub(super) outputs: Outputs,
    /// The promise that was on the disk.
    pub(super) promise: EpochView,
    /// Whether the process has run before, and left nothing but its promise.
    pub(super) has_forgotten: bool,
}

/// The meta data of a replica that never ran.
pub(super) fn meta(cluster: Hash128, id: u32, count: u32) -> Meta {
    let member = |id| Member {
        id,
        address: String::new(),
    };
    Meta {
        format: META_FORMAT,
        sequence: 1,
        cluster,
        id,
        instance: hash128(&[&cluster, &id.to_be_bytes()]),
        incarnation: Incarnation::default(),
        life: Life::Formatted,
        mode: Durability::Memory,
        promise: EpochView::default(),
        rebuilding: false,
        wal_synced: 0,
        voters: (0..count).map(member).collect(),
        peers: Vec::new(),
    }
}

impl Node {
    pub(super) fn new(disk: Disk, clock: Clock) -> Self {
        Self {
            disk,
            clock,
            run: 0,
            paused_until: Tick(0),
            is_dirty: false,
            timer: None,
            is_staging: false,
            is_recovering: false,
            reports_loss: false,
            has_lost_disk: false,
            is_gone: false,
        }
    }

    /// The promise that no loss of memory takes away.
    pub(super) fn promise(&self) -> EpochView {
        self.disk.synced().promise
    }

    /// In how many ticks the process gets to run; 0 is now.
    pub(super) fn idle(&self, now: Tick) -> u64 {
        self.paused_until.since(now).max(self.clock.idle(now))
    }

    /// Starts the process.
    ///
    /// # Errors
    ///
    /// It cannot read its disk.
    pub(super) fn start<S: StateMachine>(
        &mut self,
        machine: S,
        options: &Options,
        now: Tick,
    ) -> Result<Started<S>, MetaError> {
        self.run += 1;
        let (found, start) = self.disk.start(self.run)?;
        let has_forgotten = start == Start::Forgotten;
        let seed = u64::from(found.id) << 32 | self.run;
        let (replica, outputs) = Replica::new(
            self.disk.boot(start),
            machine,
            options.clone(),
            seed,
            self.clock.local(now),
            self.clock.wall_ms(now),
        );
        Ok(Started {
            replica,
            outputs,
            promise: found.promise,
            has_forgotten,
        })
    }

    /// The process is gone.
    pub(super) fn end(&mut self) {
        self.run += 1;
        self.paused_until = Tick(0);
        self.is_dirty = false;
        self.timer = None;
        self.is_staging = false;
        self.is_recovering = false;
        self.reports_loss = false;
    }
}
