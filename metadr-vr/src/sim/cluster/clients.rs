//! What clients ask, and the answers.

use super::World;
use crate::sim::check::Violation;
use crate::sim::model::Model;
use crate::sim::record::{Incident, What};
use crate::{Admin, ClientReply, Request, RequestId};

/// The connection of an operator: no client has it.
const OPERATOR: u64 = u64::MAX;

impl<M: Model> World<M> {
    pub(super) fn burst(&mut self, client: usize) -> Result<(), Violation> {
        let (target, closed) = self.clients.target(client);
        if let Some((replica, connection)) = closed
            && let Some(replica) = &mut self.replicas[replica]
        {
            replica.on_connection_closed(connection);
        }
        if !self.is_up(target) {
            self.clients.lost(target);
            return Ok(());
        }
        for (id, request) in self.clients.burst(client) {
            self.ask(target, id, request)?;
        }
        Ok(())
    }

    pub(super) fn ask(
        &mut self,
        target: usize,
        id: RequestId,
        request: Request,
    ) -> Result<(), Violation> {
        self.checkers.asked(id, &request);
        self.note(What::Asked(id));
        let local = self.nodes[target].clock.local(self.now);
        // A crash at a chosen point may have come in between.
        let Some(replica) = &mut self.replicas[target] else {
            self.clients.lost(target);
            return Ok(());
        };
        let mut outputs = self.outputs.take().unwrap_or_default();
        replica.on_request(local, id, request, &mut outputs);
        self.settle_event(target, outputs)
    }

    pub(super) fn answer(&mut self, id: RequestId, reply: &ClientReply) -> Result<(), Violation> {
        self.digest([2, id.connection, id.number]);
        if id.connection == OPERATOR {
            return Ok(());
        }
        self.checkers.answered(id, reply)?;
        let is_success = matches!(reply, ClientReply::Ok { .. });
        self.clients.answered(id, is_success);
        self.counts.answered += u64::from(is_success);
        Ok(())
    }

    /// An operator wants another primary, under load. What comes of it shows
    /// in the views.
    pub(super) fn step_down(&mut self, primary: usize) -> Result<(), Violation> {
        let local = self.nodes[primary].clock.local(self.now);
        let Some(replica) = &mut self.replicas[primary] else {
            return Ok(());
        };
        let id = RequestId {
            connection: OPERATOR,
            number: self.now.0,
        };
        let mut outputs = self.outputs.take().unwrap_or_default();
        let request = Request::Admin(Admin::StepDown);
        replica.on_request(local, id, request, &mut outputs);
        self.note(What::Fault(primary as u32, Incident::IsToStepDown));
        self.settle_event(primary, outputs)
    }

    /// A client's connection breaks.
    pub(super) fn disconnect(&mut self) {
        let last = self.clients.count() as u64 - 1;
        let client = usize::try_from(self.fault_random.between(0, last)).expect("few clients");
        let (target, connection) = self.clients.disconnect(client);
        // The replica may not notice for long.
        if self.fault_random.chance(500)
            && let Some(replica) = &mut self.replicas[target]
        {
            replica.on_connection_closed(connection);
        }
    }
}
