//! A run: the replicas, the clients and the network on one virtual clock.

use super::check::{Checkers, Violation};
use super::happening::Happening;
use super::model::Registers;
use super::network::Network;
use super::node::{self, Node};
use super::options::{ProcessFaults, SimOptions, Swarm};
use super::random::Random;
use super::workload::Clients;
use crate::wire::Message;
use crate::{ClientReply, Event, Options, Outputs, Replica, Status, Tick, hash128, quorum};
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
    /// Views that were started.
    pub views: u64,
    /// Replicas that crashed or were stopped.
    pub restarts: u64,
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
    /// None of a process that is down; one that was stopped cleanly stays here
    /// until it starts again.
    replicas: Vec<Option<Replica<Registers>>>,
    nodes: Vec<Node>,
    replica_options: Options,
    clients: Clients,
    network: Network,
    random: Random,
    fault_random: Random,
    faults: ProcessFaults,
    flush_per_mille: u64,
    agenda: BinaryHeap<Reverse<(u64, u64, Planned)>>,
    sequence: u64,
    in_flight: Vec<Option<(usize, Message)>>,
    free: Vec<usize>,
    checkers: Checkers,
    events: u64,
    answered: u64,
    views: u64,
    restarts: u64,
    trace: u64,
    last: VecDeque<Happening>,
    /// Clients ask and faults happen; else the group settles.
    is_active: bool,
}

/// What is to happen at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Planned {
    /// A message arrives: the index in `in_flight`.
    Arrival(usize),
    /// A replica's timer, of a run of its process.
    Timer(usize, u64),
    /// A write of a run is on the disk.
    Synced(usize, u64),
    /// A process starts again.
    Start(usize),
    /// A client's next burst.
    Burst(usize),
    /// The next fault of a kind.
    Fault(Fault),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Fault {
    Crash,
    CleanStop,
    Pause,
    Partition,
}

impl World {
    fn new(options: SimOptions) -> Self {
        let swarm = Swarm::draw(&options);
        let cluster = hash128(&[b"simulated", &options.seed.to_be_bytes()]);
        let count = swarm.replicas as usize;
        let nodes: Vec<Node> = (0..swarm.replicas)
            .map(|id| Node::new(node::meta(cluster, id, swarm.replicas)))
            .collect();
        Self {
            options,
            now: Tick(0),
            replicas: vec![None; count],
            nodes,
            clients: Clients::new(options.seed, &swarm),
            network: Network::new(options.seed, swarm.network, count),
            random: Random::stream(options.seed, "schedule"),
            fault_random: Random::stream(options.seed, "faults"),
            faults: swarm.processes,
            flush_per_mille: swarm.flush_per_mille,
            agenda: BinaryHeap::new(),
            sequence: 0,
            in_flight: Vec::new(),
            free: Vec::new(),
            checkers: Checkers::new(options.seed, cluster, count, &swarm.options),
            replica_options: swarm.options,
            events: 0,
            answered: 0,
            views: 0,
            restarts: 0,
            trace: 0,
            last: VecDeque::new(),
            is_active: true,
        }
    }

