//! The primary is killed, again and again.

use crate::alone::alone;
use crate::gaps::report_gaps;
use crate::load::{self, Load, assert_nothing_lost};
use crate::readers::Readers;
use crate::support::cluster::Cluster;
use std::time::Instant;

const KILLS: usize = 20;

#[test]
fn twenty_primaries_may_be_killed() {
    let _alone = alone();
    let mut cluster = Cluster::start(3);
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
    report_gaps(&kills, load::times(&written));
    assert_nothing_lost(&mut cluster, &written);
}
