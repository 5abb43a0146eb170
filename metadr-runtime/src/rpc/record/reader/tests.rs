//! Tests of the record reader.

use super::*;
use proptest::prelude::*;

#[test]
fn a_record_of_one_fragment_is_not_copied() {
    let mut reader = RecordReader::new(100);
    let space = reader.recv_space();
    space[..8].copy_from_slice(b"\x80\0\0\x04body");
    let body = &raw const space[4];
    reader.recv_advance(8);
    let record = reader.next_record().unwrap().unwrap();
    assert_eq!(&record[..], b"body");
    assert_eq!(record.as_ptr(), body);
    assert!(!reader.is_inside_record());
}

#[test]
fn fragments_are_joined() {
    let input = b"\0\0\0\x03abc\0\0\0\0\0\0\0\x01d\x80\0\0\x02ef\x80\0\0\0\0\0\0\x01g\x80\0\0\0";
    assert_eq!(read_all(input, 100), Ok(records(&["abcdef", "", "g"])));
}

#[test]
fn a_record_is_given_out_only_when_it_is_complete() {
    let mut reader = RecordReader::new(100);
    for &byte in b"\0\0\0\x02ab\x80\0\0\x02c" {
        feed(&mut reader, &[byte]);
        assert_eq!(reader.next_record(), Ok(None));
        assert!(reader.is_inside_record());
    }
    feed(&mut reader, b"d");
    assert_eq!(reader.next_record(), Ok(Some(Bytes::from("abcd"))));
    assert!(!reader.is_inside_record());
}

#[test]
fn the_limit_holds_for_the_sum_of_the_fragments() {
    assert!(read_all(b"\0\0\0\x02ab\x80\0\0\x02cd", 4).is_ok());
    let error = read_all(b"\0\0\0\x02ab\x80\0\0\x03", 4).unwrap_err();
    let (length, limit) = (5, 4);
    assert_eq!(error, RecordError::TooLong { length, limit });
}

#[test]
fn a_length_of_two_gibibytes_costs_no_memory() {
    let header = b"\xff\xff\xff\xff";
    let error = read_all(header, 1 << 20).unwrap_err();
    let text = "record of at least 2147483647 bytes, the limit is 1048576";
    assert_eq!(error.to_string(), text);

    let mut reader = RecordReader::new(usize::MAX);
    feed(&mut reader, header);
    assert_eq!(reader.next_record(), Ok(None));
    feed(&mut reader, &[0; 10_000]);
    assert_eq!(reader.next_record(), Ok(None));
    reader.recv_space();
    assert!(reader.buffer.capacity() <= 2 * 10_004 + MAX_CHUNK);
}

#[test]
fn an_endless_row_of_empty_fragments_is_an_error() {
    let allowed = [0; 4 * MAX_EMPTY_FRAGMENTS as usize];
    let mut reader = RecordReader::new(100);
    feed(&mut reader, &allowed);
    assert_eq!(reader.next_record(), Ok(None));
    assert!(reader.is_inside_record());
    feed(&mut reader, &[0; 4]);
    assert_eq!(reader.next_record(), Err(RecordError::EmptyFragments));
}

#[test]
fn space_grows_only_for_a_stream_that_fills_it() {
    let mut reader = RecordReader::new(1 << 20);
    let record = record(256);
    for _ in 0..1000 {
        feed(&mut reader, &record);
        assert!(reader.next_record().unwrap().is_some());
    }
    assert_eq!(reader.chunk, MIN_CHUNK);
    let flood = record.repeat(100_000);
    feed_and_take(&mut reader, &flood);
    assert_eq!(reader.chunk, MAX_CHUNK);
    // When the stream is quiet again, so is the space.
    for _ in 0..10_000 {
        feed_and_take(&mut reader, &record);
    }
    assert_eq!(reader.chunk, MIN_CHUNK);
}

