//! The lines of the C preprocessor.

use super::macros::Macro;
use super::tokens::{Token, first_token, tokens};
use super::{Cursor, Preprocessor};
use crate::ast::{Define, Identifier};
use crate::{Diagnostic, FileId, Severity, Span};
use std::ops::Range;

/// How deep files may include one another.
const MAX_INCLUDE_DEPTH: usize = 64;

/// A line that begins with `#`: its name and the rest.
pub(super) struct Directive<'t> {
    pub(super) name: &'t str,
    /// The place of the `#` and the name.
    pub(super) span: Span,
    /// What follows the name, without comments.
    pub(super) rest: &'t str,
    /// The offset of the rest in the source map.
    start: usize,
}

impl Directive<'_> {
    /// The place of a part of the rest.
    fn place(&self, range: Range<usize>) -> Span {
        Span::new(self.start + range.start, self.start + range.end)
    }

    /// The place of the rest without blanks around it; that of the directive's
    /// name if there is nothing.
    pub(super) fn argument(&self) -> Span {
        let argument = self.rest.trim();
        let start = self.rest.len() - self.rest.trim_start().len();
        match argument {
            "" => self.span,
            _ => self.place(start..start + argument.len()),
        }
    }

    /// The name that the rest begins with, and its place.
    pub(super) fn first_word(&self) -> Option<(&str, Range<usize>)> {
        let start = self.rest.len() - self.rest.trim_start().len();
        let (token, length) = first_token(&self.rest[start..]);
        let range = start..start + length;
        (token == Token::Word).then(|| (&self.rest[range.clone()], range))
    }
}

impl Preprocessor<'_, '_> {
    /// A line that begins with `#`, up to its end.
    pub(super) fn directive(&mut self, cursor: &mut Cursor<'_>) {
        let mark = cursor.span(1).start;
        cursor.position += 1;
        let line = self.logical_line(cursor);
        let blanks = line.len() - line.trim_start().len();
        let (token, length) = first_token(&line[blanks..]);
        let length = if token == Token::Word { length } else { 0 };
        let (name, rest) = line[blanks..].split_at(length);
        let directive = Directive {
            name,
            span: Span::new(mark, mark + 1 + blanks + length),
            rest,
            start: mark + 1 + blanks + length,
        };
        cursor.follows_passthrough = false;
        match name {
            "if" | "ifdef" | "ifndef" => self.open(cursor, &directive),
            "elif" => self.elif(cursor, &directive),
            "else" => self.otherwise(cursor, &directive),
            "endif" => self.close(cursor, &directive),
            _ if cursor.is_active() => self.action(&directive),
            _ => {}
        }
    }

    /// The rest of a line with those that are joined to it by a `\` at its end.
    /// Comments, which may go on over lines as well, become as many blanks.
    fn logical_line(&mut self, cursor: &mut Cursor<'_>) -> String {
        let mut line = String::new();
        loop {
            let (token, mut length) = first_token(cursor.rest());
            let piece = &cursor.rest()[..length];
            match token {
                _ if length == 0 => return line,
                Token::Newline => return line,
                Token::Comment => line.extend(std::iter::repeat_n(' ', length)),
                Token::OpenComment => {
                    let mark = cursor.span(2);
                    self.error(
                        mark,
                        "found the end of the file in a comment, expected `*/`",
                    );
                }
                Token::Other if piece == "\\" => {
                    let after = &cursor.rest()[1..];
                    length += ["\n", "\r\n"]
                        .iter()
                        .find(|end| after.starts_with(**end))
                        .map_or(0, |end| end.len());
                    match length {
                        1 => line.push_str(piece),
                        _ => line.extend(std::iter::repeat_n(' ', length)),
                    }
                }
                _ => line.push_str(piece),
            }
            cursor.position += length;
        }
    }

    /// What is no condition.
    fn action(&mut self, directive: &Directive<'_>) {
        let argument = directive.rest.trim();
        match directive.name {
            "define" => self.define(directive),
            "undef" => match directive.first_word() {
                Some((name, _)) => self.macros.undefine(name),
                None => self.expected_name(directive),
            },
            "include" => self.include(directive),
            "error" => self.error(directive.span, format!("#error {argument}")),
            "warning" => {
                let message = format!("#warning {argument}");
                self.report(Severity::Warning, directive.span, message);
            }
            "pragma" | "ident" | "line" => {}
            // `#` alone, and `# 12 "file.x"`, which other preprocessors leave.
            "" if argument.is_empty() || argument.starts_with(|one: char| one.is_ascii_digit()) => {
                return;
            }
            name => {
                let message = format!("found `#{name}`, which is no line of the C preprocessor");
                self.error(directive.span, message);
            }
        }
        self.unusual(directive);
    }

    fn define(&mut self, directive: &Directive<'_>) {
        let Some((name, range)) = directive.first_word() else {
            self.expected_name(directive);
            return;
        };
        let rest = &directive.rest[range.end..];
        let takes_arguments = rest.starts_with('(');
        let one = Macro {
            body: with_single_blanks(rest),
            takes_arguments,
            span: Some(directive.place(range.clone())),
        };
        let is_same = |before: &Macro| before.body == with_single_blanks(rest);
        let before = self.macros.define(name, one);
        let before = before.filter(|before| !is_same(before));
        let Some(before) = before else { return };
        let first = match before.span {
            None => "on the command line".to_owned(),
            Some(first) => {
                let place = self.library.sources().locate(first);
                format!("at {}:{}", place.file, place.line)
            }
        };
        let message = format!("macro `{name}` is defined again as something else, first {first}");
        self.report(Severity::Warning, directive.place(range), message);
    }

