//! A value of each type, as an expression that shows what it consists of.

use super::Scaffold;
use crate::codegen::Strings;
use crate::codegen::uses::{self, Scope};
use crate::model::{Discriminant, Type, TypeId, TypeKind, Union};
use proc_macro2::TokenStream;
use quote::quote;

/// Structures within structures are written out down to here.
const DEPTH: usize = 4;

impl Scaffold<'_> {
    /// The plainest value of a type: zero, nothing, the first of several.
    pub(super) fn sample(&self, ty: &Type) -> TokenStream {
        self.value(ty, DEPTH)
    }

    fn value(&self, ty: &Type, depth: usize) -> TokenStream {
        let runtime = self.runtime();
        match ty {
            Type::Int
            | Type::UnsignedInt
            | Type::Hyper
            | Type::UnsignedHyper
            | Type::Char
            | Type::UnsignedChar
            | Type::Short
            | Type::UnsignedShort => quote!(0),
            Type::Float | Type::Double => quote!(0.0),
            Type::Quadruple => quote!(Default::default()),
            Type::Bool => quote!(false),
            Type::OpaqueFixed(size) => {
                let length = uses::number(*size);
                self.array(quote!([0; #length]), &Type::UnsignedChar, *size)
            }
            Type::Opaque(_) => quote!(#runtime::xdr::Bytes::new()),
            Type::String(_) => match self.generator.options.strings {
                Strings::Utf8 => quote!(String::new()),
                Strings::Bytes => quote!(#runtime::xdr::Bytes::new()),
            },
            Type::Fixed(element, size) => {
                let value = self.value(element, depth);
                self.array(quote!(std::array::from_fn(|_| #value)), element, *size)
            }
            Type::Variable(..) => quote!(Vec::new()),
            Type::Optional(_) => quote!(None),
            Type::Named(id) => self.named(*id, depth),
            // Nothing is known of it.
            Type::Extern(_) => missing(),
        }
    }

    fn array(&self, value: TokenStream, element: &Type, size: u32) -> TokenStream {
        if self.generator.facts.is_large(element, size) {
            return quote!(Box::new(#value));
        }
        value
    }

    fn named(&self, id: TypeId, depth: usize) -> TokenStream {
        let definition = self.generator.model.definition(id);
        let path = self.generator.path(id, &Scope::root());
        let parts = self.generator.names.parts(id);
        match &definition.kind {
            TypeKind::Alias(target) => self.value(target, depth),
            TypeKind::Enumeration(_) => {
                let first = &parts[0];
                quote!(#path::#first)
            }
            _ if depth == 0 => missing(),
            TypeKind::Structure(fields) => {
                let values = fields.iter().map(|field| self.value(&field.ty, depth - 1));
                quote!(#path { #(#parts: #values),* })
            }
            TypeKind::Union(union) => self.union(id, union, &path, depth - 1),
        }
    }

    /// An arm that holds nothing if there is one, or else the first.
    fn union(&self, id: TypeId, union: &Union, path: &TokenStream, depth: usize) -> TokenStream {
        let parts = self.generator.names.parts(id);
        let void = union.cases.iter().position(|case| case.field.is_none());
        if let Some(case) = union.cases.get(void.unwrap_or(0)) {
            let variant = &parts[void.unwrap_or(0)];
            return match &case.field {
                None => quote!(#path::#variant),
                Some(field) => {
                    let value = self.value(&field.ty, depth);
                    quote!(#path::#variant(#value))
                }
            };
        }
        // Only a default arm: any discriminant does.
        let discriminant = match union.discriminant {
            Discriminant::Int | Discriminant::UnsignedInt => quote!(0),
            Discriminant::Bool => quote!(false),
            Discriminant::Enumeration(id) => self.named(id, depth),
        };
        let field = union.default.iter().find_map(|arm| arm.field.as_ref());
        let held = field.zip(self.generator.names.default_field(id));
        let held = held.map(|(field, name)| {
            let value = self.value(&field.ty, depth);
            quote!(#name: #value)
        });
        quote!(#path::Default { discriminant: #discriminant, #held })
    }
}

fn missing() -> TokenStream {
    quote!(todo!("a value"))
}
