//! Linearizability from outside: whether what clients saw can be explained by
//! one order of their operations.
//!
//! The simulator knows more than that: replies name their place in the log
//! (`check/history.rs`). Here nothing is known but who asked for what, when,
//! and what came back; so this judges real processes too.
//!
//! The search is that of Wing and Gong with Lowe's cache (Lowe, *Testing for
//! linearizability*, 2017): take any operation that nothing left must come
//! before, apply it to the object, go on, and go back where nothing fits. A
//! point of the search is given by the operations that are done and the
//! object's state, and visited once. The state is kept as a hash of 128 bits,
//! and undone instead of copied.
//!
//! An operation without an answer may have taken effect at any time after it
//! was asked for, or never. A search that tries all of that does not end, so
//! two properties of the object keep it short, where it has them:
//! [`Object::is_read`] and [`Object::matters`]. See `burst.rs`.
//!
//! | File | Concern |
//! |---|---|
//! | `search.rs` | the search |
//! | `burst.rs` | operations without an answer, and when it is worth trying them |
//! | `remaining.rs` | which operations are left, and which of them may be next |
//! | `cache.rs` | the points that lead nowhere |
//! | `counterexample.rs` | few operations out of many that no order explains |
//! | `tree.rs`, `key.rs` | the object that metaDR is: a tree of keys |
//! | `text.rs` | histories as text, to keep one that failed |

mod burst;
mod cache;
mod counterexample;
#[cfg(test)]
mod handmade_test;
mod key;
#[cfg(test)]
mod random_test;
mod remaining;
mod search;
#[cfg(test)]
mod testing;
mod text;
mod tree;

pub use counterexample::Counterexample;
pub use key::{Key, Malformed};
pub use text::{ReadError, read, write};
pub use tree::{Call, Return, Tree, Undo};

use search::{Found, Search};
use std::fmt::Display;

/// What the clients used: one object, and how it behaves when it is asked for
/// one thing after the other.
///
/// The default is its first state.
pub trait Object: Default {
    /// What it can be asked for.
    type Call: Clone + Display;
    /// What it answers.
    type Return: Clone + Display;
    /// What takes one application back.
    type Undo;

    /// Carries out a call if it gives `returned` in the present state, or
    /// whatever it gives if that is `None`. Without a fit nothing changes.
    fn apply(&mut self, call: &Self::Call, returned: Option<&Self::Return>) -> Option<Self::Undo>;

    /// Takes the last application back that has not been taken back.
    fn undo(&mut self, undo: Self::Undo);

    /// A hash of the state: equal for equal states, else different.
    fn hash(&self) -> u128;

    /// Whether the call leaves every state as it is in which it gives `returned`.
    ///
    /// `false` is always right, and makes the search longer.
    #[must_use]
    fn is_read(_call: &Self::Call, _returned: Option<&Self::Return>) -> bool {
        false
    }

    /// Whether it can matter that `earlier`, whose answer is unknown, comes
    /// directly before `next`.
    ///
    /// `false` says: in every state in which `next` gives `returned` after
    /// `earlier`, it does so without it as well. And the state is then the same
    /// as after both, or is the same as after both once `earlier` follows.
    ///
    /// `true` is always right, and makes the search longer.
    #[must_use]
    fn matters(
        _earlier: &Self::Call,
        _next: &Self::Call,
        _returned: Option<&Self::Return>,
    ) -> bool {
        true
    }
}

/// One operation of a history, as its client saw it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Operation<C, R> {
    /// Who asked; for people to read, it decides nothing.
    pub client: u32,
    /// A time not after the request left. The unit is the recorder's, the clock
    /// is one for all clients.
    pub invoked: u64,
    /// A time not before the answer was there, and the answer; `None` if none
    /// came: it may have taken effect since, or may do so yet.
    pub returned: Option<(u64, R)>,
    /// What was asked for.
    pub call: C,
}

/// What is to be said of a history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// One order explains it.
    Linearizable,
    /// No order does.
    Violation(Counterexample),
    /// The search was given up. Never take that for a pass.
    Unknown {
        /// How many operations it had applied by then.
        steps: u64,
    },
}

/// Judges a history.
///
/// An operation comes before another if it returned before the other was
/// invoked; at equal times it need not.
///
/// `limit` is how many operations the search may apply before it gives up, and
/// how many are then applied to make a violation smaller. Memory grows with
/// the steps: 10⁶ take some 100 MB at most.
#[must_use]
pub fn check<O: Object>(history: &[Operation<O::Call, O::Return>], limit: u64) -> Verdict {
    let mut search = Search::<O>::new(history, limit);
    match search.run() {
        Found::Order => Verdict::Linearizable,
        Found::NoOrder => Verdict::Violation(Counterexample::of::<O>(history, limit)),
        Found::GaveUp => Verdict::Unknown {
            steps: search.steps(),
        },
    }
}
