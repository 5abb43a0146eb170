//! The memory that all connections of a listener share.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Waker;

/// Bytes that a connection may hold without asking: callers who want little
/// are served however much others hold.
const FREE: usize = 8 * 1024;

/// What a connection holds, and what it could do about it.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Usage {
    /// The bytes it holds.
    pub(super) bytes: usize,
    /// How many records it has received in full.
    pub(super) records: u64,
    /// The bytes among them that are of calls in flight.
    pub(super) in_flight: usize,
    /// Whether it holds a part of a record, and nothing but the budget keeps it
    /// from reading the rest.
    pub(super) awaits_rest: bool,
}

/// The bytes that the connections of a listener may hold together.
///
/// While there are less than that, all may read. From then on, those that hold
/// some wait in a queue. What the connections hold is given back by itself as
/// calls are answered and replies are taken, for which there are limits of
/// time, except for calls that have arrived in part. So one connection at a
/// time, the first of those in the queue that are in the middle of a record,
/// may go over the limit until it has the rest of it. It may not do so again
/// before it has answered that call.
///
/// So none waits for ever, even if others hold the whole budget with calls
/// that their handlers never finish, and none holds more than a record more
/// than it would otherwise.
#[derive(Clone, Debug)]
pub(super) struct Budget(Arc<Mutex<State>>);

#[derive(Debug)]
struct State {
    limit: usize,
    held: usize,
    next_id: u64,
    queue: VecDeque<Waiting>,
    overdraft: Option<Overdraft>,
}

/// A connection in the queue.
#[derive(Debug)]
struct Waiting {
    id: u64,
    awaits_rest: bool,
    // None once it has been used.
    waker: Option<Waker>,
}

/// The connection that may go over the limit.
#[derive(Clone, Copy, Debug)]
struct Overdraft {
    id: u64,
    // What it had before: so many records received in full, so many bytes in flight.
    records: u64,
    in_flight: usize,
}

/// A connection's part of the budget. Dropping it gives it back.
#[derive(Debug)]
pub(super) struct Share {
    budget: Budget,
    id: u64,
    held: usize,
    is_waiting: bool,
    // After it has gone over the limit: how many bytes were in flight before.
    // Until they are as few again, it may not do so once more.
    owes: Option<usize>,
}

impl Budget {
    /// A budget of this many bytes.
    pub(super) fn new(limit: usize) -> Self {
        let state = State {
            limit,
            held: 0,
            next_id: 0,
            queue: VecDeque::new(),
            overdraft: None,
        };
        Self(Arc::new(Mutex::new(state)))
    }

    /// The part of a further connection, which holds nothing yet.
    pub(super) fn share(&self) -> Share {
        let mut state = self.lock();
        state.next_id += 1;
        let id = state.next_id;
        drop(state);
        Share {
            budget: self.clone(),
            id,
            held: 0,
            is_waiting: false,
            owes: None,
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing in here panics but a waker, before which all is in order.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Share {
    /// Says what the connection holds now, and asks whether it may read. If
    /// not, `waker` is woken when to ask again; that may be too early.
    pub(super) fn admit(&mut self, mut usage: Usage, waker: &Waker) -> bool {
        let held = usage.bytes.saturating_sub(FREE);
        if held == 0 && self.held == 0 && !self.is_waiting {
            return true;
        }
        // Those that may read need not queue for it again each time.
        let may_go_on = self.held > 0 && !self.is_waiting;
        let mut state = self.budget.lock();
        state.held = state.held - self.held + held;
        self.held = held;
        if let Some(before) = state.end_overdraft(self.id, usage) {
            self.owes = Some(before);
        }
        self.owes = self.owes.filter(|before| usage.in_flight > *before);
        usage.awaits_rest &= self.owes.is_none();

        let is_short = state.held >= state.limit;
        let may_read = held == 0 || (may_go_on && !is_short) || state.may_read(self.id, usage);
        if may_read {
            state.leave(self.id);
        } else {
            state.wait(self.id, usage.awaits_rest, waker);
        }
        let next = state.next_waker();
        drop(state);
        self.is_waiting = !may_read;
        if let Some(next) = next {
            next.wake();
        }
        may_read
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        let mut state = self.budget.lock();
        state.held -= self.held;
        state.overdraft = state.overdraft.filter(|overdraft| overdraft.id != self.id);
        state.leave(self.id);
        let next = state.next_waker();
        drop(state);
        if let Some(next) = next {
            next.wake();
        }
    }
}

impl State {
    /// Ends the time in which a connection may go over the limit, when it has
    /// the rest of its record, and tells what it had in flight before.
    fn end_overdraft(&mut self, id: u64, usage: Usage) -> Option<usize> {
        let overdraft = self.overdraft.filter(|overdraft| overdraft.id == id)?;
        if usage.awaits_rest && usage.records == overdraft.records {
            return None;
        }
        self.overdraft = None;
        Some(overdraft.in_flight)
    }

    fn may_read(&mut self, id: u64, usage: Usage) -> bool {
        if self.held < self.limit {
            return self.queue.front().is_none_or(|first| first.id == id);
        }
        match self.overdraft {
            Some(overdraft) => overdraft.id == id,
            None => {
                let first = self.queue.iter().find(|waiting| waiting.awaits_rest);
                let is_next = usage.awaits_rest && first.is_none_or(|first| first.id == id);
                self.overdraft = is_next.then_some(Overdraft {
                    id,
                    records: usage.records,
                    in_flight: usage.in_flight,
                });
                is_next
            }
        }
    }

    fn wait(&mut self, id: u64, awaits_rest: bool, waker: &Waker) {
        let place = self.queue.iter_mut().find(|waiting| waiting.id == id);
        let waiting = match place {
            Some(waiting) => waiting,
            None => self.queue.push_back_mut(Waiting {
                id,
                awaits_rest,
                waker: None,
            }),
        };
        waiting.awaits_rest = awaits_rest;
        waiting.waker = Some(waker.clone());
    }

    fn leave(&mut self, id: u64) {
        let place = self.queue.iter().position(|waiting| waiting.id == id);
        if let Some(place) = place {
            self.queue.remove(place);
        }
    }

    /// What wakes the connection that may read next, if one may.
    fn next_waker(&mut self) -> Option<Waker> {
        let next = if self.held < self.limit {
            self.queue.front_mut()
        } else if self.overdraft.is_none() {
            self.queue.iter_mut().find(|waiting| waiting.awaits_rest)
        } else {
            None
        };
        next?.waker.take()
    }
}

#[cfg(test)]
mod tests;
