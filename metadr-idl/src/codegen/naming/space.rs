//! Where no two names may be the same.

use crate::{Diagnostic, SourceMap, Span};
use proc_macro2::Ident;
use std::collections::BTreeMap;

/// The names of one kind in one place: the fields of a structure, say.
pub(super) struct Space {
    /// What the names are called in messages.
    kind: &'static str,
    /// By the name in Rust: the one in the file, and its place.
    taken: BTreeMap<String, (String, Span)>,
}

impl Space {
    pub(super) fn new(kind: &'static str) -> Self {
        Self {
            kind,
            taken: BTreeMap::new(),
        }
    }

    /// Takes a name, or says who has it. `key` is the name as the options know it.
    pub(super) fn claim(
        &mut self,
        sources: &SourceMap,
        ident: &Ident,
        name: &str,
        span: Span,
        key: &str,
    ) -> Option<Diagnostic> {
        let rust = ident.to_string();
        let Some((other, place)) = self.taken.get(&rust) else {
            self.taken.insert(rust, (name.to_owned(), span));
            return None;
        };
        let kind = self.kind;
        let first = sources.locate(*place);
        let message = format!(
            "{kind} `{name}` would be `{rust}` in Rust, as is `{other}` in {}:{}:{}",
            first.file, first.line, first.column,
        );
        let hint = format!("rename `{key}` in the options");
        Some(Diagnostic::error(sources, span, message).with_hint(hint))
    }
}
