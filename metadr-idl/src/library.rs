//! The files that a compilation reads: those that are given, and those that
//! they include or import.

use crate::{FileId, ReadOptions, Source, SourceMap};
use std::collections::{HashMap, HashSet};
use std::io;
use std::path::{Component, Path, PathBuf};

/// How many includes a compilation may have. Each of two files that include the
/// next two, and so on, would otherwise take time without end.
const MAX_INCLUDES: usize = 10_000;

/// Finds files, and remembers which have been read.
#[derive(Debug)]
pub(crate) struct Library<'a> {
    options: &'a ReadOptions,
    sources: SourceMap,
    /// The files by their paths, as far as they can be told apart by them.
    by_path: HashMap<PathBuf, FileId>,
    /// The files whose text is part of the tree.
    taken: HashSet<FileId>,
    includes: usize,
}

/// Why a file cannot be included or imported.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LibraryError {
    #[error("`{}` cannot be read: {error}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    #[error("the files include others more than {MAX_INCLUDES} times")]
    Includes,
}

impl<'a> Library<'a> {
    pub(crate) fn new(options: &'a ReadOptions) -> Self {
        Self {
            options,
            sources: SourceMap::default(),
            by_path: HashMap::new(),
            taken: HashSet::new(),
            includes: 0,
        }
    }

    pub(crate) fn options(&self) -> &'a ReadOptions {
        self.options
    }

    pub(crate) fn sources(&self) -> &SourceMap {
        &self.sources
    }

    pub(crate) fn into_sources(self) -> SourceMap {
        self.sources
    }

    /// Adds a file that is given.
    pub(crate) fn add(&mut self, source: Source) -> FileId {
        let path = plain(Path::new(source.name()));
        let file = self.sources.add(source);
        self.by_path.entry(path).or_insert(file);
        file
    }

    /// Whether the file's text is not part of the tree yet. It is from now on.
    pub(crate) fn take(&mut self, file: FileId) -> bool {
        self.taken.insert(file)
    }

    /// # Errors
    ///
    /// If there were too many.
    pub(crate) fn count_include(&mut self) -> Result<(), LibraryError> {
        self.includes += 1;
        if self.includes > MAX_INCLUDES {
            return Err(LibraryError::Includes);
        }
        Ok(())
    }

    /// The file that `from` means by `#include "name"`: beside it, or in a
    /// directory of the options.
    ///
    /// # Errors
    ///
    /// If it is there and cannot be read.
    pub(crate) fn find_included(
        &mut self,
        from: FileId,
        name: &str,
    ) -> Result<Option<FileId>, LibraryError> {
        self.find(from, &[Path::new(name)])
    }

    /// The `.x` file that the C header `name` stands for in `from`: with its
    /// whole path, or else by its name alone, each beside the file or in a
    /// directory of the options.
    ///
    /// # Errors
    ///
    /// If it is there and cannot be read.
    pub(crate) fn find_import(
        &mut self,
        from: FileId,
        name: &str,
    ) -> Result<Option<FileId>, LibraryError> {
        let path = Path::new(name).with_extension("x");
        match path.file_name() {
            None => Ok(None),
            Some(file) => self.find(from, &[&path, Path::new(file)]),
        }
    }

    fn find(&mut self, from: FileId, names: &[&Path]) -> Result<Option<FileId>, LibraryError> {
        let beside = Path::new(self.sources.source(from).name()).parent();
        let beside = beside.map(Path::to_owned).unwrap_or_default();
        let directories = std::iter::once(&beside).chain(&self.options.include);
        let mut paths = Vec::new();
        for directory in directories {
            paths.extend(names.iter().map(|name| directory.join(name)));
        }
        for path in paths {
            if let Some(file) = self.load(&path)? {
                return Ok(Some(file));
            }
        }
        Ok(None)
    }

    fn load(&mut self, path: &Path) -> Result<Option<FileId>, LibraryError> {
        let key = plain(path);
        if let Some(file) = self.by_path.get(&key) {
            return Ok(Some(*file));
        }
        match self.options.loader.load(path) {
            Ok(text) => {
                let source = Source::new(path.to_string_lossy(), text);
                let file = self.sources.add(source);
                self.by_path.insert(key, file);
                Ok(Some(file))
            }
            Err(error) if is_absence(&error) => Ok(None),
            Err(error) => Err(LibraryError::Read {
                path: path.to_owned(),
                error,
            }),
        }
    }
}

fn is_absence(error: &io::Error) -> bool {
    use io::ErrorKind::{IsADirectory, NotADirectory, NotFound};
    matches!(error.kind(), NotFound | NotADirectory | IsADirectory)
}

/// The path without `.` and, where it can be told, without `..`.
fn plain(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir
                if matches!(plain.components().next_back(), Some(Component::Normal(_))) =>
            {
                plain.pop();
            }
            other => plain.push(other),
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::InMemory;
    use std::sync::Arc;

    fn options(files: &[&str], include: &[&str]) -> ReadOptions {
        let files = files
            .iter()
            .map(|name| (PathBuf::from(name), String::new()));
        ReadOptions {
            include: include.iter().map(PathBuf::from).collect(),
            loader: Arc::new(InMemory(files.collect())),
            ..ReadOptions::default()
        }
    }

    #[test]
    fn files_are_looked_for_beside_the_one_that_names_them_and_then_where_the_options_say() {
        let options = options(
            &["a/b.x", "i/b.x", "i/c.x", "i/d/e.x", "a/f.x"],
            &["h", "i"],
        );
        let mut library = Library::new(&options);
        let from = library.add(Source::new("a/a.x", ""));
        let name = |library: &Library<'_>, file: Option<FileId>| {
            file.map(|file| library.sources().source(file).name().to_owned())
        };
        for (wanted, found) in [
            ("b.x", Some("a/b.x")),
            ("c.x", Some("i/c.x")),
            ("d/e.x", Some("i/d/e.x")),
            ("./../a/a.x", Some("a/a.x")),
            ("g.x", None),
        ] {
            let file = library.find_included(from, wanted).unwrap();
            assert_eq!(name(&library, file).as_deref(), found, "{wanted}");
        }
        for (header, found) in [
            ("b.h", Some("a/b.x")),
            ("d/e.hh", Some("i/d/e.x")),
            ("include/f.hh", Some("a/f.x")),
            ("g.h", None),
            ("..", None),
        ] {
            let file = library.find_import(from, header).unwrap();
            assert_eq!(name(&library, file).as_deref(), found, "{header}");
        }
        // Each was read once.
        assert_eq!(library.sources().files().count(), 5);
    }

    #[test]
    fn paths_that_lead_to_the_same_file_are_the_same() {
        assert_eq!(plain(Path::new("./a/./b/../c.x")), Path::new("a/c.x"));
        assert_eq!(plain(Path::new("../a/../../c.x")), Path::new("../../c.x"));
        assert_eq!(plain(Path::new("/a/../c.x")), Path::new("/c.x"));
    }
}
