//! Types that are defined elsewhere, in Rust.

use crate::model::{Extern, ExternId};
use crate::{CheckOptions, Diagnostic};
use std::collections::BTreeMap;

use super::report::Report;

/// What [`CheckOptions::externs`] says, and which of it was used.
pub(super) struct Externs<'a> {
    /// By the qualified name; that of a namespace ends in `::`.
    paths: BTreeMap<&'a str, &'a str>,
    used: BTreeMap<String, ExternId>,
    pub(super) all: Vec<Extern>,
}

impl<'a> Externs<'a> {
    /// Takes the options, and reports those that make no sense.
    pub(super) fn new(options: &'a CheckOptions, report: &mut Report<'_>) -> Self {
        let mut paths = BTreeMap::new();
        for (name, path) in &options.externs {
            let (name, path) = (name.trim_start_matches("::"), path.trim());
            let parts = name.strip_suffix("::").unwrap_or(name).split("::");
            let is_name = parts.clone().all(is_identifier);
            if !is_name {
                report.add(Diagnostic::without_place(format!(
                    "found `{name}` as the name of an extern, expected a name such as `a`, `a::b` \
                     or `a::`"
                )));
            } else if syn::parse_str::<syn::Path>(path.trim_end_matches("::")).is_err() {
                report.add(Diagnostic::without_place(format!(
                    "found `{path}` for extern `{name}`, expected a path of Rust"
                )));
            } else if paths.insert(name, path).is_some_and(|first| first != path) {
                report.add(Diagnostic::without_place(format!(
                    "extern `{name}` is given twice with different paths"
                )));
            }
        }
        Self {
            paths,
            used: BTreeMap::new(),
            all: Vec::new(),
        }
    }

    /// Whether a name is that of an extern.
    pub(super) fn has(&self, qualified: &str) -> bool {
        self.paths.contains_key(qualified)
    }

    /// Whether every type of a namespace is one.
    pub(super) fn has_namespace(&self, path: &[String]) -> bool {
        !path.is_empty() && !self.paths.is_empty() && self.has(&format!("{}::", path.join("::")))
    }

    /// The extern of a name that stands for one.
    pub(super) fn find(&mut self, namespace: &[String], name: &str) -> Option<ExternId> {
        if self.paths.is_empty() {
            return None;
        }
        let mut outer = namespace.join("::");
        if !outer.is_empty() {
            outer.push_str("::");
        }
        let qualified = format!("{outer}{name}");
        let path = match self.paths.get(qualified.as_str()) {
            Some(path) => (*path).to_owned(),
            None => format!(
                "{}::",
                self.paths.get(outer.as_str())?.trim_end_matches("::")
            ),
        };
        let next = ExternId(self.all.len());
        let id = *self.used.entry(qualified).or_insert(next);
        if id == next {
            let name = name.to_owned();
            self.all.push(Extern { name, path });
        }
        Some(id)
    }
}

fn is_identifier(name: &str) -> bool {
    let mut characters = name.chars();
    let first = characters.next();
    first.is_some_and(|c| c.is_ascii_alphabetic() || c == '_')
        && characters.all(|c| c.is_ascii_alphanumeric() || c == '_')
}
