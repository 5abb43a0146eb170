//! What happens in which order.

use super::*;
use crate::wire::Image;

/// A log of three groups, the process being still there.
fn running() -> (SharedDisk, Store<SharedDisk>) {
    let disk = SharedDisk::formatted(Durability::Durable);
    let (store, boot, warnings) = open(&disk);
    assert_eq!((boot.start, warnings), (Start::New, Vec::new()));
    (disk, store)
}

#[test]
fn what_is_submitted_during_a_sync_is_one_group() {
    let (_, mut store) = running();
    let entries = chain(CLUSTER, 9, 0);
    let submit = |store: &mut Store<_>, number: u64| {
        let entry = entries[usize::try_from(number).unwrap() - 1].clone();
        store.submit(log_ticket(number), Persist::Append(vec![entry]));
    };
    submit(&mut store, 1);
    assert_eq!(store.step(), Ok(Step::Working));
    (2..=9).for_each(|number| submit(&mut store, number));
    assert_eq!(store.step(), Ok(Step::Persisted(log_ticket(1))));
    assert_eq!(store.step(), Ok(Step::Working));
    assert!(store.disk().with(|disk| disk.has_unsynced()));
    assert_eq!(store.step(), Ok(Step::Persisted(log_ticket(9))));
    assert!(!store.disk().with(|disk| disk.has_unsynced()));
}

#[test]
fn promises_overtake_the_log_and_gather() {
    let (disk, mut store) = running();
    store.submit(log_ticket(1), Persist::Append(chain(CLUSTER, 1, 0)));
    for number in 1..=3 {
        let mut meta = store.meta().clone();
        meta.promise.view = number;
        store.submit(meta_ticket(number), Persist::Meta(Box::new(meta)));
    }
    assert_eq!(run(&mut store), [meta_ticket(3), log_ticket(1)]);
    drop(store);
    disk.with(MemoryDisk::crash_losing_all);
    let (_, boot, _) = open(&disk);
    assert_eq!(boot.meta.promise.view, 3);
    assert_eq!(entries_of(&boot.start).len(), 1);
}

/// Both slots are written, and the numbers of updates go up one by one
/// whatever the replica says.
#[test]
fn updates_are_counted_by_the_store() {
    let (disk, mut store) = running();
    let before = store.meta().sequence;
    for number in 1..=5 {
        let mut meta = store.meta().clone();
        meta.sequence = 1000 * number;
        store.submit(meta_ticket(number), Persist::Meta(Box::new(meta)));
        run(&mut store);
    }
    let loaded = crate::meta::load(&disk.content(FileName::Meta)).unwrap();
    assert_eq!(loaded.meta.sequence, before + 5);
    assert!(!loaded.has_damaged_slot);
}

#[test]
fn a_log_of_many_segments_is_read_back() {
    let (disk, mut store) = running();
    let entries = extend(&Entry::root(CLUSTER).header, 60, 0, 1500);
    for (number, part) in (1..).zip(entries.chunks(7)) {
        store.submit(log_ticket(number), Persist::Append(part.to_vec()));
        run(&mut store);
    }
    assert!(disk.segments().len() > 5, "{:?}", disk.segments());
    drop(store);
    disk.with(MemoryDisk::crash_losing_all);
    let (_, boot, warnings) = open(&disk);
    assert_eq!(entries_of(&boot.start), entries);
    assert_eq!(warnings, []);
}

#[test]
fn an_install_over_several_segments_counts_when_it_is_complete() {
    let (disk, mut store) = running();
    let root = Entry::root(CLUSTER).header;
    let (old, new) = (extend(&root, 3, 0, 100), extend(&root, 20, 1, 1500));
    store.submit(log_ticket(1), Persist::Append(old.clone()));
    store.submit(log_ticket(2), install(1, root, new.clone()));
    let mut reported = 0;
    while reported < 2 {
        let image = match open(&copy_of(&disk)).1.start {
            Start::Kept(image) => image,
            other => panic!("{other:?}"),
        };
        assert!(image.last_normal == view_of(0) && old.starts_with(&image.entries));
        if let Step::Persisted(ticket) = store.step().unwrap() {
            reported = ticket.number;
        }
    }
    let (_, boot, _) = open(&copy_of(&disk));
    assert_eq!(entries_of(&boot.start), new);
}

/// The disk as a crash leaves it that loses everything that is not synced.
fn copy_of(disk: &SharedDisk) -> SharedDisk {
    let mut copy = disk.disk.borrow().clone();
    copy.crash_losing_all();
    SharedDisk {
        disk: Rc::new(RefCell::new(copy)),
        calls: Rc::default(),
    }
}

#[test]
fn p25_a_sync_that_fails_is_the_end() {
    for stream in [Stream::Log, Stream::Meta] {
        let (disk, mut store) = running();
        disk.with(MemoryDisk::fail_syncs);
        match stream {
            Stream::Log => store.submit(log_ticket(1), Persist::Append(chain(CLUSTER, 1, 0))),
            _ => {
                let meta = Box::new(store.meta().clone());
                store.submit(meta_ticket(1), Persist::Meta(meta));
            }
        }
        let error = loop {
            match store.step() {
                Ok(Step::Working) => {}
                Ok(step) => panic!("{step:?}"),
                Err(error) => break error,
            }
        };
        assert_eq!(store.step(), Err(error));
    }
}

