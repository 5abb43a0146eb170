//! Executing what is committed.

use super::{Replica, Status};
use crate::StateMachine;
use crate::machine::{Done, Outcome};
use crate::outputs::{ClientReply, Event, Fault, Outputs};
use crate::wire::OpNumber;

impl<S: StateMachine> Replica<S> {
    /// Executes everything up to the commit number, and answers its requests.
    pub(super) fn apply_committed(&mut self, outputs: &mut Outputs) {
        assert!(self.commit_number <= self.log.head());
        let mut done = Vec::new();
        while self.replicated.op() < self.commit_number {
            let op = self.replicated.op() + 1;
            outputs.events.push(Event::Committed { op });
            let entry = self.log.get(op).expect("the log reaches the commit number");
            done.clear();
            if (self.replicated)
                .apply(entry, &self.options, &mut done)
                .is_err()
            {
                // The parts of an entry are checked before they are written, so
                // this is an entry of a later program.
                return self.fault(Fault::UnknownFormat { op }, outputs);
            }
            let digest = self.replicated.digest();
            outputs.events.push(Event::Applied { op, digest });
            self.answer_applied(op, &done, outputs);
            self.begin_checkpoint(outputs);
            if let Status::Faulted(_) = self.status {
                return;
            }
        }
    }

    /// Answers the requests of the entry at `op`: those of which it was made,
    /// if this primary made it, and the copies that wait for them.
    fn answer_applied(&mut self, op: OpNumber, done: &[Done], outputs: &mut Outputs) {
        let own = self.requests.applied(op);
        assert!(
            own.is_empty() || own.len() == done.len(),
            "an answer for each operation"
        );
        for (index, Done { key, outcome }) in done.iter().enumerate() {
            let first = own.get(index).copied();
            let copies = key.map(|key| self.requests.in_flight.executed(key));
            for id in first.into_iter().chain(copies.into_iter().flatten()) {
                if self.requests.is_open(id.connection) {
                    outputs.reply.push((id, outcome.reply(op, index)));
                }
            }
        }
    }
}

impl Outcome {
    /// How it is told to the client.
    fn reply(&self, op: OpNumber, index: usize) -> ClientReply {
        match self {
            Self::Result(result) => ClientReply::Ok {
                result: result.clone(),
                op,
                index,
            },
            Self::Registered(session) => ClientReply::Registered { session: *session },
            Self::Repeated(executed) => executed.reply(),
            Self::Answered => ClientReply::Invalid,
            Self::Expired => ClientReply::SessionExpired,
            Self::BeyondWindow => ClientReply::WindowExceeded,
        }
    }
}
