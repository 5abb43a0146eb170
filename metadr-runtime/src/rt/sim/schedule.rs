//! The virtual clock, and what happens when.

use super::connection::Way;
use crate::rt::Instant;
use std::collections::BTreeMap;
use std::task::Waker;
use std::time::Duration;

/// The time, and what will happen at which.
pub(super) struct Schedule {
    now: Instant,
    events: BTreeMap<EventKey, Event>,
    next_number: u64,
    /// Whom to wake, once nothing is locked any more.
    pub(super) woken: Vec<Waker>,
}

/// Events of one time happen in the order in which they were scheduled.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) struct EventKey {
    time: Instant,
    number: u64,
}

impl EventKey {
    pub(super) fn number(self) -> u64 {
        self.number
    }
}

pub(super) enum Event {
    /// A timer fires.
    Timer(Waker),
    /// Something arrives over a connection.
    Arrival(Way),
}

impl Schedule {
    pub(super) fn new() -> Self {
        Self {
            now: Instant::ZERO,
            events: BTreeMap::new(),
            next_number: 0,
            woken: Vec::new(),
        }
    }

    pub(super) fn now(&self) -> Instant {
        self.now
    }

    pub(super) fn add(&mut self, time: Instant, event: Event) -> EventKey {
        let number = self.next_number;
        self.next_number += 1;
        let key = EventKey { time, number };
        self.events.insert(key, event);
        key
    }

    /// Has the timer wake somebody else, if it has not fired.
    pub(super) fn replace_waker(&mut self, key: EventKey, waker: &Waker) {
        if let Some(Event::Timer(present)) = self.events.get_mut(&key)
            && !present.will_wake(waker)
        {
            let previous = std::mem::replace(present, waker.clone());
            // Its drop may be code of others, like its waking.
            self.woken.push(previous);
        }
    }

    pub(super) fn remove(&mut self, key: EventKey) {
        if let Some(Event::Timer(waker)) = self.events.remove(&key) {
            self.woken.push(waker);
        }
    }

    /// Wakes whoever waits there.
    pub(super) fn wake(&mut self, waiting: &mut Option<Waker>) {
        self.woken.extend(waiting.take());
    }

    /// Has `waker` wait there. Who waited there before is woken: it polls
    /// again if it still wants something.
    pub(super) fn wait(&mut self, waiting: &mut Option<Waker>, waker: &Waker) {
        if !waiting.as_ref().is_some_and(|other| other.will_wake(waker)) {
            self.woken.extend(waiting.replace(waker.clone()));
        }
    }

    /// The next event whose time has come.
    pub(super) fn take_due(&mut self) -> Option<(EventKey, Event)> {
        let first = self.events.first_entry()?;
        (first.key().time <= self.now).then(|| first.remove_entry())
    }

    /// Lets so much time pass.
    pub(super) fn advance(&mut self, duration: Duration) {
        self.now = self.now + duration;
    }

    /// Lets time pass until the next event; false if there is none.
    pub(super) fn advance_to_next(&mut self) -> bool {
        let Some((next, _)) = self.events.first_key_value() else {
            return false;
        };
        self.now = self.now.max(next.time);
        true
    }
}
