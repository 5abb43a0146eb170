//! The code that encodes and decodes one value of a type.

use super::{Generator, Scope, Strings, names};
use crate::model::{Type, TypeKind};
use proc_macro2::TokenStream;
use quote::quote;

/// How code reaches a value that it encodes.
pub(super) struct Access {
    /// An expression for the value itself, of a `Copy` type.
    copied: TokenStream,
    /// An expression of type `&T`.
    reference: TokenStream,
    /// What a method is called on.
    receiver: TokenStream,
}

impl Access {
    /// A field, or a variable that holds the value.
    pub(super) fn place(place: TokenStream) -> Self {
        Self {
            copied: place.clone(),
            reference: quote!(&#place),
            receiver: place,
        }
    }

    /// A variable that holds a reference to the value.
    pub(super) fn reference(variable: TokenStream) -> Self {
        Self {
            copied: quote!(*#variable),
            reference: variable.clone(),
            receiver: variable,
        }
    }

    /// A variable that holds a reference to a box of the value.
    fn boxed(variable: TokenStream) -> Self {
        Self {
            copied: quote!(**#variable),
            reference: quote!(&**#variable),
            receiver: variable,
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
    /// Statements that encode a value. They may return early with an error
    /// that names `place`.
    pub(super) fn encode(&self, ty: &Type, value: &Access, place: &str) -> TokenStream {
        let runtime = &self.options.runtime;
        let encoder = quote!(#runtime::xdr::Encoder);
        let at = quote!(.map_err(|error| error.at(#place))?);
        let Access {
            copied,
            reference,
            receiver,
        } = value;
        match ty {
            Type::Int => quote! { #encoder::put_i32(encoder, #copied); },
            Type::UnsignedInt => quote! { #encoder::put_u32(encoder, #copied); },
            Type::Hyper => quote! { #encoder::put_i64(encoder, #copied); },
            Type::UnsignedHyper => quote! { #encoder::put_u64(encoder, #copied); },
            Type::Float => quote! { #encoder::put_f32(encoder, #copied); },
            Type::Double => quote! { #encoder::put_f64(encoder, #copied); },
            Type::Quadruple => quote! { #encoder::put_quadruple(encoder, #copied); },
            Type::Bool => quote! { #encoder::put_bool(encoder, #copied); },
            Type::Char => quote! { #encoder::put_i8(encoder, #copied); },
            Type::UnsignedChar => quote! { #encoder::put_u8(encoder, #copied); },
            Type::Short => quote! { #encoder::put_i16(encoder, #copied); },
            Type::UnsignedShort => quote! { #encoder::put_u16(encoder, #copied); },
            Type::OpaqueFixed(_) => quote! { #encoder::put_opaque_fixed(encoder, #reference); },
            Type::Opaque(limit) => {
                let limit = limit_tokens(*limit);
                quote! { #encoder::put_opaque(encoder, #reference, #limit)#at; }
            }
            Type::String(limit) => {
                let limit = limit_tokens(*limit);
                let put = match self.options.strings {
                    Strings::Utf8 => quote!(put_string),
                    Strings::Bytes => quote!(put_opaque),
                };
                quote! { #encoder::#put(encoder, #reference, #limit)#at; }
            }
            Type::Fixed(element, _) => {
                let element = self.encode(element, &Access::reference(quote!(element)), place);
                quote! { for element in #reference { #element } }
            }
            Type::Variable(element, limit) => {
                let limit = limit_tokens(*limit);
                let element = self.encode(element, &Access::reference(quote!(element)), place);
                quote! {
                    #encoder::put_length(encoder, #receiver.len(), #limit)#at;
                    for element in #reference { #element }
                }
            }
            Type::Optional(target) => {
                let inner = if self.facts.is_recursive(target) {
                    Access::boxed(quote!(target))
                } else {
                    Access::reference(quote!(target))
                };
                let body = self.encode(target, &inner, place);
                quote! {
                    #encoder::put_bool(encoder, #receiver.is_some());
                    if let ::core::option::Option::Some(target) = #reference { #body }
                }
            }
            Type::Named(id) => match &self.model.definition(*id).kind {
                TypeKind::Alias(ty) => self.encode(ty, value, place),
                _ => quote! { #runtime::xdr::Encode::encode(#reference, encoder)?; },
            },
            Type::Extern(_) => quote! { #runtime::xdr::Encode::encode(#reference, encoder)?; },
        }
    }

    /// The body of a closure that encodes values one after the other.
    pub(super) fn encode_result(&self, values: &[(&Type, Access, String)]) -> TokenStream {
        let runtime = &self.options.runtime;
        if let [(ty, value, _)] = values
            && let Type::Named(_) = self.model.resolve(ty)
        {
            let reference = &value.reference;
            return quote! { #runtime::xdr::Encode::encode(#reference, encoder) };
        }
        let statements = values
            .iter()
            .map(|(ty, value, place)| self.encode(ty, value, place));
        quote! {{ #(#statements)* ::core::result::Result::Ok(()) }}
    }

    /// An expression of the value that is decoded. It may return early with an
    /// error that names `place`.
    pub(super) fn decode(&self, ty: &Type, place: &str, scope: &Scope) -> TokenStream {
        match self.decode_one(ty, place, scope) {
            Decoded::Result(result) => quote!(#result?),
            Decoded::Value(value) => value,
        }
    }

    /// An expression of a `Result` of the value that is decoded.
    pub(super) fn decode_result(&self, ty: &Type, place: &str, scope: &Scope) -> TokenStream {
        match self.decode_one(ty, place, scope) {
            Decoded::Result(result) => result,
            Decoded::Value(value) => quote!(::core::result::Result::Ok(#value)),
        }
    }

    fn decode_one(&self, ty: &Type, place: &str, scope: &Scope) -> Decoded {
        let runtime = &self.options.runtime;
        let decoder = quote!(#runtime::xdr::Decoder);
        let at = quote!(.map_err(|error| error.at(#place)));
        let call = match ty {
            Type::Int => quote! { #decoder::take_i32(decoder) },
            Type::UnsignedInt => quote! { #decoder::take_u32(decoder) },
            Type::Hyper => quote! { #decoder::take_i64(decoder) },
            Type::UnsignedHyper => quote! { #decoder::take_u64(decoder) },
            Type::Float => quote! { #decoder::take_f32(decoder) },
            Type::Double => quote! { #decoder::take_f64(decoder) },
            Type::Quadruple => quote! { #decoder::take_quadruple(decoder) },
            Type::Bool => quote! { #decoder::take_bool(decoder) },
            Type::Char => quote! { #decoder::take_i8(decoder) },
            Type::UnsignedChar => quote! { #decoder::take_u8(decoder) },
            Type::Short => quote! { #decoder::take_i16(decoder) },
            Type::UnsignedShort => quote! { #decoder::take_u16(decoder) },
            Type::Opaque(limit) => {
                let limit = limit_tokens(*limit);
                quote! { #decoder::take_opaque(decoder, #limit) }
            }
            Type::String(limit) => {
                let limit = limit_tokens(*limit);
                let take = match self.options.strings {
                    Strings::Utf8 => quote!(take_string),
                    Strings::Bytes => quote!(take_opaque),
                };
                quote! { #decoder::#take(decoder, #limit) }
            }
            Type::Named(id) => match &self.model.definition(*id).kind {
                TypeKind::Alias(ty) => return self.decode_one(ty, place, scope),
                _ => {
                    let path = self.path(*id, scope);
                    quote! { <#path as #runtime::xdr::Decode>::decode(decoder) }
                }
            },
            Type::Extern(id) => {
                let path = self.extern_path(*id);
                quote! { <#path as #runtime::xdr::Decode>::decode(decoder) }
            }
            Type::OpaqueFixed(_) | Type::Fixed(..) | Type::Variable(..) | Type::Optional(_) => {
                return self.decode_compound(ty, place, scope);
            }
        };
        Decoded::Result(quote!(#call #at))
    }

    /// Values that take several steps.
    fn decode_compound(&self, ty: &Type, place: &str, scope: &Scope) -> Decoded {
        let runtime = &self.options.runtime;
        let decoder = quote!(#runtime::xdr::Decoder);
        let at = quote!(.map_err(|error| error.at(#place))?);
        Decoded::Value(match ty {
            Type::OpaqueFixed(size) => {
                let size = names::number(*size);
                quote! {{
                    let mut data = [0_u8; #size];
                    #decoder::take_opaque_fixed(decoder, &mut data)#at;
                    data
                }}
            }
            Type::Fixed(element, size) => {
                return Decoded::Result(self.decode_fixed(element, *size, place, scope));
            }
            Type::Variable(element, limit) => {
                let limit = limit_tokens(*limit);
                let min_size = crate::model::min_size(self.model, element);
                let min_size = proc_macro2::Literal::usize_unsuffixed(min_size);
                let element = self.decode(element, place, scope);
                quote! {{
                    let length = #decoder::take_length(decoder, #limit, #min_size)#at;
                    let mut elements = ::std::vec::Vec::with_capacity(length);
                    for _ in 0..length {
                        elements.push(#element);
                    }
                    elements
                }}
            }
            Type::Optional(target) => {
                let mut value = self.decode(target, place, scope);
                if self.facts.is_recursive(target) {
                    value = quote!(::std::boxed::Box::new(#value));
                }
                quote! {
                    if #decoder::take_bool(decoder)#at {
                        ::core::option::Option::Some(#value)
                    } else {
                        ::core::option::Option::None
                    }
                }
            }
            _ => unreachable!("all other types take one step"),
        })
    }

    fn decode_fixed(&self, element: &Type, size: u32, place: &str, scope: &Scope) -> TokenStream {
        let runtime = &self.options.runtime;
        let (size, rust) = (names::number(size), self.rust_type(element, scope));
        let element = self.decode_result(element, place, scope);
        quote! { #runtime::xdr::array::<#rust, #size, _>(|| #element) }
    }
}

fn limit_tokens(limit: u32) -> TokenStream {
    match limit {
        u32::MAX => quote!(u32::MAX),
        limit => {
            let limit = names::number(limit);
            quote!(#limit)
        }
    }
}
