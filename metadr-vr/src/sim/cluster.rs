//! A run: the replicas, the clients and the network on one virtual clock.

mod clients;
mod crash;
mod disk;
mod echo;
mod faults;
mod lost_disk;
mod messages;
mod observe;
mod process;
mod settle;

use super::agenda::Agenda;
use super::check::{Checkers, Violation};
use super::disk::Disk;
use super::echo::Echoes;
use super::fault::{Fault, FaultId};
use super::model::Model;
use super::network::Network;
use super::node::{self, Node};
use super::options::{ProcessFaults, SimOptions, Swarm};
use super::random::Random;
use super::record::Recorder;
use super::run::{Report, UNTIL};
use super::trigger::{Point, Trigger};
use super::workload::Clients;
use crate::bugs::Bug;
use crate::hash128;
use crate::wire::Message;
use crate::{Options, Outputs, Replica, StateMachine, Status, Tick};
use settle::Ending;
use std::collections::{BTreeMap, BTreeSet};

/// A run under way.
pub(super) struct World<M: Model> {
    options: SimOptions,
    /// Makes the states that replicas start with.
    model: M,
    pub(super) now: Tick,
    /// None of a process that is down; one that was stopped cleanly stays here
    /// until it starts again.
    replicas: Vec<Option<Replica<M::Machine>>>,
    pub(super) nodes: Vec<Node>,
    replica_options: Options,
    clients: Clients<M>,
    network: Network,
    echoes: Echoes,
    random: Random,
    /// Of the fault that is played now, or of the time after the faults.
    fault_random: Random,
    trigger_random: Random,
    /// How many faults of each kind were planned.
    fault_numbers: BTreeMap<Fault, u64>,
    /// The faults that are to be played; all if not given.
    pub(super) only: Option<BTreeSet<FaultId>>,
    pub(super) faults_played: Vec<FaultId>,
    disk_random: Random,
    faults: ProcessFaults,
    trigger: Option<Trigger>,
    /// Where a prepared crash came.
    crashed_at: BTreeSet<Point>,
    ending: Option<Ending>,
    first_starts: Vec<u64>,
    power_loss: Option<u64>,
    disk_loss: Option<u64>,
    /// Crashes are not counted any more.
    breaks_budget: bool,
    flush_per_mille: u64,
    agenda: Agenda<Planned>,
    in_flight: Vec<Option<InFlight>>,
    free: Vec<usize>,
    checkers: Checkers<M>,
    /// What is counted as it happens.
    pub(super) counts: Report,
    /// After how many events it ends.
    pub(super) until: Option<u64>,
    trace: u64,
    pub(super) recorder: Recorder,
    /// Those of the last event, emptied to be used again.
    outputs: Option<Box<Outputs>>,
    /// Clients ask and faults happen; else the group settles.
    is_active: bool,
    /// The longest that a write to disk takes now.
    longest_sync: u64,
}

/// A message on its way.
struct InFlight {
    to: usize,
    sent: u64,
    message: Message,
}

/// What is to happen at a time.
#[derive(Clone, Copy, Debug)]
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
    Fault(FaultId),
}

