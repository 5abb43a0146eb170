//! Bytes to values.

use super::{DecodeError, DecodeErrorKind, padding};
use bytes::{Buf, Bytes};

/// How deep recursive types may be nested in one input unless
/// [`XdrDecoder::with_max_depth`] says otherwise.
pub const MAX_DEPTH: u32 = 256;

/// A type that the generated code can read from any [`Decoder`].
pub trait Decode: Sized {
    /// Reads a value.
    ///
    /// # Errors
    ///
    /// [`DecodeError`] if the input is not a value of this type.
    fn decode<D: Decoder + ?Sized>(decoder: &mut D) -> Result<Self, DecodeError>;
}

/// The primitive types of RFC 4506 §4, as a decoder of some wire dialect reads them.
///
/// Every method fails with [`DecodeErrorKind::MissingData`] when the input is
/// too short.
pub trait Decoder {
    /// `int` and `enum`.
    fn take_i32(&mut self) -> Result<i32, DecodeError>;
    /// `unsigned int`.
    fn take_u32(&mut self) -> Result<u32, DecodeError>;
    /// `hyper`.
    fn take_i64(&mut self) -> Result<i64, DecodeError>;
    /// `unsigned hyper`.
    fn take_u64(&mut self) -> Result<u64, DecodeError>;
    /// `float`.
    fn take_f32(&mut self) -> Result<f32, DecodeError>;
    /// `double`.
    fn take_f64(&mut self) -> Result<f64, DecodeError>;
    /// `bool`, and whether an optional value follows.
    ///
    /// # Errors
    ///
    /// Also [`DecodeErrorKind::BadBool`].
    fn take_bool(&mut self) -> Result<bool, DecodeError>;
    /// `opaque[n]`, where n is the length of `target`.
    ///
    /// # Errors
    ///
    /// Also [`DecodeErrorKind::BadPadding`].
    fn take_opaque_fixed(&mut self, target: &mut [u8]) -> Result<(), DecodeError>;
    /// `opaque<limit>`: a slice of the input where the dialect allows it.
    ///
    /// # Errors
    ///
    /// Also [`DecodeErrorKind::TooLong`] and [`DecodeErrorKind::BadPadding`].
    fn take_opaque(&mut self, limit: u32) -> Result<Bytes, DecodeError>;
    /// `string<limit>`.
    ///
    /// # Errors
    ///
    /// As [`Decoder::take_opaque`], and [`DecodeErrorKind::NotUtf8`].
    fn take_string(&mut self, limit: u32) -> Result<String, DecodeError>;
    /// The number of elements of a variable-length array. The caller may
    /// allocate for that many: the input is known to hold them, at
    /// `min_element_size` bytes each.
    ///
    /// # Errors
    ///
    /// Also [`DecodeErrorKind::TooLong`].
    fn take_length(&mut self, limit: u32, min_element_size: usize) -> Result<usize, DecodeError>;
    /// Enters a value of a recursive type; paired with [`Decoder::ascend`].
    ///
    /// # Errors
    ///
    /// [`DecodeErrorKind::TooDeep`].
    fn descend(&mut self) -> Result<(), DecodeError>;
    /// Leaves a value of a recursive type.
    fn ascend(&mut self);
    /// An error about the `int` that was read last: an enumerator or a
    /// discriminant that only the type knows to be wrong.
    fn error_in_last_int(&self, kind: DecodeErrorKind) -> DecodeError;
}

/// The standard dialect, read from a buffer that is already here in full.
#[derive(Clone, Debug)]
pub struct XdrDecoder {
    input: Bytes,
    total: usize,
    depth_left: u32,
    max_depth: u32,
}

impl XdrDecoder {
    /// A decoder at the start of `input`.
    #[must_use]
    pub fn new(input: Bytes) -> Self {
        Self::with_max_depth(input, MAX_DEPTH)
    }

