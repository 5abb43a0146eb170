//! The checked meaning of an `.x` file: every name resolved, every number
//! computed. What the generator reads.

use crate::{Diagnostics, SourceMap, Span};
use std::sync::Arc;

/// The checked files of one compilation.
#[derive(Clone, Debug, Default)]
pub struct Model {
    /// Every text that was read.
    pub sources: Arc<SourceMap>,
    /// What was found that is not an error.
    pub warnings: Diagnostics,
    /// Everything outside of a namespace, and the namespaces.
    pub root: Module,
    /// Every type of the file; [`TypeId`] is an index into it.
    pub types: Vec<TypeDefinition>,
    /// How many bytes each type takes on the wire, in the order of `types`.
    pub sizes: Vec<Size>,
    /// Every type that is used and defined elsewhere; [`ExternId`] is an index
    /// into it.
    pub externs: Vec<Extern>,
}

impl Model {
    /// The definition behind an id.
    #[must_use]
    pub fn definition(&self, id: TypeId) -> &TypeDefinition {
        &self.types[id.0]
    }

    /// Follows type definitions to what they stand for.
    #[must_use]
    pub fn resolve<'a>(&'a self, mut ty: &'a Type) -> &'a Type {
        while let Type::Named(id) = ty {
            match &self.definition(*id).kind {
                TypeKind::Alias(target) => ty = target,
                _ => break,
            }
        }
        ty
    }
}

/// How many bytes a value takes on the wire.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Size {
    /// The least. For a union with arms that hold a value of the union itself,
    /// those count as taking nothing.
    pub min: usize,
    /// The exact number, if every value takes as many.
    pub fixed: Option<usize>,
}

impl Size {
    /// No value takes any.
    pub const NOTHING: Self = Self {
        min: 0,
        fixed: Some(0),
    };

    /// Every value takes this many.
    #[must_use]
    pub fn fixed(bytes: usize) -> Self {
        Self {
            min: bytes,
            fixed: Some(bytes),
        }
    }

    /// Values take this many or more.
    #[must_use]
    pub fn at_least(bytes: usize) -> Self {
        Self {
            min: bytes,
            fixed: None,
        }
    }

    /// One after the other.
    #[must_use]
    pub fn and(self, next: Self) -> Self {
        Self {
            min: self.min.saturating_add(next.min),
            fixed: (self.fixed.zip(next.fixed)).and_then(|(one, two)| one.checked_add(two)),
        }
    }

    /// `count` of them.
    #[must_use]
    pub fn times(self, count: u32) -> Self {
        if count == 0 {
            return Self::NOTHING;
        }
        let count = count as usize;
        Self {
            min: self.min.saturating_mul(count),
            fixed: self.fixed.and_then(|bytes| bytes.checked_mul(count)),
        }
    }

    /// The one or the other.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        Self {
            min: self.min.min(other.min),
            fixed: self.fixed.filter(|_| self.fixed == other.fixed),
        }
    }
}

/// A namespace, or the file itself.
#[derive(Clone, Debug, Default)]
pub struct Module {
    /// Its name; empty for the files themselves.
    pub name: String,
    /// The place of the name.
    pub span: Span,
    /// The comment above it.
    pub docs: Vec<String>,
    /// What it contains, in the order of the file. A namespace that is opened
    /// again continues the first.
    pub items: Vec<Item>,
}

/// A part of a [`Module`].
#[derive(Clone, Debug)]
pub enum Item {
    /// A namespace within.
    Module(Module),
    /// A constant.
    Constant(Constant),
    /// A type.
    Type(TypeId),
    /// A program.
    Program(Program),
}

/// A named number or text.
#[derive(Clone, Debug)]
pub struct Constant {
    /// The name as in the file.
    pub name: String,
    /// The place of the name.
    pub span: Span,
    /// Its comment.
    pub docs: Vec<String>,
    /// What it stands for.
    pub value: ConstantValue,
}

/// What a [`Constant`] stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ConstantValue {
    /// A number between `i64::MIN` and `u64::MAX`.
    Number(i128),
    /// A text, as it stands between the quotes.
    Text(String),
}

/// Which type of a [`Model`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TypeId(pub usize);

