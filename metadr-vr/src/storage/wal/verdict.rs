//! Whether a log that was found is all that was acknowledged.

/// What was found at the place where a log ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::storage) struct Evidence {
    /// The first group that is not there: all before it are whole.
    pub(in crate::storage) missing: u64,
    /// Whether nothing was ever written behind the last group.
    pub(in crate::storage) ends_in_zeros: bool,
    /// The last group behind that one of which there is a trace.
    pub(in crate::storage) later: Option<u64>,
    /// A group that was on disk once, by the meta data.
    pub(in crate::storage) synced: u64,
    /// A segment cannot be used, or does not go on from the one before.
    pub(in crate::storage) is_broken: bool,
    /// The last run ended after it had written everything.
    pub(in crate::storage) stopped_cleanly: bool,
    /// An earlier start has found damage, which has not been repaired.
    pub(in crate::storage) rebuilding: bool,
    /// A torn end counts as damage: it cannot be told from a last group that
    /// was synced, and rotted at the time of the crash.
    pub(in crate::storage) paranoid: bool,
}

/// What a log is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::storage) enum Verdict {
    /// It ends where nothing was written.
    Whole,
    /// The last write was interrupted. Nobody was told of it.
    Torn,
    /// It may lack something that was acknowledged.
    Doubtful(Doubt),
}

/// Why a log may lack something that was acknowledged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Doubt {
    /// It was in doubt before, and has not been repaired.
    #[error("its damage was found before, and has not been repaired yet")]
    Unrepaired,
    /// A segment is missing or damaged.
    #[error("a segment is missing or damaged")]
    Segment,
    /// A group is damaged, and later ones are there.
    #[error("group {missing} is damaged, and group {later} was written after it was synced")]
    Middle {
        /// The damaged one.
        missing: u64,
        /// A later one.
        later: u64,
    },
    /// A group is damaged that was on disk once.
    #[error("group {missing} is damaged, and groups up to {synced} had been synced")]
    Synced {
        /// The damaged one.
        missing: u64,
        /// The last one that is known to have been on disk.
        synced: u64,
    },
    /// The end is damaged, although the last run had written everything.
    #[error("its end is damaged, although the replica was stopped cleanly")]
    Stopped,
    /// The last write was interrupted, and that is not taken for granted.
    #[error("its last group is damaged")]
    Tail,
    /// No snapshot can be read that the log goes on from.
    #[error("it goes on from a snapshot that is missing or damaged")]
    Snapshot,
}

/// Judges.
///
/// A group is written only after the one before it was synced. So if there is
/// any trace of a later one, the damaged one was synced.
pub(in crate::storage) fn judge(evidence: &Evidence) -> Verdict {
    let missing = evidence.missing;
    if evidence.rebuilding {
        return Verdict::Doubtful(Doubt::Unrepaired);
    }
    if let Some(later) = evidence.later.filter(|later| *later > missing) {
        return Verdict::Doubtful(Doubt::Middle { missing, later });
    }
    if evidence.is_broken {
        return Verdict::Doubtful(Doubt::Segment);
    }
    if evidence.synced >= missing {
        let synced = evidence.synced;
        return Verdict::Doubtful(Doubt::Synced { missing, synced });
    }
    if evidence.ends_in_zeros {
        return Verdict::Whole;
    }
    if evidence.stopped_cleanly {
        return Verdict::Doubtful(Doubt::Stopped);
    }
    if evidence.paranoid {
        return Verdict::Doubtful(Doubt::Tail);
    }
    Verdict::Torn
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Groups 1 to 6 are whole.
    fn whole() -> Evidence {
        Evidence {
            missing: 7,
            ends_in_zeros: true,
            later: None,
            synced: 5,
            is_broken: false,
            stopped_cleanly: false,
            rebuilding: false,
            paranoid: false,
        }
    }

    #[test]
    fn verdicts() {
        let torn = Evidence {
            ends_in_zeros: false,
            ..whole()
        };
        let table = [
            (whole(), Verdict::Whole),
            (
                Evidence {
                    synced: 6,
                    ..whole()
                },
                Verdict::Whole,
            ),
            (
                Evidence {
                    stopped_cleanly: true,
                    ..whole()
                },
                Verdict::Whole,
            ),
            (
                Evidence {
                    paranoid: true,
                    ..whole()
                },
                Verdict::Whole,
            ),
            (torn.clone(), Verdict::Torn),
            // The torn group's own header, in its place or not.
            (
                Evidence {
                    later: Some(7),
                    ..torn.clone()
                },
                Verdict::Torn,
            ),
            (
                Evidence {
                    paranoid: true,
                    ..torn.clone()
                },
                Verdict::Doubtful(Doubt::Tail),
            ),
            (
                Evidence {
                    stopped_cleanly: true,
                    ..torn.clone()
                },
                Verdict::Doubtful(Doubt::Stopped),
            ),
            (
                Evidence {
                    later: Some(8),
                    ..torn.clone()
                },
                Verdict::Doubtful(Doubt::Middle {
                    missing: 7,
                    later: 8,
                }),
            ),
            (
                Evidence {
                    synced: 7,
                    ..torn.clone()
                },
                Verdict::Doubtful(Doubt::Synced {
                    missing: 7,
                    synced: 7,
                }),
            ),
            // The end is gone as if it had never been written.
            (
                Evidence {
                    synced: 9,
                    ..whole()
                },
                Verdict::Doubtful(Doubt::Synced {
                    missing: 7,
                    synced: 9,
                }),
            ),
            (
                Evidence {
                    is_broken: true,
                    ..whole()
                },
                Verdict::Doubtful(Doubt::Segment),
            ),
            (
                Evidence {
                    rebuilding: true,
                    ..whole()
                },
                Verdict::Doubtful(Doubt::Unrepaired),
            ),
        ];
        for (evidence, verdict) in table {
            assert_eq!(judge(&evidence), verdict, "{evidence:?}");
        }
    }
}
