//! What is seen of a run: by the checkers, by whoever reads a failure, and by
//! the trace.

use super::World;
use crate::Event;
use crate::sim::check::Violation;
use crate::sim::model::Model;
use crate::sim::record::What;

impl<M: Model> World<M> {
    /// Checks what a replica has become.
    pub(super) fn look_at(&mut self, index: usize, events: &[Event]) -> Result<(), Violation> {
        for event in events {
            self.note(What::Event(index as u32, event.clone()));
            match event {
                Event::Faulted(_) | Event::Divergence { .. }
                    if self.was_sent_away(index, events) => {}
                Event::Faulted(_) | Event::Divergence { .. } => {
                    let what = format!("replica {index} reports {event:?}");
                    return Err(Violation {
                        invariant: "S3",
                        what,
                    });
                }
                Event::Normal { is_primary, .. } => {
                    self.counts.views += u64::from(*is_primary);
                    self.nodes[index].reports_loss = false;
                    if *is_primary {
                        self.plan_fault_of_leader();
                    }
                    self.checkers.memory_changed(&self.replicas)?;
                }
                Event::LostQuorum { .. } => self.nodes[index].reports_loss = true,
                Event::Entered { .. } => self.nodes[index].reports_loss = false,
                _ => {}
            }
        }
        self.checkers.replica(index, &self.replicas, events)
    }

    pub(super) fn note(&mut self, what: What) {
        self.recorder.note(self.now.0, self.counts.events, what);
    }

    pub(super) fn digest(&mut self, numbers: [u64; 3]) {
        for number in numbers {
            // FNV-1a, a word at a time.
            self.trace = (self.trace ^ number).wrapping_mul(0x0100_0000_01b3);
        }
    }
}
