//! Buffers for replies.

use bytes::BytesMut;

/// How many bytes of unused buffers a connection keeps for its next replies.
const MAX_POOLED: usize = 64 * 1024;

/// Buffers that replies were in and others can be.
#[derive(Debug, Default)]
pub(super) struct BufferPool {
    buffers: Vec<BytesMut>,
    total_capacity: usize,
}

impl BufferPool {
    /// An empty buffer, without any memory if none is left.
    pub(super) fn take(&mut self) -> BytesMut {
        let buffer = self.buffers.pop().unwrap_or_default();
        self.total_capacity -= buffer.capacity();
        buffer
    }

    /// Takes a buffer back that is not needed any more.
    pub(super) fn recycle(&mut self, mut buffer: BytesMut) {
        buffer.clear();
        let total = self.total_capacity + buffer.capacity();
        if buffer.capacity() > 0 && total <= MAX_POOLED {
            self.total_capacity = total;
            self.buffers.push(buffer);
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

        pool.recycle(BytesMut::with_capacity(MAX_POOLED + 1));
        assert_eq!(pool.take().capacity(), 0);
        assert_eq!(pool.total_capacity, 0);
    }
}
