//! The files of one compilation and places in them.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::{fmt, io};

/// A file: the name that diagnostics show, and the text.
#[derive(Clone, Debug)]
pub struct Source {
    name: String,
    text: Arc<str>,
}

impl Source {
    /// A file with this name, which need not exist, and text.
    ///
    /// What the file includes is looked for beside it, so the name is its path
    /// where there is one.
    pub fn new(name: impl Into<String>, text: impl Into<Arc<str>>) -> Self {
        Self {
            name: name.into(),
            text: text.into(),
        }
    }

    /// The name that diagnostics show.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The whole text.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The whole text, to be held while the map that the file is in grows.
    pub(crate) fn shared_text(&self) -> Arc<str> {
        Arc::clone(&self.text)
    }

    /// The file's name without folders and without `.x`.
    #[must_use]
    pub fn stem(&self) -> &str {
        let file = self.name.rsplit(['/', '\\']).next().unwrap_or(&self.name);
        file.strip_suffix(".x").unwrap_or(file)
    }
}

/// The longest line that is shown.
const MAX_LINE: usize = 4096;

/// A range of bytes in one of the files of a [`SourceMap`].
///
/// Offsets count through all files of the map, so that a span says by itself
/// which file it is in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    /// The first byte.
    pub start: usize,
    /// The byte after the last.
    pub end: usize,
}

impl Span {
    /// The bytes from `start` up to `end`.
    #[must_use]
    pub fn new(start: usize, end: usize) -> Self {
        Self { start, end }
    }
}

/// Which file of a [`SourceMap`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileId(usize);

/// Every file that a compilation has read, those that others include or
/// import among them.
#[derive(Clone, Debug, Default)]
pub struct SourceMap {
    files: Vec<Entry>,
}

#[derive(Clone, Debug)]
struct Entry {
    source: Source,
    /// The offset of its first byte among all files.
    start: usize,
    /// Where its lines start, from its own first byte.
    lines: Vec<usize>,
}

/// A place for people.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Location<'a> {
    /// The name of the file.
    pub file: &'a str,
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
    /// The whole line, without its end. Empty if it is longer than anyone would
    /// read, 4096 bytes.
    pub text: &'a str,
}

impl SourceMap {
    /// Adds a file.
    pub fn add(&mut self, source: Source) -> FileId {
        // One byte lies between files, so that the end of one is not the start
        // of the next.
        let start = (self.files.last()).map_or(0, |last| last.start + last.source.text.len() + 1);
        let newlines = source.text.match_indices('\n').map(|(at, _)| at + 1);
        // A byte order mark is no character of the first line.
        let mark = if source.text.starts_with('\u{feff}') {
            3
        } else {
            0
        };
        let lines = std::iter::once(mark).chain(newlines).collect();
        self.files.push(Entry {
            source,
            start,
            lines,
        });
        FileId(self.files.len() - 1)
    }

    /// A file of the map.
    #[must_use]
    pub fn source(&self, file: FileId) -> &Source {
        &self.files[file.0].source
    }

    /// All files, in the order in which they were read.
    pub fn files(&self) -> impl Iterator<Item = (FileId, &Source)> {
        let entries = self.files.iter().enumerate();
        entries.map(|(index, entry)| (FileId(index), &entry.source))
    }

    /// The span of a whole file's text.
    #[must_use]
    pub fn span(&self, file: FileId) -> Span {
        let Entry { source, start, .. } = &self.files[file.0];
        Span::new(*start, start + source.text.len())
    }

    /// The file that a span lies in.
    ///
    /// # Panics
    ///
    /// If the map is empty.
    #[must_use]
    pub fn file_of(&self, span: Span) -> FileId {
        let after = self.files.partition_point(|one| one.start <= span.start);
        FileId(after - 1)
    }

