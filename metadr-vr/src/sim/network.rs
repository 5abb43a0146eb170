//! The network: when a message arrives, how often, or not at all.

mod targeted;

use super::options::NetworkFaults;
use super::random::Random;
use crate::Tick;
use crate::wire::{Message, MessageKind};
use targeted::Targeted;

/// Decides over each message.
#[derive(Debug)]
pub(super) struct Network {
    random: Random,
    /// Of the fault that is played now.
    pub(super) fault_random: Random,
    faults: NetworkFaults,
    /// Those of messages that are seldom sent.
    rare_faults: NetworkFaults,
    /// By sender and receiver.
    links: Vec<Vec<Link>>,
    targeted: Vec<Targeted>,
}

/// The way from one replica to another.
#[derive(Clone, Copy, Debug)]
struct Link {
    /// Nothing gets through until then.
    cut: Tick,
    /// If it is cut: only in every other period of so many ticks; 0 is always.
    flapping: u64,
    /// Everything waits until then.
    clogged: Tick,
    /// It loses nothing and is fast, whatever the others do.
    works: bool,
}

const OPEN: Link = Link {
    cut: Tick(0),
    flapping: 0,
    clogged: Tick(0),
    works: false,
};

/// The longest time that a message takes once the network works, in ticks.
pub(super) const DELAY_WHEN_HEALED: u64 = 10;

/// Which links a replica has for good, when the others' faults are over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Connection {
    Whole,
    SendOnly,
    ReceiveOnly,
    /// Each link and direction by chance.
    Some,
    None,
}

/// After how many ticks each copy of a message arrives.
#[derive(Clone, Copy, Debug)]
pub(super) struct Delays {
    copies: usize,
    each: [u64; 2],
}

impl Delays {
    pub(super) fn as_slice(&self) -> &[u64] {
        &self.each[..self.copies]
    }
}

impl Network {
    pub(super) fn new(seed: u64, faults: NetworkFaults, replicas: usize) -> Self {
        Self {
            random: Random::stream(seed, "network"),
            fault_random: Random::stream(seed, "network faults"),
            faults,
            rare_faults: NetworkFaults {
                duplicate_per_mille: (faults.duplicate_per_mille * 3).min(900),
                late_per_mille: faults.late_per_mille * 10,
                ancient_per_mille: (faults.ancient_per_mille * 3).min(900),
                ..faults
            },
            links: vec![vec![OPEN; replicas]; replicas],
            targeted: Vec::new(),
        }
    }

    /// Whether a message gets from one replica to the other now.
    pub(super) fn is_open(&self, from: usize, to: usize, now: Tick) -> bool {
        let link = &self.links[from][to];
        link.cut <= now || (link.flapping > 0 && (now.0 / link.flapping).is_multiple_of(2))
    }

    /// Whether a message is one of those that are not to arrive.
    pub(super) fn is_dropped(&mut self, to: usize, message: &Message, now: Tick) -> bool {
        if self.targeted.is_empty() {
            return false;
        }
        self.targeted.retain(|one| one.is_active(now));
        (self.targeted.iter_mut()).any(|one| one.hits(to, message))
    }

    /// Begins to drop certain messages. `view` is about where the group is.
    pub(super) fn target(&mut self, view: u64, until: Tick) -> String {
        let count = self.links.len();
        let one = Targeted::draw(&mut self.fault_random, count, view, until);
        let text = one.to_string();
        self.targeted.push(one);
        text
    }

