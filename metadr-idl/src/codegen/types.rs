//! Constants, enumerations, structures, unions and type definitions.

use super::codec::Access;
use super::{Generator, Scope, names};
use crate::model::{
    Case, Constant, ConstantValue, DefaultCase, Discriminant, Enumerator, Field, TypeId, TypeKind,
    Union,
};
use proc_macro2::{Ident, Literal, TokenStream};
use quote::{format_ident, quote};
use std::collections::BTreeMap;

impl Generator<'_> {
    pub(super) fn constant(&self, constant: &Constant) -> TokenStream {
        let name = names::constant(&constant.name);
        let docs = self.docs(&constant.docs, &format!("Constant `{}`.", constant.name));
        let value = match &constant.value {
            ConstantValue::Text(text) => {
                return quote! { #docs pub const #name: &str = #text; };
            }
            ConstantValue::Number(value) => *value,
        };
        let (ty, value) = if let Ok(value) = u32::try_from(value) {
            (quote!(u32), Literal::u32_unsuffixed(value))
        } else if let Ok(value) = i32::try_from(value) {
            (quote!(i32), Literal::i32_unsuffixed(value))
        } else if let Ok(value) = u64::try_from(value) {
            (quote!(u64), Literal::u64_unsuffixed(value))
        } else {
            let value = i64::try_from(value).expect("the checks keep constants within 64 bits");
            (quote!(i64), Literal::i64_unsuffixed(value))
        };
        quote! { #docs pub const #name: #ty = #value; }
    }

    pub(super) fn type_definition(&self, id: TypeId, scope: &Scope) -> TokenStream {
        let definition = self.model.definition(id);
        let name = names::ty(&definition.name);
        let docs = self.docs(&definition.docs, &format!("`{}`.", definition.name));
        match &definition.kind {
            TypeKind::Alias(ty) => {
                let ty = self.rust_type(ty, scope);
                quote! { #docs pub type #name = #ty; }
            }
            TypeKind::Enumeration(all) => self.enumeration(&definition.name, &name, &docs, all),
            TypeKind::Structure(fields) => self.structure(id, &name, &docs, fields, scope),
            TypeKind::Union(union) => self.union(id, &name, &docs, union, scope),
        }
    }

    fn enumeration(
        &self,
        xdr_name: &str,
        name: &Ident,
        docs: &TokenStream,
        all: &[Enumerator],
    ) -> TokenStream {
        let runtime = &self.options.runtime;
        // Rust has one variant for each number; further names of it become constants.
        let mut first: BTreeMap<i32, Ident> = BTreeMap::new();
        let (mut variants, mut aliases) = (Vec::new(), Vec::new());
        for one in all {
            let ident = names::variant(&one.name);
            let docs = self.docs(&one.docs, &format!("`{}`.", one.name));
            let value = Literal::i32_unsuffixed(one.value);
            if let Some(known) = first.get(&one.value) {
                let alias = names::constant(&one.name);
                aliases.push(quote! { #docs pub const #alias: Self = Self::#known; });
            } else {
                variants.push(quote! { #docs #ident = #value });
                first.insert(one.value, ident);
            }
        }
        let aliases = (!aliases.is_empty()).then(|| quote! { impl #name { #(#aliases)* } });
        let values = first.keys().map(|value| Literal::i32_unsuffixed(*value));
        let idents = first.values();
        quote! {
            #docs
            #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
            #[repr(i32)]
            pub enum #name { #(#variants),* }
            #aliases
            impl ::core::convert::From<#name> for i32 {
                fn from(value: #name) -> Self {
                    value as Self
                }
            }
            impl ::core::convert::TryFrom<i32> for #name {
                type Error = #runtime::xdr::DecodeErrorKind;
                fn try_from(value: i32) -> ::core::result::Result<Self, Self::Error> {
                    match value {
                        #(#values => ::core::result::Result::Ok(Self::#idents),)*
                        value => ::core::result::Result::Err(
                            #runtime::xdr::DecodeErrorKind::UnknownEnumerator { name: #xdr_name, value },
                        ),
                    }
                }
            }
            impl #runtime::xdr::Encode for #name {
                fn encode<E: #runtime::xdr::Encoder + ?Sized>(
                    &self,
                    encoder: &mut E,
                ) -> ::core::result::Result<(), #runtime::xdr::EncodeError> {
                    #runtime::xdr::Encoder::put_i32(encoder, *self as i32);
                    ::core::result::Result::Ok(())
                }
            }
            impl #runtime::xdr::Decode for #name {
                fn decode<D: #runtime::xdr::Decoder + ?Sized>(
                    decoder: &mut D,
                ) -> ::core::result::Result<Self, #runtime::xdr::DecodeError> {
                    let value = #runtime::xdr::Decoder::take_i32(decoder)?;
                    <Self as ::core::convert::TryFrom<i32>>::try_from(value)
                        .map_err(|kind| #runtime::xdr::Decoder::error_in_last_int(decoder, kind))
                }
            }
        }
    }

    fn structure(
        &self,
        id: TypeId,
        name: &Ident,
        docs: &TokenStream,
        fields: &[Field],
        scope: &Scope,
    ) -> TokenStream {
        let derives = self.derives(id);
        let parent = &self.model.definition(id).name;
        let (mut members, mut encodes, mut decodes, mut idents) = (vec![], vec![], vec![], vec![]);
        for field in fields {
            let ident = names::field(&field.name);
            let ty = self.rust_type(&field.ty, scope);
            let place = format!("{parent}.{}", field.name);
            let docs = self.docs(&field.docs, &format!("`{}`.", field.name));
            members.push(quote! { #docs pub #ident: #ty });
            encodes.push(self.encode(&field.ty, &Access::place(quote!(self.#ident)), &place));
            let value = self.decode(&field.ty, &place, scope);
            decodes.push(quote! { let #ident = #value; });
            idents.push(ident);
        }
        let codec = self.codec(
            id,
            name,
            &quote! { #(#encodes)* },
            &quote! { #(#decodes)* let value = Self { #(#idents),* }; },
        );
        quote! {
            #docs
            #derives
            pub struct #name { #(#members),* }
            #codec
        }
    }

    fn union(
        &self,
        id: TypeId,
        name: &Ident,
        docs: &TokenStream,
        union: &Union,
        scope: &Scope,
    ) -> TokenStream {
        let runtime = &self.options.runtime;
        let derives = self.derives(id);
        let parent = &self.model.definition(id).name;
        let discriminant = UnionDiscriminant::new(self, union.discriminant, scope);
        let (mut variants, mut tags, mut encodes, mut decodes) = (vec![], vec![], vec![], vec![]);
        for case in &union.cases {
            let ident = case_name(union, case);
            let value = discriminant.value(case);
            let shown = case.label.clone().unwrap_or_else(|| case.value.to_string());
            let docs = self.docs(&case.docs, &format!("`case {shown}`."));
            if let Some(field) = &case.field {
                let ty = self.rust_type(&field.ty, scope);
                let place = format!("{parent}.{}", field.name);
                let encode = self.encode(&field.ty, &Access::reference(quote!(value)), &place);
                let decode = self.decode(&field.ty, &place, scope);
                variants.push(quote! { #docs #ident(#ty) });
                tags.push(quote! { Self::#ident(_) => #value });
                encodes.push(quote! { Self::#ident(value) => { #encode } });
                decodes.push(quote! { #value => Self::#ident(#decode) });
            } else {
                variants.push(quote! { #docs #ident });
                tags.push(quote! { Self::#ident => #value });
                encodes.push(quote! { Self::#ident => {} });
                decodes.push(quote! { #value => Self::#ident });
            }
        }
        if let Some(default) = &union.default {
            let parts = self.default_case(id, union, default, &discriminant, scope);
            variants.push(parts.variant);
            tags.push(quote! { Self::Default { discriminant, .. } => *discriminant });
            encodes.push(parts.encode);
            decodes.push(parts.decode);
        } else if !discriminant.is_covered(self, union) {
            let number = discriminant.number(&quote!(discriminant));
            decodes.push(quote! {
                _ => return ::core::result::Result::Err(#runtime::xdr::Decoder::error_in_last_int(
                    decoder,
                    #runtime::xdr::DecodeErrorKind::UnknownDiscriminant {
                        name: #parent,
                        value: #number,
                    },
                ))
            });
        }
        let (ty, put, take) = (&discriminant.ty, &discriminant.put, &discriminant.take);
        let codec = self.codec(
            id,
            name,
            &quote! { let discriminant = self.discriminant(); #put match self { #(#encodes)* } },
            &quote! { let discriminant = #take; let value = match discriminant { #(#decodes,)* }; },
        );
        let about = format!("The discriminant, `{}`.", union.discriminant_name);
        quote! {
            #docs
            #derives
            pub enum #name { #(#variants),* }
            impl #name {
                #[doc = #about]
                #[must_use]
                pub fn discriminant(&self) -> #ty {
                    match self { #(#tags,)* }
                }
            }
            #codec
        }
    }

    fn default_case(
        &self,
        id: TypeId,
        union: &Union,
        default: &DefaultCase,
        discriminant: &UnionDiscriminant,
        scope: &Scope,
    ) -> DefaultParts {
        let runtime = &self.options.runtime;
        let parent = &self.model.definition(id).name;
        let docs = self.docs(&default.docs, "`default`: any other discriminant.");
        let ty = &discriminant.ty;
        let taken: Vec<_> = union
            .cases
            .iter()
            .map(|one| discriminant.value(one))
            .collect();
        let number = discriminant.number(&quote!(discriminant));
        // A discriminant that has an arm of its own would be read as that arm.
        let refuse = (!taken.is_empty()).then(|| {
            quote! {
                if ::core::matches!(discriminant, #(#taken)|*) {
                    return ::core::result::Result::Err(
                        #runtime::xdr::EncodeError::WrongDiscriminant {
                            name: #parent,
                            value: #number,
                        },
                    );
                }
            }
        });
        match &default.field {
            None => DefaultParts {
                variant: quote! {
                    #docs
                    Default {
                        /// The discriminant, one that has no arm of its own.
                        discriminant: #ty,
                    }
                },
                encode: quote! { Self::Default { .. } => { #refuse } },
                decode: quote! { discriminant => Self::Default { discriminant } },
            },
            Some(field) => {
                let ident = names::field(&field.name);
                let rust = self.rust_type(&field.ty, scope);
                let place = format!("{parent}.{}", field.name);
                let encode = self.encode(&field.ty, &Access::reference(quote!(value)), &place);
                let decode = self.decode(&field.ty, &place, scope);
                let about = format!("`{}`.", field.name);
                DefaultParts {
                    variant: quote! {
                        #docs
                        Default {
                            /// The discriminant, one that has no arm of its own.
                            discriminant: #ty,
                            #[doc = #about]
                            #ident: #rust,
                        }
                    },
                    encode: quote! { Self::Default { #ident: value, .. } => { #refuse #encode } },
                    decode: quote! {
                        discriminant => Self::Default { discriminant, #ident: #decode }
                    },
                }
            }
        }
    }

    /// The two codec traits of a structure or a union.
    fn codec(
        &self,
        id: TypeId,
        name: &Ident,
        encode: &TokenStream,
        decode: &TokenStream,
    ) -> TokenStream {
        let runtime = &self.options.runtime;
        let recursive = self.facts.is_recursive(&crate::model::Type::Named(id));
        let enter = recursive.then(|| quote! { #runtime::xdr::Decoder::descend(decoder)?; });
        let leave = recursive.then(|| quote! { #runtime::xdr::Decoder::ascend(decoder); });
        quote! {
            impl #runtime::xdr::Encode for #name {
                fn encode<E: #runtime::xdr::Encoder + ?Sized>(
                    &self,
                    encoder: &mut E,
                ) -> ::core::result::Result<(), #runtime::xdr::EncodeError> {
                    #encode
                    ::core::result::Result::Ok(())
                }
            }
            impl #runtime::xdr::Decode for #name {
                fn decode<D: #runtime::xdr::Decoder + ?Sized>(
                    decoder: &mut D,
                ) -> ::core::result::Result<Self, #runtime::xdr::DecodeError> {
                    #enter
                    #decode
                    #leave
                    ::core::result::Result::Ok(value)
                }
            }
        }
    }

    fn derives(&self, id: TypeId) -> TokenStream {
        let derives = self.facts.derives(id);
        let copy = derives.copy.then(|| quote!(Copy,));
        let total = derives.total.then(|| quote!(Eq, PartialOrd, Ord, Hash,));
        let default = derives.default.then(|| quote!(Default,));
        quote! { #[derive(Clone, #copy Debug, #default PartialEq, #total)] }
    }
}

struct DefaultParts {
    variant: TokenStream,
    encode: TokenStream,
    decode: TokenStream,
}

/// How a union's discriminant looks in code.
struct UnionDiscriminant {
    kind: Discriminant,
    ty: TokenStream,
    /// A statement that encodes `discriminant`.
    put: TokenStream,
    /// An expression that decodes it.
    take: TokenStream,
}

impl UnionDiscriminant {
    fn new(generator: &Generator<'_>, kind: Discriminant, scope: &Scope) -> Self {
        let runtime = &generator.options.runtime;
        let (encoder, decoder) = (
            quote!(#runtime::xdr::Encoder),
            quote!(#runtime::xdr::Decoder),
        );
        let simple = |ty: TokenStream, name: &str| {
            let (put, take) = (format_ident!("put_{name}"), format_ident!("take_{name}"));
            Self {
                kind,
                ty,
                put: quote! { #encoder::#put(encoder, discriminant); },
                take: quote! { #decoder::#take(decoder)? },
            }
        };
        match kind {
            Discriminant::Int => simple(quote!(i32), "i32"),
            Discriminant::UnsignedInt => simple(quote!(u32), "u32"),
            Discriminant::Bool => simple(quote!(bool), "bool"),
            Discriminant::Enumeration(id) => {
                let ty = generator.path(id, scope);
                Self {
                    kind,
                    put: quote! { #runtime::xdr::Encode::encode(&discriminant, encoder)?; },
                    take: quote! { <#ty as #runtime::xdr::Decode>::decode(decoder)? },
                    ty,
                }
            }
        }
    }

    /// The discriminant of a case, as an expression and as a pattern.
    fn value(&self, case: &Case) -> TokenStream {
        match (self.kind, &case.label) {
            (Discriminant::Bool, _) if case.value == 0 => quote!(false),
            (Discriminant::Bool, _) => quote!(true),
            (_, Some(label)) => {
                let (ty, label) = (&self.ty, names::variant(label));
                quote!(#ty::#label)
            }
            (_, None) => {
                let value = Literal::i64_unsuffixed(case.value);
                quote!(#value)
            }
        }
    }

    /// The discriminant as an `i64`, for errors.
    fn number(&self, value: &TokenStream) -> TokenStream {
        match self.kind {
            Discriminant::Enumeration(_) => quote!(i64::from(#value as i32)),
            _ => quote!(i64::from(#value)),
        }
    }

    /// Whether the cases name every value that the discriminant can have.
    fn is_covered(&self, generator: &Generator<'_>, union: &Union) -> bool {
        let named = |value: i64| union.cases.iter().any(|case| case.value == value);
        match self.kind {
            Discriminant::Bool => named(0) && named(1),
            Discriminant::Enumeration(id) => match &generator.model.definition(id).kind {
                TypeKind::Enumeration(all) => all.iter().all(|one| named(i64::from(one.value))),
                _ => false,
            },
            Discriminant::Int | Discriminant::UnsignedInt => false,
        }
    }
}

/// The variant of a case: the enumerator; `True` or `False`; or for a number
/// the name of what it selects, where that tells it from the others.
fn case_name(union: &Union, case: &Case) -> Ident {
    if let Some(label) = &case.label {
        return names::variant(label);
    }
    if union.discriminant == Discriminant::Bool {
        return format_ident!("{}", if case.value == 0 { "False" } else { "True" });
    }
    let same = |other: &&Case| match (&case.field, &other.field) {
        (Some(one), Some(two)) => names::variant(&one.name) == names::variant(&two.name),
        _ => false,
    };
    match &case.field {
        Some(field) if union.cases.iter().filter(same).count() == 1 => {
            let name = names::variant(&field.name);
            if name == "Default" {
                format_ident!("Default_")
            } else {
                name
            }
        }
        _ if case.value < 0 => format_ident!("CaseMinus{}", case.value.unsigned_abs()),
        _ => format_ident!("Case{}", case.value.unsigned_abs()),
    }
}
