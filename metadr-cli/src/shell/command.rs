//! What a line says.

use super::line::words;

/// A line of the shell, understood or not.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Command<'line> {
    /// Nothing: the line is empty, begins with a space, or is a comment, whose
    /// first word is `#`.
    Nothing,
    /// `create PATH VALUE`. Here and below, words may be empty.
    Create {
        /// The key.
        key: &'line [u8],
        /// Its value.
        value: &'line [u8],
    },
    /// `remove PATH`.
    Remove {
        /// The key.
        key: &'line [u8],
    },
    /// `set PATH VALUE`.
    Set {
        /// The key.
        key: &'line [u8],
        /// Its new value.
        value: &'line [u8],
    },
    /// `get PATH`.
    Get {
        /// The key.
        key: &'line [u8],
    },
    /// `list PATH`.
    List {
        /// The key, or `/`.
        key: &'line [u8],
    },
    /// `echo`, with any words after it.
    Echo {
        /// The words.
        words: Vec<&'line [u8]>,
    },
    /// `help`, whatever is after it.
    Help,
    /// `exit`, whatever is after it.
    Exit,
    /// A command with too many words or too few.
    Misused {
        /// How it is used.
        usage: &'static str,
    },
    /// Something else.
    Unknown {
        /// The first word; not empty.
        name: &'line [u8],
    },
}

impl<'line> Command<'line> {
    /// Understands a line, which is without its end.
    pub(crate) fn parse(line: &'line [u8]) -> Self {
        let misused = |usage| Self::Misused { usage };
        match words(line)[..] {
            [] | [b"" | b"#", ..] => Self::Nothing,
            [b"create", key, value] => Self::Create { key, value },
            [b"create", ..] => misused("create PATH VALUE"),
            [b"remove", key] => Self::Remove { key },
            [b"remove", ..] => misused("remove PATH"),
            [b"set", key, value] => Self::Set { key, value },
            [b"set", ..] => misused("set PATH VALUE"),
            [b"get", key] => Self::Get { key },
            [b"get", ..] => misused("get PATH"),
            [b"list", key] => Self::List { key },
            [b"list", ..] => misused("list PATH"),
            [b"echo", ref words @ ..] => Self::Echo {
                words: words.to_vec(),
            },
            [b"help", ..] => Self::Help,
            [b"exit", ..] => Self::Exit,
            [name, ..] => Self::Unknown { name },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_have_their_words() {
        let (key, value) = (&b"/a"[..], &b"1"[..]);
        for (line, command) in [
            ("create /a 1", Command::Create { key, value }),
            ("set /a 1", Command::Set { key, value }),
            ("remove /a", Command::Remove { key }),
            ("get /a", Command::Get { key }),
            ("list /a", Command::List { key }),
        ] {
            assert_eq!(Command::parse(line.as_bytes()), command);
        }
    }

    #[test]
    fn words_may_be_empty() {
        let expected = Command::Create {
            key: b"/a",
            value: b"",
        };
        assert_eq!(Command::parse(b"create /a "), expected);
        let expected = Command::Create {
            key: b"",
            value: b"/a",
        };
        assert_eq!(Command::parse(b"create  /a"), expected);
        assert_eq!(Command::parse(b"get "), Command::Get { key: b"" });
    }

    #[test]
    fn the_number_of_words_is_checked() {
        let two = [
            "",
            " /a",
            " /a 1 ",
            " /a  1",
            "  /a 1",
            " /a 1 2",
            " /a 1 2 3 4 5",
        ];
        let one = ["", "  /a", " /a ", " /a 1", " /a 1 2 3 4 5"];
        for (usage, rests) in [
            ("create PATH VALUE", &two[..]),
            ("set PATH VALUE", &two),
            ("remove PATH", &one),
            ("get PATH", &one),
            ("list PATH", &one),
        ] {
            let name = usage.split(' ').next().unwrap_or_default();
            for rest in rests {
                let line = format!("{name}{rest}");
                let command = Command::parse(line.as_bytes());
                assert_eq!(command, Command::Misused { usage }, "{line:?}");
            }
        }
    }

    #[test]
    fn comments_and_lines_without_first_word_are_nothing() {
        for line in ["", " ", " get /a", "#", "# ", "# a b c d e f"] {
            assert_eq!(Command::parse(line.as_bytes()), Command::Nothing, "{line}");
        }
    }

    #[test]
    fn anything_else_is_unknown() {
        for name in ["#comment", "##", "Create", "gets", "\tget", "get\t/a", "?"] {
            let line = format!("{name} /a 1");
            let name = name.as_bytes();
            assert_eq!(Command::parse(line.as_bytes()), Command::Unknown { name });
        }
    }

    #[test]
    fn help_exit_and_echo_take_anything() {
        assert_eq!(Command::parse(b"help me"), Command::Help);
        assert_eq!(Command::parse(b"exit 1 2 3 4 5"), Command::Exit);
        let words = vec![&b"a"[..], b"", b"b", b"c d "];
        assert_eq!(Command::parse(b"echo a  b c d "), Command::Echo { words });
    }
}