    /// A decoder that lets recursive types nest `max_depth` levels deep.
    #[must_use]
    pub fn with_max_depth(input: Bytes, max_depth: u32) -> Self {
        let total = input.len();
        Self {
            input,
            total,
            depth_left: max_depth,
            max_depth,
        }
    }

    /// The number of bytes not yet read.
    #[must_use]
    pub fn remaining(&self) -> usize {
        self.input.len()
    }

    /// Gives back what has not been read.
    #[must_use]
    pub fn into_rest(self) -> Bytes {
        self.input
    }

    /// Ends decoding.
    ///
    /// # Errors
    ///
    /// [`DecodeErrorKind::TrailingData`] if bytes are left.
    pub fn finish(self) -> Result<(), DecodeError> {
        match self.input.len() {
            0 => Ok(()),
            extra => Err(self.error(DecodeErrorKind::TrailingData { extra })),
        }
    }

    fn offset(&self) -> usize {
        self.total - self.input.len()
    }

    fn error(&self, kind: DecodeErrorKind) -> DecodeError {
        DecodeError::new(kind, self.offset())
    }

    fn need(&self, size: usize) -> Result<(), DecodeError> {
        match size.checked_sub(self.input.len()) {
            None | Some(0) => Ok(()),
            Some(missing) => Err(self.error(DecodeErrorKind::MissingData { missing })),
        }
    }

    fn skip_padding(&mut self, length: usize) -> Result<(), DecodeError> {
        let size = padding(length);
        if let Some(&byte) = self.input[..size].iter().find(|byte| **byte != 0) {
            return Err(self.error(DecodeErrorKind::BadPadding(byte)));
        }
        self.input.advance(size);
        Ok(())
    }
}

impl Decoder for XdrDecoder {
    #[inline]
    fn take_i32(&mut self) -> Result<i32, DecodeError> {
        self.need(4)?;
        Ok(self.input.get_i32())
    }

    #[inline]
    fn take_u32(&mut self) -> Result<u32, DecodeError> {
        self.need(4)?;
        Ok(self.input.get_u32())
    }

    #[inline]
    fn take_i64(&mut self) -> Result<i64, DecodeError> {
        self.need(8)?;
        Ok(self.input.get_i64())
    }

    #[inline]
    fn take_u64(&mut self) -> Result<u64, DecodeError> {
        self.need(8)?;
        Ok(self.input.get_u64())
    }

    #[inline]
    fn take_f32(&mut self) -> Result<f32, DecodeError> {
        self.need(4)?;
        Ok(self.input.get_f32())
    }

    #[inline]
    fn take_f64(&mut self) -> Result<f64, DecodeError> {
        self.need(8)?;
        Ok(self.input.get_f64())
    }

    #[inline]
    fn take_bool(&mut self) -> Result<bool, DecodeError> {
        let at = self.offset();
        match self.take_u32()? {
            0 => Ok(false),
            1 => Ok(true),
            other => Err(DecodeError::new(DecodeErrorKind::BadBool(other), at)),
        }
    }

    #[inline]
    fn take_opaque_fixed(&mut self, target: &mut [u8]) -> Result<(), DecodeError> {
        self.need(target.len() + padding(target.len()))?;
        self.input.copy_to_slice(target);
        self.skip_padding(target.len())
    }

    #[inline]
    fn take_opaque(&mut self, limit: u32) -> Result<Bytes, DecodeError> {
        let length = self.take_length(limit, 1)?;
        self.need(length + padding(length))?;
        let data = self.input.split_to(length);
        self.skip_padding(length)?;
        Ok(data)
    }

    #[inline]
    fn take_string(&mut self, limit: u32) -> Result<String, DecodeError> {
        let at = self.offset() + 4;
        let data = self.take_opaque(limit)?;
        match std::str::from_utf8(&data) {
            Ok(text) => Ok(text.to_owned()),
            Err(error) => Err(DecodeError::new(
                DecodeErrorKind::NotUtf8,
                at + error.valid_up_to(),
            )),
        }
    }

