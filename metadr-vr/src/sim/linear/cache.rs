//! The points of a search that lead nowhere.

use std::collections::HashMap;

/// A set of small numbers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct BitSet(Vec<u64>);

impl BitSet {
    pub(super) fn new(limit: usize) -> Self {
        Self(vec![0; limit.div_ceil(64)])
    }

    pub(super) fn insert(&mut self, number: usize) {
        self.0[number / 64] |= 1 << (number % 64);
    }

    pub(super) fn remove(&mut self, number: usize) {
        self.0[number / 64] &= !(1 << (number % 64));
    }

    pub(super) fn contains(&self, number: usize) -> bool {
        self.0[number / 64] & (1 << (number % 64)) > 0
    }

    /// Whether all of these are in a set of the same limit.
    pub(super) fn is_subset(&self, of: &Self) -> bool {
        let mut words = self.0.iter().zip(&of.0);
        words.all(|(own, other)| own & !other == 0)
    }
}

/// What is done of the answered operations, and the state that it has led to.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Point {
    state: u128,
    /// All before this word are done.
    first_word: usize,
    /// The words from there on, up to the last one that is not zero.
    words: Box<[u64]>,
}

/// The points that the search has been at, and which of the operations without
/// an answer it had used then.
///
/// Whoever comes to a point with the same operations used, or with more, can do
/// no better.
#[derive(Debug, Default)]
pub(super) struct Cache(HashMap<Point, Vec<BitSet>>);

impl Cache {
    /// Notes a point. `false` if it has been there, with no more used.
    ///
    /// `first` is the first number that is not in `done`.
    pub(super) fn insert(
        &mut self,
        state: u128,
        done: &BitSet,
        first: usize,
        used: &BitSet,
    ) -> bool {
        let first_word = (first / 64).min(done.0.len());
        let words = &done.0[first_word..];
        let length = words
            .iter()
            .rposition(|word| *word > 0)
            .map_or(0, |at| at + 1);
        let point = Point {
            state,
            first_word,
            words: words[..length].into(),
        };
        let known = self.0.entry(point).or_default();
        if known.iter().any(|one| one.is_subset(used)) {
            return false;
        }
        known.retain(|one| !used.is_subset(one));
        known.push(used.clone());
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(numbers: &[usize]) -> BitSet {
        let mut set = BitSet::new(200);
        numbers.iter().for_each(|number| set.insert(*number));
        set
    }

    #[test]
    fn sets_contain_what_was_put_in() {
        let mut one = set(&[0, 63, 64, 199]);
        assert!(one.contains(63) && one.contains(64) && !one.contains(65));
        assert!(set(&[63, 199]).is_subset(&one));
        one.remove(63);
        assert!(!set(&[63, 199]).is_subset(&one));
    }

    #[test]
    fn a_point_is_new_once_unless_less_was_used_for_it() {
        let mut cache = Cache::default();
        let done: Vec<usize> = (0..70).chain([72]).collect();
        let done = set(&done);
        assert!(cache.insert(1, &done, 70, &set(&[1, 2])));
        assert!(!cache.insert(1, &done, 70, &set(&[1, 2])));
        assert!(!cache.insert(1, &done, 70, &set(&[1, 2, 3])));
        assert!(cache.insert(1, &done, 70, &set(&[1, 3])));
        assert!(cache.insert(1, &done, 70, &set(&[1])));
        assert!(!cache.insert(1, &done, 70, &set(&[1, 3])));
        assert!(cache.insert(2, &done, 70, &set(&[1])));
    }

    #[test]
    fn points_differ_by_what_is_done() {
        let mut cache = Cache::default();
        let none = BitSet::new(200);
        let upto = |count: usize| set(&(0..count).collect::<Vec<_>>());
        for (done, first) in [
            (upto(0), 0),
            (upto(64), 64),
            (upto(128), 128),
            (set(&[1]), 0),
            (set(&[65]), 0),
            (upto(200), 200),
        ] {
            assert!(cache.insert(1, &done, first, &none), "{done:?}");
            assert!(!cache.insert(1, &done, first, &none), "{done:?}");
        }
    }
}
