//! What happens to processes and links while a run is active.

use super::{Planned, World, is_normal_primary};
use crate::sim::check::Violation;
use crate::sim::fault::{Fault, FaultId};
use crate::sim::model::Model;
use crate::sim::record::{Incident, What};
use crate::sim::trigger::{Point, Trigger};
use crate::{Replica, Status, quorum};

impl<M: Model> World<M> {
    pub(super) fn plan_faults(&mut self) {
        for fault in [
            Fault::Crash,
            Fault::CleanStop,
            Fault::Pause,
            Fault::Partition,
            Fault::Target,
            Fault::Trigger,
            Fault::Disconnect,
        ] {
            self.plan_fault(fault);
        }
        if let Some(at) = self.power_loss {
            self.plan_at(at, Fault::PowerLoss);
        }
        if let Some(at) = self.disk_loss {
            self.plan_at(at, Fault::DiskLoss);
        }
    }

    pub(super) fn plan_fault(&mut self, fault: Fault) {
        let mean = match fault {
            Fault::Crash => self.faults.crash,
            Fault::CleanStop => self.faults.clean_stop,
            Fault::Pause => self.faults.pause,
            Fault::Partition => self.faults.partition,
            Fault::Target => self.faults.target,
            Fault::Trigger => self.faults.trigger,
            Fault::Disconnect => self.faults.disconnect,
            // Planned when there is one.
            Fault::Leader => 0,
            // Once is enough.
            Fault::PowerLoss | Fault::DiskLoss => 0,
        };
        if mean > 0 {
            let id = self.next_fault(fault);
            let delay = 1 + id.stream(self.options.seed, "pause").exponential(mean);
            self.plan(delay, Planned::Fault(id));
        }
    }

    /// A view that has just begun is where a fault hurts most.
    pub(super) fn plan_fault_of_leader(&mut self) {
        if !self.is_active {
            return;
        }
        let id = self.next_fault(Fault::Leader);
        let mut random = id.stream(self.options.seed, "pause");
        if random.chance(self.faults.leader_per_mille) {
            let delay = random.between(1, 60);
            self.plan(delay, Planned::Fault(id));
        }
    }

    fn plan_at(&mut self, at: u64, fault: Fault) {
        let id = self.next_fault(fault);
        self.plan(at, Planned::Fault(id));
    }

    fn next_fault(&mut self, fault: Fault) -> FaultId {
        let number = self.fault_numbers.entry(fault).or_default();
        *number += 1;
        let number = *number;
        FaultId { fault, number }
    }

    /// Plays a fault, if it is not left out.
    pub(super) fn fault(&mut self, id: FaultId) -> Result<(), Violation> {
        if self.only.as_ref().is_some_and(|only| !only.contains(&id)) {
            return Ok(());
        }
        self.faults_played.push(id);
        let seed = self.options.seed;
        self.network.fault_random = id.stream(seed, "network");
        let of_fault = id.stream(seed, "what");
        let before = std::mem::replace(&mut self.fault_random, of_fault);
        let played = self.play_fault(id);
        self.fault_random = before;
        played
    }

    fn play_fault(&mut self, id: FaultId) -> Result<(), Violation> {
        let fault = id.fault;
        let count = self.nodes.len() as u64;
        let any = usize::try_from(self.fault_random.between(0, count - 1)).expect("few replicas");
        let primary = self.normal_primary().unwrap_or(any);
        let is_leader = fault == Fault::Leader || self.fault_random.chance(400);
        let victim = if is_leader { primary } else { any };
        let length = self.fault_random.between(1, self.faults.longest);
        let kinds = [Fault::Crash, Fault::CleanStop, Fault::Pause];
        match fault {
            Fault::Leader if self.fault_random.chance(500) => {
                let what = self.network.isolate(primary, self.now, length);
                self.note_network(primary, what, length);
            }
            Fault::Leader if self.fault_random.chance(250) => self.step_down(primary)?,
            Fault::Leader => {
                let kind = self.fault_random.pick(&kinds);
                self.hit(kind, victim, length)?;
            }
            Fault::Crash | Fault::CleanStop | Fault::Pause => self.hit(fault, victim, length)?,
            Fault::Partition => {
                let what = self.network.partition(primary, self.now, length);
                self.note_network(primary, what, length);
            }
            Fault::Target => {
                let views = self.replicas.iter().flatten().map(|one| one.view().view);
                let view = views.max().unwrap_or_default();
                let what = self.network.target(view, self.now.after(length));
                self.note(What::Told(what.into()));
            }
            Fault::Trigger => {
                let trigger = Trigger::draw(&mut self.fault_random, self.nodes.len());
                self.trigger = Some(trigger);
                self.trigger_random = id.stream(self.options.seed, "crash");
                if self.fault_random.chance(700) {
                    self.provoke(trigger.point, primary, length)?;
                }
            }
            Fault::Disconnect => self.disconnect(),
            Fault::PowerLoss => self.lose_power(primary)?,
            Fault::DiskLoss => self.lose_disk(victim)?,
        }
        Ok(())
    }

    fn note_network(&mut self, primary: usize, what: &'static str, length: u64) {
        self.counts.partitions += 1;
        self.note(What::Fault(primary as u32, Incident::Network(what, length)));
    }

