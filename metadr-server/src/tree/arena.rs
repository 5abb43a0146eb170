//! Where the nodes live: one vector, in which nodes name each other by index.
//!
//! Nodes that own their children would be dropped by recursion, and a deep
//! tree would overflow the stack.
//!
//! The vector, and the map of each node's children, are persistent: to clone
//! them copies nothing, and a change afterwards copies the few blocks that it
//! is in. So the tree can be held as it is at some time while it goes on.

use bytes::Bytes;
use imbl::{OrdMap, Vector};
use std::sync::Arc;

/// The index of the root, which is always there.
pub(super) const ROOT: usize = 0;

/// A node. Its own name is in its parent's `children`.
#[derive(Clone, Debug, Default)]
pub(super) struct Node {
    /// Empty for the root.
    pub(super) value: Bytes,
    /// Last components, and the indices of their nodes.
    pub(super) children: OrdMap<Arc<[u8]>, usize>,
}

impl Node {
    pub(super) fn new(value: Bytes) -> Self {
        Self {
            value,
            children: OrdMap::new(),
        }
    }
}

/// Nodes by index. Indices of removed nodes are used again.
#[derive(Clone, Debug)]
pub(super) struct Arena {
    slots: Vector<Slot>,
    first_free: Option<usize>,
    used: usize,
}

#[derive(Clone, Debug)]
enum Slot {
    Used(Node),
    Free { next: Option<usize> },
}

impl Default for Arena {
    fn default() -> Self {
        Self {
            slots: Vector::unit(Slot::Used(Node::default())),
            first_free: None,
            used: 1,
        }
    }
}

impl Arena {
    /// Adds a node and gives its index. The caller enters it at its parent.
    pub(super) fn insert(&mut self, node: Node) -> usize {
        self.used += 1;
        let Some(index) = self.first_free else {
            self.slots.push_back(Slot::Used(node));
            return self.slots.len() - 1;
        };
        let Slot::Free { next } = std::mem::replace(&mut self.slots[index], Slot::Used(node))
        else {
            unreachable!("slot {index} is in the list of free slots");
        };
        self.first_free = next;
        index
    }

    /// Takes a node out. The caller has removed its index from its parent.
    pub(super) fn remove(&mut self, index: usize) -> Node {
        assert_ne!(index, ROOT, "the root stays");
        let free = Slot::Free {
            next: self.first_free,
        };
        let Slot::Used(node) = std::mem::replace(&mut self.slots[index], free) else {
            unreachable!("no node has the index {index} of a free slot");
        };
        self.first_free = Some(index);
        self.used -= 1;
        node
    }

    /// The node at an index that a node's `children` contain, or [`ROOT`].
    pub(super) fn node(&self, index: usize) -> &Node {
        match &self.slots[index] {
            Slot::Used(node) => node,
            Slot::Free { .. } => unreachable!("no node has the index {index} of a free slot"),
        }
    }

    /// As [`node`](Self::node), to change it.
    pub(super) fn node_mut(&mut self, index: usize) -> &mut Node {
        match &mut self.slots[index] {
            Slot::Used(node) => node,
            Slot::Free { .. } => unreachable!("no node has the index {index} of a free slot"),
        }
    }

    /// The number of nodes with the root, so at least 1.
    pub(super) fn len(&self) -> usize {
        self.used
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn indices_of_removed_nodes_are_used_again() {
        let mut arena = Arena::default();
        let indices = [1, 2, 3].map(|number| arena.insert(Node::new(Bytes::from(vec![number]))));
        assert_eq!(arena.len(), 4);
        arena.remove(indices[0]);
        arena.remove(indices[2]);
        assert_eq!(arena.len(), 2);
        let again = [arena.insert(Node::default()), arena.insert(Node::default())];
        assert_eq!(again, [indices[2], indices[0]]);
        assert_eq!(arena.node(indices[1]).value, Bytes::from_static(&[2]));
        assert_eq!(arena.insert(Node::default()), 4);
    }
}
