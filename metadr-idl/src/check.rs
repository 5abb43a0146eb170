//! Tree to model: resolves names, computes numbers, and reports everything
//! that is wrong, not just the first.
//!
//! Three passes: `names` declares what every scope defines, `values` computes
//! constants and enumerators on demand (they may refer to one another in any
//! order), `types` and `programs` build the model. `recursion` then looks at
//! the whole.

mod names;
mod programs;
mod recursion;
mod types;
mod values;

use crate::ast::{self, Definition, DefinitionKind, Tree};
use crate::model::{Constant, ConstantValue, Item, Model, Module, TypeDefinition, TypeKind};
use crate::{CheckOptions, Diagnostic, Diagnostics, SourceMap, Span};
use names::Names;
use std::sync::Arc;

/// # Errors
///
/// Everything that is wrong with the file.
pub(crate) fn check(tree: &Tree, _options: &CheckOptions) -> Result<Model, Diagnostics> {
    let mut report = Report {
        sources: &tree.sources,
        found: Vec::new(),
    };
    let names = Names::declare(tree, &mut report);
    let mut checker = Checker {
        names,
        types: Vec::new(),
        report,
    };
    checker
        .types
        .resize_with(checker.names.type_count(), || None);
    let mut root = Module::default();
    for file in &tree.files {
        checker.module(&file.definitions, &mut Vec::new(), &mut root);
    }
    let Checker {
        types, mut report, ..
    } = checker;
    let mut model = Model {
        sources: Arc::clone(&tree.sources),
        root,
        ..Model::default()
    };
    if report.found.is_empty() {
        model.types = types
            .into_iter()
            .map(|ty| ty.expect("a type without an error was built"))
            .collect();
        recursion::check(&mut model, &mut report);
    }
    let found = Diagnostics::from_found(report.found);
    if found.has_errors() {
        return Err(found);
    }
    Ok(model)
}

/// Everything that is found.
pub(crate) fn lint(tree: &Tree, options: &CheckOptions) -> Diagnostics {
    check(tree, options).map_or_else(|found| found, |model| model.warnings)
}

/// Collects errors.
struct Report<'a> {
    sources: &'a SourceMap,
    found: Vec<Diagnostic>,
}

impl Report<'_> {
    fn error(&mut self, span: Span, message: impl Into<String>) {
        let diagnostic = Diagnostic::error(self.sources, span, message);
        self.found.push(diagnostic);
    }

    /// The line of a place, for messages that point to a second one.
    fn line(&self, span: Span) -> usize {
        self.sources.locate(span).line
    }
}

/// The state of the second and third pass.
struct Checker<'a> {
    names: Names<'a>,
    types: Vec<Option<TypeDefinition>>,
    report: Report<'a>,
}

/// The namespaces around a place, outermost first.
type Scope = Vec<String>;

impl<'a> Checker<'a> {
    fn module(&mut self, definitions: &'a [Definition], scope: &mut Scope, module: &mut Module) {
        for definition in definitions {
            if let DefinitionKind::Namespace(inner) = &definition.kind {
                let index = reopened(module, definition);
                let Item::Module(target) = &mut module.items[index] else {
                    unreachable!("the index is that of a module");
                };
                let mut target = std::mem::take(target);
                scope.push(definition.name.name.clone());
                self.module(inner, scope, &mut target);
                scope.pop();
                module.items[index] = Item::Module(target);
            } else if let Some(item) = self.item(definition, scope) {
                module.items.push(item);
            }
        }
    }

    fn item(&mut self, definition: &'a Definition, scope: &Scope) -> Option<Item> {
        let kind = match &definition.kind {
            DefinitionKind::Namespace(_) => unreachable!("namespaces are walked by the caller"),
            DefinitionKind::Constant(value) => {
                let value = match value {
                    ast::ConstantValue::Value(value) => {
                        ConstantValue::Number(self.number(value, scope)?)
                    }
                    ast::ConstantValue::Text(text, _) => ConstantValue::Text(text.clone()),
                };
                return Some(Item::Constant(Constant {
                    name: definition.name.name.clone(),
                    span: definition.name.span,
                    docs: definition.docs.clone(),
                    value,
                }));
            }
            DefinitionKind::Program(program) => {
                return self.program(definition, program, scope).map(Item::Program);
            }
            DefinitionKind::Typedef(shape) => {
                if names::is_self_typedef(&definition.name, shape) {
                    return None;
                }
                self.shape(shape, scope).map(TypeKind::Alias)
            }
            DefinitionKind::Enumeration(enumerators) => self.enumeration(enumerators, scope),
            DefinitionKind::Structure(fields) => self.structure(fields, scope),
            DefinitionKind::Union(union) => self.union(union, scope).map(TypeKind::Union),
        };
        let id = self.names.own_type(scope, &definition.name)?;
        self.types[id.0] = Some(TypeDefinition {
            name: definition.name.name.clone(),
            span: definition.name.span,
            is_anonymous: false,
            namespace: scope.clone(),
            docs: definition.docs.clone(),
            kind: kind?,
        });
        Some(Item::Type(id))
    }
}

/// The index in `module` of the namespace, made if it is not there yet.
fn reopened(module: &mut Module, definition: &Definition) -> usize {
    let name = &definition.name.name;
    let known = module
        .items
        .iter()
        .position(|item| matches!(item, Item::Module(inner) if inner.name == *name));
    known.unwrap_or_else(|| {
        module.items.push(Item::Module(Module {
            name: name.clone(),
            span: definition.name.span,
            docs: definition.docs.clone(),
            items: Vec::new(),
        }));
        module.items.len() - 1
    })
}
