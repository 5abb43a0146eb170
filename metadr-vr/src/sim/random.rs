//! Random numbers from one seed, in streams that do not disturb one another.

/// One stream. Adding a draw to one changes nothing in the others.
#[derive(Clone, Debug)]
pub struct Random(fastrand::Rng);

impl Random {
    /// The stream called `name` of a run.
    pub(super) fn stream(seed: u64, name: &str) -> Self {
        let hash = crate::hash128(&[&seed.to_be_bytes(), name.as_bytes()]);
        let seed = hash[..8].try_into().expect("a hash has 16 bytes");
        Self(fastrand::Rng::with_seed(u64::from_be_bytes(seed)))
    }

    /// A number from `low` to `high`, both included.
    pub fn between(&mut self, low: u64, high: u64) -> u64 {
        self.0.u64(low..=high)
    }

    /// True in `per_mille` of 1,000 cases.
    pub fn chance(&mut self, per_mille: u64) -> bool {
        self.0.u64(0..1000) < per_mille
    }

    /// One of `choices`.
    pub fn pick<T: Copy>(&mut self, choices: &[T]) -> T {
        // Not `usize`, whose draws differ between platforms.
        let index = self.0.u64(0..choices.len() as u64);
        choices[usize::try_from(index).expect("an index fits")]
    }

    /// An exponentially distributed number of the given mean, without
    /// floating point: the same on every platform.
    pub fn exponential(&mut self, mean: u64) -> u64 {
        // 64 quantiles of the unit exponential distribution, times 1,000.
        const QUANTILES: [u64; 64] = [
            8, 24, 40, 56, 73, 90, 107, 125, 143, 161, 179, 198, 217, 237, 257, 277, 298, 320, 342,
            364, 387, 410, 434, 459, 484, 510, 536, 564, 592, 621, 651, 682, 714, 747, 781, 817,
            854, 892, 932, 973, 1016, 1061, 1108, 1158, 1210, 1265, 1323, 1385, 1451, 1521, 1597,
            1678, 1766, 1862, 1967, 2083, 2213, 2360, 2530, 2731, 2977, 3296, 3755, 4852,
        ];
        let quantile = self.pick(&QUANTILES);
        (mean * quantile + 500) / 1000
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_are_repeatable_and_independent() {
        let draw = |name| {
            let mut stream = Random::stream(7, name);
            [(); 4].map(|()| stream.between(0, u64::MAX))
        };
        assert_eq!(draw("a"), draw("a"));
        assert_ne!(draw("a"), draw("b"));
    }

    #[test]
    fn exponential_draws_have_their_mean() {
        let mut stream = Random::stream(1, "mean");
        let sum: u64 = (0..10_000).map(|_| stream.exponential(100)).sum();
        assert!((950_000..1_050_000).contains(&sum), "{sum}");
    }
}
