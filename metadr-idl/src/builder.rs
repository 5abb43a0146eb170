//! The one engine behind the macro, build scripts and the command.

mod build_script;
mod error;
mod generated;
mod scaffold;

pub use error::Error;
pub use generated::Generated;

use crate::ast::Tree;
use crate::model::Model;
use crate::source::Loader;
use crate::{
    CheckOptions, Diagnostics, Emit, Options, ReadOptions, Source, SourceMap, Strings, check,
    generate, lint, read,
};
use proc_macro2::TokenStream;
use quote::quote;
use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Compiles files, with every option that there is. Files that are given
/// together are compiled together, to one module.
///
/// ```
/// use metadr_idl::{Builder, Source};
///
/// let rust = Builder::new()
///     .source(Source::new("point.x", "struct point { int x; string name<>; };"))
///     .strings(metadr_idl::Strings::Bytes)
///     .derive("point", "::my_crate::Shape")
///     .generate()?
///     .rust();
/// assert!(rust.contains("pub struct Point"));
/// # Ok::<(), metadr_idl::Error>(())
/// ```
///
/// # In a build script
///
/// [`compile`](Self::compile) writes what the macro `xdr!` would expand to into
/// a file, and has Cargo run the script again when an `.x` file changes. A build
/// script needs nothing of the command: `default-features = false` in
/// `[build-dependencies]` spares its dependencies.
///
/// ```no_run
/// // build.rs
/// fn main() -> Result<(), metadr_idl::Error> {
///     metadr_idl::Builder::new().file("src/adder.x").compile()?;
///     Ok(())
/// }
/// ```
///
/// ```ignore
/// // src/main.rs
/// #[allow(dead_code, unreachable_pub)]
/// mod interface {
///     include!(concat!(env!("OUT_DIR"), "/adder.rs"));
/// }
/// ```
///
/// `examples/build-script` is a whole package that does so.
#[derive(Clone, Debug, Default)]
#[must_use = "a builder does nothing until it is asked for something"]
pub struct Builder {
    inputs: Vec<Input>,
    root: Option<PathBuf>,
    output: Option<PathBuf>,
    read: ReadOptions,
    check: CheckOptions,
    options: Options,
    /// The first option that was not understood.
    wrong_option: Option<String>,
}

#[derive(Clone, Debug)]
enum Input {
    File(PathBuf),
    Source(Source),
}

/// The files, and where they are looked for.
impl Builder {
    /// No files, and every option as [`ReadOptions`], [`CheckOptions`] and
    /// [`Options`] have it.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a file to compile. Its path is also the name that diagnostics show.
    pub fn file(mut self, path: impl Into<PathBuf>) -> Self {
        self.inputs.push(Input::File(path.into()));
        self
    }

    /// Adds files to compile.
    pub fn files<P: Into<PathBuf>>(mut self, paths: impl IntoIterator<Item = P>) -> Self {
        let files = paths.into_iter().map(|path| Input::File(path.into()));
        self.inputs.extend(files);
        self
    }

    /// Adds a text to compile that need not be in a file.
    pub fn source(mut self, source: Source) -> Self {
        self.inputs.push(Input::Source(source));
        self
    }

    /// The directory that relative paths start from: those of files, of
    /// directories to [include](Self::include), and of what is found beside a
    /// file. The current directory, unless set. Diagnostics do not show it.
    pub fn root(mut self, directory: impl Into<PathBuf>) -> Self {
        self.root = Some(directory.into());
        self
    }

    /// Adds a directory where files that are included or imported are looked
    /// for, after that of the file that names them (`-I`).
    pub fn include(mut self, directory: impl Into<PathBuf>) -> Self {
        self.read.include.push(directory.into());
        self
    }

    /// Defines a name for the preprocessor (`-D NAME=VALUE`); C compilers define
    /// it as `1` if there is no value.
    pub fn define(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.read.defines.push((name.into(), value.into()));
        self
    }

    /// What reads files; [`Disk`](crate::source::Disk) unless set.
    pub fn loader(mut self, loader: impl Loader + Send + Sync + 'static) -> Self {
        self.read.loader = Arc::new(loader);
        self
    }

