//! Messages on their way from one replica to another.

use super::{Planned, World};
use crate::Outputs;
use crate::sim::check::Violation;
use crate::sim::happening::Happening;
use crate::sim::model::Model;
use crate::sim::network::is_rare;
use crate::wire::Message;

impl<M: Model> World<M> {
    pub(super) fn transmit(
        &mut self,
        from: usize,
        to: usize,
        message: Message,
    ) -> Result<(), Violation> {
        let promised = self.nodes[from].promise();
        if let Some(sender) = &self.replicas[from] {
            self.checkers.sent(sender, promised, &message)?;
        }
        if !self.network.is_open(from, to, self.now)
            || self.network.is_dropped(to, &message, self.now)
        {
            return Ok(());
        }
        if is_rare(&message) {
            self.echoes.hear(to, &message);
        }
        for delay in self.network.deliveries(from, to, &message, self.now) {
            self.digest([3, to as u64, delay]);
            let slot = self.put_in_flight(to, message.clone());
            self.plan(1 + delay, Planned::Arrival(slot));
        }
        Ok(())
    }

    pub(super) fn put_in_flight(&mut self, to: usize, message: Message) -> usize {
        let slot = self.free.pop().unwrap_or_else(|| {
            self.in_flight.push(None);
            self.in_flight.len() - 1
        });
        self.in_flight[slot] = Some((to, message));
        slot
    }

    pub(super) fn arrive(&mut self, slot: usize) -> Result<(), Violation> {
        let (to, message) = self.in_flight[slot].take().expect("planned once");
        let idle = self.nodes[to].idle(self.now);
        if idle > 0 {
            self.in_flight[slot] = Some((to, message));
            self.plan(idle, Planned::Arrival(slot));
            return Ok(());
        }
        self.free.push(slot);
        let from = message.envelope.sender as usize;
        if !self.network.is_open(from, to, self.now) {
            return Ok(());
        }
        let now = self.now;
        self.note(Happening::Arrival(now.0, to, Box::new(message.clone())));
        let Some(replica) = &mut self.replicas[to] else {
            return Ok(());
        };
        let instance = message.envelope.instance;
        self.counts.delivered += 1;
        let mut outputs = Outputs::default();
        replica.on_message(self.nodes[to].clock.local(now), message, &mut outputs);
        self.digest([1, now.0, to as u64]);
        self.was_heard(from, instance, &outputs.events)?;
        self.settle_event(to, outputs)
    }
}
