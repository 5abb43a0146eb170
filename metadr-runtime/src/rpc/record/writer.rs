//! Messages to records.

use super::{HEADER_SIZE, LAST_FRAGMENT};
use crate::xdr::EncodeError;
use bytes::{BufMut, BytesMut};

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
    let unfinished = Unfinished {
        start: output.len(),
        output,
    };
    unfinished.output.put_u32(0);
    write_message(unfinished.output)?;
    unfinished.finish()
}

/// A record that is taken away again unless it is finished.
struct Unfinished<'a> {
    output: &'a mut BytesMut,
    start: usize,
}

impl Unfinished<'_> {
    fn finish(mut self) -> Result<(), EncodeError> {
        // The length is known only now.
        let body = self.start + HEADER_SIZE;
        let header = last_fragment_header(self.output.len() - body)?;
        self.output[self.start..body].copy_from_slice(&header.to_be_bytes());
        self.start = self.output.len();
        Ok(())
    }
}

impl Drop for Unfinished<'_> {
    fn drop(&mut self) {
        self.output.truncate(self.start);
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
}
