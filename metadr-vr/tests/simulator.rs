//! Whole groups under faults, and the proof that the simulator finds defects.

use metadr_vr::bugs::Bug;
use metadr_vr::sim::{Detection, Failure, MOST_EVENTS, Report, SimOptions, Trace, run};

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

/// How each known defect is found, and the traces of a few runs: what
/// `vr-sim --table` prints. They change whenever the protocol or the simulator
/// does.
const TABLE: &str = include_str!("detection.txt");

fn rows() -> impl Iterator<Item = &'static str> {
    TABLE.lines().filter(|line| !line.starts_with('#'))
}

#[test]
fn each_known_defect_is_found_as_what_it_is() {
    let found: Vec<Detection> = rows()
        .filter(|row| !row.starts_with("trace"))
        .map(|row| row.parse().unwrap_or_else(|error| panic!("{error}")))
        .collect();
    let bugs: Vec<Bug> = found.iter().map(|row| row.bug).collect();
    assert_eq!(bugs, Bug::ALL, "each is in one row");
    for row in found {
        let name = row.bug.name();
        let Err(failure) = run(row.options()) else {
            panic!("{name} is not found");
        };
        let expected = (&*row.invariant, row.events);
        assert_eq!(
            (failure.violation.invariant, failure.events),
            expected,
            "{name}"
        );
        assert!(row.total <= MOST_EVENTS, "{name}");
        assert!(!failure.last.is_empty());
        assert_holds(SimOptions {
            bug: None,
            ..row.options()
        });
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
/// can be replayed elsewhere.
#[test]
fn a_trace_is_the_same_everywhere() {
    let traces: Vec<&str> = rows().filter(|row| row.starts_with("trace")).collect();
    assert_eq!(traces.len(), Trace::SEEDS.len());
    for row in traces {
        let expected: Trace = row.parse().unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(Trace::of(expected.seed), Ok(expected));
    }
}
