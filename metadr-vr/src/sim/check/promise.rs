//! S6 Promises, and of S7 what is reported for a view.

use super::{Check, Violation};
use crate::wire::{DoViewChange, EpochView, Message, MessageBody, ReplicaId};
use crate::{Replica, StateMachine, Status};
use rustc_hash::FxHashMap;

/// What was promised, and what was reported, so far.
#[derive(Debug)]
pub(super) struct Promise {
    /// The promise of each replica that it knows to be on its disk.
    synced: Vec<EpochView>,
    reported: FxHashMap<(ReplicaId, EpochView), DoViewChange>,
}

impl Promise {
    pub(super) fn new(replicas: usize) -> Self {
        Self {
            synced: vec![EpochView::default(); replicas],
            reported: FxHashMap::default(),
        }
    }

    /// S6: notes what a replica is told to be on its disk.
    pub(super) fn synced(&mut self, index: usize, promise: EpochView) {
        self.synced[index] = self.synced[index].max(promise);
    }

    /// A replica has another disk, and never promised anything.
    pub(super) fn lost_disk(&mut self, index: usize) {
        self.synced[index] = EpochView::default();
        (self.reported).retain(|(id, _), _| *id as usize != index);
    }

    /// S6: what was on the disk once is there after every crash.
    pub(super) fn restarted(&self, index: usize, found: EpochView) -> Check {
        let known = self.synced[index];
        if found >= known {
            return Ok(());
        }
        let what = format!("replica {index} had promised {known:?}, and finds {found:?}");
        Err(Violation::new("S6", what))
    }

    /// Checks a message as it is sent. `promised` is what is on its sender's disk.
    pub(super) fn sent<S: StateMachine>(
        &mut self,
        sender: &Replica<S>,
        promised: EpochView,
        message: &Message,
    ) -> Check {
        let shown = message.envelope.promise;
        let id = message.envelope.sender;
        // Later is not safe yet, and what is earlier was promised to be over.
        if shown != promised {
            let what = format!("replica {id} shows {shown:?}, and {promised:?} is on its disk");
            return Err(Violation::new("S6", what));
        }
        if let MessageBody::DoViewChange(report) = &message.body {
            self.reported(sender, shown, report)?;
        }
        Ok(())
    }

    /// S7: a report says what the log is, and the same each time.
    fn reported<S: StateMachine>(
        &mut self,
        sender: &Replica<S>,
        view: EpochView,
        report: &DoViewChange,
    ) -> Check {
        let id = sender.boot().id();
        let head = sender.log().head_header();
        let is_true = report.last_normal == sender.last_normal()
            && (report.head, report.head_checksum) == (head.op, head.checksum);
        if !is_true || !matches!(sender.status(), Status::ViewChange { entered: true }) {
            let what = format!("replica {id} reports another log for {view:?} than it holds");
            return Err(Violation::new("S7", what));
        }
        let first = self.reported.entry((id, view));
        if first.or_insert_with(|| report.clone()) != report {
            let what = format!("replica {id} reports two different logs for {view:?}");
            return Err(Violation::new("S7", what));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::check::testing::{assert_violates, fresh, message};

    fn view(view: u64) -> EpochView {
        EpochView { epoch: 0, view }
    }

    fn shows(shown: u64, promised: u64) -> Check {
        let sender = fresh(0, 3);
        let mut message = message(&sender, MessageBody::EnterView);
        message.envelope.promise = view(shown);
        Promise::new(3).sent(&sender, view(promised), &message)
    }

    #[test]
    fn a_view_that_is_not_on_disk_or_is_over_is_found() {
        assert_eq!(shows(2, 2), Ok(()));
        assert_violates("S6", "is on its disk", shows(2, 1));
        assert_violates("S6", "is on its disk", shows(1, 2));
    }

    #[test]
    fn a_promise_that_is_gone_is_found() {
        let mut promise = Promise::new(2);
        promise.synced(1, view(3));
        assert_eq!(promise.restarted(0, view(0)), Ok(()));
        assert_eq!(promise.restarted(1, view(3)), Ok(()));
        assert_violates("S6", "finds", promise.restarted(1, view(2)));
    }

    #[test]
    fn a_report_of_another_log_is_found() {
        let sender = fresh(0, 3);
        let report = DoViewChange {
            head: 1,
            ..DoViewChange::default()
        };
        let message = message(&sender, MessageBody::DoViewChange(report));
        let check = Promise::new(3).sent(&sender, view(0), &message);
        assert_violates("S7", "another log", check);
    }
}
