//! What a run was like, in one number.

use crate::rt::Instant;

/// A hash of all that has happened: 64-bit FNV-1a, which is the same on every
/// machine.
pub(super) struct Trace(u64);

impl Trace {
    pub(super) fn new() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }

    pub(super) fn hash(&self) -> u64 {
        self.0
    }

    pub(super) fn poll(&mut self, now: Instant, task: u64) {
        self.add(&[0, now.as_nanos(), task]);
    }

    pub(super) fn event(&mut self, now: Instant, number: u64) {
        self.add(&[1, now.as_nanos(), number]);
    }

    fn add(&mut self, words: &[u64]) {
        for byte in words.iter().flat_map(|word| word.to_be_bytes()) {
            self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
}
