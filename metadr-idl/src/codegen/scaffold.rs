//! Programs to begin with: a server or a client of every program of the files,
//! which compiles as it is.
//!
//! They are written by hand after that, so they are laid out for people: the
//! generated code is in a module of its own, and everything else is short.

mod client;
mod sample;
mod server;

use super::naming::VersionNames;
use super::uses::Scope;
use super::{Generator, Options, Strings};
use crate::model::{Item, Model, Module, Program, Type, Version};
use crate::{Diagnostic, Diagnostics};
use proc_macro2::{Ident, TokenStream, TokenTree};
use quote::{format_ident, quote};

/// Which side of the connection a program is on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// It serves every program of the files.
    Server,
    /// It calls every procedure of the files.
    Client,
}

/// Where a program has the generated code.
const INTERFACE: &str = "interface";

/// The text of a program on smol that has its files compiled by the macro.
///
/// # Errors
///
/// As [`generate`](crate::generate()), and that there is no program.
pub(crate) fn scaffold(
    model: &Model,
    options: &Options,
    invocation: &Invocation,
    side: Side,
) -> Result<String, Diagnostics> {
    let mut options = options.clone();
    let interface = format_ident!("{INTERFACE}");
    options.types.get_or_insert_with(|| quote!(#interface));
    options.runtime = without_root(&options.runtime);
    let scaffold = Scaffold {
        generator: Generator::new(model, &options)?,
        programs: programs(&model.root),
    };
    if scaffold.programs.is_empty() {
        let message = "the files define no program, which a server or a client needs";
        return Err(Diagnostic::without_place(message).into());
    }
    let (about, items) = match side {
        Side::Server => scaffold.server(invocation),
        Side::Client => scaffold.client(invocation),
    };
    let mut text = about;
    for item in items {
        text.push('\n');
        text += &crate::format(&item);
    }
    Ok(text)
}

/// All programs, within namespaces as well.
fn programs(module: &Module) -> Vec<&Program> {
    let mut found = Vec::new();
    for item in &module.items {
        match item {
            Item::Module(inner) => found.extend(programs(inner)),
            Item::Program(program) => found.push(program),
            Item::Constant(_) | Item::Type(_) => {}
        }
    }
    found
}

/// How a program has its files compiled.
#[derive(Clone, Debug)]
pub(crate) struct Invocation {
    /// The names of the files.
    pub(crate) files: Vec<String>,
    /// Further options in the words of the macro.
    pub(crate) options: Vec<TokenStream>,
}

impl Invocation {
    /// The module with the generated code.
    fn module(&self, runtime: &TokenStream) -> TokenStream {
        let (files, options) = (&self.files, &self.options);
        let module = format_ident!("{INTERFACE}");
        let about = format!(" What {} defines.", self.names());
        quote! {
            #[doc = #about]
            mod #module {
                #runtime::xdr!(#(#files),* #(, #options)*);
            }
        }
    }

    fn names(&self) -> String {
        let names: Vec<_> = self.files.iter().map(|name| format!("`{name}`")).collect();
        names.join(", ")
    }
}

struct Scaffold<'a> {
    generator: Generator<'a>,
    programs: Vec<&'a Program>,
}

/// A version, and what it is called.
struct VersionOf<'s> {
    version: &'s Version,
    names: &'s VersionNames,
    /// The path of its module.
    module: TokenStream,
    /// What tells it from every other version: `program_v1`.
    function: Ident,
}

impl Scaffold<'_> {
    /// The modules of a program and of the namespaces around it, outermost first.
    fn modules(&self, program: &Program) -> Vec<&Ident> {
        let names = &self.generator.names;
        let namespace = &program.namespace;
        (1..=namespace.len())
            .map(|depth| names.module(&namespace[..depth]))
            .chain([&names.program(program).module])
            .collect()
    }

    fn versions(&self) -> impl Iterator<Item = VersionOf<'_>> {
        self.programs.iter().flat_map(|program| {
            let modules = self.modules(program);
            let names = &self.generator.names.program(program).versions;
            let versions = program.versions.iter().zip(names);
            versions.map(move |(version, names)| {
                let modules = [&modules[..], &[&names.module]].concat();
                let words: Vec<String> = modules.iter().map(|one| one.to_string()).collect();
                VersionOf {
                    version,
                    names,
                    module: inside(&modules),
                    function: format_ident!("{}", words.join("_").replace("r#", "")),
                }
            })
        })
    }

    fn runtime(&self) -> &TokenStream {
        &self.generator.options.runtime
    }

    /// A type as it is written outside of the interface.
    fn rust_type(&self, ty: &Type) -> TokenStream {
        self.generator.rust_type(ty, &Scope::root())
    }
}

/// The path of a module of the interface.
fn inside(modules: &[&Ident]) -> TokenStream {
    let interface = format_ident!("{INTERFACE}");
    quote!(#interface #(:: #modules)*)
}

/// A path as people write it, where nothing hides its first name.
fn without_root(path: &TokenStream) -> TokenStream {
    let is_colon =
        |token: &TokenTree| matches!(token, TokenTree::Punct(one) if one.as_char() == ':');
    path.clone().into_iter().skip_while(is_colon).collect()
}

impl Options {
    /// The options that change what the code looks like, in the words of the
    /// macro.
    pub(crate) fn in_macro(&self) -> Vec<TokenStream> {
        let mut found = Vec::new();
        if self.strings == Strings::Bytes {
            found.push(quote!(strings = bytes));
        }
        if !self.one_way.is_empty() {
            let names = self.one_way.iter().map(|name| format_ident!("{name}"));
            found.push(quote!(one_way(#(#names),*)));
        }
        if self.blocking {
            found.push(quote!(blocking));
        }
        if let Some(path) = &self.types {
            found.push(quote!(types = #path));
        }
        found.extend(pairs("rename", &self.renames));
        found.extend(pairs("derive", &self.derives));
        if self.serde {
            found.push(quote!(serde));
        }
        if self.arbitrary {
            found.push(quote!(arbitrary));
        }
        found
    }
}

/// `option("name" = tokens, …)`
pub(crate) fn pairs(option: &str, all: &[(String, String)]) -> Option<TokenStream> {
    // `extern` is a keyword, but an option as well.
    let option: TokenStream = option.parse().expect("an option is a word");
    let pairs = all.iter().map(|(name, value)| {
        let value: TokenStream = value.parse().unwrap_or_else(|_| quote!(#value));
        quote!(#name = #value)
    });
    (!all.is_empty()).then(|| quote!(#option(#(#pairs),*)))
}
