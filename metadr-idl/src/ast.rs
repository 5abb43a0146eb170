//! The tree of an `.x` file as it is written: names unresolved, every node
//! with its place.

use crate::{Diagnostic, FileId, SourceMap, Span};

use std::sync::Arc;

/// The files of one compilation: those that were given and, before each, those
/// that it imports.
#[derive(Clone, Debug)]
pub struct Tree {
    /// Every text that was read.
    pub sources: Arc<SourceMap>,
    /// The files, each once, each after those that it imports. What a file
    /// includes (`#include`) is part of it.
    pub files: Vec<File>,
    /// What is unusual about the text and does not change its meaning: no errors.
    pub deviations: Vec<Diagnostic>,
}

/// A file.
#[derive(Clone, Debug)]
pub struct File {
    /// Which file it is.
    pub id: FileId,
    /// Whether it was given to be compiled, or is only imported by one that was.
    pub is_given: bool,
    /// What it defines, in order.
    pub definitions: Vec<Definition>,
    /// Its passthrough (`%`) lines, which have no meaning for Rust.
    pub passthrough: Vec<Span>,
    /// The C headers that its passthrough lines include.
    pub imports: Vec<Import>,
    /// What its passthrough lines define for C.
    pub defines: Vec<Define>,
}

/// `%#define NAME value`, also where only the C header that rpcgen writes has it.
#[derive(Clone, Debug)]
pub struct Define {
    /// The name.
    pub name: Identifier,
    /// The rest of the line, without a comment and blanks around it.
    pub value: String,
}

/// `%#include "name.h"`: where `name.x` is found, its names are known.
#[derive(Clone, Debug)]
pub struct Import {
    /// The name between the quotes or brackets.
    pub header: String,
    /// Its place.
    pub span: Span,
    /// The file that it stands for; `None` if there is no such `.x` file. It is
    /// not among the tree's files if another of them includes it.
    pub file: Option<FileId>,
}

/// A name at the place where it stands.
#[derive(Clone, Debug)]
pub struct Identifier {
    /// The name.
    pub name: String,
    /// Its place.
    pub span: Span,
}

/// A possibly qualified name, `a::b` or `::b`.
#[derive(Clone, Debug)]
pub struct ScopedName {
    /// Whether it begins with `::`.
    pub absolute: bool,
    /// Its parts; never empty.
    pub parts: Vec<String>,
    /// Its place.
    pub span: Span,
}

/// A definition with the comment that stands right before it.
#[derive(Clone, Debug)]
pub struct Definition {
    /// The lines of the comment, without its marks.
    pub docs: Vec<String>,
    /// The name that is defined.
    pub name: Identifier,
    /// What it is.
    pub kind: DefinitionKind,
}

/// What a [`Definition`] defines.
#[derive(Clone, Debug)]
pub enum DefinitionKind {
    /// `namespace name { … }`
    Namespace(Vec<Definition>),
    /// `const name = value;`
    Constant(ConstantValue),
    /// `typedef declaration;`
    Typedef(Shape),
    /// `enum name { … };`
    Enumeration(Vec<Enumerator>),
    /// `struct name { … };`
    Structure(Vec<Field>),
    /// `union name switch (…) { … };`
    Union(Union),
    /// `program name { … } = number;`
    Program(Program),
}

/// What a constant stands for.
#[derive(Clone, Debug)]
pub enum ConstantValue {
    /// A number, or the name of another constant.
    Value(Value),
    /// `"text"`, without the quotes, and its place. Only rpcgen has it.
    Text(String, Span),
}

/// One name of an enumeration.
#[derive(Clone, Debug)]
pub struct Enumerator {
    /// Its comment.
    pub docs: Vec<String>,
    /// The name.
    pub name: Identifier,
    /// Its number, if one is given.
    pub value: Option<Value>,
}

/// A named part of a structure or of a union's arm.
#[derive(Clone, Debug)]
pub struct Field {
    /// Its comment.
    pub docs: Vec<String>,
    /// The name.
    pub name: Identifier,
    /// Its type.
    pub shape: Shape,
}

