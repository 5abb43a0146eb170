//! What each namespace holds, and the search from the inside out.

use crate::Span;
use crate::ast::{Definition, Enumerator, Field, ScopedName, Shape, Union, Value};
use std::collections::BTreeMap;

/// Which of [`Scopes::all`].
pub(super) type ScopeId = usize;

/// Which of the types that the files define.
pub(super) type TypeIndex = usize;

/// Which of the names that stand for numbers.
pub(super) type ValueId = usize;

/// Where a name stands: in which namespace, in which file of the tree, and in
/// which of the types that have no other around them.
#[derive(Clone, Copy)]
pub(super) struct Place {
    pub(super) scope: ScopeId,
    pub(super) file: usize,
    pub(super) within: Option<TypeIndex>,
}

/// A type as the tree has it.
pub(super) struct TypeName<'a> {
    pub(super) name: String,
    pub(super) span: Span,
    pub(super) is_anonymous: bool,
    pub(super) docs: &'a [String],
    pub(super) place: Place,
    pub(super) body: Body<'a>,
    /// The first of its enumerators, whose ids follow one another.
    pub(super) enumerators: ValueId,
}

/// What the tree says of a type.
#[derive(Clone, Copy)]
pub(super) enum Body<'a> {
    Alias(&'a Shape),
    Enumeration(&'a [Enumerator]),
    Structure(&'a [Field]),
    Union(&'a Union),
}

/// A name that stands for a number.
#[derive(Clone, Copy)]
pub(super) struct ValueName<'a> {
    pub(super) name: &'a str,
    pub(super) span: Span,
    pub(super) place: Place,
    pub(super) origin: Origin<'a>,
}

/// Where the number of a name comes from.
#[derive(Clone, Copy)]
pub(super) enum Origin<'a> {
    Constant(&'a Value),
    Text(&'a str),
    /// An enumerator; without a value, its number is one more than the one
    /// before, or zero for the first.
    Enumerator {
        value: Option<&'a Value>,
        is_first: bool,
        /// The first of the same enumeration.
        enumeration: ValueId,
    },
    /// A program, a version or a procedure.
    Identity(&'a Value),
}

impl Origin<'_> {
    pub(super) fn is_constant(self) -> bool {
        matches!(self, Self::Constant(_) | Self::Text(_))
    }

    /// The first enumerator of the same enumeration.
    pub(super) fn enumeration(self) -> Option<ValueId> {
        match self {
            Self::Enumerator { enumeration, .. } => Some(enumeration),
            _ => None,
        }
    }
}

/// A part of a namespace, in the order in which the model will have it.
#[derive(Clone, Copy)]
pub(super) enum Entry<'a> {
    Scope(ScopeId),
    Constant(ValueId, &'a Definition),
    Type(TypeIndex),
    Program(&'a Definition, Place),
}

/// A namespace, or the files themselves.
pub(super) struct Scope<'a> {
    pub(super) parent: Option<ScopeId>,
    /// How many namespaces are around it.
    pub(super) depth: usize,
    /// What opened it; `None` for the files themselves.
    pub(super) definition: Option<&'a Definition>,
    pub(super) inner: BTreeMap<&'a str, ScopeId>,
    pub(super) types: BTreeMap<String, TypeIndex>,
    /// Constants and enumerators: several enumerations may have the same name.
    /// A constant comes first, and there is at most one.
    pub(super) values: BTreeMap<&'a str, Vec<ValueId>>,
    /// Enumerators of enumerations without a name, which are found from outside
    /// of the type around them where `values` does not have the name.
    pub(super) nested: BTreeMap<&'a str, Vec<ValueId>>,
    pub(super) programs: BTreeMap<&'a str, Span>,
    /// Names of programs, versions and procedures, which stand for numbers where
    /// nothing else has the name.
    pub(super) identities: BTreeMap<&'a str, Vec<ValueId>>,
    pub(super) entries: Vec<Entry<'a>>,
}

/// All namespaces; the first is that of the files themselves.
pub(super) struct Scopes<'a> {
    pub(super) all: Vec<Scope<'a>>,
}

/// The namespace outside of all others.
pub(super) const ROOT: ScopeId = 0;

impl<'a> Scopes<'a> {
    pub(super) fn new() -> Self {
        let mut scopes = Self { all: Vec::new() };
        scopes.add(None, None);
        scopes
    }

    fn add(&mut self, parent: Option<ScopeId>, definition: Option<&'a Definition>) -> ScopeId {
        self.all.push(Scope {
            parent,
            depth: parent.map_or(0, |parent| self.all[parent].depth + 1),
            definition,
            inner: BTreeMap::new(),
            types: BTreeMap::new(),
            values: BTreeMap::new(),
            nested: BTreeMap::new(),
            programs: BTreeMap::new(),
            identities: BTreeMap::new(),
            entries: Vec::new(),
        });
        self.all.len() - 1
    }

    /// The namespace that a definition opens, or opens again.
    pub(super) fn open(&mut self, parent: ScopeId, definition: &'a Definition) -> ScopeId {
        let name = definition.name.name.as_str();
        if let Some(known) = self.all[parent].inner.get(name) {
            return *known;
        }
        let scope = self.add(Some(parent), Some(definition));
        self.all[parent].inner.insert(name, scope);
        self.all[parent].entries.push(Entry::Scope(scope));
        scope
    }

    /// The namespaces around a place within `scope`, outermost first.
    pub(super) fn path(&self, mut scope: ScopeId) -> Vec<String> {
        let mut path = Vec::new();
        while let (Some(parent), Some(definition)) =
            (self.all[scope].parent, self.all[scope].definition)
        {
            path.push(definition.name.name.clone());
            scope = parent;
        }
        path.reverse();
        path
    }

    /// A name as it can be written anywhere: `a::b`.
    pub(super) fn qualified(&self, scope: ScopeId, name: &str) -> String {
        let mut path = self.path(scope);
        path.push(name.to_owned());
        path.join("::")
    }

    /// Where a name is looked for, one after the other: the namespace around
    /// its place, then that around it, and so on.
    pub(super) fn searched(&self, scope: ScopeId, name: &ScopedName) -> Vec<ScopeId> {
        if name.absolute {
            return vec![ROOT];
        }
        std::iter::successors(Some(scope), |scope| self.all[*scope].parent).collect()
    }

    /// The namespace that `path` means, seen from within `scope` alone.
    pub(super) fn within(&self, scope: ScopeId, path: &[String]) -> Option<ScopeId> {
        path.iter().try_fold(scope, |scope, part| {
            self.all[scope].inner.get(part.as_str()).copied()
        })
    }

    /// What `find` finds first of a name that stands within `scope`.
    pub(super) fn find<'s, T>(
        &'s self,
        scope: ScopeId,
        name: &ScopedName,
        find: impl Fn(&'s Scope<'a>, &str) -> Option<T>,
    ) -> Option<T> {
        let (last, path) = name.parts.split_last()?;
        let searched = self.searched(scope, name).into_iter();
        let mut scopes = searched.filter_map(|outer| self.within(outer, path));
        scopes.find_map(|scope| find(&self.all[scope], last))
    }
}
