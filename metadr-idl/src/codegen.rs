//! Model to Rust.
//!
//! The code that comes out can stand in any module: first what the files
//! define, in their order, and then one block, `const _: () = { … }`, with the
//! implementations. What the block imports is seen in it alone, so that a file
//! may define types called `Result`, `Option` or `Encode`.
//!
//! The stages: `Names` gives everything its Rust name,
//! `Facts` says what follows from how types contain each other,
//! and a `Generator` writes each item with both at hand.

mod arbitrary;
mod blocking;
mod client;
mod codec;
mod declaration;
mod descriptors;
mod docs;
mod enumerations;
mod facts;
pub(crate) mod layout;
mod lists;
mod naming;
mod programs;
mod scaffold;
mod serde;
mod server;
mod structures;
mod types;
mod unions;
mod uses;

use crate::model::{Item, Model, Module, Procedure, TypeDefinition, TypeId};
use crate::{Diagnostic, Diagnostics};
use facts::Facts;
use naming::{Names, qualified};
use proc_macro2::TokenStream;
use quote::quote;
use uses::Scope;

pub use scaffold::Side;
pub(crate) use scaffold::{Invocation, pairs, scaffold};

/// How the generated code looks.
#[derive(Clone, Debug)]
pub struct Options {
    /// The path of the runtime, `::metadr_runtime` unless set.
    pub runtime: TokenStream,
    /// What a `string` becomes.
    pub strings: Strings,
    /// Which parts are generated.
    pub emit: Emit,
    /// Names of procedures that are never answered (RFC 5531 section 8.4.1,
    /// batching), as in the file. They must return `void`.
    pub one_way: Vec<String>,
    /// Whether clients also come in a form for code that is not async.
    pub blocking: bool,
    /// The module that has this file's types already, if another expansion
    /// generated them. Its path replaces the types.
    pub types: Option<TokenStream>,
    /// Names in Rust other than those that come of the file's: the name in the
    /// file (`type`, `type.field`, `enumeration.ENUMERATOR`, `program`,
    /// `program.version.procedure`; qualified by namespaces as in `a::type`) and
    /// the one in Rust.
    pub renames: Vec<(String, String)>,
    /// Further traits to derive: the name of a type in the file, or `*` for
    /// every structure, union and enumeration, and the path of the derive macro.
    pub derives: Vec<(String, String)>,
    /// Whether types implement `serde::Serialize` and `Deserialize`. The runtime
    /// then has to be built with its feature `serde`.
    pub serde: bool,
    /// Whether types implement `arbitrary::Arbitrary`, within the bounds of the
    /// file. The runtime then has to be built with its feature `arbitrary`.
    pub arbitrary: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            runtime: quote!(::metadr_runtime),
            strings: Strings::Utf8,
            emit: Emit::ALL,
            one_way: Vec::new(),
            blocking: false,
            types: None,
            renames: Vec::new(),
            derives: Vec::new(),
            serde: false,
            arbitrary: false,
        }
    }
}

/// What a `string` of the file becomes in Rust. XDR says ASCII (RFC 4506
/// section 4.11), but many protocols send any byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Strings {
    /// `String`; other bytes than UTF-8 are a decoding error.
    Utf8,
    /// `bytes::Bytes`; any byte is accepted.
    Bytes,
}

/// Which parts of a file are generated. Constants and the numbers of programs
/// come with the types.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Emit {
    /// Clients of the programs.
    pub client: bool,
    /// Server traits of the programs.
    pub server: bool,
}

impl Emit {
    /// Types, clients and servers.
    pub const ALL: Self = Self {
        client: true,
        server: true,
    };
    /// Types alone: the code then needs only the codec of the runtime.
    pub const TYPES: Self = Self {
        client: false,
        server: false,
    };
}

