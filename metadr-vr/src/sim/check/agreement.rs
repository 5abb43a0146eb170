//! S1 Agreement, and the ledger that other checkers use.

use super::{Check, Violation};
use crate::wire::{Entry, Hash128, OpNumber};
use crate::{Replica, StateMachine};

/// What was committed, as the first replica to know it has it.
#[derive(Debug)]
pub(super) struct Agreement {
    ledger: Vec<Entry>,
    /// The commit number of each replica when it was last looked at.
    seen: Vec<OpNumber>,
}

impl Agreement {
    pub(super) fn new(cluster: Hash128, replicas: usize) -> Self {
        Self {
            ledger: vec![Entry::root(cluster)],
            seen: vec![0; replicas],
        }
    }

    /// A replica starts again, and has to find out what is committed.
    pub(super) fn restarted(&mut self, index: usize) {
        self.seen[index] = 0;
    }

    pub(super) fn ledger(&self) -> &[Entry] {
        &self.ledger
    }

    /// Returns the entries that became committed with this event.
    pub(super) fn check<S: StateMachine>(
        &mut self,
        index: usize,
        replica: &Replica<S>,
    ) -> Result<&[Entry], Violation> {
        let known = self.ledger.len();
        let commit = replica.commit_number();
        if commit < self.seen[index] {
            let what = format!("replica {index} went back from commit {}", self.seen[index]);
            return Err(Violation::new("S1", what));
        }
        // What it knew to be committed is still what it holds there; the chain
        // says the same of all before.
        self.compare(index, replica, self.seen[index])?;
        for op in self.seen[index] + 1..=commit {
            let Some(entry) = replica.log().get(op) else {
                let what = format!("replica {index} has committed op {op} and does not hold it");
                return Err(Violation::new("S1", what));
            };
            let place = usize::try_from(op).expect("runs are short");
            match self.ledger.get(place) {
                None => self.ledger.push(entry.clone()),
                Some(first) if first.header.checksum == entry.header.checksum => {}
                Some(_) => {
                    let what = format!("replica {index} has another op {op} than was committed");
                    return Err(Violation::new("S1", what));
                }
            }
        }
        self.seen[index] = commit;
        Ok(&self.ledger[known..])
    }

    fn compare<S: StateMachine>(&self, index: usize, replica: &Replica<S>, op: OpNumber) -> Check {
        let place = usize::try_from(op).expect("runs are short");
        if replica.log().checksum(op) == Some(self.ledger[place].header.checksum) {
            return Ok(());
        }
        let what = format!("replica {index} has another op {op} than it had committed");
        Err(Violation::new("S1", what))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::check::testing::{assert_violates, single};

    #[test]
    fn another_entry_at_a_committed_op_is_found() {
        let replicas = [single(&[1, 2]), single(&[1, 3])];
        let mut agreement = Agreement::new([1; 16], replicas.len());
        assert_eq!(agreement.check(0, &replicas[0]).map(<[_]>::len), Ok(2));
        let second = agreement.check(1, &replicas[1]).map(|_| ());
        assert_violates("S1", "another op 2", second);
    }

    #[test]
    fn a_committed_entry_that_changes_later_is_found() {
        let mut agreement = Agreement::new([1; 16], 1);
        assert_eq!(agreement.check(0, &single(&[1, 2])).map(<[_]>::len), Ok(2));
        let changed = agreement.check(0, &single(&[1, 3])).map(|_| ());
        assert_violates("S1", "than it had committed", changed);
    }

    #[test]
    fn a_commit_number_that_goes_back_is_found() {
        let replicas = [single(&[1, 2])];
        let mut agreement = Agreement::new([1; 16], replicas.len());
        assert_eq!(agreement.check(0, &replicas[0]).map(<[_]>::len), Ok(2));
        let back = agreement.check(0, &single(&[1])).map(|_| ());
        assert_violates("S1", "went back from commit 2", back);
    }
}
