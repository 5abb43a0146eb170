//! Lines of bytes, and the words in them.

use std::io::{self, BufRead, Read};

/// The longest line, in bytes without its line feed.
pub(crate) const MAX_LENGTH: usize = 16 * 1024 * 1024;

/// The most words that a line falls into.
const MAX_WORDS: usize = 5;

/// The words of a line: what is between single spaces.
///
/// So two spaces have an empty word between them, and a space at the end has
/// one after it. There is at least one word. The fifth and last one is all the
/// rest of the line, with its spaces.
pub(crate) fn words(line: &[u8]) -> Vec<&[u8]> {
    line.splitn(MAX_WORDS, |byte| *byte == b' ').collect()
}

/// Reads lines.
pub(crate) struct LineReader<'input> {
    input: &'input mut dyn BufRead,
    buffer: Vec<u8>,
    /// Lines read so far.
    count: usize,
    /// Whether a carriage return before a line feed belongs to the line's end.
    ///
    /// The first line tells. In a script that was written for the seed it has
    /// none, or nothing would have worked; further down there may be values
    /// that end with one.
    carriage_returns: bool,
}

/// One line, without its end.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Line<'reader> {
    /// What is in it.
    pub(crate) text: &'reader [u8],
    /// Whether it had an end, so that something may follow it.
    pub(crate) terminated: bool,
}

/// Lines that cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum LineError {
    /// The input fails.
    #[error(transparent)]
    Input(#[from] io::Error),
    /// The line is longer than [`MAX_LENGTH`].
    #[error("line {line} is longer than {MAX_LENGTH} bytes")]
    TooLong {
        /// Its number, from 1.
        line: usize,
    },
}

impl<'input> LineReader<'input> {
    /// Reads the lines of an input.
    pub(crate) fn new(input: &'input mut dyn BufRead) -> Self {
        Self {
            input,
            buffer: Vec::new(),
            count: 0,
            carriage_returns: false,
        }
    }

    /// The next line, or none at the end of the input. The last one need not
    /// have an end.
    ///
    /// After an error there is no use in reading on: what comes next may be
    /// the middle of a line.
    pub(crate) fn next_line(&mut self) -> Result<Option<Line<'_>>, LineError> {
        self.buffer.clear();
        // One byte more, for the line feed.
        let mut limited = (&mut *self.input).take(MAX_LENGTH as u64 + 1);
        limited.read_until(b'\n', &mut self.buffer)?;
        if self.buffer.is_empty() {
            return Ok(None);
        }
        self.count += 1;
        let terminated = self.buffer.pop_if(|byte| *byte == b'\n').is_some();
        if self.buffer.len() > MAX_LENGTH {
            return Err(LineError::TooLong { line: self.count });
        }
        if self.count == 1 {
            self.carriage_returns = terminated && self.buffer.ends_with(b"\r");
        }
        if self.carriage_returns {
            self.buffer.pop_if(|byte| *byte == b'\r');
        }
        Ok(Some(Line {
            text: &self.buffer,
            terminated,
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(mut input: &[u8]) -> Vec<(Vec<u8>, bool)> {
        let mut reader = LineReader::new(&mut input);
        let mut lines = Vec::new();
        while let Some(line) = reader.next_line().expect("a slice can be read") {
            lines.push((line.text.to_vec(), line.terminated));
        }
        lines
    }

    fn texts(input: &[u8]) -> Vec<Vec<u8>> {
        lines(input).into_iter().map(|(text, _)| text).collect()
    }

    #[test]
    fn words_are_what_is_between_single_spaces() {
        let words = |line: &'static str| words(line.as_bytes());
        assert_eq!(words(""), [b""]);
        assert_eq!(words("list"), [b"list"]);
        assert_eq!(words(" list"), [&b""[..], b"list"]);
        assert_eq!(words("list "), [&b"list"[..], b""]);
        assert_eq!(words("get  /a"), [&b"get"[..], b"", b"/a"]);
        assert_eq!(words("a\tb\0c"), [b"a\tb\0c"]);
    }

    #[test]
    fn the_fifth_word_is_the_rest() {
        let expected: [&[u8]; 5] = [b"1", b"2", b"3", b"4", b"5 6  7 "];
        assert_eq!(words(b"1 2 3 4 5 6  7 "), expected);
        assert_eq!(words(b"1 2 3 4 ")[4], b"");
    }

    #[test]
    fn the_last_line_needs_no_end() {
        let line = |text: &str, terminated| (text.as_bytes().to_vec(), terminated);
        assert_eq!(lines(b""), []);
        assert_eq!(lines(b"\n"), [line("", true)]);
        assert_eq!(
            lines(b"a\n\nb"),
            [line("a", true), line("", true), line("b", false)]
        );
        assert_eq!(lines(b"a\nb\n"), [line("a", true), line("b", true)]);
    }

    #[test]
    fn any_other_byte_is_part_of_its_line() {
        let all: Vec<u8> = (0..=u8::MAX).filter(|byte| *byte != b'\n').collect();
        assert_eq!(texts(&all), [all]);
    }

    #[test]
    fn the_first_line_tells_whether_carriage_returns_belong_to_line_ends() {
        assert_eq!(
            texts(b"a\r\nb\r\nc\nd\r\r\ne\r"),
            [&b"a"[..], b"b", b"c", b"d\r", b"e"]
        );
        assert_eq!(texts(b"a\nb\r\n\r\n"), [&b"a"[..], b"b\r", b"\r"]);
        assert_eq!(texts(b"a\r"), [b"a\r"]);
    }

    #[test]
    fn lines_have_a_limit() {
        let longest = [vec![b'x'; MAX_LENGTH], b"\nshort\n".to_vec()].concat();
        let lengths: Vec<usize> = texts(&longest).iter().map(Vec::len).collect();
        assert_eq!(lengths, [MAX_LENGTH, 5]);

        let too_long = [b"short\nx".to_vec(), longest].concat();
        let mut input = &too_long[..];
        let mut reader = LineReader::new(&mut input);
        assert!(reader.next_line().is_ok());
        let error = reader.next_line().expect_err("one byte too many");
        assert!(error.to_string().contains("line 2"), "{error}");
    }
}
