//! The text of a tree: each line with its place, names as they are written.

use super::Lines;
use crate::ast::{
    Argument, BaseType, ConstantValue, Definition, DefinitionKind, Enumerator, Field, File, Label,
    Procedure, Program, ScopedName, Shape, Tree, TypeSpecifier, Union, Value,
};
use crate::{SourceMap, Span};
use std::fmt;

/// An outline for people: a line for each part, with its line and column in the
/// file, below the one that it is a part of.
impl fmt::Display for Tree {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for file in &self.files {
            f.write_str(&Outline::of(&self.sources, file))?;
        }
        Ok(())
    }
}

struct Outline<'a> {
    sources: &'a SourceMap,
    /// The name of the file: parts that it includes have another.
    file: &'a str,
    lines: Lines,
}

impl<'a> Outline<'a> {
    fn of(sources: &'a SourceMap, file: &'a File) -> String {
        let mut outline = Self {
            sources,
            file: sources.source(file.id).name(),
            lines: Lines::default(),
        };
        let imported = if file.is_given { "" } else { ", imported" };
        let title = format!("file {}{imported}", outline.file);
        outline.lines.add("", 0, &title);
        for import in &file.imports {
            let found = match import.file {
                Some(id) => sources.source(id).name(),
                None => "no such .x file",
            };
            let text = format!("import {}: {found}", import.header);
            outline.line(import.span, 0, &text);
        }
        outline.definitions(&file.definitions, 0);
        outline.lines.0
    }

    fn line(&mut self, span: Span, depth: usize, text: &str) {
        let place = self.sources.locate(span);
        let mut margin = format!("{}:{}", place.line, place.column);
        if place.file != self.file {
            margin = format!("{}:{margin}", place.file);
        }
        self.lines.add(&format!("{margin:>8}  "), depth, text);
    }

    fn docs(&mut self, docs: &[String], depth: usize) {
        for line in docs {
            let margin = " ".repeat(10);
            self.lines.add(&margin, depth, &format!("// {line}"));
        }
    }

    fn definitions(&mut self, definitions: &[Definition], depth: usize) {
        for definition in definitions {
            self.docs(&definition.docs, depth);
            self.definition(definition, depth);
        }
    }

    fn definition(&mut self, definition: &Definition, depth: usize) {
        let name = &definition.name.name;
        let span = definition.name.span;
        match &definition.kind {
            DefinitionKind::Namespace(inner) => {
                self.line(span, depth, &format!("namespace {name}"));
                self.definitions(inner, depth + 1);
            }
            DefinitionKind::Constant(value) => {
                let value = match value {
                    ConstantValue::Value(value) => number(value),
                    ConstantValue::Text(text, _) => format!("\"{text}\""),
                };
                self.line(span, depth, &format!("const {name} = {value}"));
            }
            DefinitionKind::Typedef(target) => {
                self.line(span, depth, &format!("typedef {}", shape(target, name)));
                self.anonymous(target, depth + 1);
            }
            kind @ (DefinitionKind::Enumeration(_)
            | DefinitionKind::Structure(_)
            | DefinitionKind::Union(_)) => {
                self.line(span, depth, &head(kind, name));
                self.body(kind, depth + 1);
            }
            DefinitionKind::Program(program) => {
                let text = format!("program {name} = {}", number(&program.number));
                self.line(span, depth, &text);
                self.program(program, depth + 1);
            }
        }
    }

    /// The parts of an enumeration, a structure or a union.
    fn body(&mut self, kind: &DefinitionKind, depth: usize) {
        match kind {
            DefinitionKind::Enumeration(enumerators) => {
                for one in enumerators {
                    self.enumerator(one, depth);
                }
            }
            DefinitionKind::Structure(fields) => {
                for field in fields {
                    self.docs(&field.docs, depth);
                    self.field(field, depth);
                }
            }
            DefinitionKind::Union(union) => self.arms(union, depth),
            // Without a name there is nothing else.
            _ => {}
        }
    }

    fn enumerator(&mut self, enumerator: &Enumerator, depth: usize) {
        self.docs(&enumerator.docs, depth);
        let name = &enumerator.name.name;
        let text = match &enumerator.value {
            Some(value) => format!("{name} = {}", number(value)),
            None => name.clone(),
        };
        self.line(enumerator.name.span, depth, &text);
    }

    fn field(&mut self, field: &Field, depth: usize) {
        let text = shape(&field.shape, &field.name.name);
        self.line(field.name.span, depth, &text);
        self.anonymous(&field.shape, depth + 1);
    }

