//! What the generator has to know of whole types: which traits they can
//! derive, how small they can be on the wire, which of them are recursive.

use crate::model::{Field, Model, Type, TypeId, TypeKind, min_size};

/// The derivable traits that depend on the parts of a type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Derives {
    /// No floating-point number within: `Eq`, `Ord`, `Hash`.
    pub(super) total: bool,
    /// Small and flat.
    pub(super) copy: bool,
    /// Every part has an obvious default.
    pub(super) default: bool,
}

/// A type of at most this many bytes on the wire may be `Copy`.
const COPY_LIMIT: usize = 32;

/// Arrays have a `Default` up to this size.
const DEFAULT_ARRAY_LIMIT: u32 = 32;

/// The facts of one model.
pub(super) struct Facts {
    derives: Vec<Derives>,
    recursive: Vec<bool>,
}

impl Facts {
    pub(super) fn of(model: &Model) -> Self {
        let recursive = (0..model.types.len())
            .map(|index| reaches_itself(model, TypeId(index)))
            .collect();
        let mut facts = Self {
            derives: Vec::new(),
            recursive,
        };
        // The greatest fixed point: start from yes, and take back what a part
        // forbids until nothing changes. Recursive types then come out right.
        let yes = Derives {
            total: true,
            copy: true,
            default: true,
        };
        facts.derives = vec![yes; model.types.len()];
        loop {
            let next: Vec<_> = (0..model.types.len())
                .map(|index| facts.of_definition(model, TypeId(index)))
                .collect();
            if next == facts.derives {
                return facts;
            }
            facts.derives = next;
        }
    }

    pub(super) fn derives(&self, id: TypeId) -> Derives {
        self.derives[id.0]
    }

    /// Whether a value of the type can hold another of the same type.
    pub(super) fn is_recursive(&self, ty: &Type) -> bool {
        matches!(ty, Type::Named(id) if self.recursive[id.0])
    }

    fn of_definition(&self, model: &Model, id: TypeId) -> Derives {
        match &model.definition(id).kind {
            TypeKind::Alias(ty) => self.of_type(ty),
            TypeKind::Enumeration(_) => Derives {
                total: true,
                copy: true,
                default: false,
            },
            TypeKind::Structure(fields) => {
                let mut all = self.of_fields(fields.iter());
                all.copy &= min_size(model, &Type::Named(id)) <= COPY_LIMIT;
                all
            }
            TypeKind::Union(union) => Derives {
                copy: false,
                default: false,
                ..self.of_fields(union.fields())
            },
        }
    }

    fn of_fields<'f>(&self, fields: impl Iterator<Item = &'f Field>) -> Derives {
        let mut all = Derives {
            total: true,
            copy: true,
            default: true,
        };
        for field in fields {
            let one = self.of_type(&field.ty);
            all.total &= one.total;
            all.copy &= one.copy;
            all.default &= one.default;
        }
        all
    }

    fn of_type(&self, ty: &Type) -> Derives {
        let scalar = Derives {
            total: true,
            copy: true,
            default: true,
        };
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
            | Type::UnsignedShort => scalar,
            // Nothing is known of them.
            Type::Extern(_) => Derives {
                total: false,
                copy: false,
                default: false,
            },
            Type::Float | Type::Double => Derives {
                total: false,
                ..scalar
            },
            Type::OpaqueFixed(size) => Derives {
                default: *size <= DEFAULT_ARRAY_LIMIT,
                ..scalar
            },
            Type::Opaque(_) | Type::String(_) => Derives {
                copy: false,
                ..scalar
            },
            Type::Fixed(element, size) => {
                let element = self.of_type(element);
                Derives {
                    default: element.default && *size <= DEFAULT_ARRAY_LIMIT,
                    ..element
                }
            }
            Type::Variable(element, _) | Type::Optional(element) => Derives {
                copy: false,
                default: true,
                ..self.of_type(element)
            },
            Type::Named(id) => self.derives[id.0],
        }
    }
}

fn reaches_itself(model: &Model, wanted: TypeId) -> bool {
    let mut seen = vec![false; model.types.len()];
    let mut pending = vec![wanted];
    while let Some(id) = pending.pop() {
        for part in parts(model, id) {
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

/// Every type that a definition mentions.
fn parts(model: &Model, id: TypeId) -> Vec<TypeId> {
    let types: Vec<&Type> = match &model.definition(id).kind {
        TypeKind::Alias(ty) => vec![ty],
        TypeKind::Enumeration(_) => Vec::new(),
        TypeKind::Structure(fields) => fields.iter().map(|field| &field.ty).collect(),
        TypeKind::Union(union) => union.fields().map(|field| &field.ty).collect(),
    };
    types.into_iter().filter_map(named_within).collect()
}

fn named_within(mut ty: &Type) -> Option<TypeId> {
    loop {
        match ty {
            Type::Named(id) => return Some(*id),
            Type::Fixed(inner, _) | Type::Variable(inner, _) | Type::Optional(inner) => ty = inner,
            _ => return None,
        }
    }
}
