//! The search for an order.

use super::cache::{BitSet, Cache};
use super::remaining::{Remaining, Span};
use super::{Object, Operation, burst};

/// How a search ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// There is an order.
    Order,
    /// There is none.
    NoOrder,
    /// It took too many steps.
    GaveUp,
}

/// A search under way.
///
/// Answered operations are numbered by their invocation, and those without an
/// answer likewise, for themselves.
pub(super) struct Search<'h, O: Object> {
    history: &'h [Operation<O::Call, O::Return>],
    /// Where the answered operations are in the history.
    pub(super) known: Vec<usize>,
    /// Where those without an answer are.
    pub(super) unknown: Vec<usize>,
    /// For each answered one, whether it never changes anything.
    is_read: Vec<bool>,
    /// For each answered one, those without an answer that can make a
    /// difference to it.
    pub(super) helpers: Vec<Vec<usize>>,
    pub(super) remaining: Remaining,
    done: BitSet,
    pub(super) used: BitSet,
    pub(super) object: O,
    cache: Cache,
    steps: u64,
    limit: u64,
    frames: Vec<Frame<O::Undo>>,
    longest: Vec<usize>,
}

/// A point of the search, and how it came there from the one before.
struct Frame<U> {
    taken: Vec<Taken<U>>,
    /// How it can go on, the best last.
    ways: Vec<Way>,
    /// Whether the ways include those that use operations without an answer.
    is_complete: bool,
}

struct Taken<U> {
    which: Which,
    undo: U,
}

#[derive(Clone, Copy, Debug)]
enum Which {
    Known(usize),
    Unknown(usize),
}

/// An answered operation that can be next, after some that have no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Way {
    pub(super) first: Vec<usize>,
    pub(super) then: usize,
}

impl<'h, O: Object> Search<'h, O> {
    pub(super) fn new(history: &'h [Operation<O::Call, O::Return>], limit: u64) -> Self {
        let by_invocation = |is_known: bool| {
            let mut found: Vec<usize> = (0..history.len())
                .filter(|at| history[*at].returned.is_some() == is_known)
                .collect();
            found.sort_by_key(|at| history[*at].invoked);
            found
        };
        let (known, mut unknown) = (by_invocation(true), by_invocation(false));
        unknown.retain(|at| !O::is_read(&history[*at].call, None));
        let span = |at: &usize| Span {
            invoked: history[*at].invoked,
            returned: (history[*at].returned.as_ref()).map_or(u64::MAX, |(time, _)| *time),
        };
        let is_read = |at: &usize| {
            let Operation { call, returned, .. } = &history[*at];
            O::is_read(call, returned.as_ref().map(|(_, value)| value))
        };
        Self {
            history,
            is_read: known.iter().map(is_read).collect(),
            helpers: burst::helpers::<O>(history, &known, &unknown),
            remaining: Remaining::new(known.iter().map(span).collect()),
            done: BitSet::new(known.len()),
            used: BitSet::new(unknown.len()),
            known,
            unknown,
            object: O::default(),
            cache: Cache::default(),
            steps: 0,
            limit,
            frames: Vec::new(),
            longest: Vec::new(),
        }
    }

    pub(super) fn run(&mut self) -> Found {
        self.arrive(Vec::new());
        loop {
            if self.remaining.count() == 0 {
                return Found::Order;
            }
            if self.is_over() {
                return Found::GaveUp;
            }
            let Some(frame) = self.frames.last_mut() else {
                return Found::NoOrder;
            };
            if let Some(way) = frame.ways.pop() {
                self.follow(&way);
            } else if frame.is_complete {
                self.leave();
            } else {
                frame.is_complete = true;
                let mut ways = burst::ways(self);
                ways.reverse();
                self.frames.last_mut().expect("it is there").ways = ways;
            }
        }
    }

    /// How many operations it has applied.
    pub(super) fn steps(&self) -> u64 {
        self.steps
    }

    /// The longest part of an order that was tried before it went back, as
    /// places in the history.
    pub(super) fn longest(&self) -> &[usize] {
        &self.longest
    }

