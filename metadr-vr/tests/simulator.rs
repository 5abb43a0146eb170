//! Whole groups under faults, and the proof that the simulator finds defects.

use metadr_vr::bugs::Bug;
use metadr_vr::sim::{Failure, Report, SimOptions, run};

/// Long enough for all kinds of faults, short enough to be run at each change.
const TICKS: u64 = 300;

const SEEDS: u64 = 60;

fn options(seed: u64) -> SimOptions {
    SimOptions {
        ticks: TICKS,
        ..SimOptions::new(seed)
    }
}

fn assert_holds(options: SimOptions) -> Report {
    run(options).unwrap_or_else(|failure| {
        let Failure { tick, last, .. } = &*failure;
        let violation = &failure.violation;
        panic!(
            "{options:?} at tick {tick}: {violation}\n{}",
            last.join("\n")
        )
    })
}

fn assert_all_hold(replicas: u32) {
    let mut committed = 0;
    for seed in 0..SEEDS {
        let report = assert_holds(SimOptions {
            replicas: Some(replicas),
            ..options(seed)
        });
        committed += report.committed;
    }
    // Nothing can go wrong where nothing happens.
    assert!(committed > 20 * SEEDS, "only {committed} entries committed");
}

#[test]
fn groups_of_three_hold() {
    assert_all_hold(3);
}

#[test]
fn groups_of_five_hold() {
    assert_all_hold(5);
}

#[test]
fn groups_of_all_other_sizes_hold() {
    for replicas in [1, 2, 4, 6, 7, 9] {
        for seed in 0..5 {
            assert_holds(SimOptions {
                replicas: Some(replicas),
                ..options(seed)
            });
        }
    }
}

/// A run that finds a defect: the invariant that it breaks there, and after how
/// many events of that run.
struct Found {
    bug: Bug,
    seed: u64,
    ticks: u64,
    invariant: &'static str,
    events: u64,
}

/// The first seed of those with so many ticks that finds it. They change
/// whenever the protocol or the simulator does.
const FOUND: [Found; Bug::ALL.len()] = [
    found(Bug::SmallQuorum, 0, 300, "S4", 528),
    found(Bug::P1, 0, 300, "S6", 323),
    found(Bug::P1a, 0, 300, "S6", 319),
    found(Bug::P2, 20, 300, "S7", 265),
    found(Bug::P5, 0, 300, "S5", 316),
    found(Bug::P8, 2, 300, "L4", 17_435),
    found(Bug::P9, 23, 300, "L2", 1_600),
    found(Bug::P15, 2, 300, "S9", 64),
    found(Bug::P16, 2, 300, "S8", 136),
    found(Bug::P17, 22, 3_000, "S6", 834),
    found(Bug::P18, 0, 300, "S4", 511),
    found(Bug::P19, 82, 3_000, "S1", 8_888),
    found(Bug::P21, 72, 3_000, "S13", 1_473),
    found(Bug::P22, 0, 300, "S13", 49),
    found(Bug::P36, 582, 3_000, "S3", 5_541),
    found(Bug::P39, 68, 3_000, "S6", 7_037),
    found(Bug::SharedReadIndex, 2, 300, "S13", 3_010),
    found(Bug::LateReadIndex, 2, 300, "S13", 7_472),
];

const fn found(bug: Bug, seed: u64, ticks: u64, invariant: &'static str, events: u64) -> Found {
    Found {
        bug,
        seed,
        ticks,
        invariant,
        events,
    }
}

#[test]
fn each_known_defect_is_found_as_what_it_is() {
    for bug in Bug::ALL {
        let row = FOUND.iter().find(|row| row.bug == bug);
        let row = row.unwrap_or_else(|| panic!("{} is in no row", bug.name()));
        let with = |bug| SimOptions {
            bug,
            ticks: row.ticks,
            ..SimOptions::new(row.seed)
        };
        let Err(failure) = run(with(Some(bug))) else {
            panic!("{} is not found", bug.name());
        };
        let found = (failure.violation.invariant, failure.events);
        assert_eq!(found, (row.invariant, row.events), "{}", bug.name());
        assert!(!failure.last.is_empty());
        assert_holds(with(None));
    }
}

#[test]
fn a_seed_decides_everything() {
    let runs = || (0..5).map(|seed| assert_holds(options(seed))).collect();
    let (first, second): (Vec<_>, Vec<_>) = (runs(), runs());
    assert_eq!(first, second);
    for (index, one) in first.iter().enumerate() {
        assert!(first[..index].iter().all(|other| other.trace != one.trace));
    }
}

/// The same in debug and release, on all platforms: a trace that is reported
/// can be replayed elsewhere. They change whenever the protocol or the
/// simulator does.
#[test]
fn a_trace_is_the_same_everywhere() {
    let trace = |seed| format!("{:016x}", assert_holds(options(seed)).trace);
    assert_eq!(
        [trace(1), trace(2)],
        ["77b660497b1a9097", "406826218b4025a1"]
    );
}