/// Whether the options fit the files. Says what does not.
fn check_options(model: &Model, options: &Options) -> Result<(), String> {
    for name in &options.one_way {
        let named: Vec<_> = procedures(&model.root)
            .into_iter()
            .filter(|procedure| procedure.name == *name)
            .collect();
        if named.is_empty() {
            return Err(format!(
                "option one_way names procedure `{name}`, which the file does not define"
            ));
        }
        if named.iter().any(|procedure| procedure.result.is_some()) {
            return Err(format!(
                "option one_way names procedure `{name}`, which returns something, expected `void`"
            ));
        }
    }
    for (name, path) in &options.derives {
        let is_type = |one: &TypeDefinition| qualified(&one.namespace, &one.name) == *name;
        if name != "*" && !model.types.iter().any(is_type) {
            return Err(format!(
                "option derives names type `{name}`, which the file does not define"
            ));
        }
        if syn::parse_str::<syn::Path>(path).is_err() {
            return Err(format!("option derives has `{path}`, expected a path"));
        }
    }
    Ok(())
}

fn procedures(module: &Module) -> Vec<&Procedure> {
    let mut found = Vec::new();
    for item in &module.items {
        match item {
            Item::Module(inner) => found.extend(procedures(inner)),
            Item::Program(program) => {
                found.extend(program.versions.iter().flat_map(|one| &one.procedures));
            }
            Item::Constant(_) | Item::Type(_) => {}
        }
    }
    found
}

/// Turns a model into Rust.
///
/// # Errors
///
/// Names that are the same in Rust, and options that do not fit the files.
pub(crate) fn generate(model: &Model, options: &Options) -> Result<TokenStream, Diagnostics> {
    Ok(Generator::new(model, options)?.module(&model.root, &Scope::root()))
}

struct Generator<'a> {
    model: &'a Model,
    options: &'a Options,
    names: Names,
    facts: Facts,
}

/// The code of one definition.
#[derive(Default)]
struct Definition {
    /// What users see.
    item: TokenStream,
    /// Implementations, for the block.
    code: TokenStream,
}

impl<'a> Generator<'a> {
    fn new(model: &'a Model, options: &'a Options) -> Result<Self, Diagnostics> {
        check_options(model, options).map_err(Diagnostic::without_place)?;
        Ok(Self {
            model,
            options,
            names: Names::of(model, &options.renames)?,
            facts: Facts::of(model),
        })
    }
}

impl Generator<'_> {
    fn module(&self, module: &Module, scope: &Scope) -> TokenStream {
        let runtime = &self.options.runtime;
        let (mut items, mut code) = (Vec::new(), Vec::new());
        for item in &module.items {
            match item {
                Item::Module(inner) => items.push(self.namespace(inner, scope)),
                Item::Constant(_) | Item::Type(_) if self.options.types.is_some() => {}
                Item::Constant(constant) => items.push(self.constant(constant, scope)),
                Item::Type(id) => {
                    let definition = self.type_definition(*id, &scope.of(*id));
                    items.push(definition.item);
                    code.push(definition.code);
                }
                Item::Program(program) => items.push(self.program(program, scope)),
            }
        }
        let first = self.first_type(&scope.namespace);
        let has_types = self.options.types.is_none();
        let serde = first.filter(|_| self.options.serde && has_types).map(|id| {
            let serde = self.serde(id);
            quote! { use #runtime::export::serde as #serde; }
        });
        let block = code.iter().any(|code| !code.is_empty()).then(|| {
            quote! {
                const _: () = {
                    use #runtime::export::codec::*;
                    #(#code)*
                };
            }
        });
        quote! { #serde #(#items)* #block }
    }

    /// The first type that a module defines.
    fn first_type(&self, namespace: &[String]) -> Option<TypeId> {
        let mut module = &self.model.root;
        for name in namespace {
            module = module.items.iter().find_map(|item| match item {
                Item::Module(inner) if inner.name == *name => Some(inner),
                _ => None,
            })?;
        }
        module.items.iter().find_map(|item| match item {
            Item::Type(id) => Some(*id),
            _ => None,
        })
    }

    fn namespace(&self, module: &Module, scope: &Scope) -> TokenStream {
        let scope = scope.inner(&module.name);
        let name = self.names.module(&scope.namespace);
        let declaration = format!("namespace {}", module.name);
        let docs = docs::attributes(&module.docs, Some(&declaration));
        let body = self.module(module, &scope);
        quote! { #docs pub mod #name { #body } }
    }
}
