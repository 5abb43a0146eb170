//! A sequence of records as one stream of bytes.

use super::Damaged;
use bytes::{Buf, BufMut, Bytes, BytesMut};

/// Appends a record: its length in four bytes, the most significant one first,
/// and what it holds.
///
/// # Panics
///
/// If it has 4 GiB or more: what it is made of is limited far below.
pub fn put_record(out: &mut BytesMut, record: &[u8]) {
    let length = u32::try_from(record.len()).expect("a record is within its limits");
    out.put_u32(length);
    out.put_slice(record);
}

/// Finds the records again in a stream that comes in pieces. No more is held
/// than was fed and not taken.
#[derive(Clone, Debug)]
pub struct Records {
    fed: BytesMut,
    longest: u32,
}

impl Records {
    /// For records of at most `longest` bytes.
    #[must_use]
    pub fn new(longest: u32) -> Self {
        Self {
            fed: BytesMut::new(),
            longest,
        }
    }

    /// Takes the next bytes.
    pub fn feed(&mut self, bytes: &[u8]) {
        self.fed.extend_from_slice(bytes);
    }

    /// The next record, a copy of its own; `None` if it is not here as a whole.
    ///
    /// # Errors
    ///
    /// [`Damaged::TooLong`].
    pub fn take(&mut self) -> Result<Option<Bytes>, Damaged> {
        let Some((length, _)) = self.fed.split_first_chunk() else {
            return Ok(None);
        };
        let length = u32::from_be_bytes(*length);
        if length > self.longest {
            return Err(Damaged::TooLong {
                length: length.into(),
            });
        }
        if self.fed.len() - 4 < length as usize {
            return Ok(None);
        }
        self.fed.advance(4);
        // Not a slice: it would keep everything that was fed with it.
        let record = Bytes::copy_from_slice(&self.fed[..length as usize]);
        self.fed.advance(length as usize);
        Ok(Some(record))
    }

    /// What was fed and is not a whole record: the bytes behind the last one.
    #[must_use]
    pub fn rest(&self) -> &[u8] {
        &self.fed
    }

    /// Forgets the rest.
    pub fn clear(&mut self) {
        self.fed = BytesMut::new();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_are_found_however_they_are_cut() {
        let mut stream = BytesMut::new();
        for record in [&b"one"[..], b"", b"three"] {
            put_record(&mut stream, record);
        }
        for piece in 1..=stream.len() {
            let (mut records, mut found) = (Records::new(5), Vec::new());
            for bytes in stream.chunks(piece) {
                records.feed(bytes);
                while let Some(record) = records.take().unwrap() {
                    found.push(record);
                }
            }
            assert_eq!(found, [&b"one"[..], b"", b"three"]);
            assert!(records.rest().is_empty());
        }
    }

    #[test]
    fn what_no_record_can_claim_is_refused_before_it_is_there() {
        let mut records = Records::new(5);
        records.feed(&[0, 0, 0, 6]);
        assert_eq!(records.take(), Err(Damaged::TooLong { length: 6 }));
    }
}
