//! The clients: bursts of writes and reads, several at a time.

use super::model::Model;
use super::options::Swarm;
use super::random::Random;
use crate::{Level, Request, RequestId};
use rustc_hash::FxHashMap;
use std::collections::BTreeSet;

/// All clients of a run; each is one connection.
#[derive(Debug)]
pub(super) struct Clients<M> {
    model: M,
    random: Random,
    think: u64,
    window: usize,
    reads_per_mille: u64,
    /// That of all reads.
    level: Level,
    next_connection: u64,
    replicas: u64,
    each: Vec<Client>,
    /// Whose connection each is.
    owners: FxHashMap<u64, usize>,
}

#[derive(Clone, Debug)]
struct Client {
    /// Its present connection; each is used with one replica.
    connection: u64,
    /// The replica that it asks.
    target: usize,
    /// It was refused, or its connection broke: it turns to another replica.
    is_disappointed: bool,
    next_number: u64,
    /// The requests of all its connections that have no answer.
    outstanding: BTreeSet<RequestId>,
}

impl<M: Model> Clients<M> {
    pub(super) fn new(model: M, seed: u64, swarm: &Swarm) -> Self {
        Self {
            model,
            random: Random::stream(seed, "workload"),
            think: swarm.think,
            window: swarm.client_window,
            reads_per_mille: swarm.reads_per_mille,
            level: match swarm.options.lease {
                0 => Level::Linearizable,
                _ => Level::Lease,
            },
            next_connection: swarm.clients,
            replicas: u64::from(swarm.replicas),
            each: (0..swarm.clients).map(Client::new).collect(),
            owners: (0..swarm.clients).zip(0..).collect(),
        }
    }

    pub(super) fn count(&self) -> usize {
        self.each.len()
    }

    /// How many requests have no answer.
    pub(super) fn outstanding(&self) -> usize {
        self.each
            .iter()
            .map(|client| client.outstanding.len())
            .sum()
    }

    /// When a client acts again, in ticks from now.
    pub(super) fn pause(&mut self) -> u64 {
        1 + self.random.exponential(self.think)
    }

    /// The replica that a client asks now. Returns the connection that it
    /// has closed to turn to another one.
    pub(super) fn target(&mut self, client: usize) -> (usize, Option<(usize, u64)>) {
        let is_restless = self.random.chance(20);
        let next = self.random.between(0, self.replicas - 1);
        let one = &mut self.each[client];
        if !one.is_disappointed && !is_restless {
            return (one.target, None);
        }
        let closed = (one.target, one.connection);
        one.is_disappointed = false;
        one.target = usize::try_from(next).expect("few replicas");
        one.connection = self.next_connection;
        self.owners.insert(one.connection, client);
        self.next_connection += 1;
        // Nobody waits for what was asked on the old connection.
        one.outstanding.retain(|id| id.connection != closed.1);
        (one.target, Some(closed))
    }

    /// What a client asks for now, one after the other.
    pub(super) fn burst(&mut self, client: usize) -> Vec<(RequestId, Request)> {
        let room = self.window - self.each[client].outstanding.len();
        let most = u64::try_from(room).expect("a window is small");
        let count = self.random.between(0, most);
        (0..count).map(|_| self.request(client)).collect()
    }

    pub(super) fn answered(&mut self, id: RequestId, is_success: bool) {
        let client = &mut self.each[self.owners[&id.connection]];
        client.outstanding.remove(&id);
        if id.connection == client.connection && !is_success {
            client.is_disappointed = true;
        }
    }

    /// One more request, on a connection of its own. The first client asks.
    pub(super) fn probe(&mut self, replica: usize) -> (RequestId, Request) {
        let one = &mut self.each[0];
        one.connection = self.next_connection;
        one.target = replica;
        self.owners.insert(one.connection, 0);
        self.next_connection += 1;
        self.request(0)
    }

    /// Whether a request still has no answer.
    pub(super) fn awaits(&self, id: RequestId) -> bool {
        self.each
            .iter()
            .any(|client| client.outstanding.contains(&id))
    }

    /// A client's connection breaks. Returns where it led, and which it was.
    pub(super) fn disconnect(&mut self, client: usize) -> (usize, u64) {
        let one = &mut self.each[client];
        one.is_disappointed = true;
        let closed = one.connection;
        one.outstanding.retain(|id| id.connection != closed);
        (one.target, closed)
    }

    /// A replica is gone, and with it all its connections.
    pub(super) fn lost(&mut self, replica: usize) {
        for client in &mut self.each {
            if client.target == replica {
                client.is_disappointed = true;
                let connection = client.connection;
                client.outstanding.retain(|id| id.connection != connection);
            }
        }
    }

    fn request(&mut self, client: usize) -> (RequestId, Request) {
        let one = &mut self.each[client];
        let id = RequestId {
            connection: one.connection,
            number: one.next_number,
        };
        one.next_number += 1;
        one.outstanding.insert(id);
        let request = match self.random.chance(self.reads_per_mille) {
            true => Request::Read {
                query: self.model.query(&mut self.random),
                level: self.level,
            },
            false => Request::Anonymous(self.model.operation(&mut self.random)),
        };
        (id, request)
    }
}

impl Client {
    fn new(connection: u64) -> Self {
        Self {
            connection,
            target: 0,
            is_disappointed: false,
            next_number: 0,
            outstanding: BTreeSet::new(),
        }
    }
}
