//! Tree to model: resolves names, computes numbers, and reports everything
//! that is wrong, not just the first.
//!
//! `declare` notes what every namespace defines, for all files together, so
//! that the order of definitions never matters. Then types are built, those
//! that a discriminant may name first (`types`, `unions`), and programs
//! (`programs`), while `values` computes numbers as they are asked for. `sizes`
//! looks at the whole. What is wrong in one place is put aside as unknown and
//! fits everywhere, so that nothing is reported that only follows from it.

mod aliases;
mod declare;
mod externs;
mod hints;
mod programs;
mod report;
mod same;
mod scopes;
mod sizes;
mod types;
mod unions;
mod values;

use crate::ast::{ConstantValue as Text, Definition, DefinitionKind, Tree};
use crate::model::{
    Constant, ConstantValue, ExternId, Item, Model, Module, Type, TypeDefinition, TypeId,
};
use crate::{CheckOptions, Diagnostics, Span};
use declare::Names;
use externs::Externs;
use hints::Hints;
use report::Report;
use scopes::{Body, Entry, Origin, ROOT, ScopeId, ValueId};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::sync::Arc;
use unions::EnumeratorIndex;
use values::{Ambiguous, Number};

/// # Errors
///
/// Everything that is wrong with the files.
pub(crate) fn check(tree: &Tree, options: &CheckOptions) -> Result<Model, Diagnostics> {
    let options = CheckOptions {
        assume_headers: false,
        ..options.clone()
    };
    let (mut model, found) = run(tree, &options);
    if found.has_errors() {
        return Err(found);
    }
    model.warnings = found;
    Ok(model)
}

/// Everything that is found.
pub(crate) fn lint(tree: &Tree, options: &CheckOptions) -> Diagnostics {
    run(tree, options).1
}

/// The model means nothing if an error was found, or an unknown name let pass.
fn run(tree: &Tree, options: &CheckOptions) -> (Model, Diagnostics) {
    let mut report = Report::new(tree, options.pedantic);
    let externs = Externs::new(options, &mut report);
    let names = Names::declare(tree, &externs, &mut report);
    let mut checker = Checker {
        options,
        numbers: vec![Number::Unasked; names.values.len()],
        types: names.types.iter().map(|_| None).collect(),
        names,
        externs,
        hints: Hints::new(tree),
        ambiguous: Ambiguous::default(),
        of_headers: BTreeMap::new(),
        is_incomplete: BTreeSet::new(),
        enumerators: BTreeMap::new(),
        identities: BTreeMap::new(),
        report,
    };
    checker.build_types();
    let mut root = checker.module(ROOT);
    checker.check_names();
    let Checker {
        types,
        of_headers,
        externs,
        is_incomplete,
        mut report,
        ..
    } = checker;
    let of_headers = of_headers.into_values().map(Item::Type);
    root.items.splice(..0, of_headers);
    let mut model = Model {
        sources: Arc::clone(&tree.sources),
        root,
        types: types
            .into_iter()
            .map(|definition| definition.expect("every type was built"))
            .collect(),
        externs: externs.all,
        ..Model::default()
    };
    sizes::check(&mut model, &is_incomplete, &mut report);
    (model, report.finish())
}

/// The type of what is not known, which was reported. It is in no model that
/// anyone gets to see.
const UNKNOWN: Type = Type::Extern(ExternId(usize::MAX));

/// The state of everything after the declarations.
struct Checker<'a> {
    options: &'a CheckOptions,
    names: Names<'a>,
    externs: Externs<'a>,
    hints: Hints<'a>,
    /// What is known of `names.values`.
    numbers: Vec<Number>,
    /// What was built of `names.types`, and behind that what is `of_headers`.
    types: Vec<Option<TypeDefinition>>,
    /// Structures that C's headers define, as far as the files name them.
    of_headers: BTreeMap<String, TypeId>,
    /// Enumerations and unions with enumerators or labels that are not known.
    is_incomplete: BTreeSet<TypeId>,
    /// The enumerators of those that are discriminants.
    enumerators: BTreeMap<TypeId, Rc<EnumeratorIndex>>,
    ambiguous: Ambiguous,
    /// The numbers of programs and versions, and where they are given.
    identities: BTreeMap<(u32, u32), Span>,
    report: Report<'a>,
}

