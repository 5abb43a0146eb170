//! The shell's store, at the other end of a connection.

use crate::shell::{Store, StoreError};
use bytes::Bytes;
use metadr_client::{Endpoint, Error, KvStore};
use metadr_runtime::rt::BlockOn;

/// A cluster. Each call blocks until it is answered.
pub(crate) struct RemoteStore<R: BlockOn> {
    runtime: R,
    store: KvStore<R>,
}

impl<R: BlockOn> RemoteStore<R> {
    pub(crate) fn connect(runtime: R, endpoints: Vec<Endpoint>) -> Result<Self, Error> {
        let store = runtime.block_on(KvStore::connect(&runtime, endpoints))?;
        Ok(Self { runtime, store })
    }
}

impl<R: BlockOn> Store for RemoteStore<R> {
    fn create(&mut self, key: &[u8], value: &[u8]) -> Result<bool, StoreError> {
        let (key, value) = (Bytes::copy_from_slice(key), Bytes::copy_from_slice(value));
        let answer = self.runtime.block_on(self.store.create(key, value));
        answer.map_err(translate)
    }

    fn remove(&mut self, key: &[u8]) -> Result<bool, StoreError> {
        let key = Bytes::copy_from_slice(key);
        let answer = self.runtime.block_on(self.store.remove(key));
        answer.map_err(translate)
    }

    fn set(&mut self, key: &[u8], value: &[u8]) -> Result<(), StoreError> {
        let (key, value) = (Bytes::copy_from_slice(key), Bytes::copy_from_slice(value));
        let answer = self.runtime.block_on(self.store.set(key, value));
        answer.map_err(translate)
    }

    fn get(&mut self, key: &[u8]) -> Result<Bytes, StoreError> {
        let key = Bytes::copy_from_slice(key);
        let answer = self.runtime.block_on(self.store.get(key));
        answer.map_err(translate)
    }

    fn list(&mut self, key: &[u8]) -> Result<Vec<Bytes>, StoreError> {
        let key = Bytes::copy_from_slice(key);
        let answer = self.runtime.block_on(self.store.list(key));
        answer.map_err(translate)
    }
}

fn translate(error: Error) -> StoreError {
    match error {
        Error::Refused(refusal) => StoreError::Refused(refusal),
        other => StoreError::Failed(other.to_string()),
    }
}
