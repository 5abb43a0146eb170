//! What a run is made of: drawn from its seed, as far as it is not given.

use super::clock::Clock;
use super::random::Random;
use crate::Options;
use crate::bugs::Bug;

/// What the caller of the simulator decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SimOptions {
    /// Decides everything else.
    pub seed: u64,
    /// How long faults last, in ticks of 10 ms of virtual time.
    pub ticks: u64,
    /// The size of the group, 1 to 9; drawn from the seed if not given.
    pub replicas: Option<u32>,
    /// The number of clients; drawn from the seed if not given.
    pub clients: Option<u64>,
    /// Whether no class of faults is left out, and the group has five
    /// replicas unless their number is given.
    pub is_full: bool,
    /// Whether primaries hold leases, and are read by them. Clocks then run at
    /// rates that differ by less than a tenth.
    pub has_leases: bool,
    /// A defect to switch on.
    pub bug: Option<Bug>,
}

impl SimOptions {
    /// A run of 20,000 ticks with everything drawn from the seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self {
            seed,
            ticks: 20_000,
            replicas: None,
            clients: None,
            is_full: false,
            has_leases: false,
            bug: None,
        }
    }
}

/// What a seed draws: each run has faults of another kind and density.
#[derive(Clone, Debug)]
pub(super) struct Swarm {
    pub(super) replicas: u32,
    pub(super) network: NetworkFaults,
    pub(super) processes: ProcessFaults,
    pub(super) clients: u64,
    /// Requests that a client may have unanswered.
    pub(super) client_window: usize,
    /// Mean ticks between a client's bursts.
    pub(super) think: u64,
    /// Reads among the requests.
    pub(super) reads_per_mille: u64,
    /// How often a replica does its work at once, not at the end of the tick.
    pub(super) flush_per_mille: u64,
    /// One for each replica.
    pub(super) clocks: Vec<Clock>,
    /// When each replica starts for the first time.
    pub(super) first_starts: Vec<u64>,
    /// When so many replicas crash at once that the group cannot survive it.
    pub(super) power_loss: Option<u64>,
    /// When a replica loses its disk.
    pub(super) disk_loss: Option<u64>,
    /// How often messages of the past come again when a process starts.
    pub(super) echoes_per_mille: u64,
    pub(super) options: Options,
}

/// What the network does to messages.
#[derive(Clone, Copy, Debug)]
pub(super) struct NetworkFaults {
    pub(super) loss_per_mille: u64,
    pub(super) duplicate_per_mille: u64,
    /// Mean ticks on the way; differences reorder messages.
    pub(super) delay: u64,
    /// How often a message is held up for up to 1,000 ticks.
    pub(super) late_per_mille: u64,
    /// How often a second copy comes up to 10,000 ticks later.
    pub(super) ancient_per_mille: u64,
}

/// What happens to whole replicas and links, with mean ticks between two of a
/// kind; 0 is never.
#[derive(Clone, Copy, Debug)]
pub(super) struct ProcessFaults {
    pub(super) crash: u64,
    pub(super) clean_stop: u64,
    pub(super) pause: u64,
    pub(super) partition: u64,
    /// Messages of a kind get lost.
    pub(super) target: u64,
    /// A crash at a chosen point is prepared.
    pub(super) trigger: u64,
    /// A client loses its connection.
    pub(super) disconnect: u64,
    /// How often a new primary is hit soon after its view began.
    pub(super) leader_per_mille: u64,
    /// The longest time that a replica stays down or a partition lasts.
    pub(super) longest: u64,
    /// The longest time that a write to disk takes.
    pub(super) sync: u64,
}

impl NetworkFaults {
    /// A network that works.
    pub(super) const NONE: Self = Self {
        loss_per_mille: 0,
        duplicate_per_mille: 0,
        delay: 0,
        late_per_mille: 0,
        ancient_per_mille: 0,
    };
}

