//! Discriminants.

use super::Parts;
use crate::codegen::Generator;
use crate::codegen::codec::encode;
use crate::codegen::uses::Scope;
use crate::model::{Case, Discriminant, TypeKind, Union};
use proc_macro2::{Literal, TokenStream};
use quote::{ToTokens, format_ident, quote};

impl Generator<'_> {
    pub(super) fn tag_type(&self, kind: Discriminant, scope: &Scope) -> TokenStream {
        match kind {
            Discriminant::Int => quote!(i32),
            Discriminant::UnsignedInt => quote!(u32),
            Discriminant::Bool => quote!(bool),
            Discriminant::Enumeration(id) => self.path(id, scope),
        }
    }

    /// The discriminant of a case, as an expression and as a pattern.
    pub(in super::super) fn tag_value(
        &self,
        kind: Discriminant,
        case: &Case,
        scope: &Scope,
    ) -> TokenStream {
        match kind {
            Discriminant::Bool if case.value == 0 => quote!(false),
            Discriminant::Bool => quote!(true),
            Discriminant::Enumeration(id) => {
                let TypeKind::Enumeration(all) = &self.model.definition(id).kind else {
                    unreachable!("the checks let only enumerations through");
                };
                let named = (all.iter()).position(|one| Some(&one.name) == case.label.as_ref());
                let index = named.or_else(|| {
                    all.iter()
                        .position(|one| i64::from(one.value) == case.value)
                });
                let index = index.expect("the checks let only enumerators through");
                let (ty, variant) = (self.path(id, scope), &self.names.parts(id)[index]);
                quote!(#ty::#variant)
            }
            Discriminant::Int | Discriminant::UnsignedInt => number(case.value).into_token_stream(),
        }
    }

    /// Patterns of all discriminants that have a case: numbers that follow one
    /// another as a range.
    pub(super) fn tag_patterns(&self, union: &Union, scope: &Scope) -> Vec<TokenStream> {
        let kind = union.discriminant;
        if !matches!(kind, Discriminant::Int | Discriminant::UnsignedInt) {
            let tags = union.cases.iter();
            return tags.map(|case| self.tag_value(kind, case, scope)).collect();
        }
        let mut values: Vec<i64> = union.cases.iter().map(|case| case.value).collect();
        values.sort_unstable();
        let runs = values.chunk_by(|one, next| *next == one + 1);
        runs.flat_map(|run| match run {
            [first, _, .., last] => {
                let (first, last) = (number(*first), number(*last));
                vec![quote!(#first..=#last)]
            }
            few => few
                .iter()
                .map(|one| number(*one).into_token_stream())
                .collect(),
        })
        .collect()
    }

    /// Encodes a discriminant.
    pub(super) fn tag_put(&self, kind: Discriminant, value: &TokenStream) -> encode::Part {
        encode::Part::fixed(4, |run| match kind {
            Discriminant::Int => quote! { #run.put_i32(#value); },
            Discriminant::UnsignedInt => quote! { #run.put_u32(#value); },
            Discriminant::Bool => quote! { #run.put_bool(#value); },
            Discriminant::Enumeration(_) => quote! { #run.put_i32(#value as i32); },
        })
    }

    /// Decodes a discriminant.
    pub(super) fn tag_take(&self, kind: Discriminant, parts: &Parts<'_>) -> TokenStream {
        let place = format!("{}.{}", parts.name, parts.union.discriminant_name);
        let take = |name: &str| {
            let take = format_ident!("take_{name}");
            quote! { let discriminant = decoder.#take().at(#place)?; }
        };
        match kind {
            Discriminant::Int => take("i32"),
            Discriminant::UnsignedInt => take("u32"),
            Discriminant::Bool => take("bool"),
            Discriminant::Enumeration(id) => {
                let ty = self.path(id, parts.scope);
                quote! { let discriminant: #ty = Decode::decode(decoder).at(#place)?; }
            }
        }
    }

    /// Whether the cases name every value that the discriminant can have.
    pub(super) fn is_covered(&self, union: &Union) -> bool {
        let named = |value: i64| union.cases.iter().any(|case| case.value == value);
        match union.discriminant {
            Discriminant::Bool => named(0) && named(1),
            Discriminant::Enumeration(id) => match &self.model.definition(id).kind {
                TypeKind::Enumeration(all) => all.iter().all(|one| named(i64::from(one.value))),
                _ => false,
            },
            Discriminant::Int | Discriminant::UnsignedInt => false,
        }
    }
}

fn number(value: i64) -> Literal {
    Literal::i64_unsuffixed(value)
}
