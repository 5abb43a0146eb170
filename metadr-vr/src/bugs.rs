//! Known defects that can be switched on, to see that the simulator finds them.

use std::str::FromStr;

/// A defect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Bug {
    /// A quorum is one replica too small.
    SmallQuorum,
    /// P15: a backup acknowledges the last entry of a PREPARE, though entries
    /// before it are missing.
    P15,
    /// P16: each acknowledgement counts, also when it repeats another.
    P16,
    /// P22: the primary answers reads without asking the backups whether it
    /// still is one, and before it has committed what came before them.
    P22,
}

impl Bug {
    /// Every defect.
    pub const ALL: [Self; 4] = [Self::SmallQuorum, Self::P15, Self::P16, Self::P22];

    /// What it is called on the command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::SmallQuorum => "small-quorum",
            Self::P15 => "P15",
            Self::P16 => "P16",
            Self::P22 => "P22",
        }
    }
}

impl FromStr for Bug {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|bug| bug.name() == name);
        found.ok_or_else(|| {
            let names = Self::ALL.map(Self::name).join(", ");
            format!("there is no bug switch `{name}`, expected one of {names}")
        })
    }
}
