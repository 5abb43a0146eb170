//! Buffers for replies.

use crate::rpc::buffers::{Buffers, LargeBuffers};
use bytes::BytesMut;

/// How many bytes of unused buffers a connection keeps for its next replies.
const MAX_POOLED: usize = 16 * 1024;
/// A buffer with room for as many bytes is large.
const LARGE: usize = 8 * 1024;

/// Buffers that replies were in and others can be.
///
/// Small ones are the connection's own. Large ones are shared with the other
/// connections: those that are quiet should not keep any, but to get one from
/// the system for each reply, and give it back, costs more than the reply.
#[derive(Debug, Default)]
pub(super) struct BufferPool {
    small: Buffers,
    large: LargeBuffers,
    // Whether the latest reply was large: so will be the next, most likely.
    is_large: bool,
}

impl BufferPool {
    pub(super) fn new(large: LargeBuffers) -> Self {
        Self {
            large,
            ..Self::default()
        }
    }

    /// An empty buffer, without any memory if none is left.
    pub(super) fn take(&mut self) -> BytesMut {
        let large = match self.is_large {
            true => self.large.take(),
            false => None,
        };
        large.or_else(|| self.small.take()).unwrap_or_default()
    }

    /// Takes note of a reply of this size.
    pub(super) fn note_reply(&mut self, size: usize) {
        self.is_large = size >= LARGE;
    }

    /// Takes a buffer back that is not needed any more.
    pub(super) fn recycle(&mut self, mut buffer: BytesMut) {
        buffer.clear();
        match buffer.capacity() {
            0 => {}
            LARGE.. => self.large.put(buffer),
            _ => self.small.put(buffer, MAX_POOLED),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buffers_are_used_again_up_to_a_limit() {
        let mut pool = BufferPool::default();
        let mut buffer = pool.take();
        buffer.extend_from_slice(&[1; 1000]);
        let address = buffer.as_ptr();
        pool.recycle(buffer);
        let buffer = pool.take();
        assert!(buffer.is_empty());
        assert_eq!(buffer.as_ptr(), address);
        assert_eq!(pool.take().capacity(), 0);

        for _ in 0..1000 {
            pool.recycle(BytesMut::with_capacity(1000));
        }
        assert!(pool.small.total_capacity() <= MAX_POOLED);
    }

    #[test]
    fn large_buffers_are_for_whoever_answers_with_much() {
        let large = LargeBuffers::default();
        let mut quiet = BufferPool::new(large.clone());
        let mut busy = BufferPool::new(large);
        quiet.recycle(BytesMut::with_capacity(2 * LARGE));
        assert_eq!(quiet.take().capacity(), 0);
        busy.note_reply(LARGE);
        assert_eq!(busy.take().capacity(), 2 * LARGE);
        assert_eq!(busy.take().capacity(), 0);
    }
}
