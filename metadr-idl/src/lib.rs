//! The `.x` language of XDR (RFC 4506) and ONC RPC (RFC 5531), compiled to Rust.
//!
//! The way of a file: [`Source`] → [`read()`] (the preprocessor, then the grammar)
//! → [`ast::Tree`], with spans → [`check`] → [`model::Model`], every name
//! resolved → [`generate`] → tokens. This crate knows nothing of the runtime
//! that the generated code uses: its path is an option.
//!
//! ```
//! use metadr_idl::{Options, Source, compile};
//!
//! let source = Source::new("point.x", "struct point { int x; int y; };");
//! let rust = metadr_idl::format(&compile(source, &Options::default())?);
//! assert!(rust.contains("pub struct Point"));
//!
//! let source = Source::new("point.x", "struct point { int x; int y };");
//! let errors = compile(source, &Options::default()).unwrap_err();
//! assert_eq!(
//!     errors.to_string(),
//!     "point.x:1:29: error: found `}`, expected `;`, `<` or `[`\n    \
//!      struct point { int x; int y };\n                                \
//!      ^",
//! );
//! # Ok::<(), metadr_idl::Diagnostics>(())
//! ```

#![forbid(unsafe_code)]

pub mod ast;
mod builder;
mod check;
pub mod codegen;
mod diagnostic;
mod graph;
#[cfg(feature = "command")]
mod json;
mod library;
pub mod model;
mod options;
mod outline;
mod parse;
mod preprocess;
mod read;
pub mod source;

pub use builder::{Builder, Error, Generated};
pub use codegen::{Emit, Options, Side, Strings};
pub use diagnostic::{Diagnostic, Diagnostics, Severity};
#[cfg(feature = "command")]
pub use json::json;
pub use options::{CheckOptions, ReadOptions};
pub use source::{FileId, Source, SourceMap, Span};

use proc_macro2::TokenStream;

/// Reads files to their tree: runs the preprocessor, reads what they include or
/// import, and parses.
///
/// # Errors
///
/// What is not of the language, in all files: in each definition the first such
/// place.
pub fn read(sources: Vec<Source>, options: &ReadOptions) -> Result<ast::Tree, Diagnostics> {
    read::read(sources, options)
}

/// Checks a tree: every name resolved, every number computed.
///
/// # Errors
///
/// Everything that is wrong, in the order of the text.
pub fn check(tree: &ast::Tree, options: &CheckOptions) -> Result<model::Model, Diagnostics> {
    check::check(tree, options)
}

/// Checks a tree and returns everything that was found, errors or not.
#[must_use]
pub fn lint(tree: &ast::Tree, options: &CheckOptions) -> Diagnostics {
    check::lint(tree, options)
}

/// Turns a model into Rust.
///
/// # Errors
///
/// Names that are the same in Rust, and options that do not fit the files.
pub fn generate(model: &model::Model, options: &Options) -> Result<TokenStream, Diagnostics> {
    codegen::generate(model, options)
}

/// Compiles one file to Rust.
///
/// # Errors
///
/// As [`read()`], [`check()`] and [`generate`].
pub fn compile(source: Source, options: &Options) -> Result<TokenStream, Diagnostics> {
    let tree = read(vec![source], &ReadOptions::default())?;
    generate(&check(&tree, &CheckOptions::default())?, options)
}

/// Formats generated code for people.
///
/// # Panics
///
/// If `code` is not a Rust source file, which [`generate`] never returns.
#[must_use]
pub fn format(code: &TokenStream) -> String {
    let file = syn::parse2(code.clone()).expect("generated code is a Rust source file");
    codegen::layout::spaced(&prettyplease::unparse(&file))
}
