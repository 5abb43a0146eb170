//! Messages on their way from one replica to another.

use super::{InFlight, Planned, World};
use crate::sim::check::Violation;
use crate::sim::model::Model;
use crate::sim::network::is_rare;
use crate::sim::record::{Loss, Said, What};
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
        if !self.network.is_open(from, to, self.now) {
            self.lose(to, self.now.0, &message, Loss::Cut);
        } else if self.network.is_dropped(to, &message, self.now) {
            self.lose(to, self.now.0, &message, Loss::Targeted);
        } else {
            if is_rare(&message) {
                self.echoes.hear(to, &message);
            }
            let delays = self.network.deliveries(from, to, &message, self.now);
            match *delays.as_slice() {
                [] => self.lose(to, self.now.0, &message, Loss::Chance),
                [delay] => self.send(to, delay, message),
                [first, second] => {
                    self.send(to, first, message.clone());
                    self.send(to, second, message);
                }
                _ => unreachable!("there are two copies at most"),
            }
        }
        Ok(())
    }

    fn send(&mut self, to: usize, delay: u64, message: Message) {
        self.digest([3, to as u64, delay]);
        let slot = self.put_in_flight(to, message);
        self.plan(1 + delay, Planned::Arrival(slot));
    }

    pub(super) fn put_in_flight(&mut self, to: usize, message: Message) -> usize {
        let sent = self.now.0;
        let one = Some(InFlight { to, sent, message });
        match self.free.pop() {
            Some(slot) => {
                self.in_flight[slot] = one;
                slot
            }
            None => {
                self.in_flight.push(one);
                self.in_flight.len() - 1
            }
        }
    }

    fn lose(&mut self, to: usize, sent: u64, message: &Message, loss: Loss) {
        self.note(What::Lost {
            from: message.envelope.sender,
            to: to as u32,
            sent,
            said: Said::of(message),
            loss,
        });
    }

    pub(super) fn arrive(&mut self, slot: usize) -> Result<(), Violation> {
        let now = self.now;
        let to = self.in_flight[slot].as_ref().expect("planned once").to;
        let idle = self.nodes[to].idle(now);
        if idle > 0 {
            self.plan(idle, Planned::Arrival(slot));
            return Ok(());
        }
        let arrived = self.in_flight[slot].take().expect("planned once");
        let InFlight { sent, message, .. } = arrived;
        self.free.push(slot);
        let from = message.envelope.sender;
        if !self.network.is_open(from as usize, to, now) {
            self.lose(to, sent, &message, Loss::Cut);
            return Ok(());
        }
        if self.replicas[to].is_none() {
            self.lose(to, sent, &message, Loss::Down);
            return Ok(());
        }
        self.note(What::Arrived {
            from,
            to: to as u32,
            sent,
            said: Said::of(&message),
        });
        let instance = message.envelope.instance;
        self.counts.delivered += 1;
        let mut outputs = self.outputs.take().unwrap_or_default();
        if let Some(replica) = &mut self.replicas[to] {
            replica.on_message(self.nodes[to].clock.local(now), message, &mut outputs);
        }
        self.digest([1, now.0, to as u64]);
        self.was_heard(from as usize, instance, &outputs.events)?;
        self.settle_event(to, outputs)
    }
}
