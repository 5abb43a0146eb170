//! A group whose network and whose processes do what the script says.

use crate::describe;
use crate::process::Process;
use crate::support::Words;
use metadr_vr::wire::{Durability, Message, ReplicaId};
use metadr_vr::{Options, Outputs, Replica, Request, RequestId, Stream, Tick};
use std::collections::BTreeSet;

/// A message that was sent and has not arrived.
#[derive(Clone)]
pub(crate) struct Packet {
    pub(crate) from: ReplicaId,
    pub(crate) to: ReplicaId,
    pub(crate) message: Message,
    /// When it was sent.
    pub(crate) at: Tick,
}

/// All replicas, and what is on its way between them in the order of sending.
#[derive(Default)]
pub(crate) struct Group {
    processes: Vec<Process>,
    pub(crate) in_flight: Vec<Packet>,
    /// Messages that are held back until the script lets them go.
    pub(crate) held: Vec<Packet>,
    /// What is sent from the first replica to the second gets lost.
    pub(crate) cut: BTreeSet<(ReplicaId, ReplicaId)>,
    /// What is sent from the first replica to the second is held back.
    pub(crate) late: BTreeSet<(ReplicaId, ReplicaId)>,
    options: Options,
    now: Tick,
    /// Messages are not told, but when everything else happens is.
    is_brief: bool,
    /// What happened since it was last taken, a line each.
    told: String,
}

impl Group {
    pub(crate) fn new(count: u32, mode: Durability, options: Options) -> Self {
        Self {
            processes: (0..count)
                .map(|id| Process::new(id, count, mode, &options))
                .collect(),
            options,
            ..Self::default()
        }
    }

    pub(crate) fn tell(&mut self, line: &str) {
        if self.is_brief {
            self.told += &format!("@{} ", self.now.0);
        }
        self.told += line;
        self.told.push('\n');
    }

    pub(crate) fn take_told(&mut self) -> String {
        std::mem::take(&mut self.told)
    }

    pub(crate) fn process(&self, id: ReplicaId) -> Option<&Process> {
        self.processes.get(id as usize)
    }

    pub(crate) fn process_mut(&mut self, id: ReplicaId) -> Option<&mut Process> {
        self.processes.get_mut(id as usize)
    }

