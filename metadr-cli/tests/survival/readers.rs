//! Readers that ask every replica, also one that takes itself for the primary
//! and is none any more.

use crate::load::{Load, key};
use crate::support::cluster::Cluster;
use crate::support::note;
use crate::support::wire::{Answer, Call, Connection, is_of_the_replica};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// How often each asks.
const INTERVAL: Duration = Duration::from_millis(5);

/// One reader for each replica. It asks, all the time and whether or not it has
/// had answers, for a key whose creation was acknowledged before. Whoever
/// answers that there is none tells of a time before that.
///
/// A key that exists cannot cease to: no writer removes any. So it does not
/// matter here that calls which are made again may be executed twice.
#[derive(Debug)]
pub(crate) struct Readers {
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<()>>,
}

#[derive(Debug, Default)]
struct Shared {
    has_ended: AtomicBool,
    /// Reads that were answered with the value, by replica.
    served: Vec<AtomicUsize>,
    /// Reads that were refused, by replica.
    refused: Vec<AtomicUsize>,
    stale: AtomicUsize,
}

impl Readers {
    pub(crate) fn start(cluster: &Cluster, load: &Load) -> Self {
        let counters = || (0..cluster.size()).map(|_| AtomicUsize::new(0)).collect();
        let shared = Arc::new(Shared {
            served: counters(),
            refused: counters(),
            ..Shared::default()
        });
        let threads = (0..cluster.size()).map(|replica| {
            let (shared, latest) = (Arc::clone(&shared), load.latest());
            let port = cluster.client_port(replica);
            thread::spawn(move || {
                while !shared.has_ended() {
                    if let Ok(connection) = Connection::try_to(port) {
                        ask(connection, replica, &latest, &shared);
                    }
                    thread::sleep(INTERVAL);
                }
            })
        });
        let threads = threads.collect();
        Self { shared, threads }
    }

    /// Ends them. Fails if a read was stale, or if there was nothing to see:
    /// some replica after another has served, and each has refused.
    pub(crate) fn assert_never_stale(mut self) {
        self.shared.has_ended.store(true, Ordering::SeqCst);
        for thread in std::mem::take(&mut self.threads) {
            thread.join().expect("the reader has said why");
        }
        let Shared {
            served, refused, ..
        } = &*self.shared;
        note(format_args!(
            "reads served by each replica: {served:?}; refused: {refused:?}"
        ));
        let stale = self.shared.stale.load(Ordering::SeqCst);
        assert_eq!(stale, 0, "stale reads");
        let how_many = |counters: &[AtomicUsize]| {
            let counts = counters.iter().map(|count| count.load(Ordering::SeqCst));
            counts.filter(|count| *count > 0).count()
        };
        assert!(how_many(served) >= 2, "served by {}", how_many(served));
        assert_eq!(how_many(refused), refused.len(), "refused by each");
    }
}

impl Drop for Readers {
    fn drop(&mut self) {
        self.shared.has_ended.store(true, Ordering::SeqCst);
    }
}

impl Shared {
    fn has_ended(&self) -> bool {
        self.has_ended.load(Ordering::SeqCst)
    }
}

/// Asks on one connection until it is closed, or the test is over.
fn ask(
    mut connection: Connection,
    replica: usize,
    latest: &impl Fn() -> u32,
    shared: &Arc<Shared>,
) {
    let answers = connection.another_handle();
    let listener = {
        let shared = Arc::clone(shared);
        thread::spawn(move || listen(answers, replica, &shared))
    };
    while !shared.has_ended() && !listener.is_finished() {
        // The number of the call is that of the key.
        let number = latest();
        let call = Call::Get(key(0, number).as_bytes()).record(number);
        if connection.try_send(&call).is_err() {
            break;
        }
        thread::sleep(INTERVAL);
    }
    connection.shut_down();
    listener.join().expect("the listener has said why");
}

fn listen(mut answers: Connection, replica: usize, shared: &Shared) {
    while let Ok((number, answer)) = answers.try_receive_answer() {
        let counters = match answer {
            Answer::Value(_) => &shared.served,
            Answer::Code(code) if is_of_the_replica(code) => &shared.refused,
            other => {
                note(format_args!(
                    "replica {replica}: {}: {other:?}",
                    key(0, number)
                ));
                shared.stale.fetch_add(1, Ordering::SeqCst);
                continue;
            }
        };
        counters[replica].fetch_add(1, Ordering::SeqCst);
    }
}
