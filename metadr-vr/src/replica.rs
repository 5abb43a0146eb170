//! One replica of a group.
//!
//! | Module | Concern | Of the design |
//! |---|---|---|
//! | [`accept`] | which messages are taken at all | §3.0 |
//! | [`primary`] | batches, PREPARE, acknowledgements, commits, check-quorum | §3.1 |
//! | [`backup`] | appending, acknowledging | §3.2 |
//! | [`repair`] | fetching what is missing, serving it to others | §3.2 |
//! | [`persist`] | what has to be on disk first | §3.15 |
//! | [`vote`] | votes for a later view | §3.4 |
//! | [`view_change`] | promising a view, choosing its log, starting it | §3.3, §3.5 |
//! | [`join`] | taking over a view's log at once | §3.5 |
//! | [`checkpoint`] | writing the state down, forgetting the log, comparing | §3.7 |
//! | [`transfer`] | fetching a snapshot instead of entries, serving it | §3.7 |
//! | [`recovery`] | coming back without memory | §3.8 |
//! | [`handover`] | asking a backup to become the primary | §3.9 |
//! | [`shutdown`] | a clean stop, and its image | §3.9 |
//! | [`pressure`] | taking less when backups lag | §3.12 |
//! | [`lease`] | reads without a round, by clocks | §3.10 |
//! | [`requests`] | the queue, the order within a connection | §3.1, §3.12 |
//! | [`sessions`] | requests that come more than once | §3.1 |
//! | [`reads`] | linearizable reads by rounds, at the primary | §3.10 |
//! | [`read_index`] | reads at backups | §3.10 |
//! | [`apply`] | executing what is committed | §3.1 |

mod accept;
mod apply;
mod backup;
mod boot;
mod checkpoint;
mod handover;
mod join;
mod lease;
mod persist;
mod pressure;
mod primary;
mod read_index;
mod reads;
mod recovery;
mod repair;
mod requests;
mod sessions;
mod shutdown;
mod transfer;
mod view_change;
mod vote;

pub use boot::{Boot, Start, log_of};

use crate::machine::{Received, Replicated};
use crate::membership::Voters;
use crate::outputs::{Event, Fault, Outputs};
use crate::random::Random;
use crate::wire::{
    Entry, Envelope, EpochView, Hash128, Message, MessageBody, OpNumber, Ping, ReplicaId, Role,
};
use crate::{Log, Options, StateMachine, Tick};
use checkpoint::Checkpoints;
use handover::SteppingDown;
use join::Staged;
use lease::Lease;
use persist::Persisting;
use pressure::Pressure;
use primary::Peer;
use read_index::LocalReads;
use recovery::Recovery;
use repair::Repair;
use requests::Requests;
use shutdown::Stopping;
use transfer::Transfer;
use view_change::ViewChange;
use vote::Votes;

/// What a replica is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Status {
    /// It takes part in its view.
    Normal,
    /// Its view has not started, or not for this replica.
    ViewChange {
        /// Whether it has promised the view to be changed, and reports its log;
        /// else it has just heard of a view that others have started.
        entered: bool,
    },
    /// It has lost its memory, and takes part in nothing.
    Recovering,
    /// It was shut down cleanly.
    Stopped,
    /// It stopped itself.
    Faulted(Fault),
}

/// A replica as a state machine. See the crate's documentation for the order
/// of calls.
#[derive(Clone, Debug)]
pub struct Replica<S: StateMachine> {
    boot: Boot,
    voters: Voters,
    options: Options,
    status: Status,
    /// The promise: this replica acts in no earlier view.
    view: EpochView,
    persisting: Persisting,
    /// The last view in which it was Normal: its log is that view's.
    last_normal: EpochView,
    log: Log,
    commit_number: OpNumber,
    /// The head when the view began: reads wait until it is committed.
    view_start_op: OpNumber,
    replicated: Replicated<S>,
    checkpoints: Checkpoints<S>,
    random: Random,
    now: Tick,
    /// The wall clock at the last tick, for time stamps alone.
    wall_ms: u64,
    next_ping: Tick,
    last_request: u64,
    /// One for each voter in the voters' order; our own is unused.
    peers: Vec<Peer>,

    // As the primary.
    /// The last round that it began.
    round: u64,
    next_heartbeat: Tick,
    /// When a quorum was last heard.
    quorum_heard: Tick,
    /// It hears no quorum, so it does nothing.
    suspended: bool,
    /// A write was refused by the hash chain: see [`Event::Divergence`].
    refuses_writes: bool,
    requests: Requests,
    pressure: Pressure,
    /// Reads that wait for the state of this replica, whatever its part.
    local_reads: LocalReads,

