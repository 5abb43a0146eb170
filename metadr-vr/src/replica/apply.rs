//! Executing what is committed.

use super::{Replica, Status};
use crate::StateMachine;
use crate::machine::Outcome;
use crate::outputs::{ClientReply, Event, Fault, Outputs};
use crate::wire::OpNumber;

impl<S: StateMachine> Replica<S> {
    /// Executes everything up to the commit number, and answers its requests.
    pub(super) fn apply_committed(&mut self, outputs: &mut Outputs) {
        assert!(self.commit_number <= self.log.head());
        let mut outcomes = Vec::new();
        while self.replicated.op() < self.commit_number {
            let op = self.replicated.op() + 1;
            outputs.events.push(Event::Committed { op });
            let entry = self.log.get(op).expect("the log reaches the commit number");
            outcomes.clear();
            if self.replicated.apply(entry, &mut outcomes).is_err() {
                // The parts of an entry are checked before they are written, so
                // this is an entry of a later program.
                return self.fault(Fault::UnknownFormat { op }, outputs);
            }
            let digest = self.replicated.digest();
            outputs.events.push(Event::Applied { op, digest });
            self.answer_applied(op, &mut outcomes, outputs);
            self.begin_checkpoint(outputs);
            if let Status::Faulted(_) = self.status {
                return;
            }
        }
    }

    /// Answers the requests of the entry at `op`, if this primary made it.
    fn answer_applied(&mut self, op: OpNumber, outcomes: &mut Vec<Outcome>, outputs: &mut Outputs) {
        let Some(waiting) = self.requests.applied(op) else {
            return;
        };
        assert_eq!(
            waiting.len(),
            outcomes.len(),
            "an answer for each operation"
        );
        for (index, (id, outcome)) in waiting.into_iter().zip(outcomes.drain(..)).enumerate() {
            if self.requests.is_open(id.connection) {
                outputs.reply.push((id, reply(outcome, op, index)));
            }
        }
    }
}

fn reply(outcome: Outcome, op: OpNumber, index: usize) -> ClientReply {
    match outcome {
        Outcome::Result(result) => ClientReply::Ok { result, op, index },
        Outcome::SessionExpired => ClientReply::SessionExpired,
    }
}
