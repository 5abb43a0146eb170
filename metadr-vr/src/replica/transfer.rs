//! Fetching a snapshot in the place of entries that others have forgotten, and
//! serving it.
//!
//! A snapshot is known by its checkpoint, and each of its chunks by its hash.
//! So chunks come from all who have that checkpoint, a few at a time, in any
//! order, and what is here stays when one of them goes away or the view
//! changes.

use super::accept::Sender;
use super::{Replica, Status};
use crate::machine::{Received, Receiving, Snapshot};
use crate::outputs::{DropReason, Event, Outputs};
use crate::wire::{
    Checkpoint, EpochView, FetchSnapshot, MessageBody, SnapshotPart, SnapshotPartBody,
};
use crate::{StateMachine, Tick};
use bytes::Bytes;
use std::collections::VecDeque;

/// Questions that may be unanswered at a time.
const IN_FLIGHT: usize = 4;

/// After so many questions in a row without an answer, somebody else may know
/// another way.
const GIVE_UP: u32 = 24;

/// Questions that are remembered when others were asked instead.
const LATE: usize = 64;

/// A snapshot that is being fetched.
#[derive(Clone, Debug)]
pub(super) struct Transfer<S: StateMachine> {
    checkpoint: Checkpoint,
    /// The place of the one that told of it.
    source: usize,
    /// None until the manifest is here.
    receiving: Option<Receiving<S>>,
    asked: Vec<Asked>,
    /// What was asked of others since: an answer that comes late is as good,
    /// else nothing would ever arrive over a way that is a little too long.
    late: VecDeque<Asked>,
    /// Whom to ask next, counted up.
    turn: usize,
    failures: u32,
}

/// A part that was asked for.
#[derive(Clone, Copy, Debug)]
struct Asked {
    request: u64,
    /// A chunk; else the manifest.
    chunk: Option<usize>,
    /// When to ask another for it.
    due: Tick,
}

impl<S: StateMachine> Transfer<S> {
    pub(super) fn deadline(&self) -> Option<Tick> {
        self.asked.iter().map(|one| one.due).min()
    }

    /// What a part answers: a chunk, or the manifest.
    fn answered(&mut self, part: &SnapshotPart) -> Option<Option<usize>> {
        if part.checkpoint != self.checkpoint {
            return None;
        }
        let is_that = |one: &Asked| one.request == part.request;
        if let Some(index) = self.asked.iter().position(is_that) {
            return Some(self.asked.swap_remove(index).chunk);
        }
        let index = self.late.iter().position(is_that)?;
        let chunk = self.late.remove(index)?.chunk;
        // Nobody else need answer it.
        self.asked.retain(|one| one.chunk != chunk);
        Some(chunk)
    }

    /// What is to be asked for next.
    fn next_part(&self) -> Option<Option<usize>> {
        if self.asked.len() >= IN_FLIGHT {
            return None;
        }
        let is_asked = |part| self.asked.iter().any(|one| one.chunk == part);
        match &self.receiving {
            None => (!is_asked(None)).then_some(None),
            Some(receiving) => {
                let mut missing = receiving.missing().map(Some);
                missing.find(|part| !is_asked(*part))
            }
        }
    }
}

impl<S: StateMachine> Replica<S> {
    /// Whether a snapshot is being fetched.
    #[must_use]
    pub fn is_fetching_snapshot(&self) -> bool {
        self.transfer.is_some()
    }

    /// Begins to fetch a snapshot that another has told of; goes on if it is
    /// the one that is being fetched.
    pub(super) fn fetch_snapshot(
        &mut self,
        checkpoint: Checkpoint,
        source: usize,
        outputs: &mut Outputs,
    ) {
        if self.keeps_log() {
            // A snapshot would have to be on disk before it counts.
            return;
        }
        if let Some(transfer) = &mut self.transfer
            && transfer.checkpoint == checkpoint
        {
            transfer.source = source;
        } else {
            outputs.events.push(Event::FetchingSnapshot {
                op: checkpoint.op,
                from: self.voters.at(source),
            });
            self.transfer = Some(Transfer {
                checkpoint,
                source,
                receiving: None,
                asked: Vec::new(),
                late: VecDeque::new(),
                turn: 0,
                failures: 0,
            });
        }
        self.ask_for_parts(outputs);
    }

