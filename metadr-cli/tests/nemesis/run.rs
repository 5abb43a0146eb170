//! The nemesis itself.

use crate::clients::{Clients, Use};
use crate::field::{Arena, Mode};
use crate::judge::judge;
use crate::steps::Nemesis;
use crate::support::cluster::Cluster;
use crate::support::process::{metadr, run};
use crate::support::{note, wait_for};
use crate::{RUNTIME, SEED};
use serde_json::Value;
use std::env;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How long the group is in trouble, in seconds.
const SECONDS: &str = "METADR_NEMESIS_SECONDS";

/// Unless it is said: a minute for both modes where everything is tested, else
/// a taste.
fn length() -> Duration {
    let usual = if env::var_os("METADR_CI").is_some() {
        30
    } else {
        8
    };
    Duration::from_secs(number(SECONDS).unwrap_or(usual))
}

fn number(variable: &str) -> Option<u64> {
    let text = env::var(variable).ok()?;
    Some(
        text.parse()
            .unwrap_or_else(|_| panic!("{variable} is no number: {text}")),
    )
}

/// Calls that show that the group works.
const SOME: usize = 8;

#[test]
fn one_order_of_calls_explains_what_clients_of_a_group_in_memory_see() {
    explain(Mode::Memory, length(), Use::Subtrees);
}

/// The longer it takes, the slower they are: an order of very many calls takes
/// too long to find.
#[test]
fn one_order_of_calls_explains_lists_of_the_root() {
    let length = length() / 2;
    let rest = (length / 60).min(Duration::from_secs(5));
    explain(Mode::Memory, length, Use::Root { rest });
}

#[test]
fn one_order_of_calls_explains_what_clients_of_a_durable_group_see() {
    explain(Mode::Durable, length(), Use::Subtrees);
}

fn explain(mode: Mode, length: Duration, what: Use) {
    // The groups would take each other's time.
    static ALONE: Mutex<()> = Mutex::new(());
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let seed = number(SEED).unwrap_or_else(|| fastrand::u64(..1_000_000));
    note(format_args!("{SEED}={seed}, {mode:?}"));
    let mut arena = Arena::new(mode);
    let clients = Clients::start(&arena.cluster, seed, what);
    let began = Instant::now();
    let counts = Nemesis::new(&mut arena, seed, mode).run(length);
    // It goes on afterwards.
    let before = clients.answered();
    wait_for("calls to be answered", || {
        (clients.answered() > before + SOME).then_some(())
    });
    let took = began.elapsed();
    let history = clients.end();
    let (operations, unknown) = history.sizes();
    note(format_args!(
        "{took:.1?}: {counts:?}; {operations} operations, {unknown} without an answer"
    ));
    judge(&history, &format!("{RUNTIME}-{mode:?}"));
    assert_same_state(&arena.cluster);
}

/// Fails unless all replicas come to the same state.
fn assert_same_state(cluster: &Cluster) {
    let everybody: Vec<usize> = (0..cluster.size()).collect();
    let endpoints = cluster.endpoints(&everybody);
    let words = ["--endpoints", &endpoints, "--output", "json", "status"];
    let replicas = wait_for("all to have executed the same", || {
        let told = run(metadr().arg("admin").args(words)).succeeded();
        let parse = |line| serde_json::from_str(line).expect("an object");
        let replicas: Vec<Value> = told.lines().map(parse).collect();
        let applied = |replica: &Value| replica["applied"].as_u64();
        let is_same = |replica: &Value| {
            applied(replica).is_some() && applied(replica) == applied(&replicas[0])
        };
        replicas.iter().all(is_same).then_some(replicas)
    });
    for replica in &replicas {
        assert_eq!(replica["digest"], replicas[0]["digest"], "{replicas:?}");
    }
}
