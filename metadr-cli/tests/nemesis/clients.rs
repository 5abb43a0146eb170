//! Clients that use a group in trouble, and note what they see.
//!
//! They make each call once, on a connection of their own, by the encoder of
//! the tests. A call that is refused had no effect and is not noted. One without
//! an answer may have had its effect at any time since, or may have it yet.

use crate::history::{Clock, History, Noted, Subtrees};
use crate::support::cluster::Cluster;
use crate::support::wire::{Answer, Call, Connection, QUORUM_NOT_REACHED, is_of_the_replica};
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// What clients do, and how many there are.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Use {
    /// Six use subtrees below the root, each of which is judged by itself.
    Subtrees,
    /// Four use the root's children, and list them: all is one history, so
    /// each makes a call only so often.
    Root {
        /// How long each rests after a call.
        rest: Duration,
    },
}

/// How long a client waits for an answer. A primary that cannot reach a quorum
/// may take longer, and then nobody knows what became of the call.
const PATIENCE: Duration = Duration::from_secs(1);

/// How long a client of subtrees rests after a call, and any after a refusal: it
/// is the group that is to be hard pressed, not the machine.
const REST: Duration = Duration::from_millis(4);

/// The keys of a subtree.
const KEYS: [&str; 5] = ["", "/a", "/b", "/a/x", "/a/y"];

/// How many children the root may have.
const CHILDREN: u64 = 6;

impl Use {
    fn clients(self) -> u32 {
        match self {
            Self::Subtrees => 6,
            Self::Root { .. } => 4,
        }
    }

    fn rest(self) -> Duration {
        match self {
            Self::Subtrees => REST,
            Self::Root { rest } => rest,
        }
    }
}

/// Clients at work.
#[derive(Debug)]
pub(crate) struct Clients {
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<Vec<Noted>>>,
}

#[derive(Debug, Default)]
struct Shared {
    has_ended: AtomicBool,
    answered: AtomicUsize,
    subtrees: Subtrees,
    clock: Clock,
}

impl Clients {
    pub(crate) fn start(cluster: &Cluster, seed: u64, what: Use) -> Self {
        let shared = Arc::<Shared>::default();
        let replicas: Vec<SocketAddr> = (0..cluster.size())
            .map(|replica| cluster.client_address(replica))
            .collect();
        let threads = (0..what.clients()).map(|id| {
            let client = Client {
                id,
                what,
                random: fastrand::Rng::with_seed(seed ^ (u64::from(id) + 1)),
                current: id as usize % replicas.len(),
                replicas: replicas.clone(),
                connection: None,
                shared: Arc::clone(&shared),
                noted: Vec::new(),
            };
            thread::spawn(move || client.run())
        });
        Self {
            threads: threads.collect(),
            shared,
        }
    }

    /// Calls that have been answered so far.
    pub(crate) fn answered(&self) -> usize {
        self.shared.answered.load(Ordering::Relaxed)
    }

    /// Ends them, and tells what all have seen.
    pub(crate) fn end(mut self) -> History {
        self.shared.has_ended.store(true, Ordering::Relaxed);
        let threads = std::mem::take(&mut self.threads).into_iter();
        let noted = threads.flat_map(|client| client.join().expect("the client has said why"));
        History::new(noted)
    }
}

impl Drop for Clients {
    fn drop(&mut self) {
        self.shared.has_ended.store(true, Ordering::Relaxed);
    }
}

struct Client {
    id: u32,
    what: Use,
    random: fastrand::Rng,
    replicas: Vec<SocketAddr>,
    /// Which replica it turns to.
    current: usize,
    connection: Option<Connection>,
    shared: Arc<Shared>,
    noted: Vec<Noted>,
}

/// What became of a call.
enum Fate {
    Answered(Answer),
    /// It had no effect, and never will.
    Refused,
    /// Nobody knows.
    Unknown,
}

impl Client {
    fn run(mut self) -> Vec<Noted> {
        let mut number = 0_u64;
        while !self.shared.has_ended.load(Ordering::Relaxed) {
            number += 1;
            let value = format!("{}.{number}", self.id).into_bytes();
            let rest = match self.what {
                Use::Subtrees => self.use_a_subtree(&value),
                Use::Root { .. } => self.use_the_root(&value),
            };
            thread::sleep(rest);
        }
        self.noted
    }

    fn use_a_subtree(&mut self, value: &[u8]) -> Duration {
        let subtree = self.shared.subtrees.next(&mut self.random);
        let below = self.random.choice(KEYS).expect("some keys");
        let key = format!("/s{subtree}{below}").into_bytes();
        let call = match self.random.u8(0..20) {
            0..7 => Call::Get(&key),
            7..11 => Call::Set(&key, value),
            11..16 => Call::Create(&key, value),
            16..18 => Call::Remove(&key),
            _ => Call::List(&key),
        };
        self.make(subtree, &call)
    }

    fn use_the_root(&mut self, value: &[u8]) -> Duration {
        let key = format!("/r{}", self.random.u64(0..CHILDREN)).into_bytes();
        let call = match self.random.u8(0..20) {
            0..8 => Call::List(b"/"),
            8..14 => Call::Create(&key, value),
            14..18 => Call::Remove(&key),
            _ => Call::Get(&key),
        };
        self.make(0, &call)
    }

    /// Makes a call, and notes what becomes of it. Returns how long to rest.
    fn make(&mut self, part: u64, call: &Call<'_>) -> Duration {
        if self.connect().is_err() {
            self.move_on();
            return REST;
        }
        let invoked = self.shared.clock.now();
        let fate = self.attempt(call);
        let returned = self.shared.clock.now();
        let answer = match fate {
            Fate::Answered(answer) => {
                self.shared.answered.fetch_add(1, Ordering::Relaxed);
                Some((returned, answer))
            }
            Fate::Unknown => {
                self.move_on();
                None
            }
            Fate::Refused => {
                self.move_on();
                return REST;
            }
        };
        self.noted
            .extend(Noted::new(self.id, part, call, invoked, answer));
        self.what.rest()
    }

    fn attempt(&mut self, call: &Call<'_>) -> Fate {
        let connection = self.connection.as_mut().expect("it is connected");
        match connection.try_make(call) {
            Ok(Answer::Code(QUORUM_NOT_REACHED)) | Err(_) => Fate::Unknown,
            Ok(Answer::Code(code)) if is_of_the_replica(code) => Fate::Refused,
            Ok(answer) => Fate::Answered(answer),
        }
    }

    fn connect(&mut self) -> io::Result<()> {
        if self.connection.is_none() {
            let connection = Connection::try_to_address(self.replicas[self.current])?;
            self.connection = Some(connection.with_patience(PATIENCE));
        }
        Ok(())
    }

    /// Turns to the next replica. The connection is not used again: a late
    /// answer would be taken for that to another call.
    fn move_on(&mut self) {
        self.connection = None;
        self.current = (self.current + 1) % self.replicas.len();
    }
}
