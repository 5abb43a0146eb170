//! The command line.

use clap::{ArgGroup, Parser, ValueEnum};
use metadr_idl::{Builder, Emit, Error, Side, Source, Strings};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

const NOTES: &str = "\
Files that are given together are compiled together, to one module; with --check each by itself.
Errors and warnings go to standard error.

Exit status: 0 if all is well, perhaps with warnings; 1 if a file is wrong, cannot be read or
cannot be written; 2 if the command line is wrong.";

/// Compiles .x files (XDR of RFC 4506, programs of RFC 5531) to Rust
#[derive(Debug, Parser)]
#[command(name = "metadr-xdrc", version, after_help = NOTES)]
#[command(group = ArgGroup::new("part").conflicts_with("scaffold"))]
pub(crate) struct Arguments {
    /// The files to compile; - is standard input
    #[arg(value_name = "FILE", required = true)]
    pub(crate) files: Vec<PathBuf>,
    /// Only check the files: print nothing if they are well
    #[arg(long, conflicts_with_all = ["emit", "scaffold", "out"])]
    pub(crate) check: bool,
    /// What is not RFC 4506 or RFC 5531 is an error
    #[arg(long)]
    pedantic: bool,
    /// What to print
    #[arg(
        long,
        value_name = "WHAT",
        default_value = "rust",
        conflicts_with = "scaffold"
    )]
    emit: What,
    /// Print a program to begin with, which compiles as it is
    #[arg(long, value_name = "SIDE")]
    scaffold: Option<ScaffoldSide>,
    /// Write to this file, not to standard output
    #[arg(short = 'o', long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,

    /// Look here for files that are included or imported, too
    #[arg(
        short = 'I',
        long,
        value_name = "DIR",
        help_heading = "How files are read"
    )]
    include: Vec<PathBuf>,
    /// Define a name for the preprocessor, as 1 if there is no value
    #[arg(short = 'D', long, value_name = "NAME[=VALUE]", value_parser = definition)]
    #[arg(help_heading = "How files are read")]
    define: Vec<(String, String)>,
    /// A type that is in Rust already: its name in the files, its path in Rust
    #[arg(long = "extern", value_name = "NAME=PATH", value_parser = pair)]
    #[arg(help_heading = "How files are read")]
    externs: Vec<(String, String)>,

    /// No clients and no servers
    #[arg(long, group = "part", help_heading = "How the code looks")]
    types_only: bool,
    /// No servers
    #[arg(long, group = "part", help_heading = "How the code looks")]
    client_only: bool,
    /// No clients
    #[arg(long, group = "part", help_heading = "How the code looks")]
    server_only: bool,
    /// What a string becomes: String, or Bytes
    #[arg(
        long,
        value_name = "KIND",
        default_value = "utf8",
        help_heading = "How the code looks"
    )]
    strings: StringKind,
    /// A procedure that is never answered
    #[arg(long, value_name = "NAME", help_heading = "How the code looks")]
    one_way: Vec<String>,
    /// Generate clients for code that is not async, too
    #[arg(long, help_heading = "How the code looks")]
    blocking: bool,
    /// The name in Rust of something in the files: type.field=name
    #[arg(long, value_name = "NAME=RUST", value_parser = pair)]
    #[arg(help_heading = "How the code looks")]
    rename: Vec<(String, String)>,
    /// Derive another trait for a type, or for * all
    #[arg(long, value_name = "TYPE=PATH", value_parser = pair)]
    #[arg(help_heading = "How the code looks")]
    derive: Vec<(String, String)>,
    /// Implement serde's traits
    #[arg(long, help_heading = "How the code looks")]
    serde: bool,
    /// Implement arbitrary's trait
    #[arg(long, help_heading = "How the code looks")]
    arbitrary: bool,
    /// The module that has the types of the files already
    #[arg(long, value_name = "PATH", help_heading = "How the code looks")]
    types: Option<String>,
    /// The crate with the codec, if not ::metadr_runtime
    #[arg(long, value_name = "PATH", help_heading = "How the code looks")]
    runtime: Option<String>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum What {
    /// The files as they are written, with the place of each part
    Tree,
    /// What they mean: names resolved, numbers computed
    Model,
    /// The code
    Rust,
    /// The model, for other tools
    Json,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum ScaffoldSide {
    /// A server of every program
    Server,
    /// A client that calls every procedure
    Client,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum StringKind {
    /// String; a decoding error if it is none
    Utf8,
    /// Bytes, whatever they are
    Bytes,
}

/// What is to be printed.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Output {
    Tree,
    Model,
    Rust,
    Json,
    Scaffold(Side),
}

impl Arguments {
    pub(crate) fn output(&self) -> Output {
        match (self.scaffold, self.emit) {
            (Some(ScaffoldSide::Server), _) => Output::Scaffold(Side::Server),
            (Some(ScaffoldSide::Client), _) => Output::Scaffold(Side::Client),
            (None, What::Tree) => Output::Tree,
            (None, What::Model) => Output::Model,
            (None, What::Rust) => Output::Rust,
            (None, What::Json) => Output::Json,
        }
    }

    /// A builder for these files, with all options.
    ///
    /// # Errors
    ///
    /// Those of standard input.
    pub(crate) fn builder(&self, files: &[PathBuf]) -> Result<Builder, Error> {
        let mut builder = Builder::new()
            .pedantic(self.pedantic)
            .strings(match self.strings {
                StringKind::Utf8 => Strings::Utf8,
                StringKind::Bytes => Strings::Bytes,
            })
            .emit(Emit {
                client: !self.types_only && !self.server_only,
                server: !self.types_only && !self.client_only,
            })
            .blocking(self.blocking)
            .serde(self.serde)
            .arbitrary(self.arbitrary);
        for file in files {
            builder = if file == Path::new("-") {
                builder.source(standard_input()?)
            } else {
                builder.file(file)
            };
        }
        for directory in &self.include {
            builder = builder.include(directory);
        }
        for (name, value) in &self.define {
            builder = builder.define(name, value);
        }
        for (name, path) in &self.externs {
            builder = builder.extern_type(name, path);
        }
        for procedure in &self.one_way {
            builder = builder.one_way(procedure);
        }
        for (name, rust) in &self.rename {
            builder = builder.rename(name, rust);
        }
        for (name, path) in &self.derive {
            builder = builder.derive(name, path);
        }
        if let Some(path) = &self.types {
            builder = builder.types(path);
        }
        if let Some(path) = &self.runtime {
            builder = builder.runtime(path);
        }
        Ok(builder)
    }
}

fn standard_input() -> Result<Source, Error> {
    let name = PathBuf::from("<stdin>");
    let mut bytes = Vec::new();
    match io::stdin().lock().read_to_end(&mut bytes) {
        Ok(_) => Ok(Source::new("<stdin>", String::from_utf8_lossy(&bytes))),
        Err(error) => Err(Error::Read {
            path: name.clone(),
            name,
            error,
        }),
    }
}

/// `NAME=VALUE`
fn pair(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() && !value.is_empty() => {
            Ok((name.to_owned(), value.to_owned()))
        }
        _ => Err("expected two names with `=` between them".to_owned()),
    }
}

/// `NAME` or `NAME=VALUE`, as C compilers take it.
fn definition(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').unwrap_or((text, "1"));
    let mut characters = name.chars();
    let begins = characters
        .next()
        .is_some_and(|c| c.is_ascii_alphabetic() || c == '_');
    if begins && characters.all(|c| c.is_ascii_alphanumeric() || c == '_') {
        Ok((name.to_owned(), value.to_owned()))
    } else {
        Err("expected the name of a macro".to_owned())
    }
}
