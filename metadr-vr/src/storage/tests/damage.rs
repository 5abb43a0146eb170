//! Damage of what was synced.

use super::*;
use crate::random::Random;

/// A log of six synced groups in two segments, the last run having crashed.
fn written() -> (SharedDisk, Vec<Entry>) {
    let disk = SharedDisk::formatted(Durability::Durable);
    let (mut store, _, _) = open(&disk);
    let entries = extend(&Entry::root(CLUSTER).header, 6, 0, 1500);
    for (number, entry) in (1..).zip(&entries) {
        store.submit(log_ticket(number), Persist::Append(vec![entry.clone()]));
        run(&mut store);
    }
    drop(store);
    assert_eq!(disk.segments(), [1, 2]);
    (disk, entries)
}

/// Where group `number` of them begins, counted from 1.
fn place_of(number: u64) -> (FileName, u64) {
    let segment = FileName::Segment(1 + (number - 1) / 3);
    (segment, (1 + (number - 1) % 3) * BLOCK_BYTES as u64)
}

fn doubt_of(warnings: &[Warning]) -> Doubt {
    match warnings {
        [Warning::Doubtful(doubt)] => *doubt,
        other => panic!("{other:?}"),
    }
}

#[test]
fn p24_damage_of_the_middle_is_not_the_end() {
    for number in 1..6 {
        let (disk, entries) = written();
        let (file, offset) = place_of(number);
        disk.with(|disk| disk.flip(file, offset + 900, 2));
        let (_, boot, warnings) = open(&disk);
        let (missing, later) = (number, 6);
        assert_eq!(doubt_of(&warnings), Doubt::Middle { missing, later });
        let whole = usize::try_from(number - 1).unwrap();
        assert_eq!(entries_of(&boot.start), &entries[..whole]);
        assert!(matches!(boot.start, Start::Doubtful(_)));
        assert!(boot.meta.rebuilding);
    }
}

#[test]
fn a_sector_that_cannot_be_read_is_damage_and_no_more() {
    let (disk, entries) = written();
    let (file, offset) = place_of(4);
    disk.with(|disk| disk.make_unreadable(file, offset + 900));
    let (_, boot, warnings) = open(&disk);
    let (missing, later) = (4, 6);
    assert_eq!(doubt_of(&warnings), Doubt::Middle { missing, later });
    assert_eq!(entries_of(&boot.start), &entries[..3]);
}

#[test]
fn the_last_group_counts_as_torn_unless_it_is_known_to_have_been_there() {
    let (disk, entries) = written();
    let (file, offset) = place_of(6);
    disk.with(|disk| disk.flip(file, offset + 900, 2));
    let paranoid = StoreOptions {
        paranoid_tail: true,
        ..OPTIONS
    };
    let copy = SharedDisk {
        disk: Rc::new(RefCell::new(disk.disk.borrow().clone())),
        calls: Rc::default(),
    };
    let (_, boot, warnings) = open_with(&copy, &paranoid);
    assert!(matches!(boot.start, Start::Doubtful(_)));
    assert_eq!(doubt_of(&warnings), Doubt::Tail);
    let (_, boot, warnings) = open(&disk);
    assert!(matches!(boot.start, Start::Kept(_)));
    assert_eq!(warnings, [Warning::Torn(6)]);
    assert_eq!(entries_of(&boot.start), &entries[..5]);
}

#[test]
fn the_end_that_was_noted_protects_the_last_group() {
    let (disk, entries) = written();
    let (mut store, _, _) = open(&disk);
    store.note_end();
    run(&mut store);
    drop(store);
    let (file, offset) = place_of(6);
    disk.with(|disk| disk.flip(file, offset + 900, 2));
    let (_, boot, warnings) = open(&disk);
    let (missing, synced) = (6, 6);
    assert_eq!(doubt_of(&warnings), Doubt::Synced { missing, synced });
    assert_eq!(entries_of(&boot.start), &entries[..5]);
}

#[test]
fn a_missing_segment_is_damage() {
    for gone in [1, 2] {
        let (disk, entries) = written();
        let (mut store, _, _) = open(&disk);
        store.note_end();
        run(&mut store);
        drop(store);
        disk.clone().remove(FileName::Segment(gone)).unwrap();
        let (_, boot, warnings) = open(&disk);
        doubt_of(&warnings);
        let kept = if gone == 1 { &[][..] } else { &entries[..3] };
        assert_eq!(entries_of(&boot.start), kept);
    }
}

