//! Unused memory that several connections share.

use bytes::BytesMut;
use std::sync::{Arc, Mutex, PoisonError};

/// How many bytes of unused large buffers are kept.
const MAX_LARGE: usize = 8 << 20;

/// Large buffers for whichever connection needs one next.
///
/// The latest to come back is the first to go out: it is in the processor's
/// cache most likely. Connections that are quiet need not keep any.
#[derive(Clone, Debug, Default)]
pub(in crate::rpc) struct LargeBuffers(Arc<Mutex<Buffers>>);

/// Unused buffers up to a sum of their capacities.
#[derive(Debug, Default)]
pub(in crate::rpc) struct Buffers {
    buffers: Vec<BytesMut>,
    total_capacity: usize,
}

impl LargeBuffers {
    /// A buffer as it was when it came back.
    pub(in crate::rpc) fn take(&self) -> Option<BytesMut> {
        self.with(Buffers::take)
    }

    /// Takes a buffer that is not needed any more.
    pub(in crate::rpc) fn put(&self, buffer: BytesMut) {
        self.with(|buffers| buffers.put(buffer, MAX_LARGE));
    }

    fn with<T>(&self, action: impl FnOnce(&mut Buffers) -> T) -> T {
        // Nothing in here panics, and there is nothing to be inconsistent.
        let mut buffers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        action(&mut buffers)
    }
}

impl Buffers {
    /// The latest one.
    pub(in crate::rpc) fn take(&mut self) -> Option<BytesMut> {
        let buffer = self.buffers.pop()?;
        self.total_capacity -= buffer.capacity();
        Some(buffer)
    }

    /// Keeps a buffer, unless all would have more than `limit` bytes of capacity then.
    pub(in crate::rpc) fn put(&mut self, buffer: BytesMut, limit: usize) {
        let total = self.total_capacity + buffer.capacity();
        if total <= limit {
            self.total_capacity = total;
            self.buffers.push(buffer);
        }
    }

    #[cfg(test)]
    pub(in crate::rpc) fn total_capacity(&self) -> usize {
        self.total_capacity
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_latest_buffer_goes_out_first_and_few_are_kept() {
        let buffers = LargeBuffers::default();
        for _ in 0..1000 {
            buffers.put(BytesMut::with_capacity(100_000));
        }
        assert!(buffers.with(|buffers| buffers.total_capacity()) <= MAX_LARGE);
        let latest = buffers.take().unwrap();
        let address = latest.as_ptr();
        buffers.put(latest);
        assert_eq!(buffers.take().unwrap().as_ptr(), address);
        let rest = std::iter::from_fn(|| buffers.take()).count();
        assert!((1..=MAX_LARGE / 100_000).contains(&rest));
        assert_eq!(buffers.with(|buffers| buffers.total_capacity()), 0);
    }
}
