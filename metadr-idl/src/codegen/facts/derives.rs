//! Which traits types can derive.

use super::graph::Graph;
use super::size::Sizes;
use crate::model::{Field, Model, Type, TypeId, TypeKind};

/// The derivable traits that depend on the parts of a type. Every type has
/// `Clone`, `Debug` and `PartialEq`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) struct Derives {
    /// No floating-point number within.
    pub(in super::super) eq: bool,
    /// Nor a linked list, over which these would recurse: `Hash`, `Ord`.
    pub(in super::super) ord: bool,
    /// Small and flat.
    pub(in super::super) copy: bool,
    /// Every part has an obvious default.
    pub(in super::super) default: bool,
}

const ALL: Derives = Derives {
    eq: true,
    ord: true,
    copy: true,
    default: true,
};

/// A type of at most this many bytes in memory may be `Copy`.
const COPY_LIMIT: usize = 32;

/// Arrays have a `Default` up to this size.
const DEFAULT_ARRAY_LIMIT: u32 = 32;

/// What the definitions of a model can derive: the greatest fixed point. It
/// starts from everything, and takes back what a part forbids until nothing
/// changes; recursive types then come out right.
pub(super) fn of(model: &Model, graph: &Graph, sizes: &Sizes, lists: &[bool]) -> Vec<Derives> {
    let mut known = vec![ALL; model.types.len()];
    loop {
        let mut has_changed = false;
        // Parts first, so that one round is nearly all of it.
        for id in graph.parts_first() {
            let known_now = Known {
                known: &known,
                graph,
                sizes,
            };
            let next = known_now.of_definition(model, *id, lists[id.0]);
            has_changed |= std::mem::replace(&mut known[id.0], next) != next;
        }
        if !has_changed {
            return known;
        }
    }
}

/// Whether the values of a use in the definition of `owner` can be copied.
pub(super) fn is_copy(
    known: &[Derives],
    graph: &Graph,
    sizes: &Sizes,
    owner: TypeId,
    ty: &Type,
) -> bool {
    let known = Known {
        known,
        graph,
        sizes,
    };
    known.of_type(owner, ty).copy
}

struct Known<'a> {
    known: &'a [Derives],
    graph: &'a Graph,
    sizes: &'a Sizes,
}

impl Known<'_> {
    fn of_definition(&self, model: &Model, id: TypeId, is_list: bool) -> Derives {
        match &model.definition(id).kind {
            TypeKind::Alias(ty) => self.of_type(id, ty),
            TypeKind::Enumeration(_) => Derives {
                default: false,
                ..ALL
            },
            TypeKind::Structure(fields) => {
                let mut all = self.of_fields(id, fields.iter());
                all.copy &= self.sizes.memory(&Type::Named(id)) <= COPY_LIMIT;
                all.ord &= !is_list;
                all
            }
            TypeKind::Union(union) => {
                let all = self.of_fields(id, union.fields());
                let is_small = self.sizes.memory(&Type::Named(id)) <= COPY_LIMIT;
                let has_box = union.fields().any(|arm| self.graph.leads_back(id, &arm.ty));
                Derives {
                    copy: all.copy && is_small && !has_box,
                    default: false,
                    ..all
                }
            }
        }
    }

    fn of_fields<'f>(&self, owner: TypeId, fields: impl Iterator<Item = &'f Field>) -> Derives {
        fields.fold(ALL, |all, field| {
            let one = self.of_type(owner, &field.ty);
            Derives {
                eq: all.eq && one.eq,
                ord: all.ord && one.ord,
                copy: all.copy && one.copy,
                default: all.default && one.default,
            }
        })
    }

    fn of_type(&self, owner: TypeId, ty: &Type) -> Derives {
        let owning = Derives { copy: false, ..ALL };
        match ty {
            Type::Int
            | Type::UnsignedInt
            | Type::Hyper
            | Type::UnsignedHyper
            | Type::Quadruple
            | Type::Bool
            | Type::Char
            | Type::UnsignedChar
            | Type::Short
            | Type::UnsignedShort => ALL,
            // Nothing is known of them.
            Type::Extern(_) => Derives {
                eq: false,
                ord: false,
                copy: false,
                default: false,
            },
            Type::Float | Type::Double => Derives {
                eq: false,
                ord: false,
                ..ALL
            },
            Type::OpaqueFixed(size) => self.of_array(owner, &Type::Char, *size),
            Type::Opaque(_) | Type::String(_) => owning,
            Type::Fixed(element, size) => self.of_array(owner, element, *size),
            Type::Variable(element, _) => Derives {
                copy: false,
                default: true,
                ..self.of_type(owner, element)
            },
            Type::Optional(target) => {
                let of_target = self.of_type(owner, target);
                Derives {
                    copy: of_target.copy && !self.graph.needs_box(owner, target),
                    default: true,
                    ..of_target
                }
            }
            Type::Named(id) => self.known[id.0],
        }
    }

    fn of_array(&self, owner: TypeId, element: &Type, size: u32) -> Derives {
        let of_element = self.of_type(owner, element);
        let is_boxed = self.sizes.is_large(element, size);
        Derives {
            copy: of_element.copy && !is_boxed,
            default: of_element.default && size <= DEFAULT_ARRAY_LIMIT && !is_boxed,
            ..of_element
        }
    }
}
