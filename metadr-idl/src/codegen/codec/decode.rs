//! Bytes to values.

use super::uses::{self, limit};
use super::{Chunk, InRun, Stream, bulk, primitive, runs};
use crate::codegen::uses::Scope;
use crate::codegen::{Generator, Strings};
use crate::model::{Type, TypeKind};
use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote};

/// An expression that decodes one part of a value, and the name it is given.
pub(in super::super) struct Part {
    /// The field or variable that it becomes.
    name: Ident,
    /// The size of what it decodes, if that may be in a run.
    size: Option<usize>,
    /// The expression outside of a run.
    alone: TokenStream,
    /// The expression within one.
    in_run: TokenStream,
}

impl Part {
    fn in_run(&self) -> InRun {
        self.size.map_or(InRun::No, InRun::Anywhere)
    }

    /// An expression that reads `size` bytes from what it is given.
    pub(in super::super) fn fixed(
        name: &Ident,
        size: usize,
        code: impl Fn(&TokenStream) -> TokenStream,
    ) -> Self {
        Self {
            name: name.clone(),
            size: Some(size),
            alone: code(&Stream::Whole.decoder()),
            in_run: code(&Stream::Run.decoder()),
        }
    }

    fn other(name: &Ident, code: TokenStream) -> Self {
        Self {
            name: name.clone(),
            size: None,
            alone: code,
            in_run: TokenStream::new(),
        }
    }
}

/// Decodes parts one after the other: statements, and then, for each field of
/// a structure, what it is set to.
pub(in super::super) struct Decoding {
    pub(in super::super) statements: TokenStream,
    /// `name` or `name: expression`.
    pub(in super::super) fields: Vec<TokenStream>,
}

/// Names of variables of the generated function.
const LOCALS: [&str; 2] = ["decoder", "run"];

/// The variable of a field.
pub(in super::super) fn variable(field: &Ident) -> Ident {
    if LOCALS.contains(&&*field.to_string()) {
        return format_ident!("{field}_");
    }
    field.clone()
}

/// Puts the parts of a structure together: what can be written right into it
/// is. `place` is that of the whole.
pub(in super::super) fn decoding(parts: Vec<Part>, place: &str) -> Decoding {
    let has_twice = parts.windows(2).any(|pair| pair[0].name == pair[1].name);
    let chunks = runs(parts, Part::in_run);
    match &chunks[..] {
        [
            Chunk {
                size: Some(size),
                parts,
            },
        ] if !has_twice => Decoding {
            statements: take_run(*size, place),
            fields: (parts.iter().map(|part| field(&part.name, &part.in_run))).collect(),
        },
        chunks if !has_twice && chunks.iter().all(|chunk| chunk.size.is_none()) => {
            let parts = chunks.iter().flat_map(|chunk| &chunk.parts);
            Decoding {
                statements: TokenStream::new(),
                fields: parts.map(|part| field(&part.name, &part.alone)).collect(),
            }
        }
        _ => bind(chunks, place),
    }
}

/// As [`decoding`], with a variable for each part.
pub(in super::super) fn bound(parts: Vec<Part>, place: &str) -> Decoding {
    bind(runs(parts, Part::in_run), place)
}

