//! A text in definitions, as far as braces and semicolons tell: where to go on
//! after a syntax error.

use crate::preprocess::{Token, tokens};
use std::ops::Range;

/// How deep braces may nest. The parser calls itself once for each level.
pub(super) const MAX_DEPTH: usize = 32;

/// What definitions begin with.
pub(super) const KEYWORDS: [&str; 7] = [
    "const",
    "enum",
    "namespace",
    "program",
    "struct",
    "typedef",
    "union",
];

/// The `{` that is one too deep.
pub(super) fn too_deep(content: &str) -> Option<usize> {
    let mut depth = 0_usize;
    for (at, token, piece) in placed(content) {
        match (token, piece) {
            (Token::Other, "{") => depth += 1,
            (Token::Other, "}") => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > MAX_DEPTH {
            return Some(at);
        }
    }
    None
}

/// The definitions of a text, those in namespaces included.
pub(super) struct Extents<'a> {
    content: &'a str,
    definitions: Vec<Extent>,
}

/// Where a definition stands.
struct Extent {
    range: Range<usize>,
    /// Whether the next definition begins before all its braces are closed.
    is_open: bool,
}

/// A definition that has not ended.
#[derive(Clone, Copy)]
struct Begun {
    start: usize,
    /// How many braces are open.
    depth: usize,
    is_namespace: bool,
}

impl<'a> Extents<'a> {
    pub(super) fn new(content: &'a str) -> Self {
        let mut extents = Self {
            content,
            definitions: Vec::new(),
        };
        let mut begun: Option<Begun> = None;
        for (at, token, piece) in placed(content) {
            if matches!(token, Token::Blank | Token::Newline) {
                continue;
            }
            if let Some(before) = begun
                && is_next(content, before.start, at, piece)
            {
                extents.end(before, at);
                begun = None;
            }
            if begun.is_none() && matches!(piece, "}" | ";") {
                continue;
            }
            let mut current = begun.unwrap_or(Begun {
                start: at,
                depth: 0,
                is_namespace: piece == "namespace",
            });
            begun = match piece {
                "{" if current.is_namespace => None,
                ";" if current.depth == 0 => {
                    extents.end(current, at + 1);
                    None
                }
                "{" | "}" => {
                    current.depth = match piece {
                        "{" => current.depth + 1,
                        _ => current.depth.saturating_sub(1),
                    };
                    Some(current)
                }
                _ => Some(current),
            };
        }
        if let Some(last) = begun {
            extents.end(last, content.len());
        }
        extents
    }

    fn end(&mut self, begun: Begun, end: usize) {
        self.definitions.push(Extent {
            range: begun.start..end,
            is_open: begun.depth > 0,
        });
    }

    /// The definition that cannot be understood at `offset`: everything from
    /// where it begins to where the next one does. `None` if there is none.
    pub(super) fn around(&self, offset: usize) -> Option<Range<usize>> {
        let after = self
            .definitions
            .partition_point(|one| one.range.start < offset);
        // What is found at the start of a definition is missing at the end of
        // the one before, unless the definition begins with what is no keyword.
        let starts_here = self
            .definitions
            .get(after)
            .filter(|one| one.range.start == offset);
        let is_keyword = starts_here.is_some_and(|one| {
            let word = tokens(&self.content[one.range.start..]).next();
            word.is_some_and(|(_, piece)| KEYWORDS.contains(&piece))
        });
        let index = match starts_here {
            Some(_) if !is_keyword => after,
            _ => after.checked_sub(1)?,
        };
        let range = self.definitions[index].range.clone();
        (range.end > offset || is_keyword).then_some(range)
    }

    /// The definition whose braces are still open where the one around `offset`
    /// begins, so that it is this one that cannot be understood.
    pub(super) fn open_before(&self, offset: usize) -> Option<Range<usize>> {
        let after = self
            .definitions
            .partition_point(|one| one.range.start <= offset);
        let [.., before, own] = &self.definitions[..after] else {
            return None;
        };
        let is_open = before.is_open && before.range.end == own.range.start;
        is_open.then(|| before.range.clone())
    }
}

