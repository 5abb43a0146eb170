//! The client of a scaffold.

use super::{Invocation, Scaffold, VersionOf};
use crate::codegen::programs::procedures;
use proc_macro2::TokenStream;
use quote::quote;

impl Scaffold<'_> {
    /// The comment at the top, and the items.
    pub(super) fn client(&self, invocation: &Invocation) -> (String, Vec<TokenStream>) {
        let runtime = self.runtime();
        let mut items = vec![
            quote! {
                use #runtime::rpc::{CallError, Client, ClientConfig};
                use #runtime::rt::Smol;
            },
            invocation.module(runtime),
        ];
        let versions: Vec<_> = self.versions().collect();
        items.push(self.call_all(&versions));
        items.extend(versions.iter().map(|version| self.calls(version)));
        let about = format!(
            "//! A client of {}: it calls every procedure once.\n//!\n\
             //! The arguments are no more than the first values that have the right type.\n",
            invocation.names()
        );
        (about, items)
    }

    fn call_all(&self, versions: &[VersionOf<'_>]) -> TokenStream {
        let calls = versions.iter().map(|version| {
            let (module, function) = (&version.module, &version.function);
            quote! { #function(&#module::Client::new(connection.clone())).await?; }
        });
        quote! {
            fn main() -> Result<(), Box<dyn std::error::Error>> {
                let runtime = Smol::new();
                runtime.block_on(async {
                    let config = ClientConfig::default();
                    let connection =
                        Client::connect_host(&runtime, "localhost", 7007, config).await?;
                    #(#calls)*
                    Ok(())
                })
            }
        }
    }

    fn calls(&self, version: &VersionOf<'_>) -> TokenStream {
        let (module, function) = (&version.module, &version.function);
        let calls = procedures(version.version, version.names).map(|(procedure, names)| {
            let arguments = procedure.arguments.iter().map(|argument| {
                let value = self.sample(&argument.ty);
                if self.generator.is_by_value(&argument.ty) {
                    value
                } else {
                    quote!(&#value)
                }
            });
            let method = &names.method;
            let call = quote! { client.#method(#(#arguments),*).await? };
            let name = &procedure.name;
            if procedure.result.is_none() {
                return quote! { #call; println!(#name); };
            }
            let shown = format!("{name}: {{result:?}}");
            quote! {
                let result = #call;
                println!(#shown);
            }
        });
        let about = format!(" Calls the procedures of `{}`.", version.version.name);
        quote! {
            #[doc = #about]
            async fn #function(client: &#module::Client) -> Result<(), CallError> {
                #(#calls)*
                Ok(())
            }
        }
    }
}