/// The last run was not told that its last group is on disk: what was read of it
/// may be in the system's memory alone, and must not count before it is synced.
#[test]
fn p25_what_was_read_after_a_crash_is_on_disk_before_it_counts() {
    let (disk, mut store) = running();
    store.submit(log_ticket(1), Persist::Append(chain(CLUSTER, 2, 0)));
    assert_eq!(store.step(), Ok(Step::Working));
    // The process ends, the system does not.
    drop(store);
    assert!(disk.with(|disk| disk.has_unsynced()));
    let (store, boot, _) = open(&disk);
    assert_eq!(entries_of(&boot.start).len(), 2);
    drop(store);
    disk.with(MemoryDisk::crash_losing_all);
    assert_eq!(entries_of(&open(&disk).1.start).len(), 2);
}

#[test]
fn a_full_disk_shows_before_the_log_has_no_room() {
    let (disk, mut store) = running();
    disk.with(|disk| disk.set_room(Some(100)));
    let entries = extend(&Entry::root(CLUSTER).header, 8, 0, 3000);
    let mut is_full = Vec::new();
    for (number, entry) in (1..).zip(entries) {
        store.submit(log_ticket(number), Persist::Append(vec![entry]));
        let mut has_synced = false;
        loop {
            match store.step().unwrap() {
                Step::Idle => break,
                Step::Persisted(ticket) => has_synced |= ticket == log_ticket(number),
                Step::Full(full) => is_full.push((number, full)),
                Step::Working => {}
            }
        }
        // One segment has room for three; the next is not there.
        assert_eq!(has_synced, number <= 3, "{number}");
    }
    assert_eq!(is_full, [(1, true)]);
    store.retry();
    assert_eq!(run(&mut store), []);
    disk.with(|disk| disk.set_room(None));
    store.retry();
    let mut steps = Vec::new();
    loop {
        match store.step().unwrap() {
            Step::Idle => break,
            Step::Working => {}
            step => steps.push(step),
        }
    }
    assert_eq!(steps.first(), Some(&Step::Full(false)));
    assert_eq!(steps.last(), Some(&Step::Persisted(log_ticket(8))));
}

#[test]
fn files_are_made_once_and_a_half_made_set_is_made_again() {
    for mode in [Durability::Memory, Durability::Durable] {
        for calls in 0.. {
            let mut disk = SharedDisk::default();
            disk.end_after(Some(calls));
            let made = Store::format(&mut disk, &meta(mode), &OPTIONS);
            disk.end_after(None);
            if made.is_ok() {
                assert!(calls > 3);
                let again = Store::format(&mut disk, &meta(mode), &OPTIONS);
                assert_eq!(again, Err(StoreError::Exists(FileName::Meta)));
                break;
            }
            for loses_all in [true, false] {
                let mut disk = copy_of(&disk);
                if !loses_all {
                    disk.with(MemoryDisk::crash_losing_nothing);
                }
                if read_meta(&mut disk).unwrap().is_none() {
                    Store::format(&mut disk, &meta(mode), &OPTIONS).unwrap();
                }
                assert_eq!(open(&disk).1.start, Start::New);
            }
        }
    }
    let mut disk = SharedDisk::default();
    assert_eq!(
        Store::open(disk.clone(), &OPTIONS, 7).unwrap_err(),
        StoreError::NotFormatted
    );
    // A log whose promises are lost is not overwritten.
    disk.create(FileName::Segment(1), 100).unwrap();
    let made = Store::format(&mut disk, &meta(Durability::Durable), &OPTIONS);
    assert_eq!(made, Err(StoreError::Exists(FileName::Segment(1))));
}

#[test]
fn an_image_counts_once_and_only_after_a_clean_stop() {
    let disk = SharedDisk::formatted(Durability::Memory);
    let (mut store, boot, _) = open(&disk);
    assert_eq!(boot.start, Start::New);
    let image = Image {
        last_normal: view_of(3),
        commit: 2,
        snapshot: None,
        entries: chain(CLUSTER, 4, 1),
    };
    store.close(&image);
    while store.step().unwrap() != Step::Idle {
        let crashed = copy_of(&disk);
        let has_image = crashed.with(|disk| disk.content(FileName::Image).is_some());
        match open(&crashed).1.start {
            Start::Forgotten => {}
            Start::Kept(kept) => assert!(has_image && kept == image),
            other => panic!("{other:?}"),
        }
    }
    assert!(store.is_closed());
    drop(store);
    let damaged = copy_of(&disk);
    damaged.with(|disk| disk.flip(FileName::Image, 60, 3));
    let (_, boot, warnings) = open(&damaged);
    assert_eq!(boot.start, Start::Forgotten);
    assert!(matches!(warnings[..], [Warning::Image(_)]), "{warnings:?}");
    assert_eq!(open(&disk).1.start, Start::Kept(image));
    assert_eq!(open(&disk).1.start, Start::Forgotten);
}

#[test]
fn a_log_that_was_closed_is_complete_or_in_doubt() {
    let (disk, mut store) = running();
    let entries = chain(CLUSTER, 4, 0);
    store.submit(log_ticket(1), Persist::Append(entries.clone()));
    store.close(&Image::default());
    assert_eq!(run(&mut store), [log_ticket(1)]);
    assert!(store.is_closed());
    let damaged = copy_of(&disk);
    damaged.with(|disk| disk.flip(FileName::Segment(1), 4200, 3));
    let (_, boot, warnings) = open(&damaged);
    assert_eq!(entries_of(&boot.start), []);
    assert!(matches!(boot.start, Start::Doubtful(_)), "{warnings:?}");
    let (_, boot, _) = open(&disk);
    assert!(matches!(&boot.start, Start::Kept(image) if image.entries == entries));
}
