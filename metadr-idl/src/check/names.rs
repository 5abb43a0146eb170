//! What each scope defines, and the search from the inside out.

use super::{Report, Scope};
use crate::Span;
use crate::ast::{
    ConstantValue, Definition, DefinitionKind, Enumerator, Identifier, ScopedName, Shape, Tree,
    TypeSpecifier, Value,
};
use crate::model::TypeId;
use std::collections::BTreeMap;

/// A name with the namespaces before it.
type Path = Vec<String>;

/// Everything the file declares.
pub(super) struct Names<'a> {
    types: BTreeMap<Path, (TypeId, Span)>,
    values: BTreeMap<Path, ValueName<'a>>,
}

/// A name that stands for a number.
#[derive(Clone, Copy)]
pub(super) struct ValueName<'a> {
    pub(super) span: Span,
    pub(super) origin: Origin<'a>,
}

/// Where the number of a name comes from.
#[derive(Clone, Copy)]
pub(super) enum Origin<'a> {
    Constant(&'a Value),
    /// All enumerators of its enumeration, and which one it is.
    Enumerator(&'a [Enumerator], usize),
}

impl<'a> Names<'a> {
    /// Declares every name of the file, and reports those declared twice.
    pub(super) fn declare(tree: &'a Tree, report: &mut Report<'_>) -> Self {
        let mut names = Self {
            types: BTreeMap::new(),
            values: BTreeMap::new(),
        };
        for file in &tree.files {
            names.scope(&file.definitions, &mut Vec::new(), report);
        }
        names
    }

    fn scope(&mut self, definitions: &'a [Definition], scope: &mut Scope, report: &mut Report<'_>) {
        for definition in definitions {
            let name = &definition.name;
            match &definition.kind {
                DefinitionKind::Namespace(inner) => {
                    scope.push(name.name.clone());
                    self.scope(inner, scope, report);
                    scope.pop();
                }
                DefinitionKind::Constant(ConstantValue::Text(..)) => {}
                DefinitionKind::Constant(ConstantValue::Value(value)) => {
                    self.declare_value(scope, name, Origin::Constant(value), report);
                }
                DefinitionKind::Program(_) => {}
                DefinitionKind::Typedef(shape) if is_self_typedef(name, shape) => {}
                DefinitionKind::Enumeration(enumerators) => {
                    self.declare_type(scope, name, report);
                    for (index, enumerator) in enumerators.iter().enumerate() {
                        let origin = Origin::Enumerator(enumerators, index);
                        self.declare_value(scope, &enumerator.name, origin, report);
                    }
                }
                _ => self.declare_type(scope, name, report),
            }
        }
    }

    fn declare_type(&mut self, scope: &Scope, name: &Identifier, report: &mut Report<'_>) {
        let path = joined(scope, &name.name);
        if let Some((_, first)) = self.types.get(&path) {
            let line = report.line(*first);
            let message = format!(
                "type `{}` is defined twice, first in line {line}",
                name.name
            );
            report.error(name.span, message);
            return;
        }
        let id = TypeId(self.types.len());
        self.types.insert(path, (id, name.span));
    }

    fn declare_value(
        &mut self,
        scope: &Scope,
        name: &Identifier,
        origin: Origin<'a>,
        report: &mut Report<'_>,
    ) {
        let path = joined(scope, &name.name);
        if let Some(first) = self.values.get(&path) {
            let line = report.line(first.span);
            let message = format!(
                "constant `{}` is defined twice, first in line {line}",
                name.name
            );
            report.error(name.span, message);
            return;
        }
        let span = name.span;
        self.values.insert(path, ValueName { span, origin });
    }

    pub(super) fn type_count(&self) -> usize {
        self.types.len()
    }

    /// The type that a definition made; `None` if an earlier one of the same
    /// name was the one that counted.
    pub(super) fn own_type(&self, scope: &Scope, name: &Identifier) -> Option<TypeId> {
        let (id, span) = self.types.get(&joined(scope, &name.name))?;
        (*span == name.span).then_some(*id)
    }

    /// The type that a name means at a place within `scope`.
    pub(super) fn find_type(&self, scope: &Scope, name: &ScopedName) -> Option<TypeId> {
        search(&self.types, scope, name).map(|(_, (id, _))| *id)
    }

    /// The number that a name means at a place within `scope`, and the scope
    /// in which its own definition is to be read.
    pub(super) fn find_value(
        &self,
        scope: &Scope,
        name: &ScopedName,
    ) -> Option<(Scope, ValueName<'a>)> {
        let (path, value) = search(&self.values, scope, name)?;
        Some((path[..path.len() - 1].to_vec(), *value))
    }
}

/// `typedef struct T T;`, which C needs and which means nothing here.
pub(super) fn is_self_typedef(name: &Identifier, shape: &Shape) -> bool {
    matches!(
        shape,
        Shape::Plain(TypeSpecifier::Named(target))
            if !target.absolute && target.parts == [name.name.as_str()]
    )
}

/// Looks in the innermost scope first, then in each around it.
fn search<'m, T>(
    map: &'m BTreeMap<Path, T>,
    scope: &Scope,
    name: &ScopedName,
) -> Option<(&'m Path, &'m T)> {
    let outermost = if name.absolute { 0 } else { scope.len() };
    (0..=outermost).rev().find_map(|depth| {
        let mut path = scope[..depth].to_vec();
        path.extend(name.parts.iter().cloned());
        map.get_key_value(&path)
    })
}

fn joined(scope: &Scope, name: &str) -> Path {
    let mut path = scope.clone();
    path.push(name.to_owned());
    path
}
