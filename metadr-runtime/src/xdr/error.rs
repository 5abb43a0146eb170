//! What can go wrong in the codec, by who is at fault.

use std::fmt;

/// A value that its own `.x` file does not allow: the caller's fault.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EncodeError {
    /// A string, opaque or array is longer than its bound.
    #[error("{place} has length {length}, the limit is {limit}")]
    TooLong {
        /// `Type.field` as the `.x` file names them, empty if unknown.
        place: &'static str,
        /// The length of the value, in bytes or elements.
        length: usize,
        /// The bound in the `.x` file.
        limit: u32,
    },
    /// The default arm of a union holds a discriminant that has an arm of its
    /// own, and would be read as that one.
    #[error("union {name} has an arm of its own for {value}, found it in the default arm")]
    WrongDiscriminant {
        /// The union.
        name: &'static str,
        /// The discriminant.
        value: i64,
    },
}

impl EncodeError {
    #[cold]
    pub(super) fn too_long(length: usize, limit: u32) -> Self {
        Self::TooLong {
            place: "",
            length,
            limit,
        }
    }

    /// Names the place in the `.x` file, unless an inner place was named already.
    #[cold]
    #[must_use]
    pub fn at(self, name: &'static str) -> Self {
        match self {
            Self::TooLong {
                place: "",
                length,
                limit,
            } => Self::TooLong {
                place: name,
                length,
                limit,
            },
            named => named,
        }
    }
}

/// Input that is not a value of the expected type: the sender's fault.
///
/// It says what was wrong, at which byte of the input, and in which fields,
/// outermost first.
#[derive(Clone, PartialEq, Eq)]
pub struct DecodeError(Box<Inner>);

#[derive(Clone, PartialEq, Eq)]
struct Inner {
    kind: DecodeErrorKind,
    offset: usize,
    // Innermost first, as it is pushed while the error travels outwards.
    places: Vec<&'static str>,
}

impl DecodeError {
    /// An error at byte `offset` of the input.
    #[cold]
    #[must_use]
    pub fn new(kind: DecodeErrorKind, offset: usize) -> Self {
        Self(Box::new(Inner {
            kind,
            offset,
            places: Vec::new(),
        }))
    }

    /// Adds the enclosing `Type.field`. Generated code calls this on the way out.
    #[cold]
    #[must_use]
    pub fn at(mut self, place: &'static str) -> Self {
        // Recursive types would otherwise name the same place once for each level.
        if self.0.places.len() < 16 {
            self.0.places.push(place);
        }
        self
    }

    /// What was wrong.
    #[must_use]
    pub fn kind(&self) -> &DecodeErrorKind {
        &self.0.kind
    }

    /// The byte of the input at which it was found.
    #[must_use]
    pub fn offset(&self) -> usize {
        self.0.offset
    }
}

impl fmt::Debug for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DecodeError({self})")
    }
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Inner {
            kind,
            offset,
            places,
        } = &*self.0;
        write!(f, "{kind} at byte {offset}")?;
        for (index, place) in places.iter().rev().enumerate() {
            f.write_str(if index == 0 { " in " } else { " > " })?;
            f.write_str(place)?;
        }
        Ok(())
    }
}

impl std::error::Error for DecodeError {}

/// What was wrong with the input of a [`DecodeError`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DecodeErrorKind {
    /// The input ends before the value does.
    #[error("input ends {missing} bytes early")]
    MissingData {
        /// How many more bytes the value needs at least.
        missing: usize,
    },
    /// The input goes on after the value.
    #[error("{extra} bytes follow the value")]
    TrailingData {
        /// How many bytes are left.
        extra: usize,
    },
    /// A length is over its bound in the `.x` file.
    #[error("length {length} is over the limit of {limit}")]
    TooLong {
        /// The length in the input, in bytes or elements.
        length: u32,
        /// The bound.
        limit: u32,
    },
    /// A boolean is neither 0 nor 1 (RFC 4506 §4.4).
    #[error("boolean is {0}, expected 0 or 1")]
    BadBool(u32),
    /// A padding byte is not zero (RFC 4506 §3).
    #[error("padding byte is {0:#04x}, expected zero")]
    BadPadding(u8),
    /// A number is not an enumerator of the enumeration.
    #[error("{value} is not an enumerator of {name}")]
    UnknownEnumerator {
        /// The enumeration.
        name: &'static str,
        /// The number in the input.
        value: i32,
    },
    /// A discriminant selects no arm of the union, and it has no default.
    #[error("{value} selects no arm of union {name}")]
    UnknownDiscriminant {
        /// The union.
        name: &'static str,
        /// The number in the input.
        value: i64,
    },
    /// A number does not fit into the small integer type that it is for.
    #[error("{value} is out of range, expected {min} to {max}")]
    OutOfRange {
        /// The number in the input.
        value: i64,
        /// The smallest number of the type.
        min: i64,
        /// The greatest number of the type.
        max: i64,
    },
    /// The arrays of the input have too many elements that take up no bytes,
    /// and whose number therefore is not bounded by the size of the input.
    #[error("more than {limit} array elements take up no bytes")]
    TooManyEmpty {
        /// The number of such elements allowed in one input.
        limit: u32,
    },
    /// A string that is to be a Rust `String` is not UTF-8.
    #[error("string is not UTF-8")]
    NotUtf8,
    /// A recursive type is nested deeper than the decoder allows.
    #[error("nested more than {limit} levels deep")]
    TooDeep {
        /// The number of levels allowed.
        limit: u32,
    },
}