    fn include(&mut self, directive: &Directive<'_>) {
        let mut named = directive.rest.trim().to_owned();
        if let Some((name, _)) = directive.first_word()
            && let Ok(Some(expansion)) = self.macros.expand(name)
        {
            named = expansion;
        }
        let place = directive.argument();
        let Some(range) = quoted(&named) else {
            self.error(
                place,
                "expected the name of a file, `\"name.x\"` or `<name.x>`",
            );
            return;
        };
        let name = &named[range];
        let from = self.library.sources().file_of(directive.span);
        match self.library.find_included(from, name) {
            Err(error) => self.error(place, error.to_string()),
            Ok(Some(file)) => self.include_file(file, name, place),
            // A header that `name.x` is made into is as good as `name.x`.
            Ok(None)
                if self
                    .library
                    .find_import(from, name)
                    .is_ok_and(|file| file.is_some()) =>
            {
                if !self.is_silent {
                    self.out.headers.push((name.to_owned(), place));
                }
            }
            Ok(None) => {
                let message = format!("`{name}` is not there, and what it defines is not known");
                let sources = self.library.sources();
                let warning = Diagnostic::new(Severity::Warning, sources, place, message);
                let hint = "files are looked for beside this one and in the include directories";
                self.push(warning.with_hint(hint));
            }
        }
    }

    fn include_file(&mut self, file: FileId, name: &str, place: Span) {
        if self.open.contains(&file) {
            if !self.is_guarded(file) {
                self.error(place, format!("`{name}` includes itself"));
            }
            return;
        }
        if self.open.len() > MAX_INCLUDE_DEPTH {
            let message = format!("files include one another more than {MAX_INCLUDE_DEPTH} deep");
            self.error(place, message);
            return;
        }
        if let Err(error) = self.library.count_include() {
            self.error(place, error.to_string());
            return;
        }
        // Of C headers and of what is there already only the macros count.
        let is_known = self.is_silent || is_c_header(name) || !self.library.take(file);
        let was_silent = std::mem::replace(&mut self.is_silent, is_known);
        self.file(file);
        self.is_silent = was_silent;
    }

    /// Whether the file begins with `#ifndef NAME`, and `NAME` is a macro.
    fn is_guarded(&self, file: FileId) -> bool {
        let text = self.library.sources().source(file).text();
        let mut words = tokens(text)
            .filter(|(token, _)| !matches!(token, Token::Blank | Token::Newline | Token::Comment));
        let begins = words.next().is_some_and(|(_, piece)| piece == "#")
            && words.next().is_some_and(|(_, piece)| piece == "ifndef");
        begins
            && words
                .next()
                .is_some_and(|(_, name)| self.macros.get(name).is_some())
    }

    pub(super) fn expected_name(&mut self, directive: &Directive<'_>) {
        let message = format!("expected a name behind `#{}`", directive.name);
        self.error(directive.argument(), message);
    }

    pub(super) fn unusual(&mut self, directive: &Directive<'_>) {
        self.deviation(
            directive.span,
            "lines of the C preprocessor are not of RFC 4506",
        );
    }
}

/// A text with one blank wherever it has some, and none around it.
fn with_single_blanks(text: &str) -> String {
    let single = |(token, piece)| match token {
        Token::Blank => " ",
        _ => piece,
    };
    tokens(text.trim()).map(single).collect()
}

/// The header that a `%` line includes: its name in the line.
pub(super) fn included_header(line: &str) -> Option<Range<usize>> {
    let directive = line.strip_prefix('%')?.trim_start().strip_prefix('#')?;
    let named = directive.trim_start().strip_prefix("include")?.trim_start();
    let start = line.len() - named.len();
    quoted(named).map(|range| start + range.start..start + range.end)
}

/// What a `%` line that starts at `start` defines without arguments.
pub(super) fn define_of(line: &str, start: usize) -> Option<Define> {
    let directive = line.strip_prefix('%')?.trim_start().strip_prefix('#')?;
    let rest = directive.trim_start().strip_prefix("define")?;
    let named = rest.strip_prefix([' ', '\t'])?.trim_start();
    let (token, length) = first_token(named);
    let (name, value) = named.split_at(length);
    if token != Token::Word || value.starts_with('(') {
        return None;
    }
    let start = start + line.len() - named.len();
    let is_code =
        |(token, _): &(Token, &str)| !matches!(token, Token::Comment | Token::OpenComment);
    let value: String = tokens(value)
        .filter(is_code)
        .map(|(_, piece)| piece)
        .collect();
    Some(Define {
        name: Identifier {
            name: name.to_owned(),
            span: Span::new(start, start + length),
        },
        value: value.trim().to_owned(),
    })
}

/// The name of a file between quotes or brackets.
fn quoted(text: &str) -> Option<Range<usize>> {
    let end = match text.chars().next()? {
        '"' => '"',
        '<' => '>',
        _ => return None,
    };
    let length = text[1..].find(end)?;
    (length > 0).then_some(1..1 + length)
}

fn is_c_header(name: &str) -> bool {
    let extension = name.rsplit('.').next().unwrap_or_default();
    ["h", "hh", "hpp", "hxx"].contains(&extension)
}
