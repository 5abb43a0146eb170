//! S4 Leader completeness, S5 One primary for each view, of S7 that a replica
//! comes into a view with that view's log, and S17 that none comes into it
//! empty.

use super::{Check, Violation};
use crate::wire::{EntryHeader, EpochView, Hash128, Message, MessageBody, OpNumber};
use crate::{Event, Replica, StateMachine, Status};
use rustc_hash::FxHashMap;

/// The views so far.
#[derive(Debug)]
pub(super) struct Views {
    started: FxHashMap<EpochView, Start>,
    /// The view in which each op was committed, from op 1 on.
    committed_in: Vec<EpochView>,
    /// Of each replica: the view of its last acknowledgement, and the highest
    /// op that it has acknowledged there in any of its lives.
    acknowledged: Vec<(EpochView, OpNumber)>,
}

/// How a view began.
#[derive(Clone, Copy, Debug)]
struct Start {
    primary: usize,
    head: OpNumber,
    head_checksum: Hash128,
}

impl Views {
    pub(super) fn new(replicas: usize) -> Self {
        Self {
            started: FxHashMap::default(),
            committed_in: Vec::new(),
            acknowledged: vec![Default::default(); replicas],
        }
    }

    /// Notes that the next op of the ledger was committed in a view.
    pub(super) fn committed(&mut self, view: EpochView) {
        self.committed_in.push(view);
    }

    /// A replica never acknowledged anything, as far as it knows.
    pub(super) fn lost_disk(&mut self, index: usize) {
        self.acknowledged[index] = Default::default();
    }

    /// Notes what a replica says that it holds.
    pub(super) fn sent(&mut self, message: &Message) {
        let MessageBody::PrepareOk(ok) = &message.body else {
            return;
        };
        let view = message.envelope.promise;
        let acknowledged = &mut self.acknowledged[message.envelope.sender as usize];
        *acknowledged = (view, ok.acked).max(*acknowledged);
    }

    pub(super) fn check<S: StateMachine>(
        &mut self,
        index: usize,
        replica: &Replica<S>,
        events: &[Event],
        ledger: &[EntryHeader],
    ) -> Check {
        for event in events {
            if let Event::Normal {
                view, is_primary, ..
            } = event
            {
                if *is_primary {
                    self.begins(index, replica, *view)?;
                }
                self.joins(index, replica, *view, ledger)?;
                self.has_all_before(index, replica, *view, ledger)?;
            }
        }
        Ok(())
    }

    fn begins<S: StateMachine>(
        &mut self,
        index: usize,
        replica: &Replica<S>,
        view: EpochView,
    ) -> Check {
        let head = replica.log().head_header();
        let start = Start {
            primary: index,
            head: head.op,
            head_checksum: head.checksum,
        };
        if let Some(first) = self.started.insert(view, start) {
            let what = format!("{view:?} has the primaries {} and {index}", first.primary);
            return Err(Violation::new("S5", what));
        }
        Ok(())
    }

    /// S7: the log is at least what the view began with. The first view began
    /// with nothing, wherever its primary is.
    fn joins<S: StateMachine>(
        &self,
        index: usize,
        replica: &Replica<S>,
        view: EpochView,
        ledger: &[EntryHeader],
    ) -> Check {
        let log = replica.log();
        let is_whole = match self.started.get(&view) {
            Some(start) if start.head < log.start() => {
                // What it has forgotten, or never had, was committed.
                let place = usize::try_from(start.head).expect("runs are short");
                (ledger.get(place)).is_some_and(|one| one.checksum == start.head_checksum)
            }
            Some(start) => log.checksum(start.head) == Some(start.head_checksum),
            None => view == EpochView::default(),
        };
        if !is_whole {
            let what = format!("replica {index} is Normal in {view:?} with another log");
            return Err(Violation::new("S7", what));
        }
        let (acknowledged_in, op) = self.acknowledged[index];
        if acknowledged_in == view && log.head() < op {
            let head = log.head();
            let what = format!("replica {index} is back in {view:?} with {head} of {op} entries");
            return Err(Violation::new("S17", what));
        }
        Ok(())
    }

