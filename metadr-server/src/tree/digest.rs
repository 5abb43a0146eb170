//! A hash of a set of nodes that does not depend on their order.

/// The sum of the hashes of some nodes, modulo 2^128.
///
/// The hash of a node is the first 16 bytes of the BLAKE3 hash of: the length
/// of its path in bytes as a little-endian 64-bit number, the path, the value.
/// As a number it is little-endian too.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct NodeSum(u128);

impl NodeSum {
    /// Counts a node in.
    pub(super) fn add(&mut self, path: &[u8], value: &[u8]) {
        self.0 = self.0.wrapping_add(node_hash(path, value));
    }

    /// Takes out a node that was counted in.
    pub(super) fn subtract(&mut self, path: &[u8], value: &[u8]) {
        self.0 = self.0.wrapping_sub(node_hash(path, value));
    }

    /// The sum as a little-endian number.
    pub(super) fn to_bytes(self) -> [u8; 16] {
        self.0.to_le_bytes()
    }
}

fn node_hash(path: &[u8], value: &[u8]) -> u128 {
    let mut hasher = blake3::Hasher::new();
    // The length keeps (path "/a", value "b") and (path "/ab", value "") apart.
    hasher.update(&(path.len() as u64).to_le_bytes());
    hasher.update(path);
    hasher.update(value);
    let mut first_half = [0; 16];
    hasher.finalize_xof().fill(&mut first_half);
    u128::from_le_bytes(first_half)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_wrap_and_come_back() {
        let mut sum = NodeSum(u128::MAX);
        sum.add(b"/a", b"1");
        assert_eq!(sum.0, node_hash(b"/a", b"1") - 1);
        sum.subtract(b"/a", b"1");
        assert_eq!(sum, NodeSum(u128::MAX));
    }

    #[test]
    fn path_and_value_do_not_run_into_each_other() {
        assert_ne!(node_hash(b"/a", b"b"), node_hash(b"/ab", b""));
        assert_ne!(node_hash(b"/a", b"b"), node_hash(b"/b", b"a"));
    }
}