    fn ask_for_parts(&mut self, outputs: &mut Outputs) {
        while let Some(transfer) = &self.transfer
            && let Some(chunk) = transfer.next_part()
        {
            let request = self.next_request();
            let to = self.snapshot_source();
            let due = self.now.after(self.options.fetch_timeout);
            let Some(transfer) = &mut self.transfer else {
                return;
            };
            transfer.asked.push(Asked {
                request,
                chunk,
                due,
            });
            let fetch = FetchSnapshot {
                request,
                checkpoint: transfer.checkpoint,
                chunk: chunk.map(|index| u32::try_from(index).expect("chunks are counted so")),
                round: self.round_seen,
            };
            self.send(to, MessageBody::FetchSnapshot(fetch), outputs);
        }
    }

    /// Whom to ask next: those who have the checkpoint take turns.
    fn snapshot_source(&mut self) -> u32 {
        let Some(transfer) = &mut self.transfer else {
            return self.primary();
        };
        transfer.turn += 1;
        let (turn, source) = (transfer.turn, transfer.source);
        let checkpoint = transfer.checkpoint;
        let mut holders = (self.others()).filter(|one| {
            let peer = &self.peers[one.place];
            let is_there = self.now.since(peer.last_heard) <= self.options.ping;
            one.place == source || (is_there && *self.checkpoints.told(one.place) == checkpoint)
        });
        let count = holders.clone().count();
        match holders.nth(turn % count.max(1)) {
            Some(one) => one.id,
            None => self.voters.at(source),
        }
    }

    pub(super) fn transfer_tick(&mut self, outputs: &mut Outputs) {
        let now = self.now;
        let Some(transfer) = &mut self.transfer else {
            return;
        };
        for late in transfer.asked.extract_if(.., |one| one.due <= now) {
            transfer.failures += 1;
            transfer.late.push_back(late);
        }
        let forgotten = transfer.late.len().saturating_sub(LATE);
        transfer.late.drain(..forgotten);
        if transfer.failures >= GIVE_UP {
            self.transfer = None;
            if let Some(staged) = &mut self.staged {
                staged.wait_until(now.after(1));
            }
            return;
        }
        self.ask_for_parts(outputs);
    }

    pub(super) fn on_fetch_snapshot(
        &mut self,
        Sender { id, place }: Sender,
        view: EpochView,
        fetch: FetchSnapshot,
        outputs: &mut Outputs,
    ) {
        self.hears_fetch(place, view, fetch.round);
        let part = match (self.checkpoints.find(&fetch.checkpoint), fetch.chunk) {
            (Some(snapshot), None) => {
                SnapshotPartBody::Manifest(snapshot.encoded_manifest().clone())
            }
            (Some(snapshot), Some(index)) => {
                let chunk = usize::try_from(index).ok();
                let Some(chunk) = chunk.and_then(|index| snapshot.chunk(index)) else {
                    return outputs.events.push(Event::Dropped(DropReason::Unexpected));
                };
                SnapshotPartBody::Chunk(chunk.clone())
            }
            (None, _) => SnapshotPartBody::Gone(self.checkpoints.newest()),
        };
        let bytes = match &part {
            SnapshotPartBody::Manifest(bytes) | SnapshotPartBody::Chunk(bytes) => bytes.len(),
            SnapshotPartBody::Gone(_) => 0,
        };
        let limit = self.options.snapshot_bytes_per_tick;
        if !(self.checkpoints).may_serve(self.now, bytes as u64, limit) {
            // It asks again, or another.
            return;
        }
        let part = SnapshotPart {
            request: fetch.request,
            checkpoint: fetch.checkpoint,
            body: part,
        };
        self.send(id, MessageBody::SnapshotPart(part), outputs);
    }

