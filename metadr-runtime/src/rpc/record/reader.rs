//! Records to messages.

use super::{HEADER_SIZE, LAST_FRAGMENT};
use crate::rpc::buffers::LargeBuffers;
use bytes::{Buf, Bytes, BytesMut};

/// Space for the first read of a connection, and for those of a quiet one.
const MIN_CHUNK: usize = 4 * 1024;
/// Space for a read of a connection that fills all it is given.
const MAX_CHUNK: usize = 64 * 1024;
/// Space for a connection with records that need it. From 128 KiB on, allocators
/// get a buffer from the system each time, and give it back.
const MAX_RECORD_CHUNK: usize = 120 * 1024;
/// Space worth a read, unless it is for the rest of a record. With less left, a
/// new chunk is begun.
const MIN_READ: usize = 1024;
/// The memory of a record of at least this many bytes is used again as soon as
/// nobody has the record any more. Smaller ones share theirs with the next ones.
const LARGE_RECORD: usize = 32 * 1024;
/// Empty fragments that one record may have: they cost no memory, but they
/// must not go on for ever.
const MAX_EMPTY_FRAGMENTS: u32 = 64;

/// Cuts a byte stream into records.
///
/// Sans-IO: for each read, ask for [`recv_space`](Self::recv_space), fill a part
/// of it from its start, say how much with [`recv_advance`](Self::recv_advance),
/// then call [`next_record`](Self::next_record) until it gives none. When there
/// is nothing to read, [`recv_pause`](Self::recv_pause) saves memory. After an
/// error the stream cannot be used any more.
///
/// A record that came in one fragment is a slice of the receive buffer, not a
/// copy, and keeps all of that buffer (some tens of kilobytes) in memory while
/// it lives. Memory grows with what has arrived, never with what a header
/// announces; but after a record of some tens of kilobytes there is room for
/// another one like it, to be received in one piece. That is the same memory if
/// all that refers to the record has been dropped before the next read.
#[derive(Debug)]
pub struct RecordReader {
    max_record: usize,
    // All of it is initialized; only the first `filled` bytes have been received.
    buffer: BytesMut,
    filled: usize,
    // The latest record, if it is large: its bytes are initialized as well.
    latest: Bytes,
    // How large chunks are, and how large the present one should have been.
    chunk: usize,
    demand: usize,
    // The demand that the present chunk was made for, if nothing has come since.
    met_demand: usize,
    // Buffers of quiet connections. All that is in them is initialized.
    unused: LargeBuffers,
    // The earlier fragments of a record that has several.
    assembled: BytesMut,
    empty_fragments: u32,
}

/// A stream that does not consist of acceptable records: the peer's fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RecordError {
    /// The fragments announced so far add up to more than is allowed.
    #[error("record of at least {length} bytes, the limit is {limit}")]
    TooLong {
        /// The length of the record in bytes, if no more fragments follow.
        length: usize,
        /// The longest record allowed, in bytes.
        limit: usize,
    },
    /// A record consists of too many fragments with nothing in them.
    #[error("more than {MAX_EMPTY_FRAGMENTS} empty fragments in a record")]
    EmptyFragments,
}

impl RecordReader {
    /// A reader at the start of a stream, which takes records of up to
    /// `max_record` bytes, headers of fragments not counted.
    #[must_use]
    pub fn new(max_record: usize) -> Self {
        Self::with_buffers(max_record, LargeBuffers::default())
    }

    /// The same, with buffers that are shared with other connections.
    pub(in crate::rpc) fn with_buffers(max_record: usize, unused: LargeBuffers) -> Self {
        Self {
            max_record,
            buffer: BytesMut::new(),
            filled: 0,
            latest: Bytes::new(),
            chunk: MIN_CHUNK,
            demand: 0,
            met_demand: 0,
            unused,
            assembled: BytesMut::new(),
            empty_fragments: 0,
        }
    }

    /// Where to put the next bytes of the stream. Never empty.
    pub fn recv_space(&mut self) -> &mut [u8] {
        let space = self.buffer.len() - self.filled;
        let enough = match self.filled {
            // Better a new chunk than a record in two.
            0 => self.demand.max(self.chunk / 2),
            _ => MIN_READ.min(self.missing()),
        };
        if space < enough {
            self.grow();
        }
        &mut self.buffer[self.filled..]
    }

    fn grow(&mut self) {
        // A stream that has become quiet does not keep large chunks for ever.
        let chunk = self.chunk - self.chunk / 8;
        self.chunk = chunk.max(self.demand).max(MIN_CHUNK);
        self.met_demand = std::mem::take(&mut self.demand);
        // Doubling keeps the copying of a long record linear.
        let space = self.chunk.max(self.filled.min(self.missing()));
        let latest = std::mem::take(&mut self.latest);
        if self.filled > 0 || latest.is_empty() {
            // The memory before the buffer's start can only be had without it.
            drop(latest);
            self.buffer.truncate(self.filled);
        } else {
            self.buffer = reuse(std::mem::take(&mut self.buffer), latest, space);
        }
        let is_new = self.filled == 0 && self.buffer.capacity() < space;
        if is_new
            && space >= LARGE_RECORD
            && let Some(unused) = self.unused.take()
        {
            self.buffer = sized(unused, space);
        }
        let size = self.filled + space;
        self.buffer.reserve(size.saturating_sub(self.buffer.len()));
        self.buffer.resize(size, 0);
    }

