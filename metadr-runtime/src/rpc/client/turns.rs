//! The calls for which there is no room yet.

use crate::rt::Instant;
use std::collections::{BTreeMap, BTreeSet};

/// A call's place in the queue of those that wait their turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TurnId(u64);

/// Calls that wait their turn, in the order in which they came. They are not
/// encoded before that: all that is kept of one is whom to tell.
#[derive(Debug)]
pub(super) struct Turns<T> {
    waiting: BTreeMap<TurnId, Waiting<T>>,
    deadlines: BTreeSet<(Instant, TurnId)>,
    next: u64,
}

#[derive(Debug)]
struct Waiting<T> {
    is_one_way: bool,
    deadline: Option<Instant>,
    /// None when it has been told to look whether it is its turn.
    tag: Option<T>,
}

impl<T> Turns<T> {
    pub(super) fn new() -> Self {
        Self {
            waiting: BTreeMap::new(),
            deadlines: BTreeSet::new(),
            next: 0,
        }
    }

    pub(super) fn len(&self) -> usize {
        self.waiting.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    pub(super) fn contains(&self, id: TurnId) -> bool {
        self.waiting.contains_key(&id)
    }

    /// Whether it is the first in the queue.
    pub(super) fn is_first(&self, id: TurnId) -> bool {
        self.waiting
            .first_key_value()
            .is_some_and(|(first, _)| *first == id)
    }

    /// Adds a call at the end.
    pub(super) fn push(&mut self, is_one_way: bool, deadline: Option<Instant>, tag: T) -> TurnId {
        let id = TurnId(self.next);
        self.next += 1;
        if let Some(deadline) = deadline {
            self.deadlines.insert((deadline, id));
        }
        let tag = Some(tag);
        let waiting = Waiting {
            is_one_way,
            deadline,
            tag,
        };
        self.waiting.insert(id, waiting);
        id
    }

    /// Sets whom to tell; gives back who it was before.
    pub(super) fn set_tag(&mut self, id: TurnId, tag: T) -> Option<T> {
        match self.waiting.get_mut(&id) {
            Some(waiting) => waiting.tag.replace(tag),
            None => Some(tag),
        }
    }

    /// Takes a call out of the queue.
    pub(super) fn remove(&mut self, id: TurnId) -> Option<T> {
        let waiting = self.waiting.remove(&id)?;
        if let Some(deadline) = waiting.deadline {
            self.deadlines.remove(&(deadline, id));
        }
        waiting.tag
    }

    /// Tells the first ones, as many as `has_room` finds room for: it is asked
    /// for each in turn, whether it is one-way.
    pub(super) fn tell(&mut self, mut has_room: impl FnMut(bool) -> bool, mut tell: impl FnMut(T)) {
        for waiting in self.waiting.values_mut() {
            if !has_room(waiting.is_one_way) {
                break;
            }
            if let Some(tag) = waiting.tag.take() {
                tell(tag);
            }
        }
    }

    /// Tells the first one, if `has_room` finds room for it.
    pub(super) fn tell_first(&mut self, has_room: impl FnOnce(bool) -> bool) -> Option<T> {
        let mut first = self.waiting.first_entry()?;
        let waiting = first.get_mut();
        has_room(waiting.is_one_way)
            .then(|| waiting.tag.take())
            .flatten()
    }

    /// The earliest deadline.
    pub(super) fn next_deadline(&self) -> Option<Instant> {
        self.deadlines.first().map(|(deadline, _)| *deadline)
    }

    /// Takes those out of the queue whose deadline is not after `now`.
    pub(super) fn expire(&mut self, now: Instant, mut tell: impl FnMut(T)) {
        while let Some((deadline, id)) = self.deadlines.first().copied()
            && deadline <= now
        {
            self.remove(id).into_iter().for_each(&mut tell);
        }
    }

    /// Takes all out of the queue.
    pub(super) fn clear(&mut self, tell: impl FnMut(T)) {
        self.deadlines.clear();
        std::mem::take(&mut self.waiting)
            .into_values()
            .filter_map(|waiting| waiting.tag)
            .for_each(tell);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_ones_are_told_once_each() {
        let mut turns = Turns::new();
        let ids: Vec<_> = (0..4).map(|tag| turns.push(tag == 1, None, tag)).collect();
        let mut calls = 2;
        let mut told = Vec::new();
        let has_room = |is_one_way: bool| {
            calls -= i32::from(!is_one_way);
            calls >= 0
        };
        turns.tell(has_room, |tag| told.push(tag));
        assert_eq!(told, [0, 1, 2]);
        turns.tell(|_| true, |tag| told.push(tag));
        assert_eq!(told, [0, 1, 2, 3]);

        assert!(turns.is_first(ids[0]) && !turns.is_first(ids[1]));
        assert_eq!(turns.set_tag(ids[1], 11), None);
        assert_eq!(turns.remove(ids[0]), None);
        assert_eq!(turns.tell_first(|_| false), None);
        assert_eq!(turns.tell_first(|is_one_way| is_one_way), Some(11));
    }

    #[test]
    fn whoever_has_waited_too_long_leaves_the_queue() {
        let at = |nanos| Some(Instant::from_nanos(nanos));
        let mut turns = Turns::new();
        let first = turns.push(false, at(20), 1);
        let second = turns.push(false, at(10), 2);
        turns.push(false, None, 3);
        assert_eq!(turns.next_deadline(), at(10));
        let mut told = Vec::new();
        turns.expire(Instant::from_nanos(10), |tag| told.push(tag));
        assert_eq!(told, [2]);
        assert!(turns.contains(first) && !turns.contains(second));
        turns.remove(first);
        assert_eq!(turns.next_deadline(), None);
        turns.clear(|tag| told.push(tag));
        assert_eq!(told, [2, 3]);
        assert!(turns.is_empty());
    }
}
