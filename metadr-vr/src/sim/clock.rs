//! The clock of a simulated process, and when it gets to run.

use crate::Tick;

/// How a process sees time, for as long as the run lasts.
#[derive(Clone, Copy, Debug)]
pub(super) struct Clock {
    /// Its ticks for 1,000 true ones.
    pub(super) rate_per_mille: u64,
    /// It gets to run once in so many ticks: 1 always, more on a slow machine.
    pub(super) period: u64,
    /// How far its wall clock is from the true time, in milliseconds.
    pub(super) wall_offset: u64,
}

impl Clock {
    pub(super) const TRUE: Self = Self {
        rate_per_mille: 1000,
        period: 1,
        wall_offset: 0,
    };

    /// What its own monotonic clock says.
    pub(super) fn local(&self, now: Tick) -> Tick {
        Tick(now.0 * self.rate_per_mille / 1000)
    }

    /// When its own clock gets to `local`.
    pub(super) fn reaches(&self, local: Tick) -> u64 {
        (local.0 * 1000).div_ceil(self.rate_per_mille)
    }

    pub(super) fn wall_ms(&self, now: Tick) -> u64 {
        now.0 * Tick::MILLIS + self.wall_offset
    }

    /// In how many ticks it gets to run; 0 is now.
    pub(super) fn idle(&self, now: Tick) -> u64 {
        (self.period - now.0 % self.period) % self.period
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_reaches_a_time_and_not_before() {
        for rate_per_mille in [800, 937, 1000, 1200] {
            let clock = Clock {
                rate_per_mille,
                ..Clock::TRUE
            };
            for local in 0..3000 {
                let at = clock.reaches(Tick(local));
                assert!(clock.local(Tick(at)) >= Tick(local));
                assert!(at == 0 || clock.local(Tick(at - 1)) < Tick(local));
            }
        }
    }

    #[test]
    fn a_slow_process_runs_once_in_its_period() {
        let clock = Clock {
            period: 4,
            ..Clock::TRUE
        };
        assert_eq!(
            [8, 9, 11, 12].map(|now| clock.idle(Tick(now))),
            [0, 3, 1, 0]
        );
    }
}
