//! Bytes to values: what generated code implements, and what it calls.

use super::{DecodeError, DecodeErrorKind, Quadruple};
use bytes::Bytes;

/// A type that the generated code can read from any [`Decoder`].
pub trait Decode: Sized {
    /// The number of bytes that a value takes up at least in the standard
    /// dialect. An array of such values is refused before anything is allocated
    /// if the input cannot hold it, so the nearer to the truth the better;
    /// a number over the truth would refuse good input.
    const MIN_ENCODED_SIZE: usize;

    /// Reads a value.
    ///
    /// # Errors
    ///
    /// [`DecodeError`] if the input is not a value of this type.
    fn decode<D: Decoder + ?Sized>(decoder: &mut D) -> Result<Self, DecodeError>;
}

/// The primitive types of RFC 4506 §4, as a decoder of some wire dialect reads them.
///
/// A dialect has to give the types of the RFC. The rest has defaults in terms
/// of those, which a dialect may replace where it knows a faster way.
///
/// Every method that returns a `Result` fails with
/// [`DecodeErrorKind::MissingData`] when the input is too short.
pub trait Decoder {
    /// What the parts of a fixed run are read from: see [`Decoder::take_run`].
    type Run<const N: usize>: Decoder;

    /// Takes a fixed run: adjacent parts that always take up `N` bytes in the
    /// standard dialect. They are read from the run, whose end was checked
    /// here, once and not once for each part.
    fn take_run<const N: usize>(&mut self) -> Result<Self::Run<N>, DecodeError>;

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
    /// `opaque[length]`, where `length` is that of the type. Nothing is
    /// allocated unless the input holds it.
    ///
    /// # Errors
    ///
    /// Also [`DecodeErrorKind::BadPadding`].
    fn take_opaque_fixed(&mut self, length: usize) -> Result<Vec<u8>, DecodeError>;
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
    /// `min_element_size` bytes each ([`Decode::MIN_ENCODED_SIZE`]).
    ///
    /// Elements of which the input can hold any number, as their size may be 0,
    /// are counted instead, over the whole of the input, against a limit that
    /// the decoder has: [`MAX_EMPTY_ELEMENTS`](super::MAX_EMPTY_ELEMENTS).
    ///
    /// # Errors
    ///
    /// Also [`DecodeErrorKind::TooLong`] and [`DecodeErrorKind::TooManyEmpty`].
    fn take_length(&mut self, limit: u32, min_element_size: usize) -> Result<usize, DecodeError>;
    /// Enters a value of a recursive type; paired with [`Decoder::ascend`]. It
    /// counts for `levels` of the depth: more than one if it takes much room on
    /// the stack.
    ///
    /// # Errors
    ///
    /// [`DecodeErrorKind::TooDeep`].
    fn descend(&mut self, levels: u32) -> Result<(), DecodeError>;
    /// Leaves a value of a recursive type.
    fn ascend(&mut self, levels: u32);
    /// An error about the `int` that was read last: an enumerator or a
    /// discriminant that only the type knows to be wrong.
    fn error_in_last_int(&self, kind: DecodeErrorKind) -> DecodeError;

    /// `opaque[N]` that is small enough for the stack.
    ///
    /// # Errors
    ///
    /// As [`Decoder::take_opaque_fixed`].
    #[inline]
    fn take_opaque_array<const N: usize>(&mut self) -> Result<[u8; N], DecodeError> {
        let mut array = [0; N];
        array.copy_from_slice(&self.take_opaque_fixed(N)?);
        Ok(array)
    }
    /// `quadruple`.
    #[inline]
    fn take_quadruple(&mut self) -> Result<Quadruple, DecodeError> {
        self.take_opaque_array().map(Quadruple)
    }
    /// `char`, as an `int`.
    ///
    /// # Errors
    ///
    /// Also [`DecodeErrorKind::OutOfRange`].
    #[inline]
    fn take_i8(&mut self) -> Result<i8, DecodeError> {
        let value = self.take_i32()?;
        i8::try_from(value).map_err(|_| out_of_range(self, value, i8::MIN, i8::MAX))
    }
    /// `unsigned char`, as an `unsigned int`.
    ///
    /// # Errors
    ///
    /// Also [`DecodeErrorKind::OutOfRange`].
    #[inline]
    fn take_u8(&mut self) -> Result<u8, DecodeError> {
        let value = self.take_u32()?;
        u8::try_from(value).map_err(|_| out_of_range(self, value, u8::MIN, u8::MAX))
    }
    /// `short`, as an `int`.
    ///
    /// # Errors
    ///
    /// Also [`DecodeErrorKind::OutOfRange`].
    #[inline]
    fn take_i16(&mut self) -> Result<i16, DecodeError> {
        let value = self.take_i32()?;
        i16::try_from(value).map_err(|_| out_of_range(self, value, i16::MIN, i16::MAX))
    }
    /// `unsigned short`, as an `unsigned int`.
    ///
    /// # Errors
    ///
    /// Also [`DecodeErrorKind::OutOfRange`].
    #[inline]
    fn take_u16(&mut self) -> Result<u16, DecodeError> {
        let value = self.take_u32()?;
        u16::try_from(value).map_err(|_| out_of_range(self, value, u16::MIN, u16::MAX))
    }

