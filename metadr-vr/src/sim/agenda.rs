//! What is to happen when: a calendar queue.

use std::collections::{BTreeMap, VecDeque};

/// How many ticks ahead things are found by their tick alone. Most messages
/// and timers are due before; what is not waits in an order of its own.
const DAYS: usize = 1024;
const AHEAD: u64 = DAYS as u64;

/// Things that are planned, in the order of their times, and at one time in
/// the order in which they were planned.
#[derive(Debug)]
pub(super) struct Agenda<T> {
    /// The things of each of the [`DAYS`] ticks from `first` on, at the tick
    /// modulo their number.
    days: Vec<VecDeque<T>>,
    /// A bit for each day that has something.
    busy: [u64; DAYS / 64],
    /// Nothing is planned before.
    first: u64,
    /// What is due [`DAYS`] ticks after `first`, or later.
    later: BTreeMap<u64, Vec<T>>,
}

impl<T> Agenda<T> {
    pub(super) fn new() -> Self {
        Self {
            days: (0..DAYS).map(|_| VecDeque::new()).collect(),
            busy: [0; DAYS / 64],
            first: 0,
            later: BTreeMap::new(),
        }
    }

    /// Plans something for a time that has not passed.
    pub(super) fn push(&mut self, time: u64, what: T) {
        assert!(time >= self.first, "nothing is planned for the past");
        if time >= self.first + AHEAD {
            self.later.entry(time).or_default().push(what);
            return;
        }
        let day = day(time);
        self.days[day].push_back(what);
        self.busy[day / 64] |= 1 << (day % 64);
    }

    /// The time of what comes next.
    pub(super) fn next_time(&self) -> Option<u64> {
        self.next_busy_day()
            .or_else(|| self.later.keys().next().copied())
    }

    /// Takes what comes next, of which `next_time` has said that it is at
    /// `time`.
    pub(super) fn pop(&mut self, time: u64) -> Option<T> {
        if time > self.first {
            self.turn_to(time);
        }
        let day = day(time);
        let what = self.days[day].pop_front();
        if self.days[day].is_empty() {
            self.busy[day / 64] &= !(1 << (day % 64));
        }
        what
    }

    /// Takes everything, in its order. The time does not pass with it.
    pub(super) fn take_all(&mut self) -> Vec<(u64, T)> {
        let first = self.first;
        let mut all = Vec::new();
        while let Some(time) = self.next_time() {
            all.extend(self.pop(time).map(|what| (time, what)));
        }
        self.first = first;
        all
    }

    /// Makes `time` the first day. What comes into reach with that was planned
    /// before anything else of its day can be.
    fn turn_to(&mut self, time: u64) {
        self.first = time;
        while let Some(entry) = self.later.first_entry()
            && *entry.key() < time + AHEAD
        {
            let (due, things) = entry.remove_entry();
            let day = day(due);
            self.days[day].extend(things);
            self.busy[day / 64] |= 1 << (day % 64);
        }
    }

    fn next_busy_day(&self) -> Option<u64> {
        let first = day(self.first);
        let (word, bit) = (first / 64, first % 64);
        let words = self.busy.len();
        // The word of the first day comes twice: its high bits first, and in
        // the end the low ones, which are the last days.
        (0..=words).find_map(|turn| {
            let index = (word + turn) % words;
            let mask = match turn {
                0 => u64::MAX << bit,
                _ if turn == words => !(u64::MAX << bit),
                _ => u64::MAX,
            };
            let found = self.busy[index] & mask;
            let day = index * 64 + found.trailing_zeros() as usize;
            let distance = (day + DAYS - first) % DAYS;
            (found != 0).then(|| self.first + distance as u64)
        })
    }
}

fn day(time: u64) -> usize {
    usize::try_from(time % AHEAD).expect("a day is a small number")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::random::Random;

    /// Against a list that is sorted by time and by when it was planned.
    #[test]
    fn things_come_in_the_order_of_their_times_and_plans() {
        let mut random = Random::stream(1, "agenda");
        let (mut agenda, mut expected) = (Agenda::new(), BTreeMap::new());
        let (mut now, mut jumps) = (0, 0);
        for number in 0..20_000_u64 {
            let delay = random.pick(&[0, 0, 1, 5, 63, 64, 1000, 1023, 1024, 1025, 9000]);
            agenda.push(now + delay, number);
            expected.insert((now + delay, number), ());
            while random.chance(490) {
                let next = expected.pop_first().map(|(key, ())| key);
                assert_eq!(agenda.next_time(), next.map(|(time, _)| time));
                let Some((time, number)) = next else { break };
                assert_eq!(agenda.pop(time), Some(number));
                jumps += u64::from(time > now + AHEAD);
                now = time;
            }
        }
        assert!(jumps > 3, "only {jumps} jumps over more than the calendar");
        let rest: Vec<_> = expected.into_keys().collect();
        assert_eq!(agenda.take_all(), rest);
        assert_eq!(agenda.next_time(), None);
        agenda.push(now, 0);
        assert_eq!(agenda.next_time(), Some(now));
    }

    #[test]
    #[should_panic = "nothing is planned for the past"]
    fn nothing_is_planned_for_the_past() {
        let mut agenda = Agenda::new();
        agenda.push(7, ());
        agenda.pop(7);
        agenda.push(6, ());
    }
}
