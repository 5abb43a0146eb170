//! What the decoder of the standard dialect accepts and refuses.

use super::*;
use crate::xdr::{Encoder, XdrEncoder};
use bytes::BytesMut;

/// Runs `check` with a decoder of `input`.
fn decoding<T>(input: &'static [u8], check: impl FnOnce(&mut XdrDecoder<'_>) -> T) -> T {
    check(&mut XdrDecoder::new(&Bytes::from_static(input)))
}

#[test]
fn short_input_says_how_much_is_missing_and_where() {
    let input = Bytes::from_static(b"\0\0\0\x01\0\0");
    let mut decoder = XdrDecoder::new(&input);
    decoder.take_u32().unwrap();
    let error = decoder.take_u64().unwrap_err();
    assert_eq!(error.to_string(), "input ends 6 bytes early at byte 4");
}

#[test]
fn a_length_of_two_gibibytes_is_refused_before_anything_is_allocated() {
    let error = decoding(b"\x7f\xff\xff\xff", |decoder| {
        decoder.take_length(u32::MAX, 4)
    })
    .unwrap_err();
    let missing = 4 * 0x7fff_ffff;
    assert_eq!(*error.kind(), DecodeErrorKind::MissingData { missing });
}

#[test]
fn elements_without_bytes_are_counted_over_the_whole_input() {
    let input = Bytes::from_static(b"\0\0\xff\xff\0\0\0\x01\0\0\0\x01");
    let mut decoder = XdrDecoder::new(&input);
    assert_eq!(decoder.take_length(u32::MAX, 0), Ok(65_535));
    assert_eq!(decoder.take_length(u32::MAX, 0), Ok(1));
    let error = decoder.take_length(u32::MAX, 0).unwrap_err();
    assert_eq!(
        error.to_string(),
        "more than 65536 array elements take up no bytes at byte 8"
    );
}

#[test]
fn padding_must_be_zero() {
    let error = decoding(b"\0\0\0\x01a\0\x02\0", |decoder| decoder.take_opaque(9)).unwrap_err();
    assert_eq!(*error.kind(), DecodeErrorKind::BadPadding(2));
    assert_eq!(error.offset(), 5);
}

#[test]
fn every_length_of_opaque_ends_after_its_padding() {
    for length in 0..=9_u8 {
        let size = usize::from(length).next_multiple_of(4);
        let mut input = vec![0, 0, 0, length];
        input.resize(4 + usize::from(length), 0xff);
        input.resize(4 + size, 0);
        input.extend_from_slice(&[0, 0, 0, 7]);

        let input = Bytes::from(input);
        let mut decoder = XdrDecoder::new(&input);
        assert_eq!(decoder.take_opaque(9).unwrap().len(), usize::from(length));
        assert_eq!(decoder.take_u32(), Ok(7));

        let cut = input.slice(..3 + size);
        let error = XdrDecoder::new(&cut).take_opaque(9).unwrap_err();
        assert_eq!(*error.kind(), DecodeErrorKind::MissingData { missing: 1 });
    }
}

#[test]
fn fixed_opaque_is_refused_before_anything_is_allocated() {
    let size = usize::MAX - 7;
    let error = decoding(b"\0\0\0\0", |decoder| decoder.take_opaque_fixed(size)).unwrap_err();
    let missing = size - 4;
    assert_eq!(*error.kind(), DecodeErrorKind::MissingData { missing });
    let data = decoding(b"abcde\0\0\0", |decoder| decoder.take_opaque_fixed(5));
    assert_eq!(data, Ok(b"abcde".to_vec()));
}

#[test]
fn booleans_are_zero_or_one() {
    assert_eq!(
        decoding(b"\0\0\0\x01", |decoder| decoder.take_bool()),
        Ok(true)
    );
    let error = decoding(b"\0\0\0\x02", |decoder| decoder.take_bool()).unwrap_err();
    assert_eq!(error.to_string(), "boolean is 2, expected 0 or 1 at byte 0");
}

