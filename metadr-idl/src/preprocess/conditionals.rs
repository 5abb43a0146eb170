//! Which parts of a file count: `#if` and what belongs to it.

use super::condition::holds;
use super::directives::Directive;
use super::macros::Macro;
use super::{Cursor, Preprocessor};
use crate::Span;

/// What rpcgen defines while it writes the C header of a file. The `%#include`s
/// for the names that a file uses often stand in an `#ifdef` of it.
const HEADER: &str = "RPC_HDR";

/// An `#if` that is open.
pub(super) struct Conditional {
    /// Its place.
    pub(super) span: Span,
    /// Whether the text counts.
    pub(super) text: Branch,
    /// Whether it would count if rpcgen wrote a C header: so the headers that it
    /// includes do.
    pub(super) header: Branch,
    has_else: bool,
}

/// The branch of an `#if` at the moment.
pub(super) struct Branch {
    pub(super) is_active: bool,
    /// Whether what is around the `#if` counts.
    is_reachable: bool,
    /// Whether a branch has counted.
    was_taken: bool,
}

impl Branch {
    fn new(is_reachable: bool) -> Self {
        Self {
            is_active: false,
            is_reachable,
            was_taken: false,
        }
    }

    /// Whether it counts if its condition holds.
    fn is_possible(&self) -> bool {
        self.is_reachable && !self.was_taken
    }

    fn take(&mut self, holds: bool) {
        self.is_active = self.is_possible() && holds;
        self.was_taken |= self.is_active;
    }
}

impl Preprocessor<'_, '_> {
    /// `#if`, `#ifdef`, `#ifndef`.
    pub(super) fn open(&mut self, cursor: &mut Cursor<'_>, directive: &Directive<'_>) {
        let mut conditional = Conditional {
            span: directive.span,
            text: Branch::new(cursor.is_active()),
            header: Branch::new(cursor.is_active_in_header()),
            has_else: false,
        };
        if cursor.is_active() {
            self.unusual(directive);
        }
        self.choose(&mut conditional, directive);
        cursor.conditionals.push(conditional);
    }

    pub(super) fn elif(&mut self, cursor: &mut Cursor<'_>, directive: &Directive<'_>) {
        let Some(innermost) = cursor.conditionals.last_mut() else {
            self.error(directive.span, "found `#elif` without its `#if`");
            return;
        };
        if innermost.has_else {
            let message = "found `#elif` after `#else`, expected `#endif`";
            self.error(directive.span, message);
        }
        self.choose(innermost, directive);
    }

    pub(super) fn otherwise(&mut self, cursor: &mut Cursor<'_>, directive: &Directive<'_>) {
        let Some(innermost) = cursor.conditionals.last_mut() else {
            self.error(directive.span, "found `#else` without its `#if`");
            return;
        };
        if std::mem::replace(&mut innermost.has_else, true) {
            self.error(directive.span, "found a second `#else`, expected `#endif`");
        }
        innermost.text.take(true);
        innermost.header.take(true);
    }

    pub(super) fn close(&mut self, cursor: &mut Cursor<'_>, directive: &Directive<'_>) {
        if cursor.conditionals.pop().is_none() {
            self.error(directive.span, "found `#endif` without its `#if`");
        }
    }

    /// Takes the branch or not. A condition that does not matter is not looked
    /// at.
    fn choose(&mut self, conditional: &mut Conditional, directive: &Directive<'_>) {
        let holds = conditional.text.is_possible() && self.holds(directive);
        conditional.text.take(holds);
        let holds = conditional.header.is_possible() && self.holds_in_header(directive);
        conditional.header.take(holds);
    }

    fn holds_in_header(&mut self, directive: &Directive<'_>) -> bool {
        let is_known = self.macros.get(HEADER).is_some();
        if !is_known {
            let one = Macro {
                body: "1".to_owned(),
                takes_arguments: false,
                span: None,
            };
            self.macros.define(HEADER, one);
        }
        // What is wrong is reported for the text.
        let was_silent = std::mem::replace(&mut self.is_silent, true);
        let holds = self.holds(directive);
        self.is_silent = was_silent;
        if !is_known {
            self.macros.undefine(HEADER);
        }
        holds
    }

    fn holds(&mut self, directive: &Directive<'_>) -> bool {
        if matches!(directive.name, "ifdef" | "ifndef") {
            let Some((name, _)) = directive.first_word() else {
                self.expected_name(directive);
                return false;
            };
            return self.macros.get(name).is_some() == (directive.name == "ifdef");
        }
        match holds(directive.rest, &mut self.macros) {
            Ok(holds) => holds,
            Err(error) => {
                self.error(directive.argument(), error.to_string());
                false
            }
        }
    }
}
