//! How many bytes types take, on the wire and in memory.

use super::graph::Graph;
use crate::model::{ExternId, MAX_IN_PLACE, Model, Type, TypeId, TypeKind, Union};
use std::collections::BTreeMap;

/// What a type that is defined elsewhere is taken to need in memory.
const EXTERN_MEMORY: usize = 64;

/// The least number of bytes that a type takes on the wire.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in super::super) struct Minimum {
    /// What is known of it here.
    pub(in super::super) bytes: usize,
    /// Types defined elsewhere that it has besides, and how many of each.
    pub(in super::super) externs: BTreeMap<ExternId, usize>,
}

impl Minimum {
    fn bytes(bytes: usize) -> Self {
        Self {
            bytes,
            externs: BTreeMap::new(),
        }
    }

    fn plus(mut self, other: &Self) -> Self {
        self.bytes = self.bytes.saturating_add(other.bytes);
        for (id, count) in &other.externs {
            let all = self.externs.entry(*id).or_default();
            *all = all.saturating_add(*count);
        }
        self
    }

    fn times(mut self, count: usize) -> Self {
        self.bytes = self.bytes.saturating_mul(count);
        for all in self.externs.values_mut() {
            *all = all.saturating_mul(count);
        }
        self.externs.retain(|_, all| *all > 0);
        self
    }
}

#[derive(Clone, Debug, Default)]
struct Size {
    fixed: Option<usize>,
    minimum: Minimum,
    memory: usize,
}

/// The sizes of every type of a model.
pub(super) struct Sizes(Vec<Option<Size>>);

impl Sizes {
    pub(super) fn of(model: &Model, graph: &Graph) -> Self {
        let mut sizes = Self(vec![None; model.types.len()]);
        for id in graph.order() {
            sizes.0[id.0] = Some(sizes.of_definition(model, graph, *id));
        }
        sizes
    }

    pub(super) fn fixed(&self, ty: &Type) -> Option<usize> {
        self.size(ty, None).fixed
    }

    pub(super) fn minimum(&self, ty: &Type) -> Minimum {
        self.size(ty, None).minimum
    }

    pub(super) fn memory(&self, ty: &Type) -> usize {
        self.size(ty, None).memory
    }

    /// As [`Self::memory`], of a part of a definition, which says what has a box.
    pub(super) fn memory_within(&self, graph: &Graph, owner: TypeId, part: &Type) -> usize {
        self.size(part, Some((graph, owner))).memory
    }

    pub(super) fn is_large(&self, element: &Type, length: u32) -> bool {
        self.memory(element).saturating_mul(length as usize) > MAX_IN_PLACE
    }

    /// Whether a value gets a box, where it is an arm or optional.
    pub(super) fn is_boxed(&self, ty: &Type) -> bool {
        self.memory(ty) > MAX_IN_PLACE
    }

    /// The size of a definition, given those of what it has in place.
    fn of_definition(&self, model: &Model, graph: &Graph, id: TypeId) -> Size {
        let of = |ty: &Type| self.size(ty, Some((graph, id)));
        match &model.definition(id).kind {
            TypeKind::Alias(ty) => of(ty),
            TypeKind::Enumeration(_) => scalar(4),
            TypeKind::Structure(fields) => fields.iter().map(|field| of(&field.ty)).fold(
                Size {
                    fixed: Some(0),
                    ..Size::default()
                },
                |sum, one| Size {
                    fixed: sum.fixed.zip(one.fixed).map(|(a, b)| a.saturating_add(b)),
                    minimum: sum.minimum.plus(&one.minimum),
                    memory: sum.memory.saturating_add(one.memory),
                },
            ),
            TypeKind::Union(union) => of_union(union, |ty| {
                let size = of(ty);
                let is_boxed = graph.leads_back(id, ty);
                Size {
                    memory: if is_boxed {
                        8
                    } else {
                        boxed_if_large(size.memory)
                    },
                    ..size
                }
            }),
        }
    }

    /// The size of a use: within a definition, which says what has a box.
    fn size(&self, ty: &Type, within: Option<(&Graph, TypeId)>) -> Size {
        match ty {
            Type::Int | Type::UnsignedInt | Type::Float => scalar(4),
            Type::Bool | Type::Char | Type::UnsignedChar => Size {
                memory: 1,
                ..scalar(4)
            },
            Type::Short | Type::UnsignedShort => Size {
                memory: 2,
                ..scalar(4)
            },
            Type::Hyper | Type::UnsignedHyper | Type::Double => scalar(8),
            Type::Quadruple => scalar(16),
            Type::OpaqueFixed(size) => {
                let size = *size as usize;
                Size {
                    memory: boxed_if_large(size),
                    ..scalar(size.next_multiple_of(4))
                }
            }
            Type::Opaque(_) => varying(32),
            Type::String(_) | Type::Variable(..) => varying(24),
            Type::Fixed(element, length) => {
                let (element, length) = (self.size(element, within), *length as usize);
                let memory = element.memory.saturating_mul(length);
                Size {
                    fixed: match length {
                        0 => Some(0),
                        _ => element.fixed.map(|size| size.saturating_mul(length)),
                    },
                    minimum: element.minimum.times(length),
                    memory: boxed_if_large(memory),
                }
            }
            Type::Optional(target) => match within {
                Some((graph, owner)) if graph.needs_box(owner, target) => varying(8),
                _ => varying(8 + boxed_if_large(self.size(target, within).memory)),
            },
            // What is not known yet lies behind a box.
            Type::Named(id) => self.0[id.0].clone().unwrap_or_default(),
            Type::Extern(id) => Size {
                fixed: None,
                minimum: Minimum {
                    bytes: 0,
                    externs: BTreeMap::from([(*id, 1)]),
                },
                memory: EXTERN_MEMORY,
            },
        }
    }
}

/// The memory of a value that gets a box if it is large.
fn boxed_if_large(memory: usize) -> usize {
    if memory > MAX_IN_PLACE { 8 } else { memory }
}

fn scalar(size: usize) -> Size {
    Size {
        fixed: Some(size),
        minimum: Minimum::bytes(size),
        memory: size,
    }
}

/// Something that begins with a length or a flag.
fn varying(memory: usize) -> Size {
    Size {
        fixed: None,
        minimum: Minimum::bytes(4),
        memory,
    }
}

/// A discriminant, and the least arm or, in memory, the largest.
fn of_union(union: &Union, of: impl Fn(&Type) -> Size) -> Size {
    let nothing = || Size {
        fixed: Some(0),
        ..Size::default()
    };
    let fields = (union.cases.iter().map(|case| &case.field))
        .chain(union.default.iter().map(|default| &default.field));
    let arms: Vec<Size> = fields
        .map(|field| field.as_ref().map_or_else(nothing, |field| of(&field.ty)))
        .collect();
    let same = arms.windows(2).all(|pair| pair[0].fixed == pair[1].fixed);
    let fixed = arms.first().filter(|_| same).and_then(|arm| arm.fixed);
    // Which arm is the least may depend on what is defined elsewhere; that
    // counts for nothing then.
    let least = match &arms[..] {
        [one] => one.minimum.clone(),
        all => Minimum::bytes(all.iter().map(|arm| arm.minimum.bytes).min().unwrap_or(0)),
    };
    Size {
        fixed: fixed.map(|size| size.saturating_add(4)),
        minimum: Minimum::bytes(4).plus(&least),
        memory: 8 + arms.iter().map(|arm| arm.memory).max().unwrap_or(0),
    }
}
