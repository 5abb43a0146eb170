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

/// The first seed that finds a defect, and the invariant that it breaks.
fn find(bug: Bug) -> (u64, &'static str) {
    let found = (0..200).find_map(|seed| {
        let failure = run(SimOptions {
            bug: Some(bug),
            ..options(seed)
        });
        Some((seed, failure.err()?.violation.invariant))
    });
    found.unwrap_or_else(|| panic!("{} is not found", bug.name()))
}

#[test]
fn each_known_defect_is_found_as_what_it_is() {
    for bug in Bug::ALL {
        let (seed, invariant) = find(bug);
        let expected = match bug {
            Bug::SmallQuorum | Bug::P16 => "S8",
            Bug::P15 => "S9",
            Bug::P22 => "S13",
            other => panic!("what does {} break?", other.name()),
        };
        assert_eq!(invariant, expected, "{} with seed {seed}", bug.name());
        assert_holds(options(seed));
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
        ["02f4a5b4ca8675b3", "086aae6b17c4a711"]
    );
}
