//! Values to the bytes of the standard dialect.

use super::{EncodeRun, Parts, window};
use crate::xdr::{Encode, EncodeError, Encoder, padding};
use bytes::{Bytes, BytesMut};

/// The standard dialect: big-endian units of four bytes, appended to a buffer.
#[derive(Debug)]
pub struct XdrEncoder<'a> {
    buffer: &'a mut BytesMut,
    // Where opaque data may go that is not to be copied.
    parts: Option<&'a mut Parts>,
}

/// Opaque data of at least this many bytes is shared where it can be. To copy
/// less costs no more than to write it in a piece of its own.
pub(in crate::xdr) const MIN_SHARED: usize = 16 * 1024;

/// How many numbers of an array are put in order at a time, on the stack,
/// before they go to the buffer.
const BLOCK: usize = 64;

impl<'a> XdrEncoder<'a> {
    /// An encoder that appends to `buffer`.
    pub fn new(buffer: &'a mut BytesMut) -> Self {
        Self {
            buffer,
            parts: None,
        }
    }

    /// An encoder that appends to `buffer`, and to `parts` what belongs between
    /// the bytes of that: large opaque data that need not be copied.
    #[cfg(feature = "rpc")]
    pub(crate) fn sharing(buffer: &'a mut BytesMut, parts: &'a mut Parts) -> Self {
        Self {
            buffer,
            parts: Some(parts),
        }
    }

    #[inline]
    fn put<const M: usize>(&mut self, bytes: [u8; M]) {
        self.buffer.extend_from_slice(&bytes);
    }

    #[inline]
    fn put_all<T, const M: usize>(&mut self, values: &[T], to_bytes: impl Fn(&T) -> [u8; M]) {
        self.buffer.reserve(size_of_val(values));
        let (blocks, rest) = values.as_chunks::<BLOCK>();
        for block in blocks {
            let bytes: [[u8; M]; BLOCK] = std::array::from_fn(|index| to_bytes(&block[index]));
            self.buffer.extend_from_slice(bytes.as_flattened());
        }
        for value in rest {
            self.buffer.extend_from_slice(&to_bytes(value));
        }
    }
}

impl Encoder for XdrEncoder<'_> {
    put_numbers!();

    #[inline]
    fn put_opaque_fixed(&mut self, value: &[u8]) {
        put_padded(self.buffer, value);
    }

    // The check is inlined and what follows is not: a result that the caller
    // cannot see through would have to go through memory.
    #[inline]
    fn put_opaque(&mut self, value: &[u8], limit: u32) -> Result<(), EncodeError> {
        let length = check_length(value.len(), limit)?;
        put_counted(self.buffer, length, value);
        Ok(())
    }

    #[inline]
    fn put_opaque_fixed_shared(&mut self, value: &Bytes) {
        match &mut self.parts {
            Some(parts) if value.len() >= MIN_SHARED => put_part(self.buffer, parts, value),
            _ => put_padded(self.buffer, value),
        }
    }

    #[inline]
    fn put_opaque_shared(&mut self, value: &Bytes, limit: u32) -> Result<(), EncodeError> {
        let length = check_length(value.len(), limit)?;
        match &mut self.parts {
            Some(parts) if value.len() >= MIN_SHARED => {
                put_counted_part(self.buffer, parts, length, value);
            }
            _ => put_counted(self.buffer, length, value),
        }
        Ok(())
    }

    fn put_elements<T: Encode>(&mut self, values: &[T]) -> Result<(), EncodeError> {
        let mut others = window::put_small(self.buffer, values)?.iter();
        others.try_for_each(|value| value.encode(self))
    }
}

// Functions of the buffer itself: one pointer to follow instead of two.

#[inline]
fn put_counted(buffer: &mut BytesMut, length: u32, value: &[u8]) {
    buffer.extend_from_slice(&length.to_be_bytes());
    put_padded(buffer, value);
}

#[inline]
fn put_padded(buffer: &mut BytesMut, value: &[u8]) {
    buffer.extend_from_slice(value);
    let padding = padding(value.len());
    if padding == 0 {
        return;
    }
    if buffer.capacity() - buffer.len() >= 4 {
        // One store of a known size, whatever the padding is.
        let end = buffer.len() + padding;
        buffer.extend_from_slice(&[0; 4]);
        buffer.truncate(end);
    } else {
        put_zeros(buffer, padding);
    }
}

