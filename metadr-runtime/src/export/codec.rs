//! The imports of a block of generated implementations.

pub use super::text::as_text;
pub use crate::xdr::list::{clone_list, debug_list, decode_list, drop_list, lists_are_equal};
pub use crate::xdr::{
    Bytes, Decode, DecodeError, DecodeErrorKind, Decoder, Encode, EncodeError, Encoder, List,
    Print, Printer, Quadruple, array, elements, nested_elements, opaque_size,
};
// A file may define types of these names as well.
pub use std::boxed::Box;
pub use std::clone::Clone;
pub use std::cmp::{Eq, PartialEq};
pub use std::convert::{From, TryFrom};
pub use std::fmt;
pub use std::marker::Sized;
pub use std::ops::Drop;
pub use std::option::Option;
pub use std::result::Result;
pub use std::string::String;
pub use std::vec::Vec;

/// Names the place of an error, as `Type.field`, while it travels outwards.
pub trait At {
    /// The same, with the place.
    #[must_use]
    fn at(self, place: &'static str) -> Self;
}

impl<T> At for Result<T, DecodeError> {
    #[inline]
    fn at(self, place: &'static str) -> Self {
        self.map_err(|error| error.at(place))
    }
}

impl<T> At for Result<T, EncodeError> {
    #[inline]
    fn at(self, place: &'static str) -> Self {
        self.map_err(|error| error.at(place))
    }
}

/// As [`array`], for one that is too large for the stack. It grows with what is
/// read, as nothing says yet that the input holds all of it.
///
/// # Errors
///
/// The first error of `next`.
pub fn boxed_array<T, const N: usize>(
    next: impl FnMut() -> Result<T, DecodeError>,
) -> Result<Box<[T; N]>, DecodeError> {
    let elements: Vec<T> = std::iter::repeat_with(next)
        .take(N)
        .collect::<Result<_, _>>()?;
    let array = elements.try_into().ok();
    Ok(array.expect("so many were taken"))
}

/// `opaque[N]` that is too large for the stack.
///
/// # Errors
///
/// As [`Decoder::take_opaque_fixed`].
pub fn boxed_opaque<const N: usize, D: Decoder + ?Sized>(
    decoder: &mut D,
) -> Result<Box<[u8; N]>, DecodeError> {
    let data = decoder.take_opaque_fixed(N)?;
    let array = data.try_into().ok();
    Ok(array.expect("the vector is as long"))
}
