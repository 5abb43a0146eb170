//! The `.x` language of XDR (RFC 4506) and ONC RPC (RFC 5531), compiled to Rust.
//!
//! The way of a file: [`Source`] → `scan` (passthrough lines and comments) →
//! `parse` ([`ast`], a tree with spans) → `check` ([`model`], every name
//! resolved) → [`codegen`] (tokens). This crate knows nothing of the runtime
//! that the generated code uses: its path is an option.
//!
//! ```
//! use metadr_idl::{Options, Source, compile};
//!
//! let source = Source::new("point.x", "struct point { int x; int y; };");
//! let rust = metadr_idl::format(&compile(&source, &Options::default())?);
//! assert!(rust.contains("pub struct Point"));
//!
//! let source = Source::new("point.x", "struct point { int x; int y };");
//! let errors = compile(&source, &Options::default()).unwrap_err();
//! assert_eq!(
//!     errors.to_string(),
//!     "point.x:1:29: error: found `}`, expected `;`, `<` or `[`",
//! );
//! # Ok::<(), metadr_idl::Diagnostics>(())
//! ```

#![forbid(unsafe_code)]

pub mod ast;
mod check;
pub mod codegen;
mod diagnostic;
pub mod model;
mod parse;
mod scan;
mod source;

pub use codegen::{Emit, Options, Strings};
pub use diagnostic::{Diagnostic, Diagnostics};
pub use source::{Source, Span};

use proc_macro2::TokenStream;

/// Parses a file to its tree.
///
/// # Errors
///
/// The first place where the text is not of the language.
pub fn parse(source: &Source) -> Result<ast::File, Diagnostics> {
    parse::parse(source)
}

/// Parses and checks a file: every name resolved, every number computed.
///
/// # Errors
///
/// The syntax error, or everything that the checks found, in the order of the text.
pub fn check(source: &Source) -> Result<model::Model, Diagnostics> {
    check::check(source, &parse(source)?)
}

/// Compiles a file to Rust.
///
/// # Errors
///
/// As [`check`], and an option that does not fit the file.
pub fn compile(source: &Source, options: &Options) -> Result<TokenStream, Diagnostics> {
    let model = check(source)?;
    codegen::check_options(&model, options)
        .map_err(|message| Diagnostic::new(source, Span::default(), message))?;
    Ok(codegen::generate(&model, options))
}

/// Formats generated code for people.
///
/// # Panics
///
/// If `code` is not a Rust source file, which [`compile`] never returns.
#[must_use]
pub fn format(code: &TokenStream) -> String {
    let file = syn::parse2(code.clone()).expect("generated code is a Rust source file");
    prettyplease::unparse(&file)
}
