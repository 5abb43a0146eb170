//! Messages of the past that come again when a process starts: what its
//! earlier run was told, and what that run has said, meets the new one.

use super::random::Random;
use crate::wire::Message;
use std::collections::VecDeque;

/// How many messages to a replica are kept: those of its last troubles.
const KEPT: usize = 32;

/// How soon after the start they come, in ticks: before the answers to what the
/// new run asks, or while it still matters.
const LATEST: [u64; 3] = [2, 10, 60];

/// The rare messages so far.
#[derive(Debug)]
pub(super) struct Echoes {
    random: Random,
    per_mille: u64,
    /// By receiver, oldest first.
    sent: Vec<VecDeque<Message>>,
}

impl Echoes {
    /// Each message comes again in `per_mille` of 1,000 starts.
    pub(super) fn new(seed: u64, per_mille: u64, replicas: usize) -> Self {
        Self {
            random: Random::stream(seed, "echoes"),
            per_mille,
            sent: vec![VecDeque::new(); replicas],
        }
    }

    /// Notes a message that was sent.
    pub(super) fn hear(&mut self, to: usize, message: &Message) {
        if self.per_mille == 0 {
            return;
        }
        let sent = &mut self.sent[to];
        if sent.len() == KEPT {
            sent.pop_front();
        }
        sent.push_back(message.clone());
    }

    /// What comes again now that a process starts: in how many ticks, to whom,
    /// and what.
    pub(super) fn at_start(&mut self, replica: usize) -> Vec<(u64, usize, Message)> {
        let mut echoes = Vec::new();
        for (to, sent) in self.sent.iter().enumerate() {
            for message in sent {
                let is_about = to == replica || message.envelope.sender as usize == replica;
                if is_about && self.random.chance(self.per_mille) {
                    let latest = self.random.pick(&LATEST);
                    let delay = self.random.between(1, latest);
                    echoes.push((delay, to, message.clone()));
                }
            }
        }
        echoes
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::check::testing::{fresh, message};
    use crate::wire::MessageBody;

    #[test]
    fn a_start_is_met_by_what_was_said_to_it_and_by_it() {
        let mut echoes = Echoes::new(1, 1000, 3);
        for (from, to) in [(0, 1), (1, 2), (2, 0)] {
            for _ in 0..KEPT + 8 {
                echoes.hear(to, &message(&fresh(from, 3), MessageBody::EnterView));
            }
        }
        let met = echoes.at_start(1);
        assert_eq!(met.len(), 2 * KEPT);
        assert!(met.iter().all(|(delay, ..)| (1..=60).contains(delay)));
        assert!((met.iter()).all(|(_, to, one)| *to == 1 || one.envelope.sender == 1));
    }

    #[test]
    fn without_the_fault_nothing_comes_again() {
        let mut echoes = Echoes::new(1, 0, 3);
        echoes.hear(1, &message(&fresh(0, 3), MessageBody::EnterView));
        assert_eq!(echoes.at_start(1), []);
    }
}
