//! Which types contain which, and where a box has to come between.

use crate::graph::{components, on_cycles};
use crate::model::{Model, Type, TypeId, TypeKind};
use std::collections::BTreeSet;

/// The types of a model as the nodes of a graph.
pub(super) struct Graph {
    /// For each union, the types that its arms hold in a box.
    boxed: Vec<BTreeSet<TypeId>>,
    /// Types that may hold one another in place are: not behind a `Vec` or the
    /// box of an arm, but behind pointers, as these would be `Option`s without
    /// a box.
    in_place: Vec<usize>,
    /// The types, each after those that it has in place.
    order: Vec<TypeId>,
    parts_first: Vec<TypeId>,
    nests: Vec<bool>,
}

impl Graph {
    pub(super) fn of(model: &Model, lists: &[bool]) -> Self {
        let nests = edges(model, |id| {
            let mut types = types_of(model, id);
            if lists[id.0] {
                // Without the tails of lists, nothing but true recursion is left.
                types.pop();
            }
            types.into_iter().filter_map(any_within).collect()
        });
        let mut graph = Self {
            boxed: model.types.iter().map(|one| boxed(&one.kind)).collect(),
            in_place: Vec::new(),
            order: Vec::new(),
            parts_first: in_order(&nests),
            nests: on_cycles(&nests),
        };
        graph.in_place = numbered(&edges(model, |id| graph.parts(model, id, &|_| true)));
        let parts = edges(model, |id| {
            graph.parts(model, id, &|target| !graph.needs_box(id, target))
        });
        graph.order = in_order(&parts);
        graph
    }

    /// The types, each after those that it leads to, as far as they do not lead
    /// back to it.
    pub(super) fn parts_first(&self) -> &[TypeId] {
        &self.parts_first
    }

    pub(super) fn nests(&self, id: TypeId) -> bool {
        self.nests[id.0]
    }

    /// Whether a pointer in a definition needs a box.
    pub(super) fn needs_box(&self, owner: TypeId, pointed_to: &Type) -> bool {
        within(pointed_to, &|_| true)
            .is_some_and(|target| self.in_place[target.0] == self.in_place[owner.0])
    }

    /// Whether the arm of a union leads back to the union without a pointer.
    pub(super) fn leads_back(&self, union: TypeId, arm: &Type) -> bool {
        part(arm).is_some_and(|target| self.boxed[union.0].contains(&target))
    }

    /// Each type after those that it has in place.
    pub(super) fn order(&self) -> &[TypeId] {
        &self.order
    }

    /// The definitions that a value may hold in place; behind pointers where
    /// `follow` says so.
    fn parts(&self, model: &Model, id: TypeId, follow: &dyn Fn(&Type) -> bool) -> Vec<TypeId> {
        let types = types_of(model, id).into_iter();
        let types = types.filter(|ty| !self.leads_back(id, ty));
        types.filter_map(|ty| within(ty, follow)).collect()
    }
}

/// What the arms of a union hold in a box, by what the checks have found.
fn boxed(kind: &TypeKind) -> BTreeSet<TypeId> {
    match kind {
        TypeKind::Union(union) => {
            let fields = union.fields().filter(|field| field.is_boxed);
            fields.filter_map(|field| part(&field.ty)).collect()
        }
        _ => BTreeSet::new(),
    }
}

/// The definition that an arm's values are made of.
fn part(ty: &Type) -> Option<TypeId> {
    match ty {
        Type::Named(id) => Some(*id),
        Type::Fixed(element, _) => part(element),
        _ => None,
    }
}

/// The edges that lead from each type.
fn edges(model: &Model, of: impl Fn(TypeId) -> Vec<TypeId>) -> Vec<Vec<usize>> {
    let ids = (0..model.types.len()).map(TypeId);
    ids.map(|id| of(id).into_iter().map(|target| target.0).collect())
        .collect()
}

/// The types, each after those that its edges lead to.
fn in_order(edges: &[Vec<usize>]) -> Vec<TypeId> {
    let components = components(edges).into_iter();
    components.flatten().map(TypeId).collect()
}

/// The number of each node's component.
fn numbered(edges: &[Vec<usize>]) -> Vec<usize> {
    let mut numbers = vec![0; edges.len()];
    for (number, nodes) in components(edges).iter().enumerate() {
        nodes.iter().for_each(|node| numbers[*node] = number);
    }
    numbers
}

/// Every type that a definition mentions, in the order of the file.
fn types_of(model: &Model, id: TypeId) -> Vec<&Type> {
    match &model.definition(id).kind {
        TypeKind::Alias(ty) => vec![ty],
        TypeKind::Enumeration(_) => Vec::new(),
        TypeKind::Structure(fields) => fields.iter().map(|field| &field.ty).collect(),
        TypeKind::Union(union) => union.fields().map(|field| &field.ty).collect(),
    }
}

/// The definition that lies in place within a use, behind the pointers that
/// `follow` says.
fn within(ty: &Type, follow: &dyn Fn(&Type) -> bool) -> Option<TypeId> {
    match ty {
        Type::Named(id) => Some(*id),
        // To Rust, an array of length zero has its element in place as well.
        Type::Fixed(element, _) => within(element, follow),
        Type::Optional(target) if follow(target) => within(target, follow),
        _ => None,
    }
}

/// The definition that a use leads to in any way.
pub(super) fn any_within(ty: &Type) -> Option<TypeId> {
    match ty {
        Type::Named(id) => Some(*id),
        Type::Fixed(inner, _) | Type::Variable(inner, _) | Type::Optional(inner) => {
            any_within(inner)
        }
        _ => None,
    }
}
