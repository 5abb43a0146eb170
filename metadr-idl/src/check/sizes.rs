//! Types as wholes: how much room they take, and those that cannot be.

use super::{Report, UNKNOWN};
use crate::model::{
    Item, Model, Module, Size, Type, TypeDefinition, TypeId, TypeKind, size, size_of_kind,
};
use crate::{Span, graph};

/// From this many bytes on, values that Rust holds in one piece are reported:
/// they are built on the stack, of which a thread has some 2 MiB.
const LARGE: u64 = 64 << 10;

/// More than this in one piece is refused.
const TOO_LARGE: u64 = 1 << 20;

/// What a pointer, a `Vec` or a `Bytes` takes in Rust, about.
const INDIRECT: u64 = 32;

/// Fills in the sizes, and reports types without end, arrays of nothing, and
/// types too large.
pub(super) fn check(model: &mut Model, report: &mut Report<'_>) {
    let mentioned = edges(model, |ty| named_within(ty, |_| true));
    let is_recursive = graph::on_cycles(&mentioned);
    check_typedef_circles(model, &mentioned, report);
    let held = edges(model, |ty| {
        named_within(ty, |ty| is_held(ty, &is_recursive))
    });
    let is_endless = graph::on_cycles(&edges(model, |ty| named_within(ty, is_part)));
    for (definition, _) in model.types.iter().zip(&is_endless).filter(|one| *one.1) {
        if matches!(definition.kind, TypeKind::Alias(_)) {
            continue;
        }
        let message = format!("type `{}` contains itself without end", definition.name);
        let hint = "let a pointer (`*`) or an array (`<>`) be on the way".to_owned();
        report.add_at(crate::Severity::Error, definition.span, message, Some(hint));
    }
    model.sizes = vec![Size::default(); model.types.len()];
    let mut rooms = Rooms {
        of: vec![0; model.types.len()],
        is_recursive,
    };
    for index in graph::components(&held).into_iter().flatten() {
        model.sizes[index] = size_of_kind(&model.sizes, &model.types[index].kind);
        rooms.of[index] = rooms.of_definition(&model.types[index]);
        if !is_endless[index] {
            check_definition(model, &rooms, index, report);
        }
    }
    check_programs(model, &model.root, &rooms, report);
}

/// Typedefs that lead to one another and to nothing else: no type of Rust is
/// like that, and no value has an end that a reader could see coming.
fn check_typedef_circles(model: &Model, mentioned: &[Vec<usize>], report: &mut Report<'_>) {
    let is_alias = |index: &usize| matches!(model.types[*index].kind, TypeKind::Alias(_));
    let edges: Vec<Vec<usize>> = mentioned
        .iter()
        .enumerate()
        .map(|(index, targets)| {
            let targets = targets.iter().copied().filter(|target| is_alias(target));
            if is_alias(&index) {
                targets.collect()
            } else {
                Vec::new()
            }
        })
        .collect();
    for (definition, is_circle) in model.types.iter().zip(graph::on_cycles(&edges)) {
        if is_circle {
            let message = format!("typedef `{}` leads back to itself", definition.name);
            let hint = "let a structure or a union be on the way".to_owned();
            report.add_at(crate::Severity::Error, definition.span, message, Some(hint));
        }
    }
}

fn check_definition(model: &Model, rooms: &Rooms, index: usize, report: &mut Report<'_>) {
    let TypeDefinition {
        name, span, kind, ..
    } = &model.types[index];
    let what = format!("`{name}`");
    let mut is_blamed = false;
    for (ty, span) in types_of(kind, *span) {
        check_array_of_nothing(model, ty, &what, span, report);
        // What is too large for itself is reported where it is defined.
        is_blamed |= matches!(ty, Type::Named(id) if rooms.of[id.0] >= LARGE);
        is_blamed |= rooms.check(ty, span, report);
    }
    if !is_blamed {
        rooms.report(rooms.of[index], *span, &what, report);
    }
}

fn check_programs(model: &Model, module: &Module, rooms: &Rooms, report: &mut Report<'_>) {
    for item in &module.items {
        let program = match item {
            Item::Module(inner) => {
                check_programs(model, inner, rooms, report);
                continue;
            }
            Item::Program(program) => program,
            Item::Constant(_) | Item::Type(_) => continue,
        };
        for procedure in program
            .versions
            .iter()
            .flat_map(|version| &version.procedures)
        {
            let arguments = procedure.arguments.iter().map(|one| (&one.ty, one.span));
            let result = procedure.result.iter().map(|ty| (ty, procedure.span));
            let what = format!("`{}`", procedure.name);
            for (ty, span) in arguments.chain(result) {
                check_array_of_nothing(model, ty, &what, span, report);
                rooms.check(ty, span, report);
            }
        }
    }
}

/// The length of such an array could be anything and cost the sender nothing.
fn check_array_of_nothing(
    model: &Model,
    ty: &Type,
    what: &str,
    span: Span,
    report: &mut Report<'_>,
) {
    let (Type::Variable(element, _) | Type::Fixed(element, 1..)) = ty else {
        return;
    };
    if **element != UNKNOWN && size(model, element).fixed == Some(0) {
        let message = format!(
            "{what} has an array whose elements take no bytes, expected at least one byte each"
        );
        report.error(span, message);
    }
}