    /// The name of the file that [`compile`](Self::compile) writes: that of the
    /// first file, with `.rs` in place of `.x`, unless set.
    pub fn output(mut self, name: impl Into<PathBuf>) -> Self {
        self.output = Some(name.into());
        self
    }
}

/// The checks.
impl Builder {
    /// Makes everything an error that is not RFC 4506 or RFC 5531.
    pub fn pedantic(mut self, pedantic: bool) -> Self {
        self.check.pedantic = pedantic;
        self
    }

    /// A type that is defined in Rust already: its name in the file, which may
    /// be qualified, and its path. `name::` stands for all types of that
    /// namespace. See [`CheckOptions::externs`].
    pub fn extern_type(mut self, name: impl Into<String>, path: impl Into<String>) -> Self {
        let (name, path) = (name.into(), path.into());
        if self.path("extern", &path).is_some() {
            self.check.externs.push((name, path));
        }
        self
    }
}

/// How the code looks; see [`Options`].
impl Builder {
    /// What a `string` becomes.
    pub fn strings(mut self, strings: Strings) -> Self {
        self.options.strings = strings;
        self
    }

    /// Which parts are generated: [`Emit::TYPES`], for one.
    pub fn emit(mut self, emit: Emit) -> Self {
        self.options.emit = emit;
        self
    }

    /// A procedure, by its name in the file, that is never answered.
    pub fn one_way(mut self, procedure: impl Into<String>) -> Self {
        self.options.one_way.push(procedure.into());
        self
    }

    /// Whether clients also come in a form for code that is not async.
    pub fn blocking(mut self, blocking: bool) -> Self {
        self.options.blocking = blocking;
        self
    }

    /// The name in Rust of something in the file: `"type.field"`, `"field"`.
    pub fn rename(mut self, name: impl Into<String>, rust: impl Into<String>) -> Self {
        self.options.renames.push((name.into(), rust.into()));
        self
    }

    /// Another trait to derive: for a type of the file, or `*` for all of its
    /// structures, unions and enumerations.
    pub fn derive(mut self, name: impl Into<String>, path: impl Into<String>) -> Self {
        let (name, path) = (name.into(), path.into());
        if self.path("derive", &path).is_some() {
            self.options.derives.push((name, path));
        }
        self
    }

    /// Whether types implement serde's traits.
    pub fn serde(mut self, serde: bool) -> Self {
        self.options.serde = serde;
        self
    }

    /// Whether types implement `arbitrary::Arbitrary`.
    pub fn arbitrary(mut self, arbitrary: bool) -> Self {
        self.options.arbitrary = arbitrary;
        self
    }

    /// The path of the crate `metadr_runtime` in the code, if it is another one:
    /// `::metadr` for those who depend on `metadr` alone.
    pub fn runtime(mut self, path: impl AsRef<str>) -> Self {
        if let Some(path) = self.path("runtime", path.as_ref()) {
            self.options.runtime = path;
        }
        self
    }

    /// The module that has the types of the files already.
    pub fn types(mut self, path: impl AsRef<str>) -> Self {
        if let Some(path) = self.path("types", path.as_ref()) {
            self.options.types = Some(path);
        }
        self
    }

    /// Replaces all options of the code.
    pub fn options(mut self, options: Options) -> Self {
        self.options = options;
        self
    }

