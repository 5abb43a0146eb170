//! Model to Rust.
//!
//! The code that comes out can stand in any module. It names everything of
//! the standard library and of the runtime by absolute path, as a file may
//! define types called `Result`, `Option` or `Vec`.

mod codec;
mod facts;
mod names;
mod programs;
mod types;

use crate::model::{ExternId, Item, Model, Module, Procedure, Type, TypeId};
use crate::{Diagnostic, Diagnostics, Span};
use facts::Facts;
use proc_macro2::TokenStream;
use quote::quote;

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

/// Whether the options fit the files.
///
/// # Errors
///
/// What does not fit, for people.
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
/// Options that do not fit the files.
pub(crate) fn generate(model: &Model, options: &Options) -> Result<TokenStream, Diagnostics> {
    check_options(model, options)
        .map_err(|message| Diagnostic::error(&model.sources, Span::default(), message))?;
    let generator = Generator {
        model,
        options,
        facts: Facts::of(model),
    };
    Ok(generator.module(&model.root, &Scope::root()))
}

/// Where in the generated modules code stands.
#[derive(Clone)]
struct Scope {
    /// The namespaces around it.
    namespace: Vec<String>,
    /// How many modules lie between it and the place of the whole expansion.
    depth: usize,
}

impl Scope {
    fn root() -> Self {
        Self {
            namespace: Vec::new(),
            depth: 0,
        }
    }

    fn inner(&self, namespace: &str) -> Self {
        let mut inner = self.clone();
        inner.namespace.push(namespace.to_owned());
        inner.depth += 1;
        inner
    }

    fn deeper(&self, levels: usize) -> Self {
        let mut deeper = self.clone();
        deeper.depth += levels;
        deeper
    }
}

struct Generator<'a> {
    model: &'a Model,
    options: &'a Options,
    facts: Facts,
}

impl Generator<'_> {
    fn module(&self, module: &Module, scope: &Scope) -> TokenStream {
        let items = module.items.iter().map(|item| match item {
            Item::Module(inner) => {
                let name = names::module(&inner.name);
                let docs = self.docs(&inner.docs, &format!("Namespace `{}`.", inner.name));
                let body = self.module(inner, &scope.inner(&inner.name));
                quote! { #docs pub mod #name { #body } }
            }
            Item::Constant(_) | Item::Type(_) if self.options.types.is_some() => quote!(),
            Item::Constant(constant) => self.constant(constant),
            Item::Type(id) => self.type_definition(*id, scope),
            Item::Program(program) => self.program(program, scope),
        });
        quote! { #(#items)* }
    }

    /// The path of a defined type, seen from `scope`.
    fn path(&self, id: TypeId, scope: &Scope) -> TokenStream {
        let definition = self.model.definition(id);
        let name = names::ty(&definition.name);
        if let Some(types) = &self.options.types {
            let modules = definition.namespace.iter().map(|name| names::module(name));
            return quote! { #types #(:: #modules)* :: #name };
        }
        let shared = (scope.namespace.iter())
            .zip(&definition.namespace)
            .take_while(|(one, two)| one == two)
            .count();
        let up = std::iter::repeat_n(quote! { super:: }, scope.depth - shared);
        let down = definition.namespace[shared..]
            .iter()
            .map(|name| names::module(name));
        quote! { #(#up)* #(#down ::)* #name }
    }

    fn extern_path(&self, id: ExternId) -> TokenStream {
        let path = &self.model.externs[id.0].path;
        path.parse().expect("the checks let only paths through")
    }

    /// The Rust type of a use.
    fn rust_type(&self, ty: &Type, scope: &Scope) -> TokenStream {
        let runtime = &self.options.runtime;
        match ty {
            Type::Int => quote!(i32),
            Type::UnsignedInt => quote!(u32),
            Type::Hyper => quote!(i64),
            Type::UnsignedHyper => quote!(u64),
            Type::Float => quote!(f32),
            Type::Double => quote!(f64),
            Type::Quadruple => quote!(#runtime::xdr::Quadruple),
            Type::Bool => quote!(bool),
            Type::Char => quote!(i8),
            Type::UnsignedChar => quote!(u8),
            Type::Short => quote!(i16),
            Type::UnsignedShort => quote!(u16),
            Type::OpaqueFixed(size) => {
                let size = names::number(*size);
                quote!([u8; #size])
            }
            Type::Opaque(_) => quote!(#runtime::xdr::Bytes),
            Type::String(_) => match self.options.strings {
                Strings::Utf8 => quote!(::std::string::String),
                Strings::Bytes => quote!(#runtime::xdr::Bytes),
            },
            Type::Fixed(element, size) => {
                let (element, size) = (self.rust_type(element, scope), names::number(*size));
                quote!([#element; #size])
            }
            Type::Variable(element, _) => {
                let element = self.rust_type(element, scope);
                quote!(::std::vec::Vec<#element>)
            }
            Type::Optional(target) => {
                let rust = self.rust_type(target, scope);
                if self.facts.is_recursive(target) {
                    quote!(::core::option::Option<::std::boxed::Box<#rust>>)
                } else {
                    quote!(::core::option::Option<#rust>)
                }
            }
            Type::Named(id) => self.path(*id, scope),
            Type::Extern(id) => self.extern_path(*id),
        }
    }

    /// Documentation: the comment of the file, or else `fallback`.
    #[allow(clippy::unused_self)]
    fn docs(&self, comment: &[String], fallback: &str) -> TokenStream {
        if comment.is_empty() {
            let fallback = format!(" {fallback}");
            return quote! { #[doc = #fallback] };
        }
        let lines = comment.iter().map(|line| format!(" {}", escape(line)));
        quote! { #(#[doc = #lines])* }
    }
}

/// A comment's line as Markdown that shows it as it is.
fn escape(line: &str) -> String {
    let mut escaped = String::with_capacity(line.len());
    for character in line.chars() {
        if matches!(character, '[' | ']' | '<' | '>' | '*' | '_' | '`' | '\\') {
            escaped.push('\\');
        }
        escaped.push(character);
    }
    escaped
}
