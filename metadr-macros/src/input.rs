//! What stands between the parentheses of `xdr!`.

use metadr_idl::{Builder, Emit, Options, Strings};
use proc_macro2::{Delimiter, Group, Ident, Span, TokenStream};
use quote::{ToTokens, quote};
use syn::ext::IdentExt as _;
use syn::parse::{Parse, ParseStream};
use syn::punctuated::Punctuated;
use syn::{Error, Lit, LitStr, Path, Result, Token};

/// `[runtime path] "file.x", …, option, …`
pub(crate) struct Input {
    /// The files, relative to the crate; at least one.
    pub(crate) files: Vec<LitStr>,
    /// With the files and all options.
    pub(crate) builder: Builder,
    /// What the options name in the files.
    pub(crate) mentions: Vec<Mention>,
}

/// A name of the files in an option.
pub(crate) struct Mention {
    /// The option.
    pub(crate) option: &'static str,
    /// The name.
    pub(crate) name: String,
    /// Its place.
    pub(crate) span: Span,
}

impl Parse for Input {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let runtime = runtime(input)?;
        let first: LitStr = input.parse()?;
        let mut parser = Parser {
            builder: Builder::new().file(first.value()),
            options: Options {
                runtime,
                ..Options::default()
            },
            mentions: Vec::new(),
            given: Vec::new(),
        };
        let mut files = vec![first];
        while !input.is_empty() {
            input.parse::<Token![,]>()?;
            if input.peek(LitStr) {
                let file: LitStr = input.parse()?;
                parser.change(|builder| builder.file(file.value()));
                files.push(file);
            } else if !input.is_empty() {
                parser.option(input)?;
            }
        }
        Ok(Self {
            files,
            builder: parser.builder.options(parser.options),
            mentions: parser.mentions,
        })
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

const EXPECTED: &str = "expected another file, `strings = bytes`, `types_only`, `client_only`, \
     `server_only`, `blocking`, `one_way(procedure, …)`, `types = path`, \
     `extern(\"type\" = path, …)`, `rename(\"type.field\" = name, …)`, `derive(\"type\" = path, …)`, `serde`, `arbitrary`, \
     `include(\"directory\", …)`, `define(NAME = value, …)` or `pedantic`";

/// The options so far.
struct Parser {
    builder: Builder,
    options: Options,
    mentions: Vec<Mention>,
    /// Those that may be given once.
    given: Vec<&'static str>,
}

impl Parser {
    fn option(&mut self, input: ParseStream<'_>) -> Result<()> {
        // `extern` is an option, and a keyword.
        let name = input.call(Ident::parse_any)?;
        match name.to_string().as_str() {
            "strings" => {
                self.once("strings", &name)?;
                self.options.strings = strings(input)?;
            }
            part @ ("types_only" | "client_only" | "server_only") => {
                self.once("`types_only`, `client_only` or `server_only`", &name)?;
                self.options.emit = Emit {
                    client: part == "client_only",
                    server: part == "server_only",
                };
            }
            "one_way" => {
                for procedure in list(input, Ident::parse_any)? {
                    self.mention("one_way", procedure.to_string(), procedure.span());
                    self.options.one_way.push(procedure.to_string());
                }
            }
            "blocking" => self.options.blocking = true,
            "types" => {
                self.once("types", &name)?;
                input.parse::<Token![=]>()?;
                let path: Path = input.parse()?;
                self.options.types = Some(quote!(#path));
            }
            "extern" => {
                for (name, path) in list(input, pair::<Path>)? {
                    self.mention("extern", name.value(), name.span());
                    let path = path.to_token_stream().to_string();
                    self.change(|builder| builder.extern_type(name.value(), path));
                }
            }
            "rename" => {
                for (name, Name(rust)) in list(input, pair)? {
                    self.mention("rename", name.value(), name.span());
                    self.options.renames.push((name.value(), rust.to_string()));
                }
            }
            "derive" => {
                for (name, path) in list(input, pair::<Path>)? {
                    self.mention("derive", name.value(), name.span());
                    let path = path.to_token_stream().to_string();
                    self.options.derives.push((name.value(), path));
                }
            }
            "include" => {
                for directory in list(input, <LitStr as Parse>::parse)? {
                    self.change(|builder| builder.include(directory.value()));
                }
            }
            "define" => {
                for (name, value) in list(input, definition)? {
                    self.change(|builder| builder.define(name, value));
                }
            }
            "serde" => self.options.serde = true,
            "arbitrary" => self.options.arbitrary = true,
            "pedantic" => self.change(|builder| builder.pedantic(true)),
            _ => return Err(Error::new(name.span(), EXPECTED)),
        }
        Ok(())
    }

    fn change(&mut self, change: impl FnOnce(Builder) -> Builder) {
        self.builder = change(std::mem::take(&mut self.builder));
    }

    fn mention(&mut self, option: &'static str, name: String, span: Span) {
        self.mentions.push(Mention { option, name, span });
    }

    /// Refuses what would silently replace something given before.
    fn once(&mut self, option: &'static str, name: &Ident) -> Result<()> {
        if self.given.contains(&option) {
            let what = option.trim_matches('`');
            let message = format!("expected `{what}` once");
            return Err(Error::new(name.span(), message));
        }
        self.given.push(option);
        Ok(())
    }
}

fn strings(input: ParseStream<'_>) -> Result<Strings> {
    input.parse::<Token![=]>()?;
    let kind: Ident = input.parse()?;
    match kind.to_string().as_str() {
        "bytes" => Ok(Strings::Bytes),
        "utf8" => Ok(Strings::Utf8),
        _ => Err(Error::new(kind.span(), "expected `bytes` or `utf8`")),
    }
}

/// `(one, …)`
fn list<T>(input: ParseStream<'_>, one: fn(ParseStream<'_>) -> Result<T>) -> Result<Vec<T>> {
    let content;
    syn::parenthesized!(content in input);
    let all: Punctuated<T, Token![,]> = content.parse_terminated(one, Token![,])?;
    Ok(all.into_iter().collect())
}

/// `"name in the files" = value`
fn pair<T: Parse>(input: ParseStream<'_>) -> Result<(LitStr, T)> {
    let name = input.parse()?;
    input.parse::<Token![=]>()?;
    Ok((name, input.parse()?))
}

/// A name in Rust, which may be a keyword: the generator then makes it a raw
/// identifier.
struct Name(Ident);

impl Parse for Name {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        input.call(Ident::parse_any).map(Self)
    }
}

/// `NAME`, `NAME = 5` or `NAME = "tokens"`
fn definition(input: ParseStream<'_>) -> Result<(String, String)> {
    let name = input.call(Ident::parse_any)?.to_string();
    if !input.peek(Token![=]) {
        // As C compilers do.
        return Ok((name, "1".to_owned()));
    }
    input.parse::<Token![=]>()?;
    let negative = input.parse::<Option<Token![-]>>()?.is_some();
    let value: Lit = input.parse()?;
    match value {
        Lit::Str(text) if !negative => Ok((name, text.value())),
        Lit::Int(number) => {
            let sign = if negative { "-" } else { "" };
            Ok((name, format!("{sign}{}", number.base10_digits())))
        }
        other => Err(Error::new(other.span(), "expected a number or a string")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(tokens: &str) -> Result<Input> {
        syn::parse_str(tokens)
    }

    #[test]
    fn every_option_is_understood() {
        let input = parse(
            r#"[::a::b] "f.x", "g.x", strings = bytes, client_only, blocking, one_way(f, type), types = c::d,
            extern("netobj" = crate::Netobj, "ns::" = ns), rename("t.f" = g, "t" = type),
            derive("*" = e::F, "t" = G,), serde, arbitrary, pedantic, include("one", "two"),
            define(A, B = 0x10, C = "int x", D = -1), one_way(g),"#,
        )
        .unwrap();
        let files: Vec<_> = input.files.iter().map(LitStr::value).collect();
        assert_eq!(files, ["f.x", "g.x"]);
        let options = input.builder.code_options();
        assert_eq!(options.runtime.to_string(), ":: a :: b");
        assert_eq!(options.strings, Strings::Bytes);
        assert!(options.emit.client && !options.emit.server);
        assert_eq!(options.one_way, ["f", "type", "g"]);
        assert_eq!(options.types.as_ref().unwrap().to_string(), "c :: d");
        let pairs = |all: &[(String, String)]| -> Vec<String> {
            let pairs = all.iter().map(|(name, value)| format!("{name}={value}"));
            pairs.map(|pair| pair.replace(' ', "")).collect()
        };
        assert_eq!(pairs(&options.renames), ["t.f=g", "t=type"]);
        assert_eq!(pairs(&options.derives), ["*=e::F", "t=G"]);
        assert!(options.serde && options.arbitrary && options.blocking);
        let checks = input.builder.check_options();
        assert!(checks.pedantic);
        assert_eq!(pairs(&checks.externs), ["netobj=crate::Netobj", "ns::=ns"]);
        let reading = input.builder.read_options();
        assert_eq!(pairs(&reading.defines), ["A=1", "B=16", "C=intx", "D=-1"]);
        assert_eq!(
            reading.include,
            ["one", "two"].map(std::path::PathBuf::from)
        );
    }

    #[test]
    fn what_is_wrong_is_refused_at_its_place_with_what_was_expected() {
        let cases = [
            (r#"[x] f"#, "f", "expected string literal"),
            (r#"[x] "f.x" types_only"#, "types_only", "expected `,`"),
            (
                r#"[x] "f.x", nonsense"#,
                "nonsense",
                "expected another file, `strings",
            ),
            (
                r#"[x] "f.x", strings = str"#,
                "str",
                "expected `bytes` or `utf8`",
            ),
            (r#"[x] "f.x", serde, one_way(1)"#, "1", "expected ident"),
            (r#"[x] "f.x", types = 5"#, "5", "expected identifier"),
            (
                r#"[x] "f.x", extern(netobj = a)"#,
                "netobj",
                "expected string literal",
            ),
            (
                r#"[x] "f.x", extern("netobj" = "a")"#,
                "\"a\"",
                "expected identifier",
            ),
            (r#"[x] "f.x", rename("a.b" c)"#, "c", "expected `=`"),
            (
                r#"[x] "f.x", rename("a.b" = "c")"#,
                "\"c\"",
                "expected ident",
            ),
            (r#"[x] "f.x", derive "a""#, "\"a\"", "expected parentheses"),
            (r#"[x] "f.x", include(a)"#, "a)", "expected string literal"),
            (r#"[x] "f.x", define(A = b)"#, "b)", "expected literal"),
            (
                r#"[x] "f.x", define(A = 1.5)"#,
                "1.5",
                "expected a number or a string",
            ),
            (
                r#"[x] "f.x", types = a, types = b"#,
                "types = b",
                "expected `types` once",
            ),
            (
                r#"[x] "f.x", types_only, client_only"#,
                "client_only",
                "expected `types_only`, `client_only` or `server_only` once",
            ),
        ];
        for (text, place, expected) in cases {
            let error = parse(text).err().unwrap_or_else(|| panic!("{text}"));
            let message = error.to_string();
            assert!(message.starts_with(expected), "{text}: {message}");
            assert_eq!(
                error.span().start().column,
                text.rfind(place).unwrap(),
                "{text}"
            );
        }
    }
}
