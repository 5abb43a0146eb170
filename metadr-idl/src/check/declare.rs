//! The first pass: every name that the files declare, and where.

use super::Report;
use super::externs::Externs;
use super::same::same_body;
use super::scopes::{
    Body, Entry, Origin, Place, ROOT, ScopeId, Scopes, TypeIndex, TypeName, ValueId, ValueName,
};
use crate::ast::{
    self, ConstantValue, Definition, DefinitionKind, Enumerator, Identifier, ScopedName, Shape,
    Tree, TypeSpecifier,
};
use crate::{Severity, Span};
use std::cell::OnceCell;
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
    /// Constants and enumerators with the name of a constant, and the one before.
    pub(super) repeated: Vec<(ValueId, ValueId)>,
    /// The enumerators of enumerations without a name, by the type around them.
    pub(super) nested: HashMap<TypeIndex, HashMap<&'a str, Vec<ValueId>>>,
    /// The types without a name, by the address of their node.
    anonymous: HashMap<*const DefinitionKind, TypeIndex>,
    /// The enumerators of each enumeration, once one is asked for.
    qualified: OnceCell<HashMap<TypeIndex, HashMap<&'a str, [ValueId; 1]>>>,
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
            nested: HashMap::new(),
            anonymous: HashMap::new(),
            qualified: OnceCell::new(),
        };
        let mut declaring = Declaring {
            names,
            tree,
            externs,
            report,
            unnamed: Vec::new(),
        };
        for (file, content) in tree.files.iter().enumerate() {
            let place = Place {
                scope: ROOT,
                file,
                within: None,
            };
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

    /// What a name can stand for where a number is expected: a constant or
    /// enumerators, and programs, versions or procedures where there is no such.
    /// The names of the type around the place come first.
    pub(super) fn values_of<'s>(
        &'s self,
        name: &ScopedName,
        place: Place,
    ) -> Option<&'s [ValueId]> {
        let scopes = &self.scopes;
        let own = self.nested_value(name, place);
        let found = own
            .or_else(|| scopes.find(place.scope, name, |scope, name| scope.values.get(name)))
            .or_else(|| scopes.find(place.scope, name, |scope, name| scope.nested.get(name)));
        if let Some(found) = found {
            return Some(found);
        }
        let identities =
            || scopes.find(place.scope, name, |scope, name| scope.identities.get(name));
        match self.enumerator_of_type(name, place) {
            Some(found) => Some(found),
            None => identities().map(Vec::as_slice),
        }
    }

    fn nested_value<'s>(&'s self, name: &ScopedName, place: Place) -> Option<&'s Vec<ValueId>> {
        let [bare] = &name.parts[..] else { return None };
        let nested = self.nested.get(&place.within?)?;
        if name.absolute {
            None
        } else {
            nested.get(bare.as_str())
        }
    }

    /// `color::RED`, as C++ writes an enumerator of `enum color`.
    fn enumerator_of_type<'s>(&'s self, name: &ScopedName, place: Place) -> Option<&'s [ValueId]> {
        let (last, path) = name.parts.split_last()?;
        let (ty, path) = path.split_last()?;
        let searched = self.scopes.searched(place.scope, name).into_iter();
        let mut scopes = searched.filter_map(|outer| self.scopes.within(outer, path));
        let ty = scopes.find_map(|scope| self.scopes.all[scope].types.get(ty).copied())?;
        let qualified = self.qualified.get_or_init(|| self.qualified());
        let found = qualified.get(&ty)?.get(last.as_str())?;
        Some(found)
    }

    fn qualified(&self) -> HashMap<TypeIndex, HashMap<&'a str, [ValueId; 1]>> {
        let types = self.types.iter().enumerate();
        let enumerations = types.filter_map(|(index, ty)| {
            let Body::Enumeration(all) = ty.body else {
                return None;
            };
            let names = all.iter().map(|one| one.name.name.as_str());
            Some((
                index,
                names.zip((ty.enumerators..).map(|id| [id])).collect(),
            ))
        });
        enumerations.collect()
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
                let is_first = self.declare_constant(id, place.scope);
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
                self.enumerators(all, place, false);
            }
            return;
        }
        let scope = &self.names.scopes.all[place.scope];
        let first = scope.types.get(name).copied();
        if let Some(first) = first {
            let first = &self.names.types[first];
            let is_same = same_body(first.body, body);
            self.type_twice(name, *span, first.span, is_same);
            if is_same {
                return;
            }
        }
        let index = self.add_type(name.clone(), *span, &definition.docs, body, place);
        let place = self.names.types[index].place;
        self.parts(index, body, place, 0);
        if first.is_none() {
            let scope = &mut self.names.scopes.all[place.scope];
            scope.types.insert(name.clone(), index);
            scope.entries.push(Entry::Type(index));
        }
    }

    /// C takes a typedef twice if both say the same.
    fn type_twice(&mut self, name: &str, span: Span, first: Span, is_same: bool) {
        let severity = match self.report.is_same_file(first, span) {
            _ if !is_same => Severity::Error,
            true => Severity::Warning,
            false => Severity::Deviation,
        };
        let line = self.report.line(first, span);
        let message = format!("type `{name}` is defined twice, first in {line}");
        self.report.add_at(severity, span, message, None);
    }

    fn add_type(
        &mut self,
        name: String,
        span: Span,
        docs: &'a [String],
        body: Body<'a>,
        place: Place,
    ) -> TypeIndex {
        let index = self.names.types.len();
        let place = Place {
            within: place.within.or(Some(index)),
            ..place
        };
        let enumerators = self.names.values.len();
        if let Body::Enumeration(all) = body {
            self.enumerators(all, place, name.is_empty());
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
        let place = self.names.types[index].place;
        self.parts(index, body, place, depth + 1);
        if !self.is_elsewhere(place) {
            let scope = &mut self.names.scopes.all[place.scope];
            scope.entries.push(Entry::Type(index));
        }
    }

    /// Of programs in files that are only imported, the numbers alone are known.
    fn program(&mut self, definition: &'a Definition, program: &'a ast::Program, place: Place) {
        let name = &definition.name;
        let is_given = self.tree.files[place.file].is_given;
        self.identity(name, &program.number, place);
        for version in &program.versions {
            self.identity(&version.name, &version.number, place);
            for procedure in &version.procedures {
                self.identity(&procedure.name, &procedure.number, place);
                if is_given {
                    self.types_of_procedure(procedure, place);
                }
            }
        }
        if !is_given {
            return;
        }
        let scope = &mut self.names.scopes.all[place.scope];
        if let Some(first) = scope.programs.get(name.name.as_str()) {
            let line = self.report.line(*first, name.span);
            let message = format!("program `{}` is defined twice, first in {line}", name.name);
            self.report.error(name.span, message);
        } else {
            scope.programs.insert(&name.name, name.span);
        }
        scope.entries.push(Entry::Program(definition, place));
    }

    fn types_of_procedure(&mut self, procedure: &'a ast::Procedure, place: Place) {
        let parent = Parent::Procedure(&procedure.name.name);
        if let Some(result) = &procedure.result {
            self.shape(result, parent, "result", place, 0);
        }
        for argument in &procedure.arguments {
            let given = argument.name.as_ref().map(|name| name.name.as_str());
            self.shape(&argument.shape, parent, given.unwrap_or("arg"), place, 0);
        }
    }

    fn identity(&mut self, name: &'a Identifier, value: &'a ast::Value, place: Place) {
        let id = self.value(name, place, Origin::Identity(value));
        let scope = &mut self.names.scopes.all[place.scope];
        scope.identities.entry(&name.name).or_default().push(id);
    }

    fn enumerators(&mut self, all: &'a [Enumerator], place: Place, is_nested: bool) {
        let enumeration = self.names.values.len();
        for (index, enumerator) in all.iter().enumerate() {
            let origin = Origin::Enumerator {
                value: enumerator.value.as_ref(),
                is_first: index == 0,
                enumeration,
            };
            let id = self.value(&enumerator.name, place, origin);
            match place.within.filter(|_| is_nested) {
                Some(around) => self.declare_nested(id, around, place.scope),
                None => self.declare_enumerator(id, place.scope),
            }
        }
    }

    fn declare_enumerator(&mut self, id: ValueId, scope: ScopeId) {
        let one = self.names.values[id];
        let known = self.names.scopes.all[scope].values.get(one.name);
        let known = known.and_then(|known| Some((*known.first()?, *known.last()?)));
        let Some((first, last)) = known else {
            self.names.scopes.all[scope]
                .values
                .insert(one.name, vec![id]);
            return;
        };
        if self.is_enumerator_twice(id, last) {
            return;
        }
        if self.names.values[first].origin.is_constant() {
            self.names.repeated.push((id, first));
        } else {
            let line = self.report.line(self.names.values[first].span, one.span);
            let message = format!(
                "`{}` is an enumerator of another enumeration too, in {line}",
                one.name
            );
            self.report.warning(one.span, message);
        }
        let values = &mut self.names.scopes.all[scope].values;
        values.entry(one.name).or_default().push(id);
    }

    fn declare_nested(&mut self, id: ValueId, around: TypeIndex, scope: ScopeId) {
        let name = self.names.values[id].name;
        let nested = self.names.nested.entry(around).or_default();
        let known = nested.get(name).and_then(|known| known.last().copied());
        if known.is_some_and(|last| self.is_enumerator_twice(id, last)) {
            return;
        }
        let nested = self.names.nested.entry(around).or_default();
        nested.entry(name).or_default().push(id);
        let outside = &mut self.names.scopes.all[scope].nested;
        outside.entry(name).or_default().push(id);
    }

    /// Whether both are of the same enumeration, which is reported.
    fn is_enumerator_twice(&mut self, id: ValueId, before: ValueId) -> bool {
        let (one, before) = (self.names.values[id], self.names.values[before]);
        let is_same = one.origin.enumeration() == before.origin.enumeration()
            && one.origin.enumeration().is_some();
        if is_same {
            let line = self.report.line(before.span, one.span);
            let message = format!(
                "enumerator `{}` is defined twice, first in {line}",
                one.name
            );
            self.report.error(one.span, message);
        }
        is_same
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

    /// Whether it is the first constant of its name.
    fn declare_constant(&mut self, id: ValueId, scope: ScopeId) -> bool {
        let name = self.names.values[id].name;
        let values = self.names.scopes.all[scope].values.entry(name).or_default();
        let first = values.first().copied();
        let is_repeated = first.is_some_and(|first| self.names.values[first].origin.is_constant());
        // Whether the numbers are the same is seen once they are known.
        let before = if is_repeated {
            &values[..1]
        } else {
            &values[..]
        };
        (self.names.repeated).extend(before.iter().map(|before| (id, *before)));
        if !is_repeated {
            values.insert(0, id);
        }
        !is_repeated
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
