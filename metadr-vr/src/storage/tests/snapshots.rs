//! Snapshots, and the log that begins with one.

use super::*;
use crate::hash128;
use crate::random::Random;
use crate::wire::{SNAPSHOT_FORMAT, Snapshot, SnapshotManifest};

/// A snapshot of the state after an entry: some bytes in three chunks.
pub(super) fn snapshot_of(entry: &Entry) -> Snapshot {
    let content = vec![u8::try_from(entry.header.op % 251).unwrap(); 2500];
    let chunks: Vec<_> = content.chunks(1000).map(Bytes::copy_from_slice).collect();
    let manifest = SnapshotManifest {
        format: SNAPSHOT_FORMAT,
        last: entry.header.clone(),
        state: [9; 16],
        length: 2500,
        chunk_bytes: 1000,
        chunks: chunks.iter().map(|chunk| hash128(&[chunk])).collect(),
    };
    Snapshot { manifest, chunks }
}

pub(super) fn snapshot_ticket(number: u64) -> Ticket {
    let stream = Stream::Snapshot;
    Ticket { stream, number }
}

/// A log of 30 entries, three to a segment, with snapshots at these ops.
fn with_snapshots(ops: &[usize]) -> (SharedDisk, Vec<Entry>) {
    let disk = SharedDisk::formatted(Durability::Durable);
    let (mut store, _, _) = open(&disk);
    let entries = extend(&Entry::root(CLUSTER).header, 30, 0, 500);
    for (number, entry) in (1..).zip(&entries) {
        store.submit(log_ticket(number), Persist::Append(vec![entry.clone()]));
        run(&mut store);
        if ops.contains(&usize::try_from(number).unwrap()) {
            let snapshot = Box::new(snapshot_of(entry));
            store.submit(snapshot_ticket(number), Persist::Snapshot(snapshot));
            assert_eq!(run(&mut store), [snapshot_ticket(number)]);
        }
    }
    drop(store);
    disk.with(MemoryDisk::crash_losing_all);
    (disk, entries)
}

