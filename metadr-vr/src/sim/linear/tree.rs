//! A tree of keys with values, as metaDR's clients know it: what each call
//! answers is said in `idl/metadr.x`.

use super::{Key, Object};
use bytes::Bytes;
use std::collections::BTreeMap;
use std::fmt;

/// A tree. The root is always there, has no value, and can only be listed.
///
/// Only operations on keys that have one key in common can get in each other's
/// way, apart from the list of the root: so each subtree below the root can be
/// judged for itself, which is much faster, if none of a history's calls lists
/// the root.
#[derive(Clone, Debug, Default)]
pub struct Tree {
    nodes: BTreeMap<Key, Bytes>,
    /// The sum of the nodes' hashes.
    sum: u128,
}

/// What a tree can be asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Call {
    /// Makes a key that is not there, below one that is.
    Create(Key, Bytes),
    /// Removes a key without children.
    Remove(Key),
    /// Changes the value of a key.
    Set(Key, Bytes),
    /// Asks for the value of a key.
    Get(Key),
    /// Asks for the names of the children of a key.
    List(Key),
}

/// What a tree answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Return {
    /// The change was made.
    Done,
    /// The value that was asked for.
    Value(Bytes),
    /// The names that were asked for, in the order in which they came, which
    /// has to be that of their bytes.
    Names(Vec<String>),
    /// The key to make is there.
    AlreadyPresent,
    /// The key is not there.
    NotPresent,
    /// The key above the one to make is not there.
    NoParent,
    /// The key to remove has children.
    HasChildren,
    /// Whatever was asked for is not to be had of the root.
    Malformed,
}

/// What was at a key before it was changed.
#[derive(Debug)]
pub struct Undo(Option<(Key, Option<Bytes>)>);

impl Tree {
    fn answer(&self, call: &Call) -> Return {
        let key = call.key();
        let value = self.nodes.get(key);
        match (call, value) {
            (Call::List(_), _) if key.is_root() => Return::Names(self.names(key)),
            _ if key.is_root() => Return::Malformed,
            (Call::Create(..), _) if !self.has_parent(key) => Return::NoParent,
            (Call::Create(..), Some(_)) => Return::AlreadyPresent,
            (Call::Create(..), None) => Return::Done,
            (_, None) => Return::NotPresent,
            (Call::Remove(_), Some(_)) if self.has_children(key) => Return::HasChildren,
            (Call::Remove(_) | Call::Set(..), Some(_)) => Return::Done,
            (Call::Get(_), Some(value)) => Return::Value(value.clone()),
            (Call::List(_), Some(_)) => Return::Names(self.names(key)),
        }
    }

    fn has_parent(&self, key: &Key) -> bool {
        key.parent()
            .is_some_and(|parent| parent == "/" || self.nodes.contains_key(parent))
    }

    fn has_children(&self, key: &Key) -> bool {
        self.children(key).next().is_some()
    }

    fn names(&self, key: &Key) -> Vec<String> {
        let children = self.children(key);
        let mut names: Vec<String> = children.map(|child| child.name().to_owned()).collect();
        names.sort_unstable();
        names
    }

    fn children(&self, key: &Key) -> impl Iterator<Item = &Key> {
        // Between a key and what is below it others may come that begin alike.
        let after = self.nodes.range::<Key, _>(key..);
        let alike = after.take_while(|(other, _)| other.as_str().starts_with(key.as_str()));
        alike
            .map(|(other, _)| other)
            .filter(|other| other.is_child_of(key))
    }

    /// Puts a value at a key, or nothing, and says what was there.
    fn put(&mut self, key: &Key, value: Option<Bytes>) -> Option<Bytes> {
        if let Some(value) = &value {
            self.sum = self.sum.wrapping_add(node_hash(key, value));
        }
        let before = match value {
            Some(value) => self.nodes.insert(key.clone(), value),
            None => self.nodes.remove(key),
        };
        if let Some(before) = &before {
            self.sum = self.sum.wrapping_sub(node_hash(key, before));
        }
        before
    }
}

impl Object for Tree {
    type Call = Call;
    type Return = Return;
    type Undo = Undo;

    fn apply(&mut self, call: &Call, returned: Option<&Return>) -> Option<Undo> {
        let answer = self.answer(call);
        if returned.is_some_and(|returned| *returned != answer) {
            return None;
        }
        let value = match call {
            Call::Create(_, value) | Call::Set(_, value) => Some(value.clone()),
            Call::Remove(_) | Call::Get(_) | Call::List(_) => None,
        };
        let key = call.key();
        let change = (answer == Return::Done).then(|| (key.clone(), self.put(key, value)));
        Some(Undo(change))
    }

