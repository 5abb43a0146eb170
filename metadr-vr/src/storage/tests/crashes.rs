//! Crashes at any moment, with any part of what was not synced lost.

use super::snapshots::{snapshot_of, snapshot_ticket};
use super::*;
use crate::random::Random;

/// What a replica has handed in, as it is in its memory and as it may be found.
struct Replica {
    random: Random,
    disk: SharedDisk,
    /// What replaying each further record leads to, the first being on disk.
    logs: Vec<(Vec<Entry>, EpochView)>,
    /// Up to here it was reported to be on disk.
    reported: usize,
    /// What each ticket stands for, that is not reported yet.
    tickets: Vec<(u64, usize)>,
    next_ticket: u64,
    promise: u64,
    reported_promise: u64,
    promises: Vec<(u64, u64)>,
    /// What has a snapshot is committed: it stays in every log.
    committed: usize,
    /// The newest snapshot that was reported to be on disk.
    reported_snapshot: u64,
}

impl Replica {
    fn new(seed: u64) -> Self {
        Self {
            random: Random::new(seed),
            disk: SharedDisk::formatted(Durability::Durable),
            logs: vec![(Vec::new(), view_of(0))],
            reported: 0,
            tickets: Vec::new(),
            next_ticket: 1,
            promise: 0,
            reported_promise: 0,
            promises: Vec::new(),
            committed: 0,
            reported_snapshot: 0,
        }
    }

    fn ticket(&mut self, stream: Stream) -> Ticket {
        let number = self.next_ticket;
        self.next_ticket += 1;
        Ticket { stream, number }
    }

    fn append(&mut self, store: &mut Store<SharedDisk>) {
        let (mut log, last_normal) = self.memory();
        let head = head_of(&log);
        let bytes = [10, 500, 3000, 9000][usize::try_from(self.random.below(4)).unwrap()];
        let count = 1 + self.random.below(4);
        let entries = extend(&head, count, self.promise.max(last_normal.view), bytes);
        for entry in &entries {
            log.push(entry.clone());
            self.logs.push((log.clone(), last_normal));
        }
        let ticket = self.ticket(Stream::Log);
        self.tickets.push((ticket.number, self.logs.len() - 1));
        store.submit(ticket, Persist::Append(entries));
    }

    fn install(&mut self, store: &mut Store<SharedDisk>) {
        let (mut log, _) = self.memory();
        let may_go = (log.len() - self.committed) as u64;
        let goes = usize::try_from(self.random.below(may_go + 1)).unwrap();
        log.truncate(log.len() - goes);
        let base = head_of(&log);
        self.promise += 1;
        let entries = extend(&base, self.random.below(5), self.promise, 2500);
        log.extend(entries.clone());
        self.logs.push((log, view_of(self.promise)));
        let ticket = self.ticket(Stream::Log);
        self.tickets.push((ticket.number, self.logs.len() - 1));
        store.submit(ticket, install(self.promise, base, entries));
    }

    fn snapshot(&mut self, store: &mut Store<SharedDisk>) {
        let (log, _) = self.memory();
        let more = self.random.below((log.len() - self.committed) as u64 + 1);
        self.committed += usize::try_from(more).unwrap();
        let Some(last) = self.committed.checked_sub(1).filter(|_| more > 0) else {
            return;
        };
        let snapshot = Box::new(snapshot_of(&log[last]));
        // The op is its number.
        let ticket = snapshot_ticket(self.committed as u64);
        store.submit(ticket, Persist::Snapshot(snapshot));
    }

    fn promise(&mut self, store: &mut Store<SharedDisk>) {
        self.promise += 1;
        let mut meta = store.meta().clone();
        meta.promise.view = self.promise;
        let ticket = self.ticket(Stream::Meta);
        self.promises.push((ticket.number, self.promise));
        store.submit(ticket, Persist::Meta(Box::new(meta)));
    }

    fn step(&mut self, store: &mut Store<SharedDisk>) {
        let Step::Persisted(ticket) = store.step().expect("the disk works") else {
            return;
        };
        match ticket.stream {
            Stream::Meta => {
                let done = self.promises.iter().find(|(one, _)| *one == ticket.number);
                self.reported_promise = done.expect("it was asked for").1;
            }
            Stream::Snapshot => self.reported_snapshot = ticket.number,
            Stream::Log => {
                let done = self.tickets.iter().find(|(one, _)| *one == ticket.number);
                self.reported = done.expect("it was asked for").1;
            }
        }
    }

    fn memory(&self) -> (Vec<Entry>, EpochView) {
        self.logs[self.logs.len() - 1].clone()
    }

    fn crash(&mut self) {
        let Self { random, disk, .. } = self;
        disk.end_after(None);
        // Of the group that was not synced, all, nothing, or some sectors.
        match random.below(4) {
            0 => disk.with(MemoryDisk::crash_losing_all),
            1 => disk.with(MemoryDisk::crash_losing_nothing),
            2 => disk.with(|disk| disk.crash(&mut |below| random.below(below))),
            _ => {} // The system goes on.
        }
    }

    /// Starts again, perhaps after ends in the middle of it.
    fn restart(&mut self) -> Store<SharedDisk> {
        loop {
            let ends = self.random.below(3) == 0;
            let calls = self.random.below(25);
            self.disk.end_after(ends.then_some(calls));
            let opened = Store::open(self.disk.clone(), &OPTIONS, 7);
            self.disk.end_after(None);
            match opened {
                Ok((store, boot, _)) => {
                    self.check(&boot);
                    return store;
                }
                Err(_) if ends => self.crash(),
                Err(error) => panic!("{error}"),
            }
        }
    }

