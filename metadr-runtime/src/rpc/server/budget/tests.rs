//! Tests of the shared budget.

use super::*;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Wake;

const LIMIT: usize = 1 << 20;

/// A connection as the budget sees it.
struct Connection {
    share: Share,
    usage: Usage,
    woken: Arc<Woken>,
}

#[derive(Default)]
struct Woken(AtomicBool);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}

impl Connection {
    fn new(budget: &Budget) -> Self {
        Self {
            share: budget.share(),
            usage: Usage::default(),
            woken: Arc::default(),
        }
    }

    fn ask(&mut self) -> bool {
        let waker = Waker::from(Arc::clone(&self.woken));
        self.share.admit(self.usage, &waker)
    }

    /// Holds so many bytes of a record that has arrived in part.
    fn receive(&mut self, bytes: usize) -> bool {
        self.usage.bytes += bytes;
        self.usage.awaits_rest = true;
        self.ask()
    }

    /// The record is complete, and becomes a call.
    fn start(&mut self) -> bool {
        self.usage.in_flight = self.usage.bytes;
        self.usage.records += 1;
        self.usage.awaits_rest = false;
        self.ask()
    }

    /// The call is answered.
    fn finish(&mut self) -> bool {
        (self.usage.bytes, self.usage.in_flight) = (0, 0);
        self.ask()
    }

    fn was_woken(&self) -> bool {
        self.woken.0.swap(false, Ordering::Relaxed)
    }
}

#[test]
fn all_may_read_while_there_is_room() {
    let budget = Budget::new(LIMIT);
    let (mut one, mut other) = (Connection::new(&budget), Connection::new(&budget));
    assert!(one.receive(LIMIT / 2) && other.receive(LIMIT / 2));
    assert!(one.start() && other.start());
    assert!(one.finish() && other.finish());
    assert_eq!(budget.lock().held, 0);
    assert!(budget.lock().queue.is_empty());
}

#[test]
fn little_is_free_whatever_others_hold() {
    let budget = Budget::new(LIMIT);
    let (mut large, mut small) = (Connection::new(&budget), Connection::new(&budget));
    large.receive(2 * LIMIT);
    large.start();
    small.usage.bytes = FREE;
    assert!(small.ask());
    small.usage.bytes += 1;
    assert!(!small.ask());
}

#[test]
fn those_who_wait_are_woken_in_their_order() {
    let budget = Budget::new(LIMIT);
    let mut connections: Vec<_> = (0..4).map(|_| Connection::new(&budget)).collect();
    let [holder, first, second, third] = &mut connections[..] else {
        unreachable!()
    };
    holder.receive(LIMIT + FREE);
    holder.start();
    for one in [&mut *first, &mut *second, &mut *third] {
        // In the middle of nothing: there is no hurry.
        one.usage.bytes = FREE + 10;
        assert!(!one.ask());
    }
    // Asking again does not change the place.
    assert!(!second.ask() && !first.ask());
    holder.finish();
    assert!(first.was_woken() && !second.was_woken() && !third.was_woken());
    assert!(!second.ask(), "it is not its turn");
    assert!(first.ask());
    assert!(second.was_woken() && second.ask());
    assert!(third.was_woken() && third.ask());
}

#[test]
fn who_has_waited_may_go_on_while_there_is_room() {
    let budget = Budget::new(LIMIT);
    let mut connections: Vec<_> = (0..3).map(|_| Connection::new(&budget)).collect();
    let [holder, first, second] = &mut connections[..] else {
        unreachable!()
    };
    holder.receive(2 * LIMIT);
    holder.start();
    for one in [&mut *first, &mut *second] {
        one.usage.bytes = 2 * FREE;
        assert!(!one.ask());
    }
    holder.finish();
    // The second waits still: it has not asked since.
    assert!(first.ask() && first.ask() && first.receive(1));
    let mut newcomer = Connection::new(&budget);
    newcomer.usage.bytes = 2 * FREE;
    assert!(!newcomer.ask(), "it is the turn of the second");
    assert!(second.ask() && newcomer.ask());
}

#[test]
fn records_in_parts_are_finished_one_after_the_other() {
    let budget = Budget::new(LIMIT);
    let mut connections: Vec<_> = (0..4).map(|_| Connection::new(&budget)).collect();
    for one in &mut connections[..3] {
        one.receive(LIMIT / 4 + FREE);
    }
    assert!(
        connections[3].receive(LIMIT / 4 + FREE),
        "the last may go on"
    );
    // Nobody has anything that could be given back but the one whose turn it is.
    for turn in [3, 0, 1, 2] {
        let may_read: Vec<_> = connections.iter_mut().map(Connection::ask).collect();
        assert!(may_read[turn] && may_read.iter().filter(|may| **may).count() == 1);
        assert!(connections[turn].receive(1000), "it still is");
        // The handler takes its time.
        assert!(!connections[turn].start());
    }
    assert!(!connections[0].receive(1), "it has not answered its call");
    // It was for its turn.
    assert!(connections[0].was_woken());
    for one in &mut connections[1..] {
        assert!(one.finish());
    }
    assert!(connections[0].was_woken() && connections[0].ask());
}

#[test]
fn a_connection_that_goes_away_leaves_its_turn_to_the_next() {
    let budget = Budget::new(LIMIT);
    let mut stuck = Connection::new(&budget);
    let (mut one, mut other) = (Connection::new(&budget), Connection::new(&budget));
    // A handler that does not finish holds the whole budget.
    stuck.receive(2 * LIMIT);
    assert!(!stuck.start());
    assert!(one.receive(2 * FREE) && !other.receive(2 * FREE));
    assert!(!other.was_woken() && !other.ask(), "one at a time");
    drop(one);
    assert!(other.was_woken() && other.ask());
    assert!(!stuck.ask());
}

#[test]
fn a_connection_that_ends_gives_all_back() {
    let budget = Budget::new(LIMIT);
    let (mut one, mut other) = (Connection::new(&budget), Connection::new(&budget));
    one.receive(2 * LIMIT);
    one.start();
    other.usage.bytes = 2 * FREE;
    assert!(!other.ask());
    drop(one);
    assert!(other.was_woken() && other.ask());
    drop(other);
    assert_eq!(budget.lock().held, 0);
}
