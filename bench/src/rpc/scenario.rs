//! What is called, and how many calls there are at a time.

use std::fmt;

/// How many connections or calls in flight there are, if not one.
const MANY: usize = 64;

/// A cell of the tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Scenario {
    pub(crate) load: Load,
    pub(crate) payload: Payload,
}

/// How many connections there are, and how many calls in flight on each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Load {
    Serial,
    Connections,
    Pipelined,
}

/// The argument of a call, which is also its result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Payload {
    Null,
    Echo100,
    Echo64K,
}

impl Scenario {
    /// All that there are.
    pub(crate) fn all() -> impl Iterator<Item = Self> {
        Load::ALL
            .into_iter()
            .flat_map(|load| Payload::ALL.map(|payload| Self { load, payload }))
    }

    /// Those whose load and payload are among `words`, where any are.
    pub(crate) fn chosen(words: &[&str]) -> impl Iterator<Item = Self> {
        let any_load = Self::all().any(|one| words.contains(&one.load.word()));
        let any_payload = Self::all().any(|one| words.contains(&one.payload.word()));
        Self::all().filter(move |one| {
            (!any_load || words.contains(&one.load.word()))
                && (!any_payload || words.contains(&one.payload.word()))
        })
    }

    /// So many calls, or a few more, so that nobody makes more of them than others.
    pub(crate) fn evened(self, calls: u64) -> u64 {
        calls.next_multiple_of(self.load.calls_in_flight() as u64)
    }

    /// Whether `word` is of its load or payload.
    pub(crate) fn has(self, word: &str) -> bool {
        word == self.load.word() || word == self.payload.word()
    }
}

impl Load {
    pub(crate) const ALL: [Self; 3] = [Self::Serial, Self::Connections, Self::Pipelined];

    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Serial => "serial",
            Self::Connections => "connections",
            Self::Pipelined => "pipelined",
        }
    }

    /// The name in the tables.
    pub(crate) fn title(self) -> &'static str {
        match self {
            Self::Serial => "One connection, one call at a time",
            Self::Connections => "64 connections, one call in flight on each",
            Self::Pipelined => "One connection, 64 calls in flight",
        }
    }

    pub(crate) fn connections(self) -> usize {
        match self {
            Self::Serial | Self::Pipelined => 1,
            Self::Connections => MANY,
        }
    }

    pub(crate) fn calls_in_flight(self) -> usize {
        match self {
            Self::Serial => 1,
            Self::Connections | Self::Pipelined => MANY,
        }
    }
}

impl Payload {
    pub(crate) const ALL: [Self; 3] = [Self::Null, Self::Echo100, Self::Echo64K];

    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Echo100 => "echo100",
            Self::Echo64K => "echo64k",
        }
    }

    /// The name in the tables.
    pub(crate) fn title(self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Echo100 => "echo 100 B",
            Self::Echo64K => "echo 64 KiB",
        }
    }

    /// How many bytes of opaque data; nothing if there is no argument.
    pub(crate) fn length(self) -> Option<usize> {
        match self {
            Self::Null => None,
            Self::Echo100 => Some(100),
            Self::Echo64K => Some(64 << 10),
        }
    }
}

/// As a child process is told it.
impl fmt::Display for Scenario {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.load.word(), self.payload.word())
    }
}