    #[inline]
    fn take_length(&mut self, limit: u32, min_element_size: usize) -> Result<usize, DecodeError> {
        let at = self.offset();
        let length = self.take_u32()?;
        if length > limit {
            let kind = DecodeErrorKind::TooLong { length, limit };
            return Err(DecodeError::new(kind, at));
        }
        // The whole array has to be in the input already, so a length that
        // cannot be true costs nothing.
        let length = length as usize;
        self.need(length.saturating_mul(min_element_size))?;
        Ok(length)
    }

    #[inline]
    fn descend(&mut self) -> Result<(), DecodeError> {
        match self.depth_left.checked_sub(1) {
            Some(left) => {
                self.depth_left = left;
                Ok(())
            }
            None => Err(self.error(DecodeErrorKind::TooDeep {
                limit: self.max_depth,
            })),
        }
    }

    #[inline]
    fn ascend(&mut self) {
        debug_assert!(self.depth_left < self.max_depth);
        self.depth_left += 1;
    }

    #[inline]
    fn error_in_last_int(&self, kind: DecodeErrorKind) -> DecodeError {
        DecodeError::new(kind, self.offset().saturating_sub(4))
    }
}

/// Fills an array with what `next` yields, up to its first error. For generated code.
///
/// # Errors
///
/// The first error of `next`.
#[doc(hidden)]
pub fn array<T, const N: usize, F>(mut next: F) -> Result<[T; N], DecodeError>
where
    F: FnMut() -> Result<T, DecodeError>,
{
    let mut failure = None;
    let elements: [Option<T>; N] = std::array::from_fn(|_| {
        if failure.is_some() {
            return None;
        }
        next().map_err(|error| failure = Some(error)).ok()
    });
    match failure {
        Some(error) => Err(error),
        None => Ok(elements.map(|element| element.expect("without a failure all are there"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoder(input: &'static [u8]) -> XdrDecoder {
        XdrDecoder::new(Bytes::from_static(input))
    }

    #[test]
    fn short_input_says_how_much_is_missing_and_where() {
        let mut decoder = decoder(b"\0\0\0\x01\0\0");
        decoder.take_u32().unwrap();
        let error = decoder.take_u64().unwrap_err();
        assert_eq!(error.to_string(), "input ends 6 bytes early at byte 4");
    }

    #[test]
    fn a_length_of_two_gibibytes_is_refused_before_anything_is_allocated() {
        let error = decoder(b"\x7f\xff\xff\xff")
            .take_length(u32::MAX, 4)
            .unwrap_err();
        let missing = 4 * 0x7fff_ffff;
        assert_eq!(*error.kind(), DecodeErrorKind::MissingData { missing });
    }

    #[test]
    fn padding_must_be_zero() {
        let error = decoder(b"\0\0\0\x01a\0\x02\0").take_opaque(9).unwrap_err();
        assert_eq!(*error.kind(), DecodeErrorKind::BadPadding(2));
    }

    #[test]
    fn booleans_are_zero_or_one() {
        assert_eq!(decoder(b"\0\0\0\x01").take_bool(), Ok(true));
        let error = decoder(b"\0\0\0\x02").take_bool().unwrap_err();
        assert_eq!(error.to_string(), "boolean is 2, expected 0 or 1 at byte 0");
    }

    #[test]
    fn bad_utf_8_is_located_in_the_input() {
        let error = decoder(b"\0\0\0\x02a\xff\0\0").take_string(9).unwrap_err();
        assert_eq!(*error.kind(), DecodeErrorKind::NotUtf8);
        assert_eq!(error.offset(), 5);
    }

    #[test]
    fn depth_is_limited() {
        let mut decoder = XdrDecoder::with_max_depth(Bytes::new(), 1);
        decoder.descend().unwrap();
        assert!(decoder.descend().is_err());
        decoder.ascend();
        decoder.descend().unwrap();
    }
}
