//! How long to wait before the next attempt.

use std::time::Duration;

/// The first pause: a primary that is there at the second attempt is the usual case.
const FIRST: Duration = Duration::from_millis(10);

/// The longest pause. A view change takes half a second and a little, and what
/// is waited longer than that the user has to wait as well.
const LONGEST: Duration = Duration::from_millis(100);

/// Pauses that double, up to a tenth of a second. Each is between half and all
/// of what it could be, so that the clients of a primary that failed do not
/// all come to the next one at the same time, again and again.
#[derive(Debug)]
pub(crate) struct Pauses {
    random: fastrand::Rng,
    next: Duration,
}

impl Pauses {
    pub(crate) fn new() -> Self {
        Self::seeded(fastrand::Rng::new())
    }

    fn seeded(random: fastrand::Rng) -> Self {
        let next = FIRST;
        Self { random, next }
    }

    /// The next pause.
    pub(crate) fn next(&mut self) -> Duration {
        let longest = self.next;
        self.next = (longest * 2).min(LONGEST);
        longest.mul_f64(0.5 + self.random.f64() / 2.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_a_tenth_of_a_second_and_differ() {
        let pauses = |seed| {
            let mut pauses = Pauses::seeded(fastrand::Rng::with_seed(seed));
            (0..20).map(|_| pauses.next()).collect::<Vec<_>>()
        };
        for seed in 0..100 {
            let mut bound = FIRST;
            for pause in pauses(seed) {
                assert!(
                    bound / 2 <= pause && pause <= bound,
                    "{pause:?} of {bound:?}"
                );
                bound = (bound * 2).min(LONGEST);
            }
            assert_eq!(bound, LONGEST);
        }
        assert_ne!(pauses(1), pauses(2));
    }
}
