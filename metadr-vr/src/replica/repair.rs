//! Entries that are missing: noticing, fetching, and serving them to others.

use super::accept::Sender;
use super::{Replica, Status};
use crate::options::bug;
use crate::outputs::{Event, Outputs};
use crate::wire::{
    Entry, EpochView, FetchLog, Hash128, LogChunk, MessageBody, OpNumber, Ping, ReplicaId, Role,
};
use crate::{Options, StateMachine, Tick};
use std::collections::BTreeMap;

/// What a backup knows to be missing.
#[derive(Clone, Debug, Default)]
pub(super) struct Repair {
    /// Entries of this view that arrived before their predecessors.
    reorder: BTreeMap<OpNumber, Entry>,
    /// Their bytes.
    reorder_bytes: u64,
    /// The highest head that the primary has told.
    known_head: OpNumber,
    /// When to fetch, or to fetch again elsewhere.
    due: Option<Tick>,
    /// The number of the last request, and whether it is still unanswered.
    request: u64,
    is_outstanding: bool,
    /// How often in a row a request was not answered.
    failures: usize,
    /// Bug P15 alone: the last entry of a PREPARE.
    pub(super) claimed: Option<OpNumber>,
}

impl Repair {
    pub(super) fn deadline(&self) -> Option<Tick> {
        self.due
    }

    /// The number of entries that wait for their predecessors, and their bytes.
    pub(super) fn kept(&self) -> (usize, u64) {
        (self.reorder.len(), self.reorder_bytes)
    }

    pub(super) fn hears_of(
        &mut self,
        primary_head: OpNumber,
        own_head: OpNumber,
        now: Tick,
        options: &Options,
    ) {
        self.known_head = self.known_head.max(primary_head);
        if self.known_head > own_head && self.due.is_none() {
            self.due = Some(now.after(options.gap));
        }
    }

    pub(super) fn keep(&mut self, entry: Entry, own_head: OpNumber, now: Tick, options: &Options) {
        let op = entry.header.op;
        self.reorder_bytes += entry.encoded_len() as u64;
        let replaced = self.reorder.insert(op, entry);
        self.forget(replaced.as_ref());
        // Of too many, those stay that are needed first: entries from far ahead
        // must not keep out the ones that close the hole.
        while self.reorder.len() > options.reorder_entries
            || self.reorder_bytes > options.reorder_bytes
        {
            let last = self.reorder.pop_last().map(|(_, entry)| entry);
            self.forget(last.as_ref());
        }
        self.hears_of(op, own_head, now, options);
    }

    pub(super) fn take(&mut self, op: OpNumber) -> Option<Entry> {
        let entry = self.reorder.remove(&op);
        self.forget(entry.as_ref());
        entry
    }

    /// Forgets what a snapshot has.
    pub(super) fn forget_through(&mut self, op: OpNumber) {
        while let Some((first, _)) = self.reorder.first_key_value()
            && *first <= op
        {
            let first = *first;
            self.take(first);
        }
    }

    /// Counts the bytes of an entry that is no longer kept.
    fn forget(&mut self, entry: Option<&Entry>) {
        self.reorder_bytes -= entry.map_or(0, |entry| entry.encoded_len() as u64);
        debug_assert!(!self.reorder.is_empty() || self.reorder_bytes == 0);
    }

    /// What bug P15 acknowledges.
    pub(super) fn claim(&self) -> Option<(OpNumber, Hash128)> {
        let op = self.claimed?;
        Some((op, self.reorder.get(&op)?.header.checksum))
    }

    /// The last entry of the first hole.
    fn hole_end(&self) -> OpNumber {
        match self.reorder.first_key_value() {
            Some((first_kept, _)) => first_kept - 1,
            None => self.known_head,
        }
    }
}

impl<S: StateMachine> Replica<S> {
    /// The number of early entries that are kept; bounded by the options.
    #[must_use]
    pub fn reorder_len(&self) -> usize {
        self.repair.kept().0
    }

    /// The bytes of these entries; bounded by the options.
    #[must_use]
    pub fn reorder_bytes(&self) -> u64 {
        self.repair.kept().1
    }

    pub(super) fn repair_tick(&mut self, outputs: &mut Outputs) {
        if self.repair.due.is_none_or(|due| self.now < due) {
            return;
        }
        if self.repair.is_outstanding {
            self.repair.failures += 1;
        }
        self.fetch_hole(outputs);
    }

    /// Asks for the first hole; stops asking if there is none.
    fn fetch_hole(&mut self, outputs: &mut Outputs) {
        let first = self.log.head() + 1;
        let last = self.repair.hole_end();
        if last < first {
            self.repair.due = None;
            self.repair.is_outstanding = false;
            // What was missing came in another way; nobody is to blame for it
            // at the next hole.
            self.repair.failures = 0;
            return;
        }
        let source = self.fetch_source();
        self.repair.request = self.next_request();
        self.repair.is_outstanding = true;
        self.repair.due = Some(self.now.after(self.options.fetch_timeout));
        let fetch = FetchLog {
            request: self.repair.request,
            first,
            last,
            max_bytes: u32::try_from(self.answer_bytes()).unwrap_or(u32::MAX),
            round: self.round_seen,
        };
        outputs.events.push(Event::Fetching {
            first,
            last,
            from: source,
        });
        self.send(source, MessageBody::FetchLog(fetch), outputs);
    }

    /// A number that no request of this run had.
    pub(super) fn next_request(&mut self) -> u64 {
        self.last_request += 1;
        self.last_request
    }

    /// Knows that the log goes on, and begins to fetch it.
    pub(super) fn repair_from(&mut self, head: OpNumber) {
        let own_head = self.log.head();
        self.repair
            .hears_of(head, own_head, self.now, &self.options);
    }

