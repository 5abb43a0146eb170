//! Structures, enumerations and the types of their parts.

use super::scopes::{Body, Place, ROOT, TypeIndex};
use super::{Checker, UNKNOWN, aliases};
use crate::Span;
use crate::ast::{
    BaseType, Enumerator, Field, Identifier, ScopedName, Shape, TypeSpecifier, Value,
};
use crate::model::{self, ExternId, Type, TypeId, TypeKind};
use std::collections::BTreeMap;

/// What a named type turned out to be.
enum Found {
    Defined(TypeIndex),
    Extern(ExternId),
}

impl<'a> Checker<'a> {
    pub(super) fn kind(&mut self, index: TypeIndex, body: Body<'a>) -> TypeKind {
        let place = self.names.types[index].place;
        match body {
            Body::Alias(shape) => TypeKind::Alias(self.shape(shape, place)),
            Body::Enumeration(all) => TypeKind::Enumeration(self.enumeration(index, all)),
            Body::Structure(fields) => {
                self.no_name_twice(fields.iter().map(|field| &field.name), "field");
                let fields = fields.iter().map(|field| self.field(field, place));
                TypeKind::Structure(fields.collect())
            }
            Body::Union(union) => TypeKind::Union(self.union(index, union)),
        }
    }

    pub(super) fn shape(&mut self, shape: &Shape, place: Place) -> Type {
        match shape {
            Shape::Plain(specifier) => self.specifier(specifier, place),
            Shape::Optional(specifier) => {
                Type::Optional(Box::new(self.specifier(specifier, place)))
            }
            Shape::Fixed(specifier, size) => {
                let element = self.specifier(specifier, place);
                let size = self.size(size, place);
                size.map_or(UNKNOWN, |size| Type::Fixed(Box::new(element), size))
            }
            Shape::Variable(specifier, limit) => {
                let element = self.specifier(specifier, place);
                Type::Variable(Box::new(element), self.limit(limit.as_ref(), place))
            }
            Shape::OpaqueFixed(size) => self.size(size, place).map_or(UNKNOWN, Type::OpaqueFixed),
            Shape::Opaque(limit) => Type::Opaque(self.limit(limit.as_ref(), place)),
            Shape::String(limit) => Type::String(self.limit(limit.as_ref(), place)),
        }
    }

    /// The limit of a length; the greatest of all if none is given, or none that
    /// makes sense.
    fn limit(&mut self, limit: Option<&Value>, place: Place) -> u32 {
        limit
            .and_then(|value| self.size(value, place))
            .unwrap_or(u32::MAX)
    }

    pub(super) fn specifier(&mut self, specifier: &TypeSpecifier, place: Place) -> Type {
        match specifier {
            TypeSpecifier::Base(base, _) => base_type(*base),
            TypeSpecifier::Anonymous(kind, _) => {
                let index = self.names.anonymous(kind);
                index.map_or(UNKNOWN, |index| Type::Named(TypeId(index)))
            }
            TypeSpecifier::Named(name) => self.named_type(name, place),
        }
    }

    /// The type that a name means; reports if it means none.
    pub(super) fn named_type(&mut self, name: &ScopedName, place: Place) -> Type {
        match self.find_type(name, place) {
            Some(Found::Defined(index)) => return Type::Named(TypeId(index)),
            Some(Found::Extern(id)) => return Type::Extern(id),
            None => {}
        }
        if let [one] = &name.parts[..]
            && let Some((ty, standard)) = aliases::builtin(one)
        {
            let message = format!("`{one}` is not of RFC 4506, expected `{standard}`");
            self.report.deviation(name.span, message);
            return ty;
        }
        if let [one] = &name.parts[..]
            && let Some(ty) = self.structure_of_header(one, name.span)
        {
            return ty;
        }
        self.undefined_type(name, place);
        UNKNOWN
    }

    /// A structure that no file defines. It stands behind all that they do.
    fn structure_of_header(&mut self, name: &str, span: Span) -> Option<Type> {
        let known = self.of_headers.get(name).copied();
        let id = match known {
            Some(id) => id,
            None => {
                let definition = aliases::structure(name, span)?;
                let id = TypeId(self.types.len());
                self.of_headers.insert(name.to_owned(), id);
                self.types.push(Some(definition));
                id
            }
        };
        let message = format!("`{name}` is defined by `<rpc/rpc.h>` alone, expected a definition");
        self.report.deviation(span, message);
        Some(Type::Named(id))
    }