    fn arms(&mut self, union: &Union, depth: usize) {
        for arm in &union.arms {
            self.docs(&arm.docs, depth);
            for label in &arm.labels {
                let (span, text) = match label {
                    Label::Case(value) => (value.span(), format!("case {}", number(value))),
                    Label::Default(span) => (*span, "default".to_owned()),
                };
                let void = if arm.field.is_none() { ": void" } else { ":" };
                self.line(span, depth, &format!("{text}{void}"));
            }
            if let Some(field) = &arm.field {
                self.field(field, depth + 1);
            }
        }
    }

    fn program(&mut self, program: &Program, depth: usize) {
        for version in &program.versions {
            self.docs(&version.docs, depth);
            let text = format!(
                "version {} = {}",
                version.name.name,
                number(&version.number)
            );
            self.line(version.name.span, depth, &text);
            for procedure in &version.procedures {
                self.docs(&procedure.docs, depth + 1);
                self.line(procedure.name.span, depth + 1, &signature(procedure));
            }
        }
    }

    /// What a type without a name consists of.
    fn anonymous(&mut self, shape: &Shape, depth: usize) {
        let (Shape::Plain(ty) | Shape::Optional(ty) | Shape::Fixed(ty, _) | Shape::Variable(ty, _)) =
            shape
        else {
            return;
        };
        if let TypeSpecifier::Anonymous(kind, _) = ty {
            self.body(kind, depth);
        }
    }
}

/// The first line of an enumeration, a structure or a union.
fn head(kind: &DefinitionKind, name: &str) -> String {
    let text = match kind {
        DefinitionKind::Enumeration(_) => format!("enum {name}"),
        DefinitionKind::Union(union) => format!(
            "union {name} switch ({} {})",
            specifier(&union.discriminant),
            union.discriminant_name.name
        ),
        _ => format!("struct {name}"),
    };
    text.replace("  ", " ")
}

fn signature(procedure: &Procedure) -> String {
    let result = procedure.result.as_ref();
    let result = result.map_or_else(|| "void".to_owned(), |result| shape(result, ""));
    let arguments: Vec<_> = procedure.arguments.iter().map(argument).collect();
    let arguments = if arguments.is_empty() {
        "void".to_owned()
    } else {
        arguments.join(", ")
    };
    let (name, number) = (&procedure.name.name, number(&procedure.number));
    format!("{result} {name}({arguments}) = {number}")
}

fn argument(argument: &Argument) -> String {
    let name = argument.name.as_ref().map_or("", |name| &name.name);
    shape(&argument.shape, name)
}

/// A declaration; the name may be empty.
fn shape(shape: &Shape, name: &str) -> String {
    let bound = |limit: &Option<Value>| {
        let limit = limit.as_ref().map(number).unwrap_or_default();
        format!("<{limit}>")
    };
    let blank = if name.is_empty() { "" } else { " " };
    match shape {
        Shape::Plain(ty) => format!("{}{blank}{name}", specifier(ty)),
        Shape::Optional(ty) => format!("{} *{name}", specifier(ty)),
        Shape::Fixed(ty, size) => format!("{}{blank}{name}[{}]", specifier(ty), number(size)),
        Shape::Variable(ty, limit) => format!("{}{blank}{name}{}", specifier(ty), bound(limit)),
        Shape::OpaqueFixed(size) => format!("opaque{blank}{name}[{}]", number(size)),
        Shape::Opaque(limit) => format!("opaque{blank}{name}{}", bound(limit)),
        Shape::String(limit) => format!("string{blank}{name}{}", bound(limit)),
    }
}

fn specifier(ty: &TypeSpecifier) -> String {
    match ty {
        TypeSpecifier::Base(base, _) => base_type(*base).to_owned(),
        TypeSpecifier::Named(name) => scoped(name),
        TypeSpecifier::Anonymous(kind, _) => head(kind, "").trim_end().to_owned(),
    }
}

fn base_type(base: BaseType) -> &'static str {
    match base {
        BaseType::Int => "int",
        BaseType::UnsignedInt => "unsigned int",
        BaseType::Hyper => "hyper",
        BaseType::UnsignedHyper => "unsigned hyper",
        BaseType::Float => "float",
        BaseType::Double => "double",
        BaseType::Quadruple => "quadruple",
        BaseType::Bool => "bool",
        BaseType::Char => "char",
        BaseType::UnsignedChar => "unsigned char",
        BaseType::Short => "short",
        BaseType::UnsignedShort => "unsigned short",
        BaseType::Long => "long",
        BaseType::UnsignedLong => "unsigned long",
    }
}

fn number(value: &Value) -> String {
    match value {
        Value::Number(text, _) => text.clone(),
        Value::Name(name) => scoped(name),
    }
}

fn scoped(name: &ScopedName) -> String {
    let root = if name.absolute { "::" } else { "" };
    format!("{root}{}", name.parts.join("::"))
}
