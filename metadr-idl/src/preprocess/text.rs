//! The text that the grammar reads, and where each piece of it comes from.

use crate::Span;

/// What the preprocessor makes of a file and of those that it includes.
#[derive(Debug, Default)]
pub(crate) struct Text {
    /// Tokens and blanks. No comments, no `%` lines, no `#` lines.
    content: String,
    /// In the order of the content; together they cover it.
    segments: Vec<Segment>,
    /// The comments, in the order of the content.
    comments: Vec<Comment>,
}

/// A piece of the content, up to where the next one starts.
#[derive(Clone, Copy, Debug)]
struct Segment {
    /// Its first byte in the content.
    start: usize,
    /// What it was made of.
    source: Span,
    /// Whether it is the source's text, byte for byte. Otherwise it is what a
    /// macro stands for, and all of it comes from the macro's name.
    is_copy: bool,
}

/// A comment that was taken out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Comment {
    /// Where it stood in the content; there is a blank now.
    pub(crate) at: usize,
    /// Where it stands in the source, marks included.
    pub(crate) span: Span,
}

impl Text {
    /// What the grammar reads.
    pub(crate) fn content(&self) -> &str {
        &self.content
    }

    /// The comments, in the order of the content.
    pub(crate) fn comments(&self) -> &[Comment] {
        &self.comments
    }

    /// Appends a piece of a file as it is, found at `source`.
    pub(super) fn copy(&mut self, piece: &str, source: usize) {
        let start = self.content.len();
        let end = source + piece.len();
        self.content.push_str(piece);
        match self.segments.last_mut() {
            Some(last) if last.is_copy && last.source.end == source && last.is_flush(start) => {
                last.source.end = end;
            }
            _ => self.segments.push(Segment {
                start,
                source: Span::new(source, end),
                is_copy: true,
            }),
        }
    }

    /// Appends what the macro named at `source` stands for.
    pub(super) fn expand(&mut self, expansion: &str, source: Span) {
        self.segments.push(Segment {
            start: self.content.len(),
            source,
            is_copy: false,
        });
        self.content.push_str(expansion);
    }

    /// Takes a comment out: a blank stays.
    pub(super) fn comment(&mut self, span: Span) {
        let at = self.content.len();
        self.comments.push(Comment { at, span });
        self.copy(" ", span.start);
    }

    /// The place in the source of a range of the content. What spans several
    /// pieces begins where the first and ends where the last of them does.
    pub(crate) fn place(&self, range: std::ops::Range<usize>) -> Span {
        let start = self.piece(range.start);
        if range.is_empty() {
            return Span::new(start.start, start.start);
        }
        let end = self.piece(range.end - 1);
        // A range that runs into another file says where it begins.
        let end = if end.end > start.start {
            end.end
        } else {
            start.end
        };
        Span::new(start.start, end)
    }

    /// What a macro stands for at this offset of the content, and its name's
    /// place, if the text there comes from one. So it does right behind a macro
    /// that stands for nothing.
    pub(crate) fn expansion_at(&self, offset: usize) -> Option<(&str, Span)> {
        let last = self.index(offset)?;
        let mut end = match self.segments.get(last + 1) {
            Some(next) => next.start,
            None => self.content.len(),
        };
        for segment in self.segments[..=last].iter().rev() {
            let expansion = &self.content[segment.start..end];
            if !segment.is_copy && (expansion.is_empty() || offset < end) {
                return Some((expansion, segment.source));
            }
            if !self.content[segment.start..offset].trim().is_empty() {
                return None;
            }
            end = segment.start;
        }
        None
    }

    /// The source of one byte of the content.
    fn piece(&self, offset: usize) -> Span {
        let Some(index) = self.index(offset) else {
            return Span::default();
        };
        let Segment {
            start,
            source,
            is_copy,
        } = self.segments[index];
        if !is_copy {
            return source;
        }
        let at = (source.start + offset - start).min(source.end);
        Span::new(at, (at + 1).min(source.end))
    }

    fn index(&self, offset: usize) -> Option<usize> {
        let after = self.segments.partition_point(|one| one.start <= offset);
        after.checked_sub(1)
    }
}

impl Segment {
    /// Whether a copy ends at this offset of the content.
    fn is_flush(&self, end: usize) -> bool {
        self.start + (self.source.end - self.source.start) == end
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_those_of_the_source_through_copies_comments_and_expansions() {
        let mut text = Text::default();
        // In the source: `int /*c*/ SIZE;` from offset 100.
        text.copy("int", 100);
        text.copy(" ", 103);
        text.comment(Span::new(104, 109));
        text.copy(" ", 109);
        text.expand("4 + 4", Span::new(110, 114));
        text.copy(";", 114);
        assert_eq!(text.content(), "int   4 + 4;");
        assert_eq!(text.place(0..3), Span::new(100, 103));
        assert_eq!(text.place(6..7), Span::new(110, 114));
        assert_eq!(text.place(8..11), Span::new(110, 114));
        assert_eq!(text.place(11..12), Span::new(114, 115));
        assert_eq!(text.place(0..12), Span::new(100, 115));
        assert_eq!(text.place(12..12), Span::new(115, 115));
        assert_eq!(text.comments().len(), 1);
        assert_eq!(text.expansion_at(10), Some(("4 + 4", Span::new(110, 114))));
        assert_eq!(text.expansion_at(11), None);
        assert_eq!(text.expansion_at(0), None);
    }

    #[test]
    fn a_macro_that_stands_for_nothing_is_found_right_behind_it() {
        let mut text = Text::default();
        text.copy("a ", 0);
        text.expand("", Span::new(2, 5));
        text.copy(" { b", 5);
        assert_eq!(text.expansion_at(3), Some(("", Span::new(2, 5))));
        assert_eq!(text.expansion_at(5), None);
        assert_eq!(text.expansion_at(0), None);
    }

    #[test]
    fn what_runs_into_another_file_is_where_it_begins() {
        let mut text = Text::default();
        text.copy("struct", 500);
        text.copy(" a", 0);
        assert_eq!(text.place(0..8), Span::new(500, 501));
    }
}
