//! How much a primary takes from its clients, so that backups can follow.
//!
//! A quorum commits, however far the other backups lag. One that lags ever
//! further is of no use when another fails, so the primary slows down for it:
//! linearly with the lag, down to a quarter of what it did before. It does not
//! for one that is dead or hopeless: only those count that answer, and each not
//! for longer than `lag_patience` at a time; and as many as can fail do not
//! count at all, as the lag is that of the best backup beyond a quorum.

use super::Replica;
use crate::membership::{PerVoter, Told};
use crate::wire::OpNumber;
use crate::{Options, StateMachine, Tick};

/// Operations are counted over so many ticks.
const WINDOW: u64 = 10;

/// The least rate, in per cent of that without any lag.
const FLOOR: u64 = 25;

/// The longest time for which a client is asked to stay away, in milliseconds.
const LONGEST_RETRY_MS: u64 = 1_000;

/// How fast a primary is, and how fast it may be.
#[derive(Clone, Debug, Hash)]
pub(super) struct Pressure {
    /// What the backups have executed, as they said in this view.
    applied: PerVoter<OpNumber>,
    /// Since when each has lagged too far.
    lagging: PerVoter<Option<Tick>>,
    /// What may be taken, in per cent of `usual`.
    per_cent: u64,
    /// When the present window began.
    since: Tick,
    /// The operations taken in it.
    taken: u64,
    /// The operations that were taken in a window when nobody lagged; 0 if
    /// none has been counted.
    usual: u64,
}

impl Pressure {
    /// That of a view that begins.
    pub(super) fn new(now: Tick) -> Self {
        Self {
            applied: PerVoter::default(),
            lagging: PerVoter::default(),
            per_cent: 100,
            since: now,
            taken: 0,
            usual: 0,
        }
    }

    /// A backup has executed everything up to `applied`.
    pub(super) fn heard(&mut self, place: usize, applied: OpNumber) {
        self.applied[place] = self.applied[place].max(applied);
    }

    /// Whether a backup counts that lags so far: it does not when it has
    /// lagged too far for too long.
    fn counts(&mut self, place: usize, lag: u64, now: Tick, options: &Options) -> bool {
        if lag <= options.lag_soft {
            self.lagging[place] = None;
            return true;
        }
        let since = *self.lagging[place].get_or_insert(now);
        now.since(since) <= options.lag_patience
    }

    /// How many operations may still be taken now; `None` if there is no limit.
    pub(super) fn allowance(&self) -> Option<u64> {
        if self.per_cent >= 100 || self.usual == 0 {
            return None;
        }
        // At least one: what stands still does not get any faster.
        let most = (self.usual * self.per_cent / 100).max(1);
        Some(most.saturating_sub(self.taken))
    }

    pub(super) fn took(&mut self, operations: usize) {
        self.taken += operations as u64;
    }

    /// Begins the next window, if it is time.
    fn begin_window(&mut self, now: Tick) {
        if now.since(self.since) < WINDOW {
            return;
        }
        if self.taken > 0 && (self.per_cent >= 100 || self.usual == 0) {
            self.usual = self.taken;
        }
        (self.since, self.taken) = (now, 0);
    }

    /// When a client that was refused should try again, in milliseconds: about
    /// when what waits now has been done.
    pub(super) fn retry_after_ms(&self, waiting: usize, options: &Options) -> u32 {
        let shortest = options.heartbeat.saturating_mul(Tick::MILLIS);
        let in_window = (self.usual * self.per_cent / 100).max(1);
        let until_done = (waiting as u64).saturating_mul(WINDOW * Tick::MILLIS) / in_window;
        let pause = until_done.min(LONGEST_RETRY_MS).max(shortest);
        u32::try_from(pause).unwrap_or(u32::MAX)
    }
}

/// What may be taken at a lag, in per cent.
fn per_cent(lag: u64, lag_soft: u64) -> u64 {
    let over = lag.saturating_sub(lag_soft).min(lag_soft);
    100 - (100 - FLOOR) * over / lag_soft.max(1)
}

