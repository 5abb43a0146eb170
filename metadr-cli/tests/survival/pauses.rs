//! The primary is stopped, and goes on later as if no time had passed.

use crate::alone::alone;
use crate::gaps::{MEDIAN, report_gaps};
use crate::load::{self, Load, assert_nothing_lost};
use crate::readers::Readers;
use crate::support::cluster::Cluster;
use std::thread;
use std::time::{Duration, Instant};

const PAUSES: usize = 4;

/// Long enough for another to take over, usually.
const LENGTH: Duration = Duration::from_secs(3);

#[test]
fn a_primary_that_was_stopped_tells_nothing_old() {
    let _alone = alone();
    let mut cluster = Cluster::start(3);
    let load = Load::start(&cluster);
    let readers = Readers::start(&cluster, &load);
    let mut pauses = Vec::new();
    for _ in 0..PAUSES {
        let primary = cluster.primary();
        pauses.push(Instant::now());
        cluster.replica(primary).pause();
        thread::sleep(LENGTH);
        cluster.wait_for_primary_other_than(primary);
        cluster.replica(primary).resume();
        cluster.wait_until_backup(primary);
        load.wait_for_writes();
    }
    readers.assert_never_stale();
    let written = load.end();
    report_gaps(&pauses, load::times(&written), MEDIAN);
    assert_nothing_lost(&mut cluster, &written);
}
