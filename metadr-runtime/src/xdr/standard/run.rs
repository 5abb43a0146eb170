//! Fixed runs: adjacent parts whose sizes are known when the code is compiled,
//! so that one check covers them all. Once the calls are inlined, every
//! position in a run is a constant, and nothing is left of the checks in here.

use super::encoder::check_length;
use crate::xdr::{DecodeError, DecodeErrorKind, Decoder, EncodeError, Encoder, padding};
use bytes::Bytes;

/// What [`XdrEncoder`](super::XdrEncoder) collects the parts of a fixed run in.
///
/// # Panics
///
/// Writing more than `N` bytes to it panics: the code that started the run
/// gave a wrong size.
#[derive(Clone, Copy, Debug)]
pub struct EncodeRun<const N: usize> {
    bytes: [u8; N],
    position: usize,
}

impl<const N: usize> EncodeRun<N> {
    #[inline]
    pub(super) fn new() -> Self {
        Self {
            bytes: [0; N],
            position: 0,
        }
    }

    #[inline]
    pub(super) fn finish(self) -> [u8; N] {
        assert!(self.position == N, "a fixed run has the size it was given");
        self.bytes
    }

    #[inline]
    fn put(&mut self, bytes: &[u8]) {
        let end = self.position + bytes.len();
        self.bytes[self.position..end].copy_from_slice(bytes);
        self.position = end;
    }
}

impl<const N: usize> Encoder for EncodeRun<N> {
    type Run<const M: usize> = EncodeRun<M>;

    #[inline]
    fn run<const M: usize>(&self) -> EncodeRun<M> {
        EncodeRun::new()
    }

    #[inline]
    fn put_run<const M: usize>(&mut self, run: EncodeRun<M>) {
        self.put(&run.finish());
    }

    #[inline]
    fn put_i32(&mut self, value: i32) {
        self.put(&value.to_be_bytes());
    }

    #[inline]
    fn put_u32(&mut self, value: u32) {
        self.put(&value.to_be_bytes());
    }

    #[inline]
    fn put_i64(&mut self, value: i64) {
        self.put(&value.to_be_bytes());
    }

    #[inline]
    fn put_u64(&mut self, value: u64) {
        self.put(&value.to_be_bytes());
    }

    #[inline]
    fn put_f32(&mut self, value: f32) {
        self.put(&value.to_be_bytes());
    }

    #[inline]
    fn put_f64(&mut self, value: f64) {
        self.put(&value.to_be_bytes());
    }

    #[inline]
    fn put_bool(&mut self, value: bool) {
        self.put_u32(value.into());
    }

    #[inline]
    fn put_opaque_fixed(&mut self, value: &[u8]) {
        self.put(value);
        // The bytes of a run are zero to begin with.
        self.position += padding(value.len());
    }

    #[inline]
    fn put_opaque(&mut self, value: &[u8], limit: u32) -> Result<(), EncodeError> {
        self.put_length(value.len(), limit)?;
        self.put_opaque_fixed(value);
        Ok(())
    }

    #[inline]
    fn put_length(&mut self, length: usize, limit: u32) -> Result<(), EncodeError> {
        self.put_u32(check_length(length, limit)?);
        Ok(())
    }
}

/// What [`XdrDecoder`](super::XdrDecoder) reads the parts of a fixed run from.
///
/// Offsets in errors are those of the whole input. Reading more than `N` bytes
/// is an error as at the end of the input.
#[derive(Clone, Copy, Debug)]
pub struct DecodeRun<const N: usize> {
    bytes: [u8; N],
    position: usize,
    start: usize,
}

impl<const N: usize> DecodeRun<N> {
    /// A run of `bytes`, the first of which is at `start` of the input.
    #[inline]
    pub(super) fn new(bytes: [u8; N], start: usize) -> Self {
        Self {
            bytes,
            position: 0,
            start,
        }
    }

    #[inline]
    fn take_slice(&mut self, size: usize) -> Result<&[u8], DecodeError> {
        let (start, end) = (self.position, self.position.saturating_add(size));
        if end > N {
            let missing = end - N;
            return Err(self.error(DecodeErrorKind::MissingData { missing }));
        }
        self.position = end;
        Ok(&self.bytes[start..end])
    }

    #[inline]
    fn take<const M: usize>(&mut self) -> Result<[u8; M], DecodeError> {
        let mut bytes = [0; M];
        bytes.copy_from_slice(self.take_slice(M)?);
        Ok(bytes)
    }

