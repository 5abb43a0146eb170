//! A tree as bytes, piece by piece.
//!
//! A record says how many nodes there are; then each node has one, in byte
//! order of the paths: how deep it is, the last component of its path, and its
//! value. The parent of a node is the last one before it that is one less
//! deep. So equal trees give equal bytes, and the bytes do not grow with the
//! length of the paths that nodes share.

use super::arena::ROOT;
use super::{Tree, key};
use crate::wire::tree::{TreeHead, TreeNode};
use bytes::{Bytes, BytesMut};
use metadr_runtime::xdr;
use metadr_vr::{Damaged, Frozen, Progress, Records, Thaw, put_record};

/// A tree as it was at some time, which is written down.
#[derive(Clone, Debug)]
pub struct FrozenTree {
    tree: Tree,
    /// The path of the node that was written last: empty when only the head
    /// was, `None` when nothing was.
    written: Option<Vec<u8>>,
}

impl FrozenTree {
    pub(super) fn new(tree: Tree) -> Self {
        Self {
            tree,
            written: None,
        }
    }
}

impl Frozen for FrozenTree {
    fn write(&mut self, budget: usize, out: &mut BytesMut) -> Progress {
        let end = out.len().saturating_add(budget.max(1));
        let mut written = self.written.take().unwrap_or_else(|| {
            let nodes = self.tree.len() as u64;
            put(out, &TreeHead { nodes });
            Vec::new()
        });
        let mut nodes = self.tree.nodes_after(&written);
        while out.len() < end {
            let Some((path, value)) = nodes.next() else {
                self.written = Some(written);
                return Progress::Done;
            };
            let name = path.rsplit(|byte| *byte == b'/').next();
            let depth = path.iter().filter(|byte| **byte == b'/').count();
            let node = TreeNode {
                depth: u32::try_from(depth).expect("memory does not hold so long a path"),
                name: Bytes::copy_from_slice(name.unwrap_or_default()),
                value: value.clone(),
            };
            put(out, &node);
            written = path;
        }
        let progress = match nodes.next() {
            Some(_) => Progress::More,
            None => Progress::Done,
        };
        self.written = Some(written);
        progress
    }
}

fn put<T: xdr::Encode>(out: &mut BytesMut, record: &T) {
    let bytes = xdr::to_bytes(record).expect("a record has no bounds to break");
    put_record(out, &bytes);
}

/// A tree on its way back from its bytes.
#[derive(Clone, Debug)]
pub struct ThawTree {
    records: Records,
    tree: Tree,
    /// How many nodes there are to be; `None` before the head was read.
    nodes: Option<u64>,
    /// The path of the last node.
    path: Vec<u8>,
    /// The indices of the nodes on this path, the root first.
    indices: Vec<usize>,
}

impl ThawTree {
    pub(super) fn new() -> Self {
        Self {
            // No more of a record is held than was fed, so none is too long.
            records: Records::new(u32::MAX),
            tree: Tree::new(),
            nodes: None,
            path: Vec::new(),
            indices: vec![ROOT],
        }
    }

    fn take(&mut self, record: Bytes) -> Result<(), Damaged> {
        let Some(nodes) = self.nodes else {
            self.nodes = Some(decode::<TreeHead>(record)?.nodes);
            return Ok(());
        };
        if self.tree.len() as u64 == nodes {
            return Err(Damaged::Long);
        }
        let TreeNode { depth, name, value } = decode(record)?;
        let depth = depth as usize;
        if depth == 0 || depth > self.indices.len() {
            return Err(Damaged::Impossible("a node has no parent"));
        }
        if !key::is_name(&name) {
            return Err(Damaged::Impossible(
                "a node has no name that a key could have",
            ));
        }
        while self.indices.len() > depth {
            self.indices.pop();
            let end = self.path.iter().rposition(|byte| *byte == b'/');
            let sibling = self.path.split_off(end.unwrap_or(0));
            if self.indices.len() == depth && name <= sibling[1..] {
                return Err(Damaged::Impossible("the nodes are not in their order"));
            }
        }
        self.path.push(b'/');
        self.path.extend_from_slice(&name);
        let parent = self.indices[depth - 1];
        let index = self.tree.insert(parent, &self.path, &name, value);
        self.indices.push(index);
        Ok(())
    }
}

impl Thaw<Tree> for ThawTree {
    fn feed(&mut self, bytes: &[u8]) -> Result<(), Damaged> {
        self.records.feed(bytes);
        while let Some(record) = self.records.take()? {
            self.take(record)?;
        }
        Ok(())
    }

    fn finish(self) -> Result<Tree, Damaged> {
        if !self.records.rest().is_empty() || self.nodes != Some(self.tree.len() as u64) {
            return Err(Damaged::Short);
        }
        Ok(self.tree)
    }
}

fn decode<T: xdr::Decode>(record: Bytes) -> Result<T, Damaged> {
    xdr::from_bytes(record).map_err(|_| Damaged::Undecodable)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn thaw(head: u64, nodes: &[(u32, &'static str)]) -> Result<Tree, Damaged> {
        let mut bytes = BytesMut::new();
        put(&mut bytes, &TreeHead { nodes: head });
        for (depth, name) in nodes {
            let node = TreeNode {
                depth: *depth,
                name: Bytes::from(*name),
                value: Bytes::new(),
            };
            put(&mut bytes, &node);
        }
        let mut thaw = Tree::thaw();
        thaw.feed(&bytes)?;
        thaw.finish()
    }

    #[test]
    fn nodes_that_are_no_tree_are_refused() {
        assert!(thaw(3, &[(1, "a"), (2, "b"), (1, "b")]).is_ok());
        let impossible = [
            &[(0, "a")][..],
            &[(2, "a")],
            &[(1, "a"), (3, "b")],
            &[(1, "")],
            &[(1, "a/b")],
            &[(1, "b"), (1, "a")],
            &[(1, "a"), (1, "a")],
            &[(1, "b"), (2, "a"), (1, "a")],
        ];
        for nodes in impossible {
            let refused = thaw(nodes.len() as u64, nodes).map(|tree| tree.len());
            assert!(matches!(refused, Err(Damaged::Impossible(_))), "{nodes:?}");
        }
    }

    #[test]
    fn all_nodes_must_be_there_and_no_more() {
        let ends = |head| thaw(head, &[(1, "a"), (1, "b")]).map(|tree| tree.len());
        assert_eq!(ends(1), Err(Damaged::Long));
        assert_eq!(ends(2), Ok(2));
        assert_eq!(ends(3), Err(Damaged::Short));
        assert_eq!(Tree::thaw().finish().map(|_| ()), Err(Damaged::Short));
    }
}
