//! Telling the formats of config files apart by what is in them.

/// The format of a config file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Format {
    /// The seed's lines of `Key = Value`. Also what cannot be told, since that
    /// parser has something to say about any line.
    Seed,
    /// TOML.
    Toml {
        /// The first line, from 1, that can be nothing else.
        line: usize,
    },
}

impl Format {
    /// The format of a config file with this text.
    ///
    /// It is TOML if a line is a table header such as `[replica]`, or if a
    /// value begins with a quote or is an array. The seed's format has none of
    /// these.
    #[must_use]
    pub fn of(text: &str) -> Self {
        let mut numbered = text.lines().zip(1..);
        match numbered.find(|(line, _)| is_toml_only(line.trim())) {
            Some((_, line)) => Self::Toml { line },
            None => Self::Seed,
        }
    }
}

fn is_toml_only(line: &str) -> bool {
    if line.starts_with('#') {
        return false;
    }
    if line.starts_with('[') {
        return true;
    }
    let Some((_, value)) = line.split_once('=') else {
        return false;
    };
    let value = value.trim_start();
    value.starts_with(['"', '\'', '{']) || is_array_start(value)
}

/// Whether a value is the start of an array and not that of `[::1]:5008`.
fn is_array_start(value: &str) -> bool {
    let Some(inside) = value.strip_prefix('[') else {
        return false;
    };
    let inside = inside.trim_start();
    let without_address = inside.is_empty() || inside.starts_with(['"', '\'', ']', '[', '{', '#']);
    // An address has a colon after its brackets.
    without_address
        || value
            .split_once(']')
            .is_some_and(|(_, rest)| !rest.starts_with(':'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_the_seed_are_the_seeds_format() {
        for text in [
            "",
            "\n\n# [comment]\n",
            "ClientPort = 4004\r\nRecovering = false\r\n",
            "EndPoints = [::1]:5008,[::1]:5010",
            "EndPoints = [::1]:5008, localhost:5010",
            "EndPoints = localhost:5008,[::1]:5010",
            "nonsense",
            "a = b = c",
        ] {
            assert_eq!(Format::of(text), Format::Seed, "{text:?}");
        }
    }

    #[test]
    fn toml_is_known_by_headers_quotes_and_arrays() {
        for line in [
            "[replica]",
            "  [[replica]]  # first",
            "host = \"localhost\"",
            "host = 'localhost'",
            "endpoints = [",
            "endpoints = [ \"localhost:5008\" ]",
            "ports = [4004, 4006]",
            "ports = []",
            "replica = { host = 1 }",
        ] {
            let text = format!("# a comment\n\nport = 4004\n{line}\n");
            assert_eq!(Format::of(&text), Format::Toml { line: 4 }, "{line}");
        }
    }
}