    #[cold]
    fn error(&self, kind: DecodeErrorKind) -> DecodeError {
        DecodeError::new(kind, self.start + self.position)
    }

    #[inline]
    fn take_padding(&mut self, length: usize) -> Result<(), DecodeError> {
        let at = self.position;
        let zeros = self.take_slice(padding(length))?;
        match zeros.iter().find(|byte| **byte != 0).copied() {
            None => Ok(()),
            Some(byte) => {
                self.position = at;
                Err(self.error(DecodeErrorKind::BadPadding(byte)))
            }
        }
    }
}

impl<const N: usize> Decoder for DecodeRun<N> {
    type Run<const M: usize> = DecodeRun<M>;

    #[inline]
    fn take_run<const M: usize>(&mut self) -> Result<DecodeRun<M>, DecodeError> {
        let start = self.start + self.position;
        Ok(DecodeRun::new(self.take()?, start))
    }

    #[inline]
    fn take_i32(&mut self) -> Result<i32, DecodeError> {
        self.take().map(i32::from_be_bytes)
    }

    #[inline]
    fn take_u32(&mut self) -> Result<u32, DecodeError> {
        self.take().map(u32::from_be_bytes)
    }

    #[inline]
    fn take_i64(&mut self) -> Result<i64, DecodeError> {
        self.take().map(i64::from_be_bytes)
    }

    #[inline]
    fn take_u64(&mut self) -> Result<u64, DecodeError> {
        self.take().map(u64::from_be_bytes)
    }

    #[inline]
    fn take_f32(&mut self) -> Result<f32, DecodeError> {
        self.take().map(f32::from_be_bytes)
    }

    #[inline]
    fn take_f64(&mut self) -> Result<f64, DecodeError> {
        self.take().map(f64::from_be_bytes)
    }

    #[inline]
    fn take_bool(&mut self) -> Result<bool, DecodeError> {
        match self.take_u32()? {
            0 => Ok(false),
            1 => Ok(true),
            other => Err(self.error_in_last_int(DecodeErrorKind::BadBool(other))),
        }
    }

    #[inline]
    fn take_opaque_fixed(&mut self, length: usize) -> Result<Vec<u8>, DecodeError> {
        let data = self.take_slice(length)?.to_vec();
        self.take_padding(length)?;
        Ok(data)
    }

    #[inline]
    fn take_opaque_array<const M: usize>(&mut self) -> Result<[u8; M], DecodeError> {
        let data = self.take()?;
        self.take_padding(M)?;
        Ok(data)
    }

    fn take_opaque(&mut self, limit: u32) -> Result<Bytes, DecodeError> {
        let length = self.take_length(limit, 1)?;
        let data = Bytes::copy_from_slice(self.take_slice(length)?);
        self.take_padding(length)?;
        Ok(data)
    }

    fn take_string(&mut self, limit: u32) -> Result<String, DecodeError> {
        let start = self.start + self.position + 4;
        let data = self.take_opaque(limit)?;
        match std::str::from_utf8(&data) {
            Ok(text) => Ok(text.to_owned()),
            Err(error) => {
                let at = start + error.valid_up_to();
                Err(DecodeError::new(DecodeErrorKind::NotUtf8, at))
            }
        }
    }

    fn take_length(&mut self, limit: u32, min_element_size: usize) -> Result<usize, DecodeError> {
        let length = self.take_u32()?;
        if length > limit {
            return Err(self.error_in_last_int(DecodeErrorKind::TooLong { length, limit }));
        }
        // Nothing in a run is worth more than the bytes that it takes up.
        let size = (length as usize).saturating_mul(min_element_size.max(1));
        match size.checked_sub(N - self.position) {
            None | Some(0) => Ok(length as usize),
            Some(missing) => Err(self.error(DecodeErrorKind::MissingData { missing })),
        }
    }

    /// A type of a fixed size is not recursive.
    fn descend(&mut self, _: u32) -> Result<(), DecodeError> {
        Err(self.error(DecodeErrorKind::TooDeep { limit: 0 }))
    }

    fn ascend(&mut self, _: u32) {}

    #[cold]
    fn error_in_last_int(&self, kind: DecodeErrorKind) -> DecodeError {
        DecodeError::new(kind, self.start + self.position.saturating_sub(4))
    }
}
