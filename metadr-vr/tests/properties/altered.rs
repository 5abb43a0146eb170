//! What replicas say to one another, altered, late, or told to another: no
//! message of any kind ends the process or breaks a bound, whatever its
//! receiver is doing.
//!
//! A message is altered in its encoded form, one word of it. So this knows no
//! kind of message, and needs no change for a new one.

use crate::group::Group;
use crate::support::{message, meta};
use bytes::Bytes;
use metadr_runtime::xdr;
use metadr_vr::wire::{Durability, FetchSnapshot, Life, Message, MessageBody, ReplicaId};
use metadr_vr::{Boot, Level, Options, Outputs, Request, RequestId, Start, Status};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

const REPLICAS: u32 = 3;

/// How many of the last messages of each kind may be said again.
const REMEMBERED: usize = 30;

#[derive(Clone, Debug)]
enum Step {
    /// A message of the past with one word changed.
    Altered {
        which: Which,
        word: usize,
        change: Change,
        to: ReplicaId,
    },
    /// A message of the past as it was.
    Again {
        which: Which,
        to: ReplicaId,
    },
    Request {
        to: ReplicaId,
        what: u8,
        number: u64,
    },
    Close(ReplicaId),
    Ticks(u64),
    Deliver(usize),
    Lose(usize),
    /// What is sent to one of them gets lost, what it sends does not.
    Deafen(Option<ReplicaId>),
    BeginStop(ReplicaId),
    /// With what it knew if it stops cleanly, else without.
    Restart {
        id: ReplicaId,
        is_clean: bool,
    },
}

/// The kind among those that there are, and how old, the newest being 0.
#[derive(Clone, Copy, Debug)]
struct Which {
    kind: usize,
    age: usize,
}

#[derive(Clone, Copy, Debug)]
enum Change {
    Set(u32),
    Add(u32),
    Flip(u32),
}

fn step() -> impl Strategy<Value = Step> {
    let id = || 0..REPLICAS;
    let change = prop_oneof![
        3 => prop_oneof![Just(0), Just(1), Just(2), Just(5), Just(u32::MAX)].prop_map(Change::Set),
        3 => prop_oneof![Just(1), Just(2), Just(3), Just(u32::MAX)].prop_map(Change::Add),
        1 => (0..32_u32).prop_map(|bit| Change::Flip(1 << bit)),
    ];
    let age = || prop_oneof![3 => 0..4_usize, 2 => 0..REMEMBERED];
    let which = move || (0..32_usize, age()).prop_map(|(kind, age)| Which { kind, age });
    // Most messages are short, and most of their words are in the envelope.
    let word = prop_oneof![1 => 0..17_usize, 4 => 17..40_usize, 1 => 40..200_usize];
    let altered =
        (which(), word, change, id()).prop_map(|(which, word, change, to)| Step::Altered {
            which,
            word,
            change,
            to,
        });
    prop_oneof![
        6 => altered,
        2 => (which(), id()).prop_map(|(which, to)| Step::Again { which, to }),
        8 => (id(), 0..9_u8, 0..6_u64).prop_map(|(to, what, number)| Step::Request {
            to,
            what,
            number,
        }),
        1 => id().prop_map(Step::Close),
        8 => (1..12_u64).prop_map(Step::Ticks),
        16 => (1..12_usize).prop_map(Step::Deliver),
        1 => (1..12_usize).prop_map(Step::Lose),
        1 => prop_oneof![Just(None), id().prop_map(Some)].prop_map(Step::Deafen),
        1 => id().prop_map(Step::BeginStop),
        2 => (id(), any::<bool>()).prop_map(|(id, is_clean)| Step::Restart { id, is_clean }),
    ]
}

/// A group, and what was said in it.
struct Talk<'c> {
    group: Group,
    said: BTreeMap<u32, VecDeque<Message>>,
    deaf: Option<ReplicaId>,
    /// Kinds of messages, by what a receiver of an altered one was doing.
    covered: &'c RefCell<BTreeMap<&'static str, BTreeSet<u32>>>,
}

impl Talk<'_> {
    fn take(&mut self, step: &Step) {
        match *step {
            Step::Altered {
                which,
                word,
                change,
                to,
            } => self.alter(which, word, change, to),
            Step::Again { which, to } => {
                if let Some(message) = self.remembered(which) {
                    self.group.message(to, message);
                    self.group.flush(to);
                }
            }
            Step::Request { to, what, number } => {
                let id = RequestId {
                    connection: number % 2,
                    number,
                };
                self.group.request(to, id, request(what, number));
                self.group.flush(to);
            }
            Step::Close(to) => (0..2).for_each(|number| self.group.close(to, number)),
            Step::Ticks(count) => (0..count).for_each(|_| self.group.tick()),
            Step::Deliver(count) => self.deliver(count, false),
            Step::Lose(count) => self.deliver(count, true),
            Step::Deafen(whom) => self.deaf = whom,
            Step::BeginStop(id) => self.group.begin_stop(id),
            Step::Restart { id, is_clean } => self.restart(id, is_clean),
        }
    }

    fn remembered(&self, which: Which) -> Option<Message> {
        let kind = which.kind % self.said.len().max(1);
        let said = self.said.values().nth(kind)?;
        Some(said[which.age % said.len()].clone())
    }

    fn alter(&mut self, which: Which, word: usize, change: Change, to: ReplicaId) {
        let Some(message) = self.remembered(which) else {
            return;
        };
        let mut encoded = xdr::to_bytes(&message).expect("it was sent").to_vec();
        let words = encoded.len() / 4;
        let place = word % words * 4;
        let old: [u8; 4] = encoded[place..place + 4].try_into().expect("a word");
        let old = u32::from_be_bytes(old);
        let new = match change {
            Change::Set(new) => new,
            Change::Add(more) => old.wrapping_add(more),
            Change::Flip(bits) => old ^ bits,
        };
        encoded[place..place + 4].copy_from_slice(&new.to_be_bytes());
        let Ok(altered) = xdr::from_bytes::<Message>(Bytes::from(encoded)) else {
            return;
        };
        let doing = doing(&self.group, to);
        let kind = kind(&altered);
        self.covered
            .borrow_mut()
            .entry(doing)
            .or_default()
            .insert(kind);
        self.group.message(to, altered);
        self.group.flush(to);
    }

    fn deliver(&mut self, count: usize, are_lost: bool) {
        for _ in 0..count {
            let Some((to, message)) = self.group.in_flight.pop_front() else {
                return;
            };
            let said = self.said.entry(kind(&message)).or_default();
            said.push_front(message.clone());
            said.truncate(REMEMBERED);
            if !are_lost && self.deaf != Some(to) {
                self.group.message(to, message);
                self.group.flush(to);
            }
        }
    }

    fn restart(&mut self, id: ReplicaId, is_clean: bool) {
        let replica = &mut self.group.replicas[id as usize];
        let image = match is_clean {
            true => replica.stop(&mut Outputs::default()),
            false => None,
        };
        let mut meta = replica.meta().clone();
        meta.incarnation.counter += 1;
        meta.life = Life::Running;
        let start = image.map_or(Start::Forgotten, Start::Kept);
        self.group.restart(Boot::new(meta, start));
    }
}