    /// Does what makes a replica get to a point that it seldom gets to.
    fn provoke(&mut self, point: Point, primary: usize, length: u64) -> Result<(), Violation> {
        match point {
            Point::ImageWritten | Point::ImageDeleted => self.clean_stop(primary),
            Point::RecoverySent | Point::Recovered => self.hit(Fault::Crash, primary, length),
            _ => {
                let length = length.max(200);
                let what = self.network.isolate(primary, self.now, length);
                self.note_network(primary, what, length);
                Ok(())
            }
        }
    }

    /// What happens to one process.
    fn hit(&mut self, fault: Fault, victim: usize, length: u64) -> Result<(), Violation> {
        match fault {
            Fault::Crash if self.is_up(victim) && self.may_forget(victim) => {
                self.nodes[victim].disk.crash(&mut self.fault_random);
                self.crashed(victim, length)
            }
            Fault::CleanStop => self.clean_stop(victim),
            Fault::Pause => {
                self.nodes[victim].paused_until = self.now.after(length);
                self.note(What::Fault(victim as u32, Incident::Pauses(length)));
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// The primary of the latest view that has one.
    pub(super) fn normal_primary(&self) -> Option<usize> {
        let primaries = (self.replicas.iter().enumerate()).filter_map(|(index, one)| {
            let replica = one.as_ref().filter(|one| is_normal_primary(one))?;
            Some((replica.view(), index))
        });
        primaries.max().map(|(_, index)| index)
    }

    /// One is stopped, or all are; mostly in steps, so that a primary hands over.
    fn clean_stop(&mut self, victim: usize) -> Result<(), Violation> {
        if self.fault_random.chance(100) {
            let in_steps = self.fault_random.chance(500);
            for index in 0..self.nodes.len() {
                match in_steps {
                    true => self.begin_stop(index)?,
                    false => self.stop(index)?,
                }
            }
            return Ok(());
        }
        if self.fault_random.chance(300) {
            return self.stop(victim);
        }
        self.begin_stop(victim)
    }

    /// As the server does it: the replica says when it is ready.
    fn begin_stop(&mut self, index: usize) -> Result<(), Violation> {
        let local = self.nodes[index].clock.local(self.now);
        let mut outputs = self.outputs.take().unwrap_or_default();
        let Some(replica) = &mut self.replicas[index] else {
            return Ok(());
        };
        replica.begin_stop(local, &mut outputs);
        self.note(What::Fault(index as u32, Incident::IsAskedToStop));
        self.carry_out(index, outputs)?;
        let run = self.nodes[index].run;
        self.plan(1, Planned::Stop(index, run));
        Ok(())
    }

    /// Stops a replica that was asked to, once it is ready.
    pub(super) fn stop_if_ready(&mut self, index: usize) -> Result<(), Violation> {
        let is_ready = (self.replicas[index].as_ref()).is_some_and(Replica::is_ready_to_stop);
        if is_ready {
            self.stop(index)?;
            // Nobody stays away when all is over.
            if !self.is_active && !self.is_up(index) {
                self.start(index)?;
            }
            return Ok(());
        }
        let run = self.nodes[index].run;
        self.plan(1, Planned::Stop(index, run));
        Ok(())
    }

    /// All crash at once, or all but one or two.
    fn lose_power(&mut self, primary: usize) -> Result<(), Violation> {
        if self.nodes.iter().any(|node| node.has_lost_disk) {
            // That one will never say that the quorum is lost.
            return Ok(());
        }
        self.breaks_budget = true;
        self.checkers.budget_is_broken();
        let spared = self.fault_random.between(0, 2);
        let mut survivors = vec![primary, (primary + 1) % self.nodes.len()];
        survivors.truncate(usize::try_from(spared).expect("few replicas"));
        if self.fault_random.chance(500) {
            survivors.reverse();
        }
        let spares_primary = self.fault_random.chance(500);
        for index in 0..self.nodes.len() {
            let is_spared = survivors.contains(&index) && (index != primary || spares_primary);
            if self.is_up(index) && !is_spared {
                let length = self.fault_random.between(1, self.faults.longest);
                self.nodes[index].disk.crash(&mut self.fault_random);
                self.crashed(index, length)?;
            }
        }
        Ok(())
    }

    /// Whether so few have lost their memory that one more is survived.
    pub(super) fn may_forget(&self, index: usize) -> bool {
        let forgotten = |index: &usize| !self.remembers(*index);
        let others = (0..self.nodes.len()).filter(|one| *one != index);
        let count = self.nodes.len();
        self.breaks_budget
            || forgotten(&index)
            || others.filter(forgotten).count() + quorum(count) < count
    }

    /// Whether a replica has all that it ever knew, in memory or on its disk.
    pub(super) fn remembers(&self, index: usize) -> bool {
        if self.nodes[index].has_lost_disk {
            return false;
        }
        match &self.replicas[index] {
            Some(replica) if replica.status() == Status::Stopped => {
                self.nodes[index].disk.remembers()
            }
            Some(replica) => replica.status() != Status::Recovering,
            None => self.nodes[index].disk.remembers(),
        }
    }
}
