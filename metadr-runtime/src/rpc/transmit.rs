//! What waits to be written to a connection.

/// A buffer larger than this many bytes is given back once it is empty.
const MAX_KEPT: usize = 64 * 1024;

/// Records on their way out, and their places in the stream.
#[derive(Debug, Default)]
pub(crate) struct TransmitBuffer {
    buffer: Vec<u8>,
    // Where in `buffer` that begins which has not been written.
    start: usize,
    // How many bytes of the stream have been written.
    written: u64,
}

impl TransmitBuffer {
    pub(crate) fn as_slice(&self) -> &[u8] {
        &self.buffer[self.start..]
    }

    pub(crate) fn len(&self) -> usize {
        self.buffer.len() - self.start
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Appends `record`, and tells at which byte of the stream it ends.
    pub(crate) fn push(&mut self, record: &[u8]) -> u64 {
        // Moves no more bytes than have been written since the last time.
        if self.start > self.len() {
            self.buffer.drain(..self.start);
            self.start = 0;
        }
        self.buffer.extend_from_slice(record);
        self.written + self.len() as u64
    }

    /// Says that the first `count` bytes have been written.
    pub(crate) fn advance(&mut self, count: usize) {
        self.written += count as u64;
        self.start += count;
        if self.is_empty() {
            self.buffer.clear();
            self.buffer.shrink_to(MAX_KEPT);
            self.start = 0;
        }
    }

    /// Whether the stream has been written up to its byte `end`.
    pub(crate) fn is_written(&self, end: u64) -> bool {
        self.written >= end
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_written_when_its_last_byte_is() {
        let mut buffer = TransmitBuffer::default();
        assert_eq!(buffer.push(b"one"), 3);
        buffer.advance(3);
        let end = buffer.push(b"two");
        assert_eq!(end, 6);
        buffer.advance(2);
        assert!(!buffer.is_written(end));
        assert_eq!(buffer.as_slice(), b"o");
        buffer.advance(1);
        assert!(buffer.is_written(end) && buffer.is_empty());
    }

    #[test]
    fn memory_is_used_again_while_the_buffer_never_runs_empty() {
        let mut buffer = TransmitBuffer::default();
        buffer.push(&[1; 100]);
        for _ in 0..1000 {
            buffer.push(&[2; 100]);
            buffer.advance(100);
            assert_eq!(buffer.len(), 100);
        }
        assert!(buffer.buffer.capacity() < 1000);
    }

    #[test]
    fn a_large_buffer_is_not_kept() {
        let mut buffer = TransmitBuffer::default();
        buffer.push(&vec![1; MAX_KEPT + 1]);
        buffer.advance(MAX_KEPT + 1);
        assert!(buffer.buffer.capacity() <= MAX_KEPT);
    }
}
