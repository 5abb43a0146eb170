//! Walking the whole tree.

use super::arena::{Arena, ROOT};
use bytes::Bytes;
use imbl::ordmap::RangedIter;
use imbl::shared_ptr::DefaultSharedPtr;
use std::ops::Bound;
use std::sync::Arc;

/// Every node of a tree as its path and value, in byte order of the paths.
///
/// Made by [`Tree::nodes`](super::Tree::nodes).
#[derive(Clone, Debug)]
pub struct Nodes<'tree> {
    arena: &'tree Arena,
    /// One level for each component of `path`, and one for the root.
    levels: Vec<RangedIter<'tree, Arc<[u8]>, usize, DefaultSharedPtr>>,
    /// The path of the node whose children the last level walks over.
    path: Vec<u8>,
}

impl<'tree> Nodes<'tree> {
    pub(super) fn new(arena: &'tree Arena) -> Self {
        Self::after(arena, b"")
    }

    /// Only those after the node at `path`, which must be there.
    pub(super) fn after(arena: &'tree Arena, path: &[u8]) -> Self {
        let (mut levels, mut index) = (Vec::new(), ROOT);
        // What precedes the first slash is not a component.
        for name in path.split(|byte| *byte == b'/').skip(1) {
            let children = &arena.node(index).children;
            levels.push(children.range::<_, [u8]>((Bound::Excluded(name), Bound::Unbounded)));
            index = children[name];
        }
        levels.push(arena.node(index).children.range::<_, [u8]>(..));
        let path = path.to_vec();
        Self {
            arena,
            levels,
            path,
        }
    }
}

impl<'tree> Iterator for Nodes<'tree> {
    type Item = (Vec<u8>, &'tree Bytes);

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            // Depth first gives byte order, since '/' sorts before all bytes
            // that a component can have.
            if let Some((name, index)) = self.levels.last_mut()?.next() {
                self.path.push(b'/');
                self.path.extend_from_slice(name);
                let node = self.arena.node(*index);
                self.levels.push(node.children.range::<_, [u8]>(..));
                return Some((self.path.clone(), &node.value));
            }
            self.levels.pop();
            let parent_end = self.path.iter().rposition(|byte| *byte == b'/');
            self.path.truncate(parent_end.unwrap_or(0));
        }
    }
}

impl std::iter::FusedIterator for Nodes<'_> {}
