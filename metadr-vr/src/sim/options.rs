//! What a run is made of: drawn from its seed, as far as it is not given.

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
}

/// What happens to whole replicas and links, with mean ticks between two of a
/// kind; 0 is never.
#[derive(Clone, Copy, Debug)]
pub(super) struct ProcessFaults {
    pub(super) crash: u64,
    pub(super) clean_stop: u64,
    pub(super) pause: u64,
    pub(super) partition: u64,
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
    };
}

impl Swarm {
    pub(super) fn draw(sim: &SimOptions) -> Self {
        let mut random = Random::stream(sim.seed, "swarm");
        let drawn = random.pick(&[1, 2, 3, 3, 3, 3, 4, 5, 5, 5, 6, 7]);
        // Half of the runs leave each class of faults out.
        let mut maybe = |high| match random.chance(500) {
            true => random.between(0, high),
            false => 0,
        };
        let network = NetworkFaults {
            loss_per_mille: maybe(300),
            duplicate_per_mille: maybe(300),
            delay: maybe(10),
            late_per_mille: maybe(20),
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
            longest: maybe(2_000) + 1,
            sync: maybe(20),
        };
        Self {
            replicas: sim.replicas.unwrap_or(drawn),
            network,
            processes,
            clients: random.between(1, 8),
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
                bug: sim.bug,
                ..Options::default()
            },
        }
    }
}
