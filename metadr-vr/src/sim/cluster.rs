//! A run: the replicas, the clients and the network on one virtual clock.

use super::check::{Checkers, Violation};
use super::model::Registers;
use super::network::Network;
use super::options::{SimOptions, Swarm};
use super::random::Random;
use super::workload::Clients;
use crate::wire::{Incarnation, Message, MessageBody};
use crate::{Boot, Event, Outputs, Replica, RequestId, Tick, hash128};
use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

/// A run that held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Report {
    /// Events: messages delivered, timers and bursts of requests.
    pub events: u64,
    /// Entries committed.
    pub committed: u64,
    /// Requests answered.
    pub answered: u64,
    /// A hash of all that happened, equal for equal seeds on every platform.
    pub trace: u64,
}

/// A run that did not.
#[derive(Clone, Debug)]
pub struct Failure {
    /// The run.
    pub options: SimOptions,
    /// When, in virtual time.
    pub tick: u64,
    /// After how many events.
    pub events: u64,
    /// What.
    pub violation: Violation,
    /// The last things that happened, oldest first.
    pub last: Vec<String>,
}

/// How long the group has to settle once the faults are over, in ticks:
/// messages that were held up are on their way for up to 1,000.
const SETTLE: u64 = 2_000;

/// And for each entry that a replica has to catch up with, at the smallest
/// chunks that a run draws.
const SETTLE_PER_ENTRY: u64 = 4;

/// How many of the last events a failure shows.
const SHOWN: usize = 40;

/// Runs a group.
///
/// # Errors
///
/// The first violation.
pub fn run(options: SimOptions) -> Result<Report, Box<Failure>> {
    let mut world = World::new(options);
    world.play().map_err(|violation| {
        Box::new(Failure {
            options,
            tick: world.now.0,
            events: world.events,
            violation,
            last: world.last.iter().map(Happening::to_string).collect(),
        })
    })
}

struct World {
    options: SimOptions,
    now: Tick,
    replicas: Vec<Replica<Registers>>,
    /// Replicas with work that waits for the end of the tick.
    dirty: Vec<bool>,
    clients: Clients,
    network: Network,
    random: Random,
    flush_per_mille: u64,
    agenda: BinaryHeap<Reverse<(u64, u64, Planned)>>,
    sequence: u64,
    /// The earliest planned timer of each replica that is still to come.
    timers: Vec<Option<u64>>,
    in_flight: Vec<Option<(usize, Message)>>,
    free: Vec<usize>,
    checkers: Checkers,
    events: u64,
    answered: u64,
    trace: u64,
    last: VecDeque<Happening>,
    clients_are_active: bool,
}

/// What is to happen at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Planned {
    /// A message arrives: the index in `in_flight`.
    Arrival(usize),
    /// A replica's timer.
    Timer(usize),
    /// A client's next burst.
    Burst(usize),
}

/// What happened, kept as it is until somebody wants to read it.
#[derive(Clone, Debug)]
enum Happening {
    Arrival(u64, usize, Box<Message>),
    Event(u64, usize, Event),
    Asked(u64, RequestId),
}

impl World {
    fn new(options: SimOptions) -> Self {
        let swarm = Swarm::draw(&options);
        let cluster = hash128(&[b"simulated", &options.seed.to_be_bytes()]);
        let voters: Vec<u32> = (0..swarm.replicas).collect();
        let boot = |id: u32| Boot {
            cluster,
            id,
            instance: hash128(&[&cluster, &id.to_be_bytes()]),
            incarnation: Incarnation {
                counter: 1,
                random: u64::from(id),
            },
            voters: voters.clone(),
        };
        let start = |id: &u32| {
            let state = Registers::default();
            Replica::new(boot(*id), state, swarm.options.clone(), Tick(0), 0).0
        };
        let replicas: Vec<_> = voters.iter().map(start).collect();
        Self {
            options,
            now: Tick(0),
            dirty: vec![false; replicas.len()],
            clients: Clients::new(options.seed, &swarm),
            network: Network::new(options.seed, swarm.network),
            random: Random::stream(options.seed, "schedule"),
            flush_per_mille: swarm.flush_per_mille,
            agenda: BinaryHeap::new(),
            sequence: 0,
            timers: vec![None; replicas.len()],
            in_flight: Vec::new(),
            free: Vec::new(),
            checkers: Checkers::new(options.seed, &replicas, &swarm.options),
            replicas,
            events: 0,
            answered: 0,
            trace: 0,
            last: VecDeque::new(),
            clients_are_active: true,
        }
    }

