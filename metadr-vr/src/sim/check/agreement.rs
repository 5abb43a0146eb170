//! S1 Agreement, and the ledger that other checkers use.
//!
//! What a replica has forgotten, or never held because it took a snapshot over,
//! must have been committed: the anchor of its log is what the ledger has there,
//! and the state at it is compared by S12.

use super::{Check, Violation};
use crate::wire::{Entry, EntryHeader, Hash128, OpNumber};
use crate::{Replica, StateMachine};

/// What was committed, as the first replica to know it has it.
#[derive(Debug)]
pub(super) struct Agreement {
    /// The headers, which say all that a chain can be checked by.
    ledger: Vec<EntryHeader>,
    /// The commit number of each replica when it was last looked at.
    seen: Vec<OpNumber>,
}

impl Agreement {
    pub(super) fn new(cluster: Hash128, replicas: usize) -> Self {
        Self {
            ledger: vec![Entry::root(cluster).header],
            seen: vec![0; replicas],
        }
    }

    /// A replica starts again, and has to find out what is committed.
    pub(super) fn restarted(&mut self, index: usize) {
        self.seen[index] = 0;
    }

    pub(super) fn ledger(&self) -> &[EntryHeader] {
        &self.ledger
    }

    /// Returns the entries that became committed with this event.
    pub(super) fn check<S: StateMachine>(
        &mut self,
        index: usize,
        replica: &Replica<S>,
    ) -> Result<Vec<Entry>, Violation> {
        let mut committed = Vec::new();
        let commit = replica.commit_number();
        let start = replica.log().start();
        if commit < self.seen[index] {
            let what = format!("replica {index} went back from commit {}", self.seen[index]);
            return Err(Violation::new("S1", what));
        }
        if start > commit || start >= self.ledger.len() as u64 {
            let what = format!("replica {index} has forgotten op {start}, which is not committed");
            return Err(Violation::new("S1", what));
        }
        // What it knew to be committed is still what it holds there, or has
        // forgotten; the chain says the same of all before.
        self.compare(index, replica, start)?;
        let seen = self.seen[index].max(start);
        self.compare(index, replica, seen)?;
        for op in seen + 1..=commit {
            let Some(entry) = replica.log().get(op) else {
                let what = format!("replica {index} has committed op {op} and does not hold it");
                return Err(Violation::new("S1", what));
            };
            let place = usize::try_from(op).expect("runs are short");
            match self.ledger.get(place) {
                None => {
                    self.ledger.push(entry.header.clone());
                    committed.push(entry.clone());
                }
                Some(first) if first.checksum == entry.header.checksum => {}
                Some(_) => {
                    let what = format!("replica {index} has another op {op} than was committed");
                    return Err(Violation::new("S1", what));
                }
            }
        }
        self.seen[index] = commit;
        Ok(committed)
    }

    fn compare<S: StateMachine>(&self, index: usize, replica: &Replica<S>, op: OpNumber) -> Check {
        let place = usize::try_from(op).expect("runs are short");
        if replica.log().checksum(op) == Some(self.ledger[place].checksum) {
            return Ok(());
        }
        let what = format!("replica {index} has another op {op} than it had committed");
        Err(Violation::new("S1", what))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::check::testing::{assert_violates, forgetful, single};

    #[test]
    fn another_entry_at_a_committed_op_is_found() {
        let replicas = [single(&[1, 2]), single(&[1, 3])];
        let mut agreement = Agreement::new([1; 16], replicas.len());
        assert_eq!(agreement.check(0, &replicas[0]).map(|all| all.len()), Ok(2));
        let second = agreement.check(1, &replicas[1]).map(|_| ());
        assert_violates("S1", "another op 2", second);
    }

    #[test]
    fn a_committed_entry_that_changes_later_is_found() {
        let mut agreement = Agreement::new([1; 16], 1);
        assert_eq!(
            agreement.check(0, &single(&[1, 2])).map(|all| all.len()),
            Ok(2)
        );
        let changed = agreement.check(0, &single(&[1, 3])).map(|_| ());
        assert_violates("S1", "than it had committed", changed);
    }

    #[test]
    fn what_was_forgotten_must_have_been_committed() {
        let mut agreement = Agreement::new([1; 16], 3);
        let whole = single(&[1, 2, 3, 4]);
        assert_eq!(agreement.check(0, &whole).map(|all| all.len()), Ok(4));
        // Whoever has forgotten the same, or comes back with a snapshot of it.
        let short = forgetful(&[1, 2, 3, 4]);
        assert_eq!(short.log().start(), 2);
        assert_eq!(agreement.check(1, &short).map(|all| all.len()), Ok(0));
        let other = agreement.check(2, &forgetful(&[1, 5, 3, 4])).map(|_| ());
        assert_violates("S1", "another op 2", other);

        let mut agreement = Agreement::new([1; 16], 1);
        let unknown = agreement.check(0, &short).map(|_| ());
        assert_violates("S1", "which is not committed", unknown);
    }

    #[test]
    fn a_commit_number_that_goes_back_is_found() {
        let replicas = [single(&[1, 2])];
        let mut agreement = Agreement::new([1; 16], replicas.len());
        assert_eq!(agreement.check(0, &replicas[0]).map(|all| all.len()), Ok(2));
        let back = agreement.check(0, &single(&[1])).map(|_| ());
        assert_violates("S1", "went back from commit 2", back);
    }
}
