//! The tree of an `.x` file as it is written: names unresolved, every node
//! with its place.

use crate::Span;

/// A whole file.
#[derive(Clone, Debug)]
pub struct File {
    /// What it defines, in order.
    pub definitions: Vec<Definition>,
    /// Its passthrough (`%`) lines, which have no meaning for Rust.
    pub passthrough: Vec<Span>,
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
    Constant(Value),
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

/// A base type, or the name of another.
#[derive(Clone, Debug)]
pub enum TypeSpecifier {
    /// One of the language's own types.
    Base(BaseType),
    /// A type that is defined somewhere.
    Named(ScopedName),
}

/// The number types of RFC 4506.
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
    /// `bool`
    Bool,
}

/// A number, or the name of one.
#[derive(Clone, Debug)]
pub enum Value {
    /// A literal, as written.
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