/// The body of a union.
#[derive(Clone, Debug)]
pub struct Union {
    /// The type of the discriminant.
    pub discriminant: TypeSpecifier,
    /// The name of the discriminant.
    pub discriminant_name: Identifier,
    /// The arms.
    pub arms: Vec<Arm>,
}

/// An arm of a union: labels, and what they select.
#[derive(Clone, Debug)]
pub struct Arm {
    /// Its comment.
    pub docs: Vec<String>,
    /// The labels; never empty.
    pub labels: Vec<Label>,
    /// What follows the discriminant; `None` for `void`.
    pub field: Option<Field>,
}

/// `case value:` or `default:`.
#[derive(Clone, Debug)]
pub enum Label {
    /// `case value:`
    Case(Value),
    /// `default:`, and its place.
    Default(Span),
}

/// The type part of a declaration.
#[derive(Clone, Debug)]
pub enum Shape {
    /// `type name`
    Plain(TypeSpecifier),
    /// `type *name`
    Optional(TypeSpecifier),
    /// `type name[size]`
    Fixed(TypeSpecifier, Value),
    /// `type name<limit>`
    Variable(TypeSpecifier, Option<Value>),
    /// `opaque name[size]`
    OpaqueFixed(Value),
    /// `opaque name<limit>`
    Opaque(Option<Value>),
    /// `string name<limit>`
    String(Option<Value>),
}

/// A type where it is used.
#[derive(Clone, Debug)]
pub enum TypeSpecifier {
    /// One of the language's own types, and its place.
    Base(BaseType, Span),
    /// A type that is defined somewhere.
    Named(ScopedName),
    /// A type without a name that is defined where it is used: an enumeration,
    /// a structure or a union. Then its place, that of its keyword.
    Anonymous(Box<DefinitionKind>, Span),
}

/// The number types of RFC 4506, and those of C that rpcgen adds. On the wire
/// each of the latter takes four bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BaseType {
    /// `int`
    Int,
    /// `unsigned int`
    UnsignedInt,
    /// `hyper`
    Hyper,
    /// `unsigned hyper`
    UnsignedHyper,
    /// `float`
    Float,
    /// `double`
    Double,
    /// `quadruple`
    Quadruple,
    /// `bool`
    Bool,
    /// `char`
    Char,
    /// `unsigned char`
    UnsignedChar,
    /// `short`
    Short,
    /// `unsigned short`
    UnsignedShort,
    /// `long`
    Long,
    /// `unsigned long`
    UnsignedLong,
}

/// A number, or the name of one.
#[derive(Clone, Debug)]
pub enum Value {
    /// A literal, as written, but without a `+` and without `'` between digits.
    Number(String, Span),
    /// A constant or an enumerator.
    Name(ScopedName),
}

impl Value {
    /// Its place.
    #[must_use]
    pub fn span(&self) -> Span {
        match self {
            Self::Number(_, span) => *span,
            Self::Name(name) => name.span,
        }
    }
}

/// The body of a program (RFC 5531 section 12).
#[derive(Clone, Debug)]
pub struct Program {
    /// Its versions.
    pub versions: Vec<Version>,
    /// Its number.
    pub number: Value,
}

/// A version of a program.
#[derive(Clone, Debug)]
pub struct Version {
    /// Its comment.
    pub docs: Vec<String>,
    /// The name.
    pub name: Identifier,
    /// Its procedures.
    pub procedures: Vec<Procedure>,
    /// Its number.
    pub number: Value,
}

/// A procedure of a version.
#[derive(Clone, Debug)]
pub struct Procedure {
    /// Its comment.
    pub docs: Vec<String>,
    /// The name.
    pub name: Identifier,
    /// What it returns; `None` for `void`.
    pub result: Option<Shape>,
    /// What it takes; empty for `void`.
    pub arguments: Vec<Argument>,
    /// Its number.
    pub number: Value,
}

/// An argument of a procedure.
#[derive(Clone, Debug)]
pub struct Argument {
    /// Its name, if it has one.
    pub name: Option<Identifier>,
    /// Its type.
    pub shape: Shape,
}