    fn play(&mut self) -> Result<Report, Violation> {
        for replica in 0..self.replicas.len() {
            self.plan(0, Planned::Timer(replica));
        }
        for client in 0..self.clients.count() {
            let pause = self.clients.pause();
            self.plan(pause, Planned::Burst(client));
        }
        self.play_until(self.options.ticks)?;
        self.network.heal();
        self.clients_are_active = false;
        let heads = self.replicas.iter().map(|replica| replica.log().head());
        let lag = heads.clone().max().unwrap_or(0) - heads.min().unwrap_or(0);
        let patience = SETTLE + lag * SETTLE_PER_ENTRY;
        while !self.is_settled() {
            if self.now.0 >= self.options.ticks + patience {
                return Err(self.unsettled(patience));
            }
            let next = self.now.0 + 10;
            self.play_until(next)?;
        }
        let ledger = self.checkers.ledger();
        let committed = ledger.len() as u64 - 1;
        // The last entry stands for the contents of all before it.
        let checksum = ledger[ledger.len() - 1].header.checksum;
        let half = |bytes: &[u8]| u64::from_be_bytes(bytes.try_into().expect("8 bytes"));
        self.digest([4, half(&checksum[..8]), half(&checksum[8..])]);
        Ok(Report {
            events: self.events,
            committed,
            answered: self.answered,
            trace: self.trace,
        })
    }

    fn play_until(&mut self, end: u64) -> Result<(), Violation> {
        while let Some(Reverse((time, _, _))) = self.agenda.peek() {
            let time = *time;
            if time > self.now.0 {
                self.end_tick()?;
                // The end of a tick may have planned something for the next one.
                let next = self.agenda.peek().map_or(time, |Reverse((time, ..))| *time);
                if next > end {
                    break;
                }
                self.now = Tick(next);
            }
            let Some(Reverse((_, _, planned))) = self.agenda.pop() else {
                break;
            };
            self.events += 1;
            self.happen(planned)?;
        }
        self.now = Tick(self.now.0.max(end));
        Ok(())
    }

    fn happen(&mut self, planned: Planned) -> Result<(), Violation> {
        let mut outputs = Outputs::default();
        let replica = match planned {
            Planned::Arrival(slot) => {
                let (to, message) = self.in_flight[slot].take().expect("planned once");
                self.free.push(slot);
                self.note(Happening::Arrival(
                    self.now.0,
                    to,
                    Box::new(message.clone()),
                ));
                self.replicas[to].on_message(self.now, message, &mut outputs);
                to
            }
            Planned::Timer(replica) => {
                if self.timers[replica] == Some(self.now.0) {
                    self.timers[replica] = None;
                }
                let wall_ms = self.now.0 * Tick::MILLIS;
                self.replicas[replica].on_tick(self.now, wall_ms, &mut outputs);
                replica
            }
            Planned::Burst(client) => {
                let pause = self.clients.pause();
                if self.clients_are_active {
                    self.plan(pause, Planned::Burst(client));
                    return self.burst(client);
                }
                return Ok(());
            }
        };
        self.digest([1, self.now.0, replica as u64]);
        self.settle_event(replica, outputs)
    }

    fn burst(&mut self, client: usize) -> Result<(), Violation> {
        let replica = match self.clients.is_mistaken() {
            true => self.random.between(0, self.replicas.len() as u64 - 1),
            false => 0,
        };
        let replica = usize::try_from(replica).expect("few replicas");
        for (id, request) in self.clients.burst(client) {
            self.checkers.asked(id, &request);
            self.note(Happening::Asked(self.now.0, id));
            let mut outputs = Outputs::default();
            self.replicas[replica].on_request(self.now, id, request, &mut outputs);
            self.settle_event(replica, outputs)?;
        }
        Ok(())
    }

    /// Checks and carries out what an event has led to.
    fn settle_event(&mut self, replica: usize, mut outputs: Outputs) -> Result<(), Violation> {
        if self.random.chance(self.flush_per_mille) {
            self.replicas[replica].flush(&mut outputs);
        } else {
            self.dirty[replica] = true;
        }
        self.carry_out(replica, outputs)
    }

    fn end_tick(&mut self) -> Result<(), Violation> {
        for replica in 0..self.replicas.len() {
            if std::mem::take(&mut self.dirty[replica]) {
                let mut outputs = Outputs::default();
                self.replicas[replica].flush(&mut outputs);
                self.carry_out(replica, outputs)?;
            }
        }
        Ok(())
    }

