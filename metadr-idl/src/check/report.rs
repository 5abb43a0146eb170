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
    errors: usize,
    left_out: usize,
    /// The worst that is left out.
    left_out_worst: Severity,
}

impl<'a> Report<'a> {
    /// Begins with what reading the files has found.
    pub(super) fn new(tree: &'a Tree, is_pedantic: bool) -> Self {
        let mut report = Self {
            sources: &tree.sources,
            is_pedantic,
            found: Vec::new(),
            errors: 0,
            left_out: 0,
            left_out_worst: Severity::Deviation,
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
        if self.is_wanted(severity) {
            let diagnostic = Diagnostic::new(severity, self.sources, span, message);
            self.push(match hint {
                Some(hint) => diagnostic.with_hint(hint),
                None => diagnostic,
            });
        }
    }

    pub(super) fn add(&mut self, diagnostic: Diagnostic) {
        if self.is_wanted(diagnostic.severity()) {
            self.push(diagnostic);
        }
    }

    /// Whether a finding is to be shown. However many warnings there are, errors
    /// are.
    fn is_wanted(&mut self, severity: Severity) -> bool {
        if severity == Severity::Deviation && !self.is_pedantic {
            return false;
        }
        let severity = if self.is_pedantic {
            Severity::Error
        } else {
            severity
        };
        let is_full = match severity {
            Severity::Error => self.errors >= MAX_FOUND,
            _ => self.found.len() >= MAX_FOUND,
        };
        if is_full {
            self.left_out += 1;
            self.left_out_worst = self.left_out_worst.max(severity);
        }
        !is_full
    }

    fn push(&mut self, diagnostic: Diagnostic) {
        let diagnostic = match self.is_pedantic {
            true => diagnostic.into_error(),
            false => diagnostic,
        };
        self.errors += usize::from(diagnostic.severity() == Severity::Error);
        self.found.push(diagnostic);
    }

    /// `line 3`, or `line 3 of b.x` if that is not the file of `here`.
    pub(super) fn line(&self, there: Span, here: Span) -> String {
        let (file, line) = self.sources.line_of(there);
        if self.is_same_file(there, here) {
            format!("line {line}")
        } else {
            format!("line {line} of {file}")
        }
    }

    pub(super) fn is_same_file(&self, one: Span, other: Span) -> bool {
        self.sources.file_of(one) == self.sources.file_of(other)
    }

    pub(super) fn finish(mut self) -> Diagnostics {
        if self.left_out > 0 {
            let message = format!("{} more were found and are not shown", self.left_out);
            let more = Diagnostic::without_place_at(self.left_out_worst, message);
            self.found.push(more);
        }
        Diagnostics::from_found(self.found)
    }
}