fn kind(message: &Message) -> u32 {
    message.body.discriminant() as u32
}

fn request(what: u8, number: u64) -> Request {
    let text = Bytes::from(format!("w{number}"));
    let read = |level| Request::Read {
        query: Bytes::new(),
        level,
    };
    match what {
        0..=3 => Request::Anonymous(text),
        4..=5 => read(Level::Linearizable),
        6 => read(Level::Backup { min_op: number }),
        7 => read(Level::Log),
        _ => Request::Sync,
    }
}

fn doing(group: &Group, id: ReplicaId) -> &'static str {
    let replica = &group.replicas[id as usize];
    match replica.status() {
        Status::Normal if replica.is_primary() => "primary",
        Status::Normal => "backup",
        Status::ViewChange { entered: true } => "changing its view",
        Status::ViewChange { entered: false } => "joining a view",
        Status::Recovering => "recovering",
        Status::Stopped => "stopped",
        Status::Faulted(_) => "faulted",
        _ => "something new",
    }
}

fn options() -> Options {
    Options {
        heartbeat: 3,
        election_timeout: 12,
        view_change_resend: 4,
        check_quorum: 15,
        recovery_resend: 4,
        stop_timeout: 20,
        ping: 6,
        fetch_timeout: 4,
        lease: 6,
        pipeline_entries: 4,
        window_bytes: 2_000,
        batch_operations: 2,
        batch_bytes: 400,
        queue_requests: 6,
        queue_bytes: 500,
        reorder_entries: 3,
        reorder_bytes: 700,
        checkpoint_ops: 2,
        checkpoint_slice: 64,
        retain_ops: 0,
        retain_most: 0,
        snapshot_chunk: 64,
        ..Options::default()
    }
}

/// What is asked so seldom that most groups would never have said it.
fn seldom_said() -> BTreeMap<u32, VecDeque<Message>> {
    let body = MessageBody::FetchSnapshot(FetchSnapshot::default());
    let question = message(1, body);
    BTreeMap::from([(kind(&question), VecDeque::from([question]))])
}

fn play(durability: Durability, cases: u32) -> BTreeMap<&'static str, BTreeSet<u32>> {
    let covered = RefCell::new(BTreeMap::new());
    let config = Config {
        cases,
        failure_persistence: None,
        ..Config::default()
    };
    let mut runner = TestRunner::new_with_rng(
        config,
        proptest::test_runner::TestRng::deterministic_rng(
            proptest::test_runner::RngAlgorithm::ChaCha,
        ),
    );
    let played = runner.run(&vec(step(), 200..400), |steps| {
        let mut group = Group::new(REPLICAS, options());
        for id in 0..REPLICAS {
            let mut meta = meta(id, REPLICAS);
            meta.mode = durability;
            group.restart(Boot::new(meta, Start::New));
        }
        let mut talk = Talk {
            group,
            said: seldom_said(),
            deaf: None,
            covered: &covered,
        };
        steps.iter().for_each(|step| talk.take(step));
        Ok(())
    });
    if let Err(failure) = played {
        panic!("{failure}");
    }
    covered.into_inner()
}

/// Every kind that the group said at all, and a question for a snapshot, altered, and told to replicas that
/// were doing anything that a replica can do.
#[test]
fn altered_messages_of_all_kinds_panic_nobody_whatever_it_does() {
    let covered = play(Durability::Memory, 300);
    let kinds: BTreeSet<u32> = covered.values().flatten().copied().collect();
    // What is seldom said is seldom told to everybody.
    for kind in &kinds {
        let told = covered.values().filter(|kinds| kinds.contains(kind));
        assert!(told.count() >= 2, "{kind} is told to few: {covered:?}");
    }
    for doing in [
        "primary",
        "backup",
        "changing its view",
        "joining a view",
        "recovering",
    ] {
        assert!(covered[doing].len() >= 15, "{doing}: {covered:?}");
    }
    assert!(kinds.len() >= 19, "{kinds:?}");
}

#[test]
fn altered_messages_of_all_kinds_panic_no_durable_replica() {
    let covered = play(Durability::Durable, 50);
    assert!(covered["primary"].len() >= 12, "{covered:?}");
}
