//! Elements of an array, encoded into a window of the buffer.
//!
//! What appends to a buffer has to read and write the buffer's length, in
//! memory, for every part: each part waits for the one before. A window is a
//! piece at the end of the buffer that is there already, filled with zeros.
//! Where the next part goes is then known to the loop over the elements alone,
//! which keeps it in a register; and padding is there before it is written.

use super::EncodeRun;
use super::encoder::check_length;
use crate::xdr::{Encode, EncodeError, Encoder, padding};
use bytes::BytesMut;

/// The greatest size of a window: it stays in the first cache.
const MAX_WINDOW: usize = 4096;

/// The size of a window for each element that is left, so that there are not
/// many more zeros than elements to write over them.
const ELEMENT: usize = 64;

/// How many elements a window has to be good for: with fewer of them, preparing
/// it costs more than it saves.
const MIN_ELEMENTS: usize = 6;

/// Appends as many of the elements as should go through windows, and returns
/// the others: few, or large ones.
///
/// # Errors
///
/// The first error of an element.
#[inline]
pub(super) fn put_small<'v, T: Encode>(
    buffer: &mut BytesMut,
    values: &'v [T],
) -> Result<&'v [T], EncodeError> {
    let mut rest = values;
    while rest.len() >= MIN_ELEMENTS {
        let start = buffer.len();
        let spare = buffer.capacity() - start;
        let wanted = rest.len().saturating_mul(ELEMENT).min(MAX_WINDOW);
        // A buffer that has just the right size stays as it is.
        let size = wanted.min(spare);
        buffer.resize(start + size, 0);
        let fitting = Fitting::put(&mut buffer[start..], rest);
        buffer.truncate(start + fitting.size);
        fitting.outcome?;
        rest = &rest[fitting.count..];
        if size == wanted && fitting.count < MIN_ELEMENTS {
            break;
        }
        if size < wanted && !rest.is_empty() {
            // It has to grow in any case.
            buffer.reserve(wanted);
        }
    }
    Ok(rest)
}

/// The elements that were found to fit into a window.
struct Fitting {
    count: usize,
    /// How many bytes they take up.
    size: usize,
    /// An error of the element behind them.
    outcome: Result<(), EncodeError>,
}

impl Fitting {
    #[inline]
    fn put<T: Encode>(room: &mut [u8], values: &[T]) -> Self {
        let whole = room.len();
        let mut window = Window { room: Some(room) };
        let (mut count, mut size) = (0, 0);
        let mut outcome = Ok(());
        for value in values {
            outcome = value.encode(&mut window);
            let Some(room) = &window.room else { break };
            if outcome.is_err() {
                break;
            }
            count += 1;
            size = whole - room.len();
        }
        Self {
            count,
            size,
            outcome,
        }
    }
}

/// What is encoded into a window.
struct Window<'a> {
    /// Zeros that are to be written over; nothing once a part did not fit.
    room: Option<&'a mut [u8]>,
}

impl Window<'_> {
    /// Writes a part to the first `size` bytes of the room, if that many are left.
    #[inline]
    fn put_with(&mut self, size: usize, write: impl FnOnce(&mut [u8])) {
        self.room = self.room.take().and_then(|room| {
            let (part, rest) = room.split_at_mut_checked(size)?;
            write(part);
            Some(rest)
        });
    }

    #[inline]
    fn put<const M: usize>(&mut self, bytes: [u8; M]) {
        self.put_with(M, |part| part.copy_from_slice(&bytes));
    }

    #[inline]
    fn put_all<T, const M: usize>(&mut self, values: &[T], to_bytes: impl Fn(&T) -> [u8; M]) {
        self.put_with(size_of_val(values), |part| {
            let (parts, _) = part.as_chunks_mut::<M>();
            for (part, value) in parts.iter_mut().zip(values) {
                *part = to_bytes(value);
            }
        });
    }
}

impl Encoder for Window<'_> {
    put_numbers!();

    #[inline]
    fn put_opaque_fixed(&mut self, value: &[u8]) {
        let length = value.len();
        self.put_with(length.saturating_add(padding(length)), |part| {
            part[..length].copy_from_slice(value);
        });
    }

    #[inline]
    fn put_opaque(&mut self, value: &[u8], limit: u32) -> Result<(), EncodeError> {
        self.put_length(value.len(), limit)?;
        self.put_opaque_fixed(value);
        Ok(())
    }

    // Not all of a large array, if it is known not to fit.
    #[inline]
    fn put_elements<T: Encode>(&mut self, values: &[T]) -> Result<(), EncodeError> {
        for value in values {
            if self.room.is_none() {
                break;
            }
            value.encode(self)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
