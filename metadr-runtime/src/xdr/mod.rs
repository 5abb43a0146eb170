//! External Data Representation (RFC 4506): the codec under the generated types.
//!
//! Generated code speaks only to the [`Encoder`] and [`Decoder`] traits, so a
//! type compiled from an `.x` file can be carried by another wire dialect
//! without being generated again. [`XdrEncoder`] and [`XdrDecoder`] are the
//! standard dialect.
//!
//! Decoding is strict: booleans other than 0 and 1, padding other than zero,
//! unknown enumerators and discriminants and trailing bytes are errors, each
//! with a name. Nothing is allocated for a length before the input is known to
//! hold it.

mod decode;
mod encode;
mod error;
pub(crate) mod list;
mod print;
mod quadruple;
mod size;
mod standard;

#[doc(no_inline)]
pub use bytes::Bytes;
pub use decode::{Decode, Decoder};
#[doc(hidden)]
pub use decode::{array, elements, nested_elements};
pub use encode::{Encode, Encoder};
pub use error::{DecodeError, DecodeErrorKind, EncodeError};
pub use list::List;
#[cfg(feature = "rpc")]
pub(crate) use print::print_to;
pub use print::{Print, Printer, print};
pub use quadruple::Quadruple;
pub use size::opaque_size;
#[cfg(feature = "rpc")]
pub(crate) use standard::Parts;
pub use standard::{DecodeRun, EncodeRun, MAX_DEPTH, MAX_EMPTY_ELEMENTS, XdrDecoder, XdrEncoder};

use bytes::BytesMut;

/// Encodes `value` into a buffer of exactly its size.
///
/// # Errors
///
/// [`EncodeError`] if a part of the value is longer than its bound in the `.x` file.
pub fn to_bytes<T: Encode + ?Sized>(value: &T) -> Result<Bytes, EncodeError> {
    let size = value.encoded_len();
    let mut buffer = BytesMut::with_capacity(size);
    value.encode(&mut XdrEncoder::new(&mut buffer))?;
    debug_assert_eq!(buffer.len(), size, "encoded_len is exact");
    Ok(buffer.freeze())
}

/// Decodes a value that takes up the whole of `input`.
///
/// Variable-length opaque data in the result are slices of `input`, not copies.
///
/// # Errors
///
/// [`DecodeError`] if `input` is too short, too long, or says something that
/// the type does not allow.
#[inline]
pub fn from_bytes<T: Decode>(input: Bytes) -> Result<T, DecodeError> {
    let mut decoder = XdrDecoder::new(&input);
    let value = T::decode(&mut decoder)?;
    decoder.finish()?;
    Ok(value)
}

/// The number of zero bytes that follow `length` bytes of opaque data (RFC 4506 §4.9).
const fn padding(length: usize) -> usize {
    length.wrapping_neg() & 3
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn padding_fills_to_a_multiple_of_four() {
        assert_eq!([0, 1, 2, 3, 4, 5].map(padding), [0, 3, 2, 1, 0, 3]);
    }
}
