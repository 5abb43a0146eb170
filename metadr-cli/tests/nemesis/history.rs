//! What clients have seen, in parts that can be judged by themselves: by
//! subtrees, unless clients list the root.

use crate::support::wire::{
    Answer, Call, KEY_ALREADY_PRESENT, KEY_HAS_CHILDREN, KEY_HAS_NO_PARENT, KEY_MALFORMED,
    KEY_NOT_PRESENT,
};
use bytes::Bytes;
use metadr_vr::sim::linear;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

/// An operation as the checker takes it.
pub(crate) type Operation = linear::Operation<linear::Call, linear::Return>;

/// How many subtrees are in use at a time.
const SLOTS: u64 = 40;

/// Operations of a subtree, about, before another takes its place: the longer a
/// history, the longer the search for an order.
const OPERATIONS: u64 = 2_000;

/// Which subtrees are used.
#[derive(Debug)]
pub(crate) struct Subtrees {
    /// How often each slot was used.
    used: Vec<AtomicU64>,
}

impl Default for Subtrees {
    fn default() -> Self {
        Self {
            used: (0..SLOTS).map(|_| AtomicU64::new(0)).collect(),
        }
    }
}

impl Subtrees {
    /// One of those that are in use.
    pub(crate) fn next(&self, random: &mut fastrand::Rng) -> u64 {
        let slot = random.u64(0..SLOTS);
        let used = self.used[usize::try_from(slot).expect("few")].fetch_add(1, Ordering::Relaxed);
        slot + SLOTS * (used / OPERATIONS)
    }
}

/// The one clock of all clients.
#[derive(Debug)]
pub(crate) struct Clock(Instant);

impl Default for Clock {
    fn default() -> Self {
        Self(Instant::now())
    }
}

impl Clock {
    /// The time in nanoseconds.
    pub(crate) fn now(&self) -> u64 {
        u64::try_from(self.0.elapsed().as_nanos()).expect("some centuries")
    }
}

/// A call that may have had an effect, or has told something.
#[derive(Debug)]
pub(crate) struct Noted {
    part: u64,
    operation: Operation,
}

impl Noted {
    /// None for a question without an answer: it tells nothing.
    pub(crate) fn new(
        client: u32,
        part: u64,
        call: &Call<'_>,
        invoked: u64,
        answer: Option<(u64, Answer)>,
    ) -> Option<Self> {
        if answer.is_none() && matches!(call, Call::Get(_) | Call::List(_)) {
            return None;
        }
        let operation = Operation {
            client,
            invoked,
            returned: answer.map(|(time, answer)| (time, returned(call, answer))),
            call: called(call),
        };
        Some(Self { part, operation })
    }
}

fn called(call: &Call<'_>) -> linear::Call {
    let key = |bytes: &[u8]| {
        let text = str::from_utf8(bytes).expect("the key is text");
        linear::Key::parse(text).expect("the key is well formed")
    };
    let value = Bytes::copy_from_slice;
    match call {
        Call::Create(path, bytes) => linear::Call::Create(key(path), value(bytes)),
        Call::Remove(path) => linear::Call::Remove(key(path)),
        Call::Set(path, bytes) => linear::Call::Set(key(path), value(bytes)),
        Call::Get(path) => linear::Call::Get(key(path)),
        Call::List(path) => linear::Call::List(key(path)),
    }
}

fn returned(call: &Call<'_>, answer: Answer) -> linear::Return {
    match answer {
        Answer::Value(value) => linear::Return::Value(value.into()),
        Answer::Keys(names) => linear::Return::Names(
            (names.into_iter())
                .map(|name| String::from_utf8(name).expect("names are text"))
                .collect(),
        ),
        Answer::Code(0) => linear::Return::Done,
        Answer::Code(KEY_ALREADY_PRESENT) => linear::Return::AlreadyPresent,
        Answer::Code(KEY_NOT_PRESENT) => linear::Return::NotPresent,
        Answer::Code(KEY_HAS_NO_PARENT) => linear::Return::NoParent,
        Answer::Code(KEY_HAS_CHILDREN) => linear::Return::HasChildren,
        Answer::Code(KEY_MALFORMED) => linear::Return::Malformed,
        Answer::Code(code) => panic!("{call:?}: code {code}"),
    }
}

/// What all clients have seen.
#[derive(Debug)]
pub(crate) struct History {
    pub(crate) parts: BTreeMap<u64, Vec<Operation>>,
}

impl History {
    pub(crate) fn new(noted: impl IntoIterator<Item = Noted>) -> Self {
        let mut parts = BTreeMap::<u64, Vec<Operation>>::new();
        for Noted { part, operation } in noted {
            parts.entry(part).or_default().push(operation);
        }
        for operations in parts.values_mut() {
            operations.sort_by_key(|operation| operation.invoked);
        }
        Self { parts }
    }

    /// How many operations there are, and how many of them have no answer.
    pub(crate) fn sizes(&self) -> (usize, usize) {
        let all = self.parts.values().flatten();
        let unknown = all.clone().filter(|operation| operation.returned.is_none());
        (all.count(), unknown.count())
    }
}
