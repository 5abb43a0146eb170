//! S2 Chain, S3 One entry for each op of a view, and of S7 that a log does not
//! change while its replica is between two views.

use super::{Check, Violation};
use crate::wire::{EpochView, Hash128, OpNumber};
use crate::{Replica, StateMachine, Status};
use rustc_hash::FxHashMap;

/// Every entry that any replica has held.
#[derive(Debug)]
pub(super) struct Chain {
    seen: Vec<Seen>,
    prepared: FxHashMap<(EpochView, OpNumber), Hash128>,
}

/// The log of a replica when it was last looked at.
#[derive(Clone, Copy, Debug, Default)]
struct Seen {
    /// The op before its first entry.
    start: OpNumber,
    head: OpNumber,
    checksum: Hash128,
    /// Of which view it was.
    view: EpochView,
    /// Whether the replica was between two views.
    is_frozen: bool,
}

impl Chain {
    pub(super) fn new(replicas: usize) -> Self {
        Self {
            seen: vec![Default::default(); replicas],
            prepared: FxHashMap::default(),
        }
    }

    /// A replica starts again with another log.
    pub(super) fn restarted(&mut self, index: usize) {
        self.seen[index] = Default::default();
    }

    pub(super) fn check<S: StateMachine>(&mut self, index: usize, replica: &Replica<S>) -> Check {
        let log = replica.log();
        let seen = self.seen[index];
        let head = log.head_header();
        let is_frozen = matches!(
            replica.status(),
            Status::ViewChange { .. } | Status::Recovering
        );
        // A replica that has just started is looked at for the first time.
        let is_known = seen.checksum != Hash128::default();
        let is_same = (head.op, head.checksum) == (seen.head, seen.checksum)
            && replica.last_normal() == seen.view
            && (log.start() == seen.start || !seen.is_frozen);
        if is_frozen && is_known && !is_same {
            let what = format!("replica {index} changed its log between two views");
            return Err(Violation::new("S7", what));
        }
        let is_of_same_view = replica.last_normal() == seen.view;
        if is_of_same_view && log.head() < seen.head {
            let what = format!("replica {index} lost op {} within a view", seen.head);
            return Err(Violation::new("S2", what));
        }
        // What is before the start was committed, as S1 says; of another view's
        // log, all is new.
        let is_kept = is_of_same_view && seen.head >= log.start();
        if is_kept && is_known && log.checksum(seen.head) != Some(seen.checksum) {
            let what = format!("replica {index} changed op {} within a view", seen.head);
            return Err(Violation::new("S2", what));
        }
        let first = if is_kept { seen.head + 1 } else { log.start() };
        for op in first.max(1)..=log.head() {
            self.check_entry(index, replica, op)?;
        }
        self.seen[index] = Seen {
            start: log.start(),
            head: head.op,
            checksum: head.checksum,
            view: replica.last_normal(),
            is_frozen,
        };
        Ok(())
    }

    fn check_entry<S: StateMachine>(
        &mut self,
        index: usize,
        replica: &Replica<S>,
        op: OpNumber,
    ) -> Check {
        let log = replica.log();
        let header = log.header(op).expect("a log is contiguous");
        let follows = op == log.start() || Some(header.parent) == log.checksum(op - 1);
        if header.op != op || !follows {
            let what = format!("replica {index} has an op {op} that does not follow");
            return Err(Violation::new("S2", what));
        }
        let key = (header.prepared, op);
        let first = *self.prepared.entry(key).or_insert(header.checksum);
        if first != header.checksum {
            let what = format!("view {:?} has two entries at op {op}", header.prepared);
            return Err(Violation::new("S3", what));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::check::testing::{assert_violates, forgetful, single};

    #[test]
    fn an_entry_that_changes_is_found() {
        let mut chain = Chain::new(1);
        assert_eq!(chain.check(0, &single(&[1, 2])), Ok(()));
        assert_violates("S2", "changed op 2", chain.check(0, &single(&[1, 3])));
    }

    #[test]
    fn a_log_that_gets_shorter_is_found() {
        let mut chain = Chain::new(1);
        assert_eq!(chain.check(0, &single(&[1, 2])), Ok(()));
        assert_violates("S2", "lost op 2", chain.check(0, &single(&[1])));
    }

    #[test]
    fn a_log_that_forgets_its_beginning_is_followed() {
        let mut chain = Chain::new(2);
        assert_eq!(chain.check(0, &single(&[1, 2, 3, 4])), Ok(()));
        assert_eq!(chain.check(0, &forgetful(&[1, 2, 3, 4])), Ok(()));
        // A snapshot, and what is after it.
        assert_eq!(chain.check(1, &forgetful(&[1, 2, 3, 4, 5, 6])), Ok(()));
        let other = chain.check(0, &forgetful(&[1, 2, 3, 5]));
        assert_violates("S2", "changed op 4", other);
        let mut chain = Chain::new(2);
        assert_eq!(chain.check(0, &single(&[1, 2, 3, 4])), Ok(()));
        let other = chain.check(1, &forgetful(&[1, 5, 3, 4]));
        assert_violates("S3", "two entries at op 2", other);
    }

    #[test]
    fn two_entries_at_an_op_of_a_view_are_found() {
        let mut chain = Chain::new(2);
        assert_eq!(chain.check(0, &single(&[1, 2])), Ok(()));
        assert_violates(
            "S3",
            "two entries at op 2",
            chain.check(1, &single(&[1, 3])),
        );
    }
}
