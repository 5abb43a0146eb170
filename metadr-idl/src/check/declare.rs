//! The first pass: every name that the files declare, and where.

use super::Report;
use super::externs::Externs;
use super::scopes::{
    Body, Entry, Origin, Place, ROOT, ScopeId, Scopes, TypeIndex, TypeName, ValueId, ValueName,
};
use crate::Span;
use crate::ast::{
    self, ConstantValue, Definition, DefinitionKind, Enumerator, Identifier, ScopedName, Shape,
    Tree, TypeSpecifier,
};
use std::collections::{BTreeMap, HashMap};
use std::ptr;

/// How deep namespaces and types without a name may lie in one another.
const MAX_DEPTH: usize = 64;

/// Everything that the files declare.
pub(super) struct Names<'a> {
    pub(super) scopes: Scopes<'a>,
    pub(super) types: Vec<TypeName<'a>>,
    pub(super) values: Vec<ValueName<'a>>,
    /// `typedef struct T T;`, which C needs and which means nothing here.
    pub(super) self_typedefs: Vec<(Place, &'a ScopedName)>,
    /// Constants that another file has defined before, and the first.
    pub(super) repeated: Vec<(ValueId, ValueId)>,
    /// The types without a name, by the address of their node.
    anonymous: HashMap<*const DefinitionKind, TypeIndex>,
}

impl<'a> Names<'a> {
    /// Declares every name, and reports those declared twice.
    pub(super) fn declare(tree: &'a Tree, externs: &Externs<'_>, report: &mut Report<'_>) -> Self {
        let names = Self {
            scopes: Scopes::new(),
            types: Vec::new(),
            values: Vec::new(),
            self_typedefs: Vec::new(),
            repeated: Vec::new(),
            anonymous: HashMap::new(),
        };
        let mut declaring = Declaring {
            names,
            tree,
            externs,
            report,
            unnamed: Vec::new(),
        };
        for (file, content) in tree.files.iter().enumerate() {
            let place = Place { scope: ROOT, file };
            for definition in &content.definitions {
                declaring.definition(definition, place);
            }
        }
        declaring.name_the_unnamed();
        declaring.names
    }

    /// The type that a node without a name defines.
    pub(super) fn anonymous(&self, node: &DefinitionKind) -> Option<TypeIndex> {
        self.anonymous.get(&ptr::from_ref(node)).copied()
    }
}

/// The pass at work.
struct Declaring<'a, 'e, 'r, 's> {
    names: Names<'a>,
    tree: &'a Tree,
    externs: &'e Externs<'e>,
    report: &'r mut Report<'s>,
    /// Types without a name, those around them first.
    unnamed: Vec<Unnamed<'a>>,
}

/// A type without a name, which gets that of its parent and its field.
struct Unnamed<'a> {
    index: TypeIndex,
    parent: Parent<'a>,
    field: &'a str,
}

/// What a type without a name is part of.
#[derive(Clone, Copy)]
enum Parent<'a> {
    Type(TypeIndex),
    Procedure(&'a str),
}

