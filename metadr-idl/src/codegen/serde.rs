//! The traits of serde, which the option `serde` adds.

use super::Generator;
use super::uses::{self, Scope};
use crate::model::{Type, TypeId, TypeKind};
use proc_macro2::{Ident, TokenStream};
use quote::quote;

/// Arrays of more elements than this are beyond serde's own implementations.
const SERDE_ARRAY_LIMIT: u32 = 32;

impl Generator<'_> {
    /// The derives of serde.
    pub(super) fn serde_attributes(&self, id: TypeId) -> Option<TokenStream> {
        let serde = self.serde_name(id)?;
        let name = serde.to_string();
        // What is derived for a list is about one element: functions of its own
        // instead of the traits.
        let remote = (self.facts.is_list(id)).then(|| quote!(, remote = "Self"));
        Some(quote! {
            #[derive(#serde::Serialize, #serde::Deserialize)]
            #[serde(crate = #name #remote)]
        })
    }

    /// The traits of a list, which is a sequence of its elements: the derived
    /// ones would recurse.
    pub(super) fn serde_list(&self, id: TypeId) -> Option<TokenStream> {
        let (runtime, name) = (&self.options.runtime, self.local(id));
        let serde = quote!(#runtime::export::serde);
        self.options.serde.then(|| {
            quote! {
                impl #serde::Element for #name {
                    fn serialize_alone<S: #serde::Serializer>(
                        &self,
                        serializer: S,
                    ) -> Result<S::Ok, S::Error> {
                        Self::serialize(self, serializer)
                    }
                    fn deserialize_alone<'de, D: #serde::Deserializer<'de>>(
                        deserializer: D,
                    ) -> Result<Self, D::Error> {
                        Self::deserialize(deserializer)
                    }
                }
                impl #serde::Serialize for #name {
                    fn serialize<S: #serde::Serializer>(
                        &self,
                        serializer: S,
                    ) -> Result<S::Ok, S::Error> {
                        #serde::serialize_list(self, serializer)
                    }
                }
                impl<'de> #serde::Deserialize<'de> for #name {
                    fn deserialize<D: #serde::Deserializer<'de>>(
                        deserializer: D,
                    ) -> Result<Self, D::Error> {
                        #serde::deserialize_list(deserializer)
                    }
                }
            }
        })
    }

    /// Leaves the tail of a list to the list.
    pub(super) fn serde_tail(&self, id: TypeId) -> Option<TokenStream> {
        (self.options.serde && self.facts.is_list(id)).then(|| quote!(#[serde(skip)]))
    }

    /// Says how serde treats a field, if it does not know its type.
    pub(super) fn serde_field(&self, ty: &Type, id: TypeId, scope: &Scope) -> Option<TokenStream> {
        let serde = self.serde_name(id)?;
        if !self.has_long_array(ty) {
            return None;
        }
        let mut shape = self.serde_shape(ty, &serde, scope);
        if self.facts.arm_needs_box(id, ty) {
            shape = quote!(#serde::Boxed<#shape>);
        }
        let with = format!("{serde}::As::<{shape}>").replace(' ', "");
        Some(quote!(#[serde(with = #with)]))
    }

    fn has_long_array(&self, ty: &Type) -> bool {
        match ty {
            Type::OpaqueFixed(size) => *size > SERDE_ARRAY_LIMIT,
            Type::Fixed(element, size) => *size > SERDE_ARRAY_LIMIT || self.has_long_array(element),
            Type::Variable(element, _) | Type::Optional(element) => self.has_long_array(element),
            Type::Named(id) => match &self.model.definition(*id).kind {
                TypeKind::Alias(ty) => self.has_long_array(ty),
                _ => false,
            },
            _ => false,
        }
    }

    /// The type of the runtime that tells serde how a type is made up.
    fn serde_shape(&self, ty: &Type, serde: &Ident, scope: &Scope) -> TokenStream {
        let array = |element: TokenStream, size: u32, is_boxed: bool| {
            let size = uses::number(size);
            let array = quote!(#serde::Array<#element, #size>);
            if is_boxed {
                quote!(#serde::Boxed<#array>)
            } else {
                array
            }
        };
        match ty {
            _ if !self.has_long_array(ty) => quote!(#serde::Same),
            Type::OpaqueFixed(size) => {
                let is_boxed = self.facts.is_large(&Type::UnsignedChar, *size);
                array(quote!(#serde::Same), *size, is_boxed)
            }
            Type::Fixed(element, size) => {
                let is_boxed = self.facts.is_large(element, *size);
                array(self.serde_shape(element, serde, scope), *size, is_boxed)
            }
            Type::Variable(element, _) => {
                let element = self.serde_shape(element, serde, scope);
                quote!(#serde::Elements<#element>)
            }
            Type::Optional(target) => {
                let mut shape = self.serde_shape(target, serde, scope);
                if self.facts.needs_box(scope.owner(), target) {
                    shape = quote!(#serde::Boxed<#shape>);
                }
                quote!(#serde::Optional<#shape>)
            }
            Type::Named(id) => match &self.model.definition(*id).kind {
                TypeKind::Alias(ty) => self.serde_shape(ty, serde, &scope.of(*id)),
                _ => quote!(#serde::Same),
            },
            _ => quote!(#serde::Same),
        }
    }

    /// The name of serde in the module of a definition, if it is wanted.
    fn serde_name(&self, id: TypeId) -> Option<Ident> {
        if !self.options.serde {
            return None;
        }
        let namespace = &self.model.definition(id).namespace;
        let first = self.first_type(namespace)?;
        Some(self.serde(first))
    }
}
