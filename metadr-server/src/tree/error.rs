//! Why the tree refuses an operation.

/// An operation that the tree refuses. The tree is left as it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TreeError {
    /// The key to create exists.
    #[error("the key is already present")]
    AlreadyPresent,
    /// The key does not exist.
    #[error("the key is not present")]
    NotPresent,
    /// The parent of the key to create does not exist.
    #[error("the key has no parent")]
    NoParent,
    /// The key to remove has children.
    #[error("the key has children")]
    HasChildren,
}
