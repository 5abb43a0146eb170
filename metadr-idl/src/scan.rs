//! The pass before the grammar: passthrough lines and comments.
//!
//! A line that begins with `%` outside of a comment is meant for the C or C++
//! file that other compilers write. It is legal between any two tokens, so it
//! is taken out here, line by line, before comments are looked for: a `%/*`
//! opens no comment. It becomes blanks of the same length, so that every span
//! of the tree is one of the file.

use crate::{Diagnostic, Diagnostics, FileId, SourceMap, Span};

/// What the grammar reads, and what was set aside.
pub(crate) struct Scanned {
    /// The text, with each passthrough line replaced by as many blanks.
    pub(crate) text: String,
    /// The passthrough lines, without their line ends.
    pub(crate) passthrough: Vec<Span>,
    /// The comments, from their first to their last character.
    pub(crate) comments: Vec<Span>,
}

/// # Errors
///
/// A comment without an end.
pub(crate) fn scan(sources: &SourceMap, id: FileId) -> Result<Scanned, Diagnostics> {
    let text = sources.source(id).text();
    let mut scanned = Scanned {
        text: text.to_owned(),
        passthrough: Vec::new(),
        comments: Vec::new(),
    };
    let bytes = text.as_bytes();
    let mut position = 0;
    let mut line_is_blank_so_far = true;
    while position < bytes.len() {
        let rest = &text[position..];
        if line_is_blank_so_far && rest.starts_with('%') {
            let end = position + rest.find('\n').unwrap_or(rest.len());
            scanned.passthrough.push(Span::new(position, end));
            position = end;
        } else if rest.starts_with("//") {
            let end = position + rest.find('\n').unwrap_or(rest.len());
            scanned.comments.push(Span::new(position, end));
            position = end;
        } else if let Some(body) = rest.strip_prefix("/*") {
            let Some(length) = body.find("*/") else {
                let start = sources.span(id).start + position;
                let span = Span::new(start, start + 2);
                let message = "found the end of the file in a comment, expected `*/`";
                return Err(Diagnostic::error(sources, span, message).into());
            };
            let end = position + 2 + length + 2;
            scanned.comments.push(Span::new(position, end));
            position = end;
        } else {
            match bytes[position] {
                b'\n' => line_is_blank_so_far = true,
                byte if byte.is_ascii_whitespace() => {}
                _ => line_is_blank_so_far = false,
            }
            position += rest.chars().next().map_or(1, char::len_utf8);
        }
    }
    for span in &scanned.passthrough {
        let blanks = " ".repeat(span.end - span.start);
        scanned.text.replace_range(span.start..span.end, &blanks);
    }
    Ok(scanned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Source;

    fn scan(text: &str) -> Result<Scanned, Diagnostics> {
        let mut sources = SourceMap::default();
        let id = sources.add(Source::new("t.x", text));
        super::scan(&sources, id)
    }

    fn scanned(text: &str) -> Scanned {
        scan(text).unwrap()
    }

    #[test]
    fn passthrough_lines_become_blanks_of_the_same_length() {
        let scanned = scanned("%#include <é>\nint\n  % x\n a % b");
        assert_eq!(scanned.text, "              \nint\n     \n a % b");
        assert_eq!(scanned.passthrough.len(), 2);
    }

    #[test]
    fn a_percent_sign_in_a_comment_is_part_of_the_comment() {
        let scanned = scanned("/* a\n% b */ c // d\n// %e");
        assert_eq!(scanned.passthrough, []);
        assert_eq!(scanned.comments.len(), 3);
        assert_eq!(&scanned.text[..11], "/* a\n% b */");
    }

    #[test]
    fn a_passthrough_line_opens_no_comment() {
        let scanned = scanned("%/* one\n% two */\nconst");
        assert_eq!(scanned.comments, []);
        assert!(scanned.text.ends_with("const"));
    }

    #[test]
    fn an_open_comment_is_an_error_at_its_start() {
        let error = scan("a\n /* b").err().unwrap();
        assert_eq!(
            error.to_string(),
            "t.x:2:2: error: found the end of the file in a comment, expected `*/`\n     /* b\n     ^^"
        );
    }
}
