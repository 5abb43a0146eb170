//! Names that mean nothing: what was probably meant.

use super::scopes::{Place, ROOT, Scope, ScopeId};
use super::{Checker, aliases};
use crate::ast::{Define, File, Import, ScopedName, Tree};
use crate::preprocess::numbers;
use crate::{FileId, Severity};
use std::collections::BTreeMap;

/// How many pairs of names are compared: each takes its time.
const MAX_COMPARISONS: usize = 200_000;

/// Names longer than this are not compared.
const MAX_COMPARED_LENGTH: usize = 64;

/// What hints are made of.
#[derive(Default)]
pub(super) struct Hints<'a> {
    /// For each file, the C headers that it and what it imports include, and
    /// that no `.x` file stands for.
    headers: Vec<Vec<&'a Import>>,
    /// For each file, what its `%` lines define for C.
    defines: Vec<BTreeMap<&'a str, &'a Define>>,
    /// Those that stand for numbers.
    numbers: Vec<BTreeMap<&'a str, i64>>,
    /// What they define in any file, and the same in all of them.
    common: BTreeMap<&'a str, Option<(&'a Define, i64)>>,
    compared: usize,
    /// The namespaces that define each name.
    defined: Option<BTreeMap<String, Vec<ScopeId>>>,
}

/// What kind of name was expected.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Expected {
    Type,
    Constant,
}

impl<'a> Hints<'a> {
    pub(super) fn new(tree: &'a Tree) -> Self {
        let index: BTreeMap<FileId, usize> = (tree.files.iter().enumerate())
            .map(|(index, file)| (file.id, index))
            .collect();
        let headers = (0..tree.files.len())
            .map(|file| headers(tree, &index, file))
            .collect();
        let by_name = |file: &'a File| {
            let defines = file.defines.iter();
            defines.map(|one| (one.name.name.as_str(), one)).collect()
        };
        let numbers: Vec<_> = (tree.files.iter())
            .map(|file| numbers(file.defines.iter()))
            .collect();
        let mut common: BTreeMap<&str, Option<(&Define, i64)>> = BTreeMap::new();
        for (file, numbers) in tree.files.iter().zip(&numbers) {
            for one in &file.defines {
                let name = one.name.name.as_str();
                let number = numbers.get(name).map(|number| (one, *number));
                let known = common.entry(name).or_insert(number);
                *known = known.filter(|(_, first)| number.is_some_and(|(_, it)| it == *first));
            }
        }
        Self {
            headers,
            defines: tree.files.iter().map(by_name).collect(),
            numbers,
            common,
            ..Self::default()
        }
    }

    /// What stands for a number in C: as the file itself has it, or else as all
    /// others do.
    pub(super) fn define_of(&self, name: &str, file: usize) -> Option<(&'a Define, i64)> {
        match self.defines[file].get(name) {
            Some(own) => Some((own, *self.numbers[file].get(name)?)),
            None => self.common.get(name).copied().flatten(),
        }
    }
}

/// The headers that a file and what it imports include.
fn headers<'a>(tree: &'a Tree, index: &BTreeMap<FileId, usize>, file: usize) -> Vec<&'a Import> {
    let mut is_seen = vec![false; tree.files.len()];
    let mut pending = vec![file];
    let mut found = Vec::new();
    while let Some(file) = pending.pop() {
        if std::mem::replace(&mut is_seen[file], true) {
            continue;
        }
        for import in &tree.files[file].imports {
            match import.file.and_then(|id| index.get(&id)) {
                Some(next) => pending.push(*next),
                None => found.push(import),
            }
        }
    }
    found
}

