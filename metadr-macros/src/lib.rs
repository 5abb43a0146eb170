//! The `xdr!` macro: glue between a call in Rust code and `metadr_idl`.
//!
//! Use it through `metadr::xdr!` or `metadr_runtime::xdr!`, which say where
//! the runtime is.

mod input;

use input::{Input, Mention};
use metadr_idl::{Diagnostic, Error, Severity};
use proc_macro::TokenStream;
use proc_macro2::Span;
use quote::{quote, quote_spanned};
use std::path::Path;

/// Compiles `.x` files to Rust. See `metadr_runtime::xdr!`.
#[proc_macro]
pub fn xdr(input: TokenStream) -> TokenStream {
    let input = syn::parse_macro_input!(input as Input);
    expand(&input)
        .unwrap_or_else(|found| compile_errors(&found))
        .into()
}

/// What is wrong, and the place in the Rust code that it comes of.
type Found = Vec<(Span, String)>;

fn expand(input: &Input) -> Result<proc_macro2::TokenStream, Found> {
    // Cargo sets it for every crate that it compiles.
    let root = std::env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default();
    let builder = input.builder.clone().root(root);
    let generated = builder.generate().map_err(|error| found(input, error))?;
    let files = generated.files().iter();
    let watched: Vec<&str> = files
        .map(|file| utf8(input, file))
        .collect::<Result<_, _>>()?;
    let code = generated.tokens();
    // They make the compiler watch the files: whoever uses them is built again
    // after they were edited.
    Ok(quote! {
        #(const _: &[u8] = ::core::include_bytes!(#watched);)*
        #code
    })
}

fn utf8<'a>(input: &Input, path: &'a Path) -> Result<&'a str, Found> {
    path.to_str().ok_or_else(|| {
        let message = format!("error: the path {} is not UTF-8", path.display());
        vec![(input.files[0].span(), message)]
    })
}

fn found(input: &Input, error: Error) -> Found {
    match error {
        Error::Wrong(diagnostics) => diagnostics
            .iter()
            .filter(|one| one.severity() == Severity::Error)
            .map(|one| (span_of(input, one), one.to_string()))
            .collect(),
        Error::Read { ref name, .. } => {
            let span = file_span(input, &name.to_string_lossy());
            vec![(span, error.to_string())]
        }
        error => vec![(input.files[0].span(), error.to_string())],
    }
}

/// The option that a finding is about, or else the file.
fn span_of(input: &Input, diagnostic: &Diagnostic) -> Span {
    let message = diagnostic.message();
    let is_about = |one: &&Mention| {
        message.contains(one.option) && message.contains(&format!("`{}`", one.name))
    };
    match (input.mentions.iter().find(is_about), diagnostic.file()) {
        (Some(option), _) => option.span,
        (None, Some(file)) => file_span(input, file),
        (None, None) => input.files[0].span(),
    }
}

/// The file of that name, or the first if it is one that others include.
fn file_span(input: &Input, name: &str) -> Span {
    let given = input.files.iter().find(|file| file.value() == name);
    given.unwrap_or(&input.files[0]).span()
}

fn compile_errors(found: &Found) -> proc_macro2::TokenStream {
    let errors = (found.iter())
        .map(|(span, message)| quote_spanned! { *span => ::core::compile_error! { #message } });
    quote! { #(#errors)* }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn input(tokens: &str) -> Input {
        syn::parse_str(tokens).unwrap()
    }

    /// Each message, with the text of `tokens` that it is shown at.
    fn errors(tokens: &str) -> Vec<(&str, String)> {
        let found = expand(&input(tokens)).unwrap_err();
        let shown = |span: Span| &tokens[span.start().column..span.end().column];
        let errors = found.into_iter();
        errors
            .map(|(span, message)| (shown(span), message))
            .collect()
    }

    #[test]
    fn the_expansion_makes_the_compiler_watch_every_file() {
        let tokens = r#"[::runtime] "../idl/kv_store.x", strings = bytes"#;
        let code = expand(&input(tokens)).unwrap().to_string();
        let path = format!("{}/../idl/kv_store.x", env!("CARGO_MANIFEST_DIR"));
        assert!(
            code.contains(&format!("include_bytes ! ({path:?})")),
            "{code}"
        );
        assert!(code.contains(":: runtime :: xdr :: Bytes"));
    }

    #[test]
    fn files_are_compiled_together_and_what_they_include_is_watched() {
        let directory = tempfile::tempdir().unwrap();
        let path = |name: &str| directory.path().join(name).to_str().unwrap().to_owned();
        std::fs::write(
            path("a.x"),
            "#include \"common.x\"\nstruct a { common b; };\n",
        )
        .unwrap();
        std::fs::write(path("common.x"), "typedef int common;\n").unwrap();
        std::fs::write(path("b.x"), "struct b { a c; };\n").unwrap();
        let tokens = format!("[x] {:?}, {:?}", path("a.x"), path("b.x"));
        let code = expand(&input(&tokens)).unwrap_or_else(|found| panic!("{found:?}"));
        let code = code.to_string();
        for name in ["a.x", "b.x", "common.x"] {
            let watched = format!("include_bytes ! ({:?})", path(name));
            assert!(code.contains(&watched), "{name}: {code}");
        }
        assert!(code.contains("pub struct B"));
    }

    #[test]
    fn every_error_of_a_file_is_reported_with_its_place() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("bad.x");
        std::fs::write(&path, "struct a {\n  b c;\n  d e;\n};\n").unwrap();
        let path = path.to_str().unwrap();
        let messages = expand(&input(&format!("[x] {path:?}"))).unwrap_err();
        let code = compile_errors(&messages).to_string();
        assert_eq!(code.matches("compile_error").count(), 2);
        for (message, (name, line)) in messages.iter().zip([("b", 2), ("d", 3)]) {
            let begin = format!("{path}:{line}:3: error: type `{name}` is not defined\n");
            assert!(message.1.starts_with(&begin), "{}", message.1);
            assert!(message.1.contains("\n      ^"), "{}", message.1);
        }
    }

    #[test]
    fn errors_are_shown_at_the_file_or_the_option_that_they_are_about() {
        let shown = errors(r#"[x] "../idl/vr.x", "no/such.x""#).remove(0);
        assert_eq!(shown.0, r#""no/such.x""#);
        assert!(
            shown.1.starts_with("no/such.x: error: cannot read /"),
            "{}",
            shown.1
        );

        let options = [
            ("one_way(nothing)", "nothing"),
            (r#"rename("nothing.at_all" = x)"#, r#""nothing.at_all""#),
            (r#"derive("nothing" = x)"#, r#""nothing""#),
        ];
        for (option, place) in options {
            let tokens = format!(r#"[x] "../idl/kv_store.x", {option}"#);
            let found = errors(&tokens);
            assert_eq!(found.len(), 1, "{found:?}");
            assert_eq!(found[0].0, place, "{found:?}");
        }
    }
}
