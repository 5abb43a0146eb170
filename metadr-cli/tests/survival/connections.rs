//! Many connections, and more than there may be.

use crate::alone::alone;
use crate::support::cluster::Cluster;
use crate::support::wire::{Answer, Call, Connection};
use crate::support::{note, wait_for};
use metadr_server::descriptors::raise_limit;
use rustix::process::{Resource, getrlimit};
use std::fs;
use std::io;
use std::time::{Duration, Instant};

const IDLE: usize = 10_000;

/// What a process needs beside the connections: a replica keeps this many
/// descriptors for the others and itself, and some clients more are served.
const OTHERS: u64 = 1024 + 64 + 100;

/// A call that any replica answers at once, whoever is the primary.
const ROLE: Call<'static> = Call::Get(b"");

/// Why this machine cannot have so many connections.
fn obstacle() -> Option<String> {
    raise_limit();
    let limit = getrlimit(Resource::Nofile);
    let needed = IDLE as u64 + OTHERS;
    if let Some(hard) = limit.maximum.filter(|hard| *hard < needed) {
        return Some(format!(
            "{needed} open files are needed, the limit is {hard}"
        ));
    }
    if let Some(soft) = limit.current.filter(|soft| *soft < needed) {
        return Some(format!("the limit of open files cannot be raised: {soft}"));
    }
    let range = fs::read_to_string("/proc/sys/net/ipv4/ip_local_port_range").ok()?;
    let ports: Vec<usize> = range.split_whitespace().flat_map(str::parse).collect();
    match ports[..] {
        [first, last] if last - first < IDLE + IDLE / 2 => {
            Some(format!("there are ports {first} to {last} alone"))
        }
        _ => None,
    }
}

/// Sets and gets, each after the other. Returns how long the one in the middle
/// and the slowest took.
fn serve_some(cluster: &Cluster) -> [Duration; 2] {
    let mut client = cluster.client();
    let mut times: Vec<Duration> = (0..200_u32)
        .map(|number| {
            let value = number.to_be_bytes();
            let began = Instant::now();
            assert_eq!(client.make(&Call::Set(b"/a", &value)), Answer::DONE);
            assert_eq!(client.make(&Call::Get(b"/a")), Answer::value(&value));
            began.elapsed() / 2
        })
        .collect();
    times.sort_unstable();
    [times[times.len() / 2], times[times.len() - 1]]
}

/// Makes a call on each of these.
fn ask_all(connections: &mut [Connection]) {
    for connection in &mut *connections {
        connection.send(&ROLE.record(1));
    }
    for connection in connections {
        let (_, answer) = connection.receive_answer();
        assert!(matches!(answer, Answer::Code(_)), "{answer:?}");
    }
}

/// The replicas start with a limit that is much too low, as is usual, and have
/// to raise it.
#[test]
fn ten_thousand_idle_connections_keep_nobody_from_being_served() {
    let _alone = alone();
    if let Some(obstacle) = obstacle() {
        note(format_args!("skipped: {obstacle}"));
        return;
    }
    let mut cluster = Cluster::start_after(3, "ulimit -S -n 256");
    let mut client = cluster.client();
    assert_eq!(client.make(&Call::Create(b"/a", b"")), Answer::DONE);
    let [usual, slowest] = serve_some(&cluster);
    note(format_args!("alone: {usual:?}, at most {slowest:?}"));
    let primary = cluster.primary();
    let before = cluster.replica(primary).peak_memory();

    let mut idle: Vec<Connection> = (0..IDLE).map(|_| cluster.connect(primary)).collect();
    ask_all(&mut idle);
    let after = cluster.replica(primary).peak_memory();
    note(format_args!(
        "memory: {before:?} KiB before, {after:?} KiB after {IDLE} connections"
    ));
    let [usual, slowest] = serve_some(&cluster);
    note(format_args!(
        "among {IDLE} others: {usual:?}, at most {slowest:?}"
    ));
    // None of them has been closed meanwhile.
    ask_all(&mut idle);
    let said = cluster.replica(primary).stderr();
    assert!(!said.contains("closed at once"), "{said}");
    drop(idle);
    serve_some(&cluster);
    cluster.assert_running(&[0, 1, 2]);
}

/// As many as there are, until the port takes no more of them.
fn fill(port: u16, most: usize) -> Vec<Connection> {
    let taken = |_| -> io::Result<Connection> {
        let mut connection = Connection::try_to(port)?;
        connection.try_make(&ROLE)?;
        Ok(connection)
    };
    (0..most).flat_map(taken).collect()
}

#[test]
fn a_full_port_serves_those_who_are_there_and_says_so_once() {
    let _alone = alone();
    // Of 200 descriptors, 64 are for other things, a quarter of the others for
    // the replication port.
    let cap = 102;
    let mut cluster = Cluster::start_after(3, "ulimit -n 200");
    let mut client = cluster.client();
    assert_eq!(client.make(&Call::Create(b"/a", b"")), Answer::DONE);
    let primary = cluster.primary();
    // The one before, and the client that is still there, count too.
    wait_for("the port to be empty", || {
        let connected = fill(cluster.client_port(primary), cap - 1);
        (connected.len() == cap - 1).then_some(())
    });
    let mut connected = wait_for("the port to be full", || {
        let connected = fill(cluster.client_port(primary), cap + 50);
        (connected.len() >= cap - 1).then_some(connected)
    });
    assert!(connected.len() <= cap, "{}", connected.len());
    // The same on the other port, with calls that it does not know: the others
    // keep their connections.
    let flood = |_| Connection::try_to(cluster.replication_port(primary));
    let flood: Vec<Connection> = (0..100).flat_map(flood).collect();

    ask_all(&mut connected);
    assert_eq!(client.make(&Call::Set(b"/a", b"1")), Answer::DONE);
    let said = wait_for("it to be told", || {
        let said = cluster.replica(primary).stderr();
        (said.matches("closed at once").count() == 2).then_some(said)
    });
    for words in [
        "102 connections to ClientPort",
        "34 connections to ReplicationPort",
    ] {
        assert!(said.contains(words), "{said}");
    }

    drop((connected, flood));
    wait_for("room for others", || {
        let connected = fill(cluster.client_port(primary), cap - 1);
        (connected.len() == cap - 1).then_some(())
    });
    let said = cluster.replica(primary).stderr();
    assert_eq!(said.matches("closed at once").count(), 2, "{said}");
    cluster.assert_running(&[0, 1, 2]);
}