    /// Keeps what another says of itself. A backup that its primary does not
    /// reach stays current by what those know that are reached.
    pub(super) fn on_ping(
        &mut self,
        sender: Sender,
        view: EpochView,
        ping: Ping,
        outputs: &mut Outputs,
    ) {
        self.learn_instances(&ping, outputs);
        let is_left_alone =
            self.status == Status::Normal && !self.is_primary() && !self.hears_from_primary();
        let is_thawed =
            bug!(self.options, P32) && self.status == (Status::ViewChange { entered: true });
        if is_left_alone || is_thawed {
            // What is committed is part of this view's log as far as that is here.
            let known = ping.commit.min(self.log.head());
            self.commit_number = self.commit_number.max(known);
            if view == self.view && ping.role == Role::Normal {
                // Logs of one view differ in their length alone.
                self.repair_from(ping.head);
            }
        }
        self.hears_checkpoint(sender, &ping.checkpoint, outputs);
        self.peers[sender.place].ping = Some(ping);
    }

    fn hears_from_primary(&self) -> bool {
        self.now.since(self.primary_heard) < 6 * self.options.heartbeat
    }

    /// The primary first, then the others in turn, as long as nobody answers.
    /// If the primary is not heard, those that are come first.
    fn fetch_source(&self) -> ReplicaId {
        let primary = self.primary();
        let mut others: Vec<_> = (self.others()).filter(|one| one.id != primary).collect();
        let mut sources = Vec::with_capacity(others.len() + 1);
        if self.hears_from_primary() {
            sources.push(primary);
        } else {
            others.sort_by_key(|one| std::cmp::Reverse(self.peers[one.place].last_heard));
        }
        sources.extend(others.iter().map(|one| one.id));
        if sources.is_empty() {
            sources.push(primary);
        }
        sources[self.repair.failures % sources.len()]
    }

    pub(super) fn on_fetch_log(
        &mut self,
        Sender { id: to, place }: Sender,
        view: EpochView,
        fetch: &FetchLog,
        outputs: &mut Outputs,
    ) {
        self.hears_fetch(place, view, fetch.round);
        let max_bytes = u64::from(fetch.max_bytes).min(self.answer_bytes());
        let answer = self.log.slice(fetch.first, fetch.last, max_bytes);
        let through = answer.last().map_or(0, |entry| entry.header.op);
        let mut next = fetch.first;
        loop {
            let chunk_bytes = self.options.batch_bytes as u64;
            let entries = self.log.slice(next, through, chunk_bytes).to_vec();
            // That there is nothing is said by one chunk without entries.
            let sent_through = entries.last().map_or(through, |entry| entry.header.op);
            let chunk = LogChunk {
                request: fetch.request,
                is_normal: self.status == Status::Normal,
                through,
                entries,
                head: self.log.head(),
                commit: self.commit_number,
                start: self.log.start(),
                checkpoint: self.checkpoints.newest(),
            };
            self.send(to, MessageBody::LogChunk(chunk), outputs);
            if sent_through >= through {
                break;
            }
            next = sent_through + 1;
        }
    }

    /// Notes that another fetches something, and has seen `round`. Also one that
    /// has yet to take over the view's log listens to its primary: without it,
    /// the view could not last until it has. That it asks is not enough: one
    /// that hears nobody asks for ever.
    pub(super) fn hears_fetch(&mut self, place: usize, view: EpochView, round: u64) {
        let peer = &mut self.peers[place];
        if view == self.view && round > peer.fetched_round && round <= self.round {
            peer.fetched_round = round;
            peer.answered = self.now;
        }
    }

    pub(super) fn answer_bytes(&self) -> u64 {
        let chunk_bytes = self.options.batch_bytes as u64;
        self.options.fetch_chunks.saturating_mul(chunk_bytes)
    }

    pub(super) fn on_log_chunk(&mut self, sender: Sender, chunk: LogChunk, outputs: &mut Outputs) {
        if self.staged.is_some() {
            return self.on_staged_chunk(sender, chunk, outputs);
        }
        // A replica that has not finished the view change still holds the log
        // of an earlier view, which may go on differently.
        if self.is_primary() || self.status != Status::Normal || !chunk.is_normal {
            return;
        }
        let is_answer = self.repair.is_outstanding && chunk.request == self.repair.request;
        let is_forgotten = chunk.start > self.log.head() && chunk.checkpoint.op > self.log.head();
        if is_answer && chunk.through == 0 && is_forgotten {
            // What is missing here has been forgotten there.
            self.repair.is_outstanding = false;
            self.repair.due = Some(self.now.after(self.options.fetch_timeout));
            return self.fetch_snapshot(chunk.checkpoint, sender.place, outputs);
        }
        let head_before = self.log.head();
        for entry in chunk.entries {
            if self.take_entry(entry, outputs).is_err() {
                return;
            }
        }
        debug_assert_eq!(self.status, Status::Normal);
        let has_grown = self.log.head() > head_before;
        if has_grown {
            self.owes_acknowledgement = true;
            self.commit_number = self.commit_number.max(chunk.commit.min(self.log.head()));
        }
        if is_answer && chunk.through == 0 {
            // That replica does not have it: another may.
            self.repair.is_outstanding = false;
            self.repair.failures += 1;
            self.repair.due = Some(self.now.after(self.options.gap));
        } else if is_answer && self.log.head() >= chunk.through {
            self.repair.is_outstanding = false;
            self.repair.failures = 0;
            // What is still missing is known to be missing: no need to wait.
            self.fetch_hole(outputs);
        } else if is_answer && has_grown {
            // The rest is on its way: to ask again would double it.
            self.repair.due = Some(self.now.after(self.options.fetch_timeout));
        }
    }
}
