//! How long things on a connection have taken.

use super::Limits;
use crate::rt::Instant;
use std::time::Duration;

/// Since when a connection has been in states that must not last for ever.
#[derive(Debug, Default)]
pub(super) struct Clocks {
    /// The input stands inside of a record.
    pub(super) record_since: Option<Instant>,
    /// The output has not moved.
    pub(super) unsent_since: Option<Instant>,
    /// Calls are only finished.
    pub(super) draining_since: Option<Instant>,
    /// There is nothing to do.
    pub(super) idle_since: Option<Instant>,
}

impl Clocks {
    /// When the caller has taken too long to send a record.
    pub(super) fn record_deadline(&self, limits: &Limits) -> Option<Instant> {
        deadline(self.record_since, limits.record_time)
    }

    /// When the caller has taken too long to take its replies.
    pub(super) fn write_deadline(&self, limits: &Limits) -> Option<Instant> {
        deadline(self.unsent_since, limits.write_time)
    }

    /// When the handlers have taken too long to finish.
    pub(super) fn drain_deadline(&self, limits: &Limits) -> Option<Instant> {
        deadline(self.draining_since, limits.drain_time)
    }

    /// When the caller has called nothing for too long.
    pub(super) fn idle_deadline(&self, limits: &Limits) -> Option<Instant> {
        deadline(self.idle_since, limits.idle_time)
    }

    /// The first of all these.
    pub(super) fn next_deadline(&self, limits: &Limits) -> Option<Instant> {
        let deadlines = [
            self.record_deadline(limits),
            self.write_deadline(limits),
            self.drain_deadline(limits),
            self.idle_deadline(limits),
        ];
        deadlines.into_iter().flatten().min()
    }
}

fn deadline(since: Option<Instant>, time: Duration) -> Option<Instant> {
    since
        .filter(|_| time < Duration::MAX)
        .map(|since| since + time)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_time_is_for_ever() {
        let clocks = Clocks {
            idle_since: Some(Instant::ZERO),
            ..Clocks::default()
        };
        let mut limits = Limits::default();
        assert_eq!(clocks.next_deadline(&limits), None);
        limits.idle_time = Duration::from_nanos(5);
        let deadline = clocks.next_deadline(&limits);
        assert_eq!(deadline, Some(Instant::from_nanos(5)));
    }
}
