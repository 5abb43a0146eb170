//! Known defects that can be switched on, to see that the simulator finds them.

use std::str::FromStr;

/// A defect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Bug {
    /// A quorum is one replica too small.
    SmallQuorum,
    /// P1: a promise is believed to be on disk before it is. (The second trace
    /// of that pitfall, P1b, needs no more than this.)
    P1,
    /// The first trace of P1: besides, votes are obeyed, and messages of
    /// earlier runs are taken. As Viewstamped Replication Revisited says.
    P1a,
    /// P2: a replica that hears of a later view drops what it does not know to
    /// be committed, and counts itself to that view before it has its log.
    P2,
    /// P4: a replica that recovers takes over the log of whoever answers from
    /// the latest view, be it the primary or not.
    P4,
    /// P5: a primary that was restarted goes on as primary of its view.
    P5,
    /// P6: every question of a replica that recovers has the same nonce, so an
    /// answer to one of its earlier runs is taken.
    P6,
    /// P7: a new primary answers reads at once, as a quorum has just made it
    /// one, before it knows what was committed before its view.
    P7,
    /// P8: a vote is obeyed, not counted, also by the replica that casts it.
    P8,
    /// P9: a primary goes on for ever without answers.
    P9,
    /// P10: a replica takes part in a later view only when a quorum's votes for
    /// it, or its start, have come here: that another has entered it says nothing.
    P10,
    /// P12: an operation of a session counts as under way for ever, though a
    /// change of views has dropped it: its client waits and waits.
    P12,
    /// P13: an operation of a session that is not known any more is executed.
    P13,
    /// P15: a backup acknowledges the last entry of a PREPARE, though entries
    /// before it are missing.
    P15,
    /// P16: each acknowledgement counts, also when it repeats another.
    P16,
    /// P17: a replica that has promised a view goes on to append and
    /// acknowledge in the one before.
    P17,
    /// P18: the log of a later view is put on top of the own one where the
    /// positions match, whatever the entries are.
    P18,
    /// P19: the log of a view is chosen by its last entry, not by the last
    /// view in which its replica was Normal.
    P19,
    /// P21: the primary tells a backup what is committed without asking whether
    /// it still is the primary.
    P21,
    /// P22: the primary answers reads without asking the backups whether it
    /// still is one, and before it has committed what came before them.
    P22,
    /// P23: a replica that was restarted enters views at once, whatever lease it
    /// has granted before.
    P23,
    /// P24: damage in the middle of the log on disk counts as its end.
    P24,
    /// P25: a sync of the log that fails counts as one that has not.
    P25,
    /// P32: a replica that has promised a view goes on to learn what is
    /// committed, and reports that when it says again what its log is.
    P32,
    /// P36: an old START_VIEW shortens the log of a restarted replica.
    P36,
    /// P37: a primary that is deposed refuses requests that are in its log.
    P37,
    /// P38: a replica that comes back with other files is taken for a new one,
    /// so whoever has lost its disk counts as if it had promised nothing. (And
    /// so P28, a disk that is formatted anew without a word.)
    P38,
    /// P39: an update of the meta file is written to one slot alone. It is the
    /// embedder's to switch on, as the file is.
    P39,
    /// A backup's read is answered by a READ_INDEX that was sent before it came.
    SharedReadIndex,
    /// The answer to an earlier READ_INDEX, also of an earlier run, counts for
    /// the one that is under way.
    LateReadIndex,
    /// Damage of the log on disk is not noted down before the log is cut off
    /// there: the next start finds a log without damage.
    Unmarked,
}

impl Bug {
    /// Every defect that the simulator is to find.
    pub const ALL: &[Self] = &[
        Self::SmallQuorum,
        Self::P1,
        Self::P1a,
        Self::P2,
        Self::P4,
        Self::P5,
        Self::P6,
        Self::P7,
        Self::P8,
        Self::P9,
        Self::P10,
        Self::P15,
        Self::P16,
        Self::P17,
        Self::P18,
        Self::P19,
        Self::P21,
        Self::P22,
        Self::P32,
        Self::P36,
        Self::P37,
        Self::P38,
        Self::P39,
        Self::SharedReadIndex,
        Self::LateReadIndex,
    ];

    /// Those that no search has found yet, and that a script shows.
    pub const BY_SCRIPT: &[Self] = &[Self::P12, Self::P13, Self::P23];

    /// What it is called on the command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::SmallQuorum => "small-quorum",
            Self::P1 => "P1",
            Self::P1a => "P1a",
            Self::P2 => "P2",
            Self::P4 => "P4",
            Self::P5 => "P5",
            Self::P6 => "P6",
            Self::P7 => "P7",
            Self::P8 => "P8",
            Self::P9 => "P9",
            Self::P10 => "P10",
            Self::P12 => "P12",
            Self::P13 => "P13",
            Self::P15 => "P15",
            Self::P16 => "P16",
            Self::P17 => "P17",
            Self::P18 => "P18",
            Self::P19 => "P19",
            Self::P21 => "P21",
            Self::P22 => "P22",
            Self::P23 => "P23",
            Self::P24 => "P24",
            Self::P25 => "P25",
            Self::P32 => "P32",
            Self::P36 => "P36",
            Self::P37 => "P37",
            Self::P38 => "P38",
            Self::P39 => "P39",
            Self::SharedReadIndex => "shared-read-index",
            Self::LateReadIndex => "late-read-index",
            Self::Unmarked => "unmarked",
        }
    }
}

impl FromStr for Bug {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let known = || Self::ALL.iter().chain(Self::BY_SCRIPT);
        let found = known().find(|bug| bug.name() == name);
        found.copied().ok_or_else(|| {
            let names: Vec<&str> = known().map(|bug| bug.name()).collect();
            let names = names.join(", ");
            format!("there is no bug switch `{name}`, expected one of {names}")
        })
    }
}
