//! Writers that never stop, and what was acknowledged to them.

use crate::support::cluster::Cluster;
use crate::support::wire::{Answer, Call, Connection};
use crate::support::{note, wait_for};
use bytes::Bytes;
use metadr_client::{Endpoint, Error, KvStore, Refusal, parse_endpoints};
use metadr_runtime::rt::{Runtime, Smol};
use std::collections::BTreeSet;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

const WRITERS: u32 = 8;

/// So many writes of each writer show that all goes well.
const SOME: usize = 5;

/// How long each writer rests after each write: enough of them to see a gap to
/// the millisecond, and not so many that it is the machine that is measured.
const REST: Duration = Duration::from_millis(8);

/// How many calls to make at a time when everything is read.
const CALLS_AT_A_TIME: usize = 200;

/// Writers at work on a group, through the client library, with the addresses
/// of all replicas. Each creates one key after the other and none twice.
#[derive(Debug)]
pub(crate) struct Load {
    shared: Arc<Shared>,
    writers: Vec<JoinHandle<Written>>,
}

#[derive(Debug, Default)]
struct Shared {
    has_ended: AtomicBool,
    /// Acknowledged writes, by writer.
    counts: [AtomicUsize; WRITERS as usize],
    /// The latest key of writer 0 that was acknowledged, by its number.
    latest: AtomicU32,
}

/// What one writer has written.
#[derive(Debug)]
pub(crate) struct Written {
    writer: u32,
    /// The numbers of the keys, and when each was acknowledged.
    acknowledged: Vec<(u32, Instant)>,
    /// What the client library could not do. Nobody knows whether it was done.
    unknown: Vec<(u32, Error)>,
}

impl Load {
    /// Returns when every writer writes.
    pub(crate) fn start(cluster: &Cluster) -> Self {
        let mut client = cluster.client();
        for writer in 0..WRITERS {
            let parent = format!("/w{writer}");
            assert_eq!(
                client.make(&Call::Create(parent.as_bytes(), b"")),
                Answer::DONE
            );
        }
        let everybody: Vec<usize> = (0..cluster.size()).collect();
        let endpoints = parse_endpoints(&cluster.endpoints(&everybody)).expect("end points");
        let shared = Arc::<Shared>::default();
        let writers = (0..WRITERS).map(|writer| {
            let (shared, endpoints) = (Arc::clone(&shared), endpoints.clone());
            thread::spawn(move || {
                let runtime = Smol::new();
                runtime.block_on(write(&runtime, writer, endpoints, &shared))
            })
        });
        let writers = writers.collect();
        let load = Self { shared, writers };
        load.wait_for_writes();
        load
    }

    /// Waits until all goes well: every writer has written some things.
    pub(crate) fn wait_for_writes(&self) {
        let before = self.counts();
        wait_for("writes to be acknowledged", || {
            let mut both = before.iter().zip(self.counts());
            both.all(|(before, now)| now >= before + SOME).then_some(())
        });
    }

    fn counts(&self) -> Vec<usize> {
        let counts = self.shared.counts.iter();
        counts.map(|count| count.load(Ordering::SeqCst)).collect()
    }

    /// A key that was acknowledged a moment ago, by its number.
    pub(crate) fn latest(&self) -> impl Fn() -> u32 + Send + use<> {
        let shared = Arc::clone(&self.shared);
        move || shared.latest.load(Ordering::SeqCst)
    }

    /// Ends the writers, and tells what they have written.
    pub(crate) fn end(mut self) -> Vec<Written> {
        self.shared.has_ended.store(true, Ordering::SeqCst);
        let writers = std::mem::take(&mut self.writers).into_iter();
        let written: Vec<Written> = writers
            .map(|writer| writer.join().expect("the writer has said why"))
            .collect();
        for one in &written {
            for (number, error) in &one.unknown {
                note(format_args!(
                    "unknown: {}: {error}",
                    key(one.writer, *number)
                ));
            }
        }
        written
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        self.shared.has_ended.store(true, Ordering::SeqCst);
    }
}

/// The key that a writer creates as its `number`th, from 1.
pub(crate) fn key(writer: u32, number: u32) -> String {
    format!("/w{writer}/k{number}")
}

/// Its value.
fn value(writer: u32, number: u32) -> String {
    format!("value {number} of {writer}")
}

