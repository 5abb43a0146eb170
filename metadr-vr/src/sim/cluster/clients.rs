//! What clients ask, and the answers.

use super::World;
use crate::sim::check::Violation;
use crate::sim::model::Model;
use crate::sim::record::What;
use crate::{ClientReply, Request, RequestId};

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
        self.checkers.answered(id, reply)?;
        let is_success = matches!(reply, ClientReply::Ok { .. });
        self.clients.answered(id, is_success);
        self.counts.answered += u64::from(is_success);
        Ok(())
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