    // As a backup.
    /// The highest round that it has seen.
    round_seen: u64,
    owes_acknowledgement: bool,
    repair: Repair,
    primary_heard: Tick,
    /// When it votes for the next view.
    election: Tick,

    // In between.
    lease: Lease,
    votes: Votes,
    view_change: ViewChange,
    staged: Option<Staged<S>>,
    transfer: Option<Transfer<S>>,
    /// What was fetched for a view that is over, and the op that it follows.
    salvage: Option<(OpNumber, Vec<Entry>)>,
    salvaged_snapshot: Option<Box<Received<S>>>,
    recovery: Recovery,
    stopping: Option<Stopping>,
    stepping_down: Option<SteppingDown>,
}

impl<S: StateMachine> Replica<S> {
    /// A replica as it starts. `seed` decides its random numbers.
    ///
    /// # Panics
    ///
    /// If the voters do not include this replica, or include one twice, or the
    /// image is not of this group.
    #[must_use]
    pub fn new(
        boot: Boot,
        state_machine: S,
        options: Options,
        seed: u64,
        now: Tick,
        wall_ms: u64,
    ) -> (Self, Outputs) {
        let voters = Voters::new(boot.voters().iter().copied());
        let is_member = voters.place_of(boot.id()).is_some();
        assert!(is_member, "the replica is not a voter");
        let mut replica = Self {
            status: Status::Normal,
            view: boot.meta.promise,
            persisting: Persisting::new(boot.meta.clone()),
            last_normal: EpochView::default(),
            log: Log::new(boot.cluster()),
            commit_number: 0,
            view_start_op: 0,
            replicated: Replicated::new(state_machine, options.settings),
            random: Random::new(seed),
            now,
            wall_ms,
            next_ping: now.after(options.ping),
            last_request: 0,
            peers: vec![Peer::new(now, 0); voters.len()],
            round: 0,
            next_heartbeat: now,
            quorum_heard: now,
            suspended: false,
            refuses_writes: false,
            requests: Requests::default(),
            pressure: Pressure::new(now),
            local_reads: LocalReads::default(),
            round_seen: 0,
            owes_acknowledgement: false,
            repair: Repair::default(),
            primary_heard: now,
            election: now,
            lease: Lease::new(&boot.start, &options, now),
            votes: Votes::default(),
            view_change: ViewChange::default(),
            staged: None,
            transfer: None,
            checkpoints: Checkpoints::default(),
            salvage: None,
            salvaged_snapshot: None,
            recovery: Recovery::default(),
            stopping: None,
            stepping_down: None,
            voters,
            boot,
            options,
        };
        replica.election = replica.election_deadline();
        let mut outputs = Outputs::default();
        replica.begin(&mut outputs);
        (replica, outputs)
    }

    /// Takes a message from another replica.
    pub fn on_message(&mut self, now: Tick, message: Message, outputs: &mut Outputs) {
        self.advance(now);
        let promise = message.envelope.promise;
        let accepted = self.accept(&message, outputs).and_then(|sender| {
            self.accept_view(sender, promise, &message.body, outputs)?;
            Ok(sender)
        });
        let sender = match accepted {
            Ok(sender) => sender,
            Err(reason) => return outputs.events.extend(accept::dropped(reason)),
        };
        match message.body {
            MessageBody::Prepare(prepare) => self.on_prepare(sender, prepare, outputs),
            MessageBody::PrepareOk(ok) => self.on_prepare_ok(sender, &ok, outputs),
            MessageBody::Commit(commit) => self.on_commit(sender, &commit, outputs),
            MessageBody::Vote(vote) => self.on_vote(sender, &vote, outputs),
            MessageBody::DoViewChange(report) => self.on_do_view_change(sender, report, outputs),
            MessageBody::StartView(start) => self.on_start_view(sender, start, outputs),
            MessageBody::GetView => self.on_get_view(sender, outputs),
            MessageBody::FetchLog(fetch) => self.on_fetch_log(sender, promise, &fetch, outputs),
            MessageBody::LogChunk(chunk) => self.on_log_chunk(sender, chunk, outputs),
            MessageBody::FetchSnapshot(fetch) => {
                self.on_fetch_snapshot(sender, promise, fetch, outputs);
            }
            MessageBody::SnapshotPart(part) => self.on_snapshot_part(sender, part, outputs),
            MessageBody::Recovery(ask) => self.on_recovery(sender, promise, &ask, outputs),
            MessageBody::RecoveryResponse(response) => {
                self.on_recovery_response(sender, promise, response, outputs);
            }
            MessageBody::ReadIndex(ask) => self.on_read_index(sender, &ask, outputs),
            MessageBody::LeaseReleased => self.on_lease_released(sender, outputs),
            MessageBody::ReadIndexOk(ok) => self.on_read_index_ok(sender, &ok, outputs),
            MessageBody::Handover(handover) => self.on_handover(sender, &handover, outputs),
            MessageBody::Ping(ping) => self.on_ping(sender, promise, ping, outputs),
            // The envelope has said it all.
            MessageBody::EnterView | MessageBody::Notice(_) => {}
        }
    }

