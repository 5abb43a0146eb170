//! The tree against the simplest thing that could be one: a sorted map from
//! full paths to values.

use super::{Key, ListKey, Tree, TreeError};
use bytes::{Bytes, BytesMut};
use metadr_vr::{Frozen, Progress, Thaw};
use proptest::prelude::*;
use std::collections::BTreeMap;

#[derive(Clone, Debug)]
enum Operation {
    Create(String, Vec<u8>),
    Remove(String),
    Set(String, Vec<u8>),
}

#[derive(Default)]
struct Model(BTreeMap<String, Vec<u8>>);

impl Model {
    fn apply(&mut self, operation: &Operation) -> Result<(), TreeError> {
        match operation {
            Operation::Create(path, value) => self.create(path, value),
            Operation::Remove(path) => self.remove(path),
            Operation::Set(path, value) => self.set(path, value),
        }
    }

    fn create(&mut self, path: &str, value: &[u8]) -> Result<(), TreeError> {
        let parent = &path[..path.rfind('/').unwrap()];
        if !parent.is_empty() && !self.0.contains_key(parent) {
            return Err(TreeError::NoParent);
        }
        if self.0.contains_key(path) {
            return Err(TreeError::AlreadyPresent);
        }
        self.0.insert(path.to_owned(), value.to_vec());
        Ok(())
    }

    fn remove(&mut self, path: &str) -> Result<(), TreeError> {
        if !self.0.contains_key(path) {
            return Err(TreeError::NotPresent);
        }
        if !self.children(path).is_empty() {
            return Err(TreeError::HasChildren);
        }
        self.0.remove(path);
        Ok(())
    }

    fn set(&mut self, path: &str, value: &[u8]) -> Result<(), TreeError> {
        let current = self.0.get_mut(path).ok_or(TreeError::NotPresent)?;
        *current = value.to_vec();
        Ok(())
    }

    /// The names of the children of `path`, which is empty for the root.
    fn children(&self, path: &str) -> Vec<Vec<u8>> {
        let prefix = format!("{path}/");
        let names = self.0.keys().filter_map(|key| key.strip_prefix(&prefix));
        let direct = names.filter(|name| !name.contains('/'));
        direct.map(|name| name.as_bytes().to_vec()).collect()
    }
}

fn apply(tree: &mut Tree, operation: &Operation) -> Result<(), TreeError> {
    match operation {
        Operation::Create(path, value) => tree.create(&key(path), Bytes::copy_from_slice(value)),
        Operation::Remove(path) => tree.remove(&key(path)),
        Operation::Set(path, value) => tree.set(&key(path), Bytes::copy_from_slice(value)),
    }
}

fn key(path: &str) -> Key {
    Key::parse(path.as_bytes()).expect("paths are made well formed")
}

/// Few names, some of them parts of others, so that operations meet.
fn path() -> impl Strategy<Value = String> {
    proptest::collection::vec("a|b|aa|_|0", 1..4)
        .prop_map(|names| names.iter().map(|name| format!("/{name}")).collect())
}

fn operation() -> impl Strategy<Value = Operation> {
    let value = || proptest::collection::vec(any::<u8>(), 0..3);
    prop_oneof![
        3 => (path(), value()).prop_map(|(path, value)| Operation::Create(path, value)),
        2 => path().prop_map(Operation::Remove),
        1 => (path(), value()).prop_map(|(path, value)| Operation::Set(path, value)),
    ]
}

/// The bytes of a tree, written in pieces of about `budget`.
fn frozen(tree: &Tree, budget: usize) -> Bytes {
    let (mut frozen, mut bytes) = (tree.freeze(), BytesMut::new());
    while frozen.write(budget, &mut bytes) == Progress::More {}
    bytes.freeze()
}

fn content(tree: &Tree) -> Vec<(String, Vec<u8>)> {
    let text = |path| String::from_utf8(path).expect("keys are ASCII");
    tree.nodes()
        .map(|(path, value)| (text(path), value.to_vec()))
        .collect()
}

proptest! {
    #[test]
    fn the_tree_behaves_as_the_model(
        operations in proptest::collection::vec(operation(), 0..120),
    ) {
        let (mut tree, mut model) = (Tree::new(), Model::default());
        for operation in &operations {
            let expected = model.apply(operation);
            prop_assert_eq!(apply(&mut tree, operation), expected, "{:?}", operation);
            prop_assert_eq!(tree.len(), model.0.len());
            prop_assert_eq!(tree.digest(), tree.recompute_digest());
        }
        prop_assert_eq!(content(&tree), model.0.clone().into_iter().collect::<Vec<_>>());
        let root = tree.list(&ListKey::Root).unwrap().map(<[u8]>::to_vec);
        prop_assert_eq!(root.collect::<Vec<_>>(), model.children(""));
        for (path, value) in &model.0 {
            prop_assert_eq!(tree.get(&key(path)).unwrap(), value);
            let names = tree.list(&ListKey::Node(key(path))).unwrap().map(<[u8]>::to_vec);
            prop_assert_eq!(names.collect::<Vec<_>>(), model.children(path));
        }
    }

    #[test]
    fn a_tree_comes_back_from_its_bytes(
        operations in proptest::collection::vec(operation(), 0..60),
        budget in 0..50_usize,
        piece in 1..50_usize,
    ) {
        let mut tree = Tree::new();
        for operation in &operations {
            let _ = apply(&mut tree, operation);
        }
        let bytes = frozen(&tree, budget);
        let mut thaw = Tree::thaw();
        for piece in bytes.chunks(piece) {
            prop_assert_eq!(thaw.feed(piece), Ok(()));
        }
        let copy = thaw.finish().expect("it is whole");
        prop_assert_eq!(content(&copy), content(&tree));
        prop_assert_eq!(copy.digest(), tree.digest());
        prop_assert_eq!(copy.recompute_digest(), tree.digest());
        // Neither the way it came about nor the pieces matter.
        prop_assert_eq!(frozen(&copy, usize::MAX), bytes);
    }

    #[test]
    fn damaged_bytes_are_no_tree_or_another_one_and_never_a_panic(
        operations in proptest::collection::vec(operation(), 0..30),
        damage in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
        cut in any::<Option<prop::sample::Index>>(),
    ) {
        let mut tree = Tree::new();
        for operation in &operations {
            let _ = apply(&mut tree, operation);
        }
        let mut bytes = frozen(&tree, 100).to_vec();
        let whole = bytes.clone();
        for (place, byte) in damage {
            let place = place.index(bytes.len());
            bytes[place] = byte;
        }
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        let mut thaw = Tree::thaw();
        let fed = thaw.feed(&bytes);
        if let Ok(other) = fed.and_then(|()| thaw.finish()) {
            // What can be read is read as what it says.
            prop_assert_eq!(other.digest(), other.recompute_digest());
            prop_assert_eq!(frozen(&other, 100), bytes.clone());
            prop_assert_eq!(other.digest() == tree.digest(), bytes == whole);
        }
    }

    #[test]
    fn a_tree_made_from_the_nodes_of_another_equals_it(
        operations in proptest::collection::vec(operation(), 0..60),
    ) {
        let mut tree = Tree::new();
        for operation in &operations {
            // Refused ones change nothing, which is what the other test shows.
            let _ = apply(&mut tree, operation);
        }
        let mut copy = Tree::new();
        for (path, value) in content(&tree) {
            let created = copy.create(&key(&path), Bytes::from(value));
            prop_assert_eq!(created, Ok(()), "parents come first: {}", path);
        }
        prop_assert_eq!(copy.digest(), tree.digest());
        prop_assert_eq!(content(&copy), content(&tree));
    }
}
