//! What the tests share: histories as they happen, and a judge that tries
//! everything.

use super::{Call, Key, Object, Operation, Return};
use crate::sim::random::Random;
use bytes::Bytes;
use std::collections::BTreeMap;

pub(super) type History = Vec<Operation<Call, Return>>;

/// The tree once more, and in another way: by lists of names, all walked
/// through each time.
#[derive(Clone, Debug, Default)]
pub(super) struct Reference(BTreeMap<Vec<String>, Bytes>);

impl Reference {
    pub(super) fn execute(&mut self, call: &Call) -> Return {
        let path: Vec<String> = match call.key().as_str() {
            "/" => Vec::new(),
            text => text[1..].split('/').map(str::to_owned).collect(),
        };
        let below = self
            .0
            .keys()
            .filter(|other| other.len() == path.len() + 1 && other.starts_with(&path));
        let mut names: Vec<String> = below.filter_map(|other| other.last().cloned()).collect();
        names.sort();
        let Some((_, parent)) = path.split_last() else {
            return match call {
                Call::List(_) => Return::Names(names),
                _ => Return::Malformed,
            };
        };
        let has_parent = parent.is_empty() || self.0.contains_key(parent);
        let Some(value) = self.0.get_mut(&path) else {
            return match call {
                Call::Create(..) if !has_parent => Return::NoParent,
                Call::Create(_, value) => {
                    self.0.insert(path, value.clone());
                    Return::Done
                }
                _ => Return::NotPresent,
            };
        };
        match call {
            Call::Create(..) => Return::AlreadyPresent,
            Call::Get(_) => Return::Value(value.clone()),
            Call::List(_) => Return::Names(names),
            Call::Set(_, new) => {
                *value = new.clone();
                Return::Done
            }
            Call::Remove(_) if !names.is_empty() => Return::HasChildren,
            Call::Remove(_) => {
                self.0.remove(&path);
                Return::Done
            }
        }
    }
}

/// Clients of a tree that does everything right. Some of their operations take
/// effect late, or get no answer, or neither.
#[derive(Clone, Copy, Debug)]
pub(super) struct Simulated {
    pub(super) unanswered_per_mille: u64,
    /// How often a value is written that no other operation writes.
    pub(super) fresh_per_mille: u64,
}

impl Default for Simulated {
    fn default() -> Self {
        Self {
            unanswered_per_mille: 100,
            fresh_per_mille: 700,
        }
    }
}

#[derive(Clone, Debug)]
enum Client {
    Idle,
    Asked(usize),
    Executed(usize, Return),
}

impl Simulated {
    pub(super) fn run(self, seed: u64, clients: usize, operations: usize) -> History {
        let mut random = Random::stream(seed, "history");
        let mut tree = Reference::default();
        let mut history = History::new();
        let mut states = vec![Client::Idle; clients];
        // Asked for, not executed, and nobody waits.
        let mut late: Vec<usize> = Vec::new();
        let mut time = 0;
        loop {
            time += random.between(0, 2);
            let is_over = history.len() == operations;
            let which = below(&mut random, clients);
            states[which] = match states[which].clone() {
                Client::Idle if is_over => {
                    if states.iter().all(|state| matches!(state, Client::Idle)) {
                        return history;
                    }
                    continue;
                }
                Client::Idle => {
                    history.push(Operation {
                        client: u32::try_from(which).expect("few clients"),
                        invoked: time,
                        returned: None,
                        call: self.call(&mut random, history.len()),
                    });
                    Client::Asked(history.len() - 1)
                }
                Client::Asked(at) | Client::Executed(at, _)
                    if random.chance(self.unanswered_per_mille / 2) =>
                {
                    if matches!(states[which], Client::Asked(_)) {
                        late.push(at);
                    }
                    Client::Idle
                }
                Client::Asked(at) => Client::Executed(at, tree.execute(&history[at].call)),
                Client::Executed(at, answer) => {
                    history[at].returned = Some((time, answer));
                    Client::Idle
                }
            };
            if !late.is_empty() && random.chance(100) {
                let at = late.swap_remove(below(&mut random, late.len()));
                tree.execute(&history[at].call);
            }
        }
    }

    fn call(self, random: &mut Random, number: usize) -> Call {
        let key = random.pick(&["/a", "/b", "/a/x", "/a/y", "/a/x/z"]);
        let key = Key::parse(key).expect("it is one");
        let value = match random.chance(self.fresh_per_mille) {
            true => format!("v{number}"),
            false => format!("w{}", random.between(0, 2)),
        };
        match random.between(0, 9) {
            0..=2 => Call::Create(key, value.into()),
            3 => Call::Remove(key),
            4..=5 => Call::Set(key, value.into()),
            6..=7 => Call::Get(key),
            _ => {
                let key = random.pick(&["/", "/a", "/a/x"]);
                Call::List(Key::parse(key).expect("it is one"))
            }
        }
    }
}

pub(super) fn below(random: &mut Random, limit: usize) -> usize {
    let drawn = random.between(0, limit as u64 - 1);
    usize::try_from(drawn).expect("an index fits")
}

/// Whether a history has an order, by trying every one of them.
pub(super) fn has_order<O: Object>(history: &[Operation<O::Call, O::Return>]) -> bool {
    let mut left = (0..history.len()).collect();
    try_all(&mut O::default(), history, &mut left)
}

fn try_all<O: Object>(
    object: &mut O,
    history: &[Operation<O::Call, O::Return>],
    left: &mut Vec<usize>,
) -> bool {
    if left.iter().all(|at| history[*at].returned.is_none()) {
        return true;
    }
    for place in 0..left.len() {
        let at = left[place];
        let comes_before = |other: &usize| {
            let returned = &history[*other].returned;
            matches!(returned, Some((time, _)) if *time < history[at].invoked)
        };
        if left.iter().any(comes_before) {
            continue;
        }
        let returned = history[at].returned.as_ref().map(|(_, value)| value);
        if let Some(undo) = object.apply(&history[at].call, returned) {
            left.remove(place);
            let is_found = try_all(object, history, left);
            left.insert(place, at);
            object.undo(undo);
            if is_found {
                return true;
            }
        }
    }
    false
}