    fn play(&mut self) -> Result<Report, Violation> {
        for index in 0..self.nodes.len() {
            let (replica, outputs) = self.nodes[index].start(&self.replica_options, self.now);
            self.replicas[index] = Some(replica);
            self.carry_out(index, outputs)?;
        }
        for client in 0..self.clients.count() {
            let pause = self.clients.pause();
            self.plan(pause, Planned::Burst(client));
        }
        for fault in [
            Fault::Crash,
            Fault::CleanStop,
            Fault::Pause,
            Fault::Partition,
        ] {
            self.plan_fault(fault);
        }
        self.play_until(self.options.ticks)?;
        self.settle()?;
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
            views: self.views,
            restarts: self.restarts,
            trace: self.trace,
        })
    }

    /// Ends all faults. The group has to answer everything, and to agree.
    fn settle(&mut self) -> Result<(), Violation> {
        self.network.heal();
        self.is_active = false;
        for index in 0..self.nodes.len() {
            self.nodes[index].paused_until = self.now;
            if !self.is_up(index) {
                self.start(index)?;
            }
        }
        let heads = self.replicas.iter().flatten().map(|one| one.log().head());
        let lag = heads.clone().max().unwrap_or(0) - heads.min().unwrap_or(0);
        let patience = SETTLE + lag * SETTLE_PER_ENTRY;
        while !self.is_settled() {
            if self.now.0 >= self.options.ticks + patience {
                return Err(self.unsettled(patience));
            }
            let next = self.now.0 + 10;
            self.play_until(next)?;
        }
        Ok(())
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
        match planned {
            Planned::Arrival(slot) => self.arrive(slot),
            Planned::Timer(index, run) => self.timer(index, run),
            Planned::Synced(index, run) => self.synced(index, run),
            Planned::Start(index) if self.is_up(index) => Ok(()),
            Planned::Start(index) => self.start(index),
            Planned::Burst(client) if self.is_active => {
                let pause = self.clients.pause();
                self.plan(pause, Planned::Burst(client));
                self.burst(client)
            }
            Planned::Fault(fault) if self.is_active => {
                self.plan_fault(fault);
                self.fault(fault)
            }
            Planned::Burst(_) | Planned::Fault(_) => Ok(()),
        }
    }

    fn arrive(&mut self, slot: usize) -> Result<(), Violation> {
        let (to, message) = self.in_flight[slot].take().expect("planned once");
        let until = self.nodes[to].paused_until;
        if until > self.now {
            self.in_flight[slot] = Some((to, message));
            self.plan(until.since(self.now), Planned::Arrival(slot));
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
        let mut outputs = Outputs::default();
        replica.on_message(now, message, &mut outputs);
        self.digest([1, now.0, to as u64]);
        self.settle_event(to, outputs)
    }

    fn timer(&mut self, index: usize, run: u64) -> Result<(), Violation> {
        let node = &mut self.nodes[index];
        if node.run != run {
            return Ok(());
        }
        if node.timer == Some(self.now.0) {
            node.timer = None;
        }
        if node.paused_until > self.now {
            let delay = node.paused_until.since(self.now);
            self.plan(delay, Planned::Timer(index, run));
            return Ok(());
        }
        let Some(replica) = &mut self.replicas[index] else {
            return Ok(());
        };
        let mut outputs = Outputs::default();
        replica.on_tick(self.now, self.now.0 * Tick::MILLIS, &mut outputs);
        self.settle_event(index, outputs)
    }

    fn synced(&mut self, index: usize, run: u64) -> Result<(), Violation> {
        if self.nodes[index].run != run {
            return Ok(());
        }
        let sequence = self.nodes[index].synced();
        let (Some(sequence), Some(replica)) = (sequence, &mut self.replicas[index]) else {
            return Ok(());
        };
        let mut outputs = Outputs::default();
        replica.on_persisted(self.now, sequence, &mut outputs);
        self.settle_event(index, outputs)
    }

    fn start(&mut self, index: usize) -> Result<(), Violation> {
        self.note(Happening::Fault(self.now.0, index, "starts again"));
        self.checkers.restarted(index);
        let (replica, outputs) = self.nodes[index].restart(&self.replica_options, self.now);
        self.replicas[index] = Some(replica);
        self.carry_out(index, outputs)
    }

    fn fault(&mut self, fault: Fault) -> Result<(), Violation> {
        let count = self.nodes.len() as u64;
        let any = usize::try_from(self.fault_random.between(0, count - 1)).expect("few replicas");
        let primary = (self.replicas.iter())
            .position(|one| one.as_ref().is_some_and(is_normal_primary))
            .unwrap_or(any);
        let victim = if self.fault_random.chance(400) {
            primary
        } else {
            any
        };
        let length = self.fault_random.between(1, self.faults.longest);
        match fault {
            Fault::Crash if self.may_crash(victim) => {
                self.note(Happening::Fault(self.now.0, victim, "crashes"));
                self.nodes[victim].crash(&mut self.fault_random);
                self.replicas[victim] = None;
                self.gone(victim, length);
            }
            Fault::CleanStop if self.is_up(victim) => {
                self.note(Happening::Fault(self.now.0, victim, "is stopped"));
                let replica = self.replicas[victim].as_mut().expect("it is up");
                let mut outputs = Outputs::default();
                // Whoever has nothing to remember is not stopped, but crashes,
                // and whether that is survived is another question.
                let mut probe = replica.clone();
                if probe.stop(&mut Outputs::default()).is_none() {
                    return Ok(());
                }
                let image = replica.stop(&mut outputs);
                self.nodes[victim].stopped(image);
                self.carry_out(victim, outputs)?;
                self.gone(victim, length);
            }
            Fault::Pause => {
                self.nodes[victim].paused_until = self.now.after(length);
                self.note(Happening::Fault(self.now.0, victim, "pauses"));
            }
            Fault::Partition => {
                self.network.partition(primary, self.now.after(length));
                self.note(Happening::Fault(
                    self.now.0,
                    victim,
                    "and others are cut off",
                ));
            }
            Fault::Crash | Fault::CleanStop => {}
        }
        Ok(())
    }

    fn gone(&mut self, index: usize, length: u64) {
        self.restarts += 1;
        self.clients.lost(index);
        self.plan(length, Planned::Start(index));
    }

    /// Whether so few have lost their memory that one more is survived.
    fn may_crash(&self, index: usize) -> bool {
        let forgetful = (self.replicas.iter())
            .filter(|one| {
                one.as_ref()
                    .is_none_or(|replica| replica.status() == Status::Recovering)
            })
            .count();
        let count = self.replicas.len();
        let recovers = self.replicas[index]
            .as_ref()
            .is_some_and(|one| one.status() == Status::Recovering);
        self.is_up(index) && (recovers || forgetful + quorum(count) < count)
    }

    fn is_up(&self, index: usize) -> bool {
        let replica = self.replicas[index].as_ref();
        replica.is_some_and(|replica| replica.status() != Status::Stopped)
    }

    fn burst(&mut self, client: usize) -> Result<(), Violation> {
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
            self.checkers.asked(id, &request);
            self.note(Happening::Asked(self.now.0, id));
            let mut outputs = Outputs::default();
            let replica = self.replicas[target].as_mut().expect("it is up");
            replica.on_request(self.now, id, request, &mut outputs);
            self.settle_event(target, outputs)?;
        }
        Ok(())
    }

    /// Checks and carries out what an event has led to.
    fn settle_event(&mut self, index: usize, mut outputs: Outputs) -> Result<(), Violation> {
        if self.random.chance(self.flush_per_mille)
            && let Some(replica) = &mut self.replicas[index]
        {
            replica.flush(&mut outputs);
        } else {
            self.nodes[index].is_dirty = true;
        }
        self.carry_out(index, outputs)
    }

    fn end_tick(&mut self) -> Result<(), Violation> {
        for index in 0..self.nodes.len() {
            if std::mem::take(&mut self.nodes[index].is_dirty)
                && let Some(replica) = &mut self.replicas[index]
            {
                let mut outputs = Outputs::default();
                replica.flush(&mut outputs);
                self.carry_out(index, outputs)?;
            }
        }
        Ok(())
    }

    fn carry_out(&mut self, index: usize, outputs: Outputs) -> Result<(), Violation> {
        for event in &outputs.events {
            self.note(Happening::Event(self.now.0, index, event.clone()));
            if matches!(event, Event::Faulted(_) | Event::Divergence { .. }) {
                let what = format!("replica {index} reports {event:?}");
                return Err(Violation {
                    invariant: "S3",
                    what,
                });
            }
            if let Event::Normal {
                is_primary: true, ..
            } = event
            {
                self.views += 1;
            }
        }
        self.checkers
            .replica(index, &self.replicas, &outputs.events)?;
        for meta in outputs.persist {
            self.nodes[index].write(meta);
            let delay = self.fault_random.between(0, self.faults.sync);
            let run = self.nodes[index].run;
            self.plan(delay, Planned::Synced(index, run));
        }
        for (id, reply) in outputs.reply {
            self.digest([2, id.connection, id.number]);
            self.checkers.answered(id, &reply)?;
            let is_success = matches!(reply, ClientReply::Ok { .. });
            self.clients.answered(id, is_success);
            self.answered += u64::from(is_success);
        }
        for (to, message) in outputs.send {
            self.transmit(index, to as usize, message)?;
        }
        self.plan_timer(index);
        Ok(())
    }

    fn transmit(&mut self, from: usize, to: usize, message: Message) -> Result<(), Violation> {
        let promised = self.nodes[from].promise();
        if let Some(sender) = &self.replicas[from] {
            self.checkers.sent(sender, promised, &message)?;
        }
        if !self.network.is_open(from, to, self.now) {
            return Ok(());
        }
        for delay in self.network.deliveries() {
            self.digest([3, to as u64, delay]);
            let slot = self.free.pop().unwrap_or_else(|| {
                self.in_flight.push(None);
                self.in_flight.len() - 1
            });
            self.in_flight[slot] = Some((to, message.clone()));
            self.plan(1 + delay, Planned::Arrival(slot));
        }
        Ok(())
    }

    fn plan_timer(&mut self, index: usize) {
        let Some(deadline) = (self.replicas[index].as_ref()).and_then(Replica::next_deadline)
        else {
            return;
        };
        // A timer that fires too early does nothing, so an earlier one will do.
        let delay = deadline.since(self.now).max(1);
        let at = self.now.0 + delay;
        let node = &mut self.nodes[index];
        if node.timer.is_none_or(|planned| at < planned) {
            node.timer = Some(at);
            let run = node.run;
            self.plan(delay, Planned::Timer(index, run));
        }
    }

    fn plan_fault(&mut self, fault: Fault) {
        let mean = match fault {
            Fault::Crash => self.faults.crash,
            Fault::CleanStop => self.faults.clean_stop,
            Fault::Pause => self.faults.pause,
            Fault::Partition => self.faults.partition,
        };
        if mean > 0 {
            let delay = 1 + self.fault_random.exponential(mean);
            self.plan(delay, Planned::Fault(fault));
        }
    }

    fn plan(&mut self, delay: u64, planned: Planned) {
        self.sequence += 1;
        let time = self.now.0 + delay;
        self.agenda.push(Reverse((time, self.sequence, planned)));
    }

    fn is_settled(&self) -> bool {
        let up: Vec<_> = self.replicas.iter().flatten().collect();
        let first = up[0];
        self.clients.outstanding() == 0
            && up.len() == self.nodes.len()
            && up.iter().all(|one| {
                one.status() == Status::Normal
                    && one.view() == first.view()
                    && one.applied() == one.log().head()
                    && one.log().head() == first.log().head()
            })
    }

    fn unsettled(&self, patience: u64) -> Violation {
        let states: Vec<_> = (self.replicas.iter().flatten())
            .map(|one| {
                (
                    one.status(),
                    one.view().view,
                    one.applied(),
                    one.log().head(),
                )
            })
            .collect();
        let what = format!(
            "{patience} ticks after the last fault {} requests have no answer, and the replicas \
             are (status, view, applied, head) {states:?}",
            self.clients.outstanding()
        );
        Violation {
            invariant: "L1 to L3",
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

fn is_normal_primary(replica: &Replica<Registers>) -> bool {
    replica.status() == Status::Normal && replica.is_primary()
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
        assert_eq!(violation.invariant, "L1 to L3");
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