    /// Lets time pass. `wall_ms` is the wall clock in milliseconds since 1970;
    /// it may jump.
    pub fn on_tick(&mut self, now: Tick, wall_ms: u64, outputs: &mut Outputs) {
        self.advance(now);
        self.wall_ms = wall_ms;
        match self.status {
            Status::Faulted(_) | Status::Stopped => return,
            Status::Normal if self.is_primary() => self.primary_tick(outputs),
            Status::Normal => self.backup_tick(outputs),
            Status::ViewChange { entered } => {
                self.view_change_tick(entered, outputs);
                self.staging_tick(outputs);
            }
            Status::Recovering => {
                self.recovery_tick(outputs);
                self.staging_tick(outputs);
            }
        }
        self.lease_tick(outputs);
        self.local_reads_tick(outputs);
        self.advance_checkpoint(outputs);
        self.truncate_log();
        self.transfer_tick(outputs);
        self.step_down_tick(outputs);
        self.stopping_tick(outputs);
        if self.votes.repeat().is_some_and(|repeat| now >= repeat) {
            self.send_vote(outputs);
        }
        if now >= self.next_ping {
            self.next_ping = now.after(self.options.ping);
            self.watch_quorum(outputs);
            for other in self.others() {
                self.send_ping(other.id, outputs);
            }
        }
    }

    /// Does what has gathered since the last time: makes entries, sends
    /// PREPARE or PREPARE_OK, commits, executes, answers.
    pub fn flush(&mut self, outputs: &mut Outputs) {
        if self.status != Status::Normal {
            if !matches!(self.status, Status::Faulted(_) | Status::Stopped) {
                self.persist_log(outputs);
            }
            return;
        }
        self.truncate_log();
        if self.is_primary() {
            self.primary_flush(outputs);
        } else {
            self.apply_committed(outputs);
            if self.status == Status::Normal {
                self.persist_log(outputs);
                self.acknowledge(outputs);
            }
        }
        if self.status == Status::Normal {
            self.serve_local_reads(outputs);
        }
    }

