//! The command line.

use std::str::FromStr;

pub(crate) const USAGE: &str = "usage: metadr-vr-mutants [--count N] [--draw N] [--only TEXT] \
    [--seeds A..B] [--score PERCENT] [--list]

Changes one operator at a time in metadr-vr, and tells which changes its tests
and simulator do not notice.

  --count N        how many sites are drawn (150)
  --draw N         which ones (1)
  --only TEXT      all sites whose line in the list contains TEXT, instead
  --seeds A..B     what the simulator runs, of 5,000 ticks each (0..64)
  --score PERCENT  fails if fewer are noticed (95)
  --list           only lists the sites";

pub(crate) struct Arguments {
    pub(crate) count: usize,
    pub(crate) draw: u64,
    pub(crate) only: Option<String>,
    pub(crate) seeds: String,
    pub(crate) score: u32,
    pub(crate) lists: bool,
}

impl Arguments {
    /// `None` if help is wanted.
    pub(crate) fn parse(mut words: impl Iterator<Item = String>) -> Result<Option<Self>, String> {
        let mut arguments = Self {
            count: 150,
            draw: 1,
            only: None,
            seeds: "0..64".to_owned(),
            score: 95,
            lists: false,
        };
        while let Some(word) = words.next() {
            match word.as_str() {
                "--help" | "-h" => return Ok(None),
                "--list" => {
                    arguments.lists = true;
                    continue;
                }
                _ => {}
            }
            let value = words
                .next()
                .ok_or_else(|| format!("option {word} needs a value"))?;
            match word.as_str() {
                "--count" => arguments.count = number(&word, &value)?,
                "--draw" => arguments.draw = number(&word, &value)?,
                "--only" => arguments.only = Some(value),
                "--seeds" => arguments.seeds = value,
                "--score" => arguments.score = number(&word, &value)?,
                _ => return Err(format!("unknown option {word}")),
            }
        }
        Ok(Some(arguments))
    }
}

fn number<T: FromStr>(option: &str, text: &str) -> Result<T, String> {
    text.parse()
        .map_err(|_| format!("{option} wants a number, found {text}"))
}