    pub(crate) fn replica(&self, id: ReplicaId) -> Option<&Replica<Words>> {
        self.process(id)?.replica.as_ref()
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

    pub(crate) fn begin_stop(&mut self, id: ReplicaId) {
        let now = self.now;
        self.call(id, |replica, outputs| replica.begin_stop(now, outputs));
    }

    /// Starts a process again.
    pub(crate) fn start(&mut self, id: ReplicaId) -> Option<()> {
        let (options, now) = (self.options.clone(), self.now);
        let outputs = self.process_mut(id)?.start(&options, now);
        self.carry_out(id, outputs);
        Some(())
    }

    /// Ends a process cleanly.
    pub(crate) fn stop(&mut self, id: ReplicaId) -> Option<()> {
        let is_ready = self.replica(id)?.is_ready_to_stop();
        let (kept, outputs) = self.process_mut(id)?.stop();
        self.carry_out(id, outputs);
        let what = match kept {
            Some(head) => format!("keeps its log up to {head}"),
            None => "has nothing to keep".to_owned(),
        };
        let when = if is_ready {
            "is ready"
        } else {
            "is not asked first"
        };
        self.tell(&format!("{id}: {when}, stops, and {what}"));
        Some(())
    }

    /// What a replica has written is on its disk.
    pub(crate) fn sync(&mut self, id: ReplicaId) {
        self.call(id, |_, _| {});
    }

    /// One tick: calls those replicas whose deadline it is, and no others, so
    /// that a deadline which comes too late is noticed.
    pub(crate) fn tick(&mut self) {
        self.now = self.now.after(1);
        self.timers();
    }

    fn timers(&mut self) {
        let (now, wall_ms) = (self.now, self.now.0 * Tick::MILLIS);
        for id in self.ids() {
            let deadline = self.replica(id).and_then(Replica::next_deadline);
            if deadline.is_some_and(|deadline| deadline <= now) && !self.is_paused(id) {
                self.call(id, |replica, outputs| {
                    replica.on_tick(now, wall_ms, outputs);
                    // Else its embedder would do nothing but call it.
                    let deadline = replica.next_deadline();
                    assert!(deadline.is_none_or(|deadline| deadline > now));
                    replica.flush(outputs);
                });
            }
        }
    }

    /// Lets everything take its course for some ticks: each message arrives
    /// `delay` ticks after it was sent.
    pub(crate) fn run(&mut self, ticks: u32, delay: u64) {
        self.is_brief = true;
        for _ in 0..ticks {
            self.now = self.now.after(1);
            let now = self.now;
            let has_arrived = |packet: &mut Packet| now.since(packet.at) >= delay;
            let arrived = self.in_flight.extract_if(.., has_arrived).collect();
            self.deliver(arrived);
            self.timers();
        }
        self.is_brief = false;
    }

    /// Hands in messages; then each replica that got one does its work, once.
    /// Those for a replica that is paused stay on their way.
    pub(crate) fn deliver(&mut self, packets: Vec<Packet>) {
        let now = self.now;
        let mut receivers = BTreeSet::new();
        for packet in packets {
            let to = packet.to;
            if self.is_paused(to) {
                self.in_flight.push(packet);
                continue;
            }
            receivers.insert(to);
            self.call(to, |replica, outputs| {
                replica.on_message(now, packet.message, outputs);
            });
        }
        for id in receivers {
            self.flush(id);
        }
    }

    pub(crate) fn is_paused(&self, id: ReplicaId) -> bool {
        self.process(id).is_some_and(|process| process.is_paused)
    }

    pub(crate) fn ids(&self) -> impl Iterator<Item = ReplicaId> + use<> {
        let count = u32::try_from(self.processes.len()).expect("a group is small");
        0..count
    }

    /// Calls a replica; one that is down does not notice.
    fn call(&mut self, id: ReplicaId, act: impl FnOnce(&mut Replica<Words>, &mut Outputs)) {
        let Some(replica) = &mut self.processes[id as usize].replica else {
            return;
        };
        let mut outputs = Outputs::default();
        act(replica, &mut outputs);
        self.carry_out(id, outputs);
    }

    fn carry_out(&mut self, id: ReplicaId, mut outputs: Outputs) {
        let now = self.now;
        let process = &mut self.processes[id as usize];
        loop {
            process.write(std::mem::take(&mut outputs.persist));
            if process.is_disk_slow {
                break;
            }
            let is_log_slow = process.is_log_slow;
            let synced = process.sync(|stream| stream == Stream::Meta || !is_log_slow);
            let (Some(ticket), Some(replica)) = (synced, &mut process.replica) else {
                break;
            };
            replica.on_persisted(now, ticket, &mut outputs);
            if ticket.stream == Stream::Log {
                replica.flush(&mut outputs);
            }
        }
        for event in &outputs.events {
            let text = describe::event(event);
            if !(self.is_brief && describe::is_of_a_message(event))
                && let Some(text) = text
            {
                self.tell(&format!("{id}: {text}"));
            }
        }
        for (request, reply) in &outputs.reply {
            self.tell(&format!("{id} => {}", describe::reply(*request, reply)));
        }
        for (to, message) in outputs.send {
            self.send(id, to, message);
        }
    }

    /// Puts a message on its way.
    pub(crate) fn send(&mut self, from: ReplicaId, to: ReplicaId, message: Message) {
        if self.cut.contains(&(from, to)) {
            return;
        }
        if !self.is_brief {
            let text = describe::message(&message.body);
            self.tell(&format!("{from} -> {to}: {text}"));
        }
        let at = self.now;
        let packet = Packet {
            from,
            to,
            message,
            at,
        };
        if self.late.contains(&(from, to)) {
            self.held.push(packet);
        } else {
            self.in_flight.push(packet);
        }
    }
}
