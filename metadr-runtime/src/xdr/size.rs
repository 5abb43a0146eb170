//! How many bytes values take up in the standard dialect.

use super::padding;

/// The size of `opaque<>` and `string<>` data of `length` bytes: the length
/// itself, the bytes, and the padding.
#[must_use]
#[inline]
pub const fn opaque_size(length: usize) -> usize {
    4 + length + padding(length)
}
