//! What waits to be written to a connection.

mod inserted;

use super::record::{OutgoingRecord, write_shared_record};
use crate::xdr::{EncodeError, Parts, XdrEncoder};
use bytes::BytesMut;
use futures_io::AsyncWrite;
use inserted::{Inserted, Pieces};
use std::collections::VecDeque;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll};

/// A record of at least this many bytes stays in the buffer in which it was
/// made. Copying a smaller one costs less than a buffer of its own.
const LARGE_RECORD: usize = 8 * 1024;
/// Small records are put together up to this many bytes, so that memory is
/// given back while a connection is never quite idle.
const SEGMENT: usize = 32 * 1024;
/// A buffer with room for more bytes than this is not kept for later. One for
/// 64 KiB of data and their header is; from 128 KiB on, allocators get a buffer
/// from the system each time.
const MAX_KEPT: usize = 120 * 1024;
/// How many parts of the output go to the system at once.
const MAX_SLICES: usize = 16;

/// Records on their way out, and their places in the stream.
///
/// They lie in segments, which are written together by vectored writes: so
/// neither does a large record have to be copied to stand behind the others,
/// nor do others have to move for it. Nor are large opaque data copied at all:
/// they are kept until they have been written.
#[derive(Debug, Default)]
pub struct TransmitBuffer {
    // The segments before the last one, none of them empty.
    segments: VecDeque<BytesMut>,
    // The last segment, to which records are appended.
    tail: BytesMut,
    // How many bytes of the first segment have been written.
    start: usize,
    // How many bytes have not been written.
    len: usize,
    // How many bytes of the stream have been written, and how many of those
    // were in segments.
    written: u64,
    written_segments: u64,
    // What belongs between the bytes of the segments.
    inserted: Inserted,
    // An empty buffer for the next segment.
    spare: BytesMut,
    // Nothing, outside of `encode`.
    parts: Parts,
}

impl TransmitBuffer {
    /// The number of bytes to write.
    #[must_use]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there is nothing to write.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The bytes to write first: all there are, or those before a boundary
    /// between two pieces.
    #[must_use]
    pub fn first(&self) -> &[u8] {
        self.pieces().next().unwrap_or_default()
    }

    /// Fills `slices` from its start with the bytes to write, as many as fit,
    /// and tells how many slices were filled.
    pub fn slices<'a>(&'a self, slices: &mut [IoSlice<'a>]) -> usize {
        let filled = slices.iter_mut().zip(self.pieces());
        filled
            .map(|(slice, bytes)| *slice = IoSlice::new(bytes))
            .count()
    }

    fn pieces(&self) -> impl Iterator<Item = &[u8]> {
        let segments = self.segments.iter().chain([&self.tail]);
        let mut start = self.start;
        let segments = segments.map(move |segment| &segment[std::mem::take(&mut start)..]);
        Pieces::new(segments, self.written_segments, &self.inserted)
    }

    /// Whether data is to be written that is shared with others, who might use
    /// its memory again.
    pub(crate) fn has_shared(&self) -> bool {
        self.inserted.len() > 0
    }

