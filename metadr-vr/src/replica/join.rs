//! Taking over the log of a view: staged beside the own one, and put in its
//! place at once when it is complete.
//!
//! Until then the old log and the old `last_normal` stay, and are what a later
//! view change is told. So no entry that this replica has acknowledged is ever
//! gone from it before the view's log, which has it, is here.

use super::accept::Sender;
use super::{Replica, Status};
use crate::machine::Received;
use crate::options::bug;
use crate::outputs::{Event, Fault, Outputs};
use crate::wire::{
    Checkpoint, Entry, EpochView, FetchLog, Hash128, LogChunk, MessageBody, OpNumber,
};
use crate::{Log, StateMachine, Tick};

/// The log that is to be taken over.
#[derive(Clone, Debug)]
pub(super) struct Goal {
    pub(super) head: OpNumber,
    pub(super) head_checksum: Hash128,
    pub(super) commit: OpNumber,
    /// Checksums of it, from `first` on; some or none.
    pub(super) first: OpNumber,
    pub(super) checksums: Vec<Hash128>,
}

/// How far it is here.
#[derive(Clone, Debug)]
pub(super) struct Staged<S> {
    goal: Goal,
    /// The own log is part of it up to here; or the snapshot ends here.
    base: OpNumber,
    /// What takes the place of the log up to there.
    snapshot: Option<Box<Received<S>>>,
    /// What follows, contiguous.
    entries: Vec<Entry>,
    /// The replica that is asked for the rest, by its place.
    source: usize,
    request: u64,
    /// Something came since it was asked last.
    has_progressed: bool,
    /// The entries begin with what was fetched for an earlier view.
    is_salvaged: bool,
    /// When to ask again, or another.
    due: Tick,
}

impl<S: StateMachine> Staged<S> {
    pub(super) fn deadline(&self) -> Tick {
        self.due
    }

    /// Asks again at a time, unless it was to be later.
    pub(super) fn wait_until(&mut self, at: Tick) {
        self.due = self.due.max(at);
    }

    fn reached(&self) -> OpNumber {
        self.base + self.entries.len() as u64
    }

    /// The checksum of what is here at its end; `log` is the own one.
    fn checksum(&self, log: &Log) -> Option<Hash128> {
        match (self.entries.last(), &self.snapshot) {
            (Some(entry), _) => Some(entry.header.checksum),
            (None, Some(snapshot)) => Some(snapshot.last.checksum),
            (None, None) => log.checksum(self.base),
        }
    }
}

impl<S: StateMachine> Replica<S> {
    /// Begins to take over a log of which `inline` may be the end.
    pub(super) fn stage(
        &mut self,
        goal: Goal,
        inline: Vec<Entry>,
        source: usize,
        outputs: &mut Outputs,
    ) {
        // A restarted replica that has been Normal in this view acknowledged
        // what it holds of it: an old duplicate of the view's start must not
        // take that away. What is missing comes by repair.
        let only_extends = self.last_normal == self.view
            && self.status != Status::Recovering
            && !bug!(self.options, P36);
        if only_extends {
            if self.differs(goal.head, goal.head_checksum) {
                // A view has one log, and this is not it.
                return self.fault(Fault::Divergence { op: goal.head }, outputs);
            }
            let base = self.log.head();
            self.repair_from(goal.head);
            return self.install(base, Vec::new(), goal.commit.min(base), outputs);
        }
        if bug!(self.options, P18) {
            return self.put_on_top(goal, inline, outputs);
        }
        let (base, mut entries) = self.usable(&goal, inline);
        let mut is_salvaged = false;
        if entries.is_empty() && base < goal.head {
            entries = self.salvaged(base, goal.head);
            is_salvaged = !entries.is_empty();
        }
        self.staged = Some(Staged {
            goal,
            base,
            snapshot: None,
            entries,
            source,
            request: 0,
            has_progressed: false,
            is_salvaged,
            due: self.now,
        });
        self.continue_staging(outputs);
    }

    /// Bug P18 alone: whoever has as many entries has the same.
    fn put_on_top(&mut self, goal: Goal, inline: Vec<Entry>, outputs: &mut Outputs) {
        let base = self.log.head().min(goal.head);
        let mut head = base;
        for entry in inline {
            if entry.header.op == head + 1 {
                head += 1;
                self.log.append_by_position(entry);
            }
        }
        self.repair_from(goal.head);
        self.install(head, Vec::new(), goal.commit, outputs);
    }

    /// Puts off what is being taken over. What of it is here is most likely part
    /// of the next view's log too: a log that takes longer to fetch than a view
    /// lasts would never be complete otherwise.
    pub(super) fn unstage(&mut self) {
        if let Some(staged) = self.staged.take() {
            self.salvage = Some((staged.base, staged.entries));
            self.salvaged_snapshot = staged.snapshot.or_else(|| self.salvaged_snapshot.take());
        }
    }