/// What values take in the memory of Rust, about, without what they point to.
struct Rooms {
    of: Vec<u64>,
    is_recursive: Vec<bool>,
}

impl Rooms {
    fn of_definition(&self, definition: &TypeDefinition) -> u64 {
        match &definition.kind {
            TypeKind::Alias(ty) => self.of_type(ty),
            TypeKind::Enumeration(_) => 4,
            TypeKind::Structure(fields) => {
                let fields = fields.iter().map(|field| self.of_type(&field.ty));
                fields.fold(0, u64::saturating_add)
            }
            TypeKind::Union(union) => {
                let arms = union.fields().map(|field| self.of_type(&field.ty));
                arms.max().unwrap_or(0).saturating_add(8)
            }
        }
    }

    fn of_type(&self, ty: &Type) -> u64 {
        match ty {
            Type::Char | Type::UnsignedChar | Type::Bool => 1,
            Type::Short | Type::UnsignedShort => 2,
            Type::Int | Type::UnsignedInt | Type::Float => 4,
            Type::Hyper | Type::UnsignedHyper | Type::Double => 8,
            Type::Quadruple => 16,
            Type::OpaqueFixed(size) => u64::from(*size),
            Type::Fixed(element, size) => self.of_type(element).saturating_mul(u64::from(*size)),
            Type::Opaque(_) | Type::String(_) | Type::Variable(..) | Type::Extern(_) => INDIRECT,
            Type::Optional(target) => match **target {
                Type::Named(id) if self.is_recursive[id.0] => INDIRECT,
                _ => self.of_type(target).saturating_add(8),
            },
            Type::Named(id) => self.of[id.0],
        }
    }

    /// Whether a type as it is used is reported. One that has a name is where it
    /// is defined.
    fn check(&self, ty: &Type, span: Span, report: &mut Report<'_>) -> bool {
        let is_array = matches!(ty, Type::Fixed(..) | Type::OpaqueFixed(_));
        let within = match ty {
            Type::Variable(element, _) | Type::Fixed(element, _) | Type::Optional(element) => {
                self.of_type(element)
            }
            _ => 0,
        };
        is_array && within < LARGE && self.report(self.of_type(ty), span, "an array", report)
    }

    fn report(&self, room: u64, span: Span, what: &str, report: &mut Report<'_>) -> bool {
        let limit = TOO_LARGE >> 10;
        if room > TOO_LARGE {
            let message = format!(
                "{what} takes {} KiB in one piece, expected {limit} KiB at most",
                room >> 10
            );
            let hint = "an array with a limit (`<>`) takes only what it holds".to_owned();
            report.add_at(crate::Severity::Error, span, message, Some(hint));
        } else if room > LARGE {
            let message = format!(
                "{what} takes {} KiB in one piece, all of it on the stack",
                room >> 10
            );
            report.warning(span, message);
        }
        room > LARGE
    }
}

/// For each type, those that `wanted` finds in its parts.
fn edges(model: &Model, wanted: impl Fn(&Type) -> Option<TypeId>) -> Vec<Vec<usize>> {
    let of = |definition: &TypeDefinition| {
        let types = types_of(&definition.kind, definition.span).into_iter();
        types
            .filter_map(|(ty, _)| wanted(ty))
            .map(|id| id.0)
            .collect()
    };
    model.types.iter().map(of).collect()
}

/// The types of the parts of a definition, and their places.
fn types_of(kind: &TypeKind, span: Span) -> Vec<(&Type, Span)> {
    match kind {
        TypeKind::Alias(ty) => vec![(ty, span)],
        TypeKind::Enumeration(_) => Vec::new(),
        TypeKind::Structure(fields) => fields.iter().map(|field| (&field.ty, field.span)).collect(),
        // In Rust a union is as large as its largest arm, so an arm that is
        // never chosen counts as well.
        TypeKind::Union(union) => union
            .fields()
            .map(|field| (&field.ty, field.span))
            .collect(),
    }
}

/// The definition that a type names, if all that is around it is `wanted`.
fn named_within(mut ty: &Type, wanted: impl Fn(&Type) -> bool) -> Option<TypeId> {
    while wanted(ty) {
        match ty {
            Type::Named(id) => return Some(*id),
            Type::Fixed(inner, _) | Type::Variable(inner, _) | Type::Optional(inner) => ty = inner,
            _ => return None,
        }
    }
    None
}

/// Whether a value of the type is made of values of the one within. To Rust this
/// holds for arrays of length zero as well.
fn is_part(ty: &Type) -> bool {
    matches!(ty, Type::Named(_) | Type::Fixed(..))
}

/// Whether Rust holds the one within in the same piece.
fn is_held(ty: &Type, is_recursive: &[bool]) -> bool {
    match ty {
        Type::Optional(target) => !matches!(**target, Type::Named(id) if is_recursive[id.0]),
        Type::Fixed(..) | Type::Named(_) => true,
        _ => false,
    }
}