/// A type that the file defines.
#[derive(Clone, Debug)]
pub struct TypeDefinition {
    /// The name as in the file, without namespaces. A type that has none there
    /// has those of its parents, joined by underscores: `parent_field`.
    pub name: String,
    /// The place of the name, or of the keyword where there is no name.
    pub span: Span,
    /// Whether the file names it.
    pub is_anonymous: bool,
    /// The namespaces around it, outermost first.
    pub namespace: Vec<String>,
    /// Its comment.
    pub docs: Vec<String>,
    /// What it is.
    pub kind: TypeKind,
}

/// What a [`TypeDefinition`] defines.
#[derive(Clone, Debug)]
pub enum TypeKind {
    /// Another name for a type.
    Alias(Type),
    /// An enumeration.
    Enumeration(Vec<Enumerator>),
    /// A structure.
    Structure(Vec<Field>),
    /// A discriminated union.
    Union(Union),
}

/// A name of an enumeration.
#[derive(Clone, Debug)]
pub struct Enumerator {
    /// The name as in the file.
    pub name: String,
    /// The place of the name.
    pub span: Span,
    /// Its comment.
    pub docs: Vec<String>,
    /// Its number.
    pub value: i32,
}

/// A named part of a structure or an arm.
#[derive(Clone, Debug)]
pub struct Field {
    /// The name as in the file.
    pub name: String,
    /// The place of the name.
    pub span: Span,
    /// Its comment.
    pub docs: Vec<String>,
    /// Its type.
    pub ty: Type,
    /// Whether it holds, without a pointer or an array between, a value of the
    /// union that it is an arm of: in Rust it needs a `Box` then. Never true of the
    /// fields of a structure.
    pub is_boxed: bool,
}

/// A discriminated union (RFC 4506 section 4.15).
#[derive(Clone, Debug)]
pub struct Union {
    /// What the discriminant is.
    pub discriminant: Discriminant,
    /// The name of the discriminant.
    pub discriminant_name: String,
    /// One case for each label, in the order of the file.
    pub cases: Vec<Case>,
    /// The default arm.
    pub default: Option<DefaultCase>,
}

impl Union {
    /// What its arms hold, in the order of the file, the default arm last.
    pub fn fields(&self) -> impl Iterator<Item = &Field> {
        let default = self.default.iter().filter_map(|arm| arm.field.as_ref());
        let cases = self.cases.iter().filter_map(|case| case.field.as_ref());
        cases.chain(default)
    }
}

/// The type of a discriminant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Discriminant {
    /// `int`
    Int,
    /// `unsigned int`
    UnsignedInt,
    /// `bool`
    Bool,
    /// An enumeration.
    Enumeration(TypeId),
}

/// A label of a union and what it selects.
#[derive(Clone, Debug)]
pub struct Case {
    /// The enumerator, for an enumeration.
    pub label: Option<String>,
    /// The place of the label.
    pub span: Span,
    /// The number on the wire.
    pub value: i64,
    /// Its comment.
    pub docs: Vec<String>,
    /// What follows; `None` for `void`.
    pub field: Option<Field>,
}

/// The default arm of a union.
#[derive(Clone, Debug)]
pub struct DefaultCase {
    /// The place of `default`.
    pub span: Span,
    /// Its comment.
    pub docs: Vec<String>,
    /// What follows; `None` for `void`.
    pub field: Option<Field>,
}

/// A type where it is used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Type {
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
    /// `char` and `int8_t`; four bytes on the wire, as the three that follow.
    Char,
    /// `unsigned char` and `uint8_t`.
    UnsignedChar,
    /// `short` and `int16_t`.
    Short,
    /// `unsigned short` and `uint16_t`.
    UnsignedShort,
    /// `opaque[size]`
    OpaqueFixed(u32),
    /// `opaque<limit>`
    Opaque(u32),
    /// `string<limit>`
    String(u32),
    /// `element[size]`
    Fixed(Box<Self>, u32),
    /// `element<limit>`
    Variable(Box<Self>, u32),
    /// `*element`
    Optional(Box<Self>),
    /// A type of the files.
    Named(TypeId),
    /// A type that is defined elsewhere, in Rust.
    Extern(ExternId),
}

/// Which path of [`Model::externs`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ExternId(pub usize);

/// A type that is defined elsewhere, in Rust, and implements the codec's traits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Extern {
    /// The name in the file, without namespaces.
    pub name: String,
    /// The path in Rust, a valid one. If it ends in `::`, it is that of a module
    /// in which the type has the name that the generator would give it.
    pub path: String,
}

