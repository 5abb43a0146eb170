//! The code that encodes, decodes and measures values.
//!
//! Adjacent parts whose size never varies form a *run*: its bytes are put
//! together, or taken apart, in one go, so that there is one check for room and
//! not one for each part. When encoding, the length of what varies in size ends
//! the run before it.

pub(super) mod decode;
pub(super) mod encode;
pub(super) mod length;

use super::uses;
use proc_macro2::TokenStream;
use quote::quote;

/// The longest run: it lies on the stack.
const MAX_RUN: usize = 128;

/// The longest opaque or array within a run.
const MAX_RUN_ARRAY: usize = 64;

/// How code reaches a value that it encodes.
#[derive(Clone)]
pub(super) struct Access {
    /// An expression for the value itself, of a `Copy` type.
    copied: TokenStream,
    /// An expression of type `&T`.
    reference: TokenStream,
    /// What a method is called on.
    receiver: TokenStream,
}

impl Access {
    /// A field, or a variable that holds the value.
    pub(super) fn place(place: TokenStream) -> Self {
        Self {
            copied: place.clone(),
            reference: quote!(&#place),
            receiver: place,
        }
    }

    /// A variable that holds a reference to the value.
    pub(super) fn reference(variable: TokenStream) -> Self {
        Self {
            copied: quote!(*#variable),
            reference: variable.clone(),
            receiver: variable,
        }
    }

    /// A variable that holds a reference to a box of the value.
    pub(super) fn boxed(variable: TokenStream) -> Self {
        Self {
            copied: quote!(**#variable),
            reference: quote!(&**#variable),
            receiver: variable,
        }
    }

    /// The elements of a fixed array.
    fn slice(&self, is_boxed: bool) -> TokenStream {
        let Self {
            reference,
            receiver,
            ..
        } = self;
        if is_boxed {
            quote!(&#receiver[..])
        } else {
            reference.clone()
        }
    }
}

/// What code is written to, or read from.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stream {
    /// The encoder or decoder that was passed in.
    Whole,
    /// A run of it.
    Run,
}

impl Stream {
    /// What a method of an encoder is called on.
    fn encoder(self) -> TokenStream {
        match self {
            Self::Whole => quote!(encoder),
            Self::Run => quote!(run),
        }
    }

    /// What a method of a decoder is called on.
    fn decoder(self) -> TokenStream {
        match self {
            Self::Whole => quote!(decoder),
            Self::Run => quote!(run),
        }
    }

    /// What is passed on as an encoder.
    fn encoder_argument(self) -> TokenStream {
        match self {
            Self::Whole => quote!(encoder),
            Self::Run => quote!(&mut run),
        }
    }

    /// What is passed on as a decoder.
    fn decoder_argument(self) -> TokenStream {
        match self {
            Self::Whole => quote!(decoder),
            Self::Run => quote!(&mut run),
        }
    }
}

/// Splits parts into runs and others.
fn runs<T>(parts: Vec<T>, place: impl Fn(&T) -> InRun) -> Vec<Chunk<T>> {
    let mut chunks: Vec<Chunk<T>> = Vec::new();
    // Whether the last chunk is a run that may go on.
    let mut is_open = false;
    for part in parts {
        let place = place(&part);
        match (place.size(), chunks.last_mut()) {
            (
                Some(own),
                Some(Chunk {
                    size: Some(size),
                    parts,
                }),
            ) if is_open && *size + own <= MAX_RUN => {
                *size += own;
                parts.push(part);
            }
            (size, _) => chunks.push(Chunk {
                size,
                parts: vec![part],
            }),
        }
        is_open = matches!(place, InRun::Anywhere(_));
    }
    for chunk in &mut chunks {
        // What stands alone needs no run around it.
        if chunk.parts.len() == 1 {
            chunk.size = None;
        }
    }
    chunks
}

/// Where a part may be in a run, with the size of what it puts there.
#[derive(Clone, Copy)]
enum InRun {
    /// Nowhere.
    No,
    /// At its end: the rest of the part follows the run.
    AtEnd(usize),
    /// Anywhere.
    Anywhere(usize),
}

impl InRun {
    fn size(self) -> Option<usize> {
        match self {
            Self::No => None,
            Self::AtEnd(size) | Self::Anywhere(size) => Some(size),
        }
    }
}

/// Parts that follow one another.
struct Chunk<T> {
    /// The size of all, if they form a run; there is one part otherwise.
    size: Option<usize>,
    parts: Vec<T>,
}

/// The name of the bulk methods for arrays of a number: `i32` of `put_i32s`.
fn bulk(ty: &crate::model::Type) -> Option<&'static str> {
    use crate::model::Type;
    match ty {
        Type::Int => Some("i32"),
        Type::UnsignedInt => Some("u32"),
        Type::Hyper => Some("i64"),
        Type::UnsignedHyper => Some("u64"),
        Type::Float => Some("f32"),
        Type::Double => Some("f64"),
        _ => None,
    }
}

/// The name of the methods for one number or flag: `i32` of `put_i32`.
fn primitive(ty: &crate::model::Type) -> Option<&'static str> {
    use crate::model::Type;
    match ty {
        Type::Bool => Some("bool"),
        Type::Quadruple => Some("quadruple"),
        Type::Char => Some("i8"),
        Type::UnsignedChar => Some("u8"),
        Type::Short => Some("i16"),
        Type::UnsignedShort => Some("u16"),
        other => bulk(other),
    }
}
