//! The server of a scaffold.

use super::{Invocation, Scaffold, VersionOf, inside};
use crate::codegen::naming::ProcedureNames;
use crate::codegen::programs::procedures;
use crate::codegen::uses::Scope;
use crate::model::{Procedure, Program};
use proc_macro2::TokenStream;
use quote::quote;

impl Scaffold<'_> {
    /// The comment at the top, and the items.
    pub(super) fn server(&self, invocation: &Invocation) -> (String, Vec<TokenStream>) {
        let runtime = self.runtime();
        let mut items = vec![
            quote! {
                use #runtime::rpc::{self, CallContext, Limits, ServiceError, Shutdown};
                use #runtime::rt::{Runtime, Smol};
            },
            invocation.module(runtime),
            quote! {
                /// What the procedures work on. Every version has a clone of it: put
                /// what they share into an `Arc`.
                #[derive(Clone, Debug, Default)]
                struct State {}
            },
        ];
        items.extend(self.versions().map(|version| self.implementation(&version)));
        items.push(quote! {
            /// The answer of a procedure that is not written yet: the caller is told
            /// that there is none (`PROC_UNAVAIL`).
            fn not_implemented<T>(name: &str, _arguments: impl Sized) -> Result<T, ServiceError> {
                eprintln!("{name} is not implemented");
                Err(ServiceError::ProcedureUnavailable)
            }
        });
        items.push(self.main());
        let about = format!(
            "//! A server of {}.\n//!\n\
             //! Every procedure answers that it is not implemented, until it is.\n",
            invocation.names()
        );
        (about, items)
    }

    fn implementation(&self, version: &VersionOf<'_>) -> TokenStream {
        let methods = procedures(version.version, version.names)
            .map(|(procedure, names)| self.method(version, procedure, names));
        let (about, module) = (format!(" `{}`.", version.version.name), &version.module);
        quote! {
            #[doc = #about]
            impl #module::Server for State {
                #(#methods)*
            }
        }
    }

    fn method(
        &self,
        version: &VersionOf<'_>,
        procedure: &Procedure,
        names: &ProcedureNames,
    ) -> TokenStream {
        let docs = self.generator.procedure_docs(procedure);
        let (method, names) = (&names.method, &names.arguments);
        let arguments = procedure.arguments.iter().zip(names);
        let arguments = arguments.map(|(argument, name)| {
            let ty = self.rust_type(&argument.ty);
            quote!(#name: #ty)
        });
        let full_name = format!("{}.{}", version.version.name, procedure.name);
        let given = match names.is_empty() {
            true => quote!(context),
            false => quote!((context, #(#names),*)),
        };
        if self.generator.is_one_way(procedure) {
            return quote! {
                #docs
                fn #method(&self, context: CallContext, #(#arguments),*) {
                    // Nobody waits for an answer, so nobody is told.
                    let _ = not_implemented::<()>(#full_name, #given);
                }
            };
        }
        let result = self.generator.result_type(procedure, &Scope::root());
        quote! {
            #docs
            async fn #method(
                &self, context: CallContext, #(#arguments),*
            ) -> Result<#result, ServiceError> {
                not_implemented(#full_name, #given)
            }
        }
    }

    fn main(&self) -> TokenStream {
        let services = self.programs.iter().map(|program| self.service(program));
        let service = together(services.collect());
        quote! {
            fn main() -> std::io::Result<()> {
                let runtime = Smol::new();
                runtime.block_on(async {
                    let listener = runtime.listen(([127, 0, 0, 1], 7007).into()).await?;
                    let state = State::default();
                    let service = #service;
                    let (limits, shutdown) = (Limits::default(), Shutdown::new());
                    rpc::serve(runtime.clone(), listener, service.into(), limits, shutdown).await
                })
            }
        }
    }

    /// What serves all versions of a program.
    fn service(&self, program: &Program) -> TokenStream {
        let mut modules = self.modules(program);
        if let [only] = &self.generator.names.program(program).versions[..] {
            modules.push(&only.module);
        }
        let module = inside(&modules);
        quote!(#module::Service(state.clone()))
    }
}

/// All services as one: a pair of pairs, and so on.
fn together(mut services: Vec<TokenStream>) -> TokenStream {
    if services.len() == 1 {
        return services.remove(0);
    }
    let right = services.split_off(services.len() / 2);
    let (left, right) = (together(services), together(right));
    quote!((#left, #right))
}
