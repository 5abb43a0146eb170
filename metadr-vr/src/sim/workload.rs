//! The clients: bursts of writes and reads, several at a time.

use super::model::{self, REGISTERS};
use super::options::Swarm;
use super::random::Random;
use crate::{Request, RequestId};

/// All clients of a run; each is one connection.
#[derive(Debug)]
pub(super) struct Clients {
    random: Random,
    think: u64,
    window: usize,
    reads_per_mille: u64,
    next_value: u64,
    each: Vec<Client>,
}

#[derive(Clone, Debug, Default)]
struct Client {
    next_number: u64,
    outstanding: usize,
}

impl Clients {
    pub(super) fn new(seed: u64, swarm: &Swarm) -> Self {
        Self {
            random: Random::stream(seed, "workload"),
            think: swarm.think,
            window: swarm.client_window,
            reads_per_mille: swarm.reads_per_mille,
            next_value: 1,
            each: vec![Client::default(); usize::try_from(swarm.clients).expect("few clients")],
        }
    }

    pub(super) fn count(&self) -> usize {
        self.each.len()
    }

    /// How many requests have no answer.
    pub(super) fn outstanding(&self) -> usize {
        self.each.iter().map(|client| client.outstanding).sum()
    }

    /// When a client acts again, in ticks from now.
    pub(super) fn pause(&mut self) -> u64 {
        1 + self.random.exponential(self.think)
    }

    /// Whether a client asks a replica that it does not believe to be the primary.
    pub(super) fn is_mistaken(&mut self) -> bool {
        self.random.chance(20)
    }

    /// What a client asks for now, one after the other.
    pub(super) fn burst(&mut self, client: usize) -> Vec<(RequestId, Request)> {
        let room = self.window - self.each[client].outstanding;
        let most = u64::try_from(room).expect("a window is small");
        let count = self.random.between(0, most);
        (0..count).map(|_| self.request(client)).collect()
    }

    pub(super) fn answered(&mut self, id: RequestId) {
        let client = usize::try_from(id.connection).expect("few clients");
        self.each[client].outstanding -= 1;
    }

    fn request(&mut self, client: usize) -> (RequestId, Request) {
        let id = RequestId {
            connection: client as u64,
            number: self.each[client].next_number,
        };
        self.each[client].next_number += 1;
        self.each[client].outstanding += 1;
        let register = self.random.between(0, REGISTERS - 1);
        if self.random.chance(self.reads_per_mille) {
            return (id, Request::Read(model::read(register)));
        }
        self.next_value += 1;
        let padding = self.random.pick(&[0, 0, 1, 100, 500]);
        let operation = model::write(register, self.next_value, padding);
        (id, Request::Anonymous(operation))
    }
}
