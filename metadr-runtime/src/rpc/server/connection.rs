//! What the calls of a connection have in common.

use super::ConnectionId;
use bytes::BytesMut;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

/// How many bytes of unused buffers a connection keeps for its next replies.
const MAX_POOLED: usize = 64 * 1024;

/// The part of a connection that its calls hold on to.
#[derive(Debug, Default)]
pub(super) struct Connection {
    pub(super) id: ConnectionId,
    pub(super) peer: Option<SocketAddr>,
    pub(super) local: Option<SocketAddr>,
    // Counted from 1; 0 is none.
    last_one_way_call: AtomicU64,
    pool: Mutex<Pool>,
}

#[derive(Debug, Default)]
struct Pool {
    buffers: Vec<BytesMut>,
    total_capacity: usize,
}

impl Connection {
    pub(super) fn new(peer: Option<SocketAddr>, local: Option<SocketAddr>) -> Self {
        Self {
            id: ConnectionId::next(),
            peer,
            local,
            ..Self::default()
        }
    }

    /// Notes that the call with this number must not be answered, even if its
    /// handler panics.
    pub(super) fn note_one_way(&self, call: u64) {
        self.last_one_way_call.store(call, Ordering::Relaxed);
    }

    /// Whether the call with this number, which was the last to be started,
    /// was noted as one that must not be answered.
    pub(super) fn was_one_way(&self, call: u64) -> bool {
        self.last_one_way_call.load(Ordering::Relaxed) == call
    }

    /// An empty buffer.
    pub(super) fn take_buffer(&self) -> BytesMut {
        self.with_pool(|pool| {
            let buffer = pool.buffers.pop().unwrap_or_default();
            pool.total_capacity -= buffer.capacity();
            buffer
        })
    }

    /// Gives a buffer back that is not needed any more.
    pub(super) fn recycle(&self, mut buffer: BytesMut) {
        buffer.clear();
        self.with_pool(|pool| {
            let total = pool.total_capacity + buffer.capacity();
            if total <= MAX_POOLED {
                pool.total_capacity = total;
                pool.buffers.push(buffer);
            }
        });
    }

    fn with_pool<T>(&self, action: impl FnOnce(&mut Pool) -> T) -> T {
        // Nothing in here panics, and a pool has nothing to be inconsistent.
        let mut pool = self.pool.lock().unwrap_or_else(PoisonError::into_inner);
        action(&mut pool)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buffers_are_used_again_up_to_a_limit() {
        let connection = Connection::default();
        let mut buffer = connection.take_buffer();
        buffer.extend_from_slice(&[1; 1000]);
        let address = buffer.as_ptr();
        connection.recycle(buffer);
        let buffer = connection.take_buffer();
        assert!(buffer.is_empty());
        assert_eq!(buffer.as_ptr(), address);

        connection.recycle(BytesMut::with_capacity(MAX_POOLED + 1));
        assert_eq!(connection.take_buffer().capacity(), 0);
    }
}
