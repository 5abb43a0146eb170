//! The standard dialect: big-endian units of four bytes (RFC 4506).

/// What two encoders have in common that put the bytes of a number, and those of
/// an array of numbers, by methods of their own: `put` and `put_all`.
macro_rules! put_numbers {
    () => {
        type Run<const N: usize> = EncodeRun<N>;

        #[inline]
        fn run<const N: usize>(&self) -> EncodeRun<N> {
            EncodeRun::new()
        }

        #[inline]
        fn put_run<const N: usize>(&mut self, run: EncodeRun<N>) {
            self.put(run.finish());
        }

        #[inline]
        fn put_i32(&mut self, value: i32) {
            self.put(value.to_be_bytes());
        }

        #[inline]
        fn put_u32(&mut self, value: u32) {
            self.put(value.to_be_bytes());
        }

        #[inline]
        fn put_i64(&mut self, value: i64) {
            self.put(value.to_be_bytes());
        }

        #[inline]
        fn put_u64(&mut self, value: u64) {
            self.put(value.to_be_bytes());
        }

        #[inline]
        fn put_f32(&mut self, value: f32) {
            self.put(value.to_be_bytes());
        }

        #[inline]
        fn put_f64(&mut self, value: f64) {
            self.put(value.to_be_bytes());
        }

        #[inline]
        fn put_bool(&mut self, value: bool) {
            self.put_u32(value.into());
        }

        #[inline]
        fn put_length(&mut self, length: usize, limit: u32) -> Result<(), EncodeError> {
            self.put_u32(check_length(length, limit)?);
            Ok(())
        }

        #[inline]
        fn put_i32s(&mut self, values: &[i32]) {
            self.put_all(values, |value| value.to_be_bytes());
        }

        #[inline]
        fn put_u32s(&mut self, values: &[u32]) {
            self.put_all(values, |value| value.to_be_bytes());
        }

        #[inline]
        fn put_i64s(&mut self, values: &[i64]) {
            self.put_all(values, |value| value.to_be_bytes());
        }

        #[inline]
        fn put_u64s(&mut self, values: &[u64]) {
            self.put_all(values, |value| value.to_be_bytes());
        }

        #[inline]
        fn put_f32s(&mut self, values: &[f32]) {
            self.put_all(values, |value| value.to_be_bytes());
        }

        #[inline]
        fn put_f64s(&mut self, values: &[f64]) {
            self.put_all(values, |value| value.to_be_bytes());
        }
    };
}

mod decoder;
mod encoder;
mod parts;
mod run;
mod window;

pub use decoder::{MAX_DEPTH, MAX_EMPTY_ELEMENTS, XdrDecoder};
pub use encoder::XdrEncoder;
pub(crate) use parts::Parts;
pub use run::{DecodeRun, EncodeRun};
