//! Types that no finite value can have, and arrays of nothing.

use super::Report;
use crate::model::{Model, Type, TypeId, TypeKind, min_size};

/// Reports types that no finite value can have.
pub(super) fn check(model: &Model, report: &mut Report<'_>) {
    let endless: Vec<usize> = (0..model.types.len())
        .filter(|index| contains_itself(model, TypeId(*index)))
        .collect();
    for index in &endless {
        let definition = &model.types[*index];
        let message = format!(
            "type `{}` contains itself without end, expected a pointer (`*`) or an array (`<>`) \
             on the way",
            definition.name
        );
        report.error(definition.span, message);
    }
    if !endless.is_empty() {
        // Such types have no size, so there is nothing more to ask.
        return;
    }
    for index in (0..model.types.len()).filter(|one| has_array_of_nothing(model, TypeId(*one))) {
        // Its length could be anything and cost the sender nothing.
        let definition = &model.types[index];
        let message = format!(
            "`{}` has an array whose elements take no bytes, expected at least one byte each",
            definition.name
        );
        report.error(definition.span, message);
    }
}

fn has_array_of_nothing(model: &Model, id: TypeId) -> bool {
    let is_one =
        |ty: &Type| matches!(ty, Type::Variable(element, _) if min_size(model, element) == 0);
    match &model.definition(id).kind {
        TypeKind::Alias(ty) => is_one(ty),
        TypeKind::Enumeration(_) => false,
        TypeKind::Structure(fields) => fields.iter().any(|field| is_one(&field.ty)),
        TypeKind::Union(union) => union.fields().any(|field| is_one(&field.ty)),
    }
}

/// Whether every value of the type would hold another of the same type.
fn contains_itself(model: &Model, wanted: TypeId) -> bool {
    let mut pending = vec![wanted];
    let mut seen = vec![false; model.types.len()];
    while let Some(id) = pending.pop() {
        for part in embedded(model, id) {
            if part == wanted {
                return true;
            }
            if !std::mem::replace(&mut seen[part.0], true) {
                pending.push(part);
            }
        }
    }
    false
}

/// The types of which a value always holds one, directly.
fn embedded(model: &Model, id: TypeId) -> Vec<TypeId> {
    let in_type = |ty: &Type| match ty {
        Type::Named(id) => Some(*id),
        Type::Fixed(element, size) if *size > 0 => match &**element {
            Type::Named(id) => Some(*id),
            _ => None,
        },
        _ => None,
    };
    match &model.definition(id).kind {
        TypeKind::Alias(ty) => in_type(ty).into_iter().collect(),
        TypeKind::Enumeration(_) => Vec::new(),
        TypeKind::Structure(fields) => fields
            .iter()
            .filter_map(|field| in_type(&field.ty))
            .collect(),
        // In Rust a union is as large as its largest arm, so an arm that is
        // never chosen counts as well.
        TypeKind::Union(union) => union
            .fields()
            .filter_map(|field| in_type(&field.ty))
            .collect(),
    }
}
