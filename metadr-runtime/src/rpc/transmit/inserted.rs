//! Data between the bytes of segments.

use bytes::{Buf, Bytes};
use std::collections::VecDeque;
use std::collections::vec_deque::Iter;

/// Data that is written between the bytes of segments.
#[derive(Debug, Default)]
pub(super) struct Inserted {
    // Each with how many bytes of segments come before it, in all of the stream.
    // None is empty.
    parts: VecDeque<(u64, Bytes)>,
    len: usize,
}

impl Inserted {
    /// The number of bytes to write.
    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// Appends a part behind so many bytes of segments, no fewer than before.
    pub(super) fn push(&mut self, place: u64, part: Bytes) {
        self.len += part.len();
        self.parts.push_back((place, part));
    }

    /// How many bytes of segments come before the first part.
    pub(super) fn next_place(&self) -> Option<u64> {
        self.parts.front().map(|(place, _)| *place)
    }

    /// Says that the first `count` bytes of the first part have been written, or
    /// all of it if it has fewer. Tells how many.
    pub(super) fn advance(&mut self, count: usize) -> usize {
        let Some((_, part)) = self.parts.front_mut() else {
            return 0;
        };
        let count = count.min(part.len());
        part.advance(count);
        self.len -= count;
        if part.is_empty() {
            self.parts.pop_front();
        }
        count
    }
}

/// The pieces of a stream in their order, none of them empty.
pub(super) struct Pieces<'a, S> {
    segments: S,
    // What is left of the latest segment, and how many bytes come before that.
    segment: &'a [u8],
    place: u64,
    parts: Iter<'a, (u64, Bytes)>,
    next_part: Option<&'a (u64, Bytes)>,
}

impl<'a, S> Pieces<'a, S> {
    /// The first of `segments` begins behind `place` bytes of others.
    pub(super) fn new(segments: S, place: u64, inserted: &'a Inserted) -> Self {
        let mut parts = inserted.parts.iter();
        Self {
            segments,
            segment: &[],
            place,
            next_part: parts.next(),
            parts,
        }
    }
}

impl<'a, S: Iterator<Item = &'a [u8]>> Iterator for Pieces<'a, S> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        if let Some((place, part)) = self.next_part
            && *place == self.place
        {
            self.next_part = self.parts.next();
            return Some(part);
        }
        while self.segment.is_empty() {
            self.segment = self.segments.next()?;
        }
        let size = match self.next_part {
            Some((place, _)) => (*place - self.place).min(self.segment.len() as u64) as usize,
            None => self.segment.len(),
        };
        let (piece, rest) = self.segment.split_at(size);
        self.segment = rest;
        self.place += size as u64;
        Some(piece)
    }
}
