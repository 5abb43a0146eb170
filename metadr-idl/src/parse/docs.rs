//! Comments of the file as documentation of the generated code.

use super::walk::Node;
use crate::SourceMap;
use crate::preprocess::{Comment, Text};

/// Finds the comment that belongs to a node of the tree.
pub(super) struct Docs<'a> {
    sources: &'a SourceMap,
    /// What the grammar has read: a blank where each comment was.
    content: &'a str,
    comments: &'a [Comment],
}

impl<'a> Docs<'a> {
    pub(super) fn new(sources: &'a SourceMap, text: &'a Text) -> Self {
        Self {
            sources,
            content: text.content(),
            comments: text.comments(),
        }
    }

    /// The comment right above the node: nothing but blanks and at most one
    /// line end lie between.
    pub(super) fn before(&self, node: &Node<'_>) -> Vec<String> {
        let mut edge = node.as_span().start();
        let last = self.comments.partition_point(|comment| comment.at < edge);
        let mut first = last;
        while let Some(comment) = first.checked_sub(1).map(|index| self.comments[index]) {
            let gap = &self.content[comment.at..edge];
            if !gap.trim().is_empty() || gap.matches('\n').count() > 1 {
                break;
            }
            if self.trails_another_node(comment) {
                break;
            }
            edge = comment.at;
            first -= 1;
        }
        let comments = &self.comments[first..last];
        comments.iter().flat_map(|one| self.lines(*one)).collect()
    }

    /// The comment above the node, or else the one behind it on its line.
    pub(super) fn around(&self, node: &Node<'_>) -> Vec<String> {
        let before = self.before(node);
        if !before.is_empty() {
            return before;
        }
        // A rule that ends with an optional part takes the blanks before it.
        let end = node.as_span().start() + node.as_str().trim_end().len();
        let index = self.comments.partition_point(|comment| comment.at < end);
        match self.comments.get(index) {
            Some(comment) if is_only_separators(&self.content[end..comment.at]) => {
                self.lines(*comment)
            }
            _ => Vec::new(),
        }
    }

    fn lines(&self, comment: Comment) -> Vec<String> {
        text_lines(self.sources.text(comment.span))
    }

    /// Whether something other than blanks stands before the comment on its line.
    fn trails_another_node(&self, comment: Comment) -> bool {
        // Not the whole line is looked at, as a line may be long.
        let before = self.content[..comment.at].trim_end_matches([' ', '\t', '\r']);
        !before.is_empty() && !before.ends_with('\n')
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
    use crate::ast::DefinitionKind;
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

    /// The comments of what is in the first definition.
    fn docs_within(text: &str) -> Vec<Vec<String>> {
        let source = Source::new("t.x", text);
        let mut tree = read(vec![source], &ReadOptions::default()).unwrap();
        match tree.files.remove(0).definitions.remove(0).kind {
            DefinitionKind::Enumeration(all) => all.into_iter().map(|one| one.docs).collect(),
            DefinitionKind::Structure(all) => all.into_iter().map(|one| one.docs).collect(),
            DefinitionKind::Union(union) => union.arms.into_iter().map(|arm| arm.docs).collect(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_comment_behind_a_part_documents_it_if_there_is_none_above() {
        let text = "enum e {\n A, /* a */\n B = 1 /* b */,\n /* c */ C,\n /* d */\n D, /* no */\n E /* e */\n};";
        assert_eq!(docs_within(text), [["a"], ["b"], ["c"], ["d"], ["e"]]);
        let text = "struct s {\n int a; // a\n int b<>;;\t/* b */\n int c;\n // d\n int d;\n};";
        assert_eq!(docs_within(text), [vec!["a"], vec!["b"], vec![], vec!["d"]]);
        let text = "union u switch (int d) {\n // a\n case 1: int a;\n default: void; /* b */ };";
        assert_eq!(docs_within(text), [["a"], ["b"]]);
    }

    #[test]
    fn comments_are_found_beside_macros_and_lines_that_are_taken_out() {
        let text = "#define FIELD int a;\nstruct s {\n/* a */\nFIELD /* no */\n\
                    /* not b */\n%what\nint b;\n#if 0\n/* not c */\n#endif\nint c;\n};";
        assert_eq!(docs_within(text), [vec!["a"], vec![], vec![]]);
        let text = "#define N 4\nstruct s {\n int a[N]; /* a */\n /* b */ int b[N]; };";
        assert_eq!(docs_within(text), [["a"], ["b"]]);
    }
}
