//! How many bytes values take up.

use super::uses;
use crate::codegen::Generator;
use crate::codegen::uses::Scope;
use crate::model::{Type, TypeKind};
use proc_macro2::TokenStream;
use quote::quote;

/// The size of several parts: a number, and expressions of others.
#[derive(Default)]
pub(in super::super) struct Length {
    fixed: usize,
    varying: Vec<TokenStream>,
}

impl Length {
    pub(in super::super) fn fixed(size: usize) -> Self {
        Self {
            fixed: size,
            varying: Vec::new(),
        }
    }

    fn varying(fixed: usize, varying: TokenStream) -> Self {
        Self {
            fixed,
            varying: vec![varying],
        }
    }

    pub(in super::super) fn add(&mut self, other: Self) {
        self.fixed = self.fixed.saturating_add(other.fixed);
        self.varying.extend(other.varying);
    }

    /// The number alone, if there is nothing else.
    pub(in super::super) fn as_fixed(&self) -> Option<usize> {
        self.varying.is_empty().then_some(self.fixed)
    }

    /// An expression of the sum.
    pub(in super::super) fn expression(&self) -> TokenStream {
        let fixed = uses::size(self.fixed);
        let varying = &self.varying;
        if self.fixed > 0 || varying.is_empty() {
            quote!(#fixed #(+ #varying)*)
        } else {
            quote!(#(#varying)+*)
        }
    }
}

impl Generator<'_> {
    /// The size of a value. `value` is an expression of the value or of a
    /// reference to it.
    pub(in super::super) fn length(&self, ty: &Type, value: &TokenStream, scope: &Scope) -> Length {
        if let Some(size) = self.facts.fixed_size(ty) {
            return Length::fixed(size);
        }
        match ty {
            Type::Opaque(_) | Type::String(_) => {
                Length::varying(0, quote!(opaque_size(#value.len())))
            }
            Type::Fixed(element, _) => Length::varying(0, self.sum(element, value, scope)),
            Type::Variable(element, _) => match self.facts.fixed_size(element) {
                Some(0) => Length::fixed(4),
                Some(size) => {
                    let size = uses::size(size);
                    Length::varying(4, quote!(#value.len() * #size))
                }
                None => Length::varying(4, self.sum(element, value, scope)),
            },
            Type::Optional(target) => {
                let is_boxed = self.facts.needs_box(scope.owner(), target);
                // `as_ref` would be that of the box.
                let is_option = matches!(self.model.resolve(target), Type::Optional(_));
                let value_there = if is_boxed && is_option {
                    quote!((**value))
                } else {
                    quote!(value)
                };
                let one = self.length(target, &value_there, scope);
                let length = one.expression();
                let measure = if one.as_fixed().is_some() {
                    quote!(|_| #length)
                } else if self.measures_itself(target) && !is_boxed {
                    quote!(Encode::encoded_len)
                } else {
                    quote!(|value| #length)
                };
                let varying = quote!(#value.as_ref().map_or(0, #measure));
                Length::varying(4, varying)
            }
            Type::Named(id) => match &self.model.definition(*id).kind {
                TypeKind::Alias(ty) => self.length(ty, value, &scope.of(*id)),
                _ => Length::varying(0, quote!(#value.encoded_len())),
            },
            _ => Length::varying(0, quote!(#value.encoded_len())),
        }
    }

    /// Whether a type implements the trait that measures.
    fn measures_itself(&self, ty: &Type) -> bool {
        matches!(self.model.resolve(ty), Type::Named(_) | Type::Extern(_))
    }

    fn sum(&self, element: &Type, value: &TokenStream, scope: &Scope) -> TokenStream {
        if self.measures_itself(element) {
            return quote!(#value.iter().map(Encode::encoded_len).sum::<usize>());
        }
        let length = self.length(element, &quote!(element), scope).expression();
        quote!(#value.iter().map(|element| #length).sum::<usize>())
    }

    /// The least number of bytes that a value takes up, as an expression.
    pub(in super::super) fn minimum(&self, ty: &Type) -> TokenStream {
        let minimum = self.facts.minimum(ty);
        let is_known = minimum.bytes > 0 || minimum.externs.is_empty();
        let known = is_known.then(|| {
            let bytes = uses::size(minimum.bytes);
            quote!(#bytes)
        });
        let externs = minimum.externs.iter().map(|(id, count)| {
            let path = self.extern_path(*id);
            let each = quote!(<#path as Decode>::MIN_ENCODED_SIZE);
            match *count {
                1 => each,
                count => {
                    let count = uses::size(count);
                    quote!(#count * #each)
                }
            }
        });
        let parts = known.into_iter().chain(externs);
        quote!(#(#parts)+*)
    }
}
