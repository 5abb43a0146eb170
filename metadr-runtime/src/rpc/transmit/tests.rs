//! Tests of the transmit buffer.

use super::*;
use crate::xdr::Encoder;
use bytes::Bytes;
use proptest::prelude::*;
use std::panic::{AssertUnwindSafe, catch_unwind};

#[test]
fn a_record_is_written_when_its_last_byte_is() {
    let mut buffer = TransmitBuffer::default();
    push(&mut buffer, b"one");
    assert_eq!(buffer.end(), 3);
    buffer.advance(3);
    push(&mut buffer, b"two");
    let end = buffer.end();
    assert_eq!(end, 6);
    buffer.advance(2);
    assert!(buffer.written < end);
    assert_eq!(buffer.first(), b"o");
    buffer.advance(1);
    assert!(buffer.written == end && buffer.is_empty());
}

#[test]
fn a_message_is_encoded_in_place() {
    let mut buffer = TransmitBuffer::default();
    push(&mut buffer, b"before");
    let end = buffer.encode(|encoder| {
        encoder.put_opaque_fixed(b"message!");
        Ok(())
    });
    assert_eq!(end, Ok(18));
    assert_eq!(buffer.first(), b"before\x80\0\0\x08message!");
}

#[test]
fn nothing_is_left_of_a_message_that_cannot_be_encoded() {
    let mut buffer = TransmitBuffer::default();
    push(&mut buffer, b"before");
    let too_long = EncodeError::TooLong {
        place: "T.f",
        length: 2,
        limit: 1,
    };
    let data = Bytes::from(vec![7; 50_000]);
    let error = buffer.encode(|encoder| {
        encoder.put_opaque_fixed(b"half");
        encoder.put_opaque_fixed_shared(&data);
        Err(too_long.clone())
    });
    assert_eq!(error, Err(too_long));
    let panicked = catch_unwind(AssertUnwindSafe(|| {
        buffer.encode(|encoder| {
            encoder.put_opaque_fixed(b"half");
            encoder.put_opaque_fixed_shared(&data);
            panic!("on purpose")
        })
    }));
    assert!(panicked.is_err());
    assert!(data.is_unique());
    assert_eq!((buffer.first(), buffer.len()), (&b"before"[..], 6));
}

#[test]
fn a_large_record_is_not_copied() {
    let mut buffer = TransmitBuffer::default();
    push(&mut buffer, b"before");
    let large = record(&[7; LARGE_RECORD]);
    let address = large.buffer.as_ptr();
    assert!(buffer.push(large).is_none());
    push(&mut buffer, b"after");

    let mut slices = [IoSlice::new(&[]); 4];
    assert_eq!(buffer.slices(&mut slices), 3);
    assert_eq!(&slices[0][..], b"before");
    assert_eq!(slices[1].as_ptr(), address);
    assert_eq!(&slices[2][..], b"after");
    // Fewer if there is no room for more.
    assert_eq!(buffer.slices(&mut slices[..1]), 1);
}

#[test]
fn memory_is_used_again_while_the_buffer_never_runs_empty() {
    let mut buffer = TransmitBuffer::default();
    push(&mut buffer, &[1; 100]);
    for _ in 0..10_000 {
        push(&mut buffer, &[2; 100]);
        buffer.advance(100);
        assert_eq!(buffer.len(), 100);
    }
    let segments = buffer.segments.iter().chain([&buffer.tail, &buffer.spare]);
    let capacity: usize = segments.map(BytesMut::capacity).sum();
    assert!(capacity <= 3 * MAX_KEPT, "{capacity}");
}

#[test]
fn a_large_buffer_is_not_kept() {
    let mut buffer = TransmitBuffer::default();
    let large = vec![1; MAX_KEPT + 1];
    for _ in 0..2 {
        let encoded = buffer.encode(|encoder| {
            encoder.put_opaque_fixed(&large);
            Ok(())
        });
        encoded.unwrap();
    }
    buffer.advance(buffer.len());
    assert!(buffer.is_empty() && buffer.segments.is_empty());
    assert!(buffer.tail.capacity() <= MAX_KEPT && buffer.spare.capacity() <= MAX_KEPT);
}

