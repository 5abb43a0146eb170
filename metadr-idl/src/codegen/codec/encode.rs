//! Values to bytes.

use super::uses::limit;
use super::{Access, Chunk, InRun, MAX_RUN, MAX_RUN_ARRAY, Stream, bulk, primitive, runs, uses};
use crate::codegen::uses::Scope;
use crate::codegen::{Generator, Strings};
use crate::model::{Type, TypeKind};
use proc_macro2::TokenStream;
use quote::{format_ident, quote};

/// A piece of code that encodes.
pub(in super::super) struct Part {
    /// Whether it may be in a run, and where.
    place: InRun,
    /// The code outside of a run.
    alone: TokenStream,
    /// The code within one.
    in_run: TokenStream,
    /// The code after the run at whose end it is.
    after_run: TokenStream,
    /// An expression that does it all, of a `Result`, if there is one.
    result: Option<TokenStream>,
}

impl Part {
    /// Code that encodes `size` bytes to what the function is given.
    pub(in super::super) fn fixed(size: usize, code: impl Fn(&TokenStream) -> TokenStream) -> Self {
        Self {
            place: InRun::Anywhere(size),
            alone: code(&Stream::Whole.encoder()),
            in_run: code(&Stream::Run.encoder()),
            after_run: TokenStream::new(),
            result: None,
        }
    }

    pub(in super::super) fn other(code: TokenStream) -> Self {
        Self {
            place: InRun::No,
            alone: code,
            in_run: TokenStream::new(),
            after_run: TokenStream::new(),
            result: None,
        }
    }
}