    /// Where a span starts.
    ///
    /// # Panics
    ///
    /// If the map is empty.
    #[must_use]
    pub fn locate(&self, span: Span) -> Location<'_> {
        let Entry {
            source,
            start,
            lines,
        } = &self.files[self.file_of(span).0];
        let offset = (span.start - start).clamp(lines[0], source.text.len());
        let line = lines.partition_point(|line| *line <= offset);
        let line_start = lines[line - 1];
        let line_end = lines.get(line).map_or(source.text.len(), |next| next - 1);
        let text = match line_end - line_start {
            0..=MAX_LINE => &source.text[line_start..line_end],
            _ => "",
        };
        Location {
            file: &source.name,
            line,
            column: source.text[line_start..offset].chars().count() + 1,
            text: text.strip_suffix('\r').unwrap_or(text),
        }
    }

    /// The file and the line that a span starts in, without a look at the line.
    pub(crate) fn line_of(&self, span: Span) -> (&str, usize) {
        let Entry {
            source,
            start,
            lines,
        } = &self.files[self.file_of(span).0];
        let offset = (span.start - start).clamp(lines[0], source.text.len());
        let line = lines.partition_point(|line| *line <= offset);
        (&source.name, line)
    }

    /// The text of a span.
    ///
    /// # Panics
    ///
    /// If the map is empty.
    #[must_use]
    pub fn text(&self, span: Span) -> &str {
        let Entry { source, start, .. } = &self.files[self.file_of(span).0];
        let text = &source.text;
        &text[(span.start - start).min(text.len())..(span.end - start).min(text.len())]
    }
}

/// Reads the files that other files include or import.
pub trait Loader: fmt::Debug {
    /// The text of the file at `path`.
    ///
    /// # Errors
    ///
    /// [`io::ErrorKind::NotFound`] if there is none, which sends the search on
    /// to the next directory; any other error ends it.
    fn load(&self, path: &Path) -> io::Result<String>;
}

/// Reads from the file system.
///
/// Old files have comments that are not UTF-8. Such bytes become U+FFFD, which
/// is an error anywhere but in comments and `%` lines.
#[derive(Clone, Copy, Debug, Default)]
pub struct Disk;

impl Loader for Disk {
    fn load(&self, path: &Path) -> io::Result<String> {
        let bytes = std::fs::read(path)?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }
}

/// Knows these files, by path, and no others. For tests and for texts that do
/// not come from files.
#[derive(Clone, Debug, Default)]
pub struct InMemory(pub std::collections::BTreeMap<PathBuf, String>);

impl Loader for InMemory {
    fn load(&self, path: &Path) -> io::Result<String> {
        let known = self.0.get(path).cloned();
        known.ok_or_else(|| io::ErrorKind::NotFound.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_count_characters_and_lines_from_one() {
        let mut map = SourceMap::default();
        let first = map.add(Source::new("dir/a.x", "é;\nab\r\n"));
        let second = map.add(Source::new("b.x", "c"));
        let place = |offset| {
            let location = map.locate(Span::new(offset, offset));
            (location.file, location.line, location.column, location.text)
        };
        assert_eq!(place(0), ("dir/a.x", 1, 1, "é;"));
        assert_eq!(place(2), ("dir/a.x", 1, 2, "é;"));
        assert_eq!(place(5), ("dir/a.x", 2, 2, "ab"));
        assert_eq!(place(8), ("dir/a.x", 3, 1, ""));
        assert_eq!(place(9), ("b.x", 1, 1, "c"));
        assert_eq!(place(99), ("b.x", 1, 2, "c"));
        assert_eq!(map.source(first).stem(), "a");
        assert_eq!(map.text(map.span(second)), "c");
    }

    #[test]
    fn a_line_that_nobody_would_read_is_not_shown() {
        let mut map = SourceMap::default();
        map.add(Source::new("a.x", "x".repeat(MAX_LINE + 1) + "\ny"));
        let location = map.locate(Span::new(7, 7));
        assert_eq!((location.line, location.column, location.text), (1, 8, ""));
        assert_eq!(map.locate(Span::new(MAX_LINE + 2, MAX_LINE + 2)).text, "y");
    }

    #[test]
    fn a_byte_order_mark_is_no_character_of_the_line() {
        let mut map = SourceMap::default();
        map.add(Source::new("a.x", "\u{feff}ab\nc"));
        let place = |offset| {
            let location = map.locate(Span::new(offset, offset));
            (location.line, location.column, location.text)
        };
        assert_eq!(place(0), (1, 1, "ab"));
        assert_eq!(place(4), (1, 2, "ab"));
        assert_eq!(place(6), (2, 1, "c"));
    }

    #[test]
    fn files_that_are_not_utf_8_can_be_read() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), b"/* \xe9 */").unwrap();
        assert_eq!(Disk.load(file.path()).unwrap(), "/* \u{fffd} */");
    }
}
