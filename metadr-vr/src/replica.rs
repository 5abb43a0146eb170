//! One replica of a group.
//!
//! | Module | Concern | Of the design |
//! |---|---|---|
//! | [`accept`] | which messages are taken at all | §3.0 |
//! | [`primary`] | batches, PREPARE, acknowledgements, commits | §3.1 |
//! | [`backup`] | appending, acknowledging | §3.2 |
//! | [`repair`] | fetching what is missing, serving it to others | §3.2 |
//! | [`requests`] | the queue, the order within a connection | §3.1, §3.12 |
//! | [`reads`] | linearizable reads by rounds | §3.10 |
//! | [`apply`] | executing what is committed | §3.1 |

mod accept;
mod apply;
mod backup;
mod primary;
mod reads;
mod repair;
mod requests;

use crate::outputs::{Event, Fault, Outputs};
use crate::quorum::quorum;
use crate::wire::{
    Envelope, EpochView, Hash128, Incarnation, Message, MessageBody, OpNumber, ReplicaId,
};
use crate::{Log, Options, StateMachine, Tick};
use primary::Peer;
use repair::Repair;
use requests::Requests;

/// Who a replica is when it starts.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Boot {
    /// The group.
    pub cluster: Hash128,
    /// This replica.
    pub id: ReplicaId,
    /// Its files.
    pub instance: Hash128,
    /// Its process.
    pub incarnation: Incarnation,
    /// The voters in their order, which decides who is primary of which view.
    pub voters: Vec<ReplicaId>,
}

/// What a replica is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Status {
    /// It takes part in its view.
    Normal,
    /// It stopped itself.
    Faulted(Fault),
}

/// A replica as a state machine. See the crate's documentation for the order
/// of calls.
#[derive(Clone, Debug)]
pub struct Replica<S> {
    boot: Boot,
    options: Options,
    status: Status,
    /// The promise: this replica acts in no earlier view.
    view: EpochView,
    log: Log,
    commit_number: OpNumber,
    applied: OpNumber,
    /// The head when the view began: reads wait until it is committed.
    view_start_op: OpNumber,
    state_machine: S,
    now: Tick,
    /// The wall clock at the last tick, for time stamps alone.
    wall_ms: u64,
    /// One for each voter in the voters' order; our own is unused.
    peers: Vec<Peer>,
    /// The last round that this primary began.
    round: u64,
    next_heartbeat: Tick,
    /// A write was refused by the hash chain: see [`Event::Divergence`].
    refuses_writes: bool,
    requests: Requests,
    /// The highest round seen as a backup.
    round_seen: u64,
    owes_acknowledgement: bool,
    repair: Repair,
}

impl<S: StateMachine> Replica<S> {
    /// A replica of a new group: Normal in view 0, with the root entry alone.
    ///
    /// # Panics
    ///
    /// If the voters do not include this replica, or include one twice.
    #[must_use]
    pub fn new(
        boot: Boot,
        state_machine: S,
        options: Options,
        now: Tick,
        wall_ms: u64,
    ) -> (Self, Outputs) {
        let mut distinct = boot.voters.clone();
        distinct.sort_unstable();
        distinct.dedup();
        assert_eq!(distinct.len(), boot.voters.len(), "a voter is named twice");
        assert!(distinct.contains(&boot.id), "the replica is not a voter");
        let replica = Self {
            log: Log::new(boot.cluster),
            peers: vec![Peer::new(now); boot.voters.len()],
            boot,
            options,
            status: Status::Normal,
            view: EpochView::default(),
            commit_number: 0,
            applied: 0,
            view_start_op: 0,
            state_machine,
            now,
            wall_ms,
            round: 0,
            next_heartbeat: now,
            refuses_writes: false,
            requests: Requests::default(),
            round_seen: 0,
            owes_acknowledgement: false,
            repair: Repair::default(),
        };
        let mut outputs = Outputs::default();
        outputs.events.push(Event::Normal {
            view: replica.view,
            is_primary: replica.is_primary(),
            op: 0,
        });
        (replica, outputs)
    }

