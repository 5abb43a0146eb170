//! The calls that have no outcome yet, and their deadlines.

use super::CallId;
use crate::rt::Instant;
use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::hash::{BuildHasherDefault, Hasher};

/// A map by call. The ids are our own, so nobody can make them collide.
pub(super) type CallMap<T> = HashMap<CallId, T, BuildHasherDefault<CallIdHasher>>;

/// A call that has no outcome yet.
#[derive(Debug)]
pub(super) struct Call {
    pub(super) state: CallState,
    pub(super) deadline: Option<Instant>,
}

/// Where a call stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum CallState {
    /// Its record waits for room, under this number.
    Queued { sequence: u64 },
    /// Its record is in the outgoing stream, and ends at this byte of it.
    Sent { end: u64 },
}

/// Calls by id and by deadline.
#[derive(Debug, Default)]
pub(super) struct CallTable {
    calls: CallMap<Call>,
    // Calls leave their entry behind when they end, as most end long before
    // their deadline. Such entries are cleared out when they are the majority.
    deadlines: BinaryHeap<Reverse<(Instant, CallId)>>,
}

impl CallTable {
    pub(super) fn insert(&mut self, id: CallId, call: Call) {
        if let Some(deadline) = call.deadline {
            if self.deadlines.len() >= 2 * self.calls.len() + 64 {
                self.deadlines
                    .retain(|Reverse((_, id))| self.calls.contains_key(id));
            }
            self.deadlines.push(Reverse((deadline, id)));
        }
        self.calls.insert(id, call);
    }

    pub(super) fn get_mut(&mut self, id: CallId) -> Option<&mut Call> {
        self.calls.get_mut(&id)
    }

    pub(super) fn remove(&mut self, id: CallId) -> Option<Call> {
        self.calls.remove(&id)
    }

    /// Removes a call, the oldest first.
    pub(super) fn drain(&mut self) -> impl Iterator<Item = (CallId, Call)> {
        self.deadlines.clear();
        let mut calls: Vec<_> = self.calls.drain().collect();
        calls.sort_unstable_by_key(|(id, _)| *id);
        calls.into_iter()
    }

    /// The earliest deadline of a call.
    pub(super) fn next_deadline(&mut self) -> Option<Instant> {
        while let Some(Reverse((deadline, id))) = self.deadlines.peek() {
            if self.calls.contains_key(id) {
                return Some(*deadline);
            }
            self.deadlines.pop();
        }
        None
    }

    /// A call whose deadline is not after `now`.
    pub(super) fn next_expired(&mut self, now: Instant) -> Option<CallId> {
        self.next_deadline().filter(|deadline| *deadline <= now)?;
        let Reverse((_, id)) = self.deadlines.pop()?;
        Some(id)
    }
}

/// Spreads consecutive numbers over all bits.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct CallIdHasher(u64);

impl Hasher for CallIdHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write_u64(&mut self, number: u64) {
        // The golden ratio, as in Fibonacci hashing.
        self.0 = number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }

    fn write(&mut self, bytes: &[u8]) {
        unreachable!("a call id is one u64, not {bytes:?}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(deadline: u64) -> Call {
        Call {
            state: CallState::Sent { end: 0 },
            deadline: Some(Instant::from_nanos(deadline)),
        }
    }

    #[test]
    fn calls_expire_in_the_order_of_their_deadlines() {
        let mut table = CallTable::default();
        for (id, deadline) in [(1, 30), (2, 10), (3, 20)] {
            table.insert(CallId::new(id), call(deadline));
        }
        table.remove(CallId::new(2));
        assert_eq!(table.next_deadline(), Some(Instant::from_nanos(20)));
        assert_eq!(table.next_expired(Instant::from_nanos(19)), None);
        let late = Instant::from_nanos(30);
        assert_eq!(table.next_expired(late), Some(CallId::new(3)));
        assert_eq!(table.next_expired(late), Some(CallId::new(1)));
        assert_eq!(table.next_expired(late), None);
    }

    #[test]
    fn deadlines_of_calls_that_ended_do_not_pile_up() {
        let mut table = CallTable::default();
        for number in 0..100_000 {
            table.insert(CallId::new(number), call(number));
            if number >= 10 {
                table.remove(CallId::new(number - 10));
            }
        }
        assert!(table.deadlines.len() <= 2 * 10 + 64);
    }
}
