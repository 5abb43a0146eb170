//! Enumerations.

use super::{Definition, Generator, declaration, docs};
use crate::model::{Enumerator, TypeId};
use proc_macro2::{Ident, Literal, TokenStream};
use quote::quote;
use std::collections::BTreeMap;

impl Generator<'_> {
    pub(super) fn enumeration(
        &self,
        id: TypeId,
        docs: &TokenStream,
        all: &[Enumerator],
    ) -> Definition {
        let name = self.names.ty(id);
        // Rust has one variant for each number; further names of it become constants.
        let mut first: BTreeMap<i32, (&Ident, &str)> = BTreeMap::new();
        let (mut variants, mut aliases) = (Vec::new(), Vec::new());
        for (one, ident) in all.iter().zip(self.names.parts(id)) {
            let about = declaration::enumerator(one);
            let docs = docs::attributes(&one.docs, Some(&about));
            let value = Literal::i32_unsuffixed(one.value);
            if let Some((known, _)) = first.get(&one.value) {
                aliases.push(quote! { #docs pub const #ident: Self = Self::#known; });
            } else {
                variants.push(quote! { #docs #ident = #value });
                first.insert(one.value, (ident, &one.name));
            }
        }
        let idents: Vec<_> = first.values().map(|(ident, _)| ident).collect();
        let xdr_names = first.values().map(|(_, name)| name);
        let size = self.encoded_size(id);
        let derives = quote!(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash);
        let implemented: Vec<String> = (derives.clone().into_iter())
            .map(|one| one.to_string())
            .collect();
        let more = self.more_attributes(id, &implemented);
        let item = quote! {
            #docs
            #[derive(#derives)]
            #more
            #[repr(i32)]
            pub enum #name { #(#variants),* }
            impl #name {
                #(#aliases)*
                #size
                /// The name in the file.
                #[must_use]
                pub const fn name(self) -> &'static str {
                    match self { #(Self::#idents => #xdr_names,)* }
                }
            }
        };
        let values: Vec<_> = first
            .keys()
            .map(|value| Literal::i32_unsuffixed(*value))
            .collect();
        let codec = self.enumeration_codec(id);
        let xdr_name = &self.model.definition(id).name;
        let name = self.local(id);
        let arbitrary = self.arbitrary_enumeration(id, &idents);
        let code = quote! {
            impl From<#name> for i32 {
                fn from(value: #name) -> Self {
                    value as Self
                }
            }
            impl TryFrom<i32> for #name {
                type Error = DecodeErrorKind;
                #[inline]
                fn try_from(value: i32) -> Result<Self, DecodeErrorKind> {
                    match value {
                        #(#values => Ok(Self::#idents),)*
                        _ => Err(DecodeErrorKind::UnknownEnumerator { name: #xdr_name, value }),
                    }
                }
            }
            #codec
            #arbitrary
        };
        Definition { item, code }
    }

    fn enumeration_codec(&self, id: TypeId) -> TokenStream {
        let name = self.local(id);
        quote! {
            impl fmt::Display for #name {
                fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                    f.pad(self.name())
                }
            }
            impl Encode for #name {
                #[inline]
                fn encoded_len(&self) -> usize {
                    Self::ENCODED_SIZE
                }
                #[inline]
                fn encode<E: Encoder + ?Sized>(&self, encoder: &mut E) -> Result<(), EncodeError> {
                    encoder.put_i32(*self as i32);
                    Ok(())
                }
            }
            impl Decode for #name {
                const MIN_ENCODED_SIZE: usize = Self::ENCODED_SIZE;
                #[inline]
                fn decode<D: Decoder + ?Sized>(decoder: &mut D) -> Result<Self, DecodeError> {
                    Self::try_from(decoder.take_i32()?)
                        .map_err(|kind| decoder.error_in_last_int(kind))
                }
            }
            impl Print for #name {
                fn print(&self, printer: &mut Printer<'_, '_>) {
                    printer.text(self.name());
                }
            }
        }
    }
}
