//! How the generated code names types.

use super::{Generator, Strings, naming};
use crate::model::{Extern, ExternId, Type, TypeId};
use proc_macro2::{Ident, Literal, TokenStream};
use quote::{format_ident, quote};

/// Where in the generated modules code stands.
#[derive(Clone)]
pub(super) struct Scope {
    /// The namespaces around it.
    pub(super) namespace: Vec<String>,
    /// How many modules lie between it and the place of the whole expansion.
    depth: usize,
    /// The definition whose parts are at hand.
    owner: Option<TypeId>,
}

impl Scope {
    pub(super) fn root() -> Self {
        Self {
            namespace: Vec::new(),
            depth: 0,
            owner: None,
        }
    }

    pub(super) fn inner(&self, namespace: &str) -> Self {
        let mut inner = self.clone();
        inner.namespace.push(namespace.to_owned());
        inner.depth += 1;
        inner
    }

    pub(super) fn deeper(&self, levels: usize) -> Self {
        let mut deeper = self.clone();
        deeper.depth += levels;
        deeper
    }

    /// The same place, within a definition.
    pub(super) fn of(&self, owner: TypeId) -> Self {
        let mut scope = self.clone();
        scope.owner = Some(owner);
        scope
    }

    pub(super) fn owner(&self) -> Option<TypeId> {
        self.owner
    }
}

/// What a name means in the block of implementations before it means a type of
/// the file: imports, and parameters of functions.
const IMPORTED: [&str; 28] = [
    "At",
    "Box",
    "Bytes",
    "Clone",
    "D",
    "Decode",
    "DecodeError",
    "DecodeErrorKind",
    "Decoder",
    "Drop",
    "E",
    "Encode",
    "EncodeError",
    "Encoder",
    "Eq",
    "From",
    "List",
    "Option",
    "PartialEq",
    "Print",
    "Printer",
    "Quadruple",
    "Result",
    "Sized",
    "String",
    "TryFrom",
    "Vec",
    "fmt",
];

impl Generator<'_> {
    /// The name of a definition within the module that has it, or within the
    /// block of implementations.
    pub(super) fn local(&self, id: TypeId) -> TokenStream {
        let name = self.names.ty(id);
        if IMPORTED.contains(&&*name.to_string()) {
            return quote!(self::#name);
        }
        quote!(#name)
    }

    /// The path of a defined type, seen from `scope`.
    pub(super) fn path(&self, id: TypeId, scope: &Scope) -> TokenStream {
        let namespace = &self.model.definition(id).namespace;
        let modules = |from: usize| {
            (from..namespace.len()).map(|last| self.names.module(&namespace[..=last]))
        };
        let name = self.names.ty(id);
        if let Some(types) = &self.options.types {
            let modules = modules(0);
            return quote! { #types #(:: #modules)* :: #name };
        }
        let shared = (scope.namespace.iter())
            .zip(namespace)
            .take_while(|(one, two)| one == two)
            .count();
        let up = scope.depth - shared;
        if up == 0 && shared == namespace.len() {
            return self.local(id);
        }
        let first = modules(shared).next();
        let is_hidden = first.is_some_and(|name| IMPORTED.contains(&&*name.to_string()));
        let here = (up == 0 && is_hidden).then(|| quote!(self::));
        let up = std::iter::repeat_n(quote! { super:: }, up);
        let down = modules(shared);
        quote! { #here #(#up)* #(#down ::)* #name }
    }

    pub(super) fn extern_path(&self, id: ExternId) -> TokenStream {
        let Extern { name, path } = &self.model.externs[id.0];
        let parse = |path: &str| -> TokenStream {
            path.parse().expect("the checks let only paths through")
        };
        match path.strip_suffix("::") {
            Some(module) => {
                let (module, name) = (parse(module), naming::of_extern(name));
                quote!(#module::#name)
            }
            None => parse(path),
        }
    }

    /// The Rust type of a use.
    pub(super) fn rust_type(&self, ty: &Type, scope: &Scope) -> TokenStream {
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
            Type::OpaqueFixed(size) => self.array(quote!(u8), &Type::UnsignedChar, *size),
            Type::Opaque(_) => quote!(#runtime::xdr::Bytes),
            Type::String(_) => match self.options.strings {
                Strings::Utf8 => self.prelude("String"),
                Strings::Bytes => quote!(#runtime::xdr::Bytes),
            },
            Type::Fixed(element, size) => {
                self.array(self.rust_type(element, scope), element, *size)
            }
            Type::Variable(element, _) => {
                let element = self.rust_type(element, scope);
                let vec = self.prelude("Vec");
                quote!(#vec<#element>)
            }
            Type::Optional(target) => {
                let rust = self.rust_type(target, scope);
                let option = self.prelude("Option");
                if self.facts.needs_box(scope.owner(), target) {
                    let boxed = self.prelude("Box");
                    quote!(#option<#boxed<#rust>>)
                } else {
                    quote!(#option<#rust>)
                }
            }
            Type::Named(id) if scope.owner() == Some(*id) => quote!(Self),
            Type::Named(id) => self.path(*id, scope),
            Type::Extern(id) => self.extern_path(*id),
        }
    }

    /// The Rust type of a union's arm.
    pub(super) fn arm_type(&self, arm: &Type, union: TypeId, scope: &Scope) -> TokenStream {
        let rust = self.rust_type(arm, scope);
        if self.facts.arm_needs_box(union, arm) {
            let boxed = self.prelude("Box");
            return quote!(#boxed<#rust>);
        }
        rust
    }

    fn array(&self, rust: TokenStream, element: &Type, size: u32) -> TokenStream {
        let length = number(size);
        if self.facts.is_large(element, size) {
            let boxed = self.prelude("Box");
            return quote!(#boxed<[#rust; #length]>);
        }
        quote!([#rust; #length])
    }

    /// A type of Rust's prelude, unless the files define one of that name.
    fn prelude(&self, name: &str) -> TokenStream {
        if !self.names.has_type(name) {
            let ident = format_ident!("{name}");
            return quote!(#ident);
        }
        match name {
            "Box" => quote!(::std::boxed::Box),
            "Option" => quote!(::core::option::Option),
            "String" => quote!(::std::string::String),
            _ => quote!(::std::vec::Vec),
        }
    }

    /// Under which name a module has serde: one that no other expansion in the
    /// same module has, as types there have different names.
    pub(super) fn serde(&self, first_type: TypeId) -> Ident {
        let name = self.names.ty(first_type).to_string().to_lowercase();
        format_ident!("serde_of_{name}")
    }
}

/// A number without a type suffix.
pub(super) fn number(number: u32) -> Literal {
    Literal::u32_unsuffixed(number)
}

/// A size without a type suffix.
pub(super) fn size(size: usize) -> Literal {
    Literal::usize_unsuffixed(size)
}

/// The limit of something of varying length.
pub(super) fn limit(limit: u32) -> TokenStream {
    match limit {
        u32::MAX => quote!(u32::MAX),
        limit => {
            let limit = number(limit);
            quote!(#limit)
        }
    }
}