/// The mark is on disk before the damage is cut away; without it, a crash in
/// between would leave a log that looks whole.
#[test]
fn damage_is_remembered_until_it_is_repaired() {
    let (disk, entries) = written();
    let (file, offset) = place_of(2);
    disk.with(|disk| disk.flip(file, offset + 900, 2));
    for calls in 0.. {
        disk.end_after(Some(calls));
        let opened = Store::open(disk.clone(), &OPTIONS, 9);
        disk.end_after(None);
        disk.with(MemoryDisk::crash_losing_nothing);
        if let Ok((_, boot, _)) = opened {
            assert!(matches!(boot.start, Start::Doubtful(_)));
            break;
        }
    }
    let (mut store, boot, warnings) = open(&disk);
    assert_eq!(doubt_of(&warnings), Doubt::Unrepaired);
    assert_eq!(entries_of(&boot.start), &entries[..1]);

    // What was missing comes from the others, and the mark goes.
    let new = extend(&entries[0].header, 7, 1, 100);
    store.submit(
        log_ticket(1),
        install(1, entries[0].header.clone(), new.clone()),
    );
    run(&mut store);
    let mut meta = store.meta().clone();
    meta.rebuilding = false;
    store.submit(meta_ticket(1), Persist::Meta(Box::new(meta)));
    run(&mut store);
    drop(store);
    let (_, boot, warnings) = open(&disk);
    assert_eq!(warnings, []);
    assert_eq!(entries_of(&boot.start)[1..], new);
}

#[cfg(feature = "bug-switches")]
#[test]
fn without_the_mark_a_damaged_log_looks_whole_at_the_second_start() {
    let unmarked = StoreOptions {
        bug: Some(crate::bugs::Bug::Unmarked),
        ..OPTIONS
    };
    let (disk, entries) = written();
    let (file, offset) = place_of(2);
    disk.with(|disk| disk.flip(file, offset + 900, 2));
    let (_, boot, _) = open_with(&disk, &unmarked);
    assert!(matches!(boot.start, Start::Doubtful(_)));
    let (_, boot, _) = open_with(&disk, &unmarked);
    assert!(matches!(&boot.start, Start::Kept(image) if image.entries == entries[..1]));
}

/// A group that the disk puts in another place is missing in its own, and
/// valid in neither. It was synced, says the disk, so a later one shows it.
#[test]
fn a_misdirected_group_is_found_in_neither_place() {
    let (disk, entries) = written();
    let (mut store, _, _) = open(&disk);
    let more = extend(&entries[5].header, 3, 0, 1500);
    for (number, entry) in (1..).zip(&more) {
        if number == 2 {
            // On group 5, in the segment before.
            let (file, offset) = place_of(5);
            disk.with(|disk| disk.misdirect_next_write(file, offset));
        }
        store.submit(log_ticket(number), Persist::Append(vec![entry.clone()]));
        run(&mut store);
    }
    drop(store);
    let (_, boot, warnings) = open(&disk);
    let (missing, later) = (5, 9);
    assert_eq!(doubt_of(&warnings), Doubt::Middle { missing, later });
    assert_eq!(entries_of(&boot.start), &entries[..4]);
}

/// Whatever happens to the files: no panic, and no entry that was not written.
#[test]
fn random_damage_gives_a_beginning_of_what_was_written() {
    let mut random = Random::new(3);
    let (mut kept, mut doubtful, mut refused) = (0, 0, 0);
    for _ in 0..600 {
        let (disk, entries) = written();
        let places = 1 + random.below(4);
        for _ in 0..places {
            damage(&disk, &mut random);
        }
        let Ok((_, boot, _)) = Store::open(disk.clone(), &OPTIONS, 9) else {
            refused += 1;
            continue;
        };
        match &boot.start {
            Start::Kept(_) => kept += 1,
            Start::Doubtful(_) => doubtful += 1,
            other => panic!("{other:?}"),
        }
        let found = entries_of(&boot.start);
        assert!(entries.starts_with(found), "{found:?}");
        // All but the last group were synced, and the last one shows it, unless
        // it is damaged as well.
        let is_kept = matches!(boot.start, Start::Kept(_));
        assert!(!is_kept || found.len() >= 5 || places > 1);
    }
    assert!(
        kept > 100 && doubtful > 100 && refused < 20,
        "{kept} {doubtful} {refused}"
    );
}

fn damage(disk: &SharedDisk, random: &mut Random) {
    let mut shared = disk.clone();
    let files = [FileName::Segment(1), FileName::Segment(2), FileName::Meta];
    let file = files[usize::try_from(random.below(20) / 9).unwrap()];
    let Some(length) = disk.with(|disk| disk.content(file).map(<[u8]>::len)) else {
        return;
    };
    let place = random.below(length as u64);
    let sector = place / 512 * 512;
    match random.below(7) {
        0..=2 => drop(disk.with(|disk| disk.flip(file, place, 3))),
        3 => shared.write(file, sector, &[&[0; 512]]).unwrap(),
        4 => {
            let from = random.below(length as u64) / 512 * 512;
            let mut copied = [0; 512];
            shared.read(file, from, &mut copied).unwrap_or(0);
            shared.write(file, sector, &[&copied]).unwrap();
        }
        5 => disk.with(|disk| disk.make_unreadable(file, place)),
        _ => {
            let noise: Vec<u8> = (0..64)
                .map(|_| random.below(256).to_be_bytes()[7])
                .collect();
            shared
                .write(file, place.min(length as u64 - 64), &[&noise])
                .unwrap();
        }
    }
}