    /// The path, unless it is none: then the builder remembers it as wrong.
    fn path(&mut self, option: &str, path: &str) -> Option<TokenStream> {
        match syn::parse_str::<syn::Path>(path) {
            Ok(path) => Some(quote!(#path)),
            Err(_) => {
                let message = format!("option {option} has `{path}`, expected a path in Rust");
                self.wrong_option.get_or_insert(message);
                None
            }
        }
    }
}

/// What rpcgen defines while it makes its header.
const HEADER_PASS: &str = "RPC_HDR";

/// What comes out.
impl Builder {
    /// The files as they are written.
    ///
    /// # Errors
    ///
    /// Files that cannot be read, and all that is not of the language.
    pub fn tree(&self) -> Result<Tree, Error> {
        if let Some(message) = &self.wrong_option {
            return Err(Error::Option(message.clone()));
        }
        self.tree_with(&self.rooted())
    }

    fn tree_with(&self, options: &ReadOptions) -> Result<Tree, Error> {
        let sources = self.inputs.iter().map(|input| match input {
            Input::Source(source) => Ok(source.clone()),
            Input::File(path) => match options.loader.load(path) {
                Ok(text) => Ok(Source::new(path.to_string_lossy(), text)),
                Err(error) => Err(Error::Read {
                    path: self.at_root(path),
                    name: path.clone(),
                    error,
                }),
            },
        });
        Ok(read(sources.collect::<Result<_, _>>()?, options)?)
    }

    /// The tree, and what it means. Where types are only defined for the header
    /// that rpcgen makes (`#ifdef RPC_HDR`), as those of hand-written C codecs
    /// are, the files are read as for that header: if that makes them right.
    fn checked(&self) -> Result<(Tree, Result<Model, Diagnostics>), Error> {
        let tree = self.tree()?;
        let checked = check(&tree, &self.check);
        let mut options = self.rooted();
        let is_defined = (options.defines.iter()).any(|(name, _)| name == HEADER_PASS);
        let asks = |source: &Source| source.text().contains(HEADER_PASS);
        let is_asked = tree.sources.files().any(|(_, source)| asks(source));
        if checked.is_ok() || is_defined || !is_asked {
            return Ok((tree, checked));
        }
        options.defines.push((HEADER_PASS.into(), "1".into()));
        if let Ok(header) = self.tree_with(&options)
            && let Ok(model) = check(&header, &self.check)
        {
            return Ok((header, Ok(model)));
        }
        Ok((tree, checked))
    }

    /// What the files mean: every name resolved, every number computed.
    ///
    /// # Errors
    ///
    /// As [`tree`](Self::tree), and everything that is wrong.
    pub fn model(&self) -> Result<Model, Error> {
        Ok(self.checked()?.1?)
    }

    /// What the files mean, as JSON for other tools: see [`json`](crate::json()).
    ///
    /// # Errors
    ///
    /// As [`model`](Self::model).
    #[cfg(feature = "command")]
    pub fn json(&self) -> Result<String, Error> {
        Ok(crate::json(&self.model()?))
    }

    /// The code.
    ///
    /// # Errors
    ///
    /// As [`model`](Self::model), and names that are the same in Rust.
    pub fn generate(&self) -> Result<Generated, Error> {
        let model = self.model()?;
        let tokens = generate(&model, &self.options)?;
        let files = self.read_files(&model.sources);
        Ok(Generated {
            model,
            tokens,
            files,
        })
    }

    /// Everything that was found in the files, errors and warnings. Names that may
    /// come from C headers that are not there are only warnings, unless pedantic:
    /// files can be checked that cannot be compiled by themselves.
    ///
    /// # Errors
    ///
    /// As [`tree`](Self::tree).
    pub fn lint(&self) -> Result<Diagnostics, Error> {
        let (tree, checked) = self.checked()?;
        let options = CheckOptions {
            assume_headers: !self.check.pedantic,
            ..self.check.clone()
        };
        let found = match checked {
            Err(_) => lint(&tree, &options),
            // With a model, names that are the same in Rust are found as well.
            Ok(model) => match generate(&model, &self.options) {
                Ok(_) => model.warnings,
                Err(names) => {
                    Diagnostics::from_found(names.into_iter().chain(model.warnings).collect())
                }
            },
        };
        Ok(found)
    }

    /// The options of the code, as they are set.
    #[must_use]
    pub fn code_options(&self) -> &Options {
        &self.options
    }

    /// The options of the checks, as they are set.
    #[must_use]
    pub fn check_options(&self) -> &CheckOptions {
        &self.check
    }

    /// The options of reading, as they are set.
    #[must_use]
    pub fn read_options(&self) -> &ReadOptions {
        &self.read
    }

    /// The options of reading, with the root.
    fn rooted(&self) -> ReadOptions {
        let mut options = self.read.clone();
        if let Some(root) = &self.root {
            options.loader = Arc::new(Rooted {
                root: root.clone(),
                loader: options.loader,
            });
        }
        options
    }

    fn at_root(&self, path: &Path) -> PathBuf {
        match &self.root {
            Some(root) => root.join(path),
            None => path.to_owned(),
        }
    }

    /// Every file among the sources: not the texts that were given as such.
    fn read_files(&self, sources: &SourceMap) -> Vec<PathBuf> {
        let texts: BTreeSet<&str> = (self.inputs.iter())
            .filter_map(|input| match input {
                Input::Source(source) => Some(source.name()),
                Input::File(_) => None,
            })
            .collect();
        let names = sources.files().map(|(_, source)| source.name());
        names
            .filter(|name| !texts.contains(name))
            .map(|name| self.at_root(Path::new(name)))
            .collect()
    }
}

/// Reads relative paths from a directory other than the current one.
#[derive(Debug)]
struct Rooted {
    root: PathBuf,
    loader: Arc<dyn Loader + Send + Sync>,
}

impl Loader for Rooted {
    fn load(&self, path: &Path) -> io::Result<String> {
        self.loader.load(&self.root.join(path))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::InMemory;

    fn in_memory(files: &[(&str, &str)]) -> InMemory {
        let files = files.iter();
        InMemory(
            files
                .map(|(path, text)| (path.into(), (*text).to_owned()))
                .collect(),
        )
    }

    #[test]
    fn types_that_only_the_header_of_rpcgen_has_are_taken_where_they_are_missing() {
        let hidden = "#ifdef RPC_HDR\nstruct a { int b; };\n#endif\n";
        let model = |text: String| {
            let model = Builder::new().source(Source::new("t.x", text)).model();
            model
                .map(|model| model.types.len())
                .map_err(|error| error.to_string())
        };
        assert_eq!(model(format!("{hidden}struct c {{ a d; }};")), Ok(2));
        assert_eq!(model(format!("{hidden}struct c {{ int d; }};")), Ok(1));
        // What is wrong either way is said of the files as they are.
        let error = model(format!("{hidden}struct c {{ a d; e f; }};")).unwrap_err();
        assert!(error.contains("type `a` is not defined"), "{error}");
    }

    #[test]
    fn relative_paths_start_from_the_root_and_diagnostics_do_not_show_it() {
        let loader = in_memory(&[
            ("/project/a.x", "typedef int a;"),
            ("/abs/b.x", "typedef c b;"),
        ]);
        let builder = Builder::new().loader(loader).root("/project");
        let source = Source::new("text.x", "struct d { int e; };");
        let generated = builder
            .clone()
            .file("a.x")
            .source(source)
            .generate()
            .unwrap();
        assert_eq!(generated.files(), [PathBuf::from("/project/a.x")]);
        assert!(generated.rust().contains("pub struct D"));

        let error = builder.clone().file("/abs/b.x").model().unwrap_err();
        assert!(
            error.to_string().starts_with("/abs/b.x:1:9: error: "),
            "{error}"
        );

        let error = builder.file("c.x").model().unwrap_err().to_string();
        assert!(
            error.starts_with("c.x: error: cannot read /project/c.x: "),
            "{error}"
        );
    }

    #[test]
    fn an_option_that_is_not_a_path_is_refused_whatever_is_asked_for() {
        let source = Source::new("a.x", "typedef int a;");
        let builder = Builder::new().source(source);
        let wrong = [
            builder.clone().runtime("a b"),
            builder.clone().types("1"),
            builder.clone().extern_type("a", "crate::"),
            builder.clone().derive("a", ""),
        ];
        for builder in wrong {
            let error = builder.tree().unwrap_err().to_string();
            assert!(error.ends_with("`, expected a path in Rust"), "{error}");
        }
        assert!(builder.runtime("::metadr").tree().is_ok());
    }
}