    /// S4 of the primary, S17 of a backup: nothing is missing that was
    /// committed before the view. The chain says the rest of all ops before.
    fn has_all_before<S: StateMachine>(
        &self,
        index: usize,
        replica: &Replica<S>,
        view: EpochView,
        ledger: &[EntryHeader],
    ) -> Check {
        let last = self.committed_in.iter().rposition(|one| *one < view);
        let Some(entry) = last.map(|last| &ledger[last + 1]) else {
            return Ok(());
        };
        let op = entry.op;
        let log = replica.log();
        if log.start() > op || log.checksum(op) == Some(entry.checksum) {
            return Ok(());
        }
        let is_primary = self.started.get(&view).map(|start| start.primary) == Some(index);
        let invariant = if is_primary { "S4" } else { "S17" };
        let what = format!("replica {index} starts {view:?} without op {op}, committed before");
        Err(Violation::new(invariant, what))
    }
}

/// S17: a process that has lost its memory does not begin as if it never had one.
pub(super) fn forgets<S: StateMachine>(index: usize, replica: &Replica<S>) -> Check {
    if replica.status() == Status::Recovering {
        return Ok(());
    }
    let what = format!("replica {index} has lost its memory and does not say so");
    Err(Violation::new("S17", what))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::check::testing::{assert_violates, forgetful, fresh, message, primary, single};
    use crate::wire::PrepareOk;

    fn view(view: u64) -> EpochView {
        EpochView { epoch: 0, view }
    }

    fn normal(in_view: u64, is_primary: bool) -> [Event; 1] {
        [Event::Normal {
            view: view(in_view),
            is_primary,
            op: 0,
        }]
    }

    fn ledger(values: &[u64]) -> Vec<EntryHeader> {
        let replica = single(values);
        let header = |op| replica.log().header(op).expect("it is whole").clone();
        (0..=values.len() as u64).map(header).collect()
    }

    #[test]
    fn a_second_start_of_a_view_is_found() {
        let mut views = Views::new(2);
        let replica = fresh(0, 2);
        let events = normal(1, true);
        assert_eq!(views.check(0, &replica, &events, &[]), Ok(()));
        let again = views.check(0, &replica, &events, &[]);
        assert_violates("S5", "primaries 0 and 0", again);
    }

    #[test]
    fn a_view_without_what_was_committed_is_found() {
        let mut views = Views::new(2);
        views.committed(view(0));
        let ledger = ledger(&[1]);
        let check = views.check(1, &fresh(1, 2), &normal(1, true), &ledger);
        assert_violates("S4", "without op 1", check);
        let mut views = Views::new(1);
        views.committed(view(0));
        let same = views.check(0, &single(&[1]), &normal(1, true), &ledger);
        assert_eq!(same, Ok(()));
    }

    #[test]
    fn a_backup_with_another_log_than_the_views_is_found() {
        let mut views = Views::new(2);
        let first = views.check(0, &primary(2, &[1]), &normal(2, true), &[]);
        assert_eq!(first, Ok(()));
        let empty = views.check(1, &fresh(1, 2), &normal(2, false), &[]);
        assert_violates("S7", "with another log", empty);
        let unknown = views.check(1, &fresh(1, 2), &normal(3, false), &[]);
        assert_violates("S7", "with another log", unknown);
    }

    #[test]
    fn what_was_forgotten_is_known_from_the_ledger() {
        let values = [1, 2, 3, 4];
        let ledger = ledger(&values);
        let mut views = Views::new(3);
        // The view begins with op 1 alone, which others have forgotten by now.
        let first = views.check(0, &single(&[1]), &normal(2, true), &[]);
        assert_eq!(first, Ok(()));
        for _ in values {
            views.committed(view(0));
        }
        let next = views.check(0, &single(&[1]), &normal(3, true), &ledger);
        assert_violates("S4", "without op 4", next);
        let backup = views.check(1, &forgetful(&values), &normal(2, false), &ledger);
        assert_eq!(backup, Ok(()));
        let mut other = ledger;
        other[1].checksum = [9; 16];
        let backup = views.check(2, &forgetful(&values), &normal(2, false), &other);
        assert_violates("S7", "with another log", backup);
    }

    #[test]
    fn a_replica_that_comes_back_empty_is_found() {
        let mut views = Views::new(2);
        assert_violates("S17", "does not say so", forgets(1, &fresh(1, 2)));

        let ok = PrepareOk {
            acked: 3,
            ..PrepareOk::default()
        };
        views.sent(&message(&fresh(1, 2), MessageBody::PrepareOk(ok)));
        let back = views.check(1, &fresh(1, 2), &normal(0, false), &[]);
        assert_violates("S17", "with 0 of 3 entries", back);
    }
}
