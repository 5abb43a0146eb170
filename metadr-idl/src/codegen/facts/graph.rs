//! Which types contain which.

use crate::graph::{components, on_cycles};
use crate::model::{Model, Type, TypeId, TypeKind};

/// The types of a model as the nodes of a graph.
pub(super) struct Graph {
    /// Types that lie within one another, in place, are of the same component:
    /// not behind a `Vec`, but behind pointers, as these would be `Option`s
    /// without a box.
    component: Vec<usize>,
    /// The types, each after those that it has in place.
    order: Vec<TypeId>,
    nests: Vec<bool>,
}

impl Graph {
    pub(super) fn of(model: &Model, lists: &[bool]) -> Self {
        let edges = |follow_arrays: bool, follow_tails: bool| -> Vec<Vec<usize>> {
            let ids = (0..model.types.len()).map(TypeId);
            ids.map(|id| {
                let mut types = types_of(model, id);
                if lists[id.0] && !follow_tails {
                    types.pop();
                }
                let targets = types.into_iter();
                let targets = targets.filter_map(|ty| target(ty, follow_arrays));
                targets.map(|target| target.0).collect()
            })
            .collect()
        };
        let mut component = vec![0; model.types.len()];
        for (index, nodes) in components(&edges(false, true)).iter().enumerate() {
            nodes.iter().for_each(|node| component[*node] = index);
        }
        let ids = (0..model.types.len()).map(TypeId);
        let in_place = ids.map(|id| {
            let parts = types_of(model, id).into_iter();
            let parts = parts.filter_map(|ty| in_place(&component, id, ty));
            parts.map(|part| part.0).collect()
        });
        let order = components(&in_place.collect::<Vec<_>>());
        Self {
            component,
            order: order.into_iter().flatten().map(TypeId).collect(),
            // Without the tails of lists, nothing but true recursion is left.
            nests: on_cycles(&edges(true, false)),
        }
    }

    pub(super) fn nests(&self, id: TypeId) -> bool {
        self.nests[id.0]
    }

    pub(super) fn needs_box(&self, owner: TypeId, pointed_to: &Type) -> bool {
        needs_box(&self.component, owner, pointed_to)
    }

    pub(super) fn order(&self) -> &[TypeId] {
        &self.order
    }
}

/// Every type that a definition mentions, in the order of the file.
pub(super) fn types_of(model: &Model, id: TypeId) -> Vec<&Type> {
    match &model.definition(id).kind {
        TypeKind::Alias(ty) => vec![ty],
        TypeKind::Enumeration(_) => Vec::new(),
        TypeKind::Structure(fields) => fields.iter().map(|field| &field.ty).collect(),
        TypeKind::Union(union) => union.fields().map(|field| &field.ty).collect(),
    }
}

/// The definition that a use leads to.
fn target(mut ty: &Type, follow_arrays: bool) -> Option<TypeId> {
    loop {
        match ty {
            Type::Named(id) => return Some(*id),
            Type::Fixed(inner, _) | Type::Optional(inner) => ty = inner,
            Type::Variable(inner, _) if follow_arrays => ty = inner,
            _ => return None,
        }
    }
}

fn needs_box(component: &[usize], owner: TypeId, pointed_to: &Type) -> bool {
    target(pointed_to, false).is_some_and(|target| component[target.0] == component[owner.0])
}

/// The definition that lies in place within a use, if any.
fn in_place(component: &[usize], owner: TypeId, ty: &Type) -> Option<TypeId> {
    match ty {
        Type::Named(id) => Some(*id),
        Type::Fixed(element, _) => in_place(component, owner, element),
        Type::Optional(target) if !needs_box(component, owner, target) => {
            in_place(component, owner, target)
        }
        _ => None,
    }
}
