//! Whether two definitions say the same, but for comments.

use super::scopes::Body;
use crate::ast::{
    Arm, DefinitionKind, Enumerator, Field, Label, ScopedName, Shape, TypeSpecifier, Union, Value,
};

/// Two definitions of the same namespace, in which names mean the same.
pub(super) fn same_body(one: Body<'_>, other: Body<'_>) -> bool {
    match (one, other) {
        (Body::Alias(one), Body::Alias(other)) => same_shape(one, other),
        (Body::Enumeration(one), Body::Enumeration(other)) => same_enumeration(one, other),
        (Body::Structure(one), Body::Structure(other)) => same_all(one, other, same_field),
        (Body::Union(one), Body::Union(other)) => same_union(one, other),
        _ => false,
    }
}

fn same_all<T>(one: &[T], other: &[T], same: impl Fn(&T, &T) -> bool) -> bool {
    one.len() == other.len() && one.iter().zip(other).all(|(one, other)| same(one, other))
}

fn same_if_any<T>(one: Option<&T>, other: Option<&T>, same: impl Fn(&T, &T) -> bool) -> bool {
    match (one, other) {
        (Some(one), Some(other)) => same(one, other),
        (None, None) => true,
        _ => false,
    }
}

fn same_enumeration(one: &[Enumerator], other: &[Enumerator]) -> bool {
    same_all(one, other, |one, other| {
        one.name.name == other.name.name
            && same_if_any(one.value.as_ref(), other.value.as_ref(), same_value)
    })
}

fn same_field(one: &Field, other: &Field) -> bool {
    one.name.name == other.name.name && same_shape(&one.shape, &other.shape)
}

fn same_union(one: &Union, other: &Union) -> bool {
    one.discriminant_name.name == other.discriminant_name.name
        && same_specifier(&one.discriminant, &other.discriminant)
        && same_all(&one.arms, &other.arms, same_arm)
}

fn same_arm(one: &Arm, other: &Arm) -> bool {
    let same_label = |one: &Label, other: &Label| match (one, other) {
        (Label::Case(one), Label::Case(other)) => same_value(one, other),
        (Label::Default(_), Label::Default(_)) => true,
        _ => false,
    };
    same_all(&one.labels, &other.labels, same_label)
        && same_if_any(one.field.as_ref(), other.field.as_ref(), same_field)
}

fn same_shape(one: &Shape, other: &Shape) -> bool {
    let same_limit = |one: &Option<Value>, other: &Option<Value>| {
        same_if_any(one.as_ref(), other.as_ref(), same_value)
    };
    match (one, other) {
        (Shape::Plain(one), Shape::Plain(other))
        | (Shape::Optional(one), Shape::Optional(other)) => same_specifier(one, other),
        (Shape::Fixed(one, size), Shape::Fixed(other, other_size)) => {
            same_specifier(one, other) && same_value(size, other_size)
        }
        (Shape::Variable(one, limit), Shape::Variable(other, other_limit)) => {
            same_specifier(one, other) && same_limit(limit, other_limit)
        }
        (Shape::OpaqueFixed(one), Shape::OpaqueFixed(other)) => same_value(one, other),
        (Shape::Opaque(one), Shape::Opaque(other)) | (Shape::String(one), Shape::String(other)) => {
            same_limit(one, other)
        }
        _ => false,
    }
}

fn same_specifier(one: &TypeSpecifier, other: &TypeSpecifier) -> bool {
    match (one, other) {
        (TypeSpecifier::Base(one, _), TypeSpecifier::Base(other, _)) => one == other,
        (TypeSpecifier::Named(one), TypeSpecifier::Named(other)) => same_name(one, other),
        (TypeSpecifier::Anonymous(one, _), TypeSpecifier::Anonymous(other, _)) => {
            match (&**one, &**other) {
                (DefinitionKind::Enumeration(one), DefinitionKind::Enumeration(other)) => {
                    same_enumeration(one, other)
                }
                (DefinitionKind::Structure(one), DefinitionKind::Structure(other)) => {
                    same_all(one, other, same_field)
                }
                (DefinitionKind::Union(one), DefinitionKind::Union(other)) => {
                    same_union(one, other)
                }
                _ => false,
            }
        }
        _ => false,
    }
}

/// As written: `0x10` and `16` differ.
fn same_value(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Number(one, _), Value::Number(other, _)) => one == other,
        (Value::Name(one), Value::Name(other)) => same_name(one, other),
        _ => false,
    }
}

fn same_name(one: &ScopedName, other: &ScopedName) -> bool {
    one.absolute == other.absolute && one.parts == other.parts
}
