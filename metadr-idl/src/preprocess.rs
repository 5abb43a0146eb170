//! A file and those that it includes, to one text for the grammar.
//!
//! What is taken out here, line by line: lines that begin with `%`, which are
//! meant for the C or C++ file that other compilers write, with those that a `\`
//! at their end joins to them, and the lines of the
//! C preprocessor, of which `.x` files use a small part. Both are legal between
//! any two tokens. `%` lines go before comments are looked for: a `%/*` opens no
//! comment. Comments go too, and are kept for the documentation.

mod condition;
mod conditionals;
mod directives;
mod macros;
mod text;
mod tokens;

pub(crate) use condition::numbers;
pub(crate) use text::{Comment, Text};
pub(crate) use tokens::{Token, tokens};

use crate::ast::Define;
use crate::library::Library;
use crate::{Diagnostic, FileId, Severity, Span};
use conditionals::Conditional;
use macros::Macros;
use tokens::first_token;

/// After how many findings in a file deviations are no longer worth a mention.
pub(crate) const MAX_FINDINGS: usize = 1000;

/// What a file is without its `%` lines, `#` lines and comments.
#[derive(Debug, Default)]
pub(crate) struct Preprocessed {
    /// What the grammar reads.
    pub(crate) text: Text,
    /// The `%` lines, without their line ends.
    pub(crate) passthrough: Vec<Span>,
    /// The C headers that `%` lines include, each with its place.
    pub(crate) headers: Vec<(String, Span)>,
    /// What `%` lines define.
    pub(crate) defines: Vec<Define>,
    /// Whatever there is to say about it.
    pub(crate) found: Vec<Diagnostic>,
}

/// Preprocesses a file.
pub(crate) fn preprocess(library: &mut Library<'_>, file: FileId) -> Preprocessed {
    let macros = Macros::new(&library.options().defines);
    let mut preprocessor = Preprocessor {
        library,
        macros,
        out: Preprocessed::default(),
        open: Vec::new(),
        is_silent: false,
    };
    preprocessor.file(file);
    preprocessor.out
}

/// The state that a file and those that it includes share.
struct Preprocessor<'a, 'o> {
    library: &'a mut Library<'o>,
    macros: Macros,
    out: Preprocessed,
    /// The files around the place: the first is the one that is compiled.
    open: Vec<FileId>,
    /// Whether only the macros of the file count: it is a C header, or it has
    /// been included before.
    is_silent: bool,
}

/// A place in a file that is being read.
struct Cursor<'t> {
    text: &'t str,
    /// The offset of the text's first byte in the source map.
    base: usize,
    position: usize,
    /// Whether there were only blanks and comments so far in this line.
    is_at_line_start: bool,
    /// The `#if`s around the place, outermost first.
    conditionals: Vec<Conditional>,
    /// Whether the line before was a `%` line.
    follows_passthrough: bool,
    /// Whether that line ends with a `\`, so that it goes on in this one.
    is_continued: bool,
}

impl<'t> Cursor<'t> {
    fn rest(&self) -> &'t str {
        &self.text[self.position..]
    }

    /// The place of the next bytes.
    fn span(&self, length: usize) -> Span {
        let start = self.base + self.position;
        Span::new(start, start + length)
    }

    /// Whether the text here counts.
    fn is_active(&self) -> bool {
        let innermost = self.conditionals.last();
        innermost.is_none_or(|conditional| conditional.text.is_active)
    }

    /// Whether the text here would count if rpcgen wrote a C header.
    fn is_active_in_header(&self) -> bool {
        let innermost = self.conditionals.last();
        innermost.is_none_or(|conditional| conditional.header.is_active)
    }
}

impl Preprocessor<'_, '_> {
    fn file(&mut self, file: FileId) {
        // The map grows while files are included, so the text must be held.
        let text = self.library.sources().source(file).shared_text();
        self.open.push(file);
        let mut cursor = Cursor {
            text: &text,
            base: self.library.sources().span(file).start,
            position: if text.starts_with('\u{feff}') { 3 } else { 0 },
            is_at_line_start: true,
            conditionals: Vec::new(),
            follows_passthrough: false,
            is_continued: false,
        };
        while !cursor.rest().is_empty() {
            match cursor.rest().as_bytes()[0] {
                _ if cursor.is_at_line_start && cursor.is_continued => {
                    self.passthrough(&mut cursor);
                }
                b'%' if cursor.is_at_line_start => self.passthrough(&mut cursor),
                b'#' if cursor.is_at_line_start => self.directive(&mut cursor),
                _ => self.token(&mut cursor),
            }
        }
        for open in &cursor.conditionals {
            let message = "found the end of the file, expected the `#endif` of this condition";
            self.error(open.span, message);
        }
        self.open.pop();
    }