impl<S: StateMachine> Replica<S> {
    /// Looks how far the backups lag. At each heartbeat of a primary.
    pub(super) fn watch_lag(&mut self) {
        let (now, head) = (self.now, self.log.head());
        let mut counted = [None; crate::wire::MAX_VOTERS as usize];
        for other in self.others() {
            let answered = self.peers[other.place].answered;
            let is_there = answered > Tick(0) && now.since(answered) <= self.options.check_quorum;
            let applied = self.pressure.applied[other.place];
            let lag = head.saturating_sub(applied);
            if is_there && self.pressure.counts(other.place, lag, now, &self.options) {
                counted[other.place] = Some(applied);
            }
        }
        let applied = counted.into_iter().flatten();
        let lag = if applied.clone().count() < self.quorum() {
            0
        } else {
            head - applied
                .collect::<Told>()
                .reached_by(self.quorum())
                .min(head)
        };
        self.pressure.per_cent = per_cent(lag, self.options.lag_soft);
        self.pressure.begin_window(now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rate_falls_linearly_to_a_quarter() {
        let rates = [0, 100, 101, 140, 150, 180, 200, 201, u64::MAX].map(|lag| per_cent(lag, 100));
        assert_eq!(rates, [100, 100, 100, 70, 63, 40, 25, 25, 25]);
        assert_eq!(per_cent(5, 0), 100, "without a limit there is no lag");
    }

    fn slowed(per_cent: u64, taken: u64) -> Pressure {
        Pressure {
            per_cent,
            taken,
            usual: 200,
            ..Pressure::new(Tick(0))
        }
    }

    #[test]
    fn what_is_taken_in_a_window_is_limited_only_under_pressure() {
        assert_eq!(slowed(100, 0).allowance(), None);
        assert_eq!(slowed(50, 0).allowance(), Some(100));
        assert_eq!(slowed(50, 90).allowance(), Some(10));
        assert_eq!(slowed(25, 51).allowance(), Some(0));
        let unknown = Pressure {
            usual: 0,
            ..slowed(25, 51)
        };
        assert_eq!(unknown.allowance(), None, "a quarter of what?");
        let idle = Pressure {
            usual: 1,
            ..slowed(25, 0)
        };
        assert_eq!(idle.allowance(), Some(1), "it never stands still");
    }

    #[test]
    fn only_windows_without_pressure_say_what_is_usual() {
        let mut pressure = Pressure::new(Tick(0));
        pressure.took(80);
        pressure.begin_window(Tick(WINDOW - 1));
        assert_eq!((pressure.usual, pressure.taken), (0, 80));
        pressure.begin_window(Tick(WINDOW));
        assert_eq!((pressure.usual, pressure.taken), (80, 0));
        pressure.per_cent = 25;
        pressure.took(20);
        pressure.begin_window(Tick(2 * WINDOW));
        assert_eq!((pressure.usual, pressure.taken), (80, 0));
        // An idle window is no measure of what it can do.
        pressure.per_cent = 100;
        pressure.begin_window(Tick(3 * WINDOW));
        assert_eq!(pressure.usual, 80);
    }

    #[test]
    fn one_that_lags_for_too_long_does_not_count_until_it_has_caught_up() {
        let options = Options {
            lag_soft: 10,
            lag_patience: 100,
            ..Options::default()
        };
        let mut pressure = Pressure::new(Tick(0));
        let mut counts = |lag, now| pressure.counts(1, lag, Tick(now), &options);
        assert!(counts(11, 50));
        assert!(counts(500, 150));
        assert!(!counts(500, 151));
        assert!(!counts(11, 9_000));
        assert!(counts(10, 9_001));
        assert!(counts(11, 9_002));
    }

    #[test]
    fn a_client_is_told_about_when_there_is_room() {
        let options = Options::default();
        // 200 operations in 100 ms.
        assert_eq!(slowed(100, 0).retry_after_ms(1_000, &options), 500);
        assert_eq!(slowed(50, 0).retry_after_ms(1_000, &options), 1_000);
        assert_eq!(slowed(100, 0).retry_after_ms(1, &options), 50);
        assert_eq!(Pressure::new(Tick(0)).retry_after_ms(0, &options), 50);
    }
}
