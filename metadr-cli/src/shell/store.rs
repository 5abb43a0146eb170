//! What the shell needs of a store.

use bytes::Bytes;
pub(crate) use metadr_client::Refusal;

/// A store of keys and values: calls that block until there is an answer.
///
/// Keys go to the store as they were typed. It is the store that judges them.
pub(crate) trait Store {
    /// Creates a key. False: it exists.
    fn create(&mut self, key: &[u8], value: &[u8]) -> Result<bool, StoreError>;

    /// Removes a key. False: it does not exist.
    fn remove(&mut self, key: &[u8]) -> Result<bool, StoreError>;

    /// Gives an existing key another value.
    fn set(&mut self, key: &[u8], value: &[u8]) -> Result<(), StoreError>;

    /// The value of a key.
    fn get(&mut self, key: &[u8]) -> Result<Bytes, StoreError>;

    /// The last components of the children of a key, in byte order.
    fn list(&mut self, key: &[u8]) -> Result<Vec<Bytes>, StoreError>;
}

/// A call that was not answered with success.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum StoreError {
    /// The store refuses. The shell prints that and goes on.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The call or the connection failed. The shell prints the message and
    /// ends with status 1.
    #[error("{0}")]
    Failed(String),
}