/// Whether a definition begins at `at`, so that the one that began at `start`
/// must have lost its end: at the start of a line, not further right than that
/// one, stands what begins nothing else.
fn is_next(content: &str, start: usize, at: usize, piece: &str) -> bool {
    if !KEYWORDS.contains(&piece) {
        return false;
    }
    let (Some(own), Some(other)) = (indentation(content, start), indentation(content, at)) else {
        return false;
    };
    let mut pieces = tokens(&content[at..])
        .filter(|(token, _)| !matches!(token, Token::Blank | Token::Newline))
        .map(|(_, piece)| piece)
        .skip(2);
    let is_head = match piece {
        "const" | "typedef" => true,
        "union" => pieces.next() == Some("switch"),
        _ => pieces.next() == Some("{"),
    };
    is_head && other <= own
}

/// How far right a token stands that is the first in its line.
fn indentation(content: &str, at: usize) -> Option<usize> {
    let line = content[..at].rfind('\n').map_or(0, |newline| newline + 1);
    let before = &content[line..at];
    before.trim().is_empty().then_some(before.len())
}

/// The tokens of a text with their offsets.
fn placed(content: &str) -> impl Iterator<Item = (usize, Token, &str)> {
    let mut at = 0;
    tokens(content).map(move |(token, piece)| {
        let start = at;
        at += piece.len();
        (start, token, piece)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn around(content: &str, what: &str) -> Option<String> {
        let offset = content.find(what).unwrap();
        let range = Extents::new(content).around(offset)?;
        Some(content[range].to_owned())
    }

    #[test]
    fn a_definition_ends_with_its_semicolon() {
        let content = "struct a { x; y }; struct b { z; };";
        assert_eq!(around(content, "y").as_deref(), Some("struct a { x; y };"));
        assert_eq!(around(content, "z").as_deref(), Some("struct b { z; };"));
    }

    #[test]
    fn a_definition_in_a_namespace_is_one_by_itself() {
        let content = "namespace n { struct a { x; }; struct b { z; }; } const C = 1;";
        assert_eq!(around(content, "x").as_deref(), Some("struct a { x; };"));
        assert_eq!(around(content, "z").as_deref(), Some("struct b { z; };"));
        assert_eq!(around(content, "1").as_deref(), Some("const C = 1;"));
    }

    #[test]
    fn a_definition_without_its_end_ends_where_the_next_one_begins() {
        let content = "struct a {\n  x\nstruct b {\nstruct c d;\n};\n";
        assert_eq!(around(content, "x").as_deref(), Some("struct a {\n  x\n"));
        assert_eq!(
            around(content, "struct b").as_deref(),
            Some("struct a {\n  x\n")
        );
        let rest = "struct b {\nstruct c d;\n};";
        assert_eq!(around(content, "d;").as_deref(), Some(rest));
        let extents = Extents::new(content);
        let open_before = |what: &str| extents.open_before(content.find(what).unwrap());
        assert_eq!(
            open_before("d;"),
            Some(0..content.find("struct b").unwrap())
        );
        assert_eq!(open_before("x"), None);
    }

    #[test]
    fn what_is_no_definition_ends_with_a_semicolon_too() {
        let content = "foo bar; struct a { x; };";
        assert_eq!(around(content, "foo").as_deref(), Some("foo bar;"));
        assert_eq!(around("}", "}"), None);
    }

    #[test]
    fn deep_braces_are_found_before_the_parser_sees_them() {
        let fine = format!("{}{}", "{".repeat(MAX_DEPTH), "}".repeat(MAX_DEPTH));
        assert_eq!(too_deep(&fine.repeat(2)), None);
        assert_eq!(too_deep(&"{".repeat(MAX_DEPTH + 1)), Some(MAX_DEPTH));
    }
}
