//! How long to wait before the next attempt.

use std::time::Duration;

/// The shortest pause, and so the first ones: a primary that is there at the
/// second attempt is the usual case.
const SHORTEST: Duration = Duration::from_millis(10);

/// The longest pause.
const LONGEST: Duration = Duration::from_millis(250);

/// How much longer the user may have to wait because of the pauses: this part
/// of the time that it takes anyway.
const PART: u32 = 16;

/// Pauses that grow with the time that has been waited.
///
/// Each is between half and all of what it could be, so that the clients of a
/// primary that failed do not all come to the next one at the same time, again
/// and again.
#[derive(Debug)]
pub(crate) struct Pauses {
    random: fastrand::Rng,
    waited: Duration,
}

impl Pauses {
    pub(crate) fn new() -> Self {
        Self::seeded(fastrand::Rng::new())
    }

    fn seeded(random: fastrand::Rng) -> Self {
        let waited = Duration::ZERO;
        Self { random, waited }
    }

    /// The next pause.
    pub(crate) fn next(&mut self) -> Duration {
        let longest = (self.waited / PART).clamp(SHORTEST, LONGEST);
        let pause = longest.mul_f64(0.5 + self.random.f64() / 2.0);
        self.waited += pause;
        pause
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pauses(seed: u64) -> Vec<Duration> {
        let mut pauses = Pauses::seeded(fastrand::Rng::with_seed(seed));
        (0..200).map(|_| pauses.next()).collect()
    }

    #[test]
    fn a_pause_is_a_small_part_of_the_time_waited() {
        for seed in 0..100 {
            let mut waited = Duration::ZERO;
            for pause in pauses(seed) {
                let bound = (waited / PART).max(SHORTEST);
                assert!(pause <= bound, "{pause:?} after {waited:?}");
                waited += pause;
            }
        }
    }

    #[test]
    fn pauses_end_long_and_differ() {
        let all: Vec<_> = (0..100).map(pauses).collect();
        for pauses in &all {
            assert!(
                pauses
                    .iter()
                    .all(|pause| (SHORTEST / 2..=LONGEST).contains(pause))
            );
            assert!(*pauses.last().expect("there are some") >= LONGEST / 2);
        }
        assert_ne!(all[0], all[1]);
    }
}