    fn find_type(&mut self, name: &ScopedName, place: Place) -> Option<Found> {
        let (last, path) = name.parts.split_last()?;
        let scopes = &self.names.scopes;
        for outer in scopes.searched(place.scope, name) {
            let scope = scopes.within(outer, path);
            let types = scope.map(|scope| &scopes.all[scope].types);
            if let Some(index) = types.and_then(|types| types.get(last)) {
                return Some(Found::Defined(*index));
            }
            let mut namespace = match outer {
                ROOT => Vec::new(),
                outer => scopes.path(outer),
            };
            namespace.extend_from_slice(path);
            if let Some(id) = self.externs.find(&namespace, last) {
                return Some(Found::Extern(id));
            }
        }
        None
    }

    pub(super) fn field(&mut self, field: &Field, place: Place) -> model::Field {
        model::Field {
            name: field.name.name.clone(),
            span: field.name.span,
            docs: field.docs.clone(),
            ty: self.shape(&field.shape, place),
            // Seen once all types are built.
            is_boxed: false,
        }
    }

    fn enumeration(&mut self, index: TypeIndex, all: &[Enumerator]) -> Vec<model::Enumerator> {
        let first = self.names.types[index].enumerators;
        let mut before = None;
        let mut built = Vec::with_capacity(all.len());
        for (offset, enumerator) in all.iter().enumerate() {
            let number = self.number_of(first + offset);
            let value = number.and_then(|number| self.enumerator(enumerator, number, before));
            before = number;
            let Some(value) = value else {
                self.is_incomplete.insert(TypeId(index));
                continue;
            };
            built.push(model::Enumerator {
                name: enumerator.name.name.clone(),
                span: enumerator.name.span,
                docs: enumerator.docs.clone(),
                value,
            });
        }
        built
    }

    /// The number of an enumerator on the wire, given what the file says and
    /// the number of the one before.
    fn enumerator(
        &mut self,
        enumerator: &Enumerator,
        number: i128,
        before: Option<i128>,
    ) -> Option<i32> {
        let Identifier { name, span } = &enumerator.name;
        let wrapped = wrapped(number);
        match &enumerator.value {
            Some(value) => match wrapped {
                None => {
                    let message = format!(
                        "enumerator `{name}` is {number}, expected -2147483648 to 2147483647"
                    );
                    self.report.error(value.span(), message);
                }
                Some(wrapped) if i128::from(wrapped) != number => {
                    let message = format!(
                        "enumerator `{name}` is {number}, which 32 bits with a sign hold as \
                         {wrapped}"
                    );
                    self.report.warning(value.span(), message);
                }
                Some(_) => {}
            },
            None => {
                let limits = [i128::from(i32::MAX), i128::from(u32::MAX)];
                if let Some(before) = before.filter(|before| limits.contains(before)) {
                    let message = format!(
                        "enumerator `{name}` comes after {before}, the last number there is, \
                         expected a value"
                    );
                    self.report.error(*span, message);
                    return None;
                }
            }
        }
        wrapped
    }

    pub(super) fn no_name_twice<'n>(
        &mut self,
        names: impl Iterator<Item = &'n Identifier>,
        what: &str,
    ) {
        let mut seen = BTreeMap::new();
        for Identifier { name, span } in names {
            if let Some(first) = seen.insert(name, *span) {
                let line = self.report.line(first, *span);
                let message = format!("{what} `{name}` is given twice, first in {line}");
                self.report.error(*span, message);
            }
        }
    }
}

/// A number as 32 bits hold it: up to 4294967295, as C's compilers take it for
/// enumerators. `None` if it does not fit.
pub(super) fn wrapped(number: i128) -> Option<i32> {
    let unsigned = u32::try_from(number).map(u32::cast_signed);
    i32::try_from(number).or(unsigned).ok()
}

fn base_type(base: BaseType) -> Type {
    match base {
        BaseType::Int | BaseType::Long => Type::Int,
        BaseType::UnsignedInt | BaseType::UnsignedLong => Type::UnsignedInt,
        BaseType::Hyper => Type::Hyper,
        BaseType::UnsignedHyper => Type::UnsignedHyper,
        BaseType::Float => Type::Float,
        BaseType::Double => Type::Double,
        BaseType::Quadruple => Type::Quadruple,
        BaseType::Bool => Type::Bool,
        BaseType::Char => Type::Char,
        BaseType::UnsignedChar => Type::UnsignedChar,
        BaseType::Short => Type::Short,
        BaseType::UnsignedShort => Type::UnsignedShort,
    }
}
