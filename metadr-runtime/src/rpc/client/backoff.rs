//! When to try to connect again.

use super::Reconnect;
use std::time::Duration;

/// Says how long to wait before each attempt to connect. It reads no clock: the
/// caller waits.
#[derive(Debug)]
pub(super) struct Backoff {
    min: Duration,
    max: Duration,
    // None if the latest attempt was a success.
    pause: Option<Duration>,
    random: SplitMix,
}

impl Backoff {
    pub(super) fn new(config: &Reconnect, seed: u64) -> Self {
        Self {
            min: config.min_pause,
            max: config.max_pause.max(config.min_pause),
            pause: None,
            random: SplitMix(seed),
        }
    }

    /// The connection was of use: should it be lost, the next one is made at once.
    pub(super) fn succeeded(&mut self) {
        self.pause = None;
    }

    /// There was no connection, or it was of no use. Tells how long to wait.
    pub(super) fn failed(&mut self) -> Duration {
        let pause = self.pause.map_or(self.min, |pause| pause * 2).min(self.max);
        self.pause = Some(pause);
        // Half of it, and a random part of the other half.
        let part = (self.random.next() >> 32) as u32;
        let half = pause / 2;
        half + half.mul_f64(f64::from(part) / f64::from(u32::MAX))
    }
}

/// The generator `SplitMix64`: small, and good enough for choices that nobody
/// gains from guessing.
#[derive(Debug)]
pub(super) struct SplitMix(pub(super) u64);

impl SplitMix {
    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONFIG: Reconnect = Reconnect {
        min_pause: Duration::from_millis(100),
        max_pause: Duration::from_millis(1000),
    };

    #[test]
    fn pauses_double_up_to_a_limit_and_are_partly_random() {
        let mut backoff = Backoff::new(&CONFIG, 1);
        for nominal in [100, 200, 400, 800, 1000, 1000] {
            let nominal = Duration::from_millis(nominal);
            let pause = backoff.failed();
            assert!(nominal / 2 <= pause && pause <= nominal, "{pause:?}");
        }
        backoff.succeeded();
        assert!(backoff.failed() <= CONFIG.min_pause);
    }

    #[test]
    fn two_clients_do_not_keep_step_and_one_can_be_repeated() {
        let pauses = |seed| {
            let mut backoff = Backoff::new(&CONFIG, seed);
            [(); 4].map(|()| backoff.failed())
        };
        assert_eq!(pauses(1), pauses(1));
        assert_ne!(pauses(1), pauses(2));
    }

    #[test]
    fn a_longest_pause_below_the_first_one_is_the_first_one() {
        let max_pause = Duration::ZERO;
        let config = Reconnect {
            max_pause,
            ..CONFIG
        };
        let pause = Backoff::new(&config, 1).failed();
        assert!(CONFIG.min_pause / 2 <= pause && pause <= CONFIG.min_pause);
    }
}
