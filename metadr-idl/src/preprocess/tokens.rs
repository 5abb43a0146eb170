//! A text in the pieces that matter to the preprocessor.

/// A kind of piece.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Token {
    /// A name or a keyword.
    Word,
    /// What begins with a digit, with the letters that hang on it.
    Number,
    /// `"…"`, up to the end of its line if it has no end.
    Text,
    /// `/* … */` or `// …`.
    Comment,
    /// `/*` without its end, up to the end of the text.
    OpenComment,
    /// A line end.
    Newline,
    /// Blanks and tabs, but no line end.
    Blank,
    /// Any other character.
    Other,
}

/// The first piece of a text: its kind and its length, which is 0 only for an
/// empty text.
pub(super) fn first_token(text: &str) -> (Token, usize) {
    let Some(first) = text.chars().next() else {
        return (Token::Other, 0);
    };
    let line = || text.find('\n').unwrap_or(text.len());
    let while_true = |wanted: fn(char) -> bool| {
        let end = text.find(|character| !wanted(character));
        end.unwrap_or(text.len())
    };
    match first {
        '\n' => (Token::Newline, 1),
        _ if first.is_ascii_whitespace() || first == '\u{0b}' => {
            let is_blank =
                |one: char| (one.is_ascii_whitespace() || one == '\u{0b}') && one != '\n';
            (Token::Blank, while_true(is_blank))
        }
        _ if is_word(first) && !first.is_ascii_digit() => (Token::Word, while_true(is_word)),
        _ if first.is_ascii_digit() => (Token::Number, number(text)),
        '"' => {
            let end = text[1..].find(['"', '\n']).map(|at| at + 1);
            match end {
                Some(end) if text.as_bytes()[end] == b'"' => (Token::Text, end + 1),
                Some(end) => (Token::Text, end),
                None => (Token::Text, text.len()),
            }
        }
        '/' if text.starts_with("//") => (Token::Comment, line()),
        '/' if text.starts_with("/*") => match text[2..].find("*/") {
            Some(length) => (Token::Comment, length + 4),
            None => (Token::OpenComment, text.len()),
        },
        _ => (Token::Other, first.len_utf8()),
    }
}

/// The length of a number, which may have a `'` between its digits.
fn number(text: &str) -> usize {
    let mut length = 0;
    loop {
        let rest = &text[length..];
        length += rest.find(|one| !is_word(one)).unwrap_or(rest.len());
        let Some(after) = text[length..].strip_prefix('\'') else {
            return length;
        };
        if !after.starts_with(|one: char| one.is_ascii_hexdigit()) {
            return length;
        }
        length += 1;
    }
}

/// All pieces of a text.
pub(crate) fn tokens(text: &str) -> impl Iterator<Item = (Token, &str)> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let (token, length) = first_token(rest);
        if length == 0 {
            return None;
        }
        let (piece, after) = rest.split_at(length);
        rest = after;
        Some((token, piece))
    })
}

fn is_word(character: char) -> bool {
    character.is_ascii_alphanumeric() || character == '_'
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_falls_into_pieces() {
        let pieces: Vec<_> = tokens("a1 0x1F\t\r\n\"b//\" /*é\n*/;// d\né\"open").collect();
        assert_eq!(
            pieces,
            [
                (Token::Word, "a1"),
                (Token::Blank, " "),
                (Token::Number, "0x1F"),
                (Token::Blank, "\t\r"),
                (Token::Newline, "\n"),
                (Token::Text, "\"b//\""),
                (Token::Blank, " "),
                (Token::Comment, "/*é\n*/"),
                (Token::Other, ";"),
                (Token::Comment, "// d"),
                (Token::Newline, "\n"),
                (Token::Other, "é"),
                (Token::Text, "\"open"),
            ]
        );
        assert_eq!(first_token("0xAB'CD';"), (Token::Number, 7));
        assert_eq!(first_token("1'"), (Token::Number, 1));
        assert_eq!(first_token("/* a"), (Token::OpenComment, 4));
        assert_eq!(first_token("/*/"), (Token::OpenComment, 3));
    }
}
