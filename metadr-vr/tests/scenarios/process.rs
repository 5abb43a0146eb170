//! A process of a scenario: its replica, while it runs, and its disk, which
//! stays.

use crate::support::CLUSTER;
use crate::support::{Words, boot, meta};
use metadr_vr::wire::{Durability, EpochView, Image, Meta, ReplicaId};
use metadr_vr::{
    Boot, Log, Options, Outputs, Persist, Replica, Start, Stream, Tick, Ticket, hash128,
};
use std::collections::VecDeque;

pub(crate) struct Process {
    /// None while the process is down.
    pub(crate) replica: Option<Replica<Words>>,
    /// It neither gets messages nor notices that time passes.
    pub(crate) is_paused: bool,
    /// What it writes does not get to its disk for now.
    pub(crate) is_disk_slow: bool,
    /// Its log does not, but what it promises does.
    pub(crate) is_log_slow: bool,
    disk: Meta,
    /// The log on its disk, and the view that it is of. In durable mode alone.
    log: Log,
    last_normal: EpochView,
    /// What is on its way there, in order.
    writing: VecDeque<(Ticket, Persist)>,
    /// The memory of a process that was stopped or saved, for its next start.
    image: Option<Image>,
    /// It has no files: they are made at its next start.
    is_wiped: bool,
    /// How often it was started before.
    runs: u64,
}

impl Process {
    /// The first start of replica `id` of a group of `count`. Nothing comes of it.
    pub(crate) fn new(id: ReplicaId, count: u32, mode: Durability, options: &Options) -> Self {
        let mut process = Self {
            replica: None,
            is_paused: false,
            is_disk_slow: false,
            is_log_slow: false,
            disk: Meta {
                mode,
                ..boot(id, count).meta
            },
            log: Log::new(CLUSTER),
            last_normal: EpochView::default(),
            writing: VecDeque::new(),
            image: None,
            is_wiped: false,
            runs: 0,
        };
        process.boot(Start::New, options, Tick(0));
        process
    }

    /// Starts it again, from what is on its disk.
    pub(crate) fn start(&mut self, options: &Options, now: Tick) -> Outputs {
        assert!(self.replica.is_none(), "it runs");
        self.runs += 1;
        if std::mem::take(&mut self.is_wiped) {
            let voters = u32::try_from(self.disk.voters.len()).expect("a group is small");
            self.disk = Meta {
                instance: hash128(&[b"made anew"]),
                peers: Vec::new(),
                ..meta(self.disk.id, voters)
            };
            return self.boot(Start::New, options, now);
        }
        self.disk.incarnation.counter += 1;
        self.disk.incarnation.random = self.runs;
        self.disk.sequence += 1;
        // It is used once.
        let mut image = self.image.take();
        if self.disk.mode == Durability::Durable {
            image = Some(Image {
                last_normal: self.last_normal,
                commit: 0,
                snapshot: None,
                entries: self.log.slice(1, self.log.head(), u64::MAX).to_vec(),
            });
        }
        self.boot(image.map_or(Start::Forgotten, Start::Kept), options, now)
    }

    /// Takes the process away, and what has not got to its disk.
    pub(crate) fn crash(&mut self) {
        self.replica = None;
        self.is_paused = false;
        self.is_disk_slow = false;
        self.is_log_slow = false;
        self.writing.clear();
    }

    /// Shuts it down cleanly. Tells how many entries its image has, if it has one.
    pub(crate) fn stop(&mut self) -> (Option<usize>, Outputs) {
        let mut outputs = Outputs::default();
        let replica = self.replica.as_mut().expect("it runs");
        self.image = replica.stop(&mut outputs);
        self.crash();
        let kept = self.image.as_ref().map(|image| image.entries.len());
        (kept, outputs)
    }

    /// Writes its memory down while it runs.
    pub(crate) fn save(&mut self) {
        let mut copy = self.replica.clone().expect("it runs");
        self.image = copy.stop(&mut Outputs::default());
    }

    /// Takes its files away.
    pub(crate) fn wipe(&mut self) {
        assert!(self.replica.is_none(), "it runs");
        self.is_wiped = true;
        self.image = None;
    }

    pub(crate) fn write(&mut self, writes: impl IntoIterator<Item = (Ticket, Persist)>) {
        self.writing.extend(writes);
    }

    /// Lets the oldest of what is on its way, in one stream or the other, get to
    /// the disk.
    pub(crate) fn sync(&mut self, is_meant: impl Fn(Stream) -> bool) -> Option<Ticket> {
        let mut writing = self.writing.iter();
        let place = writing.position(|(ticket, _)| is_meant(ticket.stream))?;
        let (ticket, what) = self.writing.remove(place)?;
        match what {
            Persist::Meta(meta) => self.disk = *meta,
            Persist::Append(entries) => entries.into_iter().for_each(|one| self.log.append(one)),
            Persist::Install(install) => {
                self.log.truncate(install.base.op);
                (install.entries.into_iter()).for_each(|one| self.log.append(one));
                self.last_normal = install.last_normal;
            }
            _ => panic!("not known to scripts: {what:?}"),
        }
        Some(ticket)
    }

    /// The last op that is in the log on its disk, and the view of that log.
    pub(crate) fn saved(&self) -> (u64, u64) {
        (self.log.head(), self.last_normal.view)
    }

    /// The view that its disk says it has promised.
    pub(crate) fn promised(&self) -> u64 {
        self.disk.promise.view
    }

    fn boot(&mut self, start: Start, options: &Options, now: Tick) -> Outputs {
        let boot = Boot::new(self.disk.clone(), start);
        // Timers of another run are other ones.
        let seed = u64::from(self.disk.id) | self.runs << 32;
        let wall_ms = now.0 * Tick::MILLIS;
        let state = Words::default();
        let (replica, outputs) = Replica::new(boot, state, options.clone(), seed, now, wall_ms);
        self.replica = Some(replica);
        outputs
    }
}
