//! The bytes of the standard dialect to values.

use super::DecodeRun;
use crate::xdr::{DecodeError, DecodeErrorKind, Decoder, padding};
use bytes::Bytes;
use std::string::FromUtf8Error;

/// How deep recursive types may be nested in one input, where a value that takes
/// more than 256 bytes in memory counts for several levels, unless
/// [`XdrDecoder::with_max_depth`] says otherwise.
pub const MAX_DEPTH: u32 = 256;

/// How many elements of arrays may take up no bytes at all, in one input: no
/// real interface has one, and an input of a few bytes could name billions.
pub const MAX_EMPTY_ELEMENTS: u32 = 65_536;

/// The standard dialect, read from a buffer that is already here in full.
#[derive(Clone, Debug)]
pub struct XdrDecoder<'a> {
    input: &'a Bytes,
    /// How much of the input has been read.
    position: usize,
    depth_left: u32,
    max_depth: u32,
    empty_left: u32,
}

impl<'a> XdrDecoder<'a> {
    /// A decoder at the start of `input`.
    #[must_use]
    #[inline]
    pub fn new(input: &'a Bytes) -> Self {
        Self::with_max_depth(input, MAX_DEPTH)
    }

    /// A decoder that lets recursive types nest `max_depth` levels deep.
    #[must_use]
    #[inline]
    pub fn with_max_depth(input: &'a Bytes, max_depth: u32) -> Self {
        Self {
            input,
            position: 0,
            depth_left: max_depth,
            max_depth,
            empty_left: MAX_EMPTY_ELEMENTS,
        }
    }

    /// The number of bytes not yet read.
    #[must_use]
    #[inline]
    pub fn remaining(&self) -> usize {
        self.input.len() - self.position
    }

    /// The number of bytes read.
    #[must_use]
    #[inline]
    pub fn position(&self) -> usize {
        self.position
    }

    /// Ends decoding.
    ///
    /// # Errors
    ///
    /// [`DecodeErrorKind::TrailingData`] if bytes are left.
    #[inline]
    pub fn finish(&self) -> Result<(), DecodeError> {
        match self.remaining() {
            0 => Ok(()),
            extra => Err(self.error(DecodeErrorKind::TrailingData { extra })),
        }
    }

