//! Clients for code that is not async.

use super::Generator;
use super::naming::{ProcedureNames, VersionNames};
use super::programs::{has_many_arguments, procedures};
use super::uses::Scope;
use crate::model::{Procedure, Version};
use proc_macro2::TokenStream;
use quote::quote;

impl Generator<'_> {
    /// A client that waits for the futures of the one that is async.
    pub(super) fn blocking_client(
        &self,
        version: &Version,
        names: &VersionNames,
        scope: &Scope,
    ) -> TokenStream {
        let methods = procedures(version, names)
            .map(|(procedure, names)| self.blocking_method(procedure, names, scope));
        quote! {
            /// Calls the procedures of this version from code that is not async:
            /// each call blocks its thread. Clones share the connection.
            #[derive(Clone, Debug)]
            pub struct BlockingClient {
                client: Client,
                rpc: rpc::blocking::Client,
            }
            impl BlockingClient {
                /// A client over a connection.
                #[must_use]
                pub fn new(rpc: rpc::blocking::Client) -> Self {
                    Self { client: Client::new(rpc.rpc().clone()), rpc }
                }
                /// The connection.
                #[must_use]
                pub fn rpc(&self) -> &rpc::blocking::Client {
                    &self.rpc
                }
                #(#methods)*
            }
        }
    }

    fn blocking_method(
        &self,
        procedure: &Procedure,
        names: &ProcedureNames,
        scope: &Scope,
    ) -> TokenStream {
        let docs = self.procedure_docs(procedure);
        let (method, passed) = (&names.method, &names.arguments);
        let arguments = self.client_arguments(procedure, names, scope);
        let lint = has_many_arguments(procedure.arguments.len() + 1);
        let (one_way, result) = if self.is_one_way(procedure) {
            (Some(self.one_way_docs()), quote!(()))
        } else {
            (None, self.result_type(procedure, scope))
        };
        quote! {
            #docs
            #one_way
            #lint
            pub fn #method(&self, #(#arguments),*) -> Result<#result, rpc::CallError> {
                self.rpc.wait(self.client.#method(#(#passed),*))
            }
        }
    }
}