#[test]
fn small_integers_have_to_fit() {
    assert_eq!(
        decoding(b"\xff\xff\xff\x80", |decoder| decoder.take_i8()),
        Ok(-128)
    );
    assert_eq!(
        decoding(b"\0\0\xff\xff", |decoder| decoder.take_u16()),
        Ok(65_535)
    );
    let error = decoding(b"\0\0\0\x80", |decoder| decoder.take_i8()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "128 is out of range, expected -128 to 127 at byte 0"
    );
    let error = decoding(b"\xff\xff\xff\xff", |decoder| decoder.take_u8()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "4294967295 is out of range, expected 0 to 255 at byte 0"
    );
}

#[test]
fn bad_utf_8_is_located_in_the_input() {
    let error = decoding(b"\0\0\0\x02a\xff\0\0", |decoder| decoder.take_string(9)).unwrap_err();
    assert_eq!(*error.kind(), DecodeErrorKind::NotUtf8);
    assert_eq!(error.offset(), 5);
}

#[test]
fn a_character_that_the_padding_cuts_off_is_not_utf_8() {
    // "é" is 0xc3 0xa9; the zero behind the 0xc3 is no part of the text.
    let error = decoding(b"\0\0\0\x03ab\xc3\0", |decoder| decoder.take_string(9)).unwrap_err();
    assert_eq!(*error.kind(), DecodeErrorKind::NotUtf8);
    assert_eq!(error.offset(), 6);
}

#[test]
fn text_of_every_length_ends_before_its_padding() {
    for length in 0..=70 {
        let text: String = "aé\0€".chars().cycle().take(length).collect();
        let mut buffer = BytesMut::new();
        let mut encoder = XdrEncoder::new(&mut buffer);
        encoder.put_string(&text, u32::MAX).unwrap();
        let input = buffer.freeze();
        let mut decoder = XdrDecoder::new(&input);
        assert_eq!(decoder.take_string(u32::MAX).as_deref(), Ok(&text[..]));
        decoder.finish().unwrap();
    }
}

#[test]
fn arrays_of_numbers_are_their_elements_in_a_row() {
    let input = b"\0\0\0\x01\xff\xff\xff\xfe\0\0\0\x03";
    assert_eq!(
        decoding(input, |decoder| decoder.take_i32s(3)),
        Ok(vec![1, -2, 3])
    );
    assert_eq!(
        decoding(input, |decoder| decoder.take_i32_array()),
        Ok([1, -2, 3])
    );
    let too_many = decoding(input, |decoder| decoder.take_u64s(2)).unwrap_err();
    assert_eq!(
        *too_many.kind(),
        DecodeErrorKind::MissingData { missing: 4 }
    );
    let too_many = decoding(input, |decoder| decoder.take_f32_array::<5>()).unwrap_err();
    assert_eq!(
        *too_many.kind(),
        DecodeErrorKind::MissingData { missing: 8 }
    );
}

#[test]
fn a_run_locates_its_errors_in_the_whole_input() {
    let input = Bytes::from_static(b"\0\0\0\x01ab\0\0\0\0\0\x05\0\0\0\x02");
    let mut decoder = XdrDecoder::new(&input);
    decoder.take_u32().unwrap();
    let mut run = decoder.take_run::<12>().unwrap();
    assert_eq!(run.take_opaque_array(), Ok(*b"ab"));
    let mut inner = run.take_run::<8>().unwrap();
    assert_eq!(inner.take_i32(), Ok(5));
    let error = inner.take_bool().unwrap_err();
    assert_eq!(
        error.to_string(),
        "boolean is 2, expected 0 or 1 at byte 12"
    );
    assert_eq!(run.take_u32().unwrap_err().offset(), 16);
    decoder.finish().unwrap();
}

#[test]
fn a_run_needs_all_of_its_bytes() {
    let error = decoding(b"\0\0\0\x01\0", |decoder| decoder.take_run::<8>()).unwrap_err();
    assert_eq!(error.to_string(), "input ends 3 bytes early at byte 0");
}

#[test]
fn depth_is_limited() {
    let input = Bytes::new();
    let mut decoder = XdrDecoder::with_max_depth(&input, 3);
    decoder.descend(1).unwrap();
    decoder.descend(2).unwrap();
    assert!(decoder.descend(1).is_err());
    decoder.ascend(2);
    assert!(decoder.descend(3).is_err());
    decoder.descend(1).unwrap();
}