impl Checker<'_> {
    pub(super) fn undefined_type(&mut self, name: &ScopedName, place: Place) {
        self.undefined(name, place, Expected::Type);
    }

    pub(super) fn undefined_constant(&mut self, name: &ScopedName, place: Place) {
        self.undefined(name, place, Expected::Constant);
    }

    fn undefined(&mut self, name: &ScopedName, place: Place, expected: Expected) {
        let shown = shown(name);
        let what = match expected {
            Expected::Type => "type",
            Expected::Constant => "constant",
        };
        let define = self.define_hint(name, place, expected);
        let header = define.or_else(|| self.header_hint(name, place, expected));
        let severity = match header {
            Some(_) if self.options.assume_headers => Severity::Warning,
            _ => Severity::Error,
        };
        let hint = match self.found_elsewhere(name, place, expected) {
            Some(certain) => Some(certain),
            None => {
                // Names of headers are often like those of the file.
                let likely = self.similar(name, place, expected, header.is_some());
                match (likely, header) {
                    (Some(likely), Some(header)) => Some(format!("{likely} If not, {header}")),
                    (None, None) if expected == Expected::Type => Some(format!(
                        "if it is defined in Rust, name it with `--extern {shown}=PATH`"
                    )),
                    (likely, header) => likely.or(header),
                }
            }
        };
        let message = format!("{what} `{shown}` is not defined");
        self.report.add_at(severity, name.span, message, hint);
    }

    /// What the files tell about a name for certain.
    fn found_elsewhere(
        &mut self,
        name: &ScopedName,
        place: Place,
        expected: Expected,
    ) -> Option<String> {
        let other = self.other_kind(name, place, expected);
        other.or_else(|| self.elsewhere(name.parts.last()?, place, expected))
    }

    /// A name that is much like this one, nearly the same if `is_strict`.
    fn similar(
        &mut self,
        name: &ScopedName,
        place: Place,
        expected: Expected,
        is_strict: bool,
    ) -> Option<String> {
        let (last, path) = name.parts.split_last()?;
        if last.len() > MAX_COMPARED_LENGTH || self.hints.compared >= MAX_COMPARISONS {
            return None;
        }
        let scopes = &self.names.scopes;
        let searched = scopes.searched(place.scope, name);
        let within: Vec<_> = searched
            .iter()
            .filter_map(|scope| scopes.within(*scope, path))
            .collect();
        if within.is_empty() {
            let inner = searched
                .iter()
                .flat_map(|scope| scopes.all[*scope].inner.keys());
            let meant = most_similar(&path[0], inner.copied(), is_strict);
            let meant = meant.map_or(String::new(), |meant| format!(", did you mean `{meant}`?"));
            return Some(format!(
                "there is no namespace `{}`{meant}",
                path.join("::")
            ));
        }
        let known = within.iter();
        let known: Vec<&str> = known
            .flat_map(|scope| names_of(&scopes.all[*scope], expected))
            .collect();
        self.hints.compared += known.len();
        let builtin: &[&str] = match expected {
            _ if !path.is_empty() => &[],
            Expected::Type => &aliases::PROPOSED,
            Expected::Constant => &["TRUE", "FALSE"],
        };
        let meant = most_similar(
            last,
            known.into_iter().chain(builtin.iter().copied()),
            is_strict,
        )?;
        let mut parts = path.to_vec();
        parts.push(meant.to_owned());
        Some(format!("did you mean `{}`?", parts.join("::")))
    }

    /// Whether the name is one of another kind.
    fn other_kind(&self, name: &ScopedName, place: Place, expected: Expected) -> Option<String> {
        let kind = self
            .names
            .scopes
            .find(place.scope, name, |scope, name| match expected {
                Expected::Type if scope.values.contains_key(name) => Some("a constant"),
                Expected::Type if scope.identities.contains_key(name) => {
                    Some("the number of a program, a version or a procedure")
                }
                Expected::Constant if scope.types.contains_key(name) => Some("a type"),
                _ if scope.inner.contains_key(name) => Some("a namespace"),
                _ => None,
            })?;
        let expected = match expected {
            Expected::Type => "a type",
            Expected::Constant => "a constant",
        };
        Some(format!("`{}` is {kind}, expected {expected}", shown(name)))
    }

    /// Whether the name is defined in another namespace.
    fn elsewhere(&mut self, last: &str, place: Place, expected: Expected) -> Option<String> {
        let scopes = &self.names.scopes;
        let defined = self.hints.defined.get_or_insert_with(|| {
            let mut defined: BTreeMap<String, Vec<ScopeId>> = BTreeMap::new();
            for (id, scope) in scopes.all.iter().enumerate() {
                let types = scope.types.keys().map(String::as_str);
                let values = scope.values.keys().copied();
                for name in types.chain(values) {
                    defined.entry(name.to_owned()).or_default().push(id);
                }
            }
            defined
        });
        let has = |scope: &&ScopeId| match expected {
            Expected::Type => scopes.all[**scope].types.contains_key(last),
            Expected::Constant => scopes.all[**scope].values.contains_key(last),
        };
        let scope = *defined.get(last)?.iter().find(has)?;
        if scope == ROOT {
            return Some(format!(
                "it is defined outside of all namespaces: write `::{last}`"
            ));
        }
        let namespace = scopes.path(scope).join("::");
        // From within a namespace, a name with the same first part may hide it.
        let first = namespace.split("::").next().unwrap_or_default();
        let is_hidden = std::iter::successors(Some(place.scope), |one| scopes.all[*one].parent)
            .any(|one| one != ROOT && scopes.all[one].inner.contains_key(first));
        let root = if is_hidden { "::" } else { "" };
        Some(format!(
            "it is defined in namespace `{namespace}`: write `{root}{namespace}::{last}`"
        ))
    }

    /// Whether the file defines the name for C alone, and not as a number.
    fn define_hint(&self, name: &ScopedName, place: Place, expected: Expected) -> Option<String> {
        let [bare] = &name.parts[..] else { return None };
        let define = self.hints.defines[place.file].get(bare.as_str())?;
        if expected == Expected::Type {
            return None;
        }
        let line = self.report.line(define.name.span, name.span);
        Some(format!(
            "{line} defines it for C alone: write `const {bare} = VALUE;`, or name it with \
             `-D {bare}=VALUE`"
        ))
    }

    /// Which header the name may come from.
    fn header_hint(&self, name: &ScopedName, place: Place, expected: Expected) -> Option<String> {
        let headers = &self.hints.headers[place.file];
        let first = headers.first()?;
        let shown = shown(name);
        let line = self.report.line(first.span, name.span);
        let from = match headers.len() {
            1 => format!("it may come from `{}` in {line}", first.header),
            count => format!(
                "it may come from one of {count} headers, such as `{}` in {line}",
                first.header
            ),
        };
        Some(match expected {
            Expected::Type => format!("{from}: name it with `--extern {shown}=PATH`"),
            Expected::Constant => format!("{from}: name it with `-D {shown}=VALUE`"),
        })
    }
}

