//! A group whose network does what the script says.

use crate::describe;
use crate::support::{Words, boot};
use metadr_vr::wire::{Message, ReplicaId};
use metadr_vr::{Options, Outputs, Replica, Request, RequestId, Tick};
use std::collections::BTreeSet;

/// A message that was sent and has not arrived.
#[derive(Clone)]
pub(crate) struct Packet {
    pub(crate) from: ReplicaId,
    pub(crate) to: ReplicaId,
    pub(crate) message: Message,
}

/// All replicas, and what is on its way between them in the order of sending.
#[derive(Default)]
pub(crate) struct Group {
    pub(crate) replicas: Vec<Replica<Words>>,
    pub(crate) in_flight: Vec<Packet>,
    /// Nothing gets to these replicas or from them.
    pub(crate) cut: BTreeSet<ReplicaId>,
    now: Tick,
    /// What happened since it was last taken, a line each.
    told: String,
}

impl Group {
    pub(crate) fn new(count: u32, options: &Options) -> Self {
        let start = |id| {
            let state = Words::default();
            Replica::new(
                boot(id, count),
                state,
                options.clone(),
                id.into(),
                Tick(0),
                0,
            )
            .0
        };
        Self {
            replicas: (0..count).map(start).collect(),
            ..Self::default()
        }
    }

    pub(crate) fn tell(&mut self, line: &str) {
        self.told += line;
        self.told.push('\n');
    }

    pub(crate) fn take_told(&mut self) -> String {
        std::mem::take(&mut self.told)
    }

    pub(crate) fn request(&mut self, to: ReplicaId, id: RequestId, request: Request) {
        let now = self.now;
        self.call(to, |replica, outputs| {
            replica.on_request(now, id, request, outputs);
        });
    }

    pub(crate) fn close(&mut self, to: ReplicaId, connection: u64) {
        self.call(to, |replica, _| replica.on_connection_closed(connection));
    }

    pub(crate) fn flush(&mut self, replica: ReplicaId) {
        self.call(replica, Replica::flush);
    }

    /// One tick: calls those replicas whose deadline it is, and no others, so
    /// that a deadline which comes too late is noticed.
    pub(crate) fn tick(&mut self) {
        self.now = self.now.after(1);
        let (now, wall_ms) = (self.now, self.now.0 * Tick::MILLIS);
        for id in self.ids() {
            let deadline = self.replicas[id as usize].next_deadline();
            if deadline.is_some_and(|deadline| deadline <= now) {
                self.call(id, |replica, outputs| {
                    replica.on_tick(now, wall_ms, outputs);
                    replica.flush(outputs);
                });
            }
        }
    }

    /// Hands in messages; then each replica that got one does its work, once.
    pub(crate) fn deliver(&mut self, packets: Vec<Packet>) {
        let now = self.now;
        let mut receivers = BTreeSet::new();
        for Packet { to, message, .. } in packets {
            receivers.insert(to);
            self.call(to, |replica, outputs| {
                replica.on_message(now, message, outputs);
            });
        }
        for id in receivers {
            self.flush(id);
        }
    }

    pub(crate) fn ids(&self) -> impl Iterator<Item = ReplicaId> + use<> {
        let count = u32::try_from(self.replicas.len()).expect("a group is small");
        0..count
    }

    fn call(&mut self, id: ReplicaId, act: impl FnOnce(&mut Replica<Words>, &mut Outputs)) {
        let mut outputs = Outputs::default();
        act(&mut self.replicas[id as usize], &mut outputs);
        // The disk is fast.
        let now = self.now;
        while let Some(last) = std::mem::take(&mut outputs.persist).last() {
            self.replicas[id as usize].on_persisted(now, last.sequence, &mut outputs);
        }
        for event in &outputs.events {
            if let Some(text) = describe::event(event) {
                self.tell(&format!("{id}: {text}"));
            }
        }
        for (request, reply) in &outputs.reply {
            self.tell(&format!("{id} => {}", describe::reply(*request, reply)));
        }
        for (to, message) in outputs.send {
            self.send(Packet {
                from: id,
                to,
                message,
            });
        }
    }

    /// Puts a message on its way.
    pub(crate) fn send(&mut self, packet: Packet) {
        let Packet { from, to, message } = &packet;
        if self.cut.contains(from) || self.cut.contains(to) {
            return;
        }
        let line = format!("{from} -> {to}: {}", describe::message(&message.body));
        self.tell(&line);
        self.in_flight.push(packet);
    }
}