#[test]
fn records_of_tens_of_kilobytes_are_received_in_one_piece() {
    let mut reader = RecordReader::new(1 << 20);
    let record = record(64 * 1024);
    feed_and_take(&mut reader, &record);
    for _ in 0..10 {
        let space = reader.recv_space();
        assert!((record.len()..MAX_RECORD_CHUNK).contains(&space.len()));
        feed_and_take(&mut reader, &record);
    }
}

#[test]
fn the_memory_of_a_large_record_is_used_again_when_nobody_has_it_any_more() {
    let mut reader = RecordReader::new(1 << 20);
    let first = record(64 * 1024);
    feed_and_take(&mut reader, &first);
    feed_and_take(&mut reader, &first);
    let address = reader.recv_space().as_ptr();
    for _ in 0..10 {
        feed(&mut reader, &first);
        let taken = reader.next_record().unwrap().unwrap();
        assert_eq!(taken.as_ptr(), address.wrapping_add(HEADER_SIZE));
        drop(taken);
        let space = reader.recv_space();
        assert_eq!(space.as_ptr(), address);
        // It has not been filled with zeros either.
        assert!(space.len() >= first.len() && space.starts_with(&first));
    }

    feed(&mut reader, &first);
    let kept = reader.next_record().unwrap().unwrap();
    let space = reader.recv_space();
    assert_ne!(space.as_ptr(), address);
    assert!(space.iter().all(|&byte| byte == 0));
    space.fill(0xff);
    assert_eq!(kept, first[HEADER_SIZE..]);
}

#[test]
fn large_records_in_a_row_take_turns_in_the_same_memory() {
    let mut reader = RecordReader::new(1 << 20);
    let large = record(64 * 1024);
    feed_and_take(&mut reader, &large);
    feed_and_take(&mut reader, &large);
    let address = reader.recv_space().as_ptr();
    feed(&mut reader, &large);
    feed(&mut reader, &large[..100]);
    drop(reader.next_record().unwrap().unwrap());
    feed_and_take(&mut reader, &large[100..]);
    // The second record began behind the first one, and moved to its place.
    assert_eq!(reader.latest.as_ptr(), address);
}

#[test]
fn a_connection_that_pauses_lends_its_large_buffer_to_others() {
    let unused = LargeBuffers::default();
    let [mut first, mut second] =
        std::array::from_fn(|_| RecordReader::with_buffers(1 << 20, unused.clone()));
    let large = record(64 * 1024);
    feed_and_take(&mut first, &large);
    feed_and_take(&mut second, &large);
    let address = first.recv_space().as_ptr();
    first.recv_pause();
    assert_eq!(first.buffer.capacity(), 0);
    // It has one that nobody else has.
    let own = second.recv_space().as_ptr();
    assert_ne!(own, address);
    second.recv_pause();
    for reader in [&mut first, &mut second] {
        let space = reader.recv_space();
        assert_eq!(space.as_ptr(), own);
        assert!(space.len() >= large.len());
        feed_and_take(reader, &large);
        reader.recv_space();
        reader.recv_pause();
    }

    // In the middle of a record, and with space for small ones, nothing is lent.
    feed(&mut first, &large[..10]);
    first.recv_pause();
    feed(&mut first, &large[10..]);
    assert_eq!(first.next_record().unwrap().unwrap(), large[HEADER_SIZE..]);
    let mut quiet = RecordReader::with_buffers(1 << 20, unused);
    feed_and_take(&mut quiet, &record(100));
    quiet.recv_space();
    quiet.recv_pause();
    assert_eq!(quiet.chunk, MIN_CHUNK);
    assert!(quiet.buffer.capacity() > 0);
}

#[test]
fn a_large_record_behind_others_is_no_reason_to_run_out_of_space() {
    let mut reader = RecordReader::new(1 << 20);
    let (small, large) = (record(100), record(LARGE_RECORD));
    for _ in 0..10 {
        for _ in 0..3 {
            feed_and_take(&mut reader, &small);
        }
        feed_and_take(&mut reader, &large);
        let space = reader.recv_space().len();
        assert!((large.len()..=2 * MAX_CHUNK).contains(&space), "{space}");
    }
}

