//! Ends of processes: crashes, also at chosen points, and clean stops.

use super::{Planned, World};
use crate::sim::check::Violation;
use crate::sim::model::Model;
use crate::sim::random::Random;
use crate::sim::record::{Incident, What};
use crate::sim::trigger::{Delivered, Point};
use crate::wire::MessageKind;
use crate::{Event, Outputs, Status};

impl<M: Model> World<M> {
    /// The process is gone, and its memory; its disk is as it was left.
    pub(super) fn crashed(&mut self, index: usize, length: u64) -> Result<(), Violation> {
        self.note(What::Fault(index as u32, Incident::Crashes));
        self.counts.crashes += 1;
        self.replicas[index] = None;
        self.gone(index, length);
        self.checkers.memory_changed(&self.replicas)
    }

    /// Stops a process cleanly, and starts it again later. One that has nothing
    /// to write down just ends.
    pub(super) fn stop(&mut self, index: usize) -> Result<(), Violation> {
        let run = self.nodes[index].run;
        let mut random = Random::stream(self.options.seed, &format!("stop {index} {run}"));
        let length = random.between(1, self.faults.longest);
        if !self.is_up(index) {
            return Ok(());
        }
        let Some(replica) = &self.replicas[index] else {
            return Ok(());
        };
        let mut probe = replica.clone();
        let mut outputs = Box::<Outputs>::default();
        let Some(image) = probe.stop(&mut outputs) else {
            if self.may_forget(index) {
                self.nodes[index].disk.crash(&mut random);
                self.crashed(index, length)?;
            }
            return Ok(());
        };
        self.note(What::Fault(index as u32, Incident::Stops));
        self.nodes[index].disk.write_image(image);
        if self.is_moment(index, &[Point::ImageWritten]) {
            self.nodes[index].disk.crash_cleanly(false);
            return self.crashed(index, length);
        }
        self.nodes[index].disk.stopped();
        self.replicas[index] = Some(probe);
        self.carry_out(index, outputs)?;
        self.gone(index, length);
        Ok(())
    }

    fn gone(&mut self, index: usize, length: u64) {
        self.counts.restarts += 1;
        self.nodes[index].end();
        self.clients.lost(index);
        if self.is_active {
            self.plan(length, Planned::Start(index));
        }
    }

    /// Whether a crash was to come at this point, and may.
    fn is_moment(&mut self, index: usize, points: &[Point]) -> bool {
        if self.trigger.is_none() || !self.is_active || !self.may_forget(index) {
            return false;
        }
        let trigger = self.trigger.as_mut().expect("there is one");
        if !trigger.is_reached(index, points) {
            return false;
        }
        self.crashed_at.insert(trigger.point);
        let text = format!("replica {index} {trigger}");
        self.note(What::Told(text.into()));
        true
    }

    pub(super) fn crashes_after_persisting(&mut self, index: usize) -> Result<bool, Violation> {
        if !self.is_moment(index, &[Point::PromisePersisted]) {
            return Ok(false);
        }
        self.crash_at_point(index)?;
        Ok(true)
    }

    /// The image is gone, and what was in it dies with the process.
    pub(super) fn crashes_after_reading(&mut self, index: usize) -> Result<bool, Violation> {
        if !self.is_moment(index, &[Point::ImageDeleted]) {
            return Ok(false);
        }
        self.crash_at_point(index)?;
        Ok(true)
    }

    /// Crashes if a crash was to come at a point that this event has led to, with
    /// those of the outputs that still get out.
    pub(super) fn crashes_here(
        &mut self,
        index: usize,
        outputs: &mut Outputs,
    ) -> Result<bool, Violation> {
        let was_staging = self.nodes[index].is_staging;
        let was_recovering = self.nodes[index].is_recovering;
        if let Some(replica) = &self.replicas[index] {
            self.nodes[index].is_staging = replica.is_staging();
            self.nodes[index].is_recovering = replica.status() == Status::Recovering;
        }
        if self.trigger.is_none() {
            return Ok(false);
        }
        let points = self.points(index, outputs, was_staging, was_recovering);
        if !self.is_moment(index, &points) {
            return Ok(false);
        }
        match self.trigger.map(|trigger| trigger.delivered) {
            Some(Delivered::All) => {}
            Some(Delivered::One) if !outputs.send.is_empty() => {
                let last = outputs.send.len() as u64 - 1;
                let kept = self.trigger_random.between(0, last);
                let kept = usize::try_from(kept).expect("few messages");
                outputs.send = vec![outputs.send.swap_remove(kept)];
            }
            _ => *outputs = Outputs::default(),
        }
        self.deliver(index, outputs)?;
        self.crash_at_point(index)?;
        Ok(true)
    }

    fn points(
        &self,
        index: usize,
        outputs: &Outputs,
        was_staging: bool,
        was_recovering: bool,
    ) -> Vec<Point> {
        let mut points: Vec<Point> = (outputs.send.iter())
            .filter_map(|(_, message)| match message.body.discriminant() {
                MessageKind::Vote => Some(Point::VoteSent),
                MessageKind::EnterView => Some(Point::EnterViewSent),
                MessageKind::DoViewChange => Some(Point::DoViewChangeSent),
                MessageKind::StartView => Some(Point::StartViewSent),
                MessageKind::Recovery => Some(Point::RecoverySent),
                _ => None,
            })
            .collect();
        let is_staging = self.nodes[index].is_staging && !was_staging;
        let becomes = |role| {
            let is_that = |event: &Event| matches!(event, Event::Normal { is_primary, .. } if *is_primary == role);
            outputs.events.iter().any(is_that)
        };
        let is_primary = (self.replicas[index].as_ref()).is_some_and(|one| one.is_primary());
        if is_staging {
            points.push(Point::InstallStaged);
        }
        if (is_staging && is_primary) || (becomes(true) && !was_staging) {
            points.push(Point::QuorumReported);
        }
        if was_recovering && becomes(false) {
            points.push(Point::Recovered);
        }
        points
    }

    fn crash_at_point(&mut self, index: usize) -> Result<(), Violation> {
        let Some(trigger) = self.trigger.take() else {
            return Ok(());
        };
        let length = self.trigger_random.between(1, self.faults.longest);
        self.nodes[index].disk.crash_cleanly(trigger.with_persists);
        self.crashed(index, length)
    }
}
