//! Compiles every `.x` file of [`INTERFACES`] that this machine has to Rust:
//! no public `.x` file is part of this project.
//!
//! A file's types are exchanged inside of structures of one field, which are
//! coded as the field is: that gives a type definition, which is no more than
//! another name in Rust, a type of its own, and all of them known names.

use metadr_idl::model::{Model, TypeKind};
use metadr_idl::source::FileId;
use metadr_idl::{CheckOptions, Diagnostics, Options, ReadOptions, Source, SourceMap};
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

include!("interfaces.rs");

fn main() {
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets it"));
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=interfaces.rs");
    let mut modules = module(&out, "headers", &headers());
    for interface in INTERFACES {
        let path = Path::new(interface.folder).join(format!("{}.x", interface.name));
        // Also where there is none, so that it is seen when it comes.
        println!("cargo::rerun-if-changed={}", path.display());
        let text = fs::read_to_string(&path).ok();
        modules += &match &text {
            Some(text) => present(&out, interface, &path, text),
            None => missing(interface),
        };
    }
    write(&out.join("interfaces.rs"), &modules);
}

/// The types of C headers.
fn headers() -> String {
    println!("cargo::rerun-if-changed=headers.x");
    let text = fs::read_to_string("headers.x").expect("headers.x is part of the project");
    let sources = vec![Source::new("headers.x", text)];
    let read = metadr_idl::read(sources, &ReadOptions::default());
    let tree = read.unwrap_or_else(|errors| fail(&errors));
    let checked = metadr_idl::check(&tree, &CheckOptions::default());
    rust(&checked.unwrap_or_else(|errors| fail(&errors)))
}

/// The module and the test of an interface whose file is there.
fn present(out: &Path, interface: &Interface, path: &Path, text: &str) -> String {
    let name = path.to_str().expect("the table has text");
    let source = Source::new(name, text);
    let alone = model(interface, vec![source.clone()]);
    let types = types(&alone);
    let mut holders = String::new();
    let mut table = String::new();
    for (index, name) in types.iter().enumerate() {
        writeln!(holders, "struct holder_{index} {{ {name} value; }};").expect("a String");
        writeln!(table, "Type::new::<Holder{index}>(\"{name}\"),").expect("a String");
    }
    let both = model(interface, vec![source, Source::new("holders.x", holders)]);
    let tests = format!(
        "pub(crate) const TYPES: &[crate::Type] = {{ use crate::Type; &[{table}] }};
        pub(crate) const POOL: &[i32] = &{:?};
        #[test] fn exchange() {{ crate::exchange({:?}, TYPES, POOL); }}",
        numbers(&alone),
        interface.name,
    );
    module(out, interface.name, &(rust(&both) + &tests))
}

/// The test of an interface whose file is not there.
fn missing(interface: &Interface) -> String {
    let Interface { name, folder, .. } = interface;
    format!(
        "mod {name} {{ #[test] fn exchange() {{
            crate::support::skip({name:?}, \"there is no {folder}/{name}.x\"); }} }}\n"
    )
}

fn model(interface: &Interface, sources: Vec<Source>) -> Model {
    let owned = |pairs: &[(&str, &str)]| -> Vec<(String, String)> {
        let pairs = pairs.iter();
        pairs
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect()
    };
    let options = ReadOptions {
        defines: owned(interface.defines),
        ..ReadOptions::default()
    };
    let tree = metadr_idl::read(sources, &options).unwrap_or_else(|errors| fail(&errors));
    let options = CheckOptions {
        externs: owned(interface.externs),
        ..CheckOptions::default()
    };
    metadr_idl::check(&tree, &options).unwrap_or_else(|errors| fail(&errors))
}

/// The names of the types of the first file.
fn types(model: &Model) -> Vec<String> {
    let sources: &SourceMap = &model.sources;
    let (first, _): (FileId, _) = sources.files().next().expect("a file was read");
    let of_first = |one: &&metadr_idl::model::TypeDefinition| {
        !one.is_anonymous && sources.file_of(one.span) == first
    };
    let types = model.types.iter().filter(of_first);
    types.map(|one| one.name.clone()).collect()
}

/// Numbers that mean something in the file: enumerators and labels of unions.
fn numbers(model: &Model) -> Vec<i32> {
    let mut numbers = BTreeSet::from([0, 1]);
    for definition in &model.types {
        match &definition.kind {
            TypeKind::Enumeration(list) => numbers.extend(list.iter().map(|one| one.value)),
            TypeKind::Union(one) => {
                // On the wire a label over `i32::MAX` is a negative number.
                numbers.extend(one.cases.iter().map(|case| case.value as i32));
            }
            TypeKind::Structure(_) | TypeKind::Alias(_) => {}
        }
    }
    numbers.into_iter().collect()
}

fn rust(model: &Model) -> String {
    let options = Options {
        arbitrary: true,
        serde: true,
        ..Options::default()
    };
    let code = metadr_idl::generate(model, &options);
    metadr_idl::format(&code.unwrap_or_else(|errors| fail(&errors)))
}

/// A module whose code is in a file of its own, where compiler errors show it.
fn module(out: &Path, name: &str, code: &str) -> String {
    write(&out.join(format!("{name}.rs")), code);
    format!("mod {name} {{ include!(concat!(env!(\"OUT_DIR\"), \"/{name}.rs\")); }}\n")
}

fn write(path: &Path, text: &str) {
    fs::write(path, text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
}

fn fail(errors: &Diagnostics) -> ! {
    eprintln!("{errors}");
    std::process::exit(1)
}
