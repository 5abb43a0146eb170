//! A clean stop: the primary hands over, and the memory is written down.
//!
//! [`Replica::begin_stop`] refuses new requests, finishes those that are under
//! way, and as a primary asks a backup to take over. When
//! [`Replica::is_ready_to_stop`] says so, [`Replica::stop`] gives what has to
//! be written down; see `vr.x` for what a later start may make of it.

use super::{Replica, Status};
use crate::machine::Snapshot;
use crate::outputs::Outputs;
use crate::wire::{Image, Meta};
use crate::{StateMachine, Tick};

/// A clean stop that has begun.
#[derive(Clone, Debug)]
pub(super) struct Stopping {
    /// When to look again how far it is, or to repeat the hand-over.
    next: Tick,
    /// When it has taken long enough: the replica then stops as it is.
    until: Tick,
}

impl Stopping {
    pub(super) fn deadline(&self, now: Tick) -> Tick {
        if self.until > now {
            self.next.min(self.until)
        } else {
            self.next
        }
    }
}

impl<S: StateMachine> Replica<S> {
    /// Begins a clean stop. It takes at most `stop_timeout` ticks, and until
    /// what is on its way to the disk is there.
    pub fn begin_stop(&mut self, now: Tick, outputs: &mut Outputs) {
        self.advance(now);
        if self.stopping.is_some() {
            return;
        }
        self.stopping = Some(Stopping {
            next: now,
            until: now.after(self.options.stop_timeout),
        });
        // Whoever hands over now should choose another.
        for other in self.others() {
            self.send_ping(other.id, outputs);
        }
        self.stopping_tick(outputs);
    }

    /// Whether a clean stop has begun.
    #[must_use]
    pub fn is_stopping(&self) -> bool {
        self.stopping.is_some()
    }

    /// Whether there is nothing left to wait for before [`Replica::stop`].
    #[must_use]
    pub fn is_ready_to_stop(&self) -> bool {
        let Some(stopping) = &self.stopping else {
            return false;
        };
        let is_late = self.now >= stopping.until;
        let is_done = match self.status {
            Status::Normal if self.is_primary() => {
                // Others may have nobody else to get their memory from.
                let is_needed = self.others().any(|one| self.recovers(one.place));
                self.is_drained() && self.successor().is_none() && !is_needed
            }
            Status::Normal => self.local_reads.is_empty(),
            Status::ViewChange { .. } => false,
            Status::Recovering | Status::Stopped | Status::Faulted(_) => return true,
        };
        // However late it is: without its promises on disk, the memory could
        // not be kept.
        (is_done || is_late) && self.is_all_synced()
    }

    /// Stops for good, and returns everything that is in memory; `None` if
    /// this replica has nothing that it could vouch for. It ignores all that
    /// comes afterwards, and says nothing any more to other replicas.
    pub fn stop(&mut self, outputs: &mut Outputs) -> Option<Image> {
        // A promise that is on its way to the disk would be overtaken.
        let is_whole = matches!(self.status, Status::Normal | Status::ViewChange { .. })
            && self.is_all_synced();
        self.leave_requests(outputs);
        self.status = Status::Stopped;
        // A log that has forgotten something goes on after the checkpoint.
        let after = self.snapshot_for_image().map_or(0, Snapshot::op);
        is_whole.then(|| Image {
            last_normal: self.last_normal,
            commit: self.commit_number,
            snapshot: (self.snapshot_for_image()).map(Snapshot::to_wire),
            entries: self
                .log
                .slice(after + 1, self.log.head(), u64::MAX)
                .to_vec(),
        })
    }

    /// The meta data as it is on disk, or on its way there.
    #[must_use]
    pub fn meta(&self) -> &Meta {
        self.persisting.meta()
    }

    pub(super) fn stopping_tick(&mut self, outputs: &mut Outputs) {
        let now = self.now;
        if self.stopping.as_ref().is_none_or(|one| now < one.next) {
            return;
        }
        let has_asked = self.hand_over(outputs);
        if let Some(stopping) = &mut self.stopping {
            let pause = if has_asked {
                self.options.view_change_resend
            } else {
                1
            };
            stopping.next = now.after(pause);
        }
    }
}
