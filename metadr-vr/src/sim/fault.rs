//! Faults, each of which has a name within its run.

use super::random::Random;
use std::str::FromStr;

/// A kind of fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Fault {
    Crash,
    CleanStop,
    Pause,
    Partition,
    /// Messages of a kind get lost.
    Target,
    /// A crash at a chosen point is prepared.
    Trigger,
    /// A client's connection breaks.
    Disconnect,
    /// A new primary is hit.
    Leader,
    /// So many crash at once that the group cannot go on.
    PowerLoss,
    /// A replica comes back with files that are made anew.
    DiskLoss,
}

impl Fault {
    pub(super) const ALL: [Self; 10] = [
        Self::Crash,
        Self::CleanStop,
        Self::Pause,
        Self::Partition,
        Self::Target,
        Self::Trigger,
        Self::Disconnect,
        Self::Leader,
        Self::PowerLoss,
        Self::DiskLoss,
    ];

    fn name(self) -> &'static str {
        match self {
            Self::Crash => "crash",
            Self::CleanStop => "stop",
            Self::Pause => "pause",
            Self::Partition => "partition",
            Self::Target => "target",
            Self::Trigger => "trigger",
            Self::Disconnect => "disconnect",
            Self::Leader => "leader",
            Self::PowerLoss => "power-loss",
            Self::DiskLoss => "disk-loss",
        }
    }
}

/// A fault of a run: its kind, and the how manieth of the kind it is. What it
/// does is drawn from a stream of its own, so that leaving one out changes
/// nothing in the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct FaultId {
    pub(super) fault: Fault,
    pub(super) number: u64,
}

impl FaultId {
    /// The stream of what is drawn for this fault, for one purpose.
    pub(super) fn stream(self, seed: u64, purpose: &str) -> Random {
        Random::stream(seed, &format!("fault {self} {purpose}"))
    }
}

impl std::fmt::Display for FaultId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.fault.name(), self.number)
    }
}

impl FromStr for FaultId {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parse = || {
            let (name, number) = text.split_once(':')?;
            let fault = Fault::ALL.into_iter().find(|fault| fault.name() == name)?;
            let number = number.parse().ok()?;
            Some(Self { fault, number })
        };
        parse().ok_or_else(|| format!("`{text}` names no fault, as `crash:3` does"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_a_fault_names_it() {
        for fault in Fault::ALL {
            let id = FaultId { fault, number: 17 };
            assert_eq!(id.to_string().parse(), Ok(id));
        }
        for text in ["", "crash", "crash:", "crash:x", "crush:1"] {
            assert!(text.parse::<FaultId>().is_err(), "{text}");
        }
    }
}