    /// `length` elements of an array of `int`, where `length` is from
    /// [`Decoder::take_length`]: it is allocated for.
    #[inline]
    fn take_i32s(&mut self, length: usize) -> Result<Vec<i32>, DecodeError> {
        (0..length).map(|_| self.take_i32()).collect()
    }
    /// As [`Decoder::take_i32s`], of `unsigned int`.
    #[inline]
    fn take_u32s(&mut self, length: usize) -> Result<Vec<u32>, DecodeError> {
        (0..length).map(|_| self.take_u32()).collect()
    }
    /// As [`Decoder::take_i32s`], of `hyper`.
    #[inline]
    fn take_i64s(&mut self, length: usize) -> Result<Vec<i64>, DecodeError> {
        (0..length).map(|_| self.take_i64()).collect()
    }
    /// As [`Decoder::take_i32s`], of `unsigned hyper`.
    #[inline]
    fn take_u64s(&mut self, length: usize) -> Result<Vec<u64>, DecodeError> {
        (0..length).map(|_| self.take_u64()).collect()
    }
    /// As [`Decoder::take_i32s`], of `float`.
    #[inline]
    fn take_f32s(&mut self, length: usize) -> Result<Vec<f32>, DecodeError> {
        (0..length).map(|_| self.take_f32()).collect()
    }
    /// As [`Decoder::take_i32s`], of `double`.
    #[inline]
    fn take_f64s(&mut self, length: usize) -> Result<Vec<f64>, DecodeError> {
        (0..length).map(|_| self.take_f64()).collect()
    }

    /// `int[N]`.
    #[inline]
    fn take_i32_array<const N: usize>(&mut self) -> Result<[i32; N], DecodeError> {
        array(|| self.take_i32())
    }
    /// `unsigned int[N]`.
    #[inline]
    fn take_u32_array<const N: usize>(&mut self) -> Result<[u32; N], DecodeError> {
        array(|| self.take_u32())
    }
    /// `hyper[N]`.
    #[inline]
    fn take_i64_array<const N: usize>(&mut self) -> Result<[i64; N], DecodeError> {
        array(|| self.take_i64())
    }
    /// `unsigned hyper[N]`.
    #[inline]
    fn take_u64_array<const N: usize>(&mut self) -> Result<[u64; N], DecodeError> {
        array(|| self.take_u64())
    }
    /// `float[N]`.
    #[inline]
    fn take_f32_array<const N: usize>(&mut self) -> Result<[f32; N], DecodeError> {
        array(|| self.take_f32())
    }
    /// `double[N]`.
    #[inline]
    fn take_f64_array<const N: usize>(&mut self) -> Result<[f64; N], DecodeError> {
        array(|| self.take_f64())
    }
}

#[cold]
fn out_of_range<D, V, T>(decoder: &D, value: V, min: T, max: T) -> DecodeError
where
    D: Decoder + ?Sized,
    V: Into<i64>,
    T: Into<i64>,
{
    decoder.error_in_last_int(DecodeErrorKind::OutOfRange {
        value: value.into(),
        min: min.into(),
        max: max.into(),
    })
}

/// A vector of `length` values that `next` yields, up to its first error. For
/// generated code, with a `length` from [`Decoder::take_length`].
///
/// # Errors
///
/// The first error of `next`.
#[doc(hidden)]
#[inline]
pub fn elements<T, F>(length: usize, mut next: F) -> Result<Vec<T>, DecodeError>
where
    F: FnMut() -> Result<T, DecodeError>,
{
    let mut elements = Vec::with_capacity(length);
    for _ in 0..length {
        elements.push(next()?);
    }
    Ok(elements)
}

/// How many elements of a recursive type are allocated for before the first of
/// them has been read.
const NESTED_CAPACITY: usize = 16;

/// As [`elements`], where an element can hold such a vector itself. It grows
/// with what is read: each level of a hostile input could name a length for
/// which the rest of the input would do, and all of them the same rest.
///
/// # Errors
///
/// The first error of `next`.
#[doc(hidden)]
pub fn nested_elements<T, F>(length: usize, mut next: F) -> Result<Vec<T>, DecodeError>
where
    F: FnMut() -> Result<T, DecodeError>,
{
    let mut elements = Vec::with_capacity(length.min(NESTED_CAPACITY));
    for _ in 0..length {
        elements.push(next()?);
    }
    Ok(elements)
}

/// Fills an array with what `next` yields, up to its first error. For generated code.
///
/// # Errors
///
/// The first error of `next`.
#[doc(hidden)]
#[inline]
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

    #[test]
    fn nested_arrays_are_not_allocated_for_before_they_are_read() {
        let end = || DecodeError::new(DecodeErrorKind::MissingData { missing: 4 }, 0);
        // With room for all of them it would panic.
        let refused = nested_elements::<[u64; 8], _>(usize::MAX, || Err(end()));
        assert_eq!(refused, Err(end()));
        let mut left = [3, 2, 1].into_iter();
        let taken = nested_elements(3, || left.next().ok_or_else(end));
        assert_eq!(taken, Ok(vec![3, 2, 1]));
    }
}
