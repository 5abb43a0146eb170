//! Structures whose values are linked lists: whatever is done with one goes
//! from element to element in a loop, as a list may be longer than a stack is
//! deep.

use super::codec::length::Length;
use super::codec::{Access, decode, encode};
use super::uses::Scope;
use super::{Generator, uses};
use crate::model::{Field, Type, TypeId};
use proc_macro2::{Ident, TokenStream};
use quote::quote;

impl Generator<'_> {
    /// Everything that a list implements other than other structures do.
    pub(super) fn list(&self, id: TypeId, fields: &[Field], scope: &Scope) -> TokenStream {
        let name = self.local(id);
        let idents = self.names.parts(id);
        let (tail, heads) = idents.split_last().expect("a list has a tail");
        let codec = self.list_codec(id, fields, scope);
        let xdr_name = &self.model.definition(id).name;
        let rust_name = idents_text(self.names.ty(id));
        let debug_names = heads.iter().map(idents_text);
        let eq = self
            .facts
            .derives(id)
            .eq
            .then(|| quote! { impl Eq for #name {} });
        let is_equal = match heads {
            [] => quote!(true),
            heads => quote!(#(one.#heads == other.#heads)&&*),
        };
        let clones = fields.iter().zip(heads).map(|(field, head)| {
            if self.facts.is_copy(id, &field.ty) {
                quote!(#head: one.#head)
            } else {
                quote!(#head: one.#head.clone())
            }
        });
        let field_names = fields[..heads.len()].iter().map(|field| &field.name);
        let shown = fields.iter().zip(heads);
        let shown = shown.map(|(field, head)| self.shown(&field.ty, quote!(&one.#head)));
        quote! {
            #codec
            impl List for #name {
                fn tail(&self) -> &Option<Box<Self>> {
                    &self.#tail
                }
                fn tail_mut(&mut self) -> &mut Option<Box<Self>> {
                    &mut self.#tail
                }
            }
            impl Drop for #name {
                fn drop(&mut self) {
                    drop_list(self);
                }
            }
            impl Clone for #name {
                fn clone(&self) -> Self {
                    clone_list(self, |one| Self { #(#clones,)* #tail: None })
                }
            }
            impl PartialEq for #name {
                fn eq(&self, other: &Self) -> bool {
                    lists_are_equal(self, other, |one, other| #is_equal)
                }
            }
            #eq
            impl fmt::Debug for #name {
                fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                    debug_list(self, f, |one, f| {
                        f.debug_struct(#rust_name)
                            #(.field(#debug_names, &one.#heads))*
                            .finish_non_exhaustive()
                    })
                }
            }
            impl Print for #name {
                fn print(&self, printer: &mut Printer<'_, '_>) {
                    printer.list(List::elements(self), |one, printer| {
                        printer.structure(#xdr_name, &[#((#field_names, #shown)),*]);
                    });
                }
            }
        }
    }

    fn list_codec(&self, id: TypeId, fields: &[Field], scope: &Scope) -> TokenStream {
        let name = self.local(id);
        let xdr_name = &self.model.definition(id).name;
        let idents = self.names.parts(id);
        let (tail_field, head_fields) = fields.split_last().expect("a list has a tail");
        let (tail, heads) = idents.split_last().expect("a list has a tail");
        let place = |field: &Field| format!("{xdr_name}.{}", field.name);
        let mut length = Length::fixed(4);
        let (mut encodes, mut decodes) = (Vec::new(), Vec::new());
        for (field, ident) in head_fields.iter().zip(heads) {
            let value = quote!(one.#ident);
            length.add(self.length(&field.ty, &value, scope));
            let value = Access::place(value);
            encodes.extend(self.encode_parts(&field.ty, &value, &place(field), scope));
            decodes.extend(self.decode_parts_behind(&field.ty, ident, &place(field), scope));
        }
        encodes.push(encode::Part::fixed(
            4,
            |run| quote! { #run.put_bool(one.#tail.is_some()); },
        ));
        let tail_place = place(tail_field);
        decodes.push(decode::Part::fixed(
            tail,
            4,
            |run| quote!(#run.take_bool().at(#tail_place)?),
        ));
        let encodes = encode::statements(encodes);
        let more = decode::variable(tail);
        let decoding = decode::bound(decodes, xdr_name);
        let (statements, mut values) = (decoding.statements, decoding.fields);
        values.pop();
        let length = match length.as_fixed() {
            Some(size) => {
                let size = uses::size(size);
                quote!(#size * List::elements(self).count())
            }
            None => {
                let length = length.expression();
                quote!(List::elements(self).map(|one| #length).sum())
            }
        };
        let minimum = self.minimum(&Type::Named(id));
        let list = quote! {
            decode_list(|| {
                #statements
                Ok((Self { #(#values,)* #tail: None }, #more))
            })
        };
        let decode = match self.depth(id) {
            (Some(enter), Some(leave)) => quote! { #enter let list = #list?; #leave Ok(list) },
            _ => list,
        };
        quote! {
            impl Encode for #name {
                fn encoded_len(&self) -> usize {
                    #length
                }
                fn encode<E: Encoder + ?Sized>(&self, encoder: &mut E) -> Result<(), EncodeError> {
                    for one in List::elements(self) {
                        #encodes
                    }
                    Ok(())
                }
            }
            impl Decode for #name {
                const MIN_ENCODED_SIZE: usize = #minimum;
                fn decode<D: Decoder + ?Sized>(decoder: &mut D) -> Result<Self, DecodeError> {
                    #decode
                }
            }
        }
    }
}

fn idents_text(ident: &Ident) -> String {
    ident.to_string().trim_start_matches("r#").to_owned()
}
