//! Structures.

use super::codec::length::Length;
use super::codec::{Access, decode, encode};
use super::naming::is_changed;
use super::uses::Scope;
use super::{Definition, Generator, declaration, docs};
use crate::model::{Field, TypeId};
use proc_macro2::TokenStream;
use quote::quote;

impl Generator<'_> {
    pub(super) fn structure(
        &self,
        id: TypeId,
        docs: &TokenStream,
        fields: &[Field],
        scope: &Scope,
    ) -> Definition {
        let name = self.names.ty(id);
        let attributes = self.attributes(id);
        let last = fields.len() - 1;
        let members =
            (fields.iter().zip(self.names.parts(id)))
                .enumerate()
                .map(|(index, (field, ident))| {
                    let ty = self.rust_type(&field.ty, scope);
                    let docs = self.field_docs(field, is_changed(ident, &field.name));
                    let tail = self.serde_tail(id).filter(|_| index == last);
                    let serde = tail.or_else(|| self.serde_field(&field.ty, id, scope));
                    quote! { #docs #serde pub #ident: #ty }
                });
        let size = self
            .encoded_size(id)
            .map(|size| quote! { impl #name { #size } });
        let item = quote! {
            #docs
            #attributes
            pub struct #name { #(#members),* }
            #size
        };
        let code = if self.facts.is_list(id) {
            let list = self.list(id, fields, scope);
            let serde = self.serde_list(id);
            quote! { #list #serde }
        } else {
            let codec = self.structure_codec(id, fields, scope);
            let print = self.structure_print(id, fields);
            quote! { #codec #print }
        };
        let arbitrary = self.arbitrary_structure(id, fields, scope);
        Definition {
            item,
            code: quote! { #code #arbitrary },
        }
    }

    /// The comment of a field, and its declaration where that says more.
    pub(super) fn field_docs(&self, field: &Field, is_renamed: bool) -> TokenStream {
        let about =
            (field.docs.is_empty() || is_renamed).then(|| declaration::field(self.model, field));
        docs::attributes(&field.docs, about.as_deref())
    }

    fn structure_codec(&self, id: TypeId, fields: &[Field], scope: &Scope) -> TokenStream {
        let name = self.local(id);
        let parent = &self.model.definition(id).name;
        let mut length = Length::default();
        let (mut encodes, mut decodes) = (Vec::new(), Vec::new());
        let mut in_run = false;
        for (field, ident) in fields.iter().zip(self.names.parts(id)) {
            let place = format!("{parent}.{}", field.name);
            let value = quote!(self.#ident);
            length.add(self.length(&field.ty, &value, scope));
            let value = Access::place(value);
            encodes.extend(self.encode_parts(&field.ty, &value, &place, scope));
            decodes.extend(if in_run {
                self.decode_parts_behind(&field.ty, ident, &place, scope)
            } else {
                self.decode_parts(&field.ty, ident, &place, scope)
            });
            in_run = self.size_in_run(&field.ty).is_some();
        }
        let length = match length.as_fixed() {
            Some(_) => quote!(Self::ENCODED_SIZE),
            None => length.expression(),
        };
        let encodes = encode::statements(encodes);
        let decode::Decoding { statements, fields } = decode::decoding(decodes, parent);
        let (minimum, inline) = (self.minimum_of(id), self.inline(id));
        let (enter, leave) = self.depth(id);
        let end = match leave {
            None => quote! { Ok(Self { #(#fields),* }) },
            Some(leave) => quote! {
                let value = Self { #(#fields),* };
                #leave
                Ok(value)
            },
        };
        quote! {
            impl Encode for #name {
                #inline
                fn encoded_len(&self) -> usize {
                    #length
                }
                #inline
                fn encode<E: Encoder + ?Sized>(&self, encoder: &mut E) -> Result<(), EncodeError> {
                    #encodes
                    Ok(())
                }
            }
            impl Decode for #name {
                const MIN_ENCODED_SIZE: usize = #minimum;
                #inline
                fn decode<D: Decoder + ?Sized>(decoder: &mut D) -> Result<Self, DecodeError> {
                    #enter
                    #statements
                    #end
                }
            }
        }
    }

    fn structure_print(&self, id: TypeId, fields: &[Field]) -> TokenStream {
        let name = self.local(id);
        let xdr_name = &self.model.definition(id).name;
        let names = fields.iter().map(|field| &field.name);
        let values = fields.iter().zip(self.names.parts(id));
        let values = values.map(|(field, ident)| self.shown(&field.ty, quote!(&self.#ident)));
        quote! {
            impl Print for #name {
                fn print(&self, printer: &mut Printer<'_, '_>) {
                    printer.structure(#xdr_name, &[#((#names, #values)),*]);
                }
            }
        }
    }
}