    pub(super) fn on_snapshot_part(
        &mut self,
        sender: Sender,
        part: SnapshotPart,
        outputs: &mut Outputs,
    ) {
        let Some(transfer) = &mut self.transfer else {
            return;
        };
        let Some(chunk) = transfer.answered(&part) else {
            return;
        };
        match part.body {
            SnapshotPartBody::Manifest(encoded) if chunk.is_none() => {
                match Receiving::begin(&transfer.checkpoint, &encoded) {
                    Ok(receiving) => transfer.receiving = Some(receiving),
                    Err(_) => transfer.failures += 1,
                }
            }
            SnapshotPartBody::Chunk(data) => {
                if let Some(index) = chunk {
                    self.take_chunk(index, data, outputs);
                }
            }
            SnapshotPartBody::Gone(newest) => {
                self.hears_checkpoint(sender, &newest, outputs);
                return self.snapshot_is_gone(sender.place, newest, chunk, outputs);
            }
            SnapshotPartBody::Manifest(_) => {}
        }
        self.finish_transfer(outputs);
        self.ask_for_parts(outputs);
    }

    fn take_chunk(&mut self, index: usize, data: Bytes, outputs: &mut Outputs) {
        let Some(transfer) = &mut self.transfer else {
            return;
        };
        let Some(receiving) = &mut transfer.receiving else {
            return;
        };
        match receiving.take(index, data) {
            Ok(true) => transfer.failures = 0,
            Ok(false) => {
                transfer.failures += 1;
                outputs.events.push(Event::Dropped(DropReason::Unexpected));
            }
            // All chunks are what the manifest says, and that is no state.
            Err(_) => self.transfer = None,
        }
    }

    /// The one that was asked does not have it any more: it has a newer one,
    /// or others still have it.
    fn snapshot_is_gone(
        &mut self,
        place: usize,
        newest: Checkpoint,
        chunk: Option<usize>,
        outputs: &mut Outputs,
    ) {
        let request = self.next_request();
        let Some(transfer) = &mut self.transfer else {
            return;
        };
        transfer.failures += 1;
        let is_left = (transfer.source == place).then_some(transfer.checkpoint);
        if is_left.is_some_and(|wanted| newest.op > wanted.op) {
            self.fetch_snapshot(newest, place, outputs);
        } else if !transfer.asked.iter().any(|one| one.chunk == chunk) {
            // Another is asked, but not at once: it may say the same.
            let due = self.now.after(self.options.gap);
            transfer.asked.push(Asked {
                request,
                chunk,
                due,
            });
        }
    }

    fn finish_transfer(&mut self, outputs: &mut Outputs) {
        let is_complete = (self.transfer.as_ref())
            .and_then(|transfer| transfer.receiving.as_ref())
            .is_some_and(|receiving| receiving.missing().next().is_none());
        if !is_complete {
            return;
        }
        let receiving = self.transfer.take().and_then(|transfer| transfer.receiving);
        if let Some(Ok(received)) = receiving.map(Receiving::finish) {
            self.snapshot_received(received, outputs);
        }
    }

    /// A snapshot is here as a whole.
    fn snapshot_received(&mut self, received: Received<S>, outputs: &mut Outputs) {
        if self.staged.is_some() {
            return self.stage_snapshot(received, outputs);
        }
        // What is held is never taken away: others count on it.
        if self.status == Status::Normal && !self.is_primary() && received.last.op > self.log.head()
        {
            let op = received.last.op;
            self.take_over(received, outputs);
            self.repair.forget_through(op);
            // What came early may follow at once: nothing is missing before it,
            // so nobody would ask for it.
            if self.append_kept(outputs).is_err() {
                return;
            }
            self.owes_acknowledgement = true;
            self.repair_from(op);
        }
    }

    /// Puts a snapshot in the place of the own state and log.
    pub(super) fn take_over(&mut self, received: Received<S>, outputs: &mut Outputs) {
        let Received {
            snapshot,
            last,
            replicated,
        } = received;
        assert!(last.op > self.replicated.op(), "a state never goes back");
        let op = last.op;
        let digest = replicated.digest();
        self.log = crate::Log::after(last);
        self.replicated = replicated;
        self.commit_number = self.commit_number.max(op);
        self.checkpoints.keep(snapshot);
        outputs.events.push(Event::SnapshotInstalled { op, digest });
    }

    /// What an image keeps of the state: nothing, if its log has all of it.
    pub(super) fn snapshot_for_image(&self) -> Option<&Snapshot> {
        let is_needed = self.log.start() > 0;
        self.checkpoints.latest.as_ref().filter(|_| is_needed)
    }
}
