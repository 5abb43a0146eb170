//! Text to tree, by the grammar in `grammar.pest`.

mod docs;
mod expected;
mod hints;
mod recovery;
mod types;
mod walk;

use crate::ast::Definition;
use crate::preprocess::Text;
use crate::{Diagnostic, FileId, SourceMap};
use pest::Parser as _;
use pest::error::InputLocation;
use recovery::Extents;
use walk::Walk;

/// The parser that pest makes of the grammar.
#[derive(pest_derive::Parser)]
#[grammar = "grammar.pest"]
pub(crate) struct Grammar;

/// How many syntax errors of one file are reported.
const MAX_ERRORS: usize = 20;

/// What is in a file.
#[derive(Debug, Default)]
pub(crate) struct Parsed {
    /// What it defines, in order. Nothing, if there is an error.
    pub(crate) definitions: Vec<Definition>,
    /// What there is to say about it.
    pub(crate) found: Vec<Diagnostic>,
}

/// Parses the text of a file. In each definition the first error is reported.
pub(crate) fn parse(sources: &SourceMap, file: FileId, text: &Text) -> Parsed {
    let content = text.content();
    if let Some(brace) = recovery::too_deep(content) {
        let message = format!("braces nest more than {} deep here", recovery::MAX_DEPTH);
        let place = text.place(brace..brace + 1);
        return Parsed {
            found: vec![Diagnostic::error(sources, place, message)],
            ..Parsed::default()
        };
    }
    match Grammar::parse(Rule::file, content) {
        Ok(mut pairs) => {
            let root = pairs.next().expect("the grammar yields one file");
            Walk::new(sources, text, &root).file(root)
        }
        Err(error) => Parsed {
            found: errors(sources, file, text, &error),
            ..Parsed::default()
        },
    }
}

/// The error of each definition. After each one, its definition is blanked out
/// and the rest parsed again.
fn errors(
    sources: &SourceMap,
    file: FileId,
    text: &Text,
    first: &pest::error::Error<Rule>,
) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    let mut content = text.content().to_owned();
    let mut next = Some(first.clone());
    while let Some(error) = next {
        let offset = match error.location {
            InputLocation::Pos(offset) | InputLocation::Span((offset, _)) => offset,
        };
        let extents = Extents::new(&content);
        let broken = match extents.open_before(offset) {
            Some(open) => {
                found.push(expected::no_end(sources, text, &content, &open));
                open
            }
            None => {
                found.push(expected::diagnostic(sources, file, text, &content, &error));
                match extents.around(offset) {
                    Some(around) => around,
                    None => break,
                }
            }
        };
        if found.len() == MAX_ERRORS {
            break;
        }
        let blanks = " ".repeat(broken.len());
        content.replace_range(broken, &blanks);
        next = Grammar::parse(Rule::file, &content).err();
    }
    found
}
