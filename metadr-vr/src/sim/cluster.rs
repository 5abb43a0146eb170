//! A run: the replicas, the clients and the network on one virtual clock.

mod crash;
mod faults;
mod settle;

use super::check::{Checkers, Violation};
use super::disk::Disk;
use super::happening::Happening;
use super::model::Registers;
use super::network::Network;
use super::node::{self, Node};
use super::options::{ProcessFaults, SimOptions, Swarm};
use super::random::Random;
use super::trigger::{Point, Trigger};
use super::workload::Clients;
use crate::bugs::Bug;
use crate::hash128;
use crate::wire::{Message, Meta};
use crate::{
    ClientReply, Event, Options, Outputs, Persist, Replica, Request, RequestId, Status, Tick,
};
use faults::Fault;
use settle::Ending;
use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap, VecDeque};
use std::panic::{AssertUnwindSafe, catch_unwind};

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

/// How many of the last events a failure shows.
const SHOWN: usize = 60;

/// Runs a group.
///
/// # Errors
///
/// The first violation, or what an assertion of a replica found.
pub fn run(options: SimOptions) -> Result<Report, Box<Failure>> {
    let mut world = World::new(options);
    let violation = match guarded(|| world.play()) {
        Ok(report) => return Ok(report),
        Err(violation) => violation,
    };
    Err(Box::new(Failure {
        options,
        tick: world.now.0,
        events: world.events,
        violation,
        last: world.last.iter().map(Happening::to_string).collect(),
    }))
}

/// The invariant of a [`Violation`] that an assertion in the code found.
pub const ASSERTION: &str = "assertion";

