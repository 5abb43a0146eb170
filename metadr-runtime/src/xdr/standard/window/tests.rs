//! Elements through windows are the same bytes as elements in a row.

use super::*;
use crate::xdr::XdrEncoder;

/// An element of `4 + 4 + length` bytes and padding, which may hold others.
#[derive(Clone)]
struct Element {
    text: String,
    numbers: Vec<i64>,
    inner: Vec<Self>,
}

impl Encode for Element {
    fn encoded_len(&self) -> usize {
        let text = 4 + self.text.len().next_multiple_of(4);
        let inner: usize = self.inner.iter().map(Encode::encoded_len).sum();
        text + 4 + 8 * self.numbers.len() + 4 + inner
    }

    fn encode<E: Encoder + ?Sized>(&self, encoder: &mut E) -> Result<(), EncodeError> {
        encoder.put_string(&self.text, 5000)?;
        encoder.put_length(self.numbers.len(), u32::MAX)?;
        encoder.put_i64s(&self.numbers);
        encoder.put_length(self.inner.len(), u32::MAX)?;
        encoder.put_elements(&self.inner)
    }
}

fn element(length: usize) -> Element {
    Element {
        text: "x".repeat(length),
        numbers: vec![-2; length % 3],
        inner: Vec::new(),
    }
}

/// What is appended to `before`, and whether the buffer stayed where it was.
fn through_windows(values: &[Element], before: &[u8], room: usize) -> (Vec<u8>, bool) {
    let mut buffer = BytesMut::with_capacity(before.len() + room);
    buffer.extend_from_slice(before);
    let place = buffer.as_ptr();
    let mut encoder = XdrEncoder::new(&mut buffer);
    encoder.put_elements(values).expect("all are short enough");
    (buffer.to_vec(), buffer.as_ptr() == place)
}

fn one_by_one(values: &[Element], before: &[u8]) -> Vec<u8> {
    let mut buffer = BytesMut::from(before);
    for value in values {
        value.encode(&mut XdrEncoder::new(&mut buffer)).unwrap();
    }
    buffer.to_vec()
}

#[test]
fn elements_are_the_same_bytes_in_windows() {
    for count in [0, 1, MIN_ELEMENTS - 1, MIN_ELEMENTS, 63, 64, 65, 400] {
        // Short ones, ones of which few fit into a window, ones that never fit.
        for longest in [0, 10, 700, 4500] {
            let values: Vec<Element> = (0..count)
                .map(|index| element(index * 37 % (longest + 1)))
                .collect();
            let expected = one_by_one(&values, b"before");
            for room in [0, 1, 100, 4096, expected.len()] {
                let (found, _) = through_windows(&values, b"before", room);
                assert!(found == expected, "{count} up to {longest} in {room}");
            }
        }
    }
}

#[test]
fn arrays_within_elements_are_the_same_bytes_in_windows() {
    let mut value = element(1);
    for width in [30, 3, 8] {
        let inner = vec![value; width];
        value = Element {
            inner,
            ..element(2)
        };
    }
    let values = vec![value; 10];
    let expected = one_by_one(&values, b"");
    assert_eq!(through_windows(&values, b"", 0).0, expected);
    assert_eq!(through_windows(&values, b"", 1 << 20).0, expected);
}

#[test]
fn a_buffer_of_just_the_right_size_stays_where_it_is() {
    for count in [MIN_ELEMENTS, 100, 1000] {
        let values: Vec<Element> = (0..count).map(|index| element(index % 50)).collect();
        let size = values.iter().map(Encode::encoded_len).sum();
        let (found, stayed) = through_windows(&values, b"before", size);
        assert!(stayed, "{count}");
        assert_eq!(found.len(), size + 6);
    }
}

#[test]
fn an_element_that_is_too_long_is_an_error_and_leaves_what_was_before_it() {
    for place in [0, 3, 20, 299] {
        let mut values = vec![element(9); 300];
        values[place] = element(5001);
        let mut buffer = BytesMut::with_capacity(1 << 16);
        let refused = XdrEncoder::new(&mut buffer).put_elements(&values);
        let error = refused.unwrap_err();
        assert!(matches!(error, EncodeError::TooLong { length: 5001, .. }));
        assert_eq!(buffer, one_by_one(&values[..place], b""));
    }
}

#[test]
fn elements_of_no_size_are_counted_and_leave_nothing() {
    struct Nothing;
    impl Encode for Nothing {
        fn encoded_len(&self) -> usize {
            0
        }
        fn encode<E: Encoder + ?Sized>(&self, _: &mut E) -> Result<(), EncodeError> {
            Ok(())
        }
    }
    let mut buffer = BytesMut::from(&b"before"[..]);
    let values: Vec<Nothing> = (0..1000).map(|_| Nothing).collect();
    XdrEncoder::new(&mut buffer).put_elements(&values).unwrap();
    assert_eq!(buffer, "before");
}