fn take_run(size: usize, place: &str) -> TokenStream {
    let size = uses::size(size);
    quote! { let mut run = decoder.take_run::<#size>().at(#place)?; }
}

fn bind(chunks: Vec<Chunk<Part>>, place: &str) -> Decoding {
    let parts = chunks.iter().flat_map(|chunk| &chunk.parts);
    let names: Vec<_> = parts.map(|part| part.name.clone()).collect();
    let mut statements = TokenStream::new();
    for Chunk { size, parts } in chunks {
        statements.extend(size.map(|size| take_run(size, place)));
        for part in parts {
            let name = variable(&part.name);
            let value = if size.is_some() {
                part.in_run
            } else {
                part.alone
            };
            statements.extend(quote! { let #name = #value; });
        }
    }
    let mut fields: Vec<TokenStream> = Vec::new();
    let mut last = None;
    for name in names {
        if last.as_ref() != Some(&name) {
            let variable = variable(&name);
            fields.push(field(&name, &quote!(#variable)));
        }
        last = Some(name);
    }
    Decoding { statements, fields }
}

fn field(name: &Ident, value: &TokenStream) -> TokenStream {
    if *name == value.to_string() {
        return quote!(#name);
    }
    quote!(#name: #value)
}

/// What follows a call that can fail: how its error is handed on.
#[derive(Clone, Copy)]
struct Handling<'a> {
    /// The place that the error is to name; `None` where a caller names it.
    place: Option<&'a str>,
}

impl Handling<'_> {
    fn value(self, result: &TokenStream) -> TokenStream {
        match self.place {
            Some(place) => quote!(#result.at(#place)?),
            None => quote!(#result?),
        }
    }
}

/// An expression that decodes.
enum Decoded {
    /// Of a `Result`.
    Result(TokenStream),
    /// Of the value itself.
    Value(TokenStream),
}

impl Generator<'_> {
    /// The parts of a value that becomes the field `name`. They may return
    /// early with an error that names `place`.
    pub(in super::super) fn decode_parts(
        &self,
        ty: &Type,
        name: &Ident,
        place: &str,
        scope: &Scope,
    ) -> Vec<Part> {
        if let Some(size) = self.size_in_run(ty) {
            let value = |stream| self.decode_from(ty, place, scope, stream);
            return vec![Part {
                name: name.clone(),
                size: Some(size),
                alone: value(Stream::Whole),
                in_run: value(Stream::Run),
            }];
        }
        match ty {
            Type::Named(id) if let TypeKind::Alias(ty) = &self.model.definition(*id).kind => {
                self.decode_parts(ty, name, place, &scope.of(*id))
            }
            _ => vec![Part::other(name, self.decode(ty, place, scope))],
        }
    }

    /// As [`Self::decode_parts`], for a field behind others: what says whether
    /// an optional value is there then joins them in their run.
    pub(in super::super) fn decode_parts_behind(
        &self,
        ty: &Type,
        name: &Ident,
        place: &str,
        scope: &Scope,
    ) -> Vec<Part> {
        match ty {
            Type::Named(id) if let TypeKind::Alias(ty) = &self.model.definition(*id).kind => {
                self.decode_parts_behind(ty, name, place, &scope.of(*id))
            }
            Type::Optional(target) => {
                let flag = variable(name);
                let handling = Handling { place: Some(place) };
                let value = self.decode_present(target, handling, scope);
                vec![
                    Part::fixed(name, 4, |run| quote!(#run.take_bool().at(#place)?)),
                    Part::other(name, quote!(if #flag { Some(#value) } else { None })),
                ]
            }
            _ => self.decode_parts(ty, name, place, scope),
        }
    }

    /// An expression of the value that is decoded. It may return early with an
    /// error that names `place`.
    pub(in super::super) fn decode(&self, ty: &Type, place: &str, scope: &Scope) -> TokenStream {
        self.decode_from(ty, place, scope, Stream::Whole)
    }

    fn decode_from(&self, ty: &Type, place: &str, scope: &Scope, stream: Stream) -> TokenStream {
        let handling = Handling { place: Some(place) };
        match self.decode_one(ty, handling, scope, stream) {
            // Numbers of a run cannot fail: the run was there as a whole.
            Decoded::Result(result)
                if stream == Stream::Run && bulk(self.model.resolve(ty)).is_some() =>
            {
                quote!(#result?)
            }
            Decoded::Result(result) => handling.value(&result),
            Decoded::Value(value) => value,
        }
    }

    /// An expression of a `Result` of the value that is decoded, whose error
    /// the caller gives its place.
    pub(in super::super) fn decode_result(&self, ty: &Type, scope: &Scope) -> TokenStream {
        match self.decode_one(ty, Handling { place: None }, scope, Stream::Whole) {
            Decoded::Result(result) => result,
            Decoded::Value(value) => quote!(Ok(#value)),
        }
    }

    fn decode_one(
        &self,
        ty: &Type,
        handling: Handling<'_>,
        scope: &Scope,
        stream: Stream,
    ) -> Decoded {
        let decoder = stream.decoder();
        if let Some(name) = primitive(ty) {
            let take = format_ident!("take_{name}");
            return Decoded::Result(quote!(#decoder.#take()));
        }
        let argument = stream.decoder_argument();
        match ty {
            Type::Opaque(max) => {
                let limit = limit(*max);
                Decoded::Result(quote!(#decoder.take_opaque(#limit)))
            }
            Type::String(max) => {
                let limit = limit(*max);
                let take = match self.options.strings {
                    Strings::Utf8 => quote!(take_string),
                    Strings::Bytes => quote!(take_opaque),
                };
                Decoded::Result(quote!(#decoder.#take(#limit)))
            }
            Type::OpaqueFixed(size) if self.facts.is_large(&Type::UnsignedChar, *size) => {
                Decoded::Result(quote!(boxed_opaque(#decoder)))
            }
            Type::OpaqueFixed(_) => Decoded::Result(quote!(#decoder.take_opaque_array())),
            Type::Fixed(element, size) => {
                let is_boxed = self.facts.is_large(element, *size);
                let bulk = bulk(self.model.resolve(element)).filter(|_| !is_boxed);
                Decoded::Result(if let Some(name) = bulk {
                    let take = format_ident!("take_{name}_array");
                    quote!(#decoder.#take())
                } else {
                    let element = self.decode_result(element, scope);
                    let array = if is_boxed {
                        quote!(boxed_array)
                    } else {
                        quote!(array)
                    };
                    quote!(#array(|| #element))
                })
            }
            Type::Variable(element, max) => {
                Decoded::Value(self.decode_variable(element, *max, handling, scope))
            }
            Type::Optional(target) => {
                let flag = handling.value(&quote!(#decoder.take_bool()));
                let value = self.decode_present(target, handling, scope);
                Decoded::Value(quote!(if #flag { Some(#value) } else { None }))
            }
            Type::Named(id) => match &self.model.definition(*id).kind {
                TypeKind::Alias(ty) => self.decode_one(ty, handling, &scope.of(*id), stream),
                _ => Decoded::Result(quote!(Decode::decode(#argument))),
            },
            _ => Decoded::Result(quote!(Decode::decode(#argument))),
        }
    }

    /// The value of an optional that is there.
    fn decode_present(&self, target: &Type, handling: Handling<'_>, scope: &Scope) -> TokenStream {
        let value = match self.decode_one(target, handling, scope, Stream::Whole) {
            Decoded::Result(result) => handling.value(&result),
            Decoded::Value(value) => value,
        };
        if self.facts.needs_box(scope.owner(), target) {
            quote!(Box::new(#value))
        } else {
            value
        }
    }

    fn decode_variable(
        &self,
        element: &Type,
        max: u32,
        handling: Handling<'_>,
        scope: &Scope,
    ) -> TokenStream {
        let limit = limit(max);
        let minimum = self.minimum(element);
        let length = handling.value(&quote!(decoder.take_length(#limit, #minimum)));
        let elements = if let Some(name) = bulk(self.model.resolve(element)) {
            let take = format_ident!("take_{name}s");
            quote!(decoder.#take(length))
        } else {
            let collect = if self.facts.leads_to_nesting(self.model, element) {
                quote!(nested_elements)
            } else {
                quote!(elements)
            };
            let element = self.decode_result(element, scope);
            quote!(#collect(length, || #element))
        };
        let elements = handling.value(&elements);
        quote! {{
            let length = #length;
            #elements
        }}
    }
}
