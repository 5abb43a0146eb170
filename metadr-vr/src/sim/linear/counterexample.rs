//! Few operations out of many that no order explains.

use super::search::{Found, Search};
use super::{Object, Operation};
use std::fmt::{self, Display, Write};

/// Operations of a history that no order explains, whatever the others did.
///
/// Displayed, it is a line for each of them and how far an order goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Counterexample {
    /// Which they are, as places in the history, by invocation.
    pub operations: Vec<usize>,
    /// Some of them in an order that does explain these, and cannot be
    /// continued. It is the longest one that was come across.
    pub explained: Vec<usize>,
    text: String,
}

impl Display for Counterexample {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Counterexample {
    /// Makes a history that is known to have no order as small as `limit`
    /// steps allow.
    pub(super) fn of<O: Object>(history: &[Operation<O::Call, O::Return>], limit: u64) -> Self {
        let mut reduction = Reduction::<O> {
            history,
            parts: vec![Part::Whole; history.len()],
            budget: limit,
        };
        reduction.cut();
        reduction.shrink();
        let mut operations: Vec<usize> = (0..history.len())
            .filter(|at| reduction.parts[*at] != Part::Gone)
            .collect();
        operations.sort_by_key(|at| history[*at].invoked);
        let few: Vec<_> = operations.iter().map(|at| history[*at].clone()).collect();
        let mut search = Search::<O>::new(&few, limit);
        search.run();
        let explained = search.longest().to_vec();
        Self {
            text: describe(&few, &explained),
            explained: explained.into_iter().map(|at| operations[at]).collect(),
            operations,
        }
    }
}

/// What is kept of an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Whole,
    /// That it was asked for, not its answer.
    Request,
    Gone,
}

/// Takes away what is not needed. Each step leaves a history that has an order
/// if the one before has: what remains is a violation by itself, and not by
/// what it lacks.
///
/// * An answer, and with it when it came, can be forgotten.
/// * A read can be left out.
/// * So can a request without an answer that matters to nobody.
struct Reduction<'h, O: Object> {
    history: &'h [Operation<O::Call, O::Return>],
    parts: Vec<Part>,
    /// Steps of searches that are left.
    budget: u64,
}

impl<O: Object> Reduction<'_, O> {
    /// Takes away all that comes after the first answer that has no place.
    fn cut(&mut self) {
        let time = |operation: &Operation<_, _>| Some(operation.returned.as_ref()?.0);
        let mut times: Vec<u64> = self.history.iter().filter_map(time).collect();
        times.sort_unstable();
        // The whole history, up to the last answer, has no order.
        let (mut good, mut bad) = (0, times.len());
        while good < bad {
            let middle = good + (bad - good) / 2;
            if self.try_parts(self.until(times[middle])) {
                bad = middle;
            } else {
                good = middle + 1;
            }
        }
    }

    /// What is known at a time.
    fn until(&self, time: u64) -> Vec<Part> {
        let part = |operation: &Operation<O::Call, O::Return>| match &operation.returned {
            _ if operation.invoked > time => Part::Gone,
            Some((returned, _)) if *returned > time => Part::Request,
            _ => Part::Whole,
        };
        self.history.iter().map(part).collect()
    }

    /// Takes away as much as is not needed, in large pieces first.
    fn shrink(&mut self) {
        let mut size = self.history.len();
        while size > 1 {
            size = size.div_ceil(2);
            let whole: Vec<usize> = (0..self.history.len())
                .filter(|at| self.parts[*at] == Part::Whole)
                .collect();
            for piece in whole.rchunks(size) {
                let mut parts = self.parts.clone();
                for at in piece {
                    parts[*at] = self.less(*at);
                }
                self.try_parts(parts);
            }
        }
    }

    /// What to try to do with.
    fn less(&self, at: usize) -> Part {
        let Operation { call, returned, .. } = &self.history[at];
        match returned {
            Some((_, value)) if O::is_read(call, Some(value)) => Part::Gone,
            _ => Part::Request,
        }
    }

    /// Keeps no more than these parts, if they have no order.
    fn try_parts(&mut self, mut parts: Vec<Part>) -> bool {
        let places: Vec<usize> = (0..parts.len())
            .filter(|at| parts[*at] != Part::Gone)
            .collect();
        let part = |at: &usize| {
            let mut operation = self.history[*at].clone();
            if parts[*at] == Part::Request {
                operation.returned = None;
            }
            operation
        };
        let rest: Vec<_> = places.iter().map(part).collect();
        let mut search = Search::<O>::new(&rest, self.budget);
        let found = search.run();
        self.budget -= search.steps().min(self.budget);
        if found != Found::NoOrder {
            return false;
        }
        for idle in search.idle() {
            parts[places[idle]] = Part::Gone;
        }
        self.parts = parts;
        true
    }
}

fn describe<C: Display, R: Display>(operations: &[Operation<C, R>], explained: &[usize]) -> String {
    let mut text = String::from("no order explains these operations:\n");
    let lines = operations
        .iter()
        .zip(1..)
        .try_for_each(|(operation, number)| {
            let Operation {
                client,
                invoked,
                call,
                ..
            } = operation;
            let (until, answer) = match &operation.returned {
                Some((time, value)) => (time.to_string(), value.to_string()),
                None => (String::new(), "?".to_owned()),
            };
            let time = format!("{invoked}..{until}");
            writeln!(
                text,
                "{number:>4}. client {client:<3} {time:<24} {call} = {answer}"
            )
        });
    lines.expect("a text takes everything");
    let numbers: Vec<String> = explained.iter().map(|at| (at + 1).to_string()).collect();
    text += &match numbers.as_slice() {
        [] => "no order has a beginning".to_owned(),
        some => format!("an order can begin with {}, and not go on", some.join(" ")),
    };
    text
}
