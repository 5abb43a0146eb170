//! Comments of the files as documentation.
//!
//! A comment was written as plain text, and rustdoc reads Markdown: what it
//! would take for marks is escaped, and what is laid out by hand (lists,
//! tables, code) is shown as it stands.

use proc_macro2::TokenStream;
use quote::quote;

/// What stands for a documentation comment: the comment of the file, then
/// `declaration`, which is how the file declares the item. That alone, if there
/// is no comment; and not at all, if the comment says enough.
pub(super) fn attributes(comment: &[String], declaration: Option<&str>) -> TokenStream {
    let mut lines = markdown(comment);
    if let Some(declaration) = declaration {
        if !lines.is_empty() {
            lines.push(String::new());
        }
        lines.push(format!("`{declaration}`"));
    }
    let lines = lines.into_iter().map(|line| match line.is_empty() {
        true => line,
        false => format!(" {line}"),
    });
    quote! { #(#[doc = #lines])* }
}

/// A sentence of our own.
pub(super) fn sentence(text: &str) -> TokenStream {
    let text = format!(" {text}");
    quote! { #[doc = #text] }
}

/// A comment as Markdown that shows it as it was meant.
fn markdown(comment: &[String]) -> Vec<String> {
    let lines: Vec<String> = (comment.iter())
        .map(|line| line.replace('\t', "    ").replace(turns_text, ""))
        .collect();
    let is_gap = |line: &String| is_rule(line) || line.trim().is_empty();
    // Paragraphs, with layout or without; those with layout in one block where
    // they follow one another.
    let mut blocks: Vec<(bool, Vec<&str>)> = Vec::new();
    for paragraph in lines.split(is_gap).filter(|lines| !lines.is_empty()) {
        let indent = (paragraph.iter())
            .map(|line| indent(line))
            .min()
            .unwrap_or(0);
        let lines = paragraph.iter().map(|line| line[indent..].trim_end());
        let lines: Vec<&str> = lines.collect();
        let laid_out = lines.iter().any(|line| has_layout(line));
        match blocks.last_mut() {
            Some((true, block)) if laid_out => {
                block.push("");
                block.extend(lines);
            }
            _ => blocks.push((laid_out, lines)),
        }
    }
    let blocks = blocks.into_iter().map(|(laid_out, lines)| match laid_out {
        true => [
            vec![format!("{FENCE}text")],
            owned(&lines),
            vec![FENCE.to_owned()],
        ]
        .concat(),
        false => lines.into_iter().map(escape).collect(),
    });
    blocks.collect::<Vec<_>>().join(&String::new())
}

/// Whether a character changes the direction of the text behind it, so that
/// code could look other than it is. Rust refuses these in comments.
fn turns_text(character: char) -> bool {
    matches!(character, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

fn owned(lines: &[&str]) -> Vec<String> {
    lines.iter().map(|line| (*line).to_owned()).collect()
}

/// Longer than any that a comment would have.
const FENCE: &str = "``````";

fn indent(line: &str) -> usize {
    line.len() - line.trim_start().len()
}

/// A line of nothing but decoration.
fn is_rule(line: &str) -> bool {
    let line = line.trim();
    line.len() > 2
        && line
            .chars()
            .all(|one| matches!(one, '-' | '=' | '*' | '#' | '~' | '_' | '+'))
}

/// Whether the places of the words on the line mean something.
fn has_layout(line: &str) -> bool {
    let is_item = |mark: &str| line == mark || line.starts_with(&format!("{mark} "));
    let number = line.trim_start_matches(|one: char| one.is_ascii_digit());
    let is_numbered = number.len() < line.len() && number.starts_with(['.', ')']);
    line.starts_with([' ', '|'])
        || ["-", "*", "+", "o"].into_iter().any(is_item)
        || is_numbered
        || line.contains("   ")
}

/// One line of prose.
fn escape(line: &str) -> String {
    // Pairs of backticks are code, as they are in Markdown.
    let has_code = line.matches('`').count().is_multiple_of(2) && !line.contains("``");
    let mut escaped = String::with_capacity(line.len());
    let mut rest = line;
    let mut in_code = false;
    while let Some(next) = rest.chars().next() {
        if !in_code && let Some(url) = url(rest) {
            escaped.extend(["<", url, ">"]);
            rest = &rest[url.len()..];
            continue;
        }
        let before = escaped.chars().next_back();
        let after = rest[next.len_utf8()..].chars().next();
        if next == '`' && has_code {
            in_code = !in_code;
        } else if !in_code && is_mark(before, next, after) {
            escaped.push('\\');
        }
        escaped.push(next);
        rest = &rest[next.len_utf8()..];
    }
    escaped
}

/// Whether Markdown would read the character as a mark.
fn is_mark(before: Option<char>, character: char, after: Option<char>) -> bool {
    let is_word = |one: Option<char>| one.is_some_and(char::is_alphanumeric);
    match character {
        '\\' | '`' | '[' | '~' => true,
        // Within a word, or between blanks, these are themselves.
        '_' => !(is_word(before) && is_word(after)),
        '*' => !(before.is_none_or(|one| one == ' ') && after.is_none_or(|one| one == ' ')),
        '<' => after.is_some_and(|one| one.is_ascii_alphabetic() || "/!?".contains(one)),
        '&' => is_word(after) || after == Some('#'),
        '#' | '>' | '=' | '-' | '+' => before.is_none(),
        _ => false,
    }
}

/// The address that the text starts with.
fn url(text: &str) -> Option<&str> {
    if !["http://", "https://", "ftp://"]
        .iter()
        .any(|scheme| text.starts_with(scheme))
    {
        return None;
    }
    let end = text
        .find([' ', '<', '>', '"', '`', '[', ']', '\\'])
        .unwrap_or(text.len());
    // What ends a sentence or a parenthesis is not part of the address.
    Some(text[..end].trim_end_matches(['.', ',', ';', ':', ')', '\'', '!', '?']))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn markdown_of(lines: &[&str]) -> Vec<String> {
        markdown(&owned(lines))
    }

    #[test]
    fn marks_of_markdown_show_as_they_are() {
        for (line, expected) in [
            ("nfs_fh3 and a_*b", "nfs_fh3 and a\\_\\*b"),
            ("opaque data<LIMIT> [sic]", "opaque data\\<LIMIT> \\[sic]"),
            ("a < b, a * b", "a < b, a * b"),
            ("the `get` call", "the `get` call"),
            ("`get' and `set'", "`get' and `set'"),
            ("a `get'", "a \\`get'"),
            ("see http://a.b/c_d.", "see <http://a.b/c_d>."),
            ("# not a title", "\\# not a title"),
            ("R&D &amp; \\", "R\\&D \\&amp; \\\\"),
        ] {
            assert_eq!(markdown_of(&[line]), [expected]);
        }
    }

    #[test]
    fn what_turns_the_direction_of_text_is_left_out() {
        assert_eq!(markdown_of(&["a\u{202e}b\u{2066} `c\u{2069}`"]), ["ab `c`"]);
    }

    #[test]
    fn layout_is_kept_and_decoration_dropped() {
        let comment = [
            "----------",
            "Prose of",
            "two lines.",
            "",
            "- one",
            "- two",
            "",
            "  deeper    x",
            "  y",
            "=========",
            "End.",
        ];
        let expected = [
            "Prose of",
            "two lines.",
            "",
            "``````text",
            "- one",
            "- two",
            "",
            "deeper    x",
            "y",
            "``````",
            "",
            "End.",
        ];
        assert_eq!(markdown_of(&comment), expected);
    }
}
