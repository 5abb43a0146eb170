//! How soon a group notices that its primary is gone.
//!
//! Two times are set; what has to fit them follows in proportion. What depends
//! on the network and the disk, such as how long to wait for what was fetched,
//! stays as it is.

use metadr_vr::{Options, Tick};

/// The heartbeats that an election timeout has to be long: a backup joins the
/// vote of another when it has missed six.
const HEARTBEATS: u64 = 8;

/// The longest that may be set, in milliseconds. Beyond these, replicas would
/// take one another for gone for other reasons.
const LONGEST_HEARTBEAT: u64 = 1_000;
const LONGEST_ELECTION: u64 = 60_000;

/// The timers of a replica. All replicas of a group should have the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timers {
    /// How often a primary shows that it is there, in ticks.
    heartbeat: u64,
    /// How long a backup misses it before it votes for the next, in ticks.
    election_timeout: u64,
}

/// What is wrong with timers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TimersError {
    /// The protocol does not know such a time.
    #[error(
        "{option} wants a multiple of {} from {} to {longest} ms, found {found}",
        Tick::MILLIS,
        Tick::MILLIS
    )]
    NotATime {
        /// Which option.
        option: &'static str,
        /// The most that it may be.
        longest: u64,
        /// What it is.
        found: u64,
    },
    /// Backups would depose a primary that lives.
    #[error(
        "--election-timeout wants at least {HEARTBEATS} heartbeats: {} ms with a heartbeat of \
         {heartbeat} ms, found {found}",
        HEARTBEATS * heartbeat
    )]
    TooFewHeartbeats {
        /// The heartbeat in milliseconds.
        heartbeat: u64,
        /// The election timeout in milliseconds.
        found: u64,
    },
}

/// The timers as options of a command.
#[derive(Clone, Copy, Debug, Default, clap::Args)]
pub struct TimerArguments {
    /// How often a primary shows that it is there, the same for all replicas
    /// [default: a tenth of the election timeout]
    #[arg(long, value_name = "MS")]
    pub heartbeat: Option<u64>,
    /// How long a backup misses its primary before it votes for the next one:
    /// so long and up to half as long again [default: 500]
    #[arg(long, value_name = "MS")]
    pub election_timeout: Option<u64>,
}

impl TimerArguments {
    /// The timers that were asked for.
    ///
    /// # Errors
    ///
    /// [`TimersError`] if there cannot be such timers.
    pub fn timers(self) -> Result<Timers, TimersError> {
        let election_timeout = match self.election_timeout {
            Some(millis) => ticks("--election-timeout", LONGEST_ELECTION, millis)?,
            None => Timers::default().election_timeout,
        };
        let heartbeat = match self.heartbeat {
            Some(millis) => ticks("--heartbeat", LONGEST_HEARTBEAT, millis)?,
            None => (election_timeout / 10).clamp(1, LONGEST_HEARTBEAT / Tick::MILLIS),
        };
        if election_timeout < HEARTBEATS * heartbeat {
            return Err(TimersError::TooFewHeartbeats {
                heartbeat: heartbeat * Tick::MILLIS,
                found: election_timeout * Tick::MILLIS,
            });
        }
        Ok(Timers {
            heartbeat,
            election_timeout,
        })
    }
}

fn ticks(option: &'static str, longest: u64, millis: u64) -> Result<u64, TimersError> {
    if millis == 0 || millis > longest || !millis.is_multiple_of(Tick::MILLIS) {
        return Err(TimersError::NotATime {
            option,
            longest,
            found: millis,
        });
    }
    Ok(millis / Tick::MILLIS)
}

impl Default for Timers {
    fn default() -> Self {
        let Options {
            heartbeat,
            election_timeout,
            ..
        } = Options::default();
        Self {
            heartbeat,
            election_timeout,
        }
    }
}

