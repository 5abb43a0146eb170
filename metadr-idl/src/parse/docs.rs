//! Comments of the file as documentation of the generated code.

use super::Node;
use crate::Span;
use crate::scan::Scanned;

/// Finds the comment that belongs to a node of the tree.
pub(super) struct Docs<'a> {
    text: &'a str,
    comments: &'a [Span],
}

impl<'a> Docs<'a> {
    pub(super) fn new(scanned: &'a Scanned) -> Self {
        Self {
            text: &scanned.text,
            comments: &scanned.comments,
        }
    }

    /// The comment right above the node: nothing but blanks and at most one
    /// line end lie between.
    pub(super) fn before(&self, node: &Node<'_>) -> Vec<String> {
        let mut lines = Vec::new();
        let mut edge = node.as_span().start();
        let mut index = self.comments.partition_point(|span| span.start < edge);
        while let Some(span) = index.checked_sub(1).map(|last| self.comments[last]) {
            let gap = &self.text[span.end..edge];
            if !gap.trim().is_empty() || gap.matches('\n').count() > 1 {
                break;
            }
            if self.trails_another_node(span) {
                break;
            }
            lines.splice(0..0, text_lines(&self.text[span.start..span.end]));
            edge = span.start;
            index -= 1;
        }
        lines
    }

    /// The comment above the node, or else the one behind it on its line.
    pub(super) fn around(&self, node: &Node<'_>) -> Vec<String> {
        let before = self.before(node);
        if !before.is_empty() {
            return before;
        }
        let end = node.as_span().end();
        let index = self.comments.partition_point(|span| span.start < end);
        match self.comments.get(index) {
            Some(span) if is_only_separators(&self.text[end..span.start]) => {
                text_lines(&self.text[span.start..span.end])
            }
            _ => Vec::new(),
        }
    }

    /// Whether something other than blanks stands before the comment on its line.
    fn trails_another_node(&self, comment: Span) -> bool {
        let before = &self.text[..comment.start];
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        !before[line_start..].trim().is_empty()
    }
}

fn is_only_separators(gap: &str) -> bool {
    gap.chars()
        .all(|character| matches!(character, ' ' | '\t' | ',' | ';'))
}

/// The text of a comment without its marks, without empty lines around it.
fn text_lines(comment: &str) -> Vec<String> {
    let body = comment
        .strip_prefix("//")
        .or_else(|| comment.strip_prefix("/*"))
        .unwrap_or(comment);
    let body = body.strip_suffix("*/").unwrap_or(body);
    let mut lines: Vec<String> = body.lines().map(text_line).collect();
    while lines.last().is_some_and(String::is_empty) {
        lines.pop();
    }
    let first = lines.iter().position(|line| !line.is_empty());
    lines.split_off(first.unwrap_or(lines.len()))
}

fn text_line(line: &str) -> String {
    let line = line.trim();
    let line = line.trim_start_matches(['*', '/']);
    line.trim().to_owned()
}

#[cfg(test)]
mod tests {
    use crate::{ReadOptions, Source, read};

    fn docs_of(text: &str) -> Vec<Vec<String>> {
        let source = Source::new("t.x", text);
        let mut tree = read(vec![source], &ReadOptions::default()).unwrap();
        tree.files
            .remove(0)
            .definitions
            .into_iter()
            .map(|def| def.docs)
            .collect()
    }

    #[test]
    fn the_comment_right_above_documents_a_definition() {
        assert_eq!(
            docs_of("/* One\n * two. */\nconst A = 1;"),
            [["One", "two."]]
        );
        assert_eq!(docs_of("// One\n// two.\nconst A = 1;"), [["One", "two."]]);
    }

    #[test]
    fn a_comment_further_up_or_behind_another_definition_does_not() {
        assert_eq!(docs_of("/* file */\n\nconst A = 1;"), [[""; 0]]);
        let both = docs_of("const A = 1; // of A\nconst B = 2;");
        assert_eq!(both, [[""; 0], [""; 0]]);
    }
}
