//! How soon the simulator finds the known defects: a table of one line each,
//! which is made by a search and then replayed.

use super::{Failure, SimOptions, run};
use crate::bugs::Bug;
use std::str::FromStr;

/// How many events a search may take over all of its runs.
pub const MOST_EVENTS: u64 = 10_000_000;

/// The runs of a search: short ones first, as most defects show at once, and a
/// run that finds one early is quick to replay. Each length has its share of
/// the events.
const LENGTHS: [(u64, u64); 3] = [(300, 1_000_000), (3_000, 5_000_000), (20_000, MOST_EVENTS)];

/// How a defect was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Detection {
    /// The defect.
    pub bug: Bug,
    /// The run that found it.
    pub seed: u64,
    /// The length of that run.
    pub ticks: u64,
    /// The invariant that it broke.
    pub invariant: String,
    /// After how many events of that run.
    pub events: u64,
    /// The events of all runs of the search together.
    pub total: u64,
}

impl Detection {
    /// Searches for a defect, seed after seed. `None` if [`MOST_EVENTS`] do not
    /// show it.
    #[must_use]
    pub fn search(bug: Bug) -> Option<Self> {
        let mut total = 0;
        for (ticks, most) in LENGTHS {
            for seed in 0.. {
                if total >= most {
                    break;
                }
                let options = SimOptions {
                    ticks,
                    bug: Some(bug),
                    ..SimOptions::new(seed)
                };
                match run(options) {
                    Ok(report) => total += report.events,
                    Err(failure) => return Some(Self::of(bug, &failure, total)),
                }
            }
        }
        None
    }

    fn of(bug: Bug, failure: &Failure, before: u64) -> Self {
        Self {
            bug,
            seed: failure.options.seed,
            ticks: failure.options.ticks,
            invariant: failure.violation.invariant.to_owned(),
            events: failure.events,
            total: before + failure.events,
        }
    }

    /// The run that found it.
    #[must_use]
    pub fn options(&self) -> SimOptions {
        SimOptions {
            ticks: self.ticks,
            bug: Some(self.bug),
            ..SimOptions::new(self.seed)
        }
    }
}

/// A line of the table.
impl std::fmt::Display for Detection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "{:<12} {:>5} {:>6} {:>9} {:>7} {:>8}",
            self.bug.name(),
            self.seed,
            self.ticks,
            self.invariant,
            self.events,
            self.total
        )
    }
}

impl FromStr for Detection {
    type Err = String;

    fn from_str(line: &str) -> Result<Self, String> {
        let words: Vec<&str> = line.split_whitespace().collect();
        let [bug, seed, ticks, invariant, events, total] = words[..] else {
            return Err(format!("`{line}` has not six columns"));
        };
        let number = |word: &str| word.parse().map_err(|_| format!("`{word}` is no number"));
        Ok(Self {
            bug: bug.parse()?,
            seed: number(seed)?,
            ticks: number(ticks)?,
            invariant: invariant.to_owned(),
            events: number(events)?,
            total: number(total)?,
        })
    }
}

/// What a run comes to: equal in debug and release, on every platform.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trace {
    /// The run, of [`Trace::TICKS`].
    pub seed: u64,
    /// [`Report::trace`](super::Report::trace).
    pub hash: u64,
}

impl Trace {
    /// The runs of the table.
    pub const SEEDS: [u64; 3] = [1, 2, 3];

    /// The length of these runs.
    pub const TICKS: u64 = 300;

    /// Runs a seed.
    ///
    /// # Errors
    ///
    /// The run does not hold.
    pub fn of(seed: u64) -> Result<Self, String> {
        let options = SimOptions {
            ticks: Self::TICKS,
            ..SimOptions::new(seed)
        };
        match run(options) {
            Ok(report) => Ok(Self {
                seed,
                hash: report.trace,
            }),
            Err(failure) => Err(format!("seed {seed}: {}", failure.violation)),
        }
    }
}

/// A line of the table.
impl std::fmt::Display for Trace {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { seed, hash } = self;
        write!(f, "trace {seed} {hash:016x}")
    }
}

impl FromStr for Trace {
    type Err = String;

    fn from_str(line: &str) -> Result<Self, String> {
        let wrong = || format!("`{line}` is no trace");
        let words: Vec<&str> = line.split_whitespace().collect();
        let ["trace", seed, hash] = words[..] else {
            return Err(wrong());
        };
        Ok(Self {
            seed: seed.parse().map_err(|_| wrong())?,
            hash: u64::from_str_radix(hash, 16).map_err(|_| wrong())?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_says_all_of_a_detection() {
        let detection = Detection {
            bug: Bug::P22,
            seed: 7,
            ticks: 300,
            invariant: "S13".to_owned(),
            events: 49,
            total: 12_345,
        };
        assert_eq!(detection.to_string().parse(), Ok(detection));
        assert!("P22 7 300 S13 49".parse::<Detection>().is_err());
        assert!("P0 7 300 S13 49 50".parse::<Detection>().is_err());
        assert!("P22 7 300 S13 49 many".parse::<Detection>().is_err());
    }

    #[test]
    fn a_line_says_all_of_a_trace() {
        let trace = Trace { seed: 2, hash: 255 };
        assert_eq!(trace.to_string(), "trace 2 00000000000000ff");
        assert_eq!(trace.to_string().parse(), Ok(trace));
        assert!("trace 2".parse::<Trace>().is_err());
        assert!("trace 2 x".parse::<Trace>().is_err());
    }

    #[test]
    fn a_search_ends_at_the_first_run_that_finds_it() {
        let found = Detection::search(Bug::P22).expect("it is found at once");
        let failure = run(found.options()).expect_err("the same again");
        assert_eq!(found.invariant, failure.violation.invariant);
        assert_eq!(found.events, failure.events);
        assert!(found.total >= found.events && found.total < 1_000_000);
    }
}