impl<'a> Declaring<'a, '_, '_, '_> {
    fn definition(&mut self, definition: &'a Definition, place: Place) {
        match &definition.kind {
            DefinitionKind::Namespace(inner) => self.namespace(definition, inner, place),
            DefinitionKind::Constant(value) => {
                let origin = match value {
                    ConstantValue::Value(value) => Origin::Constant(value),
                    ConstantValue::Text(text, _) => Origin::Text(text),
                };
                let id = self.value(&definition.name, place, origin);
                let is_first = self.declare_value(id, place.scope);
                if is_first && !self.is_elsewhere(place) {
                    let entry = Entry::Constant(id, definition);
                    self.names.scopes.all[place.scope].entries.push(entry);
                }
            }
            DefinitionKind::Program(program) => self.program(definition, program, place),
            DefinitionKind::Typedef(shape) => self.typedef(definition, shape, place),
            kind => {
                if let Some(body) = body(kind) {
                    self.named_type(definition, body, place);
                }
            }
        }
    }

    fn namespace(&mut self, definition: &'a Definition, inner: &'a [Definition], place: Place) {
        if self.names.scopes.all[place.scope].depth == MAX_DEPTH {
            let message = format!("found more than {MAX_DEPTH} namespaces within one another");
            self.report.error(definition.name.span, message);
            return;
        }
        let scope = self.names.scopes.open(place.scope, definition);
        for definition in inner {
            self.definition(definition, Place { scope, ..place });
        }
    }

    fn typedef(&mut self, definition: &'a Definition, shape: &'a Shape, place: Place) {
        let name = &definition.name.name;
        match shape {
            Shape::Plain(TypeSpecifier::Named(target))
                if target.parts == [name.as_str()] && (!target.absolute || place.scope == ROOT) =>
            {
                self.names.self_typedefs.push((place, target));
            }
            // The name is that of the type itself.
            Shape::Plain(TypeSpecifier::Anonymous(kind, _)) => {
                if let Some(body) = body(kind) {
                    self.named_type(definition, body, place);
                }
            }
            shape => self.named_type(definition, Body::Alias(shape), place),
        }
    }

    fn named_type(&mut self, definition: &'a Definition, body: Body<'a>, place: Place) {
        let Identifier { name, span } = &definition.name;
        if self.is_extern(&definition.name, place) {
            // Its enumerators may be used as numbers all the same.
            if let Body::Enumeration(all) = body {
                self.enumerators(all, place);
            }
            return;
        }
        let index = self.add_type(name.clone(), *span, &definition.docs, body, place);
        let scope = &self.names.scopes.all[place.scope];
        let first = scope.types.get(name).copied();
        if let Some(first) = first {
            let line = self.report.line(self.names.types[first].span, *span);
            let message = format!("type `{name}` is defined twice, first in {line}");
            self.report.error(*span, message);
        }
        self.parts(index, body, place, 0);
        if first.is_none() {
            let scope = &mut self.names.scopes.all[place.scope];
            scope.types.insert(name.clone(), index);
            scope.entries.push(Entry::Type(index));
        }
    }

    fn add_type(
        &mut self,
        name: String,
        span: Span,
        docs: &'a [String],
        body: Body<'a>,
        place: Place,
    ) -> TypeIndex {
        let enumerators = self.names.values.len();
        if let Body::Enumeration(all) = body {
            self.enumerators(all, place);
        }
        self.names.types.push(TypeName {
            is_anonymous: name.is_empty(),
            name,
            span,
            docs,
            place,
            body,
            enumerators,
        });
        self.names.types.len() - 1
    }

    /// The types without a name within another.
    fn parts(&mut self, index: TypeIndex, body: Body<'a>, place: Place, depth: usize) {
        let parent = Parent::Type(index);
        match body {
            Body::Alias(shape) => self.shape(shape, parent, "element", place, depth),
            Body::Enumeration(_) => {}
            Body::Structure(fields) => {
                for field in fields {
                    self.shape(&field.shape, parent, &field.name.name, place, depth);
                }
            }
            Body::Union(union) => {
                let name = &union.discriminant_name.name;
                self.specifier(&union.discriminant, parent, name, place, depth);
                for field in union.arms.iter().filter_map(|arm| arm.field.as_ref()) {
                    self.shape(&field.shape, parent, &field.name.name, place, depth);
                }
            }
        }
    }

    fn shape(
        &mut self,
        shape: &'a Shape,
        parent: Parent<'a>,
        field: &'a str,
        place: Place,
        depth: usize,
    ) {
        match shape {
            Shape::Plain(specifier)
            | Shape::Optional(specifier)
            | Shape::Fixed(specifier, _)
            | Shape::Variable(specifier, _) => {
                self.specifier(specifier, parent, field, place, depth);
            }
            Shape::OpaqueFixed(_) | Shape::Opaque(_) | Shape::String(_) => {}
        }
    }

    fn specifier(
        &mut self,
        specifier: &'a TypeSpecifier,
        parent: Parent<'a>,
        field: &'a str,
        place: Place,
        depth: usize,
    ) {
        let TypeSpecifier::Anonymous(kind, span) = specifier else {
            return;
        };
        let Some(body) = body(kind) else { return };
        if depth == MAX_DEPTH {
            let message = format!("found more than {MAX_DEPTH} types within one another");
            self.report.error(*span, message);
            return;
        }
        let index = self.add_type(String::new(), *span, &[], body, place);
        self.names.anonymous.insert(ptr::from_ref(&**kind), index);
        self.unnamed.push(Unnamed {
            index,
            parent,
            field,
        });
        self.parts(index, body, place, depth + 1);
        if !self.is_elsewhere(place) {
            let scope = &mut self.names.scopes.all[place.scope];
            scope.entries.push(Entry::Type(index));
        }
    }

    fn program(&mut self, definition: &'a Definition, program: &'a ast::Program, place: Place) {
        let name = &definition.name;
        self.identity(name, &program.number, place);
        for version in &program.versions {
            self.identity(&version.name, &version.number, place);
            for procedure in &version.procedures {
                self.identity(&procedure.name, &procedure.number, place);
                let parent = Parent::Procedure(&procedure.name.name);
                if let Some(result) = &procedure.result {
                    self.shape(result, parent, "result", place, 0);
                }
                for argument in &procedure.arguments {
                    let given = argument.name.as_ref().map(|name| name.name.as_str());
                    self.shape(&argument.shape, parent, given.unwrap_or("arg"), place, 0);
                }
            }
        }
        let scope = &mut self.names.scopes.all[place.scope];
        if let Some(first) = scope.programs.get(name.name.as_str()) {
            let line = self.report.line(*first, name.span);
            let message = format!("program `{}` is defined twice, first in {line}", name.name);
            self.report.error(name.span, message);
        } else {
            scope.programs.insert(&name.name, name.span);
        }
        if !self.is_elsewhere(place) {
            let scope = &mut self.names.scopes.all[place.scope];
            scope.entries.push(Entry::Program(definition, place));
        }
    }

    fn identity(&mut self, name: &'a Identifier, value: &'a ast::Value, place: Place) {
        let id = self.value(name, place, Origin::Identity(value));
        let scope = &mut self.names.scopes.all[place.scope];
        scope.identities.entry(&name.name).or_default().push(id);
    }

    fn enumerators(&mut self, all: &'a [Enumerator], place: Place) {
        let enumeration = self.names.values.len();
        for (index, enumerator) in all.iter().enumerate() {
            let origin = Origin::Enumerator {
                value: enumerator.value.as_ref(),
                is_first: index == 0,
                enumeration,
            };
            let id = self.value(&enumerator.name, place, origin);
            self.declare_value(id, place.scope);
        }
    }

    fn value(&mut self, name: &'a Identifier, place: Place, origin: Origin<'a>) -> ValueId {
        self.names.values.push(ValueName {
            name: &name.name,
            span: name.span,
            place,
            origin,
        });
        self.names.values.len() - 1
    }

    /// Whether it is the first of its name.
    fn declare_value(&mut self, id: ValueId, scope: ScopeId) -> bool {
        let Self { names, report, .. } = self;
        let ValueName {
            name, span, origin, ..
        } = names.values[id];
        let values = &mut names.scopes.all[scope].values;
        let Some(&first) = values.get(name) else {
            values.insert(name, id);
            return true;
        };
        let before = names.values[first];
        let is_constant = |origin| matches!(origin, Origin::Constant(_) | Origin::Text(_));
        if is_constant(origin)
            && is_constant(before.origin)
            && !report.is_same_file(before.span, span)
        {
            // Whether the two are the same is seen once they are known.
            names.repeated.push((id, first));
            return false;
        }
        let what = match origin {
            Origin::Enumerator { .. } => "enumerator",
            _ => "constant",
        };
        let line = report.line(before.span, span);
        report.error(
            span,
            format!("{what} `{name}` is defined twice, first in {line}"),
        );
        false
    }

    /// Whether everything in the namespace of an imported file is generated
    /// elsewhere.
    fn is_elsewhere(&self, place: Place) -> bool {
        !self.tree.files[place.file].is_given
            && (self.externs).has_namespace(&self.names.scopes.path(place.scope))
    }

    /// Whether a type is to be taken from elsewhere, although a file defines it.
    fn is_extern(&mut self, name: &Identifier, place: Place) -> bool {
        if self.is_elsewhere(place) {
            return true;
        }
        let qualified = self.names.scopes.qualified(place.scope, &name.name);
        if !self.externs.has(&qualified) {
            return false;
        }
        if self.tree.files[place.file].is_given {
            let message = format!("type `{qualified}` is defined here, and an extern as well");
            self.report.error(name.span, message);
        }
        true
    }

    /// Gives types without a name theirs, which no other type of the namespace
    /// has.
    fn name_the_unnamed(&mut self) {
        let mut numbers: BTreeMap<(ScopeId, String), u32> = BTreeMap::new();
        for Unnamed {
            index,
            parent,
            field,
        } in std::mem::take(&mut self.unnamed)
        {
            let parent = match parent {
                Parent::Type(parent) => self.names.types[parent].name.as_str(),
                Parent::Procedure(name) => name,
            };
            let wanted = format!("{parent}_{field}");
            let scope = self.names.types[index].place.scope;
            let taken = &mut self.names.scopes.all[scope].types;
            let mut name = wanted.clone();
            while taken.contains_key(&name) {
                let number = numbers.entry((scope, wanted.clone())).or_insert(1);
                *number += 1;
                name = format!("{wanted}{number}");
            }
            taken.insert(name.clone(), index);
            self.names.types[index].name = name;
        }
    }
}

/// What a definition of a type says, other than a typedef's.
fn body(kind: &DefinitionKind) -> Option<Body<'_>> {
    Some(match kind {
        DefinitionKind::Enumeration(all) => Body::Enumeration(all),
        DefinitionKind::Structure(fields) => Body::Structure(fields),
        DefinitionKind::Union(union) => Body::Union(union),
        _ => return None,
    })
}
