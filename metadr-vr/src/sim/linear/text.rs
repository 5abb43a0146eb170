//! Histories of a tree as text: to keep one that failed, and to judge it again.
//!
//! ```text
//! metadr-history 1
//! # client, invoked, returned, call = answer
//! 0 1 4 create /c17/k "v1" = done
//! 2 3 - set /c17/k "v2" = ?
//! 1 5 9 list /c17 = [k]
//! ```
//!
//! A value has the escapes of a Rust byte string, `=` stands alone, and lines
//! that begin with `#` are for people.

use super::{Call, Key, Operation, Return};
use bytes::Bytes;
use std::fmt::Write;

const HEADER: &str = "metadr-history 1";

/// A line that is no operation.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {what}")]
pub struct ReadError {
    /// Which one, from 1 on.
    pub line: usize,
    /// What was expected there.
    pub what: String,
}

/// A history as text.
#[must_use]
pub fn write(history: &[Operation<Call, Return>]) -> String {
    let mut text = format!("{HEADER}\n# client, invoked, returned, call = answer\n");
    for operation in history {
        let Operation {
            client,
            invoked,
            call,
            ..
        } = operation;
        let line = match &operation.returned {
            Some((time, value)) => writeln!(text, "{client} {invoked} {time} {call} = {value}"),
            None => writeln!(text, "{client} {invoked} - {call} = ?"),
        };
        line.expect("a text takes everything");
    }
    text
}

/// The history in a text.
///
/// # Errors
///
/// [`ReadError`] for the first line that is not as it should be.
pub fn read(text: &str) -> Result<Vec<Operation<Call, Return>>, ReadError> {
    let mut lines = text.lines().zip(1..);
    if lines.next().map(|(line, _)| line) != Some(HEADER) {
        let what = format!("expected `{HEADER}`");
        return Err(ReadError { line: 1, what });
    }
    let operations = lines.filter(|(line, _)| !line.is_empty() && !line.starts_with('#'));
    operations
        .map(|(line, number)| operation(line).map_err(|what| ReadError { line: number, what }))
        .collect()
}

fn operation(line: &str) -> Result<Operation<Call, Return>, String> {
    let words = words(line)?;
    let [client, invoked, time, call @ .., "=", answer] = words.as_slice() else {
        return Err("expected `client invoked returned call = answer`".to_owned());
    };
    let returned = match (*time, *answer) {
        ("-", "?") => None,
        ("-", _) | (_, "?") => {
            return Err("an operation has both a time of return and an answer, or none".to_owned());
        }
        (time, answer) => Some((number(time)?, return_of(answer)?)),
    };
    let operation = Operation {
        client: number(client)?,
        invoked: number(invoked)?,
        returned,
        call: call_of(call)?,
    };
    match &operation.returned {
        Some((time, _)) if *time < operation.invoked => {
            Err("it returned before it was invoked".to_owned())
        }
        _ => Ok(operation),
    }
}

fn call_of(words: &[&str]) -> Result<Call, String> {
    let key = |text| Key::parse(text).map_err(|error| error.to_string());
    Ok(match *words {
        ["create", path, value] => Call::Create(key(path)?, bytes(value)?),
        ["set", path, value] => Call::Set(key(path)?, bytes(value)?),
        ["remove", path] => Call::Remove(key(path)?),
        ["get", path] => Call::Get(key(path)?),
        ["list", path] => Call::List(key(path)?),
        _ => return Err(format!("`{}` is no call", words.join(" "))),
    })
}

fn return_of(word: &str) -> Result<Return, String> {
    let in_brackets = |word: &str| Some(word.strip_prefix('[')?.strip_suffix(']')?.to_owned());
    if word.starts_with('"') {
        return Ok(Return::Value(bytes(word)?));
    }
    if let Some(names) = in_brackets(word) {
        let names = names.split_whitespace().map(str::to_owned).collect();
        return Ok(Return::Names(names));
    }
    Ok(match word {
        "done" => Return::Done,
        "already-present" => Return::AlreadyPresent,
        "not-present" => Return::NotPresent,
        "no-parent" => Return::NoParent,
        "has-children" => Return::HasChildren,
        "malformed" => Return::Malformed,
        _ => return Err(format!("`{word}` is no answer")),
    })
}

fn number<T: std::str::FromStr>(word: &str) -> Result<T, String> {
    word.parse().map_err(|_| format!("`{word}` is no number"))
}

