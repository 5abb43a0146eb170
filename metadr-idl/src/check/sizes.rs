//! Types as wholes: how much room they take, and those that cannot be.

use super::{Report, UNKNOWN};
use crate::model::{
    Field, Item, MAX_IN_PLACE, Model, Module, Size, Type, TypeDefinition, TypeId, TypeKind, Union,
    size, size_of_kind,
};
use crate::{Severity, Span, graph};
use std::collections::BTreeSet;

/// From this many bytes on, values that Rust holds in one piece are reported:
/// they are built on the stack, of which a thread has some 2 MiB.
const LARGE: u64 = 64 << 10;

/// More than this in one piece is refused.
const TOO_LARGE: u64 = 1 << 20;

/// What an array may take outside of the piece that it is part of: half of what
/// 32 bits can address.
const MAX_ARRAY: u64 = i32::MAX as u64;

/// What to do about it.
const HINT: &str = "an array with a limit (`<>`) takes room for what it holds alone";

/// What a pointer, a `Vec` or a `Bytes` takes in Rust, about.
const INDIRECT: u64 = 32;

/// Fills in the sizes and what needs a `Box`, and reports types without end,
/// arrays of nothing, and types too large. Of incomplete types nothing is known.
pub(super) fn check(model: &mut Model, is_incomplete: &BTreeSet<TypeId>, report: &mut Report<'_>) {
    let mentioned = edges(model, |ty, _| named_within(ty, |_| true));
    check_typedef_circles(model, &mentioned, report);
    let parts = edges(model, |ty, _| named_within(ty, is_part));
    box_arms(model, &parts);
    let is_finite = finite(model, &parts, is_incomplete);
    for (definition, _) in model.types.iter().zip(&is_finite).filter(|one| !one.1) {
        if matches!(definition.kind, TypeKind::Alias(_)) {
            // What it stands for was reported, or the circle that it is part of.
            continue;
        }
        let message = format!("type `{}` contains itself without end", definition.name);
        let hint = "let a pointer (`*`) or an array (`<>`) be on the way".to_owned();
        report.add_at(Severity::Error, definition.span, message, Some(hint));
    }
    let is_recursive = graph::on_cycles(&mentioned);
    let held = edges(model, |ty, is_boxed| {
        named_within(ty, |ty| !is_boxed && is_held(ty, &is_recursive))
    });
    model.sizes = vec![Size::default(); model.types.len()];
    let mut rooms = Rooms {
        of: vec![0; model.types.len()],
        is_recursive,
    };
    for index in graph::components(&held).into_iter().flatten() {
        model.sizes[index] = size_of_kind(&model.sizes, &model.types[index].kind);
        rooms.of[index] = rooms.of_definition(&model.types[index]);
    }
    for index in (0..model.types.len()).filter(|index| is_finite[*index]) {
        check_definition(model, &rooms, index, report);
    }
    check_programs(model, &model.root, &rooms, report);
}

/// Finds the arms of unions that lead back to their union without a pointer on
/// the way. XDR has no need of one, as another arm can end it.
fn box_arms(model: &mut Model, parts: &[Vec<usize>]) {
    let mut component_of = vec![0; parts.len()];
    for (number, component) in graph::components(parts).iter().enumerate() {
        for index in component {
            component_of[*index] = number;
        }
    }
    for (index, definition) in model.types.iter_mut().enumerate() {
        let TypeKind::Union(union) = &mut definition.kind else {
            continue;
        };
        let cases = union
            .cases
            .iter_mut()
            .filter_map(|case| case.field.as_mut());
        let default = union
            .default
            .iter_mut()
            .filter_map(|arm| arm.field.as_mut());
        for field in cases.chain(default) {
            let part = named_within(&field.ty, is_part);
            field.is_boxed = part.is_some_and(|id| component_of[id.0] == component_of[index]);
        }
    }
}

/// Which types have values that end: unions of which one arm does, and all
/// others of which every part does.
fn finite(model: &Model, parts: &[Vec<usize>], is_incomplete: &BTreeSet<TypeId>) -> Vec<bool> {
    let mut users = vec![Vec::new(); parts.len()];
    // How many parts have to be seen to end.
    let mut missing = vec![0; parts.len()];
    let mut pending = Vec::new();
    for (index, definition) in model.types.iter().enumerate() {
        for part in &parts[index] {
            users[*part].push(index);
        }
        missing[index] = match &definition.kind {
            _ if is_incomplete.contains(&TypeId(index)) => 0,
            TypeKind::Union(union) if has_plain_arm(union) => 0,
            TypeKind::Union(_) => 1,
            _ => parts[index].len(),
        };
        if missing[index] == 0 {
            pending.push(index);
        }
    }
    let mut is_finite = vec![false; parts.len()];
    while let Some(index) = pending.pop() {
        if std::mem::replace(&mut is_finite[index], true) {
            continue;
        }
        for user in &users[index] {
            missing[*user] = missing[*user].saturating_sub(1);
            if missing[*user] == 0 {
                pending.push(*user);
            }
        }
    }
    is_finite
}

