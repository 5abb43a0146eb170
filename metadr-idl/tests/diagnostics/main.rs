//! What the checks say of files that are wrong: all of it at once, each with
//! its place, what was found and what was expected. Each case is named by the
//! mistake.

use metadr_idl::model::{ConstantValue, Item, Model, Type, TypeId, TypeKind};
use metadr_idl::source::InMemory;
use metadr_idl::{
    CheckOptions, Diagnostics, Options, ReadOptions, Severity, Source, ast::Tree, compile, lint,
    read,
};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

mod files;
mod meaning;
mod mistakes;

pub(crate) fn tree(text: &str) -> Tree {
    let tree = read(vec![Source::new("t.x", text)], &ReadOptions::default());
    tree.unwrap_or_else(|errors| panic!("{errors}"))
}

pub(crate) fn check(text: &str) -> Result<Model, Diagnostics> {
    metadr_idl::check(&tree(text), &CheckOptions::default())
}

/// What is found in each text, which must be something.
pub(crate) fn findings(cases: &[(&str, &str)]) -> String {
    let found = |text: &str| lint(&tree(text), &CheckOptions::default()).to_string();
    render(cases.iter().map(|(name, text)| (*name, *text, found(text))))
}

pub(crate) fn render<'a>(cases: impl Iterator<Item = (&'a str, &'a str, String)>) -> String {
    let render = |(name, text, found): (&str, &str, String)| {
        assert!(!found.is_empty(), "nothing was found in: {name}");
        format!("## {name}\n{}\n{found}\n", text.trim())
    };
    cases.map(render).collect::<Vec<_>>().join("\n")
}

/// The first file is given; it finds the others.
pub(crate) fn tree_of(files: &[(&str, &str)]) -> Tree {
    let known = files
        .iter()
        .map(|(name, text)| (PathBuf::from(name), (*text).to_owned()));
    let options = ReadOptions {
        loader: Arc::new(InMemory(known.collect())),
        ..ReadOptions::default()
    };
    let (name, text) = files[0];
    let tree = read(vec![Source::new(name, text)], &options);
    tree.unwrap_or_else(|errors| panic!("{errors}"))
}

/// The model of a text in which nothing is to be found.
pub(crate) fn passes(text: &str) -> Model {
    let model = check(text).unwrap_or_else(|errors| panic!("{errors}"));
    assert!(model.warnings.is_empty(), "{}", model.warnings);
    model
}

/// What the last type of the text stands for.
pub(crate) fn last_alias(text: &str) -> Type {
    let mut model = passes(text);
    match model.types.pop().map(|last| last.kind) {
        Some(TypeKind::Alias(ty)) => ty,
        other => panic!("{other:?}"),
    }
}

pub(crate) fn is_refused_if_pedantic(text: &str) -> bool {
    let pedantic = CheckOptions {
        pedantic: true,
        ..CheckOptions::default()
    };
    metadr_idl::check(&tree(text), &pedantic).is_err()
}
