//! Who votes, and in which order.

use crate::quorum::quorum;
use crate::wire::{EpochView, MAX_VOTERS, ReplicaId};

/// The largest number of voters, as the length of an array.
const MAX: usize = MAX_VOTERS as usize;

/// The voters of an epoch in their order, which decides who is primary of
/// which view. Small enough to be copied wherever it is walked through.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Voters {
    ids: [ReplicaId; MAX],
    count: usize,
}

impl Voters {
    /// # Panics
    ///
    /// If there are none, or too many, or one is named twice.
    pub(crate) fn new(voters: impl IntoIterator<Item = ReplicaId>) -> Self {
        let (mut ids, mut count) = ([0; MAX], 0);
        for id in voters {
            assert!(!ids[..count].contains(&id), "voter {id} is named twice");
            assert!(count < MAX, "more than {MAX} voters");
            ids[count] = id;
            count += 1;
        }
        assert!(count > 0, "a group without voters");
        Self { ids, count }
    }

    pub(crate) fn len(&self) -> usize {
        self.count
    }

    pub(crate) fn ids(&self) -> &[ReplicaId] {
        &self.ids[..self.count]
    }

    /// The voter at a place, counted from 0.
    pub(crate) fn at(&self, place: usize) -> ReplicaId {
        self.ids()[place]
    }

    /// The place of a replica, if it votes.
    pub(crate) fn place_of(&self, id: ReplicaId) -> Option<usize> {
        self.ids().iter().position(|one| *one == id)
    }

    /// How many of them a quorum needs.
    pub(crate) fn quorum(&self) -> usize {
        quorum(self.count)
    }

    /// The primary of a view of their epoch: they take turns.
    pub(crate) fn primary_of(&self, view: EpochView) -> ReplicaId {
        let turn = view.view % self.count as u64;
        self.at(usize::try_from(turn).expect("a turn is less than the voters"))
    }
}

/// One value for each voter, by its place.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct PerVoter<T>([T; MAX]);

impl<T> PerVoter<T> {
    /// The values with their places, those of no voter included.
    pub(crate) fn iter(&self) -> std::slice::Iter<'_, T> {
        self.0.iter()
    }
}

impl<T> std::ops::Index<usize> for PerVoter<T> {
    type Output = T;

    fn index(&self, place: usize) -> &T {
        &self.0[place]
    }
}

impl<T> std::ops::IndexMut<usize> for PerVoter<T> {
    fn index_mut(&mut self, place: usize) -> &mut T {
        &mut self.0[place]
    }
}

/// Numbers that were told by some of the voters, on the stack: at most one each.
#[derive(Debug, Default)]
pub(crate) struct Told {
    values: [u64; MAX],
    count: usize,
}

impl Told {
    /// The largest value that at least `quorum` voters have told or exceeded;
    /// 0 if fewer have told anything.
    pub(crate) fn reached_by(mut self, quorum: usize) -> u64 {
        crate::quorum::reached_by(&mut self.values[..self.count], quorum)
    }
}

impl FromIterator<u64> for Told {
    fn from_iter<I: IntoIterator<Item = u64>>(values: I) -> Self {
        let mut told = Self::default();
        for value in values {
            told.values[told.count] = value;
            told.count += 1;
        }
        told
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_voters_take_turns_in_their_order() {
        let voters = Voters::new([7, 3, 5]);
        let primaries = [0, 1, 2, 3].map(|view| voters.primary_of(EpochView { epoch: 0, view }));
        assert_eq!(primaries, [7, 3, 5, 7]);
        assert_eq!((voters.place_of(5), voters.place_of(4)), (Some(2), None));
        assert_eq!((voters.len(), voters.quorum()), (3, 2));
    }

    #[test]
    #[should_panic(expected = "voter 3 is named twice")]
    fn a_voter_is_named_once() {
        let _ = Voters::new([3, 4, 3]);
    }

    #[test]
    fn a_quorum_of_what_was_told() {
        let told: Told = [4, 9, 2].into_iter().collect();
        assert_eq!(told.reached_by(2), 4);
        let told: Told = [4].into_iter().collect();
        assert_eq!(told.reached_by(2), 0);
    }
}