    /// What has not been read.
    #[inline]
    fn rest(&self) -> &'a [u8] {
        &self.input[self.position..]
    }

    #[cold]
    fn error(&self, kind: DecodeErrorKind) -> DecodeError {
        DecodeError::new(kind, self.position)
    }

    #[cold]
    fn missing(&self, needed: usize) -> DecodeError {
        let missing = needed.saturating_sub(self.remaining());
        self.error(DecodeErrorKind::MissingData { missing })
    }

    #[inline]
    fn take<const M: usize>(&mut self) -> Result<[u8; M], DecodeError> {
        let Some(bytes) = self.rest().first_chunk().copied() else {
            return Err(self.missing(M));
        };
        self.position += M;
        Ok(bytes)
    }

    /// The next `length` bytes and their padding, which is found to be zero.
    /// They stay in the input.
    #[inline(always)]
    fn peek_padded(&self, length: usize) -> Result<&'a [u8], DecodeError> {
        let padding = padding(length);
        let size = length.saturating_add(padding);
        let Some(padded) = self.rest().get(..size) else {
            return Err(self.missing(size));
        };
        // All of the padding at once, as the end of the last word.
        let last = padded.last_chunk().copied().map_or(0, u32::from_be_bytes);
        if last & ((1 << (8 * padding)) - 1) != 0 {
            return Err(self.bad_padding(length, &padded[length..]));
        }
        Ok(padded)
    }

    #[cold]
    fn bad_padding(&self, length: usize, zeros: &[u8]) -> DecodeError {
        let byte = zeros.iter().find(|byte| **byte != 0).copied();
        let kind = DecodeErrorKind::BadPadding(byte.unwrap_or_default());
        DecodeError::new(kind, self.position + length)
    }

    /// Takes opaque data with the length before it and the padding behind it,
    /// and returns the data with the padding, and the length.
    #[inline(always)]
    fn take_data(&mut self, limit: u32) -> Result<(&'a [u8], usize), DecodeError> {
        let length = self.take_data_length(limit)? as usize;
        let padded = self.peek_padded(length)?;
        self.position += padded.len();
        Ok((padded, length))
    }

    /// The length of opaque data, of which the input need not be long enough.
    #[inline]
    fn take_data_length(&mut self, limit: u32) -> Result<u32, DecodeError> {
        let length = u32::from_be_bytes(self.take()?);
        if length > limit {
            return Err(self.error_in_last_int(DecodeErrorKind::TooLong { length, limit }));
        }
        Ok(length)
    }

    /// Takes the elements of an array of numbers.
    #[inline]
    fn take_all<T, const M: usize>(
        &mut self,
        length: usize,
        from_bytes: impl Fn([u8; M]) -> T,
    ) -> Result<Vec<T>, DecodeError> {
        let size = length.saturating_mul(M);
        let Some(bytes) = self.rest().get(..size) else {
            return Err(self.missing(size));
        };
        let (chunks, _) = bytes.as_chunks::<M>();
        let values = chunks.iter().map(|chunk| from_bytes(*chunk)).collect();
        self.position += size;
        Ok(values)
    }

    #[inline]
    fn take_array<T, const M: usize, const N: usize>(
        &mut self,
        from_bytes: impl Fn([u8; M]) -> T,
    ) -> Result<[T; N], DecodeError> {
        let (chunks, _) = self.rest().as_chunks::<M>();
        let Some(chunks) = chunks.first_chunk::<N>() else {
            return Err(self.missing(M.saturating_mul(N)));
        };
        let values = std::array::from_fn(|index| from_bytes(chunks[index]));
        self.position += M * N;
        Ok(values)
    }

    /// Counts elements that take up no bytes, which the input does not bound.
    fn take_empty(&mut self, length: u32) -> Result<(), DecodeError> {
        match self.empty_left.checked_sub(length) {
            Some(left) => {
                self.empty_left = left;
                Ok(())
            }
            None => Err(self.error_in_last_int(DecodeErrorKind::TooManyEmpty {
                limit: MAX_EMPTY_ELEMENTS,
            })),
        }
    }
}

