//! Unions: Rust enums, whose variants hold what the arms do.

mod tags;

use super::codec::length::Length;
use super::codec::{Access, encode};
use super::naming::label;
use super::uses::Scope;
use super::{Definition, Generator, declaration, docs, uses};
use crate::model::{Case, Discriminant, Field, TypeId, Union};
use proc_macro2::{Ident, TokenStream};
use quote::quote;
use std::collections::BTreeMap;

/// A union, and what all code about it needs.
struct Parts<'a> {
    id: TypeId,
    /// The name in the file.
    name: &'a str,
    union: &'a Union,
    /// The variants of the cases.
    variants: &'a [Ident],
    scope: &'a Scope,
}

impl Generator<'_> {
    pub(super) fn union(
        &self,
        id: TypeId,
        docs: &TokenStream,
        union: &Union,
        scope: &Scope,
    ) -> Definition {
        let parts = Parts {
            id,
            name: &self.model.definition(id).name,
            union,
            variants: self.names.parts(id),
            scope,
        };
        let codec = self.union_codec(&parts);
        let print = self.union_print(&parts);
        let arbitrary = self.arbitrary_union(id, union, scope);
        Definition {
            item: self.union_item(&parts, docs),
            code: quote! { #codec #print #arbitrary },
        }
    }

    fn union_item(&self, parts: &Parts<'_>, docs: &TokenStream) -> TokenStream {
        let Parts { id, union, .. } = *parts;
        let name = self.names.ty(id);
        let attributes = self.attributes(id);
        let lint = self
            .has_large_variant(id, union)
            .then(|| quote!(#[allow(clippy::large_enum_variant)]));
        let mut variants = Vec::new();
        let mut tags = Vec::new();
        for (case, ident) in union.cases.iter().zip(parts.variants) {
            let label = format!("case {}", label(union, case));
            let about = declaration::arm(self.model, &label, case.field.as_ref());
            let docs = docs::attributes(&case.docs, Some(&about));
            let value = self.tag_value(union.discriminant, case, parts.scope);
            if let Some(field) = &case.field {
                let ty = self.arm_type(&field.ty, id, parts.scope);
                let serde = self.serde_field(&field.ty, id, parts.scope);
                variants.push(quote! { #docs #ident(#serde #ty) });
                tags.push(quote! { Self::#ident(_) => #value });
            } else {
                variants.push(quote! { #docs #ident });
                tags.push(quote! { Self::#ident => #value });
            }
        }
        let tag = self.tag_type(union.discriminant, parts.scope);
        if let Some(default) = &union.default {
            let about = declaration::arm(self.model, "default", default.field.as_ref());
            let docs = docs::attributes(&default.docs, Some(&about));
            let field = default.field.as_ref().map(|field| {
                let ident = self.names.default_field(id);
                let ty = self.arm_type(&field.ty, id, parts.scope);
                let docs = self.field_docs(field, true);
                let serde = self.serde_field(&field.ty, id, parts.scope);
                quote! { #docs #serde #ident: #ty, }
            });
            variants.push(quote! {
                #docs
                Default {
                    /// One that no other variant stands for.
                    discriminant: #tag,
                    #field
                }
            });
            tags.push(quote! { Self::Default { discriminant, .. } => *discriminant });
        }
        let size = self.encoded_size(id);
        let about = format!("The discriminant, `{}`.", union.discriminant_name);
        let about = docs::sentence(&about);
        quote! {
            #docs
            #attributes
            #lint
            pub enum #name { #(#variants),* }
            impl #name {
                #size
                #about
                #[must_use]
                pub fn discriminant(&self) -> #tag {
                    match self { #(#tags,)* }
                }
            }
        }
    }

    /// Whether the largest variant is far larger than all others.
    fn has_large_variant(&self, id: TypeId, union: &Union) -> bool {
        let mut sizes: Vec<usize> = union
            .fields()
            .map(|one| self.facts.memory(id, &one.ty))
            .collect();
        sizes.push(0);
        sizes.sort_unstable();
        let others = sizes.len().checked_sub(2).map_or(0, |index| sizes[index]);
        // What clippy allows, and some for what is not known.
        sizes.last().is_some_and(|largest| largest - others > 150)
    }

    fn union_codec(&self, parts: &Parts<'_>) -> TokenStream {
        let Parts { id, union, .. } = *parts;
        let name = self.local(id);
        let length = self.union_length(parts);
        let encode = self.union_encode(parts);
        let decode = self.union_decode(parts);
        let (minimum, inline) = (self.minimum_of(id), self.inline(id));
        let (enter, leave) = self.depth(id);
        let decode = match leave {
            None => quote! { Ok(#decode) },
            Some(leave) => quote! { let value = #decode; #leave Ok(value) },
        };
        let tag = self.tag_take(union.discriminant, parts);
        quote! {
            impl Encode for #name {
                #inline
                fn encoded_len(&self) -> usize {
                    #length
                }
                #inline
                fn encode<E: Encoder + ?Sized>(&self, encoder: &mut E) -> Result<(), EncodeError> {
                    match self { #encode }
                    Ok(())
                }
            }
            impl Decode for #name {
                const MIN_ENCODED_SIZE: usize = #minimum;
                #inline
                fn decode<D: Decoder + ?Sized>(decoder: &mut D) -> Result<Self, DecodeError> {
                    #enter
                    #tag
                    #decode
                }
            }
        }
    }

    fn union_length(&self, parts: &Parts<'_>) -> TokenStream {
        let Parts { id, union, .. } = *parts;
        if self
            .facts
            .fixed_size(&crate::model::Type::Named(id))
            .is_some()
        {
            return quote!(Self::ENCODED_SIZE);
        }
        // Arms of the same fixed size share a line.
        let mut fixed: BTreeMap<usize, Vec<TokenStream>> = BTreeMap::new();
        let mut varying = Vec::new();
        let mut add = |field: Option<&Field>, pattern: &dyn Fn(TokenStream) -> TokenStream| {
            let length = field.map_or_else(Length::default, |field| {
                self.length(&field.ty, &quote!(value), parts.scope)
            });
            if let Some(size) = length.as_fixed() {
                fixed.entry(size).or_default().push(pattern(quote!(_)));
            } else {
                let (pattern, length) = (pattern(quote!(value)), length.expression());
                varying.push(quote! { #pattern => #length });
            }
        };
        for (case, ident) in union.cases.iter().zip(parts.variants) {
            add(case.field.as_ref(), &|value| match &case.field {
                Some(_) => quote!(Self::#ident(#value)),
                None => quote!(Self::#ident),
            });
        }
        if let Some(default) = &union.default {
            let ident = self.names.default_field(id);
            add(default.field.as_ref(), &|value| match ident {
                Some(ident) => quote!(Self::Default { #ident: #value, .. }),
                None => quote!(Self::Default { .. }),
            });
        }
        let fixed = fixed.into_iter().map(|(size, patterns)| {
            let size = uses::size(size);
            quote!(#(#patterns)|* => #size)
        });
        quote!(4 + match self { #(#fixed,)* #(#varying,)* })
    }

    fn union_encode(&self, parts: &Parts<'_>) -> TokenStream {
        let Parts {
            id, union, name, ..
        } = *parts;
        let arm = |tag: TokenStream, field: Option<&Field>| {
            let mut all = vec![self.tag_put(union.discriminant, &tag)];
            if let Some(field) = field {
                let place = format!("{name}.{}", field.name);
                let value = if self.facts.arm_needs_box(id, &field.ty) {
                    Access::boxed(quote!(value))
                } else {
                    Access::reference(quote!(value))
                };
                all.extend(self.encode_parts(&field.ty, &value, &place, parts.scope));
            }
            encode::statements(all)
        };
        let mut arms = Vec::new();
        let mut voids = Vec::new();
        for (case, ident) in union.cases.iter().zip(parts.variants) {
            let tag = self.tag_value(union.discriminant, case, parts.scope);
            match &case.field {
                Some(field) => {
                    let code = arm(tag, Some(field));
                    arms.push(quote! { Self::#ident(value) => { #code } });
                }
                None => voids.push((ident, tag)),
            }
        }
        match &voids[..] {
            [] => {}
            [(ident, tag)] => {
                let code = arm(tag.clone(), None);
                arms.push(quote! { Self::#ident => { #code } });
            }
            several => {
                let idents = several.iter().map(|(ident, _)| ident);
                let code = arm(quote!(self.discriminant()), None);
                arms.push(quote! { #(Self::#idents)|* => { #code } });
            }
        }
        if let Some(default) = &union.default {
            let code = arm(quote!(*discriminant), default.field.as_ref());
            let field = self
                .names
                .default_field(id)
                .map(|ident| quote!(#ident: value));
            let refuse = self.refuse_taken(parts);
            arms.push(quote! { Self::Default { discriminant, #field } => { #refuse #code } });
        }
        quote! { #(#arms)* }
    }

    /// A discriminant that has an arm of its own would be read as that arm.
    fn refuse_taken(&self, parts: &Parts<'_>) -> Option<TokenStream> {
        let Parts { union, name, .. } = *parts;
        let taken = self.tag_patterns(union, parts.scope);
        let is_taken = match (union.discriminant, &union.cases[..]) {
            (Discriminant::Bool, [Case { value: 0, .. }]) => quote!(!*discriminant),
            (Discriminant::Bool, [_]) => quote!(*discriminant),
            (Discriminant::Int | Discriminant::UnsignedInt, _) => {
                quote!(let #(#taken)|* = discriminant)
            }
            // These may be all values that there are, of which `let` would warn.
            _ => quote!(matches!(discriminant, #(#taken)|*)),
        };
        let value = match union.discriminant {
            Discriminant::Enumeration(_) => quote!(i64::from(*discriminant as i32)),
            _ => quote!(i64::from(*discriminant)),
        };
        (!union.cases.is_empty()).then(|| {
            quote! {
                if #is_taken {
                    return Err(EncodeError::WrongDiscriminant { name: #name, value: #value });
                }
            }
        })
    }

    fn union_decode(&self, parts: &Parts<'_>) -> TokenStream {
        let Parts {
            id, union, name, ..
        } = *parts;
        let value = |field: &Field| {
            let place = format!("{name}.{}", field.name);
            let value = self.decode(&field.ty, &place, parts.scope);
            if self.facts.arm_needs_box(id, &field.ty) {
                quote!(Box::new(#value))
            } else {
                value
            }
        };
        let other = union.default.as_ref().map(|default| {
            let field = default.field.as_ref().map(|field| {
                let (ident, value) = (self.names.default_field(id), value(field));
                quote!(#ident: #value)
            });
            quote! { Self::Default { discriminant, #field } }
        });
        if let (Some(other), []) = (&other, &union.cases[..]) {
            return other.clone();
        }
        let arms = union.cases.iter().zip(parts.variants).map(|(case, ident)| {
            let tag = self.tag_value(union.discriminant, case, parts.scope);
            match &case.field {
                Some(field) => {
                    let value = value(field);
                    quote! { #tag => Self::#ident(#value) }
                }
                None => quote! { #tag => Self::#ident },
            }
        });
        let default = match other {
            // A default arm that is never reached would be a warning.
            _ if self.is_covered(union) => None,
            Some(other) => Some(quote! { discriminant => #other }),
            None => {
                let value = match union.discriminant {
                    Discriminant::Enumeration(_) => quote!(i64::from(discriminant as i32)),
                    _ => quote!(i64::from(discriminant)),
                };
                Some(quote! {
                    discriminant => {
                        return Err(decoder.error_in_last_int(
                            DecodeErrorKind::UnknownDiscriminant { name: #name, value: #value },
                        ));
                    }
                })
            }
        };
        quote! { match discriminant { #(#arms,)* #default } }
    }

    fn union_print(&self, parts: &Parts<'_>) -> TokenStream {
        let Parts {
            id, union, name, ..
        } = *parts;
        let ident = self.local(id);
        let mut arms = Vec::new();
        for (case, ident) in union.cases.iter().zip(parts.variants) {
            let label = label(union, case);
            arms.push(match &case.field {
                Some(field) => {
                    let value = self.shown(&field.ty, quote!(value));
                    let field = &field.name;
                    quote! {
                        Self::#ident(value) => {
                            printer.union(#name, &#label, Some((#field, #value)));
                        }
                    }
                }
                None => quote! { Self::#ident => { printer.union(#name, &#label, None); } },
            });
        }
        if let Some(default) = &union.default {
            arms.push(match &default.field {
                Some(field) => {
                    let value = self.shown(&field.ty, quote!(value));
                    let (field, ident) = (&field.name, self.names.default_field(id));
                    quote! {
                        Self::Default { discriminant, #ident: value } => {
                            printer.union(#name, discriminant, Some((#field, #value)));
                        }
                    }
                }
                None => quote! {
                    Self::Default { discriminant } => { printer.union(#name, discriminant, None); }
                },
            });
        }
        quote! {
            impl Print for #ident {
                fn print(&self, printer: &mut Printer<'_, '_>) {
                    match self { #(#arms)* }
                }
            }
        }
    }
}