async fn write(runtime: &Smol, writer: u32, endpoints: Vec<Endpoint>, shared: &Shared) -> Written {
    let mut store = KvStore::connect(runtime, endpoints).await.expect("a group");
    let (mut acknowledged, mut unknown) = (Vec::new(), Vec::new());
    for number in 1.. {
        if shared.has_ended.load(Ordering::SeqCst) {
            break;
        }
        let [key, value] = [key(writer, number), value(writer, number)].map(Bytes::from);
        match store.create(key, value).await {
            // Nobody else creates this key: if it exists, a first attempt whose
            // answer was lost has made it.
            Ok(_) => {
                acknowledged.push((number, Instant::now()));
                if writer == 0 {
                    shared.latest.store(number, Ordering::SeqCst);
                }
                shared.counts[writer as usize].fetch_add(1, Ordering::SeqCst);
            }
            Err(error) if may_be_done(&error) => unknown.push((number, error)),
            Err(error) => panic!("{}: {error}", self::key(writer, number)),
        }
        runtime.sleep_until(runtime.now() + REST).await;
    }
    Written {
        writer,
        acknowledged,
        unknown,
    }
}

/// Whether a group in trouble may have failed to answer, and no more.
fn may_be_done(error: &Error) -> bool {
    matches!(
        error,
        Error::Call(_) | Error::Connect { .. } | Error::Refused(Refusal::FailedToReachQuorum)
    )
}

/// When each write was acknowledged.
pub(crate) fn times(written: &[Written]) -> Vec<Instant> {
    let all = written.iter().flat_map(|one| &one.acknowledged);
    all.map(|(_, at)| *at).collect()
}

/// Fails unless every replica has everything that was acknowledged. Each has to
/// be the primary for that, so the others are killed, and come back.
pub(crate) fn assert_nothing_lost(cluster: &mut Cluster, written: &[Written]) {
    let mut seen = BTreeSet::new();
    while seen.len() < cluster.size() {
        let primary = cluster.primary();
        let mut connection = cluster.connect(primary);
        match written
            .iter()
            .try_for_each(|one| check(&mut connection, one))
        {
            Ok(()) => drop(seen.insert(primary)),
            // On a machine under load it may have lost its office meanwhile.
            Err(error) => note(format_args!("replica {primary} does not tell: {error}")),
        }
        cluster.replica(primary).kill();
        cluster.restart(primary);
        cluster.wait_until_normal(primary);
    }
}

/// Compares what a replica has of a writer's keys with what was acknowledged.
fn check(connection: &mut Connection, written: &Written) -> io::Result<()> {
    let writer = written.writer;
    let parent = format!("/w{writer}");
    let names = match connection.try_make(&Call::List(parent.as_bytes()))? {
        Answer::Keys(names) => names,
        other => return Err(io::Error::other(format!("{other:?}"))),
    };
    let found: BTreeSet<Vec<u8>> = names.into_iter().collect();
    let name = |number: u32| format!("k{number}").into_bytes();
    let acknowledged = written.acknowledged.iter().map(|(number, _)| *number);
    let lost: Vec<u32> = acknowledged
        .clone()
        .filter(|number| !found.contains(&name(*number)))
        .collect();
    assert!(
        lost.is_empty(),
        "acknowledged by writer {writer} and lost: {lost:?}"
    );
    let unknown = written.unknown.iter().map(|(number, _)| *number);
    let possible: BTreeSet<Vec<u8>> = acknowledged.clone().chain(unknown).map(name).collect();
    assert!(
        found.is_subset(&possible),
        "there are keys that nobody created"
    );
    check_values(connection, writer, &acknowledged.collect::<Vec<_>>())
}

fn check_values(connection: &mut Connection, writer: u32, numbers: &[u32]) -> io::Result<()> {
    for numbers in numbers.chunks(CALLS_AT_A_TIME) {
        let keys: Vec<String> = numbers.iter().map(|number| key(writer, *number)).collect();
        let calls: Vec<Call<'_>> = keys.iter().map(|key| Call::Get(key.as_bytes())).collect();
        for (number, fate) in numbers.iter().zip(connection.fates(&calls)) {
            match fate {
                Some(Answer::Value(found)) => {
                    assert_eq!(found, value(writer, *number).as_bytes());
                }
                other => return Err(io::Error::other(format!("{other:?}"))),
            }
        }
    }
    Ok(())
}