    /// Appends a record of one fragment with what `encode` writes, in place, and
    /// tells at which byte of the stream it ends.
    ///
    /// # Errors
    ///
    /// Those of [`write_record`](super::record::write_record). Nothing is
    /// appended then, nor if `encode` panics.
    pub(crate) fn encode(
        &mut self,
        encode: impl FnOnce(&mut XdrEncoder<'_>) -> Result<(), EncodeError>,
    ) -> Result<u64, EncodeError> {
        if self.tail.len() >= SEGMENT {
            self.close_tail();
        }
        let before = self.tail.len();
        write_shared_record(&mut self.tail, &mut self.parts, encode)?;
        if !self.parts.is_empty() {
            let mut parts = std::mem::take(&mut self.parts);
            self.insert(&mut parts, before);
            self.parts = parts;
        }
        self.len += self.tail.len() - before;
        Ok(self.end())
    }

    /// Appends a record that exists already. Gives its buffer back unless the
    /// record stays in there.
    pub(in crate::rpc) fn push(&mut self, mut record: OutgoingRecord) -> Option<BytesMut> {
        if !record.parts.is_empty() {
            self.insert(&mut record.parts, 0);
        }
        let buffer = record.buffer;
        self.len += buffer.len();
        if buffer.len() < LARGE_RECORD {
            if self.tail.len() >= SEGMENT {
                self.close_tail();
            }
            self.tail.extend_from_slice(&buffer);
            return Some(buffer);
        }
        if !self.tail.is_empty() {
            self.close_tail();
        }
        self.segments.push_back(buffer);
        None
    }

    /// Appends the parts of a record that begins at `start` of its buffer, and
    /// is yet to be appended itself.
    #[inline(never)]
    fn insert(&mut self, parts: &mut Parts, start: usize) {
        let end = self.end_of_segments();
        for (place, part) in parts.drain() {
            self.len += part.len();
            self.inserted.push(end + (place - start) as u64, part);
        }
    }

    /// Says that the first `count` bytes have been written.
    ///
    /// # Panics
    ///
    /// If there are fewer.
    pub fn advance(&mut self, count: usize) {
        self.advance_with(count, drop);
    }

    /// The same, and `recycle` gets the buffers of large records that have been
    /// written.
    pub(crate) fn advance_with(&mut self, count: usize, mut recycle: impl FnMut(BytesMut)) {
        assert!(count <= self.len, "more written than there was");
        self.len -= count;
        self.written += count as u64;
        let mut rest = count;
        while rest > 0 {
            rest -= match self.inserted.next_place() {
                Some(place) if place == self.written_segments => self.inserted.advance(rest),
                Some(place) => {
                    // As a number of bytes in memory, it fits.
                    let before = (place - self.written_segments) as usize;
                    self.advance_segments(rest.min(before), &mut recycle)
                }
                None => self.advance_segments(rest, &mut recycle),
            };
        }
        if self.is_empty() {
            self.start = 0;
            self.tail.clear();
            if self.tail.capacity() > MAX_KEPT {
                recycle(std::mem::take(&mut self.tail));
            }
        }
    }

    fn advance_segments(&mut self, count: usize, recycle: &mut impl FnMut(BytesMut)) -> usize {
        self.written_segments += count as u64;
        self.start += count;
        while let Some(first) = self.segments.front()
            && self.start >= first.len()
        {
            self.start -= first.len();
            if let Some(segment) = self.segments.pop_front().and_then(|it| self.keep(it)) {
                recycle(segment);
            }
        }
        count
    }

    /// At which byte of the stream that ends which has been appended so far.
    pub(crate) fn end(&self) -> u64 {
        self.written + self.len as u64
    }

    /// The same, of the bytes in segments alone.
    fn end_of_segments(&self) -> u64 {
        self.written_segments + (self.len - self.inserted.len()) as u64
    }

    fn close_tail(&mut self) {
        let next = std::mem::take(&mut self.spare);
        self.segments
            .push_back(std::mem::replace(&mut self.tail, next));
    }

    /// Keeps a segment that has been written for the next tail, if it is of use.
    fn keep(&mut self, mut segment: BytesMut) -> Option<BytesMut> {
        segment.clear();
        if self.spare.capacity() == 0 && segment.capacity() <= MAX_KEPT {
            self.spare = segment;
            return None;
        }
        Some(segment)
    }
}

/// Writes to `stream` what `fill` fills slices with, as
/// [`TransmitBuffer::slices`] does. Tells how many bytes it took.
pub(crate) fn poll_write_slices<'a, T: AsyncWrite + Unpin>(
    stream: &mut T,
    cx: &mut Context<'_>,
    fill: impl FnOnce(&mut [IoSlice<'a>]) -> usize,
) -> Poll<io::Result<usize>> {
    let mut slices = [IoSlice::new(&[]); MAX_SLICES];
    let count = fill(&mut slices);
    match &slices[..count] {
        // What nearly every write is, and what every stream does best.
        [slice] => Pin::new(stream).poll_write(cx, slice),
        slices => Pin::new(stream).poll_write_vectored(cx, slices),
    }
}

#[cfg(test)]
mod tests;
