//! The text of a script.

use std::fmt::{self, Display, Formatter};

/// What stands between commands and what came of them.
const RULE: &str = "----";

/// A script, from which its text can be made again.
pub(crate) struct Script {
    pub(crate) parts: Vec<Part>,
}

pub(crate) enum Part {
    /// A comment or an empty line.
    Prose(String),
    Block(Block),
}

/// Commands, and what comes of all of them together.
pub(crate) struct Block {
    /// Where it begins, from 1.
    pub(crate) line: usize,
    pub(crate) commands: Vec<String>,
    pub(crate) expected: String,
}

impl Script {
    pub(crate) fn parse(text: &str) -> Self {
        let mut parts = Vec::new();
        let mut lines = text.lines().enumerate().peekable();
        while let Some((index, line)) = lines.next() {
            if line.is_empty() || line.starts_with('#') {
                parts.push(Part::Prose(line.to_owned()));
                continue;
            }
            let mut commands = vec![line.to_owned()];
            for (_, line) in lines.by_ref().take_while(|(_, line)| *line != RULE) {
                assert!(!line.is_empty(), "line {}: no {RULE} follows", index + 1);
                commands.push(line.to_owned());
            }
            let mut expected = String::new();
            while let Some((_, line)) = lines.next_if(|(_, line)| !line.is_empty()) {
                expected += line;
                expected.push('\n');
            }
            parts.push(Part::Block(Block {
                line: index + 1,
                commands,
                expected,
            }));
        }
        Self { parts }
    }
}

impl Display for Script {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        for part in &self.parts {
            match part {
                Part::Prose(line) => writeln!(f, "{line}")?,
                Part::Block(block) => {
                    for command in &block.commands {
                        writeln!(f, "{command}")?;
                    }
                    write!(f, "{RULE}\n{}", block.expected)?;
                }
            }
        }
        Ok(())
    }
}