    /// What was fetched before, and follows the own log at `base`. Whether it
    /// is part of the goal shows when the goal's head is reached.
    fn salvaged(&mut self, base: OpNumber, head: OpNumber) -> Vec<Entry> {
        let Some((salvaged_base, mut entries)) = self.salvage.take() else {
            return Vec::new();
        };
        if salvaged_base != base {
            return Vec::new();
        }
        entries.truncate(usize::try_from(head - base).unwrap_or(usize::MAX));
        entries
    }

    /// How much of the own log is part of the goal, and what follows it.
    fn usable(&self, goal: &Goal, mut inline: Vec<Entry>) -> (OpNumber, Vec<Entry>) {
        if self.log.checksum(goal.head) == Some(goal.head_checksum) {
            return (goal.head, Vec::new());
        }
        let base = self.shared_with(goal);
        let is_chain = inline.windows(2).all(|pair| follows(&pair[0], &pair[1]));
        let is_whole = inline.iter().all(Entry::is_intact)
            && inline.last().map(|last| last.header.checksum) == Some(goal.head_checksum);
        if let Some(first) = inline.first()
            && is_chain
            && is_whole
            && first.header.op > self.commit_number
            && self.log.checksum(first.header.op - 1) == Some(first.header.parent)
        {
            let base = base.max(first.header.op - 1);
            inline.retain(|entry| entry.header.op > base);
            return (base, inline);
        }
        (base, Vec::new())
    }

    /// The last op up to which the own log is known to be part of the goal.
    fn shared_with(&self, goal: &Goal) -> OpNumber {
        // What is committed is part of every later view's log. An equal checksum
        // says the same of all before it.
        let told = (goal.first..=goal.head).zip(&goal.checksums);
        let equal = told.filter(|(op, checksum)| self.log.checksum(*op) == Some(**checksum));
        let last = equal.map(|(op, _)| op).max();
        last.map_or(self.commit_number, |op| op.max(self.commit_number))
    }

    /// Takes the log over if it is complete, else asks for more of it.
    fn continue_staging(&mut self, outputs: &mut Outputs) {
        let Some(staged) = &mut self.staged else {
            return;
        };
        if staged.reached() == staged.goal.head {
            if staged.checksum(&self.log) == Some(staged.goal.head_checksum) {
                let Staged {
                    goal,
                    base,
                    snapshot,
                    entries,
                    ..
                } = self.staged.take().expect("it is staged");
                if let Some(received) = snapshot {
                    self.take_over(*received, outputs);
                }
                return self.install(base, entries, goal.commit, outputs);
            }
            staged.entries.clear();
            if std::mem::take(&mut staged.is_salvaged) {
                // That was of a log which has been given up, and says nothing
                // of this source.
                return self.fetch_staged(outputs);
            }
            // This source has another log: begin again with the next.
            staged.has_progressed = false;
            staged.due = self.now;
            return;
        }
        self.fetch_staged(outputs);
    }

    fn fetch_staged(&mut self, outputs: &mut Outputs) {
        let request = self.next_request();
        let max_bytes = self.answer_bytes();
        let due = self.now.after(self.options.fetch_timeout);
        let Some(staged) = &mut self.staged else {
            return;
        };
        staged.request = request;
        staged.has_progressed = false;
        staged.due = due;
        let fetch = FetchLog {
            request,
            first: staged.reached() + 1,
            last: staged.goal.head,
            max_bytes: u32::try_from(max_bytes).unwrap_or(u32::MAX),
            round: self.round_seen,
        };
        let to = self.voters.at(staged.source);
        let (first, last) = (fetch.first, fetch.last);
        outputs.events.push(Event::Fetching {
            first,
            last,
            from: to,
        });
        self.send(to, MessageBody::FetchLog(fetch), outputs);
    }

    /// Asks the next replica, when one does not answer; the same again, when
    /// only a part of its answer came.
    pub(super) fn staging_tick(&mut self, outputs: &mut Outputs) {
        let own = self.place();
        let count = self.voters.len();
        if self.transfer.is_some() {
            // What is missing comes with that.
            return;
        }
        let Some(staged) = &mut self.staged else {
            return;
        };
        if self.now < staged.due {
            return;
        }
        if !staged.has_progressed {
            staged.source = (1..=count)
                .map(|step| (staged.source + step) % count)
                .find(|place| *place != own)
                .unwrap_or(staged.source);
        }
        self.fetch_staged(outputs);
    }

