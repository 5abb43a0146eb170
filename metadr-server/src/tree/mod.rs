//! The tree of keys and values that the replicas agree on.
//!
//! Pure data: no clock, file, socket, thread or random source, so that the
//! same calls in the same order give the same tree, the same answers and the
//! same [digest](Tree::digest) on every replica.
//!
//! A key is a path such as `/locks/printer`; see [`Key`] for its rules. Every
//! node is both a directory and a value. The root `/` always exists, has no
//! value, can only be listed, and is not counted as a node.
//!
//! A node stores the last component of its path only, so the memory of a tree
//! does not grow with the length of the paths that its nodes share.

mod arena;
mod digest;
mod error;
mod frozen;
mod key;
#[cfg(test)]
mod model_test;
mod nodes;

pub use error::TreeError;
pub use frozen::{FrozenTree, ThawTree};
pub use key::{Key, ListKey, Malformed};
pub use nodes::Nodes;

use arena::{Arena, Node, ROOT};
use bytes::Bytes;
use digest::NodeSum;

/// A tree of keys with values.
///
/// Every operation takes time proportional to the length of its key, apart
/// from the logarithm of the number of siblings, and the stack it needs does
/// not depend on the depth. The number of nodes is limited by memory alone.
///
/// A value is kept as the [`Bytes`] it came in. If that is a slice of a larger
/// buffer, the whole buffer stays in memory with it: whoever decodes values
/// from large buffers should copy them first.
#[derive(Clone, Debug, Default)]
pub struct Tree {
    arena: Arena,
    sum: NodeSum,
}

impl Tree {
    /// A tree that holds the root only.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a node with a value, which may be empty.
    ///
    /// # Errors
    ///
    /// [`TreeError::NoParent`] if the key one component shorter is not there
    /// (a key of one component needs no parent), else
    /// [`TreeError::AlreadyPresent`] if the key itself is.
    pub fn create(&mut self, key: &Key, value: Bytes) -> Result<(), TreeError> {
        let (parent_path, name) = key.split_name();
        let parent = self.find(parent_path).ok_or(TreeError::NoParent)?;
        if self.arena.node(parent).children.contains_key(name) {
            return Err(TreeError::AlreadyPresent);
        }
        self.insert(parent, key.as_bytes(), name, value);
        Ok(())
    }

    /// Removes a node that has no children.
    ///
    /// # Errors
    ///
    /// [`TreeError::NotPresent`] or [`TreeError::HasChildren`].
    pub fn remove(&mut self, key: &Key) -> Result<(), TreeError> {
        let (parent_path, name) = key.split_name();
        let parent = self.find(parent_path).ok_or(TreeError::NotPresent)?;
        let siblings = &self.arena.node(parent).children;
        let child = *siblings.get(name).ok_or(TreeError::NotPresent)?;
        if !self.arena.node(child).children.is_empty() {
            return Err(TreeError::HasChildren);
        }
        self.arena.node_mut(parent).children.remove(name);
        let removed = self.arena.remove(child);
        self.sum.subtract(key.as_bytes(), &removed.value);
        Ok(())
    }

    /// Replaces the value of a node.
    ///
    /// # Errors
    ///
    /// [`TreeError::NotPresent`].
    pub fn set(&mut self, key: &Key, value: Bytes) -> Result<(), TreeError> {
        let index = self.find(key.as_bytes()).ok_or(TreeError::NotPresent)?;
        let current = &mut self.arena.node_mut(index).value;
        self.sum.subtract(key.as_bytes(), current);
        self.sum.add(key.as_bytes(), &value);
        *current = value;
        Ok(())
    }

    /// The value of a node.
    ///
    /// # Errors
    ///
    /// [`TreeError::NotPresent`].
    pub fn get(&self, key: &Key) -> Result<&Bytes, TreeError> {
        let index = self.find(key.as_bytes()).ok_or(TreeError::NotPresent)?;
        Ok(&self.arena.node(index).value)
    }

