//! The primary is killed, again and again.

use crate::alone::alone;
use crate::gaps::{MEDIAN, report_gaps};
use crate::load::{self, Load, assert_nothing_lost};
use crate::readers::Readers;
use crate::support::cluster::Cluster;
use std::time::{Duration, Instant};

const KILLS: usize = 20;

/// Timers with which a primary that fails is replaced in a fifth of a second.
/// A machine that stands still for as long, as those that tests run on do,
/// deposes its primary in vain; nothing is lost by that.
const FAST: [&str; 4] = ["--heartbeat", "10", "--election-timeout", "120"];

/// What half of the failures may cost with these.
const FAST_MEDIAN: Duration = Duration::from_millis(200);

#[test]
fn twenty_primaries_may_be_killed() {
    let _alone = alone();
    kill_primaries(Cluster::start(3), MEDIAN);
}

#[test]
fn fast_timers_make_short_gaps() {
    let _alone = alone();
    kill_primaries(Cluster::start_with_arguments(3, &FAST), FAST_MEDIAN);
}

fn kill_primaries(mut cluster: Cluster, half: Duration) {
    let load = Load::start(&cluster);
    let readers = Readers::start(&cluster, &load);
    let mut kills = Vec::new();
    for _ in 0..KILLS {
        let primary = cluster.primary();
        kills.push(Instant::now());
        cluster.replica(primary).kill();
        // With its own command, and at once: nobody has to wait until the
        // others have noticed.
        cluster.restart(primary);
        cluster.wait_until_normal(primary);
        load.wait_for_writes();
    }
    readers.assert_never_stale();
    let written = load.end();
    report_gaps(&kills, load::times(&written), half);
    assert_nothing_lost(&mut cluster, &written);
}
