//! Servers.

use super::Generator;
use super::codec::{Access, encode};
use super::naming::{ProcedureNames, VersionNames};
use super::programs::{has_many_arguments, procedures};
use super::uses::Scope;
use crate::model::{Procedure, Program, Version};
use proc_macro2::{Ident, TokenStream};
use quote::quote;

impl Generator<'_> {
    pub(super) fn server(
        &self,
        version: &Version,
        names: &VersionNames,
        scope: &Scope,
    ) -> TokenStream {
        let methods = procedures(version, names)
            .map(|(procedure, names)| self.server_method(procedure, names, scope));
        let dispatch = self.dispatch(version, names, scope);
        let describe = self.describe(version, names);
        quote! {
            /// What a server of this version does. Each method is called in the
            /// order in which its connection's calls arrive; the futures then run
            /// side by side.
            pub trait Server: Send + Sync + 'static {
                #(#methods)*
                /// A connection that may have made calls is gone.
                fn connection_closed(&self, connection: rpc::ConnectionId) {
                    let _ = connection;
                }
            }
            /// Serves an implementation of [`Server`].
            #[derive(Clone, Debug)]
            pub struct Service<S>(pub S);
            impl<S: Server> rpc::Service for Service<S> {
                fn programs(&self) -> Vec<rpc::ProgramVersion> {
                    vec![rpc::ProgramVersion { program: super::NUMBER, version: NUMBER }]
                }
                fn serves(&self, which: rpc::ProgramVersion) -> bool {
                    which.program == super::NUMBER && which.version == NUMBER
                }
                fn procedure(
                    &self,
                    which: rpc::ProgramVersion,
                    number: u32,
                ) -> Option<&'static rpc::Procedure> {
                    if rpc::Service::serves(self, which) { describe(number) } else { None }
                }
                fn call(&self, call: rpc::IncomingCall) -> impl Future<Output = rpc::Reply> + Send {
                    dispatch(&self.0, call)
                }
                fn connection_closed(&self, connection: rpc::ConnectionId) {
                    Server::connection_closed(&self.0, connection);
                }
            }
            #dispatch
            #describe
        }
    }

    fn server_method(
        &self,
        procedure: &Procedure,
        names: &ProcedureNames,
        scope: &Scope,
    ) -> TokenStream {
        let docs = self.procedure_docs(procedure);
        let method = &names.method;
        let arguments = procedure.arguments.iter().zip(&names.arguments);
        let arguments = arguments.map(|(argument, name)| {
            let ty = self.rust_type(&argument.ty, scope);
            quote!(#name: #ty)
        });
        // Besides the server itself and the context.
        let lint = has_many_arguments(procedure.arguments.len() + 2);
        if self.is_one_way(procedure) {
            return quote! {
                #docs
                ///
                /// One way: no answer is sent.
                #lint
                fn #method(&self, context: rpc::CallContext #(, #arguments)*);
            };
        }
        let result = self.result_type(procedure, scope);
        quote! {
            #docs
            #lint
            fn #method(&self, context: rpc::CallContext #(, #arguments)*)
            -> impl Future<Output = Result<#result, rpc::ServiceError>> + Send;
        }
    }

    /// The function that answers a call. The futures of the procedures have
    /// different types: each is a leaf of a balanced tree of `Either`s.
    fn dispatch(&self, version: &Version, names: &VersionNames, scope: &Scope) -> TokenStream {
        let runtime = &self.options.runtime;
        let leaves = version.procedures.len() + 1;
        let arms = procedures(version, names)
            .enumerate()
            .map(|(index, (procedure, names))| {
                let number = &names.constant;
                let answer = self.answer(procedure, names, scope);
                let leaf = leaf(index, leaves, quote!(answer));
                quote! { procedure::#number => { let answer = #answer; #leaf } }
            });
        let has_null = version.procedures.iter().any(|one| one.number == 0);
        let null = (!has_null).then(|| {
            let reply = leaf(leaves - 1, leaves, quote!(ready(call.null())));
            quote! { 0 => #reply, }
        });
        let unavailable = quote!(ready(call.procedure_unavailable()));
        let unavailable = leaf(leaves - 1, leaves, unavailable);
        let server = match leaves {
            1 => quote!(_),
            _ => quote!(server),
        };
        quote! {
            pub(super) fn dispatch<S: Server>(
                #server: &S,
                call: rpc::IncomingCall,
            ) -> impl Future<Output = rpc::Reply> + Send {
                use #runtime::export::service::*;
                match call.procedure() {
                    #(#arms,)*
                    #null
                    _ => #unavailable,
                }
            }
        }
    }

    /// The future that answers a call of one procedure.
    fn answer(&self, procedure: &Procedure, names: &ProcedureNames, scope: &Scope) -> TokenStream {
        let method = &names.method;
        let idents = &names.arguments;
        let (pattern, decode) = self.arguments(procedure, idents, scope);
        let serve = quote! {
            |context, #pattern| Server::#method(server, context #(, #idents)*)
        };
        if self.is_one_way(procedure) {
            return quote! { answer_one_way(call, #decode, #serve) };
        }
        let encode = match &procedure.result {
            None => quote! { |_, ()| Ok(()) },
            Some(ty) => {
                let place = format!("{}.result", procedure.name);
                let value = Access::place(quote!(value));
                let result = encode::result(self.encode_parts(ty, &value, &place, scope));
                quote! { |encoder, value| #result }
            }
        };
        quote! { answer(call, #decode, #serve, #encode) }
    }

    /// How arguments are decoded, to a tuple, and the pattern that takes the
    /// tuple apart.
    fn arguments(
        &self,
        procedure: &Procedure,
        idents: &[Ident],
        scope: &Scope,
    ) -> (TokenStream, TokenStream) {
        if idents.is_empty() {
            return (quote!(()), quote! { |_| Ok(()) });
        }
        let values = procedure.arguments.iter().map(|argument| {
            let place = format!("{}.{}", procedure.name, argument.name);
            self.decode(&argument.ty, &place, scope)
        });
        (
            quote!((#(#idents,)*)),
            quote! { |decoder| Ok((#(#values,)*)) },
        )
    }

    /// One server for all versions of a program.
    pub(super) fn program_service(&self, program: &Program) -> TokenStream {
        let runtime = &self.options.runtime;
        let modules: Vec<_> = (self.names.program(program).versions.iter())
            .map(|version| &version.module)
            .collect();
        let count = modules.len();
        let calls = modules.iter().enumerate().map(|(index, module)| {
            let call = leaf(index, count, quote!(#module::dispatch(&self.0, call)));
            if index + 1 == count {
                quote! { _ => #call }
            } else {
                quote! { #module::NUMBER => #call }
            }
        });
        quote! {
            /// Serves every version of the program with one server, which
            /// implements the trait of each.
            #[derive(Clone, Debug)]
            pub struct Service<S>(pub S);
            const _: () = {
                use #runtime::export::codec::*;
                use #runtime::export::service::*;
                use #runtime::rpc;
                impl<S: #(#modules::Server)+*> rpc::Service for Service<S> {
                    fn programs(&self) -> Vec<rpc::ProgramVersion> {
                        let versions = [#(#modules::NUMBER),*];
                        let program = |version| rpc::ProgramVersion { program: NUMBER, version };
                        versions.into_iter().map(program).collect()
                    }
                    fn serves(&self, which: rpc::ProgramVersion) -> bool {
                        which.program == NUMBER && matches!(which.version, #(#modules::NUMBER)|*)
                    }
                    fn procedure(
                        &self,
                        which: rpc::ProgramVersion,
                        number: u32,
                    ) -> Option<&'static rpc::Procedure> {
                        match which.version {
                            _ if which.program != NUMBER => None,
                            #(#modules::NUMBER => #modules::describe(number),)*
                            _ => None,
                        }
                    }
                    fn call(
                        &self,
                        call: rpc::IncomingCall,
                    ) -> impl Future<Output = rpc::Reply> + Send {
                        match call.program_version().version {
                            #(#calls,)*
                        }
                    }
                    fn connection_closed(&self, connection: rpc::ConnectionId) {
                        #(#modules::Server::connection_closed(&self.0, connection);)*
                    }
                }
            };
        }
    }
}

/// Wraps a future as leaf `index` of a balanced tree of `count` leaves.
fn leaf(index: usize, count: usize, future: TokenStream) -> TokenStream {
    if count <= 1 {
        return future;
    }
    let left = count / 2;
    if index < left {
        let inner = leaf(index, left, future);
        quote!(Left(#inner))
    } else {
        let inner = leaf(index - left, count - left, future);
        quote!(Right(#inner))
    }
}