    /// Takes a message from another replica.
    pub fn on_message(&mut self, now: Tick, message: Message, outputs: &mut Outputs) {
        self.advance(now);
        let sender = match self.accept(&message.envelope) {
            Ok(sender) => sender,
            Err(reason) => return outputs.events.push(Event::Dropped(reason)),
        };
        match message.body {
            MessageBody::Prepare(prepare) => self.on_prepare(sender, prepare, outputs),
            MessageBody::PrepareOk(ok) => self.on_prepare_ok(sender, &ok, outputs),
            MessageBody::Commit(commit) => self.on_commit(sender, &commit, outputs),
            MessageBody::FetchLog(fetch) => self.on_fetch_log(sender, &fetch, outputs),
            MessageBody::LogChunk(chunk) => self.on_log_chunk(sender, chunk, outputs),
        }
    }

    /// Lets time pass. `wall_ms` is the wall clock in milliseconds since 1970;
    /// it may jump.
    pub fn on_tick(&mut self, now: Tick, wall_ms: u64, outputs: &mut Outputs) {
        self.advance(now);
        self.wall_ms = wall_ms;
        if self.status != Status::Normal {
            return;
        }
        if self.is_primary() {
            self.primary_tick(outputs);
        } else {
            self.repair_tick(outputs);
        }
    }

    /// Does what has gathered since the last time: makes entries, sends
    /// PREPARE or PREPARE_OK, commits, executes, answers.
    pub fn flush(&mut self, outputs: &mut Outputs) {
        if self.status != Status::Normal {
            return;
        }
        if self.is_primary() {
            self.primary_flush(outputs);
        } else {
            self.apply_committed(outputs);
            if self.status == Status::Normal {
                self.acknowledge(outputs);
            }
        }
    }

    /// When [`Replica::on_tick`] has something to do again; `None` if only a
    /// message or a request can change anything.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Tick> {
        match self.status {
            Status::Normal if self.is_primary() => Some(self.next_heartbeat),
            Status::Normal => self.repair.deadline(),
            Status::Faulted(_) => None,
        }
    }

    /// Whether this replica is the primary of its view.
    #[must_use]
    pub fn is_primary(&self) -> bool {
        self.primary() == self.boot.id
    }

    /// The primary of the view that this replica is in: the voters take turns.
    #[must_use]
    pub fn primary(&self) -> ReplicaId {
        let turn = self.view.view % self.boot.voters.len() as u64;
        self.boot.voters[usize::try_from(turn).expect("a turn is less than the voters")]
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

    /// Its log.
    #[must_use]
    pub fn log(&self) -> &Log {
        &self.log
    }

    /// The last op that it knows to be committed.
    #[must_use]
    pub fn commit_number(&self) -> OpNumber {
        self.commit_number
    }

    /// The last op that its state machine has executed.
    #[must_use]
    pub fn applied(&self) -> OpNumber {
        self.applied
    }

    /// Its state machine.
    #[must_use]
    pub fn state_machine(&self) -> &S {
        &self.state_machine
    }

    fn advance(&mut self, now: Tick) {
        assert!(now >= self.now, "time went back");
        self.now = now;
    }

    fn quorum(&self) -> usize {
        let quorum = quorum(self.boot.voters.len());
        if crate::options::bug!(self.options, SmallQuorum) {
            return (quorum - 1).max(1);
        }
        quorum
    }

    fn send(&self, to: ReplicaId, body: MessageBody, outputs: &mut Outputs) {
        debug_assert_ne!(to, self.boot.id);
        let envelope = Envelope {
            cluster: self.boot.cluster,
            sender: self.boot.id,
            instance: self.boot.instance,
            incarnation: self.boot.incarnation,
            promise: self.view,
        };
        outputs.send.push((to, Message { envelope, body }));
    }

    /// The voters other than this replica, with their places.
    fn others(&self) -> impl Iterator<Item = (usize, ReplicaId)> + use<S> {
        let own = self.boot.id;
        let voters = self.boot.voters.clone();
        voters
            .into_iter()
            .enumerate()
            .filter(move |(_, id)| *id != own)
    }

    fn fault(&mut self, fault: Fault, outputs: &mut Outputs) {
        self.status = Status::Faulted(fault);
        outputs.events.push(Event::Faulted(fault));
        self.refuse_all_requests(outputs);
    }
}
