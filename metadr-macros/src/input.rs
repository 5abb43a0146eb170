//! What stands between the parentheses of `xdr!`.

use metadr_idl::{Emit, Options, Strings};
use proc_macro2::{Delimiter, Group, Ident, TokenStream};
use quote::quote;
use syn::parse::{Parse, ParseStream};
use syn::{LitStr, Path, Result, Token};

/// `[runtime path] "file.x", option, …`
pub(crate) struct Input {
    /// The file, relative to the crate.
    pub(crate) file: LitStr,
    /// How to compile it.
    pub(crate) options: Options,
}

impl Parse for Input {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let mut options = Options {
            runtime: runtime(input)?,
            ..Options::default()
        };
        let file = input.parse()?;
        while !input.is_empty() {
            input.parse::<Token![,]>()?;
            if input.is_empty() {
                break;
            }
            option(input, &mut options)?;
        }
        Ok(Self { file, options })
    }
}

/// The path that the `macro_rules!` wrapper puts first.
fn runtime(input: ParseStream<'_>) -> Result<TokenStream> {
    let group: Group = input.parse()?;
    if group.delimiter() == Delimiter::Bracket {
        Ok(group.stream())
    } else {
        Err(input.error("expected `[path of metadr_runtime]`"))
    }
}

fn option(input: ParseStream<'_>, options: &mut Options) -> Result<()> {
    const EXPECTED: &str = "expected `strings = bytes`, `types_only`, `client_only`, \
         `server_only`, `one_way(procedure, …)` or `types = path`";
    let name: Ident = input.parse()?;
    match name.to_string().as_str() {
        "strings" => {
            input.parse::<Token![=]>()?;
            let kind: Ident = input.parse()?;
            options.strings = match kind.to_string().as_str() {
                "bytes" => Strings::Bytes,
                "utf8" => Strings::Utf8,
                _ => return Err(syn::Error::new(kind.span(), "expected `bytes` or `utf8`")),
            };
        }
        "types_only" => options.emit = Emit::TYPES,
        "client_only" => options.emit.server = false,
        "server_only" => options.emit.client = false,
        "one_way" => {
            let content;
            syn::parenthesized!(content in input);
            let names = content.parse_terminated(Ident::parse, Token![,])?;
            options.one_way = names.iter().map(ToString::to_string).collect();
        }
        "types" => {
            input.parse::<Token![=]>()?;
            let path: Path = input.parse()?;
            options.types = Some(quote!(#path));
        }
        _ => return Err(syn::Error::new(name.span(), EXPECTED)),
    }
    Ok(())
}