impl Timers {
    /// The options of a replica with these timers.
    #[must_use]
    pub fn options(self) -> Options {
        let Self {
            heartbeat,
            election_timeout,
        } = self;
        let usual = Options::default();
        // As the usual value is to the usual timer, and never less than this.
        let with_heartbeat =
            |usual_value: u64, least| (usual_value * heartbeat / usual.heartbeat).max(least);
        let with_election = |usual_value: u64, least| {
            (usual_value * election_timeout / usual.election_timeout).max(least)
        };
        Options {
            heartbeat,
            election_timeout,
            // One heartbeat may be late.
            silent: with_heartbeat(usual.silent, 3),
            check_quorum: with_election(usual.check_quorum, 1),
            view_change_resend: with_election(usual.view_change_resend, 2),
            // These wait for work that does not get faster.
            resend: with_heartbeat(usual.resend, usual.resend),
            recovery_resend: with_election(usual.recovery_resend, usual.recovery_resend),
            lost_quorum: with_election(usual.lost_quorum, usual.lost_quorum),
            ..usual
        }
    }
}

impl std::fmt::Display for Timers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "heartbeat {} ms, election timeout {} ms",
            self.heartbeat * Tick::MILLIS,
            self.election_timeout * Tick::MILLIS
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn timers(heartbeat: Option<u64>, election_timeout: Option<u64>) -> Result<Timers, String> {
        let arguments = TimerArguments {
            heartbeat,
            election_timeout,
        };
        arguments.timers().map_err(|error| error.to_string())
    }

    #[test]
    fn unless_something_is_set_everything_is_as_usual() {
        assert_eq!(timers(None, None), Ok(Timers::default()));
        assert_eq!(Timers::default().options(), Options::default());
    }

    #[test]
    fn what_notices_failures_follows_and_what_waits_for_work_does_not() {
        let fast = timers(None, Some(120)).unwrap();
        assert_eq!(fast.to_string(), "heartbeat 10 ms, election timeout 120 ms");
        let usual = Options::default();
        let expected = Options {
            heartbeat: 1,
            silent: 3,
            election_timeout: 12,
            view_change_resend: 2,
            check_quorum: 12,
            ..usual.clone()
        };
        assert_eq!(fast.options(), expected);
        let slow = timers(None, Some(5_000)).unwrap();
        let expected = Options {
            heartbeat: 50,
            silent: 100,
            resend: 100,
            election_timeout: 500,
            view_change_resend: 100,
            check_quorum: 500,
            recovery_resend: 200,
            lost_quorum: 30_000,
            ..usual
        };
        assert_eq!(slow.options(), expected);
    }

    #[test]
    fn a_heartbeat_never_outgrows_its_limit_by_itself() {
        let slowest = timers(None, Some(LONGEST_ELECTION)).unwrap();
        assert_eq!(timers(Some(1_000), Some(LONGEST_ELECTION)), Ok(slowest));
    }

    #[test]
    fn times_that_cannot_be_are_refused_with_what_would_do() {
        let heartbeat = "--heartbeat wants a multiple of 10 from 10 to 1000 ms, found";
        let election = "--election-timeout wants a multiple of 10 from 10 to 60000 ms, found";
        for (given, expected) in [
            ((Some(0), None), format!("{heartbeat} 0")),
            ((Some(15), None), format!("{heartbeat} 15")),
            ((Some(1_010), None), format!("{heartbeat} 1010")),
            ((None, Some(0)), format!("{election} 0")),
            ((None, Some(125)), format!("{election} 125")),
            ((None, Some(u64::MAX)), format!("{election} {}", u64::MAX)),
            (
                (Some(100), None),
                "--election-timeout wants at least 8 heartbeats: 800 ms with a heartbeat of 100 ms, \
                 found 500"
                    .to_owned(),
            ),
            (
                (None, Some(70)),
                "--election-timeout wants at least 8 heartbeats: 80 ms with a heartbeat of 10 ms, \
                 found 70"
                    .to_owned(),
            ),
        ] {
            assert_eq!(timers(given.0, given.1), Err(expected));
        }
    }
}