fn kept(boot: &Boot) -> &crate::wire::Image {
    match &boot.start {
        Start::Kept(image) => image,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_log_goes_on_from_the_newest_snapshot_and_what_is_older_goes() {
    let (disk, entries) = with_snapshots(&[12, 21]);
    assert!(!disk.segments().contains(&1), "{:?}", disk.segments());
    let (_, boot, warnings) = open(&disk);
    assert_eq!(warnings, []);
    let image = kept(&boot);
    assert_eq!(image.snapshot, Some(snapshot_of(&entries[20])));
    assert_eq!((image.commit, &image.entries[..]), (21, &entries[21..]));
    assert!(crate::log_of(CLUSTER, image).is_some());
}

#[test]
fn a_damaged_snapshot_is_replaced_by_the_one_before() {
    for byte in [5, 40, 4096, 4096 + 2400] {
        let (disk, entries) = with_snapshots(&[12, 21]);
        disk.with(|disk| disk.flip(FileName::Snapshot(21), byte, 1));
        let (_, boot, warnings) = open(&disk);
        assert_eq!(warnings, [Warning::Snapshot(21)]);
        let image = kept(&boot);
        assert_eq!(image.snapshot, Some(snapshot_of(&entries[11])));
        assert_eq!(image.entries, entries[12..]);
        // Without that one there is no way from the beginning to this log.
        disk.with(|disk| disk.flip(FileName::Snapshot(12), byte, 1));
        let (_, boot, warnings) = open(&disk);
        assert!(warnings.contains(&Warning::Doubtful(Doubt::Snapshot)));
        assert!(matches!(&boot.start, Start::Doubtful(image) if image.entries.is_empty()));
        assert!(boot.meta.rebuilding);
    }
}

#[test]
fn a_snapshot_that_the_log_does_not_lead_to_does_not_count() {
    let (disk, entries) = with_snapshots(&[12]);
    let (mut store, _, _) = open(&disk);
    let ahead = extend(&entries[29].header, 5, 3, 10);
    // As the first half of an install, which a crash cuts off.
    let install = Install {
        last_normal: view_of(3),
        base: ahead[4].header.clone(),
        snapshot: Some(Box::new(snapshot_of(&ahead[4]))),
        entries: Vec::new(),
    };
    store.submit(log_ticket(1), Persist::Install(Box::new(install)));
    while disk.with(|disk| disk.content(FileName::Snapshot(35)).is_none()) {
        assert_eq!(store.step(), Ok(Step::Working));
    }
    drop(store);
    let (_, boot, warnings) = open(&disk);
    assert_eq!(warnings, []);
    let image = kept(&boot);
    assert_eq!(image.snapshot, Some(snapshot_of(&entries[11])));
    assert_eq!(image.last_normal, view_of(0));
}

/// Under load it is written between groups, but not before its own.
#[test]
fn a_snapshot_waits_for_the_log_that_leads_to_it() {
    let disk = SharedDisk::formatted(Durability::Durable);
    let (mut store, _, _) = open(&disk);
    let entries = extend(&Entry::root(CLUSTER).header, 80, 0, 5000);
    let append = |store: &mut Store<_>, entries: &[Entry]| {
        let last = entries[entries.len() - 1].header.op;
        store.submit(log_ticket(last), Persist::Append(entries.to_vec()));
    };
    append(&mut store, &entries[..40]);
    let snapshot = Box::new(snapshot_of(&entries[39]));
    store.submit(snapshot_ticket(1), Persist::Snapshot(snapshot));
    entries[40..]
        .chunks(1)
        .for_each(|one| append(&mut store, one));
    let reported = run(&mut store);
    let place = |ticket| reported.iter().position(|one| *one == ticket).unwrap();
    let snapshot = place(snapshot_ticket(1));
    assert!(place(log_ticket(40)) < snapshot && snapshot < place(log_ticket(80)));
}

/// Old log and old view, or the whole new one: whatever a crash takes.
#[test]
fn an_install_with_a_snapshot_is_there_as_a_whole_or_not_at_all() {
    let mut random = Random::new(11);
    let (mut old, mut new) = (0, 0);
    for steps in 0..40 {
        for _ in 0..4 {
            let (disk, entries) = with_snapshots(&[12, 21]);
            let (mut store, _, _) = open(&disk);
            let ahead = extend(&entries[29].header, 9, 3, 700);
            let install = Install {
                last_normal: view_of(3),
                base: ahead[4].header.clone(),
                snapshot: Some(Box::new(snapshot_of(&ahead[4]))),
                entries: ahead[5..].to_vec(),
            };
            store.submit(log_ticket(1), Persist::Install(Box::new(install)));
            let more = extend(&ahead[8].header, 1, 3, 10);
            store.submit(log_ticket(2), Persist::Append(more.clone()));
            let mut is_reported = false;
            for _ in 0..steps {
                is_reported |= matches!(store.step().unwrap(), Step::Persisted(_));
            }
            drop(store);
            disk.with(|disk| disk.crash(&mut |below| random.below(below)));
            let (_, boot, warnings) = open(&disk);
            assert!(
                !warnings
                    .iter()
                    .any(|one| matches!(one, Warning::Doubtful(_)))
            );
            let image = kept(&boot);
            if image.last_normal == view_of(3) {
                new += 1;
                assert_eq!(image.snapshot, Some(snapshot_of(&ahead[4])));
                let all = [&ahead[5..], &more].concat();
                assert!(all.starts_with(&image.entries) && image.entries.len() >= 4);
            } else {
                old += 1;
                assert!(!is_reported);
                assert_eq!(image.snapshot, Some(snapshot_of(&entries[20])));
                assert_eq!(image.entries, entries[21..]);
            }
        }
    }
    assert!(old > 20 && new > 20, "{old} {new}");
}