/// The statements that encode parts one after the other.
pub(in super::super) fn statements(parts: Vec<Part>) -> TokenStream {
    let chunks = runs(parts, |part: &Part| part.place);
    let chunks = chunks.into_iter().map(|Chunk { size, parts }| match size {
        None => {
            let code = parts.into_iter().map(|part| part.alone);
            quote!(#(#code)*)
        }
        Some(size) => {
            let size = uses::size(size);
            let code = parts.iter().map(|part| &part.in_run);
            let after = parts.iter().map(|part| &part.after_run);
            quote! {
                let mut run = encoder.run::<#size>();
                #(#code)*
                encoder.put_run(run);
                #(#after)*
            }
        }
    });
    quote!(#(#chunks)*)
}

/// The body of a closure that encodes parts one after the other.
pub(in super::super) fn result(parts: Vec<Part>) -> TokenStream {
    match &parts[..] {
        [
            Part {
                result: Some(result),
                ..
            },
        ] => result.clone(),
        _ => {
            let statements = statements(parts);
            quote! {{ #statements Ok(()) }}
        }
    }
}

impl Generator<'_> {
    /// The parts of a value. They may return early with an error that names
    /// `place`.
    pub(in super::super) fn encode_parts(
        &self,
        ty: &Type,
        value: &Access,
        place: &str,
        scope: &Scope,
    ) -> Vec<Part> {
        if let Some(size) = self.size_in_run(ty) {
            return vec![Part {
                place: InRun::Anywhere(size),
                alone: self.encode_one(ty, value, place, scope, Stream::Whole),
                in_run: self.encode_one(ty, value, place, scope, Stream::Run),
                after_run: TokenStream::new(),
                result: self.encode_result(ty, value, place),
            }];
        }
        match ty {
            Type::Named(id) if let TypeKind::Alias(ty) = &self.model.definition(*id).kind => {
                self.encode_parts(ty, value, place, &scope.of(*id))
            }
            Type::Optional(target) => {
                let Access {
                    reference,
                    receiver,
                    ..
                } = value;
                let inner = if self.facts.needs_box(scope.owner(), target) {
                    Access::boxed(quote!(value))
                } else {
                    Access::reference(quote!(value))
                };
                let body = self.encode(target, &inner, place, scope);
                vec![
                    Part::fixed(4, |run| quote! { #run.put_bool(#receiver.is_some()); }),
                    Part::other(quote! { if let Some(value) = #reference { #body } }),
                ]
            }
            _ => vec![self.encode_varying(ty, value, place, scope)],
        }
    }

    /// A value whose size varies. Its length, if it begins with one, may be at
    /// the end of a run.
    fn encode_varying(&self, ty: &Type, value: &Access, place: &str, scope: &Scope) -> Part {
        let Access {
            reference,
            receiver,
            ..
        } = value;
        let after_length = match ty {
            Type::String(max) if self.options.strings == Strings::Utf8 => {
                let data = quote! { encoder.put_opaque_fixed(#receiver.as_bytes()); };
                Some((max, data))
            }
            Type::String(max) | Type::Opaque(max) => {
                Some((max, quote! { encoder.put_opaque_fixed_shared(#reference); }))
            }
            Type::Variable(element, max) => {
                let stream = Stream::Whole;
                let elements = self.encode_elements(element, reference, place, scope, stream);
                Some((max, elements))
            }
            _ => None,
        };
        let alone = self.encode_one(ty, value, place, scope, Stream::Whole);
        let mut part = Part {
            result: self.encode_result(ty, value, place),
            ..Part::other(alone)
        };
        if let Some((max, after_run)) = after_length {
            let limit = limit(*max);
            part.place = InRun::AtEnd(4);
            part.in_run = quote! { run.put_length(#receiver.len(), #limit).at(#place)?; };
            part.after_run = after_run;
        }
        part
    }

    /// The call that encodes a value, where one can fail.
    fn encode_result(&self, ty: &Type, value: &Access, place: &str) -> Option<TokenStream> {
        let reference = &value.reference;
        match self.model.resolve(ty) {
            Type::Opaque(max) => {
                let limit = limit(*max);
                Some(quote!(encoder.put_opaque_shared(#reference, #limit).at(#place)))
            }
            Type::String(max) => {
                let (put, limit) = (self.put_string(), limit(*max));
                Some(quote!(encoder.#put(#reference, #limit).at(#place)))
            }
            Type::Named(id)
                if !matches!(self.model.definition(*id).kind, TypeKind::Enumeration(_)) =>
            {
                Some(encode_other(reference, Stream::Whole))
            }
            Type::Extern(_) => Some(encode_other(reference, Stream::Whole)),
            _ => None,
        }
    }

    fn put_string(&self) -> TokenStream {
        match self.options.strings {
            Strings::Utf8 => quote!(put_string),
            Strings::Bytes => quote!(put_opaque_shared),
        }
    }

    /// The statements that encode a value.
    pub(in super::super) fn encode(
        &self,
        ty: &Type,
        value: &Access,
        place: &str,
        scope: &Scope,
    ) -> TokenStream {
        statements(self.encode_parts(ty, value, place, scope))
    }

    /// The size of a value that may be part of a run.
    pub(in super::super) fn size_in_run(&self, ty: &Type) -> Option<usize> {
        let size = self.facts.fixed_size(ty)?;
        let max = match self.model.resolve(ty) {
            Type::Fixed(element, _) if bulk(self.model.resolve(element)).is_none() => return None,
            Type::OpaqueFixed(_) | Type::Fixed(..) => MAX_RUN_ARRAY,
            _ => MAX_RUN,
        };
        (1..=max).contains(&size).then_some(size)
    }

    /// The statement that encodes a value, other than an optional one.
    fn encode_one(
        &self,
        ty: &Type,
        value: &Access,
        place: &str,
        scope: &Scope,
        stream: Stream,
    ) -> TokenStream {
        let Access {
            copied,
            reference,
            receiver,
        } = value;
        let encoder = stream.encoder();
        if let Some(name) = primitive(ty) {
            let put = format_ident!("put_{name}");
            return quote! { #encoder.#put(#copied); };
        }
        match ty {
            Type::OpaqueFixed(size) => {
                let slice = value.slice(self.facts.is_large(&Type::UnsignedChar, *size));
                quote! { #encoder.put_opaque_fixed(#slice); }
            }
            Type::Fixed(element, size) => {
                let slice = value.slice(self.facts.is_large(element, *size));
                self.encode_elements(element, &slice, place, scope, stream)
            }
            Type::Variable(element, max) => {
                let limit = limit(*max);
                let elements = self.encode_elements(element, reference, place, scope, stream);
                quote! {
                    #encoder.put_length(#receiver.len(), #limit).at(#place)?;
                    #elements
                }
            }
            Type::Named(id) => match &self.model.definition(*id).kind {
                TypeKind::Alias(ty) => self.encode_one(ty, value, place, &scope.of(*id), stream),
                TypeKind::Enumeration(_) => quote! { #encoder.put_i32(#copied as i32); },
                _ => {
                    let encode = encode_other(reference, stream);
                    quote! { #encode?; }
                }
            },
            _ => {
                let encode = self.encode_result(ty, value, place);
                quote! { #encode?; }
            }
        }
    }

    fn encode_elements(
        &self,
        element: &Type,
        elements: &TokenStream,
        place: &str,
        scope: &Scope,
        stream: Stream,
    ) -> TokenStream {
        if let Some(name) = bulk(self.model.resolve(element)) {
            let encoder = stream.encoder();
            let put = format_ident!("put_{name}s");
            return quote! { #encoder.#put(#elements); };
        }
        if self.encodes_itself(element) {
            let encoder = stream.encoder();
            return quote! { #encoder.put_elements(#elements)?; };
        }
        let body = self.encode(element, &Access::reference(quote!(element)), place, scope);
        quote! { for element in #elements { #body } }
    }

    /// Whether a type implements the trait that encodes.
    fn encodes_itself(&self, ty: &Type) -> bool {
        match self.model.resolve(ty) {
            Type::Named(id) => !matches!(self.model.definition(*id).kind, TypeKind::Enumeration(_)),
            Type::Extern(_) => true,
            _ => false,
        }
    }
}

/// Leaves it to the value.
fn encode_other(reference: &TokenStream, stream: Stream) -> TokenStream {
    let encoder = stream.encoder_argument();
    quote!(Encode::encode(#reference, #encoder))
}
