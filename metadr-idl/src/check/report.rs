//! What is found on the way.

use crate::ast::Tree;
use crate::{Diagnostic, Diagnostics, Severity, SourceMap, Span};

/// Nobody reads more findings than this, and a file may be wrong at each byte.
const MAX_FOUND: usize = 1000;

/// Collects findings.
pub(super) struct Report<'a> {
    sources: &'a SourceMap,
    is_pedantic: bool,
    found: Vec<Diagnostic>,
    left_out: usize,
}

impl<'a> Report<'a> {
    /// Begins with what reading the files has found.
    pub(super) fn new(tree: &'a Tree, is_pedantic: bool) -> Self {
        let mut report = Self {
            sources: &tree.sources,
            is_pedantic,
            found: Vec::new(),
            left_out: 0,
        };
        for deviation in &tree.deviations {
            report.add(deviation.clone());
        }
        report
    }

    pub(super) fn error(&mut self, span: Span, message: impl Into<String>) {
        self.add_at(Severity::Error, span, message, None);
    }

    pub(super) fn warning(&mut self, span: Span, message: impl Into<String>) {
        self.add_at(Severity::Warning, span, message, None);
    }

    pub(super) fn deviation(&mut self, span: Span, message: impl Into<String>) {
        self.add_at(Severity::Deviation, span, message, None);
    }

    pub(super) fn add_at(
        &mut self,
        severity: Severity,
        span: Span,
        message: impl Into<String>,
        hint: Option<String>,
    ) {
        if severity == Severity::Deviation && !self.is_pedantic {
            return;
        }
        if self.found.len() == MAX_FOUND {
            self.left_out += 1;
            return;
        }
        let diagnostic = Diagnostic::new(severity, self.sources, span, message);
        self.add(match hint {
            Some(hint) => diagnostic.with_hint(hint),
            None => diagnostic,
        });
    }

    pub(super) fn add(&mut self, diagnostic: Diagnostic) {
        if diagnostic.severity() == Severity::Deviation && !self.is_pedantic {
            return;
        }
        if self.found.len() == MAX_FOUND {
            self.left_out += 1;
            return;
        }
        self.found.push(match self.is_pedantic {
            true => diagnostic.into_error(),
            false => diagnostic,
        });
    }

    /// `line 3`, or `line 3 of b.x` if that is not the file of `here`.
    pub(super) fn line(&self, there: Span, here: Span) -> String {
        let place = self.sources.locate(there);
        if self.is_same_file(there, here) {
            format!("line {}", place.line)
        } else {
            format!("line {} of {}", place.line, place.file)
        }
    }

    pub(super) fn is_same_file(&self, one: Span, other: Span) -> bool {
        self.sources.file_of(one) == self.sources.file_of(other)
    }

    pub(super) fn finish(mut self) -> Diagnostics {
        if self.left_out > 0 {
            let message = format!("{} more were found and are not shown", self.left_out);
            self.found.push(Diagnostic::without_place(message));
        }
        Diagnostics::from_found(self.found)
    }
}
