//! Values to bytes: what generated code implements, and what it calls.

use super::{EncodeError, Quadruple};
use bytes::Bytes;

/// A type that the generated code can write to any [`Encoder`].
pub trait Encode {
    /// The number of bytes that the value takes up in the standard dialect,
    /// padding included. It is exact for every value that can be encoded, and
    /// costs no more than a walk over the parts whose size varies.
    ///
    /// For other dialects it is no more than a hint.
    fn encoded_len(&self) -> usize;

    /// Writes the value.
    ///
    /// # Errors
    ///
    /// [`EncodeError`] if a part is longer than its bound. What was written
    /// before it stays in the encoder; the caller discards it.
    fn encode<E: Encoder + ?Sized>(&self, encoder: &mut E) -> Result<(), EncodeError>;
}

/// The primitive types of RFC 4506 §4, as an encoder of some wire dialect writes them.
///
/// A dialect has to give the types of the RFC. The rest has defaults in terms
/// of those, which a dialect may replace where it knows a faster way.
pub trait Encoder {
    /// What collects the parts of a fixed run: see [`Encoder::run`].
    type Run<const N: usize>: Encoder;

    /// Starts a fixed run: adjacent parts that always take up `N` bytes in the
    /// standard dialect. They are written to the run, and the run is written
    /// with [`Encoder::put_run`], so that its room is checked once and not once
    /// for each part.
    fn run<const N: usize>(&self) -> Self::Run<N>;
    /// Writes what a fixed run has collected.
    fn put_run<const N: usize>(&mut self, run: Self::Run<N>);

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
    /// `opaque<limit>` and `string<limit>` that is kept as bytes: the same as
    /// their number with [`Encoder::put_length`] and then the bytes with
    /// [`Encoder::put_opaque_fixed`].
    ///
    /// # Errors
    ///
    /// [`EncodeError::TooLong`] if `value` has more than `limit` bytes.
    fn put_opaque(&mut self, value: &[u8], limit: u32) -> Result<(), EncodeError>;
    /// [`Encoder::put_opaque_fixed`] of bytes that can be shared: what is written
    /// may refer to them, in place of a copy.
    #[inline]
    fn put_opaque_fixed_shared(&mut self, value: &Bytes) {
        self.put_opaque_fixed(value);
    }
    /// [`Encoder::put_opaque`] of bytes that can be shared, likewise.
    ///
    /// # Errors
    ///
    /// [`EncodeError::TooLong`] if `value` has more than `limit` bytes.
    #[inline]
    fn put_opaque_shared(&mut self, value: &Bytes, limit: u32) -> Result<(), EncodeError> {
        self.put_opaque(value, limit)
    }
    /// The number of elements of a variable-length array, or of the bytes of
    /// opaque data, which follow.
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
    #[inline]
    fn put_string(&mut self, value: &str, limit: u32) -> Result<(), EncodeError> {
        self.put_opaque(value.as_bytes(), limit)
    }
    /// `quadruple`.
    #[inline]
    fn put_quadruple(&mut self, value: Quadruple) {
        self.put_opaque_fixed(&value.0);
    }
    /// `char`, as an `int`.
    #[inline]
    fn put_i8(&mut self, value: i8) {
        self.put_i32(value.into());
    }
    /// `unsigned char`, as an `unsigned int`.
    #[inline]
    fn put_u8(&mut self, value: u8) {
        self.put_u32(value.into());
    }
    /// `short`, as an `int`.
    #[inline]
    fn put_i16(&mut self, value: i16) {
        self.put_i32(value.into());
    }
    /// `unsigned short`, as an `unsigned int`.
    #[inline]
    fn put_u16(&mut self, value: u16) {
        self.put_u32(value.into());
    }

    /// The elements of an array, of a type that the generated code can write.
    ///
    /// # Errors
    ///
    /// The first error of an element.
    #[inline]
    fn put_elements<T: Encode>(&mut self, values: &[T]) -> Result<(), EncodeError> {
        values.iter().try_for_each(|value| value.encode(self))
    }

    /// The elements of an array of `int`.
    #[inline]
    fn put_i32s(&mut self, values: &[i32]) {
        values.iter().for_each(|value| self.put_i32(*value));
    }
    /// The elements of an array of `unsigned int`.
    #[inline]
    fn put_u32s(&mut self, values: &[u32]) {
        values.iter().for_each(|value| self.put_u32(*value));
    }
    /// The elements of an array of `hyper`.
    #[inline]
    fn put_i64s(&mut self, values: &[i64]) {
        values.iter().for_each(|value| self.put_i64(*value));
    }
    /// The elements of an array of `unsigned hyper`.
    #[inline]
    fn put_u64s(&mut self, values: &[u64]) {
        values.iter().for_each(|value| self.put_u64(*value));
    }
    /// The elements of an array of `float`.
    #[inline]
    fn put_f32s(&mut self, values: &[f32]) {
        values.iter().for_each(|value| self.put_f32(*value));
    }
    /// The elements of an array of `double`.
    #[inline]
    fn put_f64s(&mut self, values: &[f64]) {
        values.iter().for_each(|value| self.put_f64(*value));
    }
}
