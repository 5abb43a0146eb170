//! Files to a tree: each preprocessed and parsed, and with it those that it
//! imports.

use crate::ast::{File, Import, Tree};
use crate::library::Library;
use crate::preprocess::preprocess;
use crate::{Diagnostic, Diagnostics, FileId, ReadOptions, Severity, Source, parse};
use std::collections::HashSet;
use std::sync::Arc;

/// # Errors
///
/// What is not of the language, in all files.
pub(crate) fn read(sources: Vec<Source>, options: &ReadOptions) -> Result<Tree, Diagnostics> {
    let mut library = Library::new(options);
    let given: Vec<FileId> = (sources.into_iter())
        .map(|source| library.add(source))
        .collect();
    let mut reader = Reader {
        library,
        given: given.iter().copied().collect(),
        files: Vec::new(),
        found: Vec::new(),
    };
    for file in given {
        reader.file_and_imports(file);
    }
    let Reader {
        library,
        files,
        mut found,
        ..
    } = reader;
    if found.iter().any(|one| one.severity() == Severity::Error) {
        found.retain(|one| one.severity() != Severity::Deviation);
        return Err(Diagnostics::from_found(found));
    }
    Ok(Tree {
        sources: Arc::new(library.into_sources()),
        files,
        deviations: found,
    })
}

struct Reader<'a> {
    library: Library<'a>,
    given: HashSet<FileId>,
    files: Vec<File>,
    found: Vec<Diagnostic>,
}

/// A file whose imports are not all read yet.
struct Pending {
    file: File,
    /// Those that are left, the next one last.
    imports: Vec<FileId>,
}

impl Reader<'_> {
    /// Reads a file and those that it imports, directly or not, each after
    /// those that it imports itself.
    fn file_and_imports(&mut self, file: FileId) {
        let mut pending: Vec<Pending> = self.file(file).into_iter().collect();
        while let Some(last) = pending.last_mut() {
            match last.imports.pop() {
                Some(import) => pending.extend(self.file(import)),
                None => self.files.extend(pending.pop().map(|last| last.file)),
            }
        }
    }

    /// Reads one file; `None` if it is part of the tree already.
    fn file(&mut self, id: FileId) -> Option<Pending> {
        if !self.library.take(id) {
            return None;
        }
        let preprocessed = preprocess(&mut self.library, id);
        let imports = preprocessed.headers.iter().map(|(header, span)| {
            let from = self.library.sources().file_of(*span);
            let file = self
                .library
                .find_import(from, header)
                .unwrap_or_else(|error| {
                    let sources = self.library.sources();
                    let message = error.to_string();
                    self.found.push(Diagnostic::error(sources, *span, message));
                    None
                });
            Import {
                header: header.clone(),
                span: *span,
                file,
            }
        });
        let imports: Vec<Import> = imports.collect();
        let sources = self.library.sources();
        let is_sound = !preprocessed
            .found
            .iter()
            .any(|one| one.severity() == Severity::Error);
        self.found.extend(preprocessed.found);
        let mut definitions = Vec::new();
        if is_sound {
            let mut parsed = parse::parse(sources, id, &preprocessed.text);
            definitions = parsed.definitions;
            self.found.append(&mut parsed.found);
        }
        Some(Pending {
            imports: imports
                .iter()
                .rev()
                .filter_map(|import| import.file)
                .collect(),
            file: File {
                id,
                is_given: self.given.contains(&id),
                definitions,
                passthrough: preprocessed.passthrough,
                imports,
                defines: preprocessed.defines,
            },
        })
    }
}
