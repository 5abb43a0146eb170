//! Programs: a module each, and in it a module `vN` for each version with its
//! procedure numbers, client and server.

use super::codec::Access;
use super::{Generator, Scope, names};
use crate::model::{Procedure, Program, Type, Version};
use proc_macro2::TokenStream;
use quote::{format_ident, quote};

impl Generator<'_> {
    pub(super) fn program(&self, program: &Program, scope: &Scope) -> TokenStream {
        let module = names::module(&program.name);
        let name = &program.name;
        let docs = self.docs(&program.docs, &format!("Program `{name}`."));
        let number = hex(program.number);
        let versions = program
            .versions
            .iter()
            .map(|version| self.version(version, &scope.deeper(2)));
        quote! {
            #docs
            pub mod #module {
                /// The number of the program.
                pub const NUMBER: u32 = #number;
                /// The name of the program.
                pub const NAME: &str = #name;
                #(#versions)*
            }
        }
    }

    fn version(&self, version: &Version, scope: &Scope) -> TokenStream {
        let name = &version.name;
        let docs = self.docs(&version.docs, &format!("Version `{name}`."));
        let module = format_ident!("v{}", version.number);
        let number = names::number(version.number);
        let procedures = version.procedures.iter().map(|procedure| {
            let docs = self.docs(&procedure.docs, &format!("`{}`.", procedure.name));
            let ident = names::constant(&procedure.name);
            let number = names::number(procedure.number);
            quote! { #docs pub const #ident: u32 = #number; }
        });
        let client = (self.options.emit.client).then(|| self.client(version, scope));
        let server = (self.options.emit.server).then(|| self.server(version, scope));
        quote! {
            #docs
            pub mod #module {
                /// The number of the version.
                pub const NUMBER: u32 = #number;
                /// The name of the version.
                pub const NAME: &str = #name;
                /// The numbers of the procedures.
                pub mod procedure { #(#procedures)* }
                #client
                #server
            }
        }
    }

    fn client(&self, version: &Version, scope: &Scope) -> TokenStream {
        let runtime = &self.options.runtime;
        let methods = version
            .procedures
            .iter()
            .map(|procedure| self.client_method(procedure, scope));
        quote! {
            /// Calls the procedures of this version. Clones share the connection.
            #[derive(Clone, Debug)]
            pub struct Client {
                rpc: #runtime::rpc::Client,
            }
            impl Client {
                /// A client over a connection.
                #[must_use]
                pub fn new(rpc: #runtime::rpc::Client) -> Self {
                    Self { rpc }
                }
                /// The connection.
                #[must_use]
                pub fn rpc(&self) -> &#runtime::rpc::Client {
                    &self.rpc
                }
                #(#methods)*
            }
        }
    }

    fn client_method(&self, procedure: &Procedure, scope: &Scope) -> TokenStream {
        let runtime = &self.options.runtime;
        let docs = self.docs(&procedure.docs, &format!("Calls `{}`.", procedure.name));
        let (method, number) = (
            names::field(&procedure.name),
            names::constant(&procedure.name),
        );
        let arguments = procedure.arguments.iter().map(|argument| {
            let name = names::field(&argument.name);
            let ty = self.rust_type(&argument.ty, scope);
            if self.is_by_value(&argument.ty) {
                quote!(#name: #ty)
            } else {
                quote!(#name: &#ty)
            }
        });
        let values: Vec<_> = procedure
            .arguments
            .iter()
            .map(|argument| {
                let name = names::field(&argument.name);
                let value = if self.is_by_value(&argument.ty) {
                    Access::place(quote!(#name))
                } else {
                    Access::reference(quote!(#name))
                };
                let place = format!("{}.{}", procedure.name, argument.name);
                (&argument.ty, value, place)
            })
            .collect();
        let encode = if values.is_empty() {
            quote! { |_| ::core::result::Result::Ok(()) }
        } else {
            let body = self.encode_result(&values);
            quote! { |encoder| #body }
        };
        if self.is_one_way(procedure) {
            return quote! {
                #docs
                ///
                /// One way: no answer is awaited, and none is sent.
                pub async fn #method(
                    &self, #(#arguments),*
                ) -> ::core::result::Result<(), #runtime::rpc::CallError> {
                    self.rpc.send(super::NUMBER, NUMBER, procedure::#number, #encode).await
                }
            };
        }
        let (result, decode) = match &procedure.result {
            None => (quote!(()), quote! { |_| ::core::result::Result::Ok(()) }),
            Some(ty) => {
                let place = format!("{}.result", procedure.name);
                let value = self.decode_result(ty, &place, scope);
                let decode = quote! { |decoder| #value };
                (self.rust_type(ty, scope), decode)
            }
        };
        quote! {
            #docs
            pub async fn #method(
                &self, #(#arguments),*
            ) -> ::core::result::Result<#result, #runtime::rpc::CallError> {
                self.rpc.call(super::NUMBER, NUMBER, procedure::#number, #encode, #decode).await
            }
        }
    }

    fn server(&self, version: &Version, scope: &Scope) -> TokenStream {
        let runtime = &self.options.runtime;
        let methods = version
            .procedures
            .iter()
            .map(|procedure| self.server_method(procedure, scope));
        let leaves = version
            .procedures
            .iter()
            .filter(|procedure| !self.is_one_way(procedure))
            .count();
        let finished = |reply: TokenStream| {
            let ready = quote! { #runtime::export::ready(#reply) };
            if leaves == 0 {
                ready
            } else {
                quote! { #runtime::export::Either::Right(#ready) }
            }
        };
        let mut leaf = 0..leaves;
        let arms = version.procedures.iter().map(|procedure| {
            if self.is_one_way(procedure) {
                self.dispatch_one_way(procedure, scope, finished)
            } else {
                let index = leaf.next().expect("a leaf for each answered procedure");
                self.dispatch(
                    procedure,
                    |future| either_leaf(runtime, index, leaves, future),
                    scope,
                )
            }
        });
        let has_null = version.procedures.iter().any(|one| one.number == 0);
        let null = (!has_null).then(|| {
            let reply = finished(quote! { call.null() });
            quote! { 0 => #reply, }
        });
        let unavailable = finished(quote! { call.procedure_unavailable() });
        quote! {
            /// What a server of this version does. Each method is called in the
            /// order in which its connection's calls arrive; the futures then run
            /// side by side.
            pub trait Server: ::core::marker::Send + ::core::marker::Sync + 'static {
                #(#methods)*
                /// A connection that may have made calls is gone.
                fn connection_closed(&self, connection: #runtime::rpc::ConnectionId) {
                    let _ = connection;
                }
            }
            /// Serves an implementation of [`Server`].
            #[derive(Clone, Debug)]
            pub struct Service<S>(pub S);
            impl<S: Server> #runtime::rpc::Service for Service<S> {
                fn programs(&self) -> ::std::vec::Vec<#runtime::rpc::ProgramVersion> {
                    ::std::vec![#runtime::rpc::ProgramVersion {
                        program: super::NUMBER,
                        version: NUMBER,
                    }]
                }
                fn serves(&self, which: #runtime::rpc::ProgramVersion) -> bool {
                    which.program == super::NUMBER && which.version == NUMBER
                }
                fn call(
                    &self,
                    call: #runtime::rpc::IncomingCall,
                ) -> impl ::core::future::Future<Output = #runtime::rpc::Reply>
                + ::core::marker::Send {
                    match call.procedure() {
                        #(#arms,)*
                        #null
                        _ => #unavailable,
                    }
                }
                fn connection_closed(&self, connection: #runtime::rpc::ConnectionId) {
                    Server::connection_closed(&self.0, connection);
                }
            }
        }
    }

    fn server_method(&self, procedure: &Procedure, scope: &Scope) -> TokenStream {
        let runtime = &self.options.runtime;
        let docs = self.docs(&procedure.docs, &format!("Serves `{}`.", procedure.name));
        let method = names::field(&procedure.name);
        let arguments = procedure.arguments.iter().map(|argument| {
            let name = names::field(&argument.name);
            let ty = self.rust_type(&argument.ty, scope);
            quote!(#name: #ty)
        });
        if self.is_one_way(procedure) {
            return quote! {
                #docs
                ///
                /// One way: no answer is sent.
                fn #method(&self, context: #runtime::rpc::CallContext #(, #arguments)*);
            };
        }
        let result = match &procedure.result {
            None => quote!(()),
            Some(ty) => self.rust_type(ty, scope),
        };
        quote! {
            #docs
            fn #method(
                &self,
                context: #runtime::rpc::CallContext
                #(, #arguments)*
            ) -> impl ::core::future::Future<
                Output = ::core::result::Result<#result, #runtime::rpc::ServiceError>,
            > + ::core::marker::Send;
        }
    }

    /// The arm of `Service::call` for one procedure. The futures of the arms
    /// have different types: `leaf` puts each into a balanced tree of `Either`s.
    fn dispatch(
        &self,
        procedure: &Procedure,
        leaf: impl FnOnce(TokenStream) -> TokenStream,
        scope: &Scope,
    ) -> TokenStream {
        let runtime = &self.options.runtime;
        let number = names::constant(&procedure.name);
        let method = names::field(&procedure.name);
        let Arguments {
            idents,
            pattern,
            decode,
        } = self.arguments(procedure, scope);
        let (result, encode) = match &procedure.result {
            None => (quote!(()), quote! { |_| ::core::result::Result::Ok(()) }),
            Some(ty) => {
                let place = format!("{}.result", procedure.name);
                let value = Access::place(quote!(value));
                let encode = self.encode_result(&[(ty, value, place)]);
                (quote!(value), quote! { |encoder| #encode })
            }
        };
        let leaf = leaf(quote! {
            async move {
                match future.await {
                    ::core::result::Result::Ok(#result) => reply.success(#encode),
                    ::core::result::Result::Err(error) => reply.failure(error),
                }
            }
        });
        quote! {
            procedure::#number => match call.decode(#decode) {
                ::core::result::Result::Ok((context, #pattern, reply)) => {
                    let future = self.0.#method(context #(, #idents)*);
                    #runtime::export::Either::Left(#leaf)
                }
                ::core::result::Result::Err(reply) => {
                    #runtime::export::Either::Right(#runtime::export::ready(reply))
                }
            }
        }
    }

    fn dispatch_one_way(
        &self,
        procedure: &Procedure,
        scope: &Scope,
        finished: impl Fn(TokenStream) -> TokenStream,
    ) -> TokenStream {
        let runtime = &self.options.runtime;
        let number = names::constant(&procedure.name);
        let method = names::field(&procedure.name);
        let Arguments {
            idents,
            pattern,
            decode,
        } = self.arguments(procedure, scope);
        let reply = finished(quote! {
            match call.decode_one_way(#decode) {
                ::core::result::Result::Ok((context, #pattern)) => {
                    self.0.#method(context #(, #idents)*);
                    #runtime::rpc::Reply::none()
                }
                ::core::result::Result::Err(reply) => reply,
            }
        });
        quote! { procedure::#number => #reply }
    }

    fn arguments(&self, procedure: &Procedure, scope: &Scope) -> Arguments {
        let idents: Vec<_> = procedure
            .arguments
            .iter()
            .map(|argument| names::field(&argument.name))
            .collect();
        if idents.is_empty() {
            return Arguments {
                idents,
                pattern: quote!(()),
                decode: quote! { |_| ::core::result::Result::Ok(()) },
            };
        }
        let values = procedure.arguments.iter().map(|argument| {
            let place = format!("{}.{}", procedure.name, argument.name);
            self.decode(&argument.ty, &place, scope)
        });
        let decode = quote! { |decoder| ::core::result::Result::Ok((#(#values,)*)) };
        let pattern = quote!((#(#idents,)*));
        Arguments {
            idents,
            pattern,
            decode,
        }
    }

    fn is_one_way(&self, procedure: &Procedure) -> bool {
        self.options.one_way.contains(&procedure.name)
    }

    /// Whether an argument is as cheap to pass by value as by reference.
    fn is_by_value(&self, ty: &Type) -> bool {
        match self.model.resolve(ty) {
            Type::Int
            | Type::UnsignedInt
            | Type::Hyper
            | Type::UnsignedHyper
            | Type::Float
            | Type::Double
            | Type::Bool => true,
            Type::Named(id) => self.facts.derives(*id).copy,
            _ => false,
        }
    }
}

/// How a procedure's arguments look in a server.
struct Arguments {
    idents: Vec<proc_macro2::Ident>,
    /// Takes the decoded tuple apart.
    pattern: TokenStream,
    /// A closure that decodes the tuple.
    decode: TokenStream,
}

/// Wraps a future as leaf `index` of a balanced tree of `count` leaves.
fn either_leaf(
    runtime: &TokenStream,
    index: usize,
    count: usize,
    future: TokenStream,
) -> TokenStream {
    if count <= 1 {
        return future;
    }
    let left = count / 2;
    if index < left {
        let inner = either_leaf(runtime, index, left, future);
        quote! { #runtime::export::Either::Left(#inner) }
    } else {
        let inner = either_leaf(runtime, index - left, count - left, future);
        quote! { #runtime::export::Either::Right(#inner) }
    }
}

fn hex(number: u32) -> proc_macro2::Literal {
    format!("0x{number:08x}")
        .parse()
        .expect("a hexadecimal number is a literal")
}
