//! Structures, unions, enumerations and the types of their parts.

use super::{Checker, Scope};
use crate::ast::{
    Arm, BaseType, Enumerator, Field, Identifier, Label, ScopedName, Shape, TypeSpecifier, Union,
    Value,
};
use crate::model::{self, Case, DefaultCase, Discriminant, Type, TypeId, TypeKind};
use std::collections::BTreeMap;

impl<'a> Checker<'a> {
    pub(super) fn shape(&mut self, shape: &Shape, scope: &Scope) -> Option<Type> {
        Some(match shape {
            Shape::Plain(specifier) => self.specifier(specifier, scope)?,
            Shape::Optional(specifier) => {
                Type::Optional(Box::new(self.specifier(specifier, scope)?))
            }
            Shape::Fixed(specifier, size) => {
                let element = self.specifier(specifier, scope);
                let size = self.size(size, scope);
                Type::Fixed(Box::new(element?), size?)
            }
            Shape::Variable(specifier, limit) => {
                let element = self.specifier(specifier, scope);
                let limit = self.limit(limit.as_ref(), scope);
                Type::Variable(Box::new(element?), limit?)
            }
            Shape::OpaqueFixed(size) => Type::OpaqueFixed(self.size(size, scope)?),
            Shape::Opaque(limit) => Type::Opaque(self.limit(limit.as_ref(), scope)?),
            Shape::String(limit) => Type::String(self.limit(limit.as_ref(), scope)?),
        })
    }

    pub(super) fn structure(&mut self, fields: &[Field], scope: &Scope) -> Option<TypeKind> {
        self.no_name_twice(fields.iter().map(|field| &field.name), "field");
        let built: Vec<_> = fields
            .iter()
            .map(|field| self.field(field, scope))
            .collect();
        Some(TypeKind::Structure(
            built.into_iter().collect::<Option<_>>()?,
        ))
    }

    pub(super) fn enumeration(&mut self, all: &[Enumerator], scope: &Scope) -> Option<TypeKind> {
        let built: Vec<_> = (0..all.len())
            .map(|index| {
                Some(model::Enumerator {
                    name: all[index].name.name.clone(),
                    span: all[index].name.span,
                    docs: all[index].docs.clone(),
                    value: self.enumerator_number(all, index, scope)?,
                })
            })
            .collect();
        Some(TypeKind::Enumeration(
            built.into_iter().collect::<Option<_>>()?,
        ))
    }

    pub(super) fn union(&mut self, union: &'a Union, scope: &Scope) -> Option<model::Union> {
        let discriminant = self.discriminant(union, scope);
        let arms: Vec<_> = union
            .arms
            .iter()
            .map(|arm| match &arm.field {
                None => Some(None),
                Some(field) => self.field(field, scope).map(Some),
            })
            .collect();
        let discriminant = discriminant?;
        let mut built = model::Union {
            discriminant,
            discriminant_name: union.discriminant_name.name.clone(),
            cases: Vec::new(),
            default: None,
        };
        let mut seen = BTreeMap::new();
        for (arm, field) in union.arms.iter().zip(arms) {
            let field = field?;
            for label in &arm.labels {
                match label {
                    Label::Case(value) => {
                        let case = self.case(discriminant, value, arm, &field, scope)?;
                        if let Some(first) = seen.insert(case.value, value.span()) {
                            let line = self.report.line(first);
                            let number = case.value;
                            let message =
                                format!("case {number} is given twice, first in line {line}");
                            self.report.error(value.span(), message);
                        }
                        built.cases.push(case);
                    }
                    Label::Default(span) if built.default.is_some() => {
                        self.report.error(*span, "the union has two default arms");
                    }
                    Label::Default(span) => {
                        let (span, docs, field) = (*span, arm.docs.clone(), field.clone());
                        built.default = Some(DefaultCase { span, docs, field });
                    }
                }
            }
        }
        Some(built)
    }