/// Whether an arm has no part that could go on without end, or there is no arm.
fn has_plain_arm(union: &Union) -> bool {
    let cases = union.cases.iter().map(|case| &case.field);
    let mut arms = cases.chain(union.default.iter().map(|arm| &arm.field));
    let is_plain = |field: &Field| named_within(&field.ty, is_part).is_none();
    let is_empty = union.cases.is_empty() && union.default.is_none();
    is_empty || arms.any(|field| field.as_ref().is_none_or(is_plain))
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
            report.add_at(Severity::Error, definition.span, message, Some(hint));
        }
    }
}

fn check_definition(model: &Model, rooms: &Rooms, index: usize, report: &mut Report<'_>) {
    let TypeDefinition {
        name, span, kind, ..
    } = &model.types[index];
    let what = format!("`{name}`");
    let mut part = 0;
    for (ty, span, _) in types_of(kind, *span) {
        check_array_of_nothing(model, ty, &what, span, report);
        rooms.check_array(model, ty, span, report);
        part = part.max(rooms.of_part(ty));
    }
    rooms.check_piece(rooms.of[index], part, *span, &what, report);
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
                rooms.check_array(model, ty, span, report);
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

/// The room for a value that gets a box if it is large.
fn in_place_or_boxed(room: u64) -> u64 {
    if room > MAX_IN_PLACE as u64 {
        INDIRECT
    } else {
        room
    }
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
                let arms = union.fields().map(|field| match field.is_boxed {
                    true => INDIRECT,
                    false => in_place_or_boxed(self.of_type(&field.ty)),
                });
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
            Type::OpaqueFixed(_) | Type::Fixed(..) => in_place_or_boxed(self.of_array(ty)),
            Type::Opaque(_) | Type::String(_) | Type::Variable(..) | Type::Extern(_) => INDIRECT,
            Type::Optional(target) => match **target {
                Type::Named(id) if self.is_recursive[id.0] => INDIRECT,
                _ => in_place_or_boxed(self.of_type(target)).saturating_add(8),
            },
            Type::Named(id) => self.of[id.0],
        }
    }

    /// What a fixed array takes, wherever it is.
    fn of_array(&self, ty: &Type) -> u64 {
        match ty {
            Type::OpaqueFixed(size) => u64::from(*size),
            Type::Fixed(element, size) => self.of_type(element).saturating_mul(u64::from(*size)),
            _ => 0,
        }
    }

    /// What the part of a type takes that has a name: if that is too much, it is
    /// reported where the name is defined.
    fn of_part(&self, ty: &Type) -> u64 {
        match ty {
            Type::Fixed(inner, _) | Type::Optional(inner) => self.of_part(inner),
            Type::Named(id) => self.of[id.0],
            _ => 0,
        }
    }

    fn check_array(&self, model: &Model, ty: &Type, span: Span, report: &mut Report<'_>) {
        // Arrays in boxes take no room here, but each takes its bytes.
        let bytes = match ty {
            Type::Fixed(..) => size(model, ty).min,
            _ => 0,
        };
        let room = self.of_array(ty).max(bytes as u64);
        if room > MAX_ARRAY {
            let message = format!(
                "an array takes {} MiB, expected less than {}",
                room >> 20,
                MAX_ARRAY.div_ceil(1 << 20)
            );
            report.add_at(Severity::Error, span, message, Some(HINT.to_owned()));
        }
    }

    /// Reports what is too large, unless its largest part is so already.
    fn check_piece(&self, room: u64, part: u64, span: Span, what: &str, report: &mut Report<'_>) {
        let is_more = |limit| room > limit && part <= limit;
        if is_more(TOO_LARGE) {
            let message = format!(
                "{what} takes {} KiB in one piece, expected {} KiB at most",
                room >> 10,
                TOO_LARGE >> 10
            );
            report.add_at(Severity::Error, span, message, Some(HINT.to_owned()));
        } else if is_more(LARGE) {
            let message = format!(
                "{what} takes {} KiB in one piece, all of it on the stack",
                room >> 10
            );
            report.add_at(Severity::Warning, span, message, Some(HINT.to_owned()));
        }
    }
}

/// For each type, those that `wanted` finds in its parts, given whether they
/// are boxed.
fn edges(model: &Model, wanted: impl Fn(&Type, bool) -> Option<TypeId>) -> Vec<Vec<usize>> {
    let of = |definition: &TypeDefinition| {
        let types = types_of(&definition.kind, definition.span).into_iter();
        let wanted = types.filter_map(|(ty, _, is_boxed)| wanted(ty, is_boxed));
        wanted.map(|id| id.0).collect()
    };
    model.types.iter().map(of).collect()
}

/// The types of the parts of a definition, their places, and whether they are
/// boxed.
fn types_of(kind: &TypeKind, span: Span) -> Vec<(&Type, Span, bool)> {
    fn of_field(field: &Field) -> (&Type, Span, bool) {
        (&field.ty, field.span, field.is_boxed)
    }
    match kind {
        TypeKind::Alias(ty) => vec![(ty, span, false)],
        TypeKind::Enumeration(_) => Vec::new(),
        TypeKind::Structure(fields) => fields.iter().map(of_field).collect(),
        TypeKind::Union(union) => union.fields().map(of_field).collect(),
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