impl<'a> Checker<'a> {
    /// Builds all types. A union asks what its discriminant is, so that
    /// enumerations and typedefs come first.
    fn build_types(&mut self) {
        let is_late = |body| matches!(body, Body::Structure(_) | Body::Union(_));
        for late in [false, true] {
            for index in 0..self.names.types.len() {
                let body = self.names.types[index].body;
                if is_late(body) != late {
                    continue;
                }
                let kind = self.kind(index, body);
                let ty = &self.names.types[index];
                self.types[index] = Some(TypeDefinition {
                    name: ty.name.clone(),
                    span: ty.span,
                    is_anonymous: ty.is_anonymous,
                    namespace: self.names.scopes.path(ty.place.scope),
                    docs: ty.docs.to_vec(),
                    kind,
                });
            }
        }
    }

    /// What a namespace holds. Namespaces lie only so deep in one another.
    fn module(&mut self, scope: ScopeId) -> Module {
        let mut module = Module::default();
        if let Some(definition) = self.names.scopes.all[scope].definition {
            module.name.clone_from(&definition.name.name);
            module.span = definition.name.span;
            module.docs.clone_from(&definition.docs);
        }
        for entry in std::mem::take(&mut self.names.scopes.all[scope].entries) {
            let item = match entry {
                Entry::Scope(inner) => Some(Item::Module(self.module(inner))),
                Entry::Type(index) => Some(Item::Type(TypeId(index))),
                Entry::Constant(id, definition) => {
                    self.constant(id, definition).map(Item::Constant)
                }
                Entry::Program(definition, place) => {
                    self.program(definition, place).map(Item::Program)
                }
            };
            module.items.extend(item);
        }
        module
    }

    fn constant(&mut self, id: ValueId, definition: &Definition) -> Option<Constant> {
        let value = match &definition.kind {
            DefinitionKind::Constant(Text::Text(text, _)) => ConstantValue::Text(text.clone()),
            _ => ConstantValue::Number(self.number_of(id)?),
        };
        Some(Constant {
            name: definition.name.name.clone(),
            span: definition.name.span,
            docs: definition.docs.clone(),
            value,
        })
    }

    /// What is left once everything was built.
    fn check_names(&mut self) {
        for (place, name) in std::mem::take(&mut self.names.self_typedefs) {
            self.named_type(name, place);
        }
        for (id, first) in std::mem::take(&mut self.names.repeated) {
            self.repeated(id, first);
        }
        for id in 0..self.names.values.len() {
            // Those that nobody uses may be wrong as well.
            self.number_of(id);
        }
        self.check_ambiguous();
    }

    /// Two constants with the same name, or a constant and an enumerator. C's
    /// headers have the like, and mean the same.
    fn repeated(&mut self, id: ValueId, first: ValueId) {
        let (one, before) = (self.names.values[id], self.names.values[first]);
        let is_same = match (one.origin, before.origin) {
            (Origin::Text(one), Origin::Text(before)) => one == before,
            (Origin::Text(_), _) | (_, Origin::Text(_)) => false,
            _ => match (self.number_of(id), self.number_of(first)) {
                (Some(one), Some(before)) => one == before,
                // What is wrong was reported.
                _ => return,
            },
        };
        let line = self.report.line(before.span, one.span);
        let name = one.name;
        let what = |origin: Origin<'_>| match origin {
            Origin::Enumerator { .. } => "enumerator",
            _ => "constant",
        };
        let (what, first) = (what(one.origin), what(before.origin));
        let article = if first == "enumerator" { "an" } else { "a" };
        if !is_same {
            let message =
                format!("{what} `{name}` has another value than in {line}, expected the same");
            self.report.error(one.span, message);
        } else if what != first {
            let message =
                format!("{what} `{name}` is the name of {article} {first} too, in {line}");
            self.report.warning(one.span, message);
        } else if self.report.is_same_file(one.span, before.span) {
            let message = format!("{what} `{name}` is defined twice, first in {line}");
            self.report.warning(one.span, message);
        } else {
            let message = format!("{what} `{name}` is defined twice, first in {line}");
            self.report.deviation(one.span, message);
        }
    }
}
