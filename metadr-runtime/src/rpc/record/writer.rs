//! Messages to records.

use super::{HEADER_SIZE, LAST_FRAGMENT};
use crate::xdr::{EncodeError, Parts, XdrEncoder};
use bytes::{BufMut, BytesMut};
use std::borrow::Cow;

/// Appends to `output` a record of one fragment, with what `write_message` appends.
///
/// # Errors
///
/// That of `write_message`, and [`EncodeError::TooLong`] for a message of
/// 2 GiB or more. `output` is left as it was then, and if `write_message`
/// panics.
#[inline]
pub fn write_record(
    output: &mut BytesMut,
    write_message: impl FnOnce(&mut BytesMut) -> Result<(), EncodeError>,
) -> Result<(), EncodeError> {
    let mut no_parts = Parts::default();
    let unfinished = Unfinished::start(output, &mut no_parts);
    write_message(unfinished.output)?;
    unfinished.finish()
}

/// The same with what `encode` writes; `parts` get the data in it that is not
/// copied to `output`.
///
/// # Errors
///
/// Those of [`write_record`]; `parts` are left as they were as well.
#[inline]
pub(in crate::rpc) fn write_shared_record(
    output: &mut BytesMut,
    parts: &mut Parts,
    encode: impl FnOnce(&mut XdrEncoder<'_>) -> Result<(), EncodeError>,
) -> Result<(), EncodeError> {
    let unfinished = Unfinished::start(output, parts);
    encode(&mut XdrEncoder::sharing(
        unfinished.output,
        unfinished.parts,
    ))?;
    unfinished.finish()
}

/// A record that is taken away again unless it is finished.
struct Unfinished<'a> {
    output: &'a mut BytesMut,
    start: usize,
    parts: &'a mut Parts,
    // How many there are that are of other records.
    earlier_parts: usize,
}

impl<'a> Unfinished<'a> {
    fn start(output: &'a mut BytesMut, parts: &'a mut Parts) -> Self {
        let start = output.len();
        output.put_u32(0);
        Self {
            output,
            start,
            earlier_parts: parts.count(),
            parts,
        }
    }

    fn finish(mut self) -> Result<(), EncodeError> {
        // The length is known only now.
        let body = self.start + HEADER_SIZE;
        let length = self.output.len() - body + self.parts.size_after(self.earlier_parts);
        let header = last_fragment_header(length)?;
        self.output[self.start..body].copy_from_slice(&header.to_be_bytes());
        self.start = self.output.len();
        self.earlier_parts = self.parts.count();
        Ok(())
    }
}

impl Drop for Unfinished<'_> {
    fn drop(&mut self) {
        self.output.truncate(self.start);
        self.parts.truncate(self.earlier_parts);
    }
}

/// A record on its way out, in a buffer of its own.
#[derive(Debug, Default)]
pub(in crate::rpc) struct OutgoingRecord {
    /// Its bytes, but for the parts.
    pub(in crate::rpc) buffer: BytesMut,
    /// The data in it that was not copied.
    pub(in crate::rpc) parts: Parts,
}

impl OutgoingRecord {
    /// All its bytes.
    pub(in crate::rpc) fn bytes(&self) -> Cow<'_, [u8]> {
        if self.parts.is_empty() {
            return Cow::Borrowed(&self.buffer);
        }
        Cow::Owned(self.parts.joined(&self.buffer).into())
    }

    /// Copies the parts, so that they need not stay in memory.
    pub(in crate::rpc) fn copy_parts(&mut self) {
        self.buffer = self.parts.joined(&self.buffer);
        self.parts = Parts::default();
    }
}

fn last_fragment_header(length: usize) -> Result<u32, EncodeError> {
    match u32::try_from(length) {
        Ok(fits) if fits < LAST_FRAGMENT => Ok(LAST_FRAGMENT | fits),
        _ => Err(EncodeError::TooLong {
            place: "RPC message",
            length,
            limit: LAST_FRAGMENT - 1,
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::xdr::Encoder;
    use bytes::Bytes;

    #[test]
    fn a_record_is_one_fragment() {
        let mut output = BytesMut::from(&b"before"[..]);
        write_record(&mut output, |output| {
            output.put_slice(b"message!");
            Ok(())
        })
        .unwrap();
        assert_eq!(&output[..], b"before\x80\0\0\x08message!");
    }

    #[test]
    fn nothing_is_left_of_a_message_that_cannot_be_encoded() {
        let mut output = BytesMut::from(&b"before"[..]);
        let error = write_record(&mut output, |output| {
            output.put_slice(b"half");
            last_fragment_header(1 << 31).map(drop)
        });
        let text = "RPC message has length 2147483648, the limit is 2147483647";
        assert_eq!(error.unwrap_err().to_string(), text);
        assert_eq!(&output[..], b"before");
    }

    #[test]
    fn the_length_of_a_record_is_that_of_its_parts_as_well() {
        let mut record = OutgoingRecord::default();
        let data = Bytes::from(vec![7; 50_001]);
        for _ in 0..2 {
            let encode = |encoder: &mut XdrEncoder<'_>| encoder.put_opaque_shared(&data, u32::MAX);
            write_shared_record(&mut record.buffer, &mut record.parts, encode).unwrap();
        }
        assert_eq!(record.parts.count(), 2);
        let failed = write_shared_record(&mut record.buffer, &mut record.parts, |encoder| {
            encoder.put_opaque_shared(&data, u32::MAX)?;
            encoder.put_opaque(b"too long", 7)
        });
        assert!(failed.is_err());
        assert_eq!(record.parts.count(), 2);
        record.copy_parts();
        assert!(record.parts.is_empty());

        let (first, second) = record.buffer.split_at(record.buffer.len() / 2);
        assert_eq!(first, second);
        assert_eq!(first[..8], [0x80, 0, 0xc3, 0x58, 0, 0, 0xc3, 0x51]);
        assert_eq!(first[8..50_009], data);
        assert_eq!(&first[50_009..], [0; 3]);
    }
}
