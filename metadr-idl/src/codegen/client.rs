//! Clients.

use super::codec::{Access, encode};
use super::naming::{ProcedureNames, VersionNames};
use super::programs::{has_many_arguments, procedures};
use super::uses::Scope;
use super::{Generator, Strings};
use crate::model::{Procedure, Type, Version};
use proc_macro2::TokenStream;
use quote::quote;

impl Generator<'_> {
    pub(super) fn client(
        &self,
        version: &Version,
        names: &VersionNames,
        scope: &Scope,
    ) -> TokenStream {
        let methods = procedures(version, names)
            .map(|(procedure, names)| self.client_method(procedure, names, scope));
        quote! {
            /// Calls the procedures of this version. Clones share the connection.
            #[derive(Clone, Debug)]
            pub struct Client {
                rpc: rpc::Client,
            }
            impl Client {
                /// A client over a connection.
                #[must_use]
                pub fn new(rpc: rpc::Client) -> Self {
                    Self { rpc }
                }
                /// The connection.
                #[must_use]
                pub fn rpc(&self) -> &rpc::Client {
                    &self.rpc
                }
                #(#methods)*
            }
        }
    }

    fn client_method(
        &self,
        procedure: &Procedure,
        names: &ProcedureNames,
        scope: &Scope,
    ) -> TokenStream {
        let docs = self.procedure_docs(procedure);
        let (method, descriptor) = (&names.method, &names.constant);
        let arguments = self.client_arguments(procedure, names, scope);
        let encode = self.encode_arguments(procedure, names, scope);
        let result = self.result_type(procedure, scope);
        // Besides the client itself.
        let lint = has_many_arguments(procedure.arguments.len() + 1);
        if self.is_one_way(procedure) {
            let one_way = self.one_way_docs();
            return quote! {
                #docs
                #one_way
                #lint
                pub async fn #method(&self, #(#arguments),*) -> Result<(), rpc::CallError> {
                    self.rpc.send(&descriptor::#descriptor, #encode).await
                }
            };
        }
        let decode = match &procedure.result {
            None => quote! { |_| Ok(()) },
            Some(ty) => {
                let place = format!("{}.result", procedure.name);
                let value = self.decode_result(ty, scope);
                quote! { |decoder| #value.at(#place) }
            }
        };
        quote! {
            #docs
            #lint
            pub async fn #method(&self, #(#arguments),*) -> Result<#result, rpc::CallError> {
                self.rpc.call(&descriptor::#descriptor, #encode, #decode).await
            }
        }
    }

    /// The parameters of a method, each with its type.
    pub(super) fn client_arguments(
        &self,
        procedure: &Procedure,
        names: &ProcedureNames,
        scope: &Scope,
    ) -> Vec<TokenStream> {
        let arguments = procedure.arguments.iter().zip(&names.arguments);
        let arguments = arguments.map(|(argument, name)| {
            let ty = self.rust_type(&argument.ty, scope);
            if self.is_by_value(&argument.ty) {
                quote!(#name: #ty)
            } else {
                let ty = self.borrowed(&argument.ty, ty, scope);
                quote!(#name: &#ty)
            }
        });
        arguments.collect()
    }

    /// What is said of a procedure that is never answered, after its comment.
    pub(super) fn one_way_docs(&self) -> TokenStream {
        quote! {
            ///
            /// One way: no answer is awaited, and none is sent.
        }
    }

    /// What an argument that is passed by reference refers to.
    fn borrowed(&self, ty: &Type, rust: TokenStream, scope: &Scope) -> TokenStream {
        match (self.model.resolve(ty), self.options.strings) {
            (Type::String(_), Strings::Utf8) => quote!(str),
            (Type::Variable(element, _), _) => {
                let owner = match ty {
                    Type::Named(id) => scope.of(*id),
                    _ => scope.clone(),
                };
                let element = self.rust_type(element, &owner);
                quote!([#element])
            }
            _ => rust,
        }
    }

    /// A closure that encodes the arguments one after the other.
    fn encode_arguments(
        &self,
        procedure: &Procedure,
        names: &ProcedureNames,
        scope: &Scope,
    ) -> TokenStream {
        let mut parts = Vec::new();
        for (argument, name) in procedure.arguments.iter().zip(&names.arguments) {
            let value = if self.is_by_value(&argument.ty) {
                Access::place(quote!(#name))
            } else {
                Access::reference(quote!(#name))
            };
            let place = format!("{}.{}", procedure.name, argument.name);
            parts.extend(self.encode_parts(&argument.ty, &value, &place, scope));
        }
        if parts.is_empty() {
            return quote! { |_| Ok(()) };
        }
        let result = encode::result(parts);
        quote! { |encoder| #result }
    }
}
