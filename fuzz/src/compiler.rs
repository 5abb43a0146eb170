//! The stages of the compiler: none of them may panic, and each takes what the
//! one before it lets through.

use crate::language::Files;
use metadr_idl::ast::Tree;
use metadr_idl::model::Model;
use metadr_idl::{CheckOptions, Diagnostic, Diagnostics, Options, Strings};

/// The preprocessor and the grammar.
pub fn read(data: &[u8]) {
    tree(data);
}

/// The checks: names, numbers, types, recursion.
pub fn check(data: &[u8]) {
    let Some(tree) = tree(data) else { return };
    for pedantic in [true, false] {
        if let Some(model) = model(&tree, pedantic) {
            assert!(!metadr_idl::json(&model).is_empty());
        }
    }
    // Names of C headers are no errors then, and what leans on them is left.
    let options = CheckOptions {
        assume_headers: true,
        ..CheckOptions::default()
    };
    let found = metadr_idl::lint(&tree, &options);
    assert!(found.iter().all(|one| !one.to_string().is_empty()));
}

/// Rust: whatever passes the checks becomes Rust that can be parsed.
pub fn generate(data: &[u8]) {
    let Some(model) = tree(data).and_then(|tree| model(&tree, false)) else {
        return;
    };
    let variants = [
        Options::default(),
        Options {
            strings: Strings::Bytes,
            arbitrary: true,
            serde: true,
            ..Options::default()
        },
    ];
    for options in variants {
        match metadr_idl::generate(&model, &options) {
            // This panics if it cannot be parsed.
            Ok(code) => drop(metadr_idl::format(&code)),
            Err(errors) => look_at(&errors),
        }
    }
}

fn tree(data: &[u8]) -> Option<Tree> {
    let Files { given, options } = Files::new(data);
    match metadr_idl::read(vec![given], &options) {
        Ok(tree) => Some(tree),
        Err(errors) => {
            look_at(&errors);
            None
        }
    }
}

fn model(tree: &Tree, pedantic: bool) -> Option<Model> {
    let options = CheckOptions {
        pedantic,
        externs: vec![("name20".to_owned(), "elsewhere::Name".to_owned())],
        ..CheckOptions::default()
    };
    match metadr_idl::check(tree, &options) {
        Ok(model) => Some(model),
        Err(errors) => {
            look_at(&errors);
            None
        }
    }
}

/// A refusal says something, for a place that can be shown.
fn look_at(errors: &Diagnostics) {
    assert!(errors.has_errors(), "{errors}");
    assert!(errors.iter().all(|one| !one.message().is_empty()));
    assert!(!errors.to_string().is_empty());
    let places: Vec<_> = errors.iter().map(Diagnostic::span).collect();
    assert!(places.is_sorted(), "{errors}");
}
