//! S2 Chain, S3 One entry for each op of a view, and of S7 that a log does not
//! change while its replica is between two views.

use super::{Check, Violation};
use crate::wire::{EpochView, Hash128, OpNumber};
use crate::{Replica, StateMachine, Status};
use std::collections::HashMap;

/// Every entry that any replica has held.
#[derive(Debug)]
pub(super) struct Chain {
    /// The head of each replica when it was last looked at, and of which view
    /// its log was.
    seen: Vec<(OpNumber, Hash128, EpochView)>,
    prepared: HashMap<(EpochView, OpNumber), Hash128>,
}

impl Chain {
    pub(super) fn new(replicas: usize) -> Self {
        Self {
            seen: vec![Default::default(); replicas],
            prepared: HashMap::new(),
        }
    }

    /// A replica starts again with another log.
    pub(super) fn restarted(&mut self, index: usize) {
        self.seen[index] = Default::default();
    }

    pub(super) fn check<S: StateMachine>(&mut self, index: usize, replica: &Replica<S>) -> Check {
        let log = replica.log();
        let (mut seen_head, seen_checksum, seen_view) = self.seen[index];
        let head = log.head_header();
        let is_between_views = matches!(
            replica.status(),
            Status::ViewChange { .. } | Status::Recovering
        );
        // A replica that has just started is looked at for the first time.
        let is_known = seen_checksum != Hash128::default();
        let is_same = (head.op, head.checksum) == (seen_head, seen_checksum);
        if is_between_views && is_known && !(is_same && replica.last_normal() == seen_view) {
            let what = format!("replica {index} changed its log between two views");
            return Err(Violation::new("S7", what));
        }
        if replica.last_normal() != seen_view {
            // It has taken over the log of another view.
            seen_head = 0;
        }
        if seen_head > 0 && log.checksum(seen_head) != Some(seen_checksum) {
            let what = format!("replica {index} changed op {seen_head} within a view");
            return Err(Violation::new("S2", what));
        }
        for op in seen_head + 1..=log.head() {
            let entry = log.get(op).expect("a log is contiguous");
            let header = &entry.header;
            if header.op != op || Some(header.parent) != log.checksum(op - 1) {
                let what = format!("replica {index} has an op {op} that does not follow");
                return Err(Violation::new("S2", what));
            }
            let key = (header.prepared, op);
            let first = *self.prepared.entry(key).or_insert(header.checksum);
            if first != header.checksum {
                let what = format!("view {:?} has two entries at op {op}", header.prepared);
                return Err(Violation::new("S3", what));
            }
        }
        let checksum = log.head_header().checksum;
        self.seen[index] = (log.head(), checksum, replica.last_normal());
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::check::testing::{assert_violates, single};

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
        assert_violates("S2", "changed op 2", chain.check(0, &single(&[1])));
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