    fn carry_out(&mut self, replica: usize, outputs: Outputs) -> Result<(), Violation> {
        for event in &outputs.events {
            self.note(Happening::Event(self.now.0, replica, event.clone()));
            if matches!(event, Event::Faulted(_) | Event::Divergence { .. }) {
                let what = format!("replica {replica} reports {event:?}");
                return Err(Violation {
                    invariant: "S3",
                    what,
                });
            }
        }
        self.checkers
            .replica(replica, &self.replicas, &outputs.events)?;
        for (id, reply) in outputs.reply {
            self.digest([2, id.connection, id.number]);
            self.checkers.answered(id, &reply)?;
            self.clients.answered(id);
            self.answered += 1;
        }
        for (to, message) in outputs.send {
            self.checkers.sent(&self.replicas[replica], &message)?;
            let to = usize::try_from(to).expect("few replicas");
            for delay in self.network.deliveries() {
                self.digest([3, to as u64, delay]);
                let slot = self.free.pop().unwrap_or_else(|| {
                    self.in_flight.push(None);
                    self.in_flight.len() - 1
                });
                self.in_flight[slot] = Some((to, message.clone()));
                self.plan(1 + delay, Planned::Arrival(slot));
            }
        }
        if let Some(deadline) = self.replicas[replica].next_deadline() {
            // A timer that fires too early does nothing, so an earlier one will do.
            let delay = deadline.since(self.now).max(1);
            let at = self.now.0 + delay;
            if self.timers[replica].is_none_or(|planned| at < planned) {
                self.timers[replica] = Some(at);
                self.plan(delay, Planned::Timer(replica));
            }
        }
        Ok(())
    }

    fn plan(&mut self, delay: u64, planned: Planned) {
        self.sequence += 1;
        let time = self.now.0 + delay;
        self.agenda.push(Reverse((time, self.sequence, planned)));
    }

    fn is_settled(&self) -> bool {
        let first = &self.replicas[0];
        self.clients.outstanding() == 0
            && self.replicas.iter().all(|replica| {
                replica.applied() == replica.log().head()
                    && replica.log().head() == first.log().head()
            })
    }

    fn unsettled(&self, patience: u64) -> Violation {
        let heads: Vec<_> = (self.replicas.iter())
            .map(|replica| (replica.applied(), replica.log().head()))
            .collect();
        let what = format!(
            "{patience} ticks after the last fault {} requests have no answer, and the replicas \
             have applied and hold {heads:?}",
            self.clients.outstanding()
        );
        Violation {
            invariant: "L2 and L3",
            what,
        }
    }

    fn note(&mut self, happening: Happening) {
        if self.last.len() == SHOWN {
            self.last.pop_front();
        }
        self.last.push_back(happening);
    }

    fn digest(&mut self, numbers: [u64; 3]) {
        for number in numbers {
            // FNV-1a, a word at a time.
            self.trace = (self.trace ^ number).wrapping_mul(0x0100_0000_01b3);
        }
    }
}

impl std::fmt::Display for Happening {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Event(tick, replica, event) => {
                write!(f, "{tick:>7} replica {replica}: {event:?}")
            }
            Self::Asked(tick, id) => {
                let RequestId { connection, number } = id;
                write!(f, "{tick:>7} client {connection} asks for {number}")
            }
            Self::Arrival(tick, to, message) => {
                let from = message.envelope.sender;
                write!(f, "{tick:>7} replica {to} <- {from}: ")?;
                match &message.body {
                    MessageBody::Prepare(prepare) => {
                        let ops = prepare.entries.iter().map(|entry| entry.header.op);
                        let (first, last) = (ops.clone().min(), ops.max());
                        write!(f, "PREPARE {first:?}..={last:?}, commit {}", prepare.commit)
                    }
                    MessageBody::PrepareOk(ok) => {
                        write!(f, "PREPARE_OK {}, round {}", ok.acked, ok.round)
                    }
                    MessageBody::Commit(commit) => {
                        let (number, head, round) = (commit.commit, commit.head, commit.round);
                        write!(f, "COMMIT {number}, head {head}, round {round}")
                    }
                    MessageBody::FetchLog(fetch) => {
                        write!(f, "FETCH_LOG {}..={}", fetch.first, fetch.last)
                    }
                    MessageBody::LogChunk(chunk) => {
                        write!(f, "LOG_CHUNK of {} entries", chunk.entries.len())
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn world() -> World {
        World::new(SimOptions {
            ticks: 10,
            replicas: Some(3),
            ..SimOptions::new(1)
        })
    }

    #[test]
    fn a_request_without_an_answer_is_found() {
        let mut world = world();
        // Requests that get lost between client and replica.
        while world.clients.outstanding() == 0 {
            world.clients.burst(0);
        }
        let violation = world.play().expect_err("this must be found");
        assert_eq!(violation.invariant, "L2 and L3");
        assert!(violation.what.contains("requests have no answer"));
    }

    #[test]
    fn a_replica_that_reports_a_fault_is_found() {
        let mut world = world();
        let mut outputs = Outputs::default();
        outputs.events.push(Event::Divergence { op: 1, with: 2 });
        let violation = world.carry_out(0, outputs).expect_err("this must be found");
        assert_eq!(violation.invariant, "S3");
    }
}
