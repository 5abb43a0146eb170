//! Values to bytes.

use super::{EncodeError, padding};
use bytes::{BufMut, BytesMut};

/// A type that the generated code can write to any [`Encoder`].
pub trait Encode {
    /// Writes the value.
    ///
    /// # Errors
    ///
    /// [`EncodeError`] if a part is longer than its bound. What was written
    /// before it stays in the encoder; the caller discards it.
    fn encode<E: Encoder + ?Sized>(&self, encoder: &mut E) -> Result<(), EncodeError>;
}

/// The primitive types of RFC 4506 §4, as an encoder of some wire dialect writes them.
pub trait Encoder {
    /// `int` and `enum`.
    fn put_i32(&mut self, value: i32);
    /// `unsigned int`.
    fn put_u32(&mut self, value: u32);
    /// `hyper`.
    fn put_i64(&mut self, value: i64);
    /// `unsigned hyper`.
    fn put_u64(&mut self, value: u64);
    /// `float`.
    fn put_f32(&mut self, value: f32);
    /// `double`.
    fn put_f64(&mut self, value: f64);
    /// `bool`, and whether an optional value follows.
    fn put_bool(&mut self, value: bool);
    /// `opaque[n]`: bytes whose number the reader knows.
    fn put_opaque_fixed(&mut self, value: &[u8]);
    /// `opaque<limit>` and `string<limit>` that is kept as bytes.
    ///
    /// # Errors
    ///
    /// [`EncodeError::TooLong`] if `value` has more than `limit` bytes.
    fn put_opaque(&mut self, value: &[u8], limit: u32) -> Result<(), EncodeError>;
    /// The number of elements of a variable-length array, which follow.
    ///
    /// # Errors
    ///
    /// [`EncodeError::TooLong`] if there are more than `limit`.
    fn put_length(&mut self, length: usize, limit: u32) -> Result<(), EncodeError>;
    /// `string<limit>`.
    ///
    /// # Errors
    ///
    /// [`EncodeError::TooLong`] if `value` has more than `limit` bytes.
    fn put_string(&mut self, value: &str, limit: u32) -> Result<(), EncodeError> {
        self.put_opaque(value.as_bytes(), limit)
    }
}

/// The standard dialect: big-endian units of four bytes, appended to a buffer.
#[derive(Debug)]
pub struct XdrEncoder<'a> {
    buffer: &'a mut BytesMut,
}

impl<'a> XdrEncoder<'a> {
    /// An encoder that appends to `buffer`.
    pub fn new(buffer: &'a mut BytesMut) -> Self {
        Self { buffer }
    }
}

impl Encoder for XdrEncoder<'_> {
    #[inline]
    fn put_i32(&mut self, value: i32) {
        self.buffer.put_i32(value);
    }

    #[inline]
    fn put_u32(&mut self, value: u32) {
        self.buffer.put_u32(value);
    }

    #[inline]
    fn put_i64(&mut self, value: i64) {
        self.buffer.put_i64(value);
    }

    #[inline]
    fn put_u64(&mut self, value: u64) {
        self.buffer.put_u64(value);
    }

    #[inline]
    fn put_f32(&mut self, value: f32) {
        self.buffer.put_f32(value);
    }

    #[inline]
    fn put_f64(&mut self, value: f64) {
        self.buffer.put_f64(value);
    }

    #[inline]
    fn put_bool(&mut self, value: bool) {
        self.buffer.put_u32(u32::from(value));
    }

    #[inline]
    fn put_opaque_fixed(&mut self, value: &[u8]) {
        self.buffer.put_slice(value);
        self.buffer.put_bytes(0, padding(value.len()));
    }

    #[inline]
    fn put_opaque(&mut self, value: &[u8], limit: u32) -> Result<(), EncodeError> {
        self.put_length(value.len(), limit)?;
        self.put_opaque_fixed(value);
        Ok(())
    }

    #[inline]
    fn put_length(&mut self, length: usize, limit: u32) -> Result<(), EncodeError> {
        self.buffer.put_u32(check_length(length, limit)?);
        Ok(())
    }
}

/// Counts the bytes that [`XdrEncoder`] would write, and checks every bound.
#[derive(Clone, Copy, Debug, Default)]
pub struct SizeCounter {
    bytes: usize,
}

impl SizeCounter {
    /// The number of bytes so far.
    #[must_use]
    pub fn bytes(self) -> usize {
        self.bytes
    }
}

impl Encoder for SizeCounter {
    #[inline]
    fn put_i32(&mut self, _: i32) {
        self.bytes += 4;
    }

    #[inline]
    fn put_u32(&mut self, _: u32) {
        self.bytes += 4;
    }

    #[inline]
    fn put_i64(&mut self, _: i64) {
        self.bytes += 8;
    }

    #[inline]
    fn put_u64(&mut self, _: u64) {
        self.bytes += 8;
    }

    #[inline]
    fn put_f32(&mut self, _: f32) {
        self.bytes += 4;
    }

    #[inline]
    fn put_f64(&mut self, _: f64) {
        self.bytes += 8;
    }

    #[inline]
    fn put_bool(&mut self, _: bool) {
        self.bytes += 4;
    }

    #[inline]
    fn put_opaque_fixed(&mut self, value: &[u8]) {
        self.bytes += value.len() + padding(value.len());
    }

    #[inline]
    fn put_opaque(&mut self, value: &[u8], limit: u32) -> Result<(), EncodeError> {
        self.put_length(value.len(), limit)?;
        self.put_opaque_fixed(value);
        Ok(())
    }

    #[inline]
    fn put_length(&mut self, length: usize, limit: u32) -> Result<(), EncodeError> {
        check_length(length, limit)?;
        self.bytes += 4;
        Ok(())
    }
}

fn check_length(length: usize, limit: u32) -> Result<u32, EncodeError> {
    match u32::try_from(length) {
        Ok(fits) if fits <= limit => Ok(fits),
        _ => Err(EncodeError::TooLong {
            place: "",
            length,
            limit,
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn opaque_is_length_data_and_zero_padding() {
        let mut buffer = BytesMut::new();
        XdrEncoder::new(&mut buffer)
            .put_opaque(b"abcde", 5)
            .unwrap();
        assert_eq!(&buffer[..], b"\0\0\0\x05abcde\0\0\0");
    }

    #[test]
    fn a_value_over_its_bound_is_refused_with_both_numbers() {
        let mut counter = SizeCounter::default();
        let error = counter.put_string("abc", 2).unwrap_err().at("T.f");
        assert_eq!(error.to_string(), "T.f has length 3, the limit is 2");
        assert_eq!(error.clone().at("Outer.t"), error);
    }
}