impl<M: Model> World<M> {
    pub(super) fn new(model: M, options: SimOptions) -> Self {
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
            replicas: (0..count).map(|_| None).collect(),
            nodes,
            clients: Clients::new(model.clone(), options.seed, &swarm),
            network: Network::new(options.seed, swarm.network, count),
            echoes: Echoes::new(options.seed, swarm.echoes_per_mille, count),
            random: Random::stream(options.seed, "schedule"),
            fault_random: Random::stream(options.seed, "settling"),
            trigger_random: Random::stream(options.seed, "trigger"),
            fault_numbers: BTreeMap::new(),
            only: None,
            faults_played: Vec::new(),
            disk_random: Random::stream(options.seed, "disk"),
            faults: swarm.processes,
            trigger: None,
            crashed_at: BTreeSet::new(),
            ending: None,
            first_starts: swarm.first_starts,
            power_loss: swarm.power_loss,
            disk_loss: swarm.disk_loss,
            breaks_budget: false,
            flush_per_mille: swarm.flush_per_mille,
            agenda: Agenda::new(),
            in_flight: Vec::new(),
            free: Vec::new(),
            checkers: Checkers::new(options.seed, cluster, count, &swarm.options, &model),
            replica_options: swarm.options,
            counts: Report::default(),
            trace: 0,
            recorder: Recorder::new(None),
            until: None,
            outputs: None,
            is_active: true,
            longest_sync: swarm.processes.sync,
            model,
        }
    }

    /// Plays all of it.
    ///
    /// # Errors
    ///
    /// The first violation.
    pub(super) fn play(&mut self) -> Result<Report, Violation> {
        self.begin()?;
        self.play_until(self.options.ticks)?;
        self.settle()?;
        let ledger = self.checkers.ledger();
        let committed = ledger.len() as u64 - 1;
        // The last entry stands for the contents of all before it.
        let checksum = ledger[ledger.len() - 1].checksum;
        let half = |bytes: &[u8]| u64::from_be_bytes(bytes.try_into().expect("8 bytes"));
        self.digest([4, half(&checksum[..8]), half(&checksum[8..])]);
        Ok(Report {
            ticks: self.now.0,
            committed,
            trace: self.trace,
            ..self.counts
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
        while let Some(time) = self.agenda.next_time() {
            self.check_until()?;
            if time > self.now.0 {
                self.end_tick()?;
                // The end of a tick may have planned something for the next one.
                let next = self.agenda.next_time().unwrap_or(time);
                if next > end {
                    break;
                }
                self.now = Tick(next);
            }
            let Some(planned) = self.agenda.pop(self.now.0) else {
                break;
            };
            self.counts.events += 1;
            self.happen(planned)?;
        }
        self.now = Tick(self.now.0.max(end));
        Ok(())
    }

    fn check_until(&self) -> Result<(), Violation> {
        match self.until {
            Some(events) if self.counts.events >= events => Err(Violation {
                invariant: UNTIL,
                what: format!("this was to go on until event {events}"),
            }),
            _ => Ok(()),
        }
    }

    fn happen(&mut self, planned: Planned) -> Result<(), Violation> {
        match planned {
            Planned::Arrival(slot) => self.arrive(slot),
            Planned::Timer(index, run) => self.timer(index, run),
            Planned::Synced(index, run) => self.synced(index, run),
            Planned::Stop(index, run) if self.nodes[index].run != run => Ok(()),
            Planned::Stop(index, _) => self.stop_if_ready(index),
            Planned::Start(index) if self.is_up(index) || self.nodes[index].is_gone => Ok(()),
            Planned::Start(index) => self.start(index),
            Planned::Burst(client) if self.is_active => {
                let pause = self.clients.pause();
                self.plan(pause, Planned::Burst(client));
                self.burst(client)
            }
            Planned::Fault(id) if self.is_active => {
                self.plan_fault(id.fault);
                self.fault(id)
            }
            Planned::Burst(_) | Planned::Fault(_) => Ok(()),
        }
    }

    fn plan(&mut self, delay: u64, planned: Planned) {
        self.agenda.push(self.now.0 + delay, planned);
    }
}

fn is_normal_primary<S: StateMachine>(replica: &Replica<S>) -> bool {
    replica.status() == Status::Normal && replica.is_primary()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Event;
    use crate::sim::model::RegisterModel;
    use crate::sim::trigger::POINTS;

    fn model() -> RegisterModel {
        RegisterModel::default()
    }

    fn world() -> World<RegisterModel> {
        World::new(
            model(),
            SimOptions {
                ticks: 10,
                replicas: Some(3),
                ..SimOptions::new(1)
            },
        )
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
            let mut world = World::new(
                model(),
                SimOptions {
                    ticks: 3000,
                    ..SimOptions::new(seed)
                },
            );
            world.faults.trigger = 200;
            world.faults.longest = 200;
            let played = world.begin().and_then(|()| world.play_until(3000));
            assert_eq!(played, Ok(()), "seed {seed}");
            points.append(&mut world.crashed_at);
            faults.extend(world.faults_played.iter().map(|id| id.fault));
        }
        assert_eq!(points.into_iter().collect::<Vec<_>>(), POINTS);
        assert_eq!(faults.into_iter().collect::<Vec<_>>(), Fault::ALL);
    }

    #[test]
    fn every_ending_comes() {
        let mut endings = BTreeSet::new();
        for seed in 0..30 {
            let mut world = World::new(
                model(),
                SimOptions {
                    ticks: 300,
                    replicas: Some(3),
                    ..SimOptions::new(seed)
                },
            );
            world.power_loss = Some(250).filter(|_| seed > 2);
            let played = world.play();
            assert!(played.is_ok(), "seed {seed}: {played:?}");
            endings.extend(world.ending);
        }
        assert_eq!(endings.len(), 3, "{endings:?}");
    }

    #[test]
    fn a_replica_that_reports_a_fault_is_found() {
        let mut world = world();
        let mut outputs = Box::<Outputs>::default();
        outputs.events.push(Event::Divergence { op: 1, with: 2 });
        let violation = world.carry_out(0, outputs).expect_err("this must be found");
        assert_eq!(violation.invariant, "S3");
    }
}
