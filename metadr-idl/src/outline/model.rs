//! The text of a model: what a file means, without where or how it says it.

use super::{Lines, bound};
use crate::model::{
    Case, Constant, ConstantValue, Discriminant, Field, Item, Model, Module, Procedure, Program,
    Type, TypeDefinition, TypeKind, Union,
};
use std::fmt;

/// An outline for people: every number computed, every name with its
/// namespaces. Two interfaces with the same outline are the same on the wire.
/// Comments are not part of it.
impl fmt::Display for Model {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut outline = Outline {
            model: self,
            lines: Lines::default(),
        };
        for one in &self.externs {
            let text = format!("extern {} = {}", one.name, one.path);
            outline.line(0, &text);
        }
        outline.module(&self.root, 0);
        f.write_str(&outline.lines.0)
    }
}

struct Outline<'a> {
    model: &'a Model,
    lines: Lines,
}

impl Outline<'_> {
    fn line(&mut self, depth: usize, text: &str) {
        self.lines.add("", depth, text);
    }

    fn module(&mut self, module: &Module, depth: usize) {
        for item in &module.items {
            match item {
                Item::Module(inner) => {
                    self.line(depth, &format!("namespace {}", inner.name));
                    self.module(inner, depth + 1);
                }
                Item::Constant(constant) => self.constant(constant, depth),
                Item::Type(id) => self.definition(self.model.definition(*id), depth),
                Item::Program(program) => self.program(program, depth),
            }
        }
    }

    fn constant(&mut self, constant: &Constant, depth: usize) {
        let value = match &constant.value {
            ConstantValue::Number(number) => number.to_string(),
            ConstantValue::Text(text) => format!("\"{text}\""),
        };
        self.line(depth, &format!("const {} = {value}", constant.name));
    }

    fn definition(&mut self, definition: &TypeDefinition, depth: usize) {
        let name = &definition.name;
        match &definition.kind {
            TypeKind::Alias(target) => {
                let target = self.ty(target);
                self.line(depth, &format!("typedef {name}: {target}"));
            }
            TypeKind::Enumeration(enumerators) => {
                self.line(depth, &format!("enum {name}"));
                for one in enumerators {
                    self.line(depth + 1, &format!("{} = {}", one.name, one.value));
                }
            }
            TypeKind::Structure(fields) => {
                self.line(depth, &format!("struct {name}"));
                for one in fields {
                    let field = self.field(Some(one));
                    self.line(depth + 1, &field);
                }
            }
            TypeKind::Union(union) => self.union(name, union, depth),
        }
    }

    fn union(&mut self, name: &str, union: &Union, depth: usize) {
        let discriminant = match union.discriminant {
            Discriminant::Int => "int".to_owned(),
            Discriminant::UnsignedInt => "unsigned int".to_owned(),
            Discriminant::Bool => "bool".to_owned(),
            Discriminant::Enumeration(id) => self.ty(&Type::Named(id)),
        };
        let switch = format!("{}: {discriminant}", union.discriminant_name);
        self.line(depth, &format!("union {name} switch ({switch})"));
        for Case {
            label,
            value,
            field,
            ..
        } in &union.cases
        {
            let label = (label.as_ref()).map_or_else(String::new, |label| format!(" {label}"));
            let field = self.field(field.as_ref());
            self.line(depth + 1, &format!("case {value}{label}: {field}"));
        }
        if let Some(default) = &union.default {
            let field = self.field(default.field.as_ref());
            self.line(depth + 1, &format!("default: {field}"));
        }
    }

    fn program(&mut self, program: &Program, depth: usize) {
        self.line(
            depth,
            &format!("program {} = {:#010x}", program.name, program.number),
        );
        for version in &program.versions {
            self.line(
                depth + 1,
                &format!("version {} = {}", version.name, version.number),
            );
            for procedure in &version.procedures {
                let text = self.procedure(procedure);
                self.line(depth + 2, &text);
            }
        }
    }

    fn procedure(&self, procedure: &Procedure) -> String {
        let arguments = procedure.arguments.iter();
        let arguments = arguments.map(|one| format!("{}: {}", one.name, self.ty(&one.ty)));
        let arguments: Vec<_> = arguments.collect();
        let (number, name) = (procedure.number, &procedure.name);
        let result = procedure.result.as_ref();
        let result = result.map_or_else(|| "void".to_owned(), |result| self.ty(result));
        format!("{number} {name}({}): {result}", arguments.join(", "))
    }

    fn field(&self, field: Option<&Field>) -> String {
        match field {
            Some(field) => format!("{}: {}", field.name, self.ty(&field.ty)),
            None => "void".to_owned(),
        }
    }

    fn ty(&self, ty: &Type) -> String {
        match ty {
            Type::Int => "int".to_owned(),
            Type::UnsignedInt => "unsigned int".to_owned(),
            Type::Hyper => "hyper".to_owned(),
            Type::UnsignedHyper => "unsigned hyper".to_owned(),
            Type::Float => "float".to_owned(),
            Type::Double => "double".to_owned(),
            Type::Quadruple => "quadruple".to_owned(),
            Type::Bool => "bool".to_owned(),
            Type::Char => "char".to_owned(),
            Type::UnsignedChar => "unsigned char".to_owned(),
            Type::Short => "short".to_owned(),
            Type::UnsignedShort => "unsigned short".to_owned(),
            Type::OpaqueFixed(size) => format!("opaque[{size}]"),
            Type::Opaque(limit) => format!("opaque{}", bound(*limit)),
            Type::String(limit) => format!("string{}", bound(*limit)),
            Type::Fixed(element, size) => format!("{}[{size}]", self.ty(element)),
            Type::Variable(element, limit) => format!("{}{}", self.ty(element), bound(*limit)),
            Type::Optional(target) => format!("*{}", self.ty(target)),
            Type::Named(id) => {
                let definition = self.model.definition(*id);
                let mut parts = definition.namespace.clone();
                parts.push(definition.name.clone());
                parts.join("::")
            }
            Type::Extern(id) => self.model.externs[id.0].name.clone(),
        }
    }
}
