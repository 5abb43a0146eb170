//! Requests through a network that loses, repeats and reorders, from clients
//! that come and go.

use crate::group::Group;
use crate::support::calm;
use bytes::Bytes;
use metadr_vr::{ClientReply, Level, Options, Request, RequestId};
use proptest::collection::vec;
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

#[derive(Clone, Debug)]
enum Step {
    /// Requests of a connection, one after the other.
    Requests(usize, Vec<bool>),
    /// The connection is closed; another takes its place.
    Close(usize),
    Ticks(u64),
    Flush,
    Deliver(usize),
    Lose(usize),
    /// A message arrives, and stays on its way.
    Repeat(usize),
    /// Messages change places.
    Swap(usize, usize),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => (0..3_usize, vec(any::<bool>(), 1..5))
            .prop_map(|(client, kinds)| Step::Requests(client, kinds)),
        1 => (0..3_usize).prop_map(Step::Close),
        2 => (1..15_u64).prop_map(Step::Ticks),
        3 => Just(Step::Flush),
        6 => (1..8_usize).prop_map(Step::Deliver),
        1 => (1..4_usize).prop_map(Step::Lose),
        1 => any::<usize>().prop_map(Step::Repeat),
        2 => (any::<usize>(), any::<usize>()).prop_map(|(one, other)| Step::Swap(one, other)),
    ]
}

/// The clients, and what they asked for.
struct Clients {
    /// The connection that each has now.
    connections: [u64; 3],
    next_connection: u64,
    asked: BTreeMap<RequestId, Asked>,
    /// How many of the replies had been given when a connection was closed.
    closed: BTreeMap<u64, usize>,
}

/// What a request was, and how many replies had been given before it.
struct Asked {
    is_read: bool,
    replies_before: usize,
}

/// The word that a request writes.
fn word(id: RequestId) -> String {
    format!("{}.{}", id.connection, id.number)
}

impl Clients {
    fn request(&mut self, group: &mut Group, client: usize, is_read: bool) {
        let id = RequestId {
            connection: self.connections[client],
            number: self.asked.len() as u64,
        };
        let replies_before = group.replies.len();
        let asked = Asked {
            is_read,
            replies_before,
        };
        self.asked.insert(id, asked);
        let request = match is_read {
            true => Request::Read {
                query: Bytes::new(),
                level: Level::Linearizable,
            },
            false => Request::Anonymous(word(id).into()),
        };
        group.request(0, id, request);
    }

    fn close(&mut self, group: &mut Group, client: usize) {
        let connection = self.connections[client];
        group.close(0, connection);
        self.closed.insert(connection, group.replies.len());
        self.connections[client] = self.next_connection;
        self.next_connection += 1;
    }

    fn take(&mut self, group: &mut Group, step: Step) {
        let in_flight = group.in_flight.len();
        match step {
            Step::Requests(client, kinds) => {
                for is_read in kinds {
                    self.request(group, client, is_read);
                }
            }
            Step::Close(client) => self.close(group, client),
            Step::Ticks(count) => (0..count).for_each(|_| group.tick()),
            Step::Flush => group.flush(0),
            Step::Deliver(count) => group.deliver(count),
            Step::Lose(count) => drop(group.in_flight.drain(..count.min(in_flight))),
            Step::Repeat(index) if in_flight > 0 => {
                let (to, message) = group.in_flight[index % in_flight].clone();
                group.message(to, message);
            }
            Step::Swap(one, other) if in_flight > 0 => {
                group.in_flight.swap(one % in_flight, other % in_flight);
            }
            Step::Repeat(_) | Step::Swap(..) => {}
        }
    }

    /// What the replies must be, once all have been given.
    fn check(&self, replies: &[(RequestId, ClientReply)], history: &str) {
        let words: Vec<&str> = history.split_whitespace().collect();
        let distinct: BTreeSet<&str> = words.iter().copied().collect();
        assert_eq!(distinct.len(), words.len(), "a write took effect twice");
        let mut answered = BTreeSet::new();
        let mut last_seen = BTreeMap::<u64, usize>::new();
        for (place, (id, reply)) in replies.iter().enumerate() {
            assert!(answered.insert(*id), "{id:?} was answered twice");
            let closed = self.closed.get(&id.connection);
            assert!(
                closed.is_none_or(|closed| place < *closed),
                "{id:?} is gone"
            );
            let ClientReply::Ok { result, .. } = reply else {
                assert!(matches!(reply, ClientReply::Busy { .. }), "{reply:?}");
                assert!(!distinct.contains(word(*id).as_str()), "{id:?} was refused");
                continue;
            };
            let seen = String::from_utf8_lossy(result).split_whitespace().count();
            assert!(history.starts_with(&*String::from_utf8_lossy(result)));
            let asked = &self.asked[id];
            if !asked.is_read {
                assert_eq!(words[seen - 1], word(*id));
            }
            // Never behind an earlier answer of the connection, nor behind what
            // anybody had been answered before this was asked.
            let last = last_seen.entry(id.connection).or_default();
            assert!(*last <= seen, "{id:?} is out of order");
            *last = seen;
            let before = replies[..asked.replies_before].iter();
            let floor = before.map(|(_, reply)| seen_in(reply)).max().unwrap_or(0);
            assert!(floor <= seen, "{id:?} is stale");
        }
        for id in self.asked.keys() {
            let is_gone = self.closed.contains_key(&id.connection);
            assert!(is_gone || answered.contains(id), "{id:?} has no answer");
        }
    }
}

fn seen_in(reply: &ClientReply) -> usize {
    match reply {
        ClientReply::Ok { result, .. } => {
            String::from_utf8_lossy(result).split_whitespace().count()
        }
        _ => 0,
    }
}

proptest! {
    #[test]
    fn every_request_of_an_open_connection_is_answered_once(
        steps in vec(step(), 1..80),
        count in 1..6_u32,
        pipeline_entries in 1..4_u64,
    ) {
        let options = Options {
            pipeline_entries,
            batch_operations: 3,
            batch_bytes: 250,
            window_bytes: 400,
            queue_requests: 8,
            queue_bytes: 40,
            reorder_entries: 2,
            ..calm()
        };
        let mut group = Group::new(count, options);
        let mut clients = Clients {
            connections: [0, 1, 2],
            next_connection: 3,
            asked: BTreeMap::new(),
            closed: BTreeMap::new(),
        };
        for step in steps {
            clients.take(&mut group, step);
        }
        // From here on nothing is lost.
        for _ in 0..200 {
            group.tick();
            group.deliver(usize::MAX);
        }
        let primary = &group.replicas[0];
        prop_assert_eq!(primary.waiting_requests(), 0);
        prop_assert!(primary.accepts_requests());
        for replica in &group.replicas {
            prop_assert_eq!(replica.applied(), primary.log().head());
            prop_assert_eq!(replica.log().head_header(), primary.log().head_header());
        }
        let state = metadr_vr::StateMachine::query(primary.state_machine(), &Bytes::new());
        clients.check(&group.replies, &String::from_utf8_lossy(&state));
    }
}
