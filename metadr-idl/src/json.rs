//! The model as JSON, for other people's tools.

use crate::model::{
    self, Constant, ConstantValue, Discriminant, Field, Item, Model, Module, Procedure, Program,
    Size, Type, TypeDefinition, TypeId, TypeKind, Union, Version,
};
use crate::{Severity, Span};
use serde_json::{Map, Value, json};

/// The model as JSON text, indented, with a line end behind it.
///
/// Fields may be added in later versions; those that are there keep their names
/// and meaning as long as `format` is 1. The whole is
///
/// ```json
/// { "format": 1, "files": ["a.x"], "items": [], "warnings": [] }
/// ```
///
/// `files` are the names of all files that were read. `warnings` have `message`,
/// `hint` (or null) and `place`. `items` are in the order of the files, a type
/// without a name before the one that it is part of. Each item has a `kind`, its
/// `name` as in the file, the `place` of the name, and `docs`, the lines of its
/// comment. Then follows, by kind:
///
/// - `namespace`: `items`.
/// - `constant`: `value`, a number of up to 64 bits, with or without a sign, or a
///   text.
/// - `typedef`: what all types have, and `target`, a use.
/// - `enum`: what all types have, and `enumerators` with `name`, `place`, `docs`
///   and `value`.
/// - `struct`: what all types have, and `fields`.
/// - `union`: what all types have; `discriminant` with `name` and `type`, a use;
///   `cases`, one for each label, with `value`, `enumerator` (its name, or null if
///   the discriminant is no enumeration), `docs` and `field` (null for `void`); and
///   `default`, which is null or has `docs` and `field`.
/// - `program`: `number`, and `versions` with `name`, `place`, `docs`, `number` and
///   `procedures`. Those have `name`, `place`, `docs`, `number`, `arguments` with
///   `name`, `place` and `type`, a use, and `result`, a use or null for `void`.
///
/// What all types have: `path`, the name with its namespaces (`a::b`); `anonymous`,
/// whether the file gives no name; and `size`.
///
/// A field has `name`, `place`, `docs` and `type`, a use. A use has a `type`, by
/// that what follows, and `size`:
///
/// - `int`, `unsigned int`, `hyper`, `unsigned hyper`, `float`, `double`,
///   `quadruple`, `bool`, `char`, `unsigned char`, `short`, `unsigned short`:
///   nothing.
/// - `opaque`: `length`, or `limit`, which is null if there is none.
/// - `string`: `limit`.
/// - `array`: `element`, a use, and `length` or `limit`.
/// - `optional`: `element`.
/// - `named`: `path`, that of the type in `items`.
/// - `extern`: `name`, and `rust`, the path in Rust.
///
/// `size` is the number of bytes on the wire: `min`, and `fixed`, which is null if
/// values differ in it. A place has `file`, and `line` and `column` from 1; columns
/// count characters.
#[must_use]
pub fn json(model: &Model) -> String {
    let writer = Writer { model };
    let warnings = model.warnings.iter();
    let warnings = warnings.filter(|one| one.severity() == Severity::Warning);
    let document = json!({
        "format": 1,
        "files": model.sources.files().map(|(_, source)| source.name()).collect::<Vec<_>>(),
        "items": writer.items(&model.root),
        "warnings": warnings.map(|one| json!({
            "message": one.message(),
            "hint": one.hint(),
            "place": writer.place(one.span()),
        })).collect::<Vec<_>>(),
    });
    format!("{document:#}\n")
}

/// What turns a model into values of JSON.
struct Writer<'a> {
    model: &'a Model,
}