#[test]
fn the_rest_of_a_record_goes_into_the_space_that_there_is() {
    let mut reader = RecordReader::new(1 << 20);
    let (record, rest) = (record(MIN_CHUNK - HEADER_SIZE), 10);
    let (first, last) = record.split_at(record.len() - rest);
    feed(&mut reader, first);
    let address = reader.buffer.as_ptr();
    assert_eq!(reader.recv_space().len(), rest);
    assert_eq!(reader.buffer.as_ptr(), address);
    feed(&mut reader, last);
    assert!(reader.next_record().unwrap().is_some());
}

proptest! {
    #[test]
    fn any_chunking_of_a_stream_gives_the_same_records(
        fragments in prop::collection::vec((any::<bool>(), 0_usize..3000), 0..30),
        cuts in prop::collection::vec(1_usize..5000, 1..50),
    ) {
        let (stream, expected) = stream_of(&fragments);
        let mut reader = RecordReader::new(1 << 20);
        let mut found = Vec::new();
        let mut rest = &stream[..];
        for &cut in cuts.iter().cycle() {
            let (now, later) = rest.split_at(cut.min(rest.len()));
            feed(&mut reader, now);
            while let Some(record) = reader.next_record().unwrap() {
                found.push(record);
            }
            rest = later;
            if rest.is_empty() {
                break;
            }
        }
        prop_assert_eq!(found, expected);
    }

    #[test]
    fn random_bytes_never_panic_and_never_cost_more_than_they_are(
        input in prop::collection::vec(any::<u8>(), 0..20_000),
    ) {
        if let Ok(records) = read_all(&input, 1 << 14) {
            let total: usize = records.iter().map(Bytes::len).sum();
            prop_assert!(total <= input.len());
        }
    }
}

/// A stream of fragments (is it the last of its record, size), and its records.
fn stream_of(fragments: &[(bool, usize)]) -> (Vec<u8>, Vec<Bytes>) {
    let (mut stream, mut record, mut records) = (Vec::new(), Vec::new(), Vec::new());
    for (index, &(is_last, size)) in fragments.iter().enumerate() {
        let header = size as u32 | if is_last { LAST_FRAGMENT } else { 0 };
        let body = vec![index as u8; size];
        stream.extend_from_slice(&header.to_be_bytes());
        stream.extend_from_slice(&body);
        record.extend_from_slice(&body);
        if is_last {
            records.push(Bytes::from(std::mem::take(&mut record)));
        }
    }
    (stream, records)
}

fn read_all(input: &[u8], limit: usize) -> Result<Vec<Bytes>, RecordError> {
    let mut reader = RecordReader::new(limit);
    feed(&mut reader, input);
    let mut records = Vec::new();
    while let Some(record) = reader.next_record()? {
        records.push(record);
    }
    Ok(records)
}

fn feed(reader: &mut RecordReader, mut input: &[u8]) {
    while !input.is_empty() {
        let space = reader.recv_space();
        let count = space.len().min(input.len());
        space[..count].copy_from_slice(&input[..count]);
        reader.recv_advance(count);
        input = &input[count..];
    }
}

/// As a connection does it that takes what there is after each read.
fn feed_and_take(reader: &mut RecordReader, mut input: &[u8]) {
    while !input.is_empty() {
        let space = reader.recv_space();
        let count = space.len().min(input.len());
        space[..count].copy_from_slice(&input[..count]);
        reader.recv_advance(count);
        input = &input[count..];
        while reader.next_record().unwrap().is_some() {}
    }
}

/// A record of one fragment with so many bytes.
fn record(size: usize) -> Vec<u8> {
    let header = LAST_FRAGMENT | size as u32;
    [&header.to_be_bytes()[..], &vec![7; size]].concat()
}

fn records(texts: &[&str]) -> Vec<Bytes> {
    texts
        .iter()
        .map(|text| Bytes::copy_from_slice(text.as_bytes()))
        .collect()
}