/// What `play` finds, or what an assertion in it does. After that the world is
/// used for nothing but to show what led to it.
fn guarded<T>(play: impl FnOnce() -> Result<T, Violation>) -> Result<T, Violation> {
    catch_unwind(AssertUnwindSafe(play)).unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
        let text = text.or_else(|| panic.downcast_ref::<String>().cloned());
        Err(Violation {
            invariant: ASSERTION,
            what: text.unwrap_or_else(|| "a panic without a text".to_owned()),
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
    disk_random: Random,
    faults: ProcessFaults,
    trigger: Option<Trigger>,
    /// Where a prepared crash came.
    crashed_at: BTreeSet<Point>,
    /// What has happened.
    faults_seen: BTreeSet<Fault>,
    ending: Option<Ending>,
    first_starts: Vec<u64>,
    power_loss: Option<u64>,
    /// Crashes are not counted any more.
    breaks_budget: bool,
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
    /// The longest that a write to disk takes now.
    longest_sync: u64,
}

/// What is to happen at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Planned {
    /// A message arrives: the index in `in_flight`.
    Arrival(usize),
    /// A replica's timer, of a run of its process.
    Timer(usize, u64),
    /// A replica that has handed over is stopped.
    Stop(usize, u64),
    /// A write of a run is on the disk.
    Synced(usize, u64),
    /// A process starts again.
    Start(usize),
    /// A client's next burst.
    Burst(usize),
    /// The next fault of a kind.
    Fault(Fault),
}

impl World {
    fn new(options: SimOptions) -> Self {
        let swarm = Swarm::draw(&options);
        let cluster = hash128(&[b"simulated", &options.seed.to_be_bytes()]);
        let count = swarm.replicas as usize;
        let skips_second_slot = options.bug == Some(Bug::P39);
        let nodes: Vec<Node> = (0..swarm.replicas)
            .zip(&swarm.clocks)
            .map(|(id, clock)| {
                let meta = node::meta(cluster, id, swarm.replicas);
                Node::new(Disk::format(meta, skips_second_slot), *clock)
            })
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
            disk_random: Random::stream(options.seed, "disk"),
            faults: swarm.processes,
            trigger: None,
            crashed_at: BTreeSet::new(),
            faults_seen: BTreeSet::new(),
            ending: None,
            first_starts: swarm.first_starts,
            power_loss: swarm.power_loss,
            breaks_budget: false,
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
            longest_sync: swarm.processes.sync,
        }
    }

    fn play(&mut self) -> Result<Report, Violation> {
        self.begin()?;
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

    /// Starts everything.
    fn begin(&mut self) -> Result<(), Violation> {
        for index in 0..self.nodes.len() {
            match self.first_starts[index] {
                0 => self.start(index)?,
                late => self.plan(late, Planned::Start(index)),
            }
        }
        for client in 0..self.clients.count() {
            let pause = self.clients.pause();
            self.plan(pause, Planned::Burst(client));
        }
        self.plan_faults();
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
            Planned::Stop(index, run) if self.nodes[index].run != run => Ok(()),
            Planned::Stop(index, _) => self.stop_if_ready(index),
            Planned::Start(index) if self.is_up(index) => Ok(()),
            Planned::Start(index) => self.start(index),
            Planned::Burst(client) if self.is_active => {
                let pause = self.clients.pause();
                self.plan(pause, Planned::Burst(client));
                self.burst(client)
            }
            Planned::Fault(fault) if self.is_active => {
                self.plan_fault(fault);
                self.faults_seen.insert(fault);
                self.fault(fault)
            }
            Planned::Burst(_) | Planned::Fault(_) => Ok(()),
        }
    }

    fn arrive(&mut self, slot: usize) -> Result<(), Violation> {
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
        let mut outputs = Outputs::default();
        replica.on_message(self.nodes[to].clock.local(now), message, &mut outputs);
        self.digest([1, now.0, to as u64]);
        self.settle_event(to, outputs)
    }

    fn timer(&mut self, index: usize, run: u64) -> Result<(), Violation> {
        let node = &mut self.nodes[index];
        if node.run != run {
            return Ok(());
        }
        let idle = node.idle(self.now);
        if idle > 0 {
            self.plan(idle, Planned::Timer(index, run));
            return Ok(());
        }
        if node.timer.is_some_and(|planned| planned <= self.now.0) {
            node.timer = None;
        }
        let Some(replica) = &mut self.replicas[index] else {
            return Ok(());
        };
        let mut outputs = Outputs::default();
        let clock = node.clock;
        let (local, wall_ms) = (clock.local(self.now), clock.wall_ms(self.now));
        replica.on_tick(local, wall_ms, &mut outputs);
        // Else its embedder would do nothing but call it.
        let deadline = replica.next_deadline();
        assert!(deadline.is_none_or(|deadline| deadline > local));
        self.settle_event(index, outputs)
    }

    fn synced(&mut self, index: usize, run: u64) -> Result<(), Violation> {
        let node = &mut self.nodes[index];
        if node.run != run {
            return Ok(());
        }
        let before = node.promise();
        let Some(ticket) = node.disk.finish() else {
            return Ok(());
        };
        if node.promise() > before && self.crashes_after_persisting(index)? {
            return Ok(());
        }
        let node = &self.nodes[index];
        self.checkers.synced(index, node.promise());
        let Some(replica) = &mut self.replicas[index] else {
            return Ok(());
        };
        let mut outputs = Outputs::default();
        replica.on_persisted(node.clock.local(self.now), ticket, &mut outputs);
        self.settle_event(index, outputs)
    }

    fn start(&mut self, index: usize) -> Result<(), Violation> {
        self.note(Happening::Fault(self.now.0, index, "starts"));
        let kept = self.nodes[index].disk.remembers();
        let started = self.nodes[index].start(&self.replica_options, self.now);
        let started = started.map_err(|error| Violation {
            invariant: "S6",
            what: format!("replica {index} cannot read its promises: {error}"),
        })?;
        if kept && started.has_forgotten {
            let what = format!("replica {index} has forgotten what it wrote down");
            return Err(Violation {
                invariant: "S8",
                what,
            });
        }
        self.replicas[index] = Some(started.replica);
        let (promise, has_forgotten) = (started.promise, started.has_forgotten);
        (self.checkers).started(index, &self.replicas, promise, has_forgotten)?;
        if kept && self.crashes_after_reading(index)? {
            return Ok(());
        }
        self.carry_out(index, started.outputs)
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
            self.ask(target, id, request)?;
        }
        Ok(())
    }

    fn ask(&mut self, target: usize, id: RequestId, request: Request) -> Result<(), Violation> {
        self.checkers.asked(id, &request);
        self.note(Happening::Asked(self.now.0, id));
        let local = self.nodes[target].clock.local(self.now);
        // A crash at a chosen point may have come in between.
        let Some(replica) = &mut self.replicas[target] else {
            self.clients.lost(target);
            return Ok(());
        };
        let mut outputs = Outputs::default();
        replica.on_request(local, id, request, &mut outputs);
        self.settle_event(target, outputs)
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
        self.look_at(index, &outputs.events)?;
        for (ticket, what) in &outputs.persist {
            let Persist::Meta(meta) = what else {
                continue;
            };
            self.nodes[index].disk.begin(*ticket, Meta::clone(meta));
            let delay = self.disk_random.between(0, self.longest_sync);
            let run = self.nodes[index].run;
            self.plan(delay, Planned::Synced(index, run));
        }
        let Some(outputs) = self.crashes_here(index, outputs)? else {
            return Ok(());
        };
        self.deliver(index, outputs)?;
        self.plan_timer(index);
        Ok(())
    }

    /// Checks what a replica has become.
    fn look_at(&mut self, index: usize, events: &[Event]) -> Result<(), Violation> {
        for event in events {
            self.note(Happening::Event(self.now.0, index, event.clone()));
            match event {
                Event::Faulted(_) | Event::Divergence { .. } => {
                    let what = format!("replica {index} reports {event:?}");
                    return Err(Violation {
                        invariant: "S3",
                        what,
                    });
                }
                Event::Normal { is_primary, .. } => {
                    self.views += u64::from(*is_primary);
                    self.nodes[index].reports_loss = false;
                    if *is_primary {
                        self.plan_fault_of_leader();
                    }
                    self.checkers.memory_changed(&self.replicas)?;
                }
                Event::LostQuorum { .. } => self.nodes[index].reports_loss = true,
                Event::Entered { .. } => self.nodes[index].reports_loss = false,
                _ => {}
            }
        }
        self.checkers.replica(index, &self.replicas, events)
    }

    fn deliver(&mut self, index: usize, outputs: Outputs) -> Result<(), Violation> {
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
        Ok(())
    }

    fn transmit(&mut self, from: usize, to: usize, message: Message) -> Result<(), Violation> {
        let promised = self.nodes[from].promise();
        if let Some(sender) = &self.replicas[from] {
            self.checkers.sent(sender, promised, &message)?;
        }
        if !self.network.is_open(from, to, self.now)
            || self.network.is_dropped(to, &message, self.now)
        {
            return Ok(());
        }
        for delay in self.network.deliveries(from, to, &message, self.now) {
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
        let node = &mut self.nodes[index];
        let at = node.clock.reaches(deadline).max(self.now.0 + 1);
        let delay = at - self.now.0;
        if node.timer.is_none_or(|planned| at < planned) {
            node.timer = Some(at);
            let run = node.run;
            self.plan(delay, Planned::Timer(index, run));
        }
    }

    fn plan(&mut self, delay: u64, planned: Planned) {
        self.sequence += 1;
        let time = self.now.0 + delay;
        self.agenda.push(Reverse((time, self.sequence, planned)));
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
    use crate::sim::trigger::POINTS;

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
        let violation = world
            .await_answers(&[0, 1, 2])
            .expect_err("this must be found");
        assert_eq!(violation.invariant, "L2");
        assert!(violation.what.contains("requests have no answer"));
    }

    /// What is never played is never checked.
    #[test]
    fn every_fault_happens() {
        let (mut points, mut faults) = (BTreeSet::new(), BTreeSet::new());
        for seed in 0..60 {
            let mut world = World::new(SimOptions {
                ticks: 3000,
                ..SimOptions::new(seed)
            });
            world.faults.trigger = 200;
            world.faults.longest = 200;
            let played = world.begin().and_then(|()| world.play_until(3000));
            assert_eq!(played, Ok(()), "seed {seed}");
            points.append(&mut world.crashed_at);
            faults.append(&mut world.faults_seen);
        }
        assert_eq!(points.into_iter().collect::<Vec<_>>(), POINTS);
        assert_eq!(faults.into_iter().collect::<Vec<_>>(), Fault::ALL);
    }

    #[test]
    fn every_ending_comes() {
        let mut endings = BTreeSet::new();
        for seed in 0..30 {
            let mut world = World::new(SimOptions {
                ticks: 300,
                replicas: Some(3),
                ..SimOptions::new(seed)
            });
            world.power_loss = Some(250).filter(|_| seed > 2);
            let played = world.play();
            assert!(played.is_ok(), "seed {seed}: {played:?}");
            endings.extend(world.ending);
        }
        assert_eq!(endings.len(), 3, "{endings:?}");
    }

    #[test]
    fn a_failed_assertion_is_a_violation() {
        let formatted = guarded::<()>(|| panic!("op {} is not next", 7));
        let violation = formatted.expect_err("this must be found");
        assert_eq!(violation.to_string(), "assertion: op 7 is not next");
        let plain = guarded::<()>(|| panic!("time went back"));
        assert!(plain.is_err_and(|violation| violation.what == "time went back"));
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
