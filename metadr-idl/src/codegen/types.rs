//! Constants and type definitions, and what all types have.

use super::naming::is_changed;
use super::uses::Scope;
use super::{Definition, Generator, Strings, declaration, docs, uses};
use crate::model::{Constant, ConstantValue, Type, TypeId, TypeKind};
use proc_macro2::{Literal, TokenStream};
use quote::quote;

impl Generator<'_> {
    /// A reference to a value, as something that prints as the file has it.
    pub(super) fn shown(&self, ty: &Type, reference: TokenStream) -> TokenStream {
        if self.options.strings == Strings::Bytes && self.is_of_strings(ty) {
            return quote!(&as_text(#reference));
        }
        reference
    }

    /// Whether it is a string, or an array or option of strings.
    fn is_of_strings(&self, ty: &Type) -> bool {
        match self.model.resolve(ty) {
            Type::String(_) => true,
            Type::Fixed(element, _) | Type::Variable(element, _) | Type::Optional(element) => {
                self.is_of_strings(element)
            }
            _ => false,
        }
    }

    pub(super) fn constant(&self, constant: &Constant, scope: &Scope) -> TokenStream {
        let name = self.names.constant(&scope.namespace, &constant.name);
        let is_renamed = is_changed(name, &constant.name);
        let about =
            (constant.docs.is_empty() || is_renamed).then(|| declaration::constant(constant));
        let docs = docs::attributes(&constant.docs, about.as_deref());
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

    pub(super) fn type_definition(&self, id: TypeId, scope: &Scope) -> Definition {
        let definition = self.model.definition(id);
        let name = self.names.ty(id);
        let is_renamed = is_changed(name, &definition.name);
        let about = (definition.docs.is_empty() || is_renamed)
            .then(|| declaration::definition(self.model, definition));
        let docs = docs::attributes(&definition.docs, about.as_deref());
        match &definition.kind {
            TypeKind::Alias(ty) => {
                let ty = self.rust_type(ty, scope);
                Definition {
                    item: quote! { #docs pub type #name = #ty; },
                    code: TokenStream::new(),
                }
            }
            TypeKind::Enumeration(all) => self.enumeration(id, &docs, all),
            TypeKind::Structure(fields) => self.structure(id, &docs, fields, scope),
            TypeKind::Union(union) => self.union(id, &docs, union, scope),
        }
    }

    /// The derives of a structure or a union, and what else the options want.
    /// A list implements some by other means.
    pub(super) fn attributes(&self, id: TypeId) -> TokenStream {
        let derives = self.facts.derives(id);
        let is_list = self.facts.is_list(id);
        let flat = (!is_list).then(|| quote!(Clone,));
        let copy = (derives.copy && !is_list).then(|| quote!(Copy,));
        let debug = (!is_list).then(|| quote!(Debug,));
        let default = derives.default.then(|| quote!(Default,));
        let partial_eq = (!is_list).then(|| quote!(PartialEq,));
        let eq = (derives.eq && !is_list).then(|| quote!(Eq,));
        let ord = (derives.eq && derives.ord).then(|| quote!(PartialOrd, Ord, Hash,));
        let all = quote!(#flat #copy #debug #default #partial_eq #eq #ord);
        let derive = (!all.is_empty()).then(|| quote!(#[derive(#all)]));
        let mut implemented: Vec<String> = all.into_iter().map(|one| one.to_string()).collect();
        if is_list {
            let by_hand = ["Clone", "Debug", "PartialEq", "Eq"];
            implemented.extend(by_hand.map(str::to_owned));
        }
        let more = self.more_attributes(id, &implemented);
        quote!(#derive #more)
    }

    /// The derives that the options ask for, but for what is implemented already:
    /// `*` says it of every type, whether it has the trait by itself or not.
    pub(super) fn more_attributes(&self, id: TypeId, implemented: &[String]) -> TokenStream {
        let definition = self.model.definition(id);
        let name = super::qualified(&definition.namespace, &definition.name);
        let paths: Vec<syn::Path> = (self.options.derives.iter())
            .filter(|(of, _)| of == "*" || *of == name)
            .filter_map(|(_, path)| syn::parse_str::<syn::Path>(path).ok())
            .filter(|path| {
                let name = path.segments.last().map(|last| last.ident.to_string());
                name.is_some_and(|name| !implemented.contains(&name))
            })
            .collect();
        let more = (!paths.is_empty()).then(|| quote!(#[derive(#(#paths),*)]));
        let serde = self.serde_attributes(id);
        quote!(#more #serde)
    }

    /// The inherent constant of a type whose values have the same size.
    pub(super) fn encoded_size(&self, id: TypeId) -> Option<TokenStream> {
        let size = self.facts.fixed_size(&Type::Named(id))?;
        let size = uses::size(size);
        Some(quote! {
            /// How many bytes a value takes up.
            pub const ENCODED_SIZE: usize = #size;
        })
    }

    /// The least size of a type's values, and the size of one, if they differ:
    /// expressions for the codec's traits.
    pub(super) fn minimum_of(&self, id: TypeId) -> TokenStream {
        match self.facts.fixed_size(&Type::Named(id)) {
            Some(_) => quote!(Self::ENCODED_SIZE),
            None => self.minimum(&Type::Named(id)),
        }
    }

    /// What a decoder does around a value of a type that can nest.
    pub(super) fn depth(&self, id: TypeId) -> (Option<TokenStream>, Option<TokenStream>) {
        if !self.facts.nests(id) {
            return (None, None);
        }
        let levels = uses::size(self.facts.levels(id));
        let enter = quote! { decoder.descend(#levels)?; };
        let leave = quote! { decoder.ascend(#levels); };
        (Some(enter), Some(leave))
    }

    /// Runs of fixed size are only put together across types that are inlined.
    pub(super) fn inline(&self, id: TypeId) -> Option<TokenStream> {
        (!self.facts.nests(id)).then(|| quote!(#[inline]))
    }
}