    /// Those without an answer that cannot come to matter to any that have one.
    pub(super) fn idle(&self) -> impl Iterator<Item = usize> {
        let mut is_idle = vec![true; self.history.len()];
        for operation in &self.known {
            is_idle[*operation] = false;
        }
        for helper in self.helpers.iter().flatten() {
            is_idle[self.unknown[*helper]] = false;
        }
        is_idle
            .into_iter()
            .enumerate()
            .filter_map(|(at, is_idle)| is_idle.then_some(at))
    }

    /// Whether the search has taken as many steps as it may.
    pub(super) fn is_over(&self) -> bool {
        self.steps >= self.limit
    }

    /// When an operation without an answer was invoked.
    pub(super) fn invoked(&self, unknown: usize) -> u64 {
        self.history[self.unknown[unknown]].invoked
    }

    /// Applies an answered operation, if that gives its answer now.
    pub(super) fn apply_known(&mut self, which: usize) -> Option<O::Undo> {
        self.steps += 1;
        let operation = &self.history[self.known[which]];
        let returned = operation.returned.as_ref().map(|(_, value)| value);
        self.object.apply(&operation.call, returned)
    }

    /// Applies an operation without an answer.
    pub(super) fn apply_unknown(&mut self, which: usize) -> Option<O::Undo> {
        self.steps += 1;
        let operation = &self.history[self.unknown[which]];
        self.object.apply(&operation.call, None)
    }

    /// Goes to the next point, if that has not been tried.
    fn follow(&mut self, way: &Way) {
        let mut taken = Vec::with_capacity(way.first.len() + 1);
        for unknown in &way.first {
            let undo = self.apply_unknown(*unknown).expect("it was tried");
            self.used.insert(*unknown);
            taken.push(Taken {
                which: Which::Unknown(*unknown),
                undo,
            });
        }
        let undo = self.apply_known(way.then).expect("it was tried");
        self.take(way.then, undo, &mut taken);
        self.arrive(taken);
    }

    /// Comes to a point: takes what never changes anything, which may as well be
    /// done at once, and sees what can be next.
    fn arrive(&mut self, mut taken: Vec<Taken<O::Undo>>) {
        let mut ways = self.look(&mut taken);
        ways.reverse();
        let first = self.remaining.first();
        let state = self.object.hash();
        let is_new = self.cache.insert(state, &self.done, first, &self.used);
        self.frames.push(Frame {
            taken,
            ways,
            is_complete: false,
        });
        if !is_new {
            self.leave();
        }
    }

    fn look(&mut self, taken: &mut Vec<Taken<O::Undo>>) -> Vec<Way> {
        'again: loop {
            let mut ways = Vec::new();
            for which in self.remaining.candidates() {
                let Some(undo) = self.apply_known(which) else {
                    continue;
                };
                // Not any that changes nothing now: a write of the value that
                // is there may be of use after another write.
                if self.is_read[which] {
                    self.take(which, undo, taken);
                    continue 'again;
                }
                self.object.undo(undo);
                ways.push(Way {
                    first: Vec::new(),
                    then: which,
                });
            }
            return ways;
        }
    }

    fn take(&mut self, which: usize, undo: O::Undo, taken: &mut Vec<Taken<O::Undo>>) {
        self.remaining.take(which);
        self.done.insert(which);
        let which = Which::Known(which);
        taken.push(Taken { which, undo });
    }

    /// Goes back to the point before.
    fn leave(&mut self) {
        self.note_longest();
        let frame = self.frames.pop().expect("it is there");
        for taken in frame.taken.into_iter().rev() {
            match taken.which {
                Which::Known(which) => {
                    self.remaining.put_back(which);
                    self.done.remove(which);
                }
                Which::Unknown(which) => self.used.remove(which),
            }
            self.object.undo(taken.undo);
        }
    }

    fn note_longest(&mut self) {
        let count: usize = self.frames.iter().map(|frame| frame.taken.len()).sum();
        if count <= self.longest.len() {
            return;
        }
        let taken = self.frames.iter().flat_map(|frame| &frame.taken);
        let place = |taken: &Taken<O::Undo>| match taken.which {
            Which::Known(which) => self.known[which],
            Which::Unknown(which) => self.unknown[which],
        };
        self.longest = taken.map(place).collect();
    }
}