    fn undo(&mut self, undo: Undo) {
        if let Some((key, before)) = undo.0 {
            self.put(&key, before);
        }
    }

    fn hash(&self) -> u128 {
        self.sum
    }

    fn is_read(call: &Call, returned: Option<&Return>) -> bool {
        match call {
            Call::Get(_) | Call::List(_) => true,
            _ => returned.is_some_and(|returned| *returned != Return::Done),
        }
    }

    fn matters(earlier: &Call, next: &Call, returned: Option<&Return>) -> bool {
        let (key, other) = (earlier.key(), next.key());
        let relation = if key == other {
            Relation::Same
        } else if other.is_child_of(key) {
            Relation::NextIsBelow
        } else if key.is_child_of(other) {
            Relation::NextIsAbove
        } else {
            return false;
        };
        match earlier {
            Call::Get(_) | Call::List(_) => false,
            // Seen by those who get it. Whatever else changes the value does
            // away with it, and whether the key is there is not changed.
            Call::Set(_, value) => {
                let gets_it = matches!(returned, Some(Return::Value(got)) if got == value);
                relation == Relation::Same && gets_it
            }
            Call::Create(_, value) => a_new_key_matters(key, value, relation, next, returned),
            Call::Remove(_) => a_removed_key_matters(key, relation, next, returned),
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Relation {
    Same,
    NextIsBelow,
    NextIsAbove,
}

/// Whether the answer fits only if the key has just been made, or its absence
/// makes another state.
fn a_new_key_matters(
    key: &Key,
    value: &Bytes,
    relation: Relation,
    next: &Call,
    returned: Option<&Return>,
) -> bool {
    match (relation, next, returned) {
        (Relation::Same, Call::Get(_), Some(Return::Value(got))) => got == value,
        (Relation::Same, Call::List(_), Some(Return::Names(names))) => names.is_empty(),
        (Relation::Same, Call::Create(..), Some(Return::AlreadyPresent))
        | (Relation::Same, Call::Set(..) | Call::Remove(_), Some(Return::Done))
        | (Relation::Same, Call::Create(..) | Call::Set(..) | Call::Remove(_), None)
        | (Relation::NextIsBelow, Call::Create(..), Some(Return::Done) | None)
        | (Relation::NextIsAbove, Call::Remove(_), Some(Return::HasChildren) | None) => true,
        (Relation::NextIsAbove, Call::List(_), Some(Return::Names(names))) => {
            names.iter().any(|name| name == key.name())
        }
        _ => false,
    }
}

/// Whether the answer fits only if the key has just been removed, or its
/// presence makes another state.
fn a_removed_key_matters(
    key: &Key,
    relation: Relation,
    next: &Call,
    returned: Option<&Return>,
) -> bool {
    match (relation, next, returned) {
        (Relation::Same, _, Some(Return::NotPresent))
        | (Relation::Same, Call::Create(..), Some(Return::Done) | None)
        | (Relation::NextIsBelow, Call::Create(..), Some(Return::NoParent) | None)
        | (Relation::NextIsAbove, Call::Remove(_), Some(Return::Done) | None) => true,
        (Relation::NextIsAbove, Call::List(_), Some(Return::Names(names))) => {
            names.iter().all(|name| name != key.name())
        }
        _ => false,
    }
}

fn node_hash(key: &Key, value: &Bytes) -> u128 {
    // No key has a zero byte.
    u128::from_be_bytes(crate::hash128(&[key.as_str().as_bytes(), b"\0", value]))
}

impl Call {
    /// The key that it is about.
    #[must_use]
    pub fn key(&self) -> &Key {
        match self {
            Self::Create(key, _) | Self::Set(key, _) => key,
            Self::Remove(key) | Self::Get(key) | Self::List(key) => key,
        }
    }
}

impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Create(key, value) => write!(f, "create {key} \"{}\"", value.escape_ascii()),
            Self::Remove(key) => write!(f, "remove {key}"),
            Self::Set(key, value) => write!(f, "set {key} \"{}\"", value.escape_ascii()),
            Self::Get(key) => write!(f, "get {key}"),
            Self::List(key) => write!(f, "list {key}"),
        }
    }
}

impl fmt::Display for Return {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Done => f.write_str("done"),
            Self::Value(value) => write!(f, "\"{}\"", value.escape_ascii()),
            Self::Names(names) => write!(f, "[{}]", names.join(" ")),
            Self::AlreadyPresent => f.write_str("already-present"),
            Self::NotPresent => f.write_str("not-present"),
            Self::NoParent => f.write_str("no-parent"),
            Self::HasChildren => f.write_str("has-children"),
            Self::Malformed => f.write_str("malformed"),
        }
    }
}
