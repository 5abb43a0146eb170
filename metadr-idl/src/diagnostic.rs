//! What is wrong with a file, and where.

use crate::{SourceMap, Span};
use std::fmt;

/// How bad a [`Diagnostic`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Harmless and common, but not RFC 4506 or RFC 5531. Shown, as an error,
    /// under [`CheckOptions::pedantic`](crate::CheckOptions::pedantic) alone.
    Deviation,
    /// Probably not what was meant. An error if pedantic.
    Warning,
    /// The file cannot be compiled.
    Error,
}

/// One finding: what was found at a place, and what was expected there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    severity: Severity,
    span: Span,
    file: String,
    line: usize,
    column: usize,
    message: String,
    hint: Option<String>,
    /// The line of the place, or the part of a long one that is around it.
    text: String,
    /// How many characters of `text` stand before the place.
    before: usize,
    /// How many characters of it are meant; 0 for the end of a file.
    width: usize,
}

/// Of longer lines only a part is shown. A file can be one line.
const MAX_SHOWN: usize = 200;

impl Diagnostic {
    /// An error about `span`.
    pub fn error(sources: &SourceMap, span: Span, message: impl Into<String>) -> Self {
        Self::new(Severity::Error, sources, span, message)
    }

    /// A finding about `span`.
    pub fn new(
        severity: Severity,
        sources: &SourceMap,
        span: Span,
        message: impl Into<String>,
    ) -> Self {
        let place = sources.locate(span);
        let meant = sources.text(span).lines().next().unwrap_or_default();
        let (text, before) = shown(place.text, place.column - 1);
        Self {
            severity,
            span,
            file: place.file.to_owned(),
            line: place.line,
            column: place.column,
            message: visible(&message.into()),
            hint: None,
            width: (meant.chars().take(MAX_SHOWN).count())
                .min(text.chars().count().saturating_sub(before)),
            text,
            before,
        }
    }

    /// An error that has no place in a file, as one in an option.
    pub fn without_place(message: impl Into<String>) -> Self {
        Self::without_place_at(Severity::Error, message)
    }

    /// A finding that has no place in a file.
    pub(crate) fn without_place_at(severity: Severity, message: impl Into<String>) -> Self {
        Self {
            severity,
            span: Span::default(),
            file: String::new(),
            line: 0,
            column: 0,
            message: message.into(),
            hint: None,
            text: String::new(),
            before: 0,
            width: 0,
        }
    }

    /// Adds what to do about it.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// The same finding as an error.
    #[must_use]
    pub fn into_error(mut self) -> Self {
        self.severity = Severity::Error;
        self
    }

    /// How bad it is.
    #[must_use]
    pub fn severity(&self) -> Severity {
        self.severity
    }

    /// The name of the file; `None` if it has no place in one.
    #[must_use]
    pub fn file(&self) -> Option<&str> {
        (!self.file.is_empty()).then_some(&*self.file)
    }

    /// The place.
    #[must_use]
    pub fn span(&self) -> Span {
        self.span
    }

    /// What is wrong, without the place.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }

    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> Option<&str> {
        self.hint.as_deref()
    }
}

/// The part of a line that is shown, and how many of its characters stand before
/// the place, which so many stand before in the whole.
fn shown(line: &str, before: usize) -> (String, usize) {
    let line = visible(line);
    if line.len() <= MAX_SHOWN {
        return (line, before);
    }
    let skipped = before.saturating_sub(MAX_SHOWN / 2);
    let mut rest = line.chars().skip(skipped);
    let part: String = rest.by_ref().take(MAX_SHOWN).collect();
    let end = if rest.next().is_some() { "…" } else { "" };
    match skipped {
        0 => (format!("{part}{end}"), before),
        _ => (format!("…{part}{end}"), before - skipped + 1),
    }
}

/// A text without what a terminal would obey: a file may hold anything.
fn visible(text: &str) -> String {
    let is_obeyed = |c: char| c.is_control() && c != '\t';
    text.replace(is_obeyed, "\u{fffd}")
}

