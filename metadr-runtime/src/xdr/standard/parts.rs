//! Opaque data that is encoded without being copied.

use bytes::Bytes;
#[cfg(feature = "rpc")]
use bytes::BytesMut;

/// Opaque data that belongs between the bytes of a buffer, in its order.
#[derive(Debug, Default)]
pub(crate) struct Parts(Vec<Part>);

// Without RPC, nobody takes the parts of a buffer apart, or makes any.
#[cfg_attr(not(feature = "rpc"), allow(dead_code))]
#[derive(Debug)]
struct Part {
    /// How many bytes of the buffer come before it.
    place: usize,
    bytes: Bytes,
}

impl Parts {
    /// Appends a part behind `place` bytes of the buffer, no fewer than before.
    pub(super) fn push(&mut self, place: usize, bytes: Bytes) {
        self.0.push(Part { place, bytes });
    }
}

#[cfg(feature = "rpc")]
impl Parts {
    /// Whether there are none.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many there are.
    pub(crate) fn count(&self) -> usize {
        self.0.len()
    }

    /// Takes all but the first `count` away again.
    pub(crate) fn truncate(&mut self, count: usize) {
        self.0.truncate(count);
    }

    /// The number of bytes in all but the first `count`.
    pub(crate) fn size_after(&self, count: usize) -> usize {
        self.0[count..].iter().map(|part| part.bytes.len()).sum()
    }

    /// Takes all parts out, each with the number of bytes of the buffer that
    /// come before it.
    pub(crate) fn drain(&mut self) -> impl Iterator<Item = (usize, Bytes)> {
        self.0.drain(..).map(|part| (part.place, part.bytes))
    }

    /// The bytes of `buffer` with the parts where they belong.
    pub(crate) fn joined(&self, buffer: &[u8]) -> BytesMut {
        let mut joined = BytesMut::with_capacity(buffer.len() + self.size_after(0));
        let mut start = 0;
        for part in &self.0 {
            joined.extend_from_slice(&buffer[start..part.place]);
            joined.extend_from_slice(&part.bytes);
            start = part.place;
        }
        joined.extend_from_slice(&buffer[start..]);
        joined
    }
}

#[cfg(all(test, feature = "rpc"))]
mod tests {
    use super::super::encoder::MIN_SHARED;
    use super::*;
    use crate::xdr::{EncodeError, Encoder, XdrEncoder};

    fn put_all<E: Encoder>(encoder: &mut E, values: &[Bytes]) -> Result<(), EncodeError> {
        for value in values {
            encoder.put_u32(7);
            encoder.put_opaque_shared(value, u32::MAX)?;
            encoder.put_opaque_fixed_shared(value);
        }
        Ok(())
    }

    #[test]
    fn large_data_is_shared_and_small_data_is_copied() {
        let sizes = [0, 1, MIN_SHARED - 1, MIN_SHARED, MIN_SHARED + 1, 100_003];
        let values = sizes.map(|size| Bytes::from(vec![0xa5; size]));
        let mut whole = BytesMut::new();
        put_all(&mut XdrEncoder::new(&mut whole), &values).unwrap();

        let (mut buffer, mut parts) = (BytesMut::new(), Parts::default());
        put_all(&mut XdrEncoder::sharing(&mut buffer, &mut parts), &values).unwrap();
        assert_eq!(parts.joined(&buffer), whole);
        assert_eq!(parts.size_after(0), whole.len() - buffer.len());
        let shared: Vec<_> = parts.drain().map(|(_, bytes)| bytes.as_ptr()).collect();
        let expected = values[3..].iter().flat_map(|value| [value.as_ptr(); 2]);
        assert!(shared.into_iter().eq(expected) && parts.is_empty());
    }

    #[test]
    fn data_over_its_bound_is_refused_whether_or_not_it_is_large() {
        for size in [MIN_SHARED - 1, MIN_SHARED] {
            let (mut buffer, mut parts) = (BytesMut::new(), Parts::default());
            let mut encoder = XdrEncoder::sharing(&mut buffer, &mut parts);
            let value = Bytes::from(vec![0; size]);
            let limit = size as u32 - 1;
            let error = encoder.put_opaque_shared(&value, limit).unwrap_err();
            assert_eq!(error, EncodeError::too_long(size, limit));
            assert!(parts.is_empty() && buffer.is_empty());
        }
    }
}
