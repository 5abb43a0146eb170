//! Arbitrary values of types, which the option `arbitrary` adds.

use super::uses::{self, Scope, limit};
use super::{Generator, Strings};
use crate::model::{Discriminant, Field, Type, TypeId, TypeKind, Union};
use proc_macro2::{Ident, TokenStream};
use quote::quote;

impl Generator<'_> {
    pub(super) fn arbitrary_structure(
        &self,
        id: TypeId,
        fields: &[Field],
        scope: &Scope,
    ) -> Option<TokenStream> {
        let idents = self.names.parts(id);
        if let (true, Some((_, heads)), Some((tail, others))) = (
            self.facts.is_list(id),
            fields.split_last(),
            idents.split_last(),
        ) {
            let values = heads.iter().map(|field| self.generate(&field.ty, scope));
            let body = quote! {
                source.list(|source| Ok(Self { #(#others: #values,)* #tail: None }))
            };
            return self.arbitrary(id, &body);
        }
        let values = fields.iter().map(|field| self.generate(&field.ty, scope));
        self.arbitrary(id, &quote! { Ok(Self { #(#idents: #values),* }) })
    }

    pub(super) fn arbitrary_enumeration(
        &self,
        id: TypeId,
        variants: &[&&Ident],
    ) -> Option<TokenStream> {
        self.arbitrary(id, &quote! { source.one_of(&[#(Self::#variants),*]) })
    }

    pub(super) fn arbitrary_union(
        &self,
        id: TypeId,
        union: &Union,
        scope: &Scope,
    ) -> Option<TokenStream> {
        // Arms that lead back to the union come last: not too deep.
        let (mut arms, mut back) = (Vec::new(), Vec::new());
        for (case, ident) in union.cases.iter().zip(self.names.parts(id)) {
            match &case.field {
                Some(field) => {
                    let value = self.generate_arm(id, &field.ty, scope);
                    let arms = match self.facts.leads_back(id, &field.ty) {
                        true => &mut back,
                        false => &mut arms,
                    };
                    arms.push(quote!(Self::#ident(#value)));
                }
                None => arms.push(quote!(Self::#ident)),
            }
        }
        if let Some(default) = &union.default
            && let Some(discriminant) = self.generate_other(union, scope)
        {
            let mut is_back = false;
            let field = default.field.as_ref().map(|field| {
                let ident = self.names.default_field(id);
                let value = self.generate_arm(id, &field.ty, scope);
                is_back = self.facts.leads_back(id, &field.ty);
                quote!(#ident: #value)
            });
            let arms = if is_back { &mut back } else { &mut arms };
            arms.push(quote!(Self::Default { discriminant: #discriminant, #field }));
        }
        let safe = uses::size(arms.len());
        arms.append(&mut back);
        let (last, others) = arms.split_last()?;
        if others.is_empty() {
            let is_nothing = union.default.is_none() && union.fields().next().is_none();
            let unused = is_nothing.then(|| quote! { let _ = source; });
            return self.arbitrary(id, &quote! { #unused Ok(#last) });
        }
        let count = uses::size(arms.len());
        let numbers = (0..others.len()).map(uses::size);
        let arms = quote! { #(#numbers => #others,)* _ => #last };
        self.arbitrary(
            id,
            &quote! { Ok(match source.arm(#safe, #count)? { #arms }) },
        )
    }

    /// A discriminant that has no arm of its own, if there is one.
    fn generate_other(&self, union: &Union, scope: &Scope) -> Option<TokenStream> {
        let is_taken = |value: i64| union.cases.iter().any(|case| case.value == value);
        Some(match union.discriminant {
            Discriminant::Bool => match (is_taken(0), is_taken(1)) {
                (true, true) => return None,
                (true, false) => quote!(true),
                (false, true) => quote!(false),
                (false, false) => quote!(source.value()?),
            },
            Discriminant::Int | Discriminant::UnsignedInt => {
                let taken = union.cases.iter();
                let taken = taken.map(|case| self.tag_value(union.discriminant, case, scope));
                quote!(source.number_other_than(&[#(#taken),*])?)
            }
            Discriminant::Enumeration(id) => {
                let TypeKind::Enumeration(all) = &self.model.definition(id).kind else {
                    unreachable!("the checks let only enumerations through");
                };
                let path = self.path(id, scope);
                let mut seen = Vec::new();
                let free: Vec<_> = (all.iter().zip(self.names.parts(id)))
                    .filter(|(one, _)| {
                        let is_first = !seen.contains(&one.value);
                        seen.push(one.value);
                        is_first && !is_taken(i64::from(one.value))
                    })
                    .map(|(_, ident)| quote!(#path::#ident))
                    .collect();
                if free.is_empty() {
                    return None;
                }
                quote!(source.one_of(&[#(#free),*])?)
            }
        })
    }

    fn arbitrary(&self, id: TypeId, body: &TokenStream) -> Option<TokenStream> {
        let (runtime, name) = (&self.options.runtime, self.local(id));
        let arbitrary = quote!(#runtime::export::arbitrary);
        self.options.arbitrary.then(|| {
            quote! {
                impl #arbitrary::Generate for #name {
                    fn generate(source: &mut #arbitrary::Source<'_, '_>) -> #arbitrary::Result<Self> {
                        #body
                    }
                }
                impl<'a> #arbitrary::Arbitrary<'a> for #name {
                    fn arbitrary(
                        data: &mut #arbitrary::Unstructured<'a>,
                    ) -> #arbitrary::Result<Self> {
                        #arbitrary::generate(data)
                    }
                }
            }
        })
    }

    /// An expression of an arbitrary value.
    fn generate(&self, ty: &Type, scope: &Scope) -> TokenStream {
        let result = self.generate_result(ty, scope);
        quote!(#result?)
    }

    /// An expression of a `Result` of an arbitrary value.
    fn generate_result(&self, ty: &Type, scope: &Scope) -> TokenStream {
        match ty {
            Type::Opaque(max) => {
                let limit = limit(*max);
                quote!(source.opaque(#limit))
            }
            Type::String(max) => {
                let limit = limit(*max);
                match self.options.strings {
                    Strings::Utf8 => quote!(source.string(#limit)),
                    Strings::Bytes => quote!(source.opaque(#limit)),
                }
            }
            Type::OpaqueFixed(size) => self.generate_array(&Type::UnsignedChar, *size, scope),
            Type::Fixed(element, size) => self.generate_array(element, *size, scope),
            Type::Variable(element, max) => {
                let (limit, element) = (limit(*max), self.generate_result(element, scope));
                quote!(source.elements(#limit, |source| #element))
            }
            Type::Optional(target) => {
                let mut value = self.generate_result(target, scope);
                if self.facts.needs_box(scope.owner(), target) {
                    value = quote!(Ok(Box::new(#value?)));
                }
                quote!(source.optional(|source| #value))
            }
            Type::Named(id) => match &self.model.definition(*id).kind {
                TypeKind::Alias(ty) => self.generate_result(ty, &scope.of(*id)),
                _ => quote!(source.nested()),
            },
            _ => quote!(source.value()),
        }
    }

    fn generate_arm(&self, union: TypeId, ty: &Type, scope: &Scope) -> TokenStream {
        let value = self.generate(ty, scope);
        if self.facts.arm_needs_box(union, ty) {
            quote!(Box::new(#value))
        } else {
            value
        }
    }

    fn generate_array(&self, element: &Type, size: u32, scope: &Scope) -> TokenStream {
        let is_boxed = self.facts.is_large(element, size);
        let element = self.generate_result(element, scope);
        let method = if is_boxed {
            quote!(boxed_array)
        } else {
            quote!(array)
        };
        quote!(source.#method(|source| #element))
    }
}