/// `file:line:column: error: message`, then the line, then what is meant in it
/// with carets, then the hint. What has no place begins with `error:`.
impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            file,
            line,
            column,
            message,
            text,
            ..
        } = self;
        let severity = match self.severity {
            Severity::Error => "error",
            Severity::Warning | Severity::Deviation => "warning",
        };
        if !file.is_empty() {
            write!(f, "{file}:{line}:{column}: ")?;
        }
        write!(f, "{severity}: {message}")?;
        if !text.trim().is_empty() {
            // Tabs stay tabs, so that the carets stand below what they mean.
            let before = text.chars().take(self.before);
            let indent: String = before.map(|c| if c == '\t' { c } else { ' ' }).collect();
            let carets = "^".repeat(self.width.max(1));
            write!(f, "\n    {text}\n    {indent}{carets}")?;
        }
        match &self.hint {
            Some(hint) => write!(f, "\n    hint: {hint}"),
            None => Ok(()),
        }
    }
}

/// What was found in the files of one compilation, in the order of the files
/// and of their text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Diagnostics(Vec<Diagnostic>);

impl Diagnostics {
    /// Sorts what was found, and drops what was found twice.
    #[must_use]
    pub fn from_found(mut found: Vec<Diagnostic>) -> Self {
        found.sort_by_key(|one| (one.span, std::cmp::Reverse(one.severity)));
        found.dedup();
        Self(found)
    }

    /// Each finding.
    pub fn iter(&self) -> impl Iterator<Item = &Diagnostic> {
        self.0.iter()
    }

    /// Whether nothing was found.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether an error is among them.
    #[must_use]
    pub fn has_errors(&self) -> bool {
        self.iter().any(|one| one.severity == Severity::Error)
    }
}

impl From<Diagnostic> for Diagnostics {
    fn from(diagnostic: Diagnostic) -> Self {
        Self(vec![diagnostic])
    }
}

impl IntoIterator for Diagnostics {
    type Item = Diagnostic;
    type IntoIter = std::vec::IntoIter<Diagnostic>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl fmt::Display for Diagnostics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, diagnostic) in self.0.iter().enumerate() {
            if index > 0 {
                f.write_str("\n")?;
            }
            diagnostic.fmt(f)?;
        }
        Ok(())
    }
}

impl std::error::Error for Diagnostics {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Source;

    #[test]
    fn of_a_long_line_the_part_around_the_place_is_shown() {
        let line = format!("{}HERE{}", "a".repeat(1000), "b".repeat(1000));
        let mut sources = SourceMap::default();
        sources.add(Source::new("t.x", line));
        let error = Diagnostic::error(&sources, Span::new(1000, 1004), "wrong");
        let shown = error.to_string();
        let lines: Vec<&str> = shown.lines().collect();
        assert_eq!(lines[0], "t.x:1:1001: error: wrong");
        let (text, carets) = (lines[1].trim_start(), &lines[2][4..]);
        assert!(text.starts_with("…aaa") && text.ends_with("bbb…"));
        let place = carets.chars().position(|c| c == '^').unwrap();
        let meant: String = text.chars().skip(place).take(4).collect();
        assert_eq!((meant.as_str(), carets.trim()), ("HERE", "^^^^"));
        assert!(text.chars().count() <= MAX_SHOWN + 2);
    }

    #[test]
    fn what_a_terminal_would_obey_is_not_shown() {
        let mut sources = SourceMap::default();
        sources.add(Source::new("t.x", "a\t\u{1b}[2J"));
        let error = Diagnostic::error(&sources, Span::new(2, 3), "found `\u{1b}`");
        assert_eq!(
            error.to_string(),
            "t.x:1:3: error: found `\u{fffd}`\n    a\t\u{fffd}[2J\n     \t^"
        );
    }

    #[test]
    fn an_error_in_an_option_has_no_place() {
        let error = Diagnostic::without_place("wrong").with_hint("right");
        assert_eq!(error.to_string(), "error: wrong\n    hint: right");
    }
}