    /// A line that begins with `%`, or that goes on with one, up to its end.
    fn passthrough(&mut self, cursor: &mut Cursor<'_>) {
        let line = first_line(cursor.rest());
        let span = cursor.span(line.len());
        if cursor.is_active() && !self.is_silent {
            if !cursor.follows_passthrough {
                self.deviation(span, "lines that begin with `%` are not of RFC 4506");
            }
            cursor.follows_passthrough = true;
            self.out.passthrough.push(span);
        }
        let is_header_line = cursor.is_active() || cursor.is_active_in_header();
        if is_header_line && !self.is_silent {
            if let Some(header) = directives::included_header(line) {
                let place = Span::new(span.start + header.start, span.start + header.end);
                self.out.headers.push((line[header].to_owned(), place));
            }
            self.out
                .defines
                .extend(directives::define_of(line, span.start));
        }
        cursor.position += line.len();
        cursor.is_at_line_start = false;
        cursor.is_continued = line.ends_with('\\');
    }

    /// One piece of what is neither a `%` line nor a `#` line.
    fn token(&mut self, cursor: &mut Cursor<'_>) {
        let (token, length) = first_token(cursor.rest());
        let span = cursor.span(length);
        let piece = &cursor.rest()[..length];
        let counts = cursor.is_active() && !self.is_silent;
        match token {
            Token::OpenComment => {
                let mark = Span::new(span.start, span.start + 2);
                self.error(
                    mark,
                    "found the end of the file in a comment, expected `*/`",
                );
            }
            Token::Comment if counts => {
                if piece.starts_with("//") {
                    self.deviation(span, "comments that begin with `//` are not of RFC 4506");
                }
                self.out.text.comment(span);
            }
            // So that lines which do not count still stand between comments and
            // what is further down.
            Token::Newline if !self.is_silent => self.out.text.copy(piece, span.start),
            Token::Word if counts => {
                self.word(piece, span);
                let after = &cursor.rest()[length..];
                self.check_arguments(piece, span, after);
            }
            _ if counts => self.out.text.copy(piece, span.start),
            _ => {}
        }
        match token {
            Token::Newline => cursor.is_at_line_start = true,
            Token::Blank | Token::Comment | Token::OpenComment => {}
            _ => {
                cursor.is_at_line_start = false;
                cursor.follows_passthrough = false;
            }
        }
        cursor.position += length;
    }

    /// A name, which may be that of a macro.
    fn word(&mut self, name: &str, span: Span) {
        match self.macros.expand(name) {
            Ok(None) => self.out.text.copy(name, span.start),
            Ok(Some(expansion)) => self.out.text.expand(&expansion, span),
            Err(error) => {
                self.error(span, format!("macro `{name}` cannot be expanded: {error}"));
                // One such error says enough.
                self.macros = Macros::new(&[]);
            }
        }
    }

    /// Reports the use of a macro that takes arguments.
    fn check_arguments(&mut self, name: &str, span: Span, after: &str) {
        let takes_arguments = self.macros.get(name).is_some_and(|one| one.takes_arguments);
        if takes_arguments && after.trim_start().starts_with('(') {
            let message = format!("`{name}` is a macro with arguments, expected one without");
            self.error(span, message);
        }
    }

    fn error(&mut self, span: Span, message: impl Into<String>) {
        self.report(Severity::Error, span, message);
    }

    fn deviation(&mut self, span: Span, message: impl Into<String>) {
        self.report(Severity::Deviation, span, message);
    }

    fn report(&mut self, severity: Severity, span: Span, message: impl Into<String>) {
        let diagnostic = Diagnostic::new(severity, self.library.sources(), span, message);
        self.push(diagnostic);
    }

    fn push(&mut self, diagnostic: Diagnostic) {
        let is_deviation = diagnostic.severity() == Severity::Deviation;
        let is_too_much = is_deviation && self.out.found.len() >= MAX_FINDINGS;
        // What is included once more was reported the first time, and what is
        // in C headers is not for us to judge.
        if !self.is_silent && !is_too_much {
            self.out.found.push(diagnostic);
        }
    }
}

/// The text up to its first line end.
fn first_line(text: &str) -> &str {
    let line = text.split('\n').next().unwrap_or(text);
    line.strip_suffix('\r').unwrap_or(line)
}

#[cfg(test)]
mod tests;
