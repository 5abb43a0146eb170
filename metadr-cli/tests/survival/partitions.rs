//! The network cuts the primary off from the other replicas, but not from its
//! clients.

use crate::alone::alone;
use crate::gaps::{MEDIAN, report_gaps};
use crate::load::{self, Load, assert_nothing_lost};
use crate::readers::Readers;
use crate::support::cluster::Cluster;
use crate::support::proxy::Cut;
use std::thread;
use std::time::{Duration, Instant};

/// What was sent meanwhile arrives afterwards, or never; or the primary goes on
/// hearing the others, who do not hear it.
const CUTS: [Cut; 6] = [
    Cut::Delays,
    Cut::Loses,
    Cut::Lags,
    Cut::Lags,
    Cut::Loses,
    Cut::Delays,
];

/// Long enough for another to take over, usually.
const LENGTH: Duration = Duration::from_secs(2);

#[test]
fn a_primary_that_was_cut_off_tells_nothing_old() {
    let _alone = alone();
    let (mut cluster, network) = Cluster::start_behind_proxies(3);
    let load = Load::start(&cluster);
    let readers = Readers::start(&cluster, &load);
    let mut cuts = Vec::new();
    for kind in CUTS {
        let primary = cluster.primary();
        cuts.push(Instant::now());
        network.cut_off(primary, kind);
        thread::sleep(LENGTH);
        cluster.wait_for_primary_other_than(primary);
        network.heal();
        cluster.wait_until_backup(primary);
        load.wait_for_writes();
    }
    readers.assert_never_stale();
    let written = load.end();
    report_gaps(&cuts, load::times(&written), MEDIAN);
    assert_nothing_lost(&mut cluster, &written);
}