    pub(super) fn no_name_twice<'n>(
        &mut self,
        names: impl Iterator<Item = &'n Identifier>,
        what: &str,
    ) {
        let mut seen = BTreeMap::new();
        for name in names {
            if let Some(first) = seen.insert(&name.name, name.span) {
                let line = self.report.line(first);
                let message = format!(
                    "{what} `{}` is given twice, first in line {line}",
                    name.name
                );
                self.report.error(name.span, message);
            }
        }
    }

    fn field(&mut self, field: &Field, scope: &Scope) -> Option<model::Field> {
        Some(model::Field {
            name: field.name.name.clone(),
            span: field.name.span,
            docs: field.docs.clone(),
            ty: self.shape(&field.shape, scope)?,
        })
    }

    fn limit(&mut self, limit: Option<&Value>, scope: &Scope) -> Option<u32> {
        limit.map_or(Some(u32::MAX), |value| self.size(value, scope))
    }

    fn specifier(&mut self, specifier: &TypeSpecifier, scope: &Scope) -> Option<Type> {
        Some(match specifier {
            TypeSpecifier::Base(BaseType::Int, _) => Type::Int,
            TypeSpecifier::Base(BaseType::UnsignedInt, _) => Type::UnsignedInt,
            TypeSpecifier::Base(BaseType::Hyper, _) => Type::Hyper,
            TypeSpecifier::Base(BaseType::UnsignedHyper, _) => Type::UnsignedHyper,
            TypeSpecifier::Base(BaseType::Float, _) => Type::Float,
            TypeSpecifier::Base(BaseType::Double, _) => Type::Double,
            TypeSpecifier::Base(BaseType::Bool, _) => Type::Bool,
            TypeSpecifier::Base(BaseType::Quadruple, _) => Type::Quadruple,
            TypeSpecifier::Base(BaseType::Char, _) => Type::Char,
            TypeSpecifier::Base(BaseType::UnsignedChar, _) => Type::UnsignedChar,
            TypeSpecifier::Base(BaseType::Short, _) => Type::Short,
            TypeSpecifier::Base(BaseType::UnsignedShort, _) => Type::UnsignedShort,
            TypeSpecifier::Base(BaseType::Long, _) => Type::Int,
            TypeSpecifier::Base(BaseType::UnsignedLong, _) => Type::UnsignedInt,
            TypeSpecifier::Anonymous(_, span) => {
                self.report
                    .error(*span, "types without a name are not known yet");
                return None;
            }
            TypeSpecifier::Named(name) => Type::Named(self.type_name(name, scope)?),
        })
    }

    fn type_name(&mut self, name: &ScopedName, scope: &Scope) -> Option<TypeId> {
        let found = self.names.find_type(scope, name);
        if found.is_none() {
            let message = format!("type `{}` is not defined", name.parts.join("::"));
            self.report.error(name.span, message);
        }
        found
    }

    fn discriminant(&mut self, union: &'a Union, scope: &Scope) -> Option<Discriminant> {
        match &union.discriminant {
            TypeSpecifier::Base(BaseType::Int, _) => Some(Discriminant::Int),
            TypeSpecifier::Base(BaseType::UnsignedInt, _) => Some(Discriminant::UnsignedInt),
            TypeSpecifier::Base(BaseType::Bool, _) => Some(Discriminant::Bool),
            TypeSpecifier::Base(..) | TypeSpecifier::Anonymous(..) => {
                self.bad_discriminant(union);
                None
            }
            TypeSpecifier::Named(name) => {
                let id = self.type_name(name, scope)?;
                let kind = self.named_discriminant(id);
                if kind.is_none() {
                    let span = name.span;
                    let message = format!(
                        "found `{}` as a discriminant, expected an enumeration, `int`, \
                         `unsigned int` or `bool`, defined further up",
                        name.parts.join("::")
                    );
                    self.report.error(span, message);
                }
                kind
            }
        }
    }

    fn bad_discriminant(&mut self, union: &Union) {
        let name = &union.discriminant_name;
        let message = format!(
            "discriminant `{}` has a type that cannot select an arm, expected an enumeration, \
             `int`, `unsigned int` or `bool`",
            name.name
        );
        self.report.error(name.span, message);
    }

    /// What a named type is as a discriminant. Types are built in the order of
    /// the file, and a discriminant's must be built already.
    fn named_discriminant(&self, mut id: TypeId) -> Option<Discriminant> {
        loop {
            match &self.types[id.0].as_ref()?.kind {
                TypeKind::Enumeration(_) => return Some(Discriminant::Enumeration(id)),
                TypeKind::Alias(Type::Int) => return Some(Discriminant::Int),
                TypeKind::Alias(Type::UnsignedInt) => return Some(Discriminant::UnsignedInt),
                TypeKind::Alias(Type::Bool) => return Some(Discriminant::Bool),
                TypeKind::Alias(Type::Named(next)) => id = *next,
                _ => return None,
            }
        }
    }

    fn case(
        &mut self,
        discriminant: Discriminant,
        value: &Value,
        arm: &Arm,
        field: &Option<model::Field>,
        scope: &Scope,
    ) -> Option<Case> {
        let number = self.number(value, scope)?;
        let (fits, expected) = match discriminant {
            Discriminant::Int => (i32::try_from(number).is_ok(), "a 32-bit number"),
            Discriminant::UnsignedInt => (u32::try_from(number).is_ok(), "0 to 4294967295"),
            Discriminant::Bool => (number == 0 || number == 1, "TRUE or FALSE"),
            Discriminant::Enumeration(_) => (true, ""),
        };
        let label = match discriminant {
            Discriminant::Enumeration(id) => Some(self.case_label(id, number, value)?),
            _ => None,
        };
        if !fits {
            let message = format!("found case {number}, expected {expected}");
            self.report.error(value.span(), message);
            return None;
        }
        Some(Case {
            label,
            span: value.span(),
            value: i64::try_from(number).ok()?,
            docs: arm.docs.clone(),
            field: field.clone(),
        })
    }

    /// The enumerator that a label of a union over an enumeration stands for:
    /// of several with the same number the first.
    fn case_label(&mut self, id: TypeId, number: i128, value: &Value) -> Option<String> {
        let definition = self.types[id.0].as_ref()?;
        let TypeKind::Enumeration(all) = &definition.kind else {
            unreachable!("the discriminant is an enumeration");
        };
        let found = all.iter().find(|one| i128::from(one.value) == number);
        let found = found.map(|one| one.name.clone());
        if found.is_none() {
            let message = format!("case {number} is no enumerator of `{}`", definition.name);
            self.report.error(value.span(), message);
        }
        found
    }
}