/// Opaque data that stays where it is, and its padding.
#[inline(never)]
fn put_part(buffer: &mut BytesMut, parts: &mut Parts, value: &Bytes) {
    parts.push(buffer.len(), value.clone());
    put_zeros(buffer, padding(value.len()));
}

/// The same, behind its length.
#[inline(never)]
fn put_counted_part(buffer: &mut BytesMut, parts: &mut Parts, length: u32, value: &Bytes) {
    buffer.extend_from_slice(&length.to_be_bytes());
    put_part(buffer, parts, value);
}

/// Padding at the end of a buffer that may have just the size of the value.
#[cold]
fn put_zeros(buffer: &mut BytesMut, padding: usize) {
    buffer.extend_from_slice(&[0; 3][..padding]);
}

/// The length as it goes on the wire, unless it is over `limit`.
///
/// # Errors
///
/// [`EncodeError::TooLong`].
#[inline]
pub(in crate::xdr) fn check_length(length: usize, limit: u32) -> Result<u32, EncodeError> {
    match u32::try_from(length) {
        Ok(fits) if fits <= limit => Ok(fits),
        _ => Err(EncodeError::too_long(length, limit)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn encoded(put: impl FnOnce(&mut XdrEncoder<'_>)) -> BytesMut {
        let mut buffer = BytesMut::new();
        put(&mut XdrEncoder::new(&mut buffer));
        buffer
    }

    #[test]
    fn opaque_is_length_data_and_zero_padding() {
        let bytes = encoded(|encoder| encoder.put_opaque(b"abcde", 5).unwrap());
        assert_eq!(&bytes[..], b"\0\0\0\x05abcde\0\0\0");
    }

    #[test]
    fn every_length_of_opaque_is_padded_to_whole_words() {
        for length in 0..=9 {
            let bytes = encoded(|encoder| encoder.put_opaque_fixed(&[0xff; 9][..length]));
            let mut expected = vec![0xff; length];
            expected.resize(length.next_multiple_of(4), 0);
            assert_eq!(bytes, expected);
        }
    }

    #[test]
    fn opaque_is_its_length_and_then_fixed_opaque() {
        let whole = encoded(|encoder| encoder.put_opaque(b"abcde", 5).unwrap());
        let parts = encoded(|encoder| {
            encoder.put_length(5, 5).unwrap();
            encoder.put_opaque_fixed(b"abcde");
        });
        assert_eq!(whole, parts);
    }

    #[test]
    fn a_value_over_its_bound_is_refused_with_both_numbers() {
        let mut buffer = BytesMut::new();
        let refused = XdrEncoder::new(&mut buffer).put_string("abc", 2);
        let error = refused.unwrap_err().at("T.f");
        assert_eq!(error.to_string(), "T.f has length 3, the limit is 2");
        assert_eq!(error.clone().at("Outer.t"), error);
    }

    #[test]
    fn small_integers_take_up_a_word_with_their_sign() {
        let bytes = encoded(|encoder| {
            encoder.put_i8(-1);
            encoder.put_u8(255);
            encoder.put_i16(-2);
            encoder.put_u16(65_535);
        });
        assert_eq!(
            &bytes[..],
            b"\xff\xff\xff\xff\0\0\0\xff\xff\xff\xff\xfe\0\0\xff\xff"
        );
    }

    #[test]
    fn arrays_of_numbers_are_their_elements_in_a_row() {
        for length in [0, 1, BLOCK - 1, BLOCK, BLOCK + 1, 3 * BLOCK + 5] {
            let values: Vec<i64> = (0..)
                .map(|index| index * -0x0102_0304)
                .take(length)
                .collect();
            let bulk = encoded(|encoder| encoder.put_i64s(&values));
            let single = encoded(|encoder| values.iter().for_each(|value| encoder.put_i64(*value)));
            assert_eq!(bulk, single, "{length} elements");
        }
    }

    #[test]
    fn a_run_is_its_parts_in_a_row() {
        let bytes = encoded(|encoder| {
            let mut run = encoder.run::<24>();
            run.put_u32(1);
            run.put_opaque_fixed(b"abcde");
            let mut inner = run.run::<12>();
            inner.put_i64(-2);
            inner.put_bool(true);
            run.put_run(inner);
            encoder.put_run(run);
        });
        let expected = encoded(|encoder| {
            encoder.put_u32(1);
            encoder.put_opaque_fixed(b"abcde");
            encoder.put_i64(-2);
            encoder.put_bool(true);
        });
        assert_eq!(bytes, expected);
    }
}
