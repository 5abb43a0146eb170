//! Processes: they start, their timers fire, and what they want is carried out.

use super::{Planned, World};
use crate::sim::check::Violation;
use crate::sim::model::Model;
use crate::sim::record::{Incident, What};
use crate::{Outputs, Replica, Status};

impl<M: Model> World<M> {
    pub(super) fn start(&mut self, index: usize) -> Result<(), Violation> {
        self.note(What::Fault(index as u32, Incident::Starts));
        let kept = self.nodes[index].disk.remembers();
        let machine = self.model.machine();
        let started = self.nodes[index].start(machine, &self.replica_options, self.now);
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
        self.carry_out(index, Box::new(started.outputs))?;
        self.echo(index);
        Ok(())
    }

    pub(super) fn is_up(&self, index: usize) -> bool {
        let replica = self.replicas[index].as_ref();
        replica.is_some_and(|replica| replica.status() != Status::Stopped)
    }

    pub(super) fn timer(&mut self, index: usize, run: u64) -> Result<(), Violation> {
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
        let mut outputs = self.outputs.take().unwrap_or_default();
        let clock = node.clock;
        let (local, wall_ms) = (clock.local(self.now), clock.wall_ms(self.now));
        replica.on_tick(local, wall_ms, &mut outputs);
        // Else its embedder would do nothing but call it.
        let deadline = replica.next_deadline();
        assert!(deadline.is_none_or(|deadline| deadline > local));
        self.settle_event(index, outputs)
    }

    pub(super) fn plan_timer(&mut self, index: usize) {
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

    /// Checks and carries out what an event has led to.
    pub(super) fn settle_event(
        &mut self,
        index: usize,
        mut outputs: Box<Outputs>,
    ) -> Result<(), Violation> {
        if self.random.chance(self.flush_per_mille)
            && let Some(replica) = &mut self.replicas[index]
        {
            replica.flush(&mut outputs);
        } else {
            self.nodes[index].is_dirty = true;
        }
        self.carry_out(index, outputs)
    }

    pub(super) fn end_tick(&mut self) -> Result<(), Violation> {
        for index in 0..self.nodes.len() {
            if std::mem::take(&mut self.nodes[index].is_dirty)
                && let Some(replica) = &mut self.replicas[index]
            {
                let mut outputs = self.outputs.take().unwrap_or_default();
                replica.flush(&mut outputs);
                self.carry_out(index, outputs)?;
            }
        }
        Ok(())
    }

    pub(super) fn carry_out(
        &mut self,
        index: usize,
        mut outputs: Box<Outputs>,
    ) -> Result<(), Violation> {
        self.look_at(index, &outputs.events)?;
        self.begin_writes(index, &outputs);
        if self.crashes_here(index, &mut outputs)? {
            return Ok(());
        }
        let was_sent_away = self.was_sent_away(index, &outputs.events);
        self.deliver(index, &mut outputs)?;
        if was_sent_away {
            self.send_away(index);
        }
        outputs.persist.clear();
        outputs.events.clear();
        self.outputs = Some(outputs);
        self.plan_timer(index);
        Ok(())
    }

    /// Hands on what is for clients and for other replicas.
    pub(super) fn deliver(&mut self, index: usize, outputs: &mut Outputs) -> Result<(), Violation> {
        for (id, reply) in outputs.reply.drain(..) {
            self.answer(id, &reply)?;
        }
        for (to, message) in outputs.send.drain(..) {
            self.transmit(index, to as usize, message)?;
        }
        Ok(())
    }
}
