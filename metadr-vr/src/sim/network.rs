//! The network: when a message arrives, how often, or not at all.

use super::options::NetworkFaults;
use super::random::Random;

/// Decides over each message.
#[derive(Debug)]
pub(super) struct Network {
    random: Random,
    faults: NetworkFaults,
}

impl Network {
    pub(super) fn new(seed: u64, faults: NetworkFaults) -> Self {
        Self {
            random: Random::stream(seed, "network"),
            faults,
        }
    }

    /// Lets all messages from now on arrive, soon and once.
    pub(super) fn heal(&mut self) {
        self.faults = NetworkFaults::NONE;
    }

    /// After how many ticks each copy of a message arrives.
    pub(super) fn deliveries(&mut self) -> impl Iterator<Item = u64> + use<> {
        let copies = if self.random.chance(self.faults.loss_per_mille) {
            0
        } else if self.random.chance(self.faults.duplicate_per_mille) {
            2
        } else {
            1
        };
        let mut delays = [0; 2];
        for delay in &mut delays[..copies] {
            *delay = self.random.exponential(self.faults.delay);
            if self.random.chance(self.faults.late_per_mille) {
                *delay += self.random.between(0, 1000);
            }
        }
        delays.into_iter().take(copies)
    }
}
