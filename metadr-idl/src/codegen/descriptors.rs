//! Descriptors of procedures: what traces show and calls are made with.

use super::Generator;
use super::naming::VersionNames;
use super::programs::procedures;
use super::uses::Scope;
use crate::model::{Procedure, Type, Version};
use proc_macro2::TokenStream;
use quote::quote;

impl Generator<'_> {
    /// The module of descriptors. `scope` is that of the version.
    pub(super) fn descriptors(
        &self,
        version: &Version,
        names: &VersionNames,
        scope: &Scope,
    ) -> TokenStream {
        let runtime = &self.options.runtime;
        let scope = scope.deeper(1);
        let descriptors = procedures(version, names).map(|(procedure, names)| {
            let docs = self.procedure_docs(procedure);
            let (ident, name) = (&names.constant, &procedure.name);
            let arguments = self.print_arguments(procedure, &scope);
            let results = self.print_results(procedure, &scope);
            quote! {
                #docs
                pub static #ident: Procedure = procedure(
                    [super::super::NUMBER, super::NUMBER, super::procedure::#ident],
                    [super::super::NAME, super::NAME, #name],
                    #arguments,
                    #results,
                );
            }
        });
        quote! {
            /// The procedures as calls are made with them, and traces show them.
            pub mod descriptor {
                use #runtime::export::descriptor::*;
                #(#descriptors)*
            }
        }
    }

    /// The function that finds the descriptor of a procedure by its number, for
    /// servers. Procedure 0 is there in every program.
    pub(super) fn describe(&self, version: &Version, names: &VersionNames) -> TokenStream {
        let runtime = &self.options.runtime;
        let arms = names.procedures.iter().map(|names| {
            let ident = &names.constant;
            quote! { procedure::#ident => Some(&descriptor::#ident), }
        });
        let has_null = version.procedures.iter().any(|one| one.number == 0);
        let null = (!has_null).then(|| {
            quote! {
                0 => {
                    static NULL: rpc::Procedure = #runtime::export::descriptor::null(
                        [super::NUMBER, NUMBER],
                        [super::NAME, NAME],
                    );
                    Some(&NULL)
                }
            }
        });
        quote! {
            pub(super) fn describe(number: u32) -> Option<&'static rpc::Procedure> {
                match number {
                    #(#arms)*
                    #null
                    _ => None,
                }
            }
        }
    }

    /// A closure that shows arguments: each with its name, if there are several.
    fn print_arguments(&self, procedure: &Procedure, scope: &Scope) -> TokenStream {
        let arguments = &procedure.arguments;
        let values = arguments.iter().enumerate().map(|(index, argument)| {
            let name = &argument.name;
            let label = match index {
                _ if arguments.len() == 1 => None,
                0 => Some(format!("{name} = ")),
                _ => Some(format!(", {name} = ")),
            };
            let place = format!("{}.{name}", procedure.name);
            self.print_value(&argument.ty, label.as_deref(), &place, scope)
        });
        closure(values.collect())
    }

    /// A closure that shows the result.
    fn print_results(&self, procedure: &Procedure, scope: &Scope) -> TokenStream {
        let result = procedure.result.as_ref();
        let place = format!("{}.result", procedure.name);
        let value = result.map(|ty| self.print_value(ty, None, &place, scope));
        closure(value.unwrap_or_default())
    }

    /// Statements that decode a value and print it, behind its label.
    fn print_value(
        &self,
        ty: &Type,
        label: Option<&str>,
        place: &str,
        scope: &Scope,
    ) -> TokenStream {
        let rust = self.rust_type(ty, scope);
        let value = self.decode(ty, place, scope);
        let shown = self.shown(ty, quote!(&value));
        let label = label.map(|label| quote! { printer.text(#label); });
        quote! {
            let value: #rust = #value;
            #label
            Print::print(#shown, printer);
        }
    }
}

fn closure(statements: TokenStream) -> TokenStream {
    if statements.is_empty() {
        return quote! { |_, _| Ok(()) };
    }
    quote! { |decoder, printer| { #statements Ok(()) } }
}
