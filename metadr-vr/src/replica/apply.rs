//! Executing what is committed.

use super::Replica;
use crate::StateMachine;
use crate::outputs::{ClientReply, Event, Fault, Outputs};
use crate::wire::{ClientOperation, OpNumber};
use bytes::Bytes;

impl<S: StateMachine> Replica<S> {
    /// Executes everything up to the commit number, and answers its requests.
    pub(super) fn apply_committed(&mut self, outputs: &mut Outputs) {
        assert!(self.commit_number <= self.log.head());
        while self.applied < self.commit_number {
            let op = self.applied + 1;
            outputs.events.push(Event::Committed { op });
            let Ok(results) = self.apply(op) else {
                // The parts of an entry are checked before they are written, so
                // this is an entry of a later program.
                return self.fault(Fault::UnknownFormat { op }, outputs);
            };
            self.applied = op;
            let digest = self.state_machine.digest();
            outputs.events.push(Event::Applied { op, digest });
            if let Some(waiting) = self.requests.applied(op) {
                assert_eq!(waiting.len(), results.len(), "an answer for each operation");
                for (index, (id, result)) in waiting.into_iter().zip(results).enumerate() {
                    if self.requests.is_open(id.connection) {
                        let reply = ClientReply::Ok { result, op, index };
                        outputs.reply.push((id, reply));
                    }
                }
            }
        }
    }

    fn apply(&mut self, op: OpNumber) -> Result<Vec<Bytes>, metadr_runtime::xdr::DecodeError> {
        let entry = self.log.get(op).expect("the log reaches the commit number");
        let timestamp = entry.header.timestamp_ms;
        let operations = entry.operations()?;
        let execute = |operation| match operation {
            ClientOperation::Anonymous(operation) => {
                self.state_machine.apply(op, timestamp, &operation)
            }
            ClientOperation::Query(query) => self.state_machine.query(&query),
            // No session was ever registered, so none is known: the operation
            // is skipped, as that of an expired session is.
            ClientOperation::Register(_) | ClientOperation::Session(_) => Bytes::new(),
        };
        Ok(operations.into_iter().map(execute).collect())
    }
}
