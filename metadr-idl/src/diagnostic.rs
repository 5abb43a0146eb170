//! What is wrong with a file, and where.

use crate::{Source, Span};
use std::fmt;

/// One error: what was found at a place, and what was expected there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    file: String,
    line: usize,
    column: usize,
    span: Span,
    message: String,
}

impl Diagnostic {
    /// An error about `span` of `source`.
    pub fn new(source: &Source, span: Span, message: impl Into<String>) -> Self {
        let (line, column) = source.line_column(span.start);
        Self {
            file: source.name().to_owned(),
            line,
            column,
            span,
            message: message.into(),
        }
    }

    /// The place in the file.
    #[must_use]
    pub fn span(&self) -> Span {
        self.span
    }

    /// What is wrong, without the place.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            file,
            line,
            column,
            message,
            ..
        } = self;
        write!(f, "{file}:{line}:{column}: error: {message}")
    }
}

/// Everything that is wrong with a file, in the order of the text. Never empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostics(Vec<Diagnostic>);

impl Diagnostics {
    /// The errors in the order of the text; `None` if there are none.
    pub(crate) fn from_found(mut found: Vec<Diagnostic>) -> Option<Self> {
        found.sort_by_key(Diagnostic::span);
        (!found.is_empty()).then_some(Self(found))
    }

    /// Each error.
    pub fn iter(&self) -> impl Iterator<Item = &Diagnostic> {
        self.0.iter()
    }
}

impl From<Diagnostic> for Diagnostics {
    fn from(diagnostic: Diagnostic) -> Self {
        Self(vec![diagnostic])
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
