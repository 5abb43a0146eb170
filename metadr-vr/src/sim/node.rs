//! A simulated process: its replica, its disk, and whether it runs at all.

use super::model::Registers;
use super::random::Random;
use crate::wire::{EpochView, Hash128, Image, Incarnation, Life, META_FORMAT, Member, Meta};
use crate::{Boot, Options, Outputs, Replica, Start, Tick, hash128};
use std::collections::VecDeque;

/// What is left of a replica when its process is gone, and what surrounds it
/// while it runs.
#[derive(Debug)]
pub(super) struct Node {
    /// What is on its disk for good.
    disk: Meta,
    /// What is on its way there, in order.
    writing: VecDeque<Meta>,
    /// Written at a clean stop, and gone at the next start.
    image: Option<Image>,
    /// Which run of the process this is: what an earlier one planned is void.
    pub(super) run: u64,
    /// It does nothing until then.
    pub(super) paused_until: Tick,
    /// It has work that waits for the end of the tick.
    pub(super) is_dirty: bool,
    /// The earliest planned timer that is still to come.
    pub(super) timer: Option<u64>,
}

/// The meta data of a replica that never ran.
pub(super) fn meta(cluster: Hash128, id: u32, count: u32) -> Meta {
    let address = String::new();
    Meta {
        format: META_FORMAT,
        sequence: 1,
        cluster,
        id,
        instance: hash128(&[&cluster, &id.to_be_bytes()]),
        incarnation: Incarnation {
            counter: 1,
            random: u64::from(id),
        },
        life: Life::Running,
        promise: EpochView::default(),
        voters: (0..count)
            .map(|id| Member {
                id,
                address: address.clone(),
            })
            .collect(),
        peers: Vec::new(),
    }
}

impl Node {
    /// A process that starts for the first time.
    pub(super) fn new(meta: Meta) -> Self {
        Self {
            disk: meta,
            writing: VecDeque::new(),
            image: None,
            run: 1,
            paused_until: Tick(0),
            is_dirty: false,
            timer: None,
        }
    }

    /// The promise that no loss of memory takes away.
    pub(super) fn promise(&self) -> EpochView {
        self.disk.promise
    }

    /// Starts the replica for the first time.
    pub(super) fn start(&self, options: &Options, now: Tick) -> (Replica<Registers>, Outputs) {
        self.boot(Start::New, options, now)
    }

    /// Takes the process away. Of the writes on their way to the disk some
    /// get there, the earlier ones first.
    pub(super) fn crash(&mut self, random: &mut Random) {
        let writing = self.writing.len() as u64;
        for _ in 0..random.between(0, writing) {
            self.synced();
        }
        self.end();
    }

    /// The process has ended cleanly. With an image, it remembers everything.
    pub(super) fn stopped(&mut self, image: Option<Image>) {
        while !self.writing.is_empty() {
            self.synced();
        }
        self.image = image;
        self.end();
    }

    /// Starts the process again.
    pub(super) fn restart(
        &mut self,
        options: &Options,
        now: Tick,
    ) -> (Replica<Registers>, Outputs) {
        self.disk.incarnation.counter += 1;
        self.disk.incarnation.random = self.run;
        self.disk.sequence += 1;
        let start = self.image.take().map_or(Start::Forgotten, Start::Kept);
        self.boot(start, options, now)
    }

    /// Begins to write; tells which update it is.
    pub(super) fn write(&mut self, meta: Meta) -> u64 {
        let sequence = meta.sequence;
        self.writing.push_back(meta);
        sequence
    }

    /// The oldest write on its way is on the disk. Returns its sequence number.
    pub(super) fn synced(&mut self) -> Option<u64> {
        self.disk = self.writing.pop_front()?;
        Some(self.disk.sequence)
    }

    fn end(&mut self) {
        self.writing.clear();
        self.run += 1;
        self.paused_until = Tick(0);
        self.is_dirty = false;
        self.timer = None;
    }

    fn boot(&self, start: Start, options: &Options, now: Tick) -> (Replica<Registers>, Outputs) {
        let boot = Boot::new(self.disk.clone(), start);
        let seed = u64::from(self.disk.id) << 32 | self.run;
        let wall_ms = now.0 * Tick::MILLIS;
        Replica::new(
            boot,
            Registers::default(),
            options.clone(),
            seed,
            now,
            wall_ms,
        )
    }
}