fn names_of<'s>(scope: &'s Scope<'_>, expected: Expected) -> Vec<&'s str> {
    match expected {
        Expected::Type => scope.types.keys().map(String::as_str).collect(),
        Expected::Constant => scope
            .values
            .keys()
            .chain(scope.nested.keys())
            .chain(scope.identities.keys())
            .copied()
            .collect(),
    }
}

/// The name that differs least, if that is little enough.
fn most_similar<'n>(
    wanted: &str,
    known: impl Iterator<Item = &'n str>,
    is_strict: bool,
) -> Option<&'n str> {
    let limit = (wanted.len() / 3).min(if is_strict { 1 } else { usize::MAX });
    let distance = |name: &str| {
        if name.eq_ignore_ascii_case(wanted) {
            return Some(0);
        }
        if name.len().abs_diff(wanted.len()) > limit {
            return None;
        }
        Some(strsim::osa_distance(name, wanted)).filter(|distance| *distance <= limit)
    };
    known
        .filter_map(|name| Some((distance(name)?, name)))
        .min()
        .map(|(_, name)| name)
}

fn shown(name: &ScopedName) -> String {
    let root = if name.absolute { "::" } else { "" };
    format!("{root}{}", name.parts.join("::"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn similar_names_are_found_and_others_are_not() {
        let known = ["uint32", "key_value", "a", "status"];
        let similar = |wanted| most_similar(wanted, known.into_iter(), false);
        assert_eq!(similar("unit32"), Some("uint32"));
        assert_eq!(similar("KEY_VALUE"), Some("key_value"));
        assert_eq!(similar("keyvalue"), Some("key_value"));
        assert_eq!(similar("statos"), Some("status"));
        assert_eq!(similar("b"), None);
        assert_eq!(similar("netobj"), None);
        assert_eq!(similar(&"é".repeat(30)), None);
    }
}
