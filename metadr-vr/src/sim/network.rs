//! The network: when a message arrives, how often, or not at all.

use super::options::NetworkFaults;
use super::random::Random;
use crate::Tick;

/// Decides over each message.
#[derive(Debug)]
pub(super) struct Network {
    random: Random,
    faults: NetworkFaults,
    /// Until when each link is cut, by sender and receiver.
    cut: Vec<Vec<Tick>>,
}

impl Network {
    pub(super) fn new(seed: u64, faults: NetworkFaults, replicas: usize) -> Self {
        Self {
            random: Random::stream(seed, "network"),
            faults,
            cut: vec![vec![Tick(0); replicas]; replicas],
        }
    }

    /// Whether a message gets from one replica to the other now.
    pub(super) fn is_open(&self, from: usize, to: usize, now: Tick) -> bool {
        self.cut[from][to] <= now
    }

    /// Cuts some links, of a shape that is drawn.
    pub(super) fn partition(&mut self, primary: usize, until: Tick) {
        let count = self.cut.len();
        let last = count as u64 - 1;
        let one =
            |random: &mut Random| usize::try_from(random.between(0, last)).expect("few replicas");
        let shape = self.random.between(0, 5);
        let victim = match shape {
            0 | 1 => primary,
            _ => one(&mut self.random),
        };
        let other = one(&mut self.random);
        let side: Vec<bool> = (0..count).map(|_| self.random.chance(500)).collect();
        for from in 0..count {
            for to in 0..count {
                let is_cut = match shape {
                    // Alone; deaf; dumb; one link, one way; two halves.
                    0 | 2 => (from == victim) != (to == victim),
                    1 => to == victim,
                    3 => from == victim,
                    4 => from == victim && to == other,
                    _ => side[from] != side[to],
                };
                if is_cut {
                    self.cut[from][to] = self.cut[from][to].max(until);
                }
            }
        }
    }

    /// Lets all messages from now on arrive, soon and once.
    pub(super) fn heal(&mut self) {
        self.faults = NetworkFaults::NONE;
        for until in self.cut.iter_mut().flatten() {
            *until = Tick(0);
        }
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