impl Swarm {
    pub(super) fn draw(sim: &SimOptions) -> Self {
        let mut random = Random::stream(sim.seed, "swarm");
        let drawn = random.pick(&[1, 2, 3, 3, 3, 3, 4, 5, 5, 5, 6, 7]);
        // Half of the runs leave each class of faults out, but for full ones.
        let low = u64::from(sim.is_full);
        let mut maybe = |high| match sim.is_full || random.chance(500) {
            true => random.between(low, high),
            false => 0,
        };
        let network = NetworkFaults {
            loss_per_mille: maybe(300),
            duplicate_per_mille: maybe(300),
            delay: maybe(10),
            late_per_mille: maybe(20),
            ancient_per_mille: maybe(300),
        };
        let mut every = |low, high| match maybe(1) {
            0 => 0,
            _ => low + maybe(high - low),
        };
        let processes = ProcessFaults {
            crash: every(200, 5_000),
            clean_stop: every(500, 10_000),
            pause: every(200, 5_000),
            partition: every(100, 2_000),
            target: every(100, 2_000),
            trigger: every(200, 2_000),
            disconnect: every(100, 2_000),
            leader_per_mille: maybe(700),
            longest: maybe(2_000) + 1,
            sync: maybe(20),
        };
        let drawn = if sim.is_full { 5 } else { drawn };
        let replicas = sim.replicas.unwrap_or(drawn);
        Self {
            replicas,
            network,
            processes,
            clocks: clocks(&mut random, replicas, sim.has_leases),
            first_starts: first_starts(&mut random, replicas),
            power_loss: (random.chance(100))
                .then(|| random.between(sim.ticks / 2, sim.ticks.saturating_sub(1))),
            disk_loss: disk_loss(sim),
            echoes_per_mille: Random::stream(sim.seed, "echo rate").pick(&[0, 50, 500]),
            clients: {
                let drawn = random.between(1, 8);
                sim.clients.unwrap_or(drawn)
            },
            client_window: random.pick(&[1, 2, 8, 32]),
            think: random.pick(&[1, 5, 20, 100]),
            reads_per_mille: random.pick(&[0, 100, 500, 900]),
            flush_per_mille: random.pick(&[1000, 500, 0]),
            options: Options {
                pipeline_entries: random.between(1, 64),
                window_bytes: random.pick(&[500, 5_000, 1 << 20]),
                batch_operations: random.pick(&[1, 2, 32]),
                batch_bytes: random.pick(&[100, 1_000, 1 << 20]),
                queue_requests: random.pick(&[4, 64, 1024]),
                reorder_entries: random.pick(&[1, 8, 256]),
                reorder_bytes: random.pick(&[500, 5_000, 1 << 20]),
                lease: if sim.has_leases { 30 } else { 0 },
                bug: sim.bug,
                ..pressure(sim.seed, checkpoints(sim.seed))
            },
        }
    }
}

/// In half of the runs no two clocks run alike, and in a quarter some machines
/// are slow.
fn clocks(random: &mut Random, replicas: u32, has_leases: bool) -> Vec<Clock> {
    // The largest that leases allow for.
    let most = if has_leases { 45 } else { u64::MAX };
    let skew = random.pick(&[0, 0, 50, 200]).min(most);
    let slow_per_mille = random.pick(&[0, 0, 0, 300]);
    let wall = random.pick(&[0, 10, 3_600_000]);
    let one = |_| Clock {
        rate_per_mille: random.between(1000 - skew, 1000 + skew),
        period: match random.chance(slow_per_mille) {
            true => random.between(2, 10),
            false => 1,
        },
        wall_offset: random.between(0, wall),
    };
    (0..replicas).map(one).collect()
}

/// Few ops and small chunks, so that logs are forgotten and snapshots fetched
/// all the time.
fn checkpoints(seed: u64) -> Options {
    let mut random = Random::stream(seed, "checkpoints");
    let snapshot_chunk = random.pick(&[64, 512, 4096]);
    Options {
        checkpoint_ops: random.pick(&[8, 32, 128, 512]),
        checkpoint_bytes: random.pick(&[2_000, 100_000, 64 << 20]),
        checkpoint_slice: random.pick(&[64, 512, 4096]),
        retain_ops: random.between(0, 64),
        retain_most: random.between(0, 256),
        snapshot_chunk,
        snapshot_bytes_per_tick: u64::from(snapshot_chunk) * random.between(1, 8),
        ..Options::default()
    }
}

/// In most runs a primary slows down for a backup that lags a little, and has
/// little room for what is uncommitted.
fn pressure(seed: u64, others: Options) -> Options {
    let mut random = Random::stream(seed, "pressure");
    Options {
        pipeline_bytes: random.pick(&[500, 10_000, 8 << 20]),
        lag_soft: random.pick(&[1, 8, 64, 1_024]),
        lag_patience: random.pick(&[50, 3_000]),
        ..others
    }
}

fn disk_loss(sim: &SimOptions) -> Option<u64> {
    let mut random = Random::stream(sim.seed, "disk loss");
    (random.chance(200)).then(|| random.between(0, sim.ticks.saturating_sub(1)))
}

/// Almost all start at once; in some runs one is late.
fn first_starts(random: &mut Random, replicas: u32) -> Vec<u64> {
    let mut starts = vec![0; replicas as usize];
    let late = random.between(0, u64::from(replicas) - 1);
    if replicas > 1 && random.chance(200) {
        starts[usize::try_from(late).expect("few replicas")] = random.between(1, 3_000);
    }
    starts
}
