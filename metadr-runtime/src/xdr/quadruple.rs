//! The floating-point type that Rust does not have.

/// `quadruple` (RFC 4506 §4.8): the bits of an IEEE 754 binary128 number, most
/// significant byte first.
///
/// No arithmetic: it is equal to another if all the bits are, so that `-0` is
/// not `0`, and a NaN is itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Quadruple(pub [u8; 16]);