    /// The names of a node's children: last components, in byte order.
    ///
    /// # Errors
    ///
    /// [`TreeError::NotPresent`]; never for the root.
    pub fn list<'tree>(
        &'tree self,
        key: &ListKey,
    ) -> Result<impl ExactSizeIterator<Item = &'tree [u8]> + use<'tree>, TreeError> {
        let index = match key {
            ListKey::Root => ROOT,
            ListKey::Node(key) => self.find(key.as_bytes()).ok_or(TreeError::NotPresent)?,
        };
        Ok(self.arena.node(index).children.keys().map(AsRef::as_ref))
    }

    /// The number of nodes, without the root.
    #[must_use]
    pub fn len(&self) -> usize {
        self.arena.len() - 1
    }

    /// Whether there is no node but the root.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Every node with its value, in byte order of the paths.
    ///
    /// Parents come before their children, so a tree can be rebuilt by one
    /// [`create`](Self::create) for each item.
    #[must_use]
    pub fn nodes(&self) -> Nodes<'_> {
        Nodes::new(&self.arena)
    }

    /// As [`nodes`](Self::nodes), but only those after a node's path, or after
    /// the root's, which is empty.
    fn nodes_after(&self, path: &[u8]) -> Nodes<'_> {
        Nodes::after(&self.arena, path)
    }

    /// The tree as it is now, to be written down.
    #[must_use]
    pub fn freeze(&self) -> FrozenTree {
        FrozenTree::new(self.clone())
    }

    /// Begins to read a tree that was frozen.
    #[must_use]
    pub fn thaw() -> ThawTree {
        ThawTree::new()
    }

    /// A hash of all paths and values, kept up to date by every change.
    ///
    /// Trees with equal content have equal digests, whatever happened to them
    /// before; the empty tree's is all zeros. It detects divergence by defect
    /// or damage. It is no defence against somebody who chooses values in
    /// order to make two trees look equal.
    #[must_use]
    pub fn digest(&self) -> [u8; 16] {
        self.sum.to_bytes()
    }

    /// The same hash as [`digest`](Self::digest), computed afresh from all
    /// paths and values: a check on the incremental one.
    ///
    /// Reads the whole tree; takes time proportional to the sum of all path
    /// and value lengths.
    #[must_use]
    pub fn recompute_digest(&self) -> [u8; 16] {
        let mut sum = NodeSum::default();
        for (path, value) in self.nodes() {
            sum.add(&path, value);
        }
        sum.to_bytes()
    }

    /// Adds a node that is not there: `name` below `parent`, the last component
    /// of `path`. Returns its index.
    fn insert(&mut self, parent: usize, path: &[u8], name: &[u8], value: Bytes) -> usize {
        self.sum.add(path, &value);
        let child = self.arena.insert(Node::new(value));
        let siblings = &mut self.arena.node_mut(parent).children;
        siblings.insert(name.into(), child);
        child
    }

    /// The place of the node at `path`, which is a key's text, or empty for
    /// the root.
    fn find(&self, path: &[u8]) -> Option<usize> {
        // What precedes the first slash is not a component.
        let mut components = path.split(|byte| *byte == b'/').skip(1);
        components.try_fold(ROOT, |index, name| {
            self.arena.node(index).children.get(name).copied()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(text: &str) -> Key {
        Key::parse(text.as_bytes()).expect("a well-formed key")
    }

    fn tree_of(pairs: &[(&str, &'static str)]) -> Tree {
        let mut tree = Tree::new();
        for (path, value) in pairs {
            tree.create(&key(path), Bytes::from_static(value.as_bytes()))
                .expect("parents come first");
        }
        tree
    }

    fn names(tree: &Tree, text: &str) -> Vec<String> {
        let list_key = Key::parse_for_list(text.as_bytes()).expect("a well-formed key");
        let names = tree.list(&list_key).expect("the node is there");
        names
            .map(|name| String::from_utf8_lossy(name).into_owned())
            .collect()
    }

    #[test]
    fn a_created_node_has_its_value() {
        let tree = tree_of(&[("/a", "1"), ("/a/b", "")]);
        assert_eq!(tree.get(&key("/a")), Ok(&Bytes::from_static(b"1")));
        assert_eq!(tree.get(&key("/a/b")), Ok(&Bytes::new()));
        assert_eq!(tree.len(), 2);
    }

    #[test]
    fn keys_that_differ_in_repeated_slashes_are_the_same() {
        let mut tree = Tree::new();
        tree.create(&key("//a"), Bytes::new()).unwrap();
        tree.create(&key("/a///b"), Bytes::from_static(b"1"))
            .unwrap();
        assert_eq!(tree.get(&key("//a/b")), Ok(&Bytes::from_static(b"1")));
    }

    #[test]
    fn create_refuses_a_present_key_and_keeps_its_value() {
        let mut tree = tree_of(&[("/a", "1")]);
        let refused = tree.create(&key("/a"), Bytes::from_static(b"2"));
        assert_eq!(refused, Err(TreeError::AlreadyPresent));
        assert_eq!(tree.get(&key("/a")), Ok(&Bytes::from_static(b"1")));
    }

    #[test]
    fn create_refuses_a_key_without_parent() {
        let mut tree = tree_of(&[("/a", "")]);
        for orphan in ["/b/c", "/a/b/c"] {
            let refused = tree.create(&key(orphan), Bytes::new());
            assert_eq!(refused, Err(TreeError::NoParent), "{orphan}");
        }
        assert_eq!(tree.len(), 1);
    }

    #[test]
    fn remove_refuses_missing_keys_and_parents() {
        let mut tree = tree_of(&[("/a", ""), ("/a/b", "")]);
        assert_eq!(tree.remove(&key("/a")), Err(TreeError::HasChildren));
        assert_eq!(tree.remove(&key("/b")), Err(TreeError::NotPresent));
        assert_eq!(tree.remove(&key("/b/c")), Err(TreeError::NotPresent));
        assert_eq!(tree.remove(&key("/a/b")), Ok(()));
        assert_eq!(tree.remove(&key("/a")), Ok(()));
        assert!(tree.is_empty());
    }

    #[test]
    fn missing_keys_have_no_value_and_no_list() {
        let mut tree = tree_of(&[("/a", "")]);
        let missing = key("/a/b");
        assert_eq!(tree.get(&missing), Err(TreeError::NotPresent));
        assert_eq!(tree.set(&missing, Bytes::new()), Err(TreeError::NotPresent));
        let listed = tree.list(&ListKey::Node(missing));
        assert_eq!(listed.err(), Some(TreeError::NotPresent));
    }

    #[test]
    fn list_gives_last_components_in_byte_order() {
        let tree = tree_of(&[
            ("/b", ""),
            ("/a", ""),
            ("/_", ""),
            ("/Z", ""),
            ("/a/k2", ""),
            ("/a/k10", ""),
            ("/a/k1", ""),
            ("/a/k1/deep", ""),
        ]);
        assert_eq!(names(&tree, "/"), ["Z", "_", "a", "b"]);
        assert_eq!(names(&tree, "/a"), ["k1", "k10", "k2"]);
        assert_eq!(names(&tree, "/b"), [""; 0]);
        assert_eq!(names(&Tree::new(), "/"), [""; 0]);
    }

    #[test]
    fn seed_defect_1_list_of_a_does_not_show_children_of_x_a() {
        let mut tree = tree_of(&[("/a", ""), ("/x", ""), ("/x/a", ""), ("/x/a/b", "")]);
        assert_eq!(names(&tree, "/a"), [""; 0]);
        assert_eq!(tree.remove(&key("/a")), Ok(()));
        assert_eq!(names(&tree, "/x/a"), ["b"]);
    }

    #[test]
    fn nodes_come_in_byte_order_of_their_paths() {
        let tree = tree_of(&[("/a0", "3"), ("/a", "1"), ("/a/b", "2"), ("/A", "0")]);
        let nodes: Vec<_> = tree
            .nodes()
            .map(|(path, value)| (String::from_utf8(path).unwrap(), value.clone()))
            .collect();
        let expected = [("/A", "0"), ("/a", "1"), ("/a/b", "2"), ("/a0", "3")]
            .map(|(path, value)| (path.to_owned(), Bytes::from_static(value.as_bytes())));
        assert_eq!(nodes, expected);
    }

    #[test]
    fn the_digest_depends_on_content_not_on_history() {
        let direct = tree_of(&[("/a", "1"), ("/b", "2"), ("/b/c", "3")]);
        let mut detour = tree_of(&[("/z", "9"), ("/b", "7"), ("/b/c", "3"), ("/a", "1")]);
        assert_ne!(direct.digest(), detour.digest());
        detour.remove(&key("/z")).unwrap();
        detour.set(&key("/b"), Bytes::from_static(b"2")).unwrap();
        assert_eq!(direct.digest(), detour.digest());
        assert_eq!(direct.digest(), direct.recompute_digest());
    }

    #[test]
    fn the_digest_tells_path_from_value() {
        let one = tree_of(&[("/a", "b1")]);
        let other = tree_of(&[("/ab", "1")]);
        assert_ne!(one.digest(), other.digest());
        let swapped = tree_of(&[("/a", "2"), ("/b", "1")]);
        let straight = tree_of(&[("/a", "1"), ("/b", "2")]);
        assert_ne!(swapped.digest(), straight.digest());
        assert_eq!(Tree::new().digest(), [0; 16]);
    }

    #[test]
    fn a_refused_change_leaves_the_digest_alone() {
        let mut tree = tree_of(&[("/a", "1"), ("/a/b", "2")]);
        let before = tree.digest();
        assert!(tree.create(&key("/a"), Bytes::new()).is_err());
        assert!(tree.create(&key("/x/y"), Bytes::new()).is_err());
        assert!(tree.remove(&key("/a")).is_err());
        assert!(tree.set(&key("/x"), Bytes::new()).is_err());
        assert_eq!(tree.digest(), before);
    }

    /// Replicas compare digests over the wire and in files: the value is part
    /// of their contract. It was computed by the definition, with another
    /// implementation of BLAKE3.
    #[test]
    fn the_digest_of_a_known_tree_is_known() {
        let tree = tree_of(&[("/a", "1"), ("/a/b", "")]);
        let expected = 0x9061_02e6_5360_2ba4_495d_174a_3c20_d5cb;
        assert_eq!(u128::from_le_bytes(tree.digest()), expected);
    }

    #[test]
    fn deep_trees_need_no_deep_stack() {
        let small_stack = std::thread::Builder::new().stack_size(128 * 1024);
        let worker = small_stack.spawn(|| {
            let mut tree = Tree::new();
            let mut path = Vec::new();
            for _ in 0..3_000 {
                path.extend_from_slice(b"/a");
                let deeper = Key::parse(&path).expect("a well-formed key");
                tree.create(&deeper, Bytes::new())
                    .expect("its parent is there");
            }
            assert_eq!(tree.nodes().count(), 3_000);
            assert_eq!(tree.clone().recompute_digest(), tree.digest());
            let listed = format!("{tree:?}");
            assert!(!listed.is_empty());
            drop(tree);
        });
        worker.expect("a thread").join().expect("no overflow");
    }

    #[test]
    fn a_key_of_one_mebibyte_is_handled() {
        let text = b"/a".repeat(512 * 1024);
        let deep = Key::parse(&text).expect("a well-formed key");
        let mut tree = tree_of(&[("/a", "")]);
        assert_eq!(tree.create(&deep, Bytes::new()), Err(TreeError::NoParent));
        assert_eq!(tree.get(&deep), Err(TreeError::NotPresent));
        assert_eq!(tree.remove(&deep), Err(TreeError::NotPresent));
    }
}
