//! Stores for tests.

use super::store::{Refusal, Store, StoreError};
use bytes::Bytes;
use metadr_server::tree::{Key, ListKey, Malformed, Tree, TreeError};

/// A store in memory that answers as a healthy group of replicas does.
#[derive(Default)]
pub(crate) struct TreeStore {
    tree: Tree,
}

/// A store that answers every call with the same error.
pub(crate) struct Answers(pub(crate) StoreError);

impl Store for TreeStore {
    fn create(&mut self, key: &[u8], value: &[u8]) -> Result<bool, StoreError> {
        let value = Bytes::copy_from_slice(value);
        match self.tree.create(&parse(key)?, value) {
            Ok(()) => Ok(true),
            Err(TreeError::AlreadyPresent) => Ok(false),
            Err(error) => Err(refused(error)),
        }
    }

    fn remove(&mut self, key: &[u8]) -> Result<bool, StoreError> {
        match self.tree.remove(&parse(key)?) {
            Ok(()) => Ok(true),
            Err(TreeError::NotPresent) => Ok(false),
            Err(error) => Err(refused(error)),
        }
    }

    fn set(&mut self, key: &[u8], value: &[u8]) -> Result<(), StoreError> {
        let value = Bytes::copy_from_slice(value);
        self.tree.set(&parse(key)?, value).map_err(refused)
    }

    fn get(&mut self, key: &[u8]) -> Result<Bytes, StoreError> {
        self.tree.get(&parse(key)?).cloned().map_err(refused)
    }

    fn list(&mut self, key: &[u8]) -> Result<Vec<Bytes>, StoreError> {
        let key: ListKey = Key::parse_for_list(key).map_err(malformed)?;
        let names = self.tree.list(&key).map_err(refused)?;
        Ok(names.map(Bytes::copy_from_slice).collect())
    }
}

impl Store for Answers {
    fn create(&mut self, _: &[u8], _: &[u8]) -> Result<bool, StoreError> {
        Err(self.0.clone())
    }

    fn remove(&mut self, _: &[u8]) -> Result<bool, StoreError> {
        Err(self.0.clone())
    }

    fn set(&mut self, _: &[u8], _: &[u8]) -> Result<(), StoreError> {
        Err(self.0.clone())
    }

    fn get(&mut self, _: &[u8]) -> Result<Bytes, StoreError> {
        Err(self.0.clone())
    }

    fn list(&mut self, _: &[u8]) -> Result<Vec<Bytes>, StoreError> {
        Err(self.0.clone())
    }
}

fn parse(key: &[u8]) -> Result<Key, StoreError> {
    Key::parse(key).map_err(malformed)
}

fn malformed(_: Malformed) -> StoreError {
    Refusal::MalformedKey.into()
}

fn refused(error: TreeError) -> StoreError {
    let refusal = match error {
        TreeError::NotPresent => Refusal::KeyNotFound,
        TreeError::NoParent => Refusal::NoParent,
        TreeError::HasChildren => Refusal::HasChildren,
        _ => Refusal::Unknown,
    };
    refusal.into()
}
