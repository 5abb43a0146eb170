//! Which values C can hold: a C string ends at its first zero byte.

use metadr_runtime::xdr::{Encode, EncodeError, Encoder};

/// Whether no string of the value has a zero byte.
pub(crate) fn can_hold<T: Encode>(value: &T) -> bool {
    let mut strings = Strings { has_zero: false };
    value.encode(&mut strings).unwrap();
    !strings.has_zero
}

/// An encoder that looks at strings and writes nothing.
struct Strings {
    has_zero: bool,
}

impl Encoder for Strings {
    type Run<const N: usize> = Self;

    fn run<const N: usize>(&self) -> Self {
        Self { has_zero: false }
    }
    fn put_run<const N: usize>(&mut self, run: Self) {
        self.has_zero |= run.has_zero;
    }
    fn put_string(&mut self, value: &str, _limit: u32) -> Result<(), EncodeError> {
        self.has_zero |= value.contains('\0');
        Ok(())
    }

    fn put_i32(&mut self, _: i32) {}
    fn put_u32(&mut self, _: u32) {}
    fn put_i64(&mut self, _: i64) {}
    fn put_u64(&mut self, _: u64) {}
    fn put_f32(&mut self, _: f32) {}
    fn put_f64(&mut self, _: f64) {}
    fn put_bool(&mut self, _: bool) {}
    fn put_opaque_fixed(&mut self, _: &[u8]) {}
    fn put_opaque(&mut self, _: &[u8], _limit: u32) -> Result<(), EncodeError> {
        Ok(())
    }
    fn put_length(&mut self, _: usize, _limit: u32) -> Result<(), EncodeError> {
        Ok(())
    }
}