    /// Cuts one replica off, or makes it deaf or dumb.
    pub(super) fn isolate(&mut self, victim: usize, now: Tick, length: u64) -> &'static str {
        let until = now.after(length);
        match self.fault_random.between(0, 3) {
            0 => {
                self.cut(until, &|_, to| to == victim);
                "hears nobody"
            }
            1 => {
                self.cut(until, &|from, _| from == victim);
                "is heard by nobody"
            }
            _ => {
                self.cut(until, &|from, to| (from == victim) != (to == victim));
                "is cut off"
            }
        }
    }

    /// Cuts or clogs some links, of a shape that is drawn.
    pub(super) fn partition(&mut self, primary: usize, now: Tick, length: u64) -> &'static str {
        if self.fault_random.chance(250) {
            return self.isolate(primary, now, length);
        }
        let until = now.after(length);
        let count = self.links.len();
        let one = self.replica();
        let next = (primary + 1) % count;
        let shape = self.fault_random.between(3, 12);
        let side: Vec<bool> = (0..count).map(|_| self.fault_random.chance(500)).collect();
        let other = self.replica();
        let half = count / 2;
        // The place in a ring that is not the voters' order.
        let turn = |place: usize| (place * 2 + one) % count;
        let mut cut = |is_cut: &dyn Fn(usize, usize) -> bool| self.cut(until, is_cut);
        match shape {
            3 => cut(&|from, to| (from == next) != (to == next)),
            4 => cut(&|from, to| (from == one) != (to == one)),
            5 => cut(&|_, to| to == one),
            6 => cut(&|from, _| from == one),
            7 => cut(&|from, to| from == one && to == other),
            8 => cut(&|from, to| side[from] != side[to]),
            // A star: nobody reaches anybody but through one.
            9 => cut(&|from, to| from != one && to != one),
            // A ring: everybody reaches a majority, and not the same.
            10 => cut(&|from, to| {
                let distance = (turn(from) + count - turn(to)) % count;
                distance.min(count - distance) > half.div_ceil(2)
            }),
            11 => {
                let period = self.fault_random.between(1, 60);
                let links = self.links.iter_mut().flatten();
                for link in links.filter(|_| self.fault_random.chance(300)) {
                    link.cut = link.cut.max(until);
                    link.flapping = period;
                }
            }
            _ => {
                // One after the other, and open again in another order.
                for link in self.links.iter_mut().flatten() {
                    if self.fault_random.chance(500) {
                        link.clogged = now.after(self.fault_random.between(0, length));
                    }
                }
            }
        }
        match shape {
            3 => "'s successor is cut off",
            4 => "stays, another is cut off",
            5 => "stays, another hears nobody",
            6 => "stays, another is heard by nobody",
            7 => "stays, one link is cut in one direction",
            8 => "stays, the group is in two halves",
            9 => "stays, the group is a star",
            10 => "stays, the group is a ring",
            11 => "stays, links come and go",
            _ => "stays, links are clogged",
        }
    }

    fn cut(&mut self, until: Tick, is_cut: &dyn Fn(usize, usize) -> bool) {
        for (from, links) in self.links.iter_mut().enumerate() {
            for (to, link) in links.iter_mut().enumerate() {
                if is_cut(from, to) && link.cut < until {
                    link.cut = until;
                    link.flapping = 0;
                }
            }
        }
    }

    fn replica(&mut self) -> usize {
        let last = self.links.len() as u64 - 1;
        usize::try_from(self.fault_random.between(0, last)).expect("few replicas")
    }

    /// Ends all faults between replicas whose connection is whole, and gives
    /// the others what they have from now on: a link works, or it does not. One
    /// that loses a part of its messages may look well for any time and then
    /// not, which nobody can tell from a primary that is gone.
    pub(super) fn heal(&mut self, connections: &[Connection]) {
        self.targeted.clear();
        for (from, links) in self.links.iter_mut().enumerate() {
            for (to, link) in links.iter_mut().enumerate() {
                let ends = [connections[from], connections[to]];
                let is_cut = connections[from] == Connection::ReceiveOnly
                    || connections[to] == Connection::SendOnly
                    || ends.contains(&Connection::None)
                    || (ends.contains(&Connection::Some) && self.random.chance(500));
                *link = Link {
                    cut: Tick(if is_cut { u64::MAX } else { 0 }),
                    works: true,
                    ..OPEN
                };
            }
        }
    }

    /// Cuts links that are never open again.
    pub(super) fn cut_for_good(&mut self, is_cut: &dyn Fn(usize, usize) -> bool) {
        self.cut(Tick(u64::MAX), is_cut);
    }

    /// After how many ticks each copy of a message arrives.
    pub(super) fn deliveries(
        &mut self,
        from: usize,
        to: usize,
        message: &Message,
        now: Tick,
    ) -> Delays {
        let link = self.links[from][to];
        let faults = match link.works {
            true => NetworkFaults {
                delay: self.faults.delay,
                ..NetworkFaults::NONE
            },
            false if is_rare(message) => self.rare_faults,
            false => self.faults,
        };
        let copies = if self.random.chance(faults.loss_per_mille) {
            0
        } else if self.random.chance(faults.duplicate_per_mille) {
            2
        } else {
            1
        };
        let clogged = link.clogged.since(now);
        let mut delays = Delays {
            copies,
            each: [0; 2],
        };
        for (copy, delay) in delays.each[..copies].iter_mut().enumerate() {
            *delay = clogged + self.random.exponential(faults.delay);
            if link.works {
                *delay = (*delay).min(DELAY_WHEN_HEALED - 1);
            } else if self.random.chance(faults.late_per_mille) {
                *delay += self.random.between(0, 1000);
            } else if copy > 0 && self.random.chance(faults.ancient_per_mille) {
                *delay += self.random.between(0, 10_000);
            }
        }
        delays
    }
}

/// Whether there are few messages like it. In normal operation thousands are
/// late or come twice; the others would hardly ever be.
pub(super) fn is_rare(message: &Message) -> bool {
    !matches!(
        message.body.discriminant(),
        MessageKind::Prepare
            | MessageKind::PrepareOk
            | MessageKind::Commit
            | MessageKind::FetchLog
            | MessageKind::LogChunk
            | MessageKind::Ping
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn network() -> Network {
        Network::new(1, NetworkFaults::NONE, 3)
    }

    fn open(network: &Network, now: u64) -> Vec<(usize, usize)> {
        let all = (0..3).flat_map(|from| (0..3).map(move |to| (from, to)));
        all.filter(|(from, to)| from != to && network.is_open(*from, *to, Tick(now)))
            .collect()
    }

    #[test]
    fn every_shape_ends() {
        let mut network = network();
        let mut texts = std::collections::BTreeSet::new();
        for _ in 0..200 {
            texts.insert(network.partition(0, Tick(0), 100));
        }
        assert_eq!(texts.len(), 13);
        assert!(open(&network, 50).len() < 6);
        assert_eq!(open(&network, 100).len(), 6);
    }

    #[test]
    fn what_is_half_connected_stays_so() {
        let mut network = network();
        network.partition(0, Tick(0), 100);
        network.heal(&[
            Connection::Whole,
            Connection::SendOnly,
            Connection::ReceiveOnly,
        ]);
        assert_eq!(open(&network, 1_000_000), [(0, 2), (1, 0), (1, 2)]);
        network.heal(&[Connection::Whole; 3]);
        assert_eq!(open(&network, 0).len(), 6);
    }

    #[test]
    fn a_flapping_link_is_open_half_of_the_time() {
        let mut network = network();
        network.links[0][1].cut = Tick(1000);
        network.links[0][1].flapping = 7;
        let times = (0..140).filter(|now| network.is_open(0, 1, Tick(*now)));
        assert_eq!(times.count(), 70);
    }
}