/// An ONC RPC program.
#[derive(Clone, Debug)]
pub struct Program {
    /// The name as in the file.
    pub name: String,
    /// The place of the name.
    pub span: Span,
    /// Its comment.
    pub docs: Vec<String>,
    /// The namespaces around it, outermost first.
    pub namespace: Vec<String>,
    /// Its number.
    pub number: u32,
    /// Its versions, in the order of the file.
    pub versions: Vec<Version>,
}

/// A version of a program.
#[derive(Clone, Debug)]
pub struct Version {
    /// The name as in the file.
    pub name: String,
    /// The place of the name.
    pub span: Span,
    /// Its comment.
    pub docs: Vec<String>,
    /// Its number.
    pub number: u32,
    /// Its procedures, in the order of the file.
    pub procedures: Vec<Procedure>,
}

/// A procedure of a version.
#[derive(Clone, Debug)]
pub struct Procedure {
    /// The name as in the file.
    pub name: String,
    /// The place of the name.
    pub span: Span,
    /// Its comment.
    pub docs: Vec<String>,
    /// Its number.
    pub number: u32,
    /// What it returns; `None` for `void`.
    pub result: Option<Type>,
    /// What it takes. On the wire they follow one another.
    pub arguments: Vec<Argument>,
}

/// An argument of a procedure.
#[derive(Clone, Debug)]
pub struct Argument {
    /// The name, or `arg`, `arg1`, `arg2` … where the file gives none.
    pub name: String,
    /// The place of the name, or that of the procedure where it has none.
    pub span: Span,
    /// Its type.
    pub ty: Type,
}

/// Fixed arrays, arms of unions and optional values that take more bytes of
/// memory than this are kept in a box: so no file makes a decoder overflow its
/// stack, and four bytes of input, which say that nothing is there, do not
/// become pages of memory in an array of such values.
pub(crate) const MAX_IN_PLACE: usize = 1024;

/// How many bytes a value of the type takes on the wire.
#[must_use]
pub fn size(model: &Model, ty: &Type) -> Size {
    size_among(&model.sizes, ty)
}

/// The least number of bytes that a value of the type takes on the wire.
#[must_use]
pub fn min_size(model: &Model, ty: &Type) -> usize {
    size(model, ty).min
}

/// The size of a type, given those of the definitions that it names.
pub(crate) fn size_among(sizes: &[Size], ty: &Type) -> Size {
    match ty {
        Type::Int
        | Type::UnsignedInt
        | Type::Float
        | Type::Bool
        | Type::Char
        | Type::UnsignedChar
        | Type::Short
        | Type::UnsignedShort => Size::fixed(4),
        Type::Hyper | Type::UnsignedHyper | Type::Double => Size::fixed(8),
        Type::Quadruple => Size::fixed(16),
        // Only the type itself knows.
        Type::Extern(_) => Size::at_least(0),
        Type::OpaqueFixed(size) => Size::fixed(
            (*size as usize)
                .checked_next_multiple_of(4)
                .unwrap_or(usize::MAX),
        ),
        Type::Fixed(element, count) => size_among(sizes, element).times(*count),
        Type::Opaque(_) | Type::String(_) | Type::Variable(..) | Type::Optional(_) => {
            Size::at_least(4)
        }
        Type::Named(id) => sizes[id.0],
    }
}

/// The size of a definition, given those of the definitions that it names.
pub(crate) fn size_of_kind(sizes: &[Size], kind: &TypeKind) -> Size {
    match kind {
        TypeKind::Alias(ty) => size_among(sizes, ty),
        TypeKind::Enumeration(_) => Size::fixed(4),
        TypeKind::Structure(fields) => fields
            .iter()
            .map(|field| size_among(sizes, &field.ty))
            .fold(Size::NOTHING, Size::and),
        TypeKind::Union(union) => {
            let arms = union.cases.iter().map(|case| case.field.as_ref());
            let default = union.default.iter().map(|arm| arm.field.as_ref());
            let size = |field: Option<&Field>| match field {
                None => Size::NOTHING,
                Some(field) if field.is_boxed => Size::at_least(0),
                Some(field) => size_among(sizes, &field.ty),
            };
            let arms = arms.chain(default).map(size).reduce(Size::or);
            Size::fixed(4).and(arms.unwrap_or(Size::NOTHING))
        }
    }
}
