//! The `xdr!` macro: glue between a call in Rust code and `metadr_idl`.
//!
//! Use it through `metadr::xdr!` or `metadr_runtime::xdr!`, which say where
//! the runtime is.

mod input;

use input::Input;
use metadr_idl::{Source, compile};
use proc_macro::TokenStream;
use proc_macro2::Span;
use quote::{quote, quote_spanned};
use std::path::Path;

/// Compiles an `.x` file to Rust. See `metadr_runtime::xdr!`.
#[proc_macro]
pub fn xdr(input: TokenStream) -> TokenStream {
    let input = syn::parse_macro_input!(input as Input);
    expand(&input)
        .unwrap_or_else(|messages| errors(input.file.span(), &messages))
        .into()
}

fn expand(input: &Input) -> Result<proc_macro2::TokenStream, Vec<String>> {
    let name = input.file.value();
    // Cargo sets it for every crate that it compiles.
    let root = std::env::var("CARGO_MANIFEST_DIR").unwrap_or_default();
    let path = Path::new(&root).join(&name);
    let text = std::fs::read_to_string(&path).map_err(|error| {
        let path = path.display();
        vec![format!("{name}: error: cannot read {path}: {error}")]
    })?;
    let code = compile(Source::new(&name, text), &input.options)
        .map_err(|found| found.iter().map(ToString::to_string).collect::<Vec<_>>())?;
    let path = path.to_str().ok_or_else(|| {
        let path = path.display();
        vec![format!("{name}: error: the path {path} is not UTF-8")]
    })?;
    // Makes the compiler watch the file: whoever uses it is built again after
    // it was edited.
    Ok(quote! {
        const _: &[u8] = ::core::include_bytes!(#path);
        #code
    })
}

fn errors(span: Span, messages: &[String]) -> proc_macro2::TokenStream {
    let errors = messages
        .iter()
        .map(|message| quote_spanned! { span => ::core::compile_error! { #message } });
    quote! { #(#errors)* }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn input(tokens: &str) -> Input {
        syn::parse_str(tokens).unwrap()
    }

    #[test]
    fn the_expansion_makes_the_compiler_watch_the_file() {
        let code = expand(&input(
            r#"[::runtime] "../idl/kv_store.x", strings = bytes"#,
        ))
        .unwrap();
        let code = code.to_string();
        let path = format!("{}/../idl/kv_store.x", env!("CARGO_MANIFEST_DIR"));
        assert!(
            code.contains(&format!("include_bytes ! ({path:?})")),
            "{code}"
        );
        assert!(code.contains(":: runtime :: xdr :: Bytes"));
    }

    #[test]
    fn every_error_of_a_file_is_reported_with_its_place() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("bad.x");
        std::fs::write(&path, "struct a {\n  b c;\n  d e;\n};\n").unwrap();
        let path = path.to_str().unwrap();
        let messages = expand(&input(&format!("[x] {path:?}"))).unwrap_err();
        let expected = [
            format!("{path}:2:3: error: type `b` is not defined\n      b c;\n      ^"),
            format!("{path}:3:3: error: type `d` is not defined\n      d e;\n      ^"),
        ];
        assert_eq!(messages, expected);
        let code = errors(Span::call_site(), &messages).to_string();
        assert_eq!(code.matches("compile_error").count(), 2);
    }

    #[test]
    fn a_file_that_is_not_there_is_named_with_its_path() {
        let message = expand(&input(r#"[x] "no/such.x""#)).unwrap_err().remove(0);
        assert!(
            message.starts_with("no/such.x: error: cannot read "),
            "{message}"
        );
    }

    #[test]
    fn options_are_understood_or_refused_with_what_was_expected() {
        let input =
            input(r#"[::a::b] "f.x", strings = utf8, client_only, one_way(f, g), types = c::d,"#);
        assert!(input.options.emit.client && !input.options.emit.server);
        assert_eq!(input.options.one_way, ["f", "g"]);
        assert_eq!(input.options.types.unwrap().to_string(), "c :: d");
        for (wrong, expected) in [
            (r#"[x] "f.x", nonsense"#, "expected `strings = bytes`"),
            (r#"[x] "f.x", strings = str"#, "expected `bytes` or `utf8`"),
            (r#"[x] "f.x" types_only"#, "expected `,`"),
            (r#"[x] f"#, "expected string literal"),
        ] {
            let error = syn::parse_str::<Input>(wrong).err().unwrap().to_string();
            assert!(error.starts_with(expected), "{error}");
        }
    }
}
