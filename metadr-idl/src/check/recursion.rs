//! Types that no finite value can have, and arrays of nothing.

use super::Report;
use crate::graph;
use crate::model::{Model, Size, Type, TypeId, TypeKind, min_size, size_of_kind};

/// Reports types that no finite value can have, and fills in the sizes.
pub(super) fn check(model: &mut Model, report: &mut Report<'_>) {
    let edges: Vec<Vec<usize>> = (0..model.types.len())
        .map(|index| {
            let parts = embedded(model, TypeId(index));
            parts.into_iter().map(|id| id.0).collect()
        })
        .collect();
    let is_endless = graph::on_cycles(&edges);
    for (definition, _) in model.types.iter().zip(&is_endless).filter(|one| *one.1) {
        let message = format!(
            "type `{}` contains itself without end, expected a pointer (`*`) or an array (`<>`) \
             on the way",
            definition.name
        );
        report.error(definition.span, message);
    }
    model.sizes = vec![Size::default(); model.types.len()];
    for index in graph::components(&edges).into_iter().flatten() {
        model.sizes[index] = size_of_kind(&model.sizes, &model.types[index].kind);
    }
    if is_endless.contains(&true) {
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
