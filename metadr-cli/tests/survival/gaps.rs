//! How long nobody could write.

use crate::support::note;
use std::env;
use std::time::{Duration, Instant};

/// Set to have gaps count. Without it they are printed: on a machine with other
/// work it is that work that is measured.
const TIMING: &str = "METADR_TIMING";

/// What half of the failures may cost.
pub(crate) const MEDIAN: Duration = Duration::from_millis(650);

/// What each may cost.
const LONGEST: Duration = Duration::from_secs(2);

/// The longest time without an acknowledged write after each of `failures`, of
/// which there are some, in their order.
fn gaps(failures: &[Instant], mut acknowledged: Vec<Instant>) -> Vec<Duration> {
    acknowledged.sort_unstable();
    let mut gaps = vec![Duration::ZERO; failures.len()];
    for pair in acknowledged.windows(2) {
        let before = failures.partition_point(|failure| *failure <= pair[1]);
        let Some(failure) = before.checked_sub(1) else {
            continue;
        };
        gaps[failure] = gaps[failure].max(pair[1] - pair[0]);
    }
    gaps
}

/// Failures that tell what the usual one costs. Each costs half a second and a
/// random time, so a few tell nothing.
const MANY: usize = 20;

/// Prints the gap after each of these failures. If timing counts, fails if they
/// are too long: one of them, or half of them if there are many.
pub(crate) fn report_gaps(failures: &[Instant], acknowledged: Vec<Instant>, half: Duration) {
    let count = acknowledged.len();
    let mut gaps = gaps(failures, acknowledged);
    let millis = |gap: &Duration| gap.as_millis();
    note(format_args!(
        "{count} writes acknowledged; ms without one after each failure: {:?}",
        gaps.iter().map(millis).collect::<Vec<_>>()
    ));
    gaps.sort_unstable();
    let (median, longest) = (gaps[gaps.len() / 2], gaps[gaps.len() - 1]);
    note(format_args!(
        "median {} ms, longest {} ms",
        millis(&median),
        millis(&longest)
    ));
    if env::var_os(TIMING).is_none() {
        return;
    }
    assert!(longest <= LONGEST, "{gaps:?}");
    assert!(median <= half || gaps.len() < MANY, "{gaps:?}");
}

#[test]
fn a_gap_belongs_to_the_failure_before_it() {
    let start = Instant::now();
    let at = |millis| start + Duration::from_millis(millis);
    let failures = [at(100), at(1000)];
    let acknowledged = [5, 50, 98, 650, 660, 999, 1001, 1900, 1950];
    let gaps = gaps(&failures, acknowledged.map(at).to_vec());
    assert_eq!(gaps, [552, 899].map(Duration::from_millis));
}