    pub(super) fn on_staged_chunk(
        &mut self,
        Sender { place, .. }: Sender,
        chunk: LogChunk,
        outputs: &mut Outputs,
    ) {
        let Some(staged) = &mut self.staged else {
            return;
        };
        // An answer that comes after another replica was asked is as good: else
        // nothing would ever arrive over a way that is a little too long.
        let is_awaited = place == staged.source && chunk.request == staged.request;
        let before = staged.reached();
        for entry in chunk.entries {
            let op = entry.header.op;
            if op != staged.reached() + 1 || op > staged.goal.head || !entry.is_intact() {
                continue;
            }
            if Some(entry.header.parent) == staged.checksum(&self.log) {
                staged.entries.push(entry);
            } else if is_awaited {
                // The source holds another log, or this replica got a wrong
                // beginning from an earlier one. It may be the only one that
                // has the right one, so it is asked for that first.
                if !staged.entries.is_empty() {
                    staged.entries.clear();
                    staged.is_salvaged = false;
                    return self.fetch_staged(outputs);
                }
                staged.due = self.now;
                return;
            } else {
                return;
            }
        }
        if staged.reached() > before {
            staged.has_progressed = true;
            staged.source = place;
        } else if !is_awaited {
            return;
        }
        if staged.reached() == before && chunk.through == 0 && chunk.start > before {
            return self.lacks_snapshot(chunk.checkpoint, place, outputs);
        }
        if staged.reached() == before && chunk.through <= before {
            // This one has nothing more: the next is asked at the next tick.
            staged.due = self.now.after(1);
        } else if staged.reached() >= chunk.through {
            self.continue_staging(outputs);
        } else {
            // The rest is on its way: to ask again would double it.
            staged.due = self.now.after(self.options.fetch_timeout);
        }
    }

    /// The next entries are forgotten everywhere: a snapshot has to do.
    fn lacks_snapshot(&mut self, checkpoint: Checkpoint, source: usize, outputs: &mut Outputs) {
        let Some(staged) = &mut self.staged else {
            return;
        };
        if let Some(salvaged) = self.salvaged_snapshot.take()
            && (staged.reached() + 1..=staged.goal.head).contains(&salvaged.last.op)
        {
            return self.stage_snapshot(*salvaged, outputs);
        }
        if checkpoint.op <= staged.reached() {
            staged.due = self.now.after(1);
            return;
        }
        if checkpoint.op > staged.goal.head {
            // The view's log has gone on beyond what is asked for: it has to be
            // asked for anew.
            return self.restart_staging(outputs);
        }
        let is_collecting = self.status == (Status::ViewChange { entered: true });
        if is_collecting && self.is_primary() && !self.view_change.has_forfeited {
            // Somebody else may begin a view at once. If nobody has, it is up to
            // this one: perhaps no other can be reached by a quorum.
            self.view_change.has_forfeited = true;
            let next = EpochView {
                view: self.view.view + 1,
                ..self.view
            };
            outputs.events.push(Event::Forfeited { view: self.view });
            return self.enter(next, outputs);
        }
        self.fetch_snapshot(checkpoint, source, outputs);
    }

    fn restart_staging(&mut self, outputs: &mut Outputs) {
        self.unstage();
        if self.status != Status::Recovering {
            // A recovering replica asks again by itself.
            self.ask_for_view(outputs);
        }
    }

    /// A snapshot that was fetched takes the place of the beginning.
    pub(super) fn stage_snapshot(&mut self, received: Received<S>, outputs: &mut Outputs) {
        let Some(staged) = &mut self.staged else {
            return;
        };
        let op = received.last.op;
        if op > staged.goal.head {
            return self.restart_staging(outputs);
        }
        if op <= staged.base || op <= self.replicated.op() {
            return self.continue_staging(outputs);
        }
        staged.entries.retain(|entry| entry.header.op > op);
        let first = staged.entries.first();
        if first.is_some_and(|first| first.header.parent != received.last.checksum) {
            staged.entries.clear();
        }
        staged.base = op;
        staged.snapshot = Some(Box::new(received));
        self.continue_staging(outputs);
    }

    /// Puts the view's log in the place of the own one, in one step.
    fn install(
        &mut self,
        base: OpNumber,
        entries: Vec<Entry>,
        commit: OpNumber,
        outputs: &mut Outputs,
    ) {
        if base < self.commit_number {
            let op = base + 1;
            return self.fault(Fault::Divergence { op }, outputs);
        }
        (self.staged, self.salvage) = (None, None);
        // The disk has to have what this one builds on.
        self.persist_log(outputs);
        self.log.truncate(base);
        for entry in entries {
            self.log.append(entry);
        }
        self.last_normal = self.view;
        if !self.persist_install(base, commit, outputs) {
            self.installed(commit, outputs);
        }
    }

    /// Takes part in the view, as its log is here and on disk.
    pub(super) fn installed(&mut self, commit: OpNumber, outputs: &mut Outputs) {
        let head = self.log.head();
        self.end_rebuilding(outputs);
        self.status = Status::Normal;
        self.view_start_op = head;
        self.commit_number = self.commit_number.max(commit.min(head));
        self.view_change.attempts = 0;
        self.view_change.has_forfeited = false;
        (self.transfer, self.salvaged_snapshot) = (None, None);
        self.votes.clear();
        self.primary_heard = self.now;
        self.election = self.election_deadline();
        outputs.events.push(Event::Normal {
            view: self.view,
            is_primary: self.is_primary(),
            op: head,
        });
        if self.is_primary() {
            self.begin_primary(outputs);
        } else {
            self.owes_acknowledgement = true;
        }
    }
}

fn follows(parent: &Entry, child: &Entry) -> bool {
    child.header.op == parent.header.op + 1 && child.header.parent == parent.header.checksum
}