    /// How many bytes the fragment that has begun to arrive lacks, which is at
    /// least one; if none has, as many as may come.
    fn missing(&self) -> usize {
        let header = self.buffer[..self.filled].first_chunk();
        header.map_or(usize::MAX, |header| {
            let length = u32::from_be_bytes(*header) & !LAST_FRAGMENT;
            let end = HEADER_SIZE + length as usize;
            end.saturating_sub(self.filled).max(1)
        })
    }

    /// Says that the first `count` bytes of [`recv_space`](Self::recv_space)
    /// have been filled.
    ///
    /// # Panics
    ///
    /// If the space has fewer bytes.
    pub fn recv_advance(&mut self, count: usize) {
        let space = self.buffer.len() - self.filled;
        assert!(count <= space, "{count} bytes in a space of {space}");
        // The rest of a chunk is easily filled.
        if count == space && space > self.chunk / 2 {
            self.demand = self.demand.max((self.chunk * 2).min(MAX_CHUNK));
        }
        self.filled += count;
        if count > 0 {
            self.met_demand = 0;
        }
    }

    /// Says that there is nothing to read for now. The space that was for a
    /// large record is given to another connection until there is.
    pub fn recv_pause(&mut self) {
        if self.filled == 0 && self.met_demand >= LARGE_RECORD {
            self.demand = self.demand.max(std::mem::take(&mut self.met_demand));
            self.unused.put(std::mem::take(&mut self.buffer));
        }
    }

    /// The next record that has arrived in full.
    ///
    /// # Errors
    ///
    /// [`RecordError`] as soon as the headers show it.
    pub fn next_record(&mut self) -> Result<Option<Bytes>, RecordError> {
        while let Some((length, is_last)) = self.peek_header()? {
            let Some(end) = self.fragment_end(length) else {
                return Ok(None);
            };
            let fragment = self.take_fragment(end);
            if !is_last {
                self.empty_fragments += u32::from(length == 0);
                self.assembled.extend_from_slice(&fragment[HEADER_SIZE..]);
                continue;
            }
            self.empty_fragments = 0;
            if self.assembled.is_empty() {
                let mut fragment = fragment.freeze();
                if (LARGE_RECORD..=MAX_RECORD_CHUNK).contains(&end) {
                    self.latest = fragment.clone();
                }
                fragment.advance(HEADER_SIZE);
                return Ok(Some(fragment));
            }
            self.assembled.extend_from_slice(&fragment[HEADER_SIZE..]);
            return Ok(Some(std::mem::take(&mut self.assembled).freeze()));
        }
        Ok(None)
    }

    /// Whether the stream stands inside of a record: bytes of it have arrived
    /// that [`next_record`](Self::next_record) has not given out.
    #[must_use]
    pub fn is_inside_record(&self) -> bool {
        self.filled > 0 || !self.assembled.is_empty() || self.empty_fragments > 0
    }

    /// How many bytes have arrived that [`next_record`](Self::next_record) has
    /// not given out.
    #[must_use]
    pub fn buffered_len(&self) -> usize {
        self.filled + self.assembled.len()
    }

    fn peek_header(&self) -> Result<Option<(usize, bool)>, RecordError> {
        let Some(header) = self.buffer[..self.filled].first_chunk() else {
            return Ok(None);
        };
        let header = u32::from_be_bytes(*header);
        let is_last = header & LAST_FRAGMENT != 0;
        let length = (header & !LAST_FRAGMENT) as usize;
        let total = self.assembled.len().saturating_add(length);
        if total > self.max_record {
            return Err(RecordError::TooLong {
                length: total,
                limit: self.max_record,
            });
        }
        if length == 0 && !is_last && self.empty_fragments >= MAX_EMPTY_FRAGMENTS {
            return Err(RecordError::EmptyFragments);
        }
        Ok(Some((length, is_last)))
    }

    fn take_fragment(&mut self, end: usize) -> BytesMut {
        let fragment = self.buffer.split_to(end);
        self.filled -= end;
        let like_it = (end + MIN_READ).min(MAX_RECORD_CHUNK);
        self.demand = self.demand.max(like_it);
        // A buffer that grew for a long record is not for small ones to keep.
        if end > MAX_RECORD_CHUNK && self.filled <= MAX_CHUNK {
            self.buffer = BytesMut::from(&self.buffer[..self.filled]);
        }
        fragment
    }

    fn fragment_end(&self, length: usize) -> Option<usize> {
        let end = HEADER_SIZE + length;
        (end <= self.filled).then_some(end)
    }
}

/// The memory of `latest`, which `rest` is what is left of, with as much of it
/// initialized as can be; none if somebody still has the record.
fn reuse(rest: BytesMut, latest: Bytes, space: usize) -> BytesMut {
    drop(rest);
    sized(latest.try_into_mut().unwrap_or_default(), space)
}

/// The same buffer, empty if it has to grow to have so much space.
fn sized(mut buffer: BytesMut, space: usize) -> BytesMut {
    // Otherwise what is no longer of use would be copied.
    if buffer.capacity() < space {
        buffer.clear();
    }
    buffer
}

#[cfg(test)]
mod tests;
