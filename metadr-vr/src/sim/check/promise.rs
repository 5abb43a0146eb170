//! S6 Promises, and the second half of S7: what is reported for a view is
//! always the same.

use super::{Check, Violation};
use crate::wire::{DoViewChange, EpochView, Message, MessageBody, ReplicaId};
use std::collections::HashMap;

/// What was reported so far.
#[derive(Debug, Default)]
pub(super) struct Promise {
    reported: HashMap<(ReplicaId, EpochView), DoViewChange>,
}

impl Promise {
    pub(super) fn check(&mut self, promised: EpochView, message: &Message) -> Check {
        let shown = message.envelope.promise;
        let id = message.envelope.sender;
        if shown > promised {
            let what = format!("replica {id} shows {shown:?}, and {promised:?} is on its disk");
            return Err(Violation::new("S6", what));
        }
        if let MessageBody::DoViewChange(report) = &message.body {
            let first = self.reported.entry((id, shown));
            let first = first.or_insert_with(|| report.clone());
            if first != report {
                let what = format!("replica {id} reports two different logs for {shown:?}");
                return Err(Violation::new("S7", what));
            }
        }
        Ok(())
    }
}
