//! Declarations as the file has them, for documentation and messages.

use crate::model::{
    Constant, ConstantValue, Discriminant, Enumerator, Field, Model, Procedure, Type,
    TypeDefinition, TypeKind,
};

/// `string name<255>`: a field, an arm, or what a typedef defines.
pub(super) fn field(model: &Model, field: &Field) -> String {
    declare(model, &field.ty, &field.name)
}

/// `struct pair`: the head of a definition.
pub(super) fn definition(model: &Model, definition: &TypeDefinition) -> String {
    let name = &definition.name;
    match &definition.kind {
        TypeKind::Alias(ty) => format!("typedef {}", declare(model, ty, name)),
        TypeKind::Enumeration(_) => format!("enum {name}"),
        TypeKind::Structure(_) => format!("struct {name}"),
        TypeKind::Union(union) => {
            let discriminant = match union.discriminant {
                Discriminant::Int => "int".to_owned(),
                Discriminant::UnsignedInt => "unsigned int".to_owned(),
                Discriminant::Bool => "bool".to_owned(),
                Discriminant::Enumeration(id) => model.definition(id).name.clone(),
            };
            format!(
                "union {name} switch ({discriminant} {})",
                union.discriminant_name
            )
        }
    }
}

/// `RED = 0`
pub(super) fn enumerator(one: &Enumerator) -> String {
    format!("{} = {}", one.name, one.value)
}

/// `const LIMIT = 16`
pub(super) fn constant(constant: &Constant) -> String {
    let name = &constant.name;
    match &constant.value {
        ConstantValue::Number(value) => format!("const {name} = {value}"),
        ConstantValue::Text(_) => format!("const {name}"),
    }
}

/// `case RED: int stop`
pub(super) fn arm(model: &Model, label: &str, arm: Option<&Field>) -> String {
    match arm {
        Some(one) => format!("{label}: {}", field(model, one)),
        None => format!("{label}: void"),
    }
}

/// `int ADD(pair) = 1`
pub(super) fn procedure(model: &Model, procedure: &Procedure) -> String {
    let result = match &procedure.result {
        Some(ty) => declare(model, ty, ""),
        None => "void".to_owned(),
    };
    let arguments: Vec<_> = (procedure.arguments.iter())
        .map(|argument| declare(model, &argument.ty, ""))
        .collect();
    let arguments = match &arguments[..] {
        [] => "void".to_owned(),
        some => some.join(", "),
    };
    format!(
        "{result} {}({arguments}) = {}",
        procedure.name, procedure.number
    )
}

/// A declaration; of a type alone, if there is no name.
fn declare(model: &Model, ty: &Type, name: &str) -> String {
    let (base, mark, bounds) = match ty {
        Type::OpaqueFixed(size) => ("opaque".to_owned(), "", format!("[{size}]")),
        Type::Opaque(limit) => ("opaque".to_owned(), "", limited(*limit)),
        // As an argument or a result, without a name, it needs no marks.
        Type::String(u32::MAX) if name.is_empty() => ("string".to_owned(), "", String::new()),
        Type::String(limit) => ("string".to_owned(), "", limited(*limit)),
        Type::Fixed(element, size) => (base(model, element), "", format!("[{size}]")),
        Type::Variable(element, limit) => (base(model, element), "", limited(*limit)),
        Type::Optional(target) => (base(model, target), "*", String::new()),
        _ => (base(model, ty), "", String::new()),
    };
    let space = if name.is_empty() && mark.is_empty() {
        ""
    } else {
        " "
    };
    format!("{base}{space}{mark}{name}{bounds}")
}

fn limited(limit: u32) -> String {
    match limit {
        u32::MAX => "<>".to_owned(),
        limit => format!("<{limit}>"),
    }
}

fn base(model: &Model, ty: &Type) -> String {
    let name = match ty {
        Type::Int => "int",
        Type::UnsignedInt => "unsigned int",
        Type::Hyper => "hyper",
        Type::UnsignedHyper => "unsigned hyper",
        Type::Float => "float",
        Type::Double => "double",
        Type::Quadruple => "quadruple",
        Type::Bool => "bool",
        Type::Char => "char",
        Type::UnsignedChar => "unsigned char",
        Type::Short => "short",
        Type::UnsignedShort => "unsigned short",
        Type::Named(id) => &model.definition(*id).name,
        Type::Extern(id) => &model.externs[id.0].name,
        // Only a typedef gives these a name to be elements by.
        Type::OpaqueFixed(_)
        | Type::Opaque(_)
        | Type::String(_)
        | Type::Fixed(..)
        | Type::Variable(..)
        | Type::Optional(_) => return declare(model, ty, ""),
    };
    name.to_owned()
}