impl Decoder for XdrDecoder<'_> {
    type Run<const N: usize> = DecodeRun<N>;

    #[inline]
    fn take_run<const N: usize>(&mut self) -> Result<DecodeRun<N>, DecodeError> {
        let start = self.position;
        Ok(DecodeRun::new(self.take()?, start))
    }

    #[inline]
    fn take_i32(&mut self) -> Result<i32, DecodeError> {
        self.take().map(i32::from_be_bytes)
    }

    #[inline]
    fn take_u32(&mut self) -> Result<u32, DecodeError> {
        self.take().map(u32::from_be_bytes)
    }

    #[inline]
    fn take_i64(&mut self) -> Result<i64, DecodeError> {
        self.take().map(i64::from_be_bytes)
    }

    #[inline]
    fn take_u64(&mut self) -> Result<u64, DecodeError> {
        self.take().map(u64::from_be_bytes)
    }

    #[inline]
    fn take_f32(&mut self) -> Result<f32, DecodeError> {
        self.take().map(f32::from_be_bytes)
    }

    #[inline]
    fn take_f64(&mut self) -> Result<f64, DecodeError> {
        self.take().map(f64::from_be_bytes)
    }

    #[inline]
    fn take_bool(&mut self) -> Result<bool, DecodeError> {
        match self.take_u32()? {
            0 => Ok(false),
            1 => Ok(true),
            other => Err(self.error_in_last_int(DecodeErrorKind::BadBool(other))),
        }
    }

    #[inline]
    fn take_opaque_fixed(&mut self, length: usize) -> Result<Vec<u8>, DecodeError> {
        let padded = self.peek_padded(length)?;
        self.position += padded.len();
        Ok(padded[..length].to_vec())
    }

    // Inlined so that the slice is made where it is to stay: moving it costs as
    // much as making it.
    #[inline(always)]
    fn take_opaque(&mut self, limit: u32) -> Result<Bytes, DecodeError> {
        let start = self.position + 4;
        let (_, length) = self.take_data(limit)?;
        Ok(self.input.slice(start..start + length))
    }

    // The padding is taken along and cut off in the end: zeros are text, and
    // text whose length is a multiple of four, in a place of its own, is copied
    // and looked at in whole words.
    #[inline]
    fn take_string(&mut self, limit: u32) -> Result<String, DecodeError> {
        let start = self.position + 4;
        let (padded, length) = self.take_data(limit)?;
        match String::from_utf8(padded.to_vec()) {
            Ok(mut text) => {
                text.truncate(length);
                Ok(text)
            }
            Err(error) => Err(not_utf8(&error, start)),
        }
    }

    #[inline]
    fn take_length(&mut self, limit: u32, min_element_size: usize) -> Result<usize, DecodeError> {
        let length = self.take_data_length(limit)?;
        if min_element_size == 0 {
            self.take_empty(length)?;
        }
        // The whole array has to be in the input already, so a length that
        // cannot be true costs nothing.
        let length = length as usize;
        let size = length.saturating_mul(min_element_size);
        if size > self.remaining() {
            return Err(self.missing(size));
        }
        Ok(length)
    }

    #[inline]
    fn descend(&mut self, levels: u32) -> Result<(), DecodeError> {
        match self.depth_left.checked_sub(levels) {
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
    fn ascend(&mut self, levels: u32) {
        debug_assert!(self.max_depth - self.depth_left >= levels);
        self.depth_left += levels;
    }

    #[cold]
    fn error_in_last_int(&self, kind: DecodeErrorKind) -> DecodeError {
        DecodeError::new(kind, self.position.saturating_sub(4))
    }

    #[inline]
    fn take_opaque_array<const N: usize>(&mut self) -> Result<[u8; N], DecodeError> {
        let padded = self.peek_padded(N)?;
        let mut array = [0; N];
        array.copy_from_slice(&padded[..N]);
        self.position += padded.len();
        Ok(array)
    }

    #[inline]
    fn take_i32s(&mut self, length: usize) -> Result<Vec<i32>, DecodeError> {
        self.take_all(length, i32::from_be_bytes)
    }

    #[inline]
    fn take_u32s(&mut self, length: usize) -> Result<Vec<u32>, DecodeError> {
        self.take_all(length, u32::from_be_bytes)
    }

    #[inline]
    fn take_i64s(&mut self, length: usize) -> Result<Vec<i64>, DecodeError> {
        self.take_all(length, i64::from_be_bytes)
    }

    #[inline]
    fn take_u64s(&mut self, length: usize) -> Result<Vec<u64>, DecodeError> {
        self.take_all(length, u64::from_be_bytes)
    }

    #[inline]
    fn take_f32s(&mut self, length: usize) -> Result<Vec<f32>, DecodeError> {
        self.take_all(length, f32::from_be_bytes)
    }

    #[inline]
    fn take_f64s(&mut self, length: usize) -> Result<Vec<f64>, DecodeError> {
        self.take_all(length, f64::from_be_bytes)
    }

    #[inline]
    fn take_i32_array<const N: usize>(&mut self) -> Result<[i32; N], DecodeError> {
        self.take_array(i32::from_be_bytes)
    }

    #[inline]
    fn take_u32_array<const N: usize>(&mut self) -> Result<[u32; N], DecodeError> {
        self.take_array(u32::from_be_bytes)
    }

    #[inline]
    fn take_i64_array<const N: usize>(&mut self) -> Result<[i64; N], DecodeError> {
        self.take_array(i64::from_be_bytes)
    }

    #[inline]
    fn take_u64_array<const N: usize>(&mut self) -> Result<[u64; N], DecodeError> {
        self.take_array(u64::from_be_bytes)
    }

    #[inline]
    fn take_f32_array<const N: usize>(&mut self) -> Result<[f32; N], DecodeError> {
        self.take_array(f32::from_be_bytes)
    }

    #[inline]
    fn take_f64_array<const N: usize>(&mut self) -> Result<[f64; N], DecodeError> {
        self.take_array(f64::from_be_bytes)
    }
}

/// Text that begins at `start` of the input is not UTF-8.
#[cold]
fn not_utf8(error: &FromUtf8Error, start: usize) -> DecodeError {
    let at = start + error.utf8_error().valid_up_to();
    DecodeError::new(DecodeErrorKind::NotUtf8, at)
}

#[cfg(test)]
mod tests;
