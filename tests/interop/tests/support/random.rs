//! Values at random, such as C can hold: a C string ends at its first zero byte.

use arbitrary::{Arbitrary, Unstructured};
use fastrand::Rng;
use serde::Serialize;

/// A value that C can hold.
pub(crate) fn value<T: for<'a> Arbitrary<'a> + Serialize>(random: &mut Rng) -> T {
    loop {
        let mut source = vec![0; random.usize(1..2000)];
        random.fill(&mut source);
        let value = T::arbitrary(&mut Unstructured::new(&source)).unwrap();
        if can_hold(&value) {
            return value;
        }
    }
}

/// Whether no string of the value has a zero byte.
///
/// On the wire a string is like any other bytes, but JSON has it as text, and
/// opaque data as numbers. A string that has the escape itself is taken for one
/// with a zero byte, which does no harm.
fn can_hold<T: Serialize>(value: &T) -> bool {
    !serde_json::to_string(value).unwrap().contains(r"\u0000")
}
