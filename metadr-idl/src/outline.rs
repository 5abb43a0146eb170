//! A tree and a model as text for people: what `metadr-xdrc --emit tree` and
//! `--emit model` print, and what is good to compare between two versions of an
//! interface.

mod model;
mod tree;

/// Lines, indented by how deep they are.
#[derive(Default)]
struct Lines(String);

impl Lines {
    /// Adds a line after `margin`.
    fn add(&mut self, margin: &str, depth: usize, text: &str) {
        let line = format!("{margin}{:width$}{text}", "", width = 2 * depth);
        self.0.push_str(line.trim_end());
        self.0.push('\n');
    }
}

/// A bound as in the file: no number for what has none.
fn bound(limit: u32) -> String {
    if limit == u32::MAX {
        "<>".to_owned()
    } else {
        format!("<{limit}>")
    }
}