    /// When [`Replica::on_tick`] has something to do again; `None` if it never has.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Tick> {
        let own = match self.status {
            Status::Faulted(_) | Status::Stopped => return None,
            Status::Normal if self.is_primary() => self.next_heartbeat,
            Status::Normal => {
                let repair = self.repair.deadline();
                repair.map_or(self.election, |repair| repair.min(self.election))
            }
            Status::ViewChange { .. } => self.view_change.deadline(),
            Status::Recovering => self.recovery.deadline().max(self.now.after(1)),
        };
        // While a snapshot is fetched, that has deadlines of its own.
        let staged =
            (self.staged.as_ref().filter(|_| self.transfer.is_none())).map(Staged::deadline);
        let transfer = self.transfer.as_ref().and_then(Transfer::deadline);
        let checkpoint = (self.checkpoints.is_taking()).then(|| self.now.after(1));
        let stopping = (self.stopping.as_ref()).map(|one| Stopping::deadline(one, self.now));
        let reads = self.local_reads.deadline();
        let stepping_down = (self.stepping_down.as_ref()).map(SteppingDown::deadline);
        let others = [
            staged,
            transfer,
            checkpoint,
            stepping_down,
            self.lease.deadline(),
            stopping,
            reads,
            self.votes.repeat(),
            Some(self.next_ping),
        ];
        others.into_iter().flatten().chain([own]).min()
    }

    /// Whether this replica is the primary of its view.
    #[must_use]
    pub fn is_primary(&self) -> bool {
        self.primary() == self.boot.id()
    }

    /// Whether it is the primary and has not heard a quorum for so long that it
    /// takes no requests: another may be primary by now.
    #[must_use]
    pub fn is_suspended(&self) -> bool {
        self.suspended && self.status == Status::Normal && self.is_primary()
    }

    /// The primary of the view that this replica is in: the voters take turns.
    #[must_use]
    pub fn primary(&self) -> ReplicaId {
        self.voters.primary_of(self.view)
    }

    /// Who it is.
    #[must_use]
    pub fn boot(&self) -> &Boot {
        &self.boot
    }

    /// What it is doing.
    #[must_use]
    pub fn status(&self) -> Status {
        self.status
    }

    /// The epoch and view that it is in.
    #[must_use]
    pub fn view(&self) -> EpochView {
        self.view
    }

    /// The last view in which it was Normal.
    #[must_use]
    pub fn last_normal(&self) -> EpochView {
        self.last_normal
    }

    /// Its log.
    #[must_use]
    pub fn log(&self) -> &Log {
        &self.log
    }

    /// The head of the log when its view began.
    #[must_use]
    pub fn view_start_op(&self) -> OpNumber {
        self.view_start_op
    }

    /// The last op that it knows to be committed.
    #[must_use]
    pub fn commit_number(&self) -> OpNumber {
        self.commit_number
    }

    /// The last op that its state machine has executed.
    #[must_use]
    pub fn applied(&self) -> OpNumber {
        self.replicated.op()
    }

    /// Whether it is taking over a log that is not complete here yet.
    #[must_use]
    pub fn is_staging(&self) -> bool {
        self.staged.is_some()
    }

    /// Its state machine.
    #[must_use]
    pub fn state_machine(&self) -> &S {
        self.replicated.app()
    }

    /// A hash of all that is replicated: the state machine, and what the
    /// protocol keeps beside it. Replicas that have applied the same ops have
    /// the same.
    #[must_use]
    pub fn digest(&self) -> Hash128 {
        self.replicated.digest()
    }

    /// The same hash as [`digest`](Self::digest), computed afresh from all of
    /// the state: a check on what is kept up to date by increments.
    #[must_use]
    pub fn recompute_digest(&self) -> Hash128 {
        self.replicated.recompute_digest()
    }

    /// The number of sessions that are known; bounded by the settings.
    #[must_use]
    pub fn sessions(&self) -> usize {
        self.replicated.sessions()
    }

    fn advance(&mut self, now: Tick) {
        assert!(now >= self.now, "time went back");
        self.now = now;
    }

    fn quorum(&self) -> usize {
        let quorum = self.voters.quorum();
        if crate::options::bug!(self.options, SmallQuorum) {
            return (quorum - 1).max(1);
        }
        quorum
    }

    fn backup_tick(&mut self, outputs: &mut Outputs) {
        self.repair_tick(outputs);
        if self.now >= self.election {
            self.election = self.election_deadline();
            if self.votes.own().is_none() {
                self.cast_vote(self.view.view + 1, outputs);
            }
        }
    }

    /// When a backup that hears nothing from now on votes: not the same at all.
    fn election_deadline(&mut self) -> Tick {
        let spread = (self.options.election_timeout / 2).max(1);
        let timeout = self.options.election_timeout + self.random.below(spread);
        self.now.after(timeout)
    }

    fn send(&self, to: ReplicaId, body: MessageBody, outputs: &mut Outputs) {
        debug_assert_ne!(to, self.boot.id());
        if !self.may_speak() {
            // Every message shows the view, whose promise is not on disk yet.
            // What is said once only is said when it is; the rest is repeated.
            return;
        }
        let envelope = Envelope {
            cluster: self.boot.cluster(),
            sender: self.boot.id(),
            instance: self.boot.instance(),
            incarnation: self.boot.incarnation(),
            promise: self.view,
        };
        outputs.send.push((to, Message { envelope, body }));
    }

    fn send_to_all(&self, body: &MessageBody, outputs: &mut Outputs) {
        for other in self.others() {
            self.send(other.id, body.clone(), outputs);
        }
    }

    fn send_ping(&self, to: ReplicaId, outputs: &mut Outputs) {
        let role = match self.status {
            Status::Normal => Role::Normal,
            Status::Recovering => Role::Recovering,
            _ => Role::BetweenViews,
        };
        let ping = Ping {
            role,
            is_leaving: self.stopping.is_some(),
            last_normal: self.last_normal,
            head: self.log.head(),
            commit: self.commit_number,
            checkpoint: self.checkpoints.newest(),
            peers: self.persisting.peers().to_vec(),
        };
        self.send(to, MessageBody::Ping(ping), outputs);
    }

    fn fault(&mut self, fault: Fault, outputs: &mut Outputs) {
        self.status = Status::Faulted(fault);
        outputs.events.push(Event::Faulted(fault));
        self.refuse_all_requests(outputs);
    }
}