#[test]
fn large_data_is_not_copied_and_kept_until_it_is_written() {
    let mut buffer = TransmitBuffer::default();
    push(&mut buffer, b"before");
    let data = Bytes::from(vec![7; 50_001]);
    let encode = |encoder: &mut XdrEncoder<'_>| encoder.put_opaque_shared(&data, u32::MAX);
    assert_eq!(buffer.encode(encode), Ok(6 + 4 + 4 + 50_001 + 3));
    push(&mut buffer, b"after");
    assert!(buffer.has_shared());

    let mut slices = [IoSlice::new(&[]); 4];
    assert_eq!(buffer.slices(&mut slices), 3);
    assert_eq!(&slices[0][..], b"before\x80\0\xc3\x58\0\0\xc3\x51");
    assert_eq!(slices[1].as_ptr(), data.as_ptr());
    assert_eq!(&slices[2][..], b"\0\0\0after");

    buffer.advance(14 + 50_000);
    assert_eq!(buffer.first(), b"\x07");
    assert!(!data.is_unique());
    buffer.advance(1);
    assert!(data.is_unique() && !buffer.has_shared());
    assert_eq!(buffer.first(), b"\0\0\0after");
}

#[test]
fn data_may_be_the_last_that_is_written() {
    let mut buffer = TransmitBuffer::default();
    let data = Bytes::from(vec![7; 40_000]);
    for _ in 0..3 {
        let encode = |encoder: &mut XdrEncoder<'_>| encoder.put_opaque_shared(&data, u32::MAX);
        buffer.encode(encode).unwrap();
        buffer.advance(8);
        assert_eq!(buffer.first(), data);
        buffer.advance(40_000);
        assert!(buffer.is_empty() && buffer.first().is_empty());
    }
}

proptest! {
    #[test]
    fn what_goes_in_comes_out_in_order(
        steps in prop::collection::vec((0_u8..4, 1_usize..10_000), 1..60),
    ) {
        let mut buffer = TransmitBuffer::default();
        let (mut expected, mut written) = (Vec::new(), Vec::new());
        for (index, (step, size)) in steps.into_iter().enumerate() {
            // Whole words, and of all records about half have large data.
            let message = Bytes::from(vec![index as u8; 4 * size]);
            let encode = |encoder: &mut XdrEncoder<'_>| {
                encoder.put_opaque_fixed_shared(&message);
                encoder.put_opaque_fixed(b"word");
                encoder.put_opaque_fixed_shared(&message);
                Ok(())
            };
            match step {
                0 => {
                    expected.extend_from_slice(&message);
                    buffer.push(record(&message));
                }
                1 => {
                    write_record_to(&mut expected, &message);
                    let end = buffer.encode(encode);
                    prop_assert_eq!(end, Ok(expected.len() as u64));
                }
                2 => {
                    write_record_to(&mut expected, &message);
                    let mut record = OutgoingRecord::default();
                    write_shared_record(&mut record.buffer, &mut record.parts, encode).unwrap();
                    buffer.push(record);
                }
                _ => write_some(&mut buffer, 8 * size, &mut written),
            }
            prop_assert_eq!(buffer.len(), expected.len() - written.len());
            prop_assert_eq!(buffer.first().is_empty(), buffer.is_empty());
        }
        while !buffer.is_empty() {
            write_some(&mut buffer, 100_000, &mut written);
        }
        prop_assert!(written == expected);
        prop_assert!(buffer.written == expected.len() as u64);
        prop_assert!(!buffer.has_shared());
    }
}

fn record(bytes: &[u8]) -> OutgoingRecord {
    OutgoingRecord {
        buffer: BytesMut::from(bytes),
        ..OutgoingRecord::default()
    }
}

fn push(buffer: &mut TransmitBuffer, record: &[u8]) {
    let given_back = buffer.push(self::record(record));
    assert!(given_back.is_some());
}

/// A record with `message` twice, and a word between.
fn write_record_to(output: &mut Vec<u8>, message: &[u8]) {
    let length = 2 * message.len() as u32 + 4;
    output.extend_from_slice(&(1 << 31 | length).to_be_bytes());
    for bytes in [message, b"word", message] {
        output.extend_from_slice(bytes);
    }
}

/// Writes up to `count` bytes, of which a connection takes a part.
fn write_some(buffer: &mut TransmitBuffer, count: usize, written: &mut Vec<u8>) {
    let mut slices = [IoSlice::new(&[]); 3];
    let filled = buffer.slices(&mut slices);
    let bytes: Vec<u8> = slices[..filled]
        .iter()
        .flat_map(|slice| slice.iter().copied())
        .collect();
    let count = count.min(bytes.len());
    written.extend_from_slice(&bytes[..count]);
    buffer.advance(count);
}
