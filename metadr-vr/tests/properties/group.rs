//! A group that is checked after each call.

use crate::support::{Words, boot};
use metadr_runtime::xdr;
use metadr_vr::wire::{Message, ReplicaId};
use metadr_vr::{Boot, ClientReply, Options, Outputs, Replica, Request, RequestId, Status, Tick};
use std::collections::{BTreeSet, VecDeque};

/// Replicas, and what they said.
pub(crate) struct Group {
    pub(crate) options: Options,
    pub(crate) replicas: Vec<Replica<Words>>,
    pub(crate) in_flight: VecDeque<(ReplicaId, Message)>,
    pub(crate) replies: Vec<(RequestId, ClientReply)>,
    pub(crate) now: Tick,
}

impl Group {
    pub(crate) fn new(count: u32, options: Options) -> Self {
        let start = |id| {
            let state = Words::default();
            Replica::new(boot(id, count), state, options.clone(), 0, Tick(0), 0).0
        };
        Self {
            replicas: (0..count).map(start).collect(),
            options,
            in_flight: VecDeque::new(),
            replies: Vec::new(),
            now: Tick(0),
        }
    }

    /// Starts a replica, in place of the one that there was.
    pub(crate) fn restart(&mut self, boot: Boot) {
        let (id, options) = (boot.id(), self.options.clone());
        let wall_ms = self.now.0 * Tick::MILLIS;
        let (replica, outputs) =
            Replica::new(boot, Words::default(), options, 0, self.now, wall_ms);
        self.replicas[id as usize] = replica;
        self.call(id, |_, all| *all = outputs);
    }

    pub(crate) fn begin_stop(&mut self, id: ReplicaId) {
        let now = self.now;
        self.call(id, |replica, outputs| replica.begin_stop(now, outputs));
    }

    pub(crate) fn message(&mut self, to: ReplicaId, message: Message) {
        let now = self.now;
        self.call(to, |replica, outputs| {
            replica.on_message(now, message, outputs);
        });
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

    pub(crate) fn flush(&mut self, id: ReplicaId) {
        self.call(id, Replica::flush);
    }

    /// One tick, for those replicas that have asked for it.
    pub(crate) fn tick(&mut self) {
        self.now = self.now.after(1);
        let (now, wall_ms) = (self.now, self.now.0 * Tick::MILLIS);
        for id in 0..u32::try_from(self.replicas.len()).expect("a group is small") {
            let deadline = self.replicas[id as usize].next_deadline();
            if deadline.is_some_and(|deadline| deadline <= now) {
                self.call(id, |replica, outputs| {
                    replica.on_tick(now, wall_ms, outputs);
                    replica.flush(outputs);
                });
            }
        }
    }

    /// Hands in the first messages that are on their way.
    pub(crate) fn deliver(&mut self, count: usize) {
        let count = count.min(self.in_flight.len());
        for (to, message) in self.in_flight.drain(..count).collect::<Vec<_>>() {
            self.message(to, message);
            self.flush(to);
        }
    }

    /// Hands in all messages that are on their way; then each replica that got
    /// one does its work, once.
    pub(crate) fn deliver_hop(&mut self) {
        let mut receivers = BTreeSet::new();
        for (to, message) in std::mem::take(&mut self.in_flight) {
            receivers.insert(to);
            self.message(to, message);
        }
        receivers.into_iter().for_each(|id| self.flush(id));
    }

    fn call(&mut self, id: ReplicaId, act: impl FnOnce(&mut Replica<Words>, &mut Outputs)) {
        let mut outputs = Outputs::default();
        let replica = &mut self.replicas[id as usize];
        act(replica, &mut outputs);
        // The disk is fast.
        while let Some((last, _)) = std::mem::take(&mut outputs.persist).last() {
            replica.on_persisted(self.now, *last, &mut outputs);
        }
        assert_bounds(replica, &self.options);
        // An answer to one message, or entries for some peers: never a flood.
        assert!(outputs.send.len() < 200, "{} messages", outputs.send.len());
        for (_, message) in &outputs.send {
            let encoded = xdr::to_bytes(message).expect("a message can be sent");
            assert_eq!(xdr::from_bytes::<Message>(encoded).as_ref(), Ok(message));
        }
        self.in_flight.extend(outputs.send);
        self.replies.extend(outputs.reply);
    }
}

fn assert_bounds(replica: &Replica<Words>, options: &Options) {
    assert!(replica.applied() <= replica.commit_number());
    assert!(replica.commit_number() <= replica.log().head());
    assert!(replica.reorder_len() <= options.reorder_entries);
    assert!(replica.reorder_bytes() <= options.reorder_bytes);
    assert!(replica.waiting_requests() <= options.queue_requests);
    // A later view begins with what the one before it has left.
    if replica.status() == Status::Normal && replica.is_primary() {
        let known = replica.commit_number().max(replica.view_start_op());
        let uncommitted = replica.log().head() - known;
        assert!(uncommitted <= options.pipeline_entries);
    }
}
