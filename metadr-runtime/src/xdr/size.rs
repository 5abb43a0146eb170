//! How many bytes values take up in the standard dialect.

use super::{Encode, EncodeError, Encoder, padding};

/// The size of `opaque<>` and `string<>` data of `length` bytes: the length
/// itself, the bytes, and the padding.
#[must_use]
#[inline]
pub const fn opaque_size(length: usize) -> usize {
    4 + length + padding(length)
}

/// The size of a value that does not know its size itself.
pub(super) fn count<T: Encode + ?Sized>(value: &T) -> usize {
    let mut counter = SizeCounter { bytes: 0 };
    // A value over a bound is reported by the encoding that follows.
    let _ = value.encode(&mut counter);
    counter.bytes
}

/// Counts the bytes that [`XdrEncoder`](super::XdrEncoder) would write.
struct SizeCounter {
    bytes: usize,
}

impl Encoder for SizeCounter {
    type Run<const N: usize> = Self;

    fn run<const N: usize>(&self) -> Self {
        Self { bytes: 0 }
    }

    fn put_run<const N: usize>(&mut self, _: Self) {
        self.bytes += N;
    }

    fn put_i32(&mut self, _: i32) {
        self.bytes += 4;
    }

    fn put_u32(&mut self, _: u32) {
        self.bytes += 4;
    }

    fn put_i64(&mut self, _: i64) {
        self.bytes += 8;
    }

    fn put_u64(&mut self, _: u64) {
        self.bytes += 8;
    }

    fn put_f32(&mut self, _: f32) {
        self.bytes += 4;
    }

    fn put_f64(&mut self, _: f64) {
        self.bytes += 8;
    }

    fn put_bool(&mut self, _: bool) {
        self.bytes += 4;
    }

    fn put_opaque_fixed(&mut self, value: &[u8]) {
        self.bytes += value.len() + padding(value.len());
    }

    fn put_opaque(&mut self, value: &[u8], _: u32) -> Result<(), EncodeError> {
        self.bytes += opaque_size(value.len());
        Ok(())
    }

    fn put_length(&mut self, _: usize, _: u32) -> Result<(), EncodeError> {
        self.bytes += 4;
        Ok(())
    }
}