/// Splits a line at spaces that are neither in quotes nor in brackets.
fn words(line: &str) -> Result<Vec<&str>, String> {
    let mut words = Vec::new();
    let mut rest = line.trim();
    while !rest.is_empty() {
        let end = match rest.as_bytes()[0] {
            b'"' => end_of_quotes(rest).ok_or("a value has no end")?,
            b'[' => rest.find(']').ok_or("a list of names has no end")? + 1,
            _ => rest.find(' ').unwrap_or(rest.len()),
        };
        let (word, after) = rest.split_at(end);
        words.push(word);
        rest = after.trim_start();
    }
    Ok(words)
}

fn end_of_quotes(text: &str) -> Option<usize> {
    let mut is_escaped = false;
    for (at, byte) in text.bytes().enumerate().skip(1) {
        match byte {
            b'"' if !is_escaped => return Some(at + 1),
            byte => is_escaped = byte == b'\\' && !is_escaped,
        }
    }
    None
}

/// The value in quotes.
fn bytes(word: &str) -> Result<Bytes, String> {
    let error = || format!("`{word}` is no value in quotes");
    let inner = word
        .strip_prefix('"')
        .and_then(|word| word.strip_suffix('"'));
    let mut rest = inner.ok_or_else(error)?.bytes();
    let mut value = Vec::new();
    while let Some(byte) = rest.next() {
        if byte != b'\\' {
            value.push(byte);
            continue;
        }
        value.push(match rest.next().ok_or_else(error)? {
            b't' => b'\t',
            b'n' => b'\n',
            b'r' => b'\r',
            byte @ (b'\\' | b'"' | b'\'') => byte,
            b'x' => {
                let digits = [rest.next(), rest.next()];
                let digit = |byte: Option<u8>| char::from(byte?).to_digit(16);
                let [high, low] = digits.map(digit);
                let byte = high.zip(low).map(|(high, low)| high * 16 + low);
                byte.and_then(|byte| u8::try_from(byte).ok())
                    .ok_or_else(error)?
            }
            _ => return Err(error()),
        });
    }
    Ok(value.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::linear::testing::Simulated;

    #[test]
    fn what_was_written_is_read() {
        let key = |text| Key::parse(text).unwrap();
        let value = Bytes::from((0..=255).collect::<Vec<u8>>());
        let operation = |returned, call| Operation {
            client: 7,
            invoked: 3,
            returned,
            call,
        };
        let mut history = vec![
            operation(None, Call::Set(key("/a/b"), value.clone())),
            operation(Some((9, Return::Value(value))), Call::Get(key("/a"))),
            operation(
                Some((u64::MAX, Return::Names(vec![]))),
                Call::List(key("/")),
            ),
            operation(Some((3, Return::Malformed)), Call::Remove(key("/"))),
        ];
        for seed in 0..100 {
            history.extend(Simulated::default().run(seed, 4, 20));
        }
        let text = write(&history);
        assert_eq!(read(&text).as_ref(), Ok(&history), "{text}");
    }

    #[test]
    fn comments_and_empty_lines_are_skipped() {
        let text = "metadr-history 1\n\n# seed 7\n0 1 2 create /a \"b = c\" = no-parent\n";
        let history = read(text).unwrap();
        assert_eq!(history.len(), 1);
        assert_eq!(history[0].returned, Some((2, Return::NoParent)));
        let value = Bytes::from_static(b"b = c");
        assert_eq!(
            history[0].call,
            Call::Create(Key::parse("/a").unwrap(), value)
        );
    }

    #[test]
    fn what_is_no_history_says_where() {
        let line = |line: &str| {
            let error = read(&format!("{HEADER}\n{line}\n")).unwrap_err();
            assert_eq!(error.line, 2);
            error.what
        };
        assert_eq!(read("").unwrap_err().line, 1);
        assert!(line("0 1 2 get /a").starts_with("expected `client"));
        assert!(line("0 1 2 get a = done").contains("is not a key"));
        assert!(line("0 1 2 got /a = done").contains("no call"));
        assert!(line("0 1 2 get /a = fine").contains("no answer"));
        assert!(line("0 1 x get /a = done").contains("no number"));
        assert!(line("0 1 - get /a = done").contains("or none"));
        assert!(line("0 1 2 get /a = ?").contains("or none"));
        assert!(line("0 3 2 get /a = done").contains("before it was invoked"));
        assert!(line("0 1 2 get /a = \"\\\"").contains("no end"));
        assert!(line("0 1 2 get /a = \"\\xg0\"").contains("no value"));
        assert!(line("0 1 2 list /a = [b").contains("no end"));
    }
}