    /// What was found is what some beginning of the records leads to, with
    /// all that was reported.
    fn check(&mut self, boot: &Boot) {
        let image = match &boot.start {
            Start::Kept(image) => image,
            Start::New => return assert_eq!(self.logs.len(), 1),
            other => panic!("nothing was damaged: {other:?}"),
        };
        let snapshot = image.snapshot.as_ref();
        let start = snapshot.map_or(0, |one| one.manifest.last.op);
        assert!(start >= self.reported_snapshot);
        let start = usize::try_from(start).unwrap();
        let mut may_be = self.logs[self.reported..].iter();
        let found = may_be.find(|(log, last_normal)| {
            let is_whole = log.get(start..) == Some(&image.entries);
            let begins_with = snapshot.is_none_or(|one| *one == snapshot_of(&log[start - 1]));
            is_whole && begins_with && *last_normal == image.last_normal
        });
        let found = found.expect("some beginning of the records").clone();
        let promise = boot.meta.promise.view;
        let is_promised = promise == 0 || self.promises.iter().any(|(_, one)| *one == promise);
        assert!(promise >= self.reported_promise && is_promised);
        self.logs = vec![found];
        self.reported = 0;
        self.reported_promise = promise;
        self.committed = start;
        self.tickets.clear();
        // A view is never used for two logs.
        self.promise += 1;
    }
}

fn head_of(log: &[Entry]) -> EntryHeader {
    let root = Entry::root(CLUSTER).header;
    log.last().map_or(root, |entry| entry.header.clone())
}

/// Tells how long the log became, and whether its beginning was removed.
fn live(seed: u64) -> (usize, bool) {
    let mut replica = Replica::new(seed);
    let (mut longest, mut is_cut) = (0, false);
    for _ in 0..6 {
        let mut store = replica.restart();
        for _ in 0..replica.random.below(60) {
            match replica.random.below(12) {
                0..=2 => replica.append(&mut store),
                3 => replica.install(&mut store),
                4 => replica.promise(&mut store),
                5 => store.note_end(),
                6 if replica.random.below(3) == 0 => replica.snapshot(&mut store),
                _ => (0..replica.random.below(8)).for_each(|_| replica.step(&mut store)),
            }
        }
        longest = longest.max(replica.memory().0.len());
        is_cut |= replica.disk.segments().first() > Some(&1);
        drop(store);
        replica.crash();
    }
    replica.restart();
    (longest, is_cut)
}

#[test]
fn what_is_found_after_a_crash_is_a_beginning_with_all_that_was_reported() {
    let lives: Vec<_> = (0..200).map(live).collect();
    let longest = lives.iter().map(|(length, _)| *length).max();
    let cut = lives.iter().filter(|(_, is_cut)| *is_cut).count();
    assert!(longest > Some(30) && cut > 20, "{longest:?} {cut}");
}

/// The process ends when a slot is written and not synced, and the system goes
/// on. The next start reads that slot, writes the other one, and the power fails:
/// both could be torn then.
#[test]
fn a_slot_that_was_read_and_never_synced_was_lost_with_the_other() {
    let mut random = Random::new(5);
    for calls in 0..12 {
        for _ in 0..20 {
            let disk = SharedDisk::formatted(Durability::Memory);
            let (mut store, _, _) = open(&disk);
            let mut meta = store.meta().clone();
            meta.voters[0].address = "a".repeat(2000);
            store.submit(meta_ticket(1), Persist::Meta(Box::new(meta)));
            assert_eq!(store.step(), Ok(Step::Working));
            drop(store);
            disk.end_after(Some(calls));
            drop(Store::open(disk.clone(), &OPTIONS, 8));
            disk.end_after(None);
            disk.with(|disk| disk.crash(&mut |below| random.below(below)));
            open(&disk);
        }
    }
}

/// A promise is there or not, whatever sectors of the slots get there, and the
/// next start with a torn slot can be torn itself.
#[test]
fn a_meta_update_is_there_as_a_whole_or_not_at_all() {
    let mut random = Random::new(1);
    let (mut old, mut new, mut torn) = (0, 0, 0);
    for seed in 0..400 {
        let disk = SharedDisk::formatted(Durability::Memory);
        let (mut store, _, _) = open(&disk);
        let mut meta = store.meta().clone();
        meta.promise.view = 1;
        // Longer than a sector.
        meta.voters[0].address = "a".repeat(2000);
        store.submit(meta_ticket(1), Persist::Meta(Box::new(meta)));
        for _ in 0..seed % 5 {
            store.step().unwrap();
        }
        drop(store);
        disk.with(|disk| disk.crash(&mut |below| random.below(below)));
        disk.end_after(Some(1 + random.below(8)));
        if Store::open(disk.clone(), &OPTIONS, 8).is_err() {
            disk.end_after(None);
            disk.with(|disk| disk.crash(&mut |below| random.below(below)));
        }
        disk.end_after(None);
        let (_, boot, warnings) = open(&disk);
        torn += u32::from(warnings.contains(&Warning::DamagedSlot));
        match boot.meta.promise.view {
            0 if seed % 5 < 3 => old += 1,
            1 => new += 1,
            view => panic!("view {view} after {} steps", seed % 5),
        }
    }
    assert!(old > 50 && new > 50 && torn > 20, "{old} {new} {torn}");
}
