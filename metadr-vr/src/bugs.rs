//! Known defects that can be switched on, to see that the simulator finds them.

use std::str::FromStr;

/// A defect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Bug {
    /// A quorum is one replica too small.
    SmallQuorum,
    /// P1: a promise is believed to be on disk before it is.
    P1,
    /// P5: a primary that was restarted goes on as primary of its view.
    P5,
    /// P15: a backup acknowledges the last entry of a PREPARE, though entries
    /// before it are missing.
    P15,
    /// P16: each acknowledgement counts, also when it repeats another.
    P16,
    /// P19: the log of a view is chosen by its last entry, not by the last
    /// view in which its replica was Normal.
    P19,
    /// P36: an old START_VIEW shortens the log of a restarted replica.
    P36,
    /// P22: the primary answers reads without asking the backups whether it
    /// still is one, and before it has committed what came before them.
    P22,
}

impl Bug {
    /// Every defect.
    pub const ALL: [Self; 8] = [
        Self::SmallQuorum,
        Self::P1,
        Self::P5,
        Self::P15,
        Self::P16,
        Self::P19,
        Self::P22,
        Self::P36,
    ];

    /// What it is called on the command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::SmallQuorum => "small-quorum",
            Self::P1 => "P1",
            Self::P5 => "P5",
            Self::P15 => "P15",
            Self::P16 => "P16",
            Self::P19 => "P19",
            Self::P22 => "P22",
            Self::P36 => "P36",
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
