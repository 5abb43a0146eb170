//! Which values C can hold: a C string ends at its first zero byte.

use serde::Serialize;

/// Whether no string of the value has a zero byte.
///
/// On the wire a string is like any other bytes, but JSON has it as text, and
/// opaque data as numbers. A string that has the escape itself is taken for one
/// with a zero byte, which does no harm.
pub(crate) fn can_hold<T: Serialize>(value: &T) -> bool {
    !serde_json::to_string(value).unwrap().contains(r"\u0000")
}