impl Writer<'_> {
    fn items(&self, module: &Module) -> Vec<Value> {
        module.items.iter().map(|item| self.item(item)).collect()
    }

    fn item(&self, item: &Item) -> Value {
        match item {
            Item::Module(module) => {
                let head = self.head("namespace", &module.name, module.span, &module.docs);
                with(head, json!({ "items": self.items(module) }))
            }
            Item::Constant(constant) => self.constant(constant),
            Item::Type(id) => self.definition(*id),
            Item::Program(program) => self.program(program),
        }
    }

    fn constant(&self, constant: &Constant) -> Value {
        let Constant {
            name,
            span,
            docs,
            value,
        } = constant;
        let value = match value {
            ConstantValue::Number(number) => json!(number),
            ConstantValue::Text(text) => json!(text),
        };
        with(
            self.head("constant", name, *span, docs),
            json!({ "value": value }),
        )
    }

    fn definition(&self, id: TypeId) -> Value {
        let TypeDefinition {
            name,
            span,
            docs,
            kind,
            is_anonymous,
            ..
        } = self.model.definition(id);
        let (keyword, parts) = match kind {
            TypeKind::Alias(target) => ("typedef", json!({ "target": self.used(target) })),
            TypeKind::Enumeration(all) => {
                let all = all.iter().map(|one| {
                    let named = self.named(&one.name, one.span, &one.docs);
                    with(named, json!({ "value": one.value }))
                });
                ("enum", json!({ "enumerators": all.collect::<Vec<_>>() }))
            }
            TypeKind::Structure(fields) => {
                let fields = fields.iter().map(|field| self.field(field));
                ("struct", json!({ "fields": fields.collect::<Vec<_>>() }))
            }
            TypeKind::Union(union) => ("union", self.union(union)),
        };
        let common = json!({
            "path": self.path(id),
            "anonymous": is_anonymous,
            "size": size(self.model.sizes[id.0]),
        });
        with(with(self.head(keyword, name, *span, docs), common), parts)
    }

    fn union(&self, union: &Union) -> Value {
        let discriminant = match union.discriminant {
            Discriminant::Int => Type::Int,
            Discriminant::UnsignedInt => Type::UnsignedInt,
            Discriminant::Bool => Type::Bool,
            Discriminant::Enumeration(id) => Type::Named(id),
        };
        let field = |field: &Option<Field>| field.as_ref().map(|field| self.field(field));
        let cases = union.cases.iter().map(|case| {
            json!({
                "value": case.value,
                "enumerator": case.label,
                "docs": case.docs,
                "field": field(&case.field),
            })
        });
        json!({
            "discriminant": {
                "name": union.discriminant_name,
                "type": self.used(&discriminant),
            },
            "cases": cases.collect::<Vec<_>>(),
            "default": union.default.as_ref().map(|arm| json!({
                "docs": arm.docs,
                "field": field(&arm.field),
            })),
        })
    }

    fn field(&self, field: &Field) -> Value {
        let Field {
            name,
            span,
            docs,
            ty,
            ..
        } = field;
        with(
            self.named(name, *span, docs),
            json!({ "type": self.used(ty) }),
        )
    }

    fn program(&self, program: &Program) -> Value {
        let Program {
            name,
            span,
            docs,
            number,
            versions,
            ..
        } = program;
        let versions = versions.iter().map(|version| {
            let Version {
                name,
                span,
                docs,
                number,
                procedures,
            } = version;
            let procedures = procedures.iter().map(|procedure| self.procedure(procedure));
            let procedures = procedures.collect::<Vec<_>>();
            let parts = json!({ "number": number, "procedures": procedures });
            with(self.named(name, *span, docs), parts)
        });
        let parts = json!({ "number": number, "versions": versions.collect::<Vec<_>>() });
        with(self.head("program", name, *span, docs), parts)
    }

    fn procedure(&self, procedure: &Procedure) -> Value {
        let Procedure {
            name,
            span,
            docs,
            number,
            result,
            arguments,
        } = procedure;
        let arguments = arguments.iter().map(|argument| {
            json!({
                "name": argument.name,
                "place": self.place(argument.span),
                "type": self.used(&argument.ty),
            })
        });
        let parts = json!({
            "number": number,
            "arguments": arguments.collect::<Vec<_>>(),
            "result": result.as_ref().map(|ty| self.used(ty)),
        });
        with(self.named(name, *span, docs), parts)
    }

    /// A type where it is used.
    fn used(&self, ty: &Type) -> Value {
        let plain = |name: &str| json!({ "type": name });
        let limit = |limit: &u32| Some(*limit).filter(|limit| *limit != u32::MAX);
        let used = match ty {
            Type::Int => plain("int"),
            Type::UnsignedInt => plain("unsigned int"),
            Type::Hyper => plain("hyper"),
            Type::UnsignedHyper => plain("unsigned hyper"),
            Type::Float => plain("float"),
            Type::Double => plain("double"),
            Type::Quadruple => plain("quadruple"),
            Type::Bool => plain("bool"),
            Type::Char => plain("char"),
            Type::UnsignedChar => plain("unsigned char"),
            Type::Short => plain("short"),
            Type::UnsignedShort => plain("unsigned short"),
            Type::OpaqueFixed(length) => json!({ "type": "opaque", "length": length }),
            Type::Opaque(most) => json!({ "type": "opaque", "limit": limit(most) }),
            Type::String(most) => json!({ "type": "string", "limit": limit(most) }),
            Type::Fixed(element, length) => {
                json!({ "type": "array", "element": self.used(element), "length": length })
            }
            Type::Variable(element, most) => {
                json!({ "type": "array", "element": self.used(element), "limit": limit(most) })
            }
            Type::Optional(element) => {
                json!({ "type": "optional", "element": self.used(element) })
            }
            Type::Named(id) => json!({ "type": "named", "path": self.path(*id) }),
            Type::Extern(id) => {
                let model::Extern { name, path } = &self.model.externs[id.0];
                json!({ "type": "extern", "name": name, "rust": path })
            }
        };
        with(used, json!({ "size": size(model::size(self.model, ty)) }))
    }

    /// What an item begins with.
    fn head(&self, kind: &str, name: &str, span: Span, docs: &[String]) -> Value {
        with(json!({ "kind": kind }), self.named(name, span, docs))
    }

    fn named(&self, name: &str, span: Span, docs: &[String]) -> Value {
        json!({ "name": name, "place": self.place(span), "docs": docs })
    }

    fn place(&self, span: Span) -> Value {
        let place = self.model.sources.locate(span);
        json!({ "file": place.file, "line": place.line, "column": place.column })
    }

    fn path(&self, id: TypeId) -> String {
        let TypeDefinition {
            name, namespace, ..
        } = self.model.definition(id);
        let parts = namespace.iter().chain([name]);
        parts.map(String::as_str).collect::<Vec<_>>().join("::")
    }
}

fn size(size: Size) -> Value {
    json!({ "min": size.min, "fixed": size.fixed })
}

/// The fields of the one and then those of the other.
fn with(first: Value, second: Value) -> Value {
    let fields = |value| match value {
        Value::Object(fields) => fields,
        _ => Map::new(),
    };
    let mut all = fields(first);
    all.extend(fields(second));
    Value::Object(all)
}
