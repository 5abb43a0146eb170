//! What the generator has to know of whole types: how large they are, which of
//! them are recursive, and which traits they can derive.

mod derives;
mod graph;
mod size;

use crate::model::{Model, Type, TypeId, TypeKind};
pub(super) use derives::Derives;
use graph::{Graph, any_within};
pub(super) use size::Minimum;
use size::Sizes;

/// How many bytes a value may take in memory to count for one level of depth. A
/// build without optimisation copies it some 25 times on the way, which makes
/// 1.6 MiB of stack at the full depth.
const LEVEL: usize = 256;

/// The most that one value counts for: all of the depth, so that there can be one.
const MAX_LEVELS: usize = 256;

/// The facts of one model.
pub(super) struct Facts {
    graph: Graph,
    sizes: Sizes,
    lists: Vec<bool>,
    derives: Vec<Derives>,
}

impl Facts {
    pub(super) fn of(model: &Model) -> Self {
        let ids = || (0..model.types.len()).map(TypeId);
        let lists: Vec<bool> = ids().map(|id| is_list(model, id)).collect();
        let graph = Graph::of(model, &lists);
        let sizes = Sizes::of(model, &graph);
        let derives = derives::of(model, &graph, &sizes, &lists);
        Self {
            graph,
            sizes,
            lists,
            derives,
        }
    }

    /// Which traits a definition can derive.
    pub(super) fn derives(&self, id: TypeId) -> Derives {
        self.derives[id.0]
    }

    /// Whether the values of a field can be copied without `clone`.
    pub(super) fn is_copy(&self, owner: TypeId, field: &Type) -> bool {
        derives::is_copy(&self.derives, &self.graph, &self.sizes, owner, field)
    }

    /// Whether a value can hold another of its own type other than as the rest
    /// of a list. Such types count against the depth limit.
    pub(super) fn nests(&self, id: TypeId) -> bool {
        self.graph.nests(id)
    }

    /// Whether a use of a type leads to one that nests, through other names.
    pub(super) fn leads_to_nesting(&self, model: &Model, ty: &Type) -> bool {
        any_within(ty).is_some_and(|id| {
            self.nests(id)
                || matches!(&model.definition(id).kind, TypeKind::Alias(target)
                    if self.leads_to_nesting(model, target))
        })
    }

    /// Whether the last field of a structure is an optional one of itself, so
    /// that its values are linked lists, of any length.
    pub(super) fn is_list(&self, id: TypeId) -> bool {
        self.lists[id.0]
    }

    /// Whether a pointer in the definition of `owner` needs a box, as `owner`
    /// would contain itself without one, or as the target is large.
    pub(super) fn needs_box(&self, owner: Option<TypeId>, target: &Type) -> bool {
        owner.is_some_and(|owner| self.graph.needs_box(owner, target))
            || self.sizes.is_boxed(target)
    }

    /// Whether the arm of a union needs a box, for the same reasons.
    pub(super) fn arm_needs_box(&self, union: TypeId, arm: &Type) -> bool {
        self.leads_back(union, arm) || self.sizes.is_boxed(arm)
    }

    /// Whether the arm of a union leads back to the union without a pointer.
    pub(super) fn leads_back(&self, union: TypeId, arm: &Type) -> bool {
        self.graph.leads_back(union, arm)
    }

    /// Whether an array is too large to lie on the stack.
    pub(super) fn is_large(&self, element: &Type, length: u32) -> bool {
        self.sizes.is_large(element, length)
    }

    /// The number of bytes that every value takes on the wire, if all take the same.
    pub(super) fn fixed_size(&self, ty: &Type) -> Option<usize> {
        self.sizes.fixed(ty)
    }

    /// The number of bytes that a value takes on the wire at least.
    pub(super) fn minimum(&self, ty: &Type) -> Minimum {
        self.sizes.minimum(ty)
    }

    /// About how many bytes a part of a definition takes in memory, without what
    /// it points to.
    pub(super) fn memory(&self, owner: TypeId, part: &Type) -> usize {
        self.sizes.memory_within(&self.graph, owner, part)
    }

    /// For how many levels of the depth limit a value of a type that nests
    /// counts. Each level takes its room on the stack.
    pub(super) fn levels(&self, id: TypeId) -> usize {
        let levels = 1 + self.sizes.memory(&Type::Named(id)) / LEVEL;
        levels.min(MAX_LEVELS)
    }
}

fn is_list(model: &Model, id: TypeId) -> bool {
    let TypeKind::Structure(fields) = &model.definition(id).kind else {
        return false;
    };
    let (Some(last), true) = (fields.last(), fields.len() > 1) else {
        return false;
    };
    match model.resolve(&last.ty) {
        Type::Optional(target) => *model.resolve(target) == Type::Named(id),
        _ => false,
    }
}
