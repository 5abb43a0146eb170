//! Majorities.

/// How many of `voters` replicas a quorum needs, for commits and view changes
/// alike: any two quorums share a replica.
#[must_use]
pub fn quorum(voters: usize) -> usize {
    voters / 2 + 1
}

/// The largest value that at least `count` of `values` reach; 0 if there are
/// fewer values than that. Sorts `values`.
#[must_use]
pub(crate) fn reached_by(values: &mut [u64], count: usize) -> u64 {
    assert!(count > 0, "everything is reached by none");
    values.sort_unstable_by(|one, two| two.cmp(one));
    values.get(count - 1).copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_quorums_of_any_group_intersect() {
        for voters in 1..=9 {
            assert!(2 * quorum(voters) > voters);
            assert!(quorum(voters) <= voters);
        }
        assert_eq!([1, 2, 3, 4, 5].map(quorum), [1, 2, 2, 3, 3]);
    }

    #[test]
    fn reached_by_agrees_with_counting() {
        let cases: [&[u64]; 5] = [&[7], &[3, 3], &[0, 5, 9], &[4, 1, 4, 2], &[9, 8, 7, 6, 5]];
        for values in cases {
            for count in 1..=values.len() {
                let counted = (0..=10)
                    .rev()
                    .find(|least| values.iter().filter(|value| *value >= least).count() >= count);
                assert_eq!(Some(reached_by(&mut values.to_vec(), count)), counted);
            }
        }
        assert_eq!(reached_by(&mut [5], 2), 0);
    }
}
