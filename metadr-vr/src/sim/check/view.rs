//! S4 Leader completeness, and S5 One primary for each view.

use super::{Check, Violation};
use crate::sim::model::Registers;
use crate::wire::{Entry, EpochView};
use crate::{Event, Replica};
use std::collections::HashMap;

/// The views so far.
#[derive(Debug, Default)]
pub(super) struct Views {
    primaries: HashMap<EpochView, usize>,
    /// The view in which each op was committed, from op 1 on.
    committed_in: Vec<EpochView>,
}

impl Views {
    /// Notes that the next op of the ledger was committed in a view.
    pub(super) fn committed(&mut self, view: EpochView) {
        self.committed_in.push(view);
    }

    pub(super) fn check(
        &mut self,
        index: usize,
        replica: &Replica<Registers>,
        events: &[Event],
        ledger: &[Entry],
    ) -> Check {
        for event in events {
            let Event::Normal {
                view,
                is_primary: true,
                ..
            } = event
            else {
                continue;
            };
            if let Some(first) = self.primaries.insert(*view, index) {
                let what = format!("{view:?} has the primaries {first} and {index}");
                return Err(Violation::new("S5", what));
            }
            // The chain says the rest of all ops before.
            let last = self.committed_in.iter().rposition(|one| one < view);
            if let Some(entry) = last.map(|last| &ledger[last + 1])
                && replica.log().checksum(entry.header.op) != Some(entry.header.checksum)
            {
                let op = entry.header.op;
                let what = format!("{view:?} starts without op {op}, committed before");
                return Err(Violation::new("S4", what));
            }
        }
        Ok(())
    }
}
