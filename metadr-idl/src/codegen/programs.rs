//! Programs: a module each, and in it a module for each version with its
//! procedure numbers, descriptors, client and server.

use super::naming::{ProcedureNames, VersionNames};
use super::uses::{self, Scope};
use super::{Generator, declaration, docs};
use crate::model::{Procedure, Program, Type, Version};
use proc_macro2::TokenStream;
use quote::quote;

impl Generator<'_> {
    pub(super) fn program(&self, program: &Program, scope: &Scope) -> TokenStream {
        let names = self.names.program(program);
        let (module, name) = (&names.module, &program.name);
        let number = hex(program.number);
        let about = format!("program {name} = {}", program.number);
        let docs = docs::attributes(&program.docs, Some(&about));
        let versions = (program.versions.iter().zip(&names.versions))
            .map(|(version, names)| self.version(version, names, &scope.deeper(2)));
        let service = (self.options.emit.server && program.versions.len() > 1)
            .then(|| self.program_service(program));
        quote! {
            #docs
            pub mod #module {
                /// The number of the program.
                pub const NUMBER: u32 = #number;
                /// The name of the program.
                pub const NAME: &str = #name;
                #(#versions)*
                #service
            }
        }
    }

    fn version(&self, version: &Version, names: &VersionNames, scope: &Scope) -> TokenStream {
        let runtime = &self.options.runtime;
        let (module, name) = (&names.module, &version.name);
        let number = uses::number(version.number);
        let about = format!("version {name} = {}", version.number);
        let docs = docs::attributes(&version.docs, Some(&about));
        let procedures = version.procedures.iter().zip(&names.procedures);
        let procedures = procedures.map(|(procedure, names)| {
            let docs = self.procedure_docs(procedure);
            let ident = &names.constant;
            let number = uses::number(procedure.number);
            quote! { #docs pub const #ident: u32 = #number; }
        });
        let emit = self.options.emit;
        let is_called = emit.client || emit.server;
        let descriptors = is_called.then(|| self.descriptors(version, names, scope));
        let client = emit.client.then(|| self.client(version, names, scope));
        let is_blocking = emit.client && self.options.blocking;
        let blocking = is_blocking.then(|| self.blocking_client(version, names, scope));
        let server = emit.server.then(|| self.server(version, names, scope));
        let imports = is_called.then(|| {
            quote! {
                use #runtime::export::codec::*;
                use #runtime::rpc;
            }
        });
        quote! {
            #docs
            pub mod #module {
                #imports
                /// The number of the version.
                pub const NUMBER: u32 = #number;
                /// The name of the version.
                pub const NAME: &str = #name;
                /// The numbers of the procedures.
                pub mod procedure { #(#procedures)* }
                #descriptors
                #client
                #blocking
                #server
            }
        }
    }

    /// The comment of a procedure, and its declaration.
    pub(super) fn procedure_docs(&self, procedure: &Procedure) -> TokenStream {
        let about = declaration::procedure(self.model, procedure);
        docs::attributes(&procedure.docs, Some(&about))
    }

    /// The type that a procedure returns.
    pub(super) fn result_type(&self, procedure: &Procedure, scope: &Scope) -> TokenStream {
        match &procedure.result {
            None => quote!(()),
            Some(ty) => self.rust_type(ty, scope),
        }
    }

    pub(super) fn is_one_way(&self, procedure: &Procedure) -> bool {
        self.options.one_way.contains(&procedure.name)
    }

    /// Whether an argument is as cheap to pass by value as by reference.
    pub(super) fn is_by_value(&self, ty: &Type) -> bool {
        match self.model.resolve(ty) {
            Type::Int
            | Type::UnsignedInt
            | Type::Hyper
            | Type::UnsignedHyper
            | Type::Float
            | Type::Double
            | Type::Quadruple
            | Type::Bool
            | Type::Char
            | Type::UnsignedChar
            | Type::Short
            | Type::UnsignedShort => true,
            Type::Named(id) => self.facts.derives(*id).copy,
            _ => false,
        }
    }
}

/// The procedures of a version, each with its names.
pub(super) fn procedures<'a>(
    version: &'a Version,
    names: &'a VersionNames,
) -> impl Iterator<Item = (&'a Procedure, &'a ProcedureNames)> {
    version.procedures.iter().zip(&names.procedures)
}

/// Lets a function have that many arguments, as the file wants it.
pub(super) fn has_many_arguments(count: usize) -> Option<TokenStream> {
    /// What clippy allows.
    const MAX: usize = 7;
    (count > MAX).then(|| quote!(#[allow(clippy::too_many_arguments)]))
}

fn hex(number: u32) -> proc_macro2::Literal {
    format!("0x{number:08x}")
        .parse()
        .expect("a hexadecimal number is a literal")
}
