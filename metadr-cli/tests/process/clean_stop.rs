//! Replicas that are asked to stop: nothing is lost, and nobody is kept waiting.

use crate::support::cluster::{Cluster, assert_no_alarm};
use crate::support::process::{Process, Stop};
use crate::support::wait_for;
use crate::support::wire::{Answer, Call, is_of_the_replica};
use std::thread;
use std::time::Duration;

const KEPT: &str = "has stopped, and wrote its memory down";

/// Stops a replica. Returns what it has said.
fn stop(process: &mut Process, how: Stop) -> String {
    process.ask_to_stop(how);
    let code = process.wait_for_end();
    assert_eq!(code, Some(0), "{}", process.stderr());
    process.stderr()
}

#[test]
fn stopping_all_and_starting_all_keeps_everything() {
    let mut cluster = Cluster::start(3);
    let mut acknowledged = Vec::new();
    for (round, how) in [Stop::Terminate, Stop::Interrupt, Stop::Terminate]
        .into_iter()
        .enumerate()
    {
        let mut client = cluster.client();
        for number in 0..50 {
            let key = format!("/round{round}key{number}");
            let create = Call::Create(key.as_bytes(), b"kept");
            assert_eq!(client.make(&create), Answer::DONE);
            acknowledged.push(key);
        }
        for replica in 0..3 {
            cluster.replica(replica).ask_to_stop(how);
        }
        for replica in 0..3 {
            let process = cluster.replica(replica);
            assert_eq!(process.wait_for_end(), Some(0), "{}", process.stderr());
            assert!(process.stderr().contains(KEPT), "{}", process.stderr());
            assert_no_alarm(&process.stderr());
        }
        cluster.start_all_again();
        for key in &acknowledged {
            let get = Call::Get(key.as_bytes());
            assert_eq!(client.make(&get), Answer::value(b"kept"), "{key}");
        }
    }
    // What was written down is used once: this one has to ask the others.
    cluster.replica(1).kill();
    cluster.restart(1);
    cluster.wait_until_normal(1);
    let key = acknowledged.first().expect("there are some");
    let get = Call::Get(key.as_bytes());
    assert_eq!(cluster.client().make(&get), Answer::value(b"kept"));
}

/// Each line that a replica printed was a panic then: it died, and with it what
/// it would have written down.
#[test]
fn a_replica_whose_stderr_nobody_reads_goes_on() {
    let mut cluster = Cluster::start(3);
    let mut client = cluster.client();
    assert_eq!(client.make(&Call::Create(b"/a", b"1")), Answer::DONE);
    // They start with something to say.
    for replica in [1, 2] {
        cluster.replica(replica).kill();
        cluster.replace_unheard(replica);
        cluster.wait_until_normal(replica);
    }
    // Who takes over says so as well.
    cluster.replica(0).kill();
    assert_eq!(client.make(&Call::Set(b"/a", b"2")), Answer::DONE);
    cluster.replace_unheard(0);
    cluster.wait_until_normal(0);
    for replica in 0..3 {
        cluster.replica(replica).ask_to_stop(Stop::Terminate);
    }
    for replica in 0..3 {
        assert_eq!(cluster.replica(replica).wait_for_end(), Some(0));
    }
    cluster.start_all_again();
    for replica in 0..3 {
        let said = cluster.replica(replica).stderr();
        assert!(!said.contains("has lost its memory"), "{said}");
    }
    assert_eq!(client.make(&Call::Get(b"/a")), Answer::value(b"2"));
}

/// The group never waits for a time-out: the backup that takes over is asked to.
#[test]
fn a_primary_that_is_stopped_hands_over() {
    let mut cluster = Cluster::start(3);
    let primary = cluster.primary();
    let mut client = cluster.client();
    for number in 0..20 {
        let key = format!("/before{number}");
        let create = Call::Create(key.as_bytes(), b"");
        assert_eq!(client.make(&create), Answer::DONE);
    }
    let said = stop(cluster.replica(primary), Stop::Terminate);
    assert!(said.contains(KEPT), "{said}");
    // It was a backup when it left, so another was primary already.
    let last = said.rfind("primary of view").expect("it was the primary");
    assert!(said[last..].contains("backup of view"), "{said}");
    let names = client.make(&Call::List(b"/"));
    assert!(
        matches!(&names, Answer::Keys(names) if names.len() == 20),
        "{names:?}"
    );
    cluster.replace(primary);
    cluster.wait_until_normal(primary);
}

/// What a stopping replica has taken it finishes, and what it has not taken it
/// refuses: the outcome of a call is left open as rarely as possible.
#[test]
fn calls_to_a_replica_that_stops_are_answered() {
    let mut cluster = Cluster::start(3);
    let mut client = cluster.client();
    assert_eq!(client.make(&Call::Create(b"/a", b"")), Answer::DONE);
    let keys: Vec<String> = (0..200).map(|number| format!("/key{number}")).collect();
    let mut connections = [(); 3].map(|()| cluster.connect(0));
    // The xid of each call is the number of its key.
    for (xid, key) in (0..).zip(&keys) {
        let create = Call::Create(key.as_bytes(), b"");
        connections[xid as usize % 3].send(&create.record(xid));
    }
    let said = stop(cluster.replica(0), Stop::Terminate);
    assert!(said.contains(KEPT), "{said}");
    let mut done = Vec::new();
    for connection in &mut connections {
        // Until the connection is closed.
        while let Ok((xid, answer)) = connection.try_receive_answer() {
            match answer {
                Answer::DONE => done.push(&keys[xid as usize]),
                Answer::Code(code) => assert!(is_of_the_replica(code), "code {code}"),
                other => panic!("{other:?}"),
            }
        }
    }
    for key in done {
        let get = Call::Get(key.as_bytes());
        assert_eq!(client.make(&get), Answer::value(b""), "{key}");
    }
}

#[test]
fn a_replica_without_memory_has_nothing_to_write_down() {
    let mut cluster = Cluster::start(3);
    for victim in [1, 2] {
        cluster.replica(victim).kill();
    }
    cluster.replica(0).pause();
    cluster.restart(1);
    let said = stop(cluster.replica(1), Stop::Terminate);
    assert!(said.contains("without a memory to write down"), "{said}");
    // So it has none at its next start either.
    cluster.restart(1);
    cluster.replica(0).resume();
    cluster.restart(2);
    for replica in 0..3 {
        cluster.wait_until_normal(replica);
    }
    let create = Call::Create(b"/a", b"");
    assert_eq!(cluster.client().make(&create), Answer::DONE);
}

/// Whoever starts a replica may hand a signal on that the system has sent to
/// both: the second one made the replica throw its memory away.
#[test]
fn a_signal_that_comes_twice_is_one_request() {
    let mut cluster = Cluster::start(3);
    let mut client = cluster.client();
    assert_eq!(client.make(&Call::Create(b"/a", b"1")), Answer::DONE);
    // Nobody can take over, so it waits for a while before it stops.
    cluster.replica(1).pause();
    cluster.replica(2).pause();
    let replica = cluster.replica(0);
    replica.ask_to_stop_twice();
    assert_eq!(replica.wait_for_end(), Some(0), "{}", replica.stderr());
    let said = replica.stderr();
    assert_eq!(said.matches(": stops").count(), 1, "{said}");
    assert!(!said.contains(" again"), "{said}");
    assert!(said.contains(KEPT), "{said}");
    for backup in [1, 2] {
        cluster.replica(backup).resume();
    }
    cluster.replace(0);
    cluster.wait_until_normal(0);
    let said = cluster.replica(0).stderr();
    assert!(!said.contains("has lost its memory"), "{said}");
    assert_eq!(client.make(&Call::Get(b"/a")), Answer::value(b"1"));
}

#[test]
fn a_second_signal_ends_the_process_at_once() {
    for attempt in 1.. {
        let mut cluster = Cluster::start(3);
        cluster.replica(1).pause();
        cluster.replica(2).pause();
        // It waits for a quorum for this, for a while.
        let mut connection = cluster.connect(0);
        connection.send(&Call::Create(b"/a", b"").record(1));
        let replica = cluster.replica(0);
        replica.ask_to_stop(Stop::Terminate);
        wait_for("the replica to hear of it", || {
            replica.stderr().contains("SIGTERM: stops").then_some(())
        });
        // What comes at once is the same request.
        wait_for("the replica to end", || {
            replica.ask_to_stop(Stop::Interrupt);
            thread::sleep(Duration::from_millis(100));
            (!replica.is_running()).then_some(())
        });
        let code = replica.wait_for_end();
        // On a machine under load the first one may have been all it needed.
        if code == Some(0) && attempt < 3 {
            continue;
        }
        assert_eq!(code, Some(130), "{}", replica.stderr());
        assert!(replica.stderr().contains("SIGINT again"));
        // Nothing was written down, so the replica recovers.
        cluster.replica(1).resume();
        cluster.replica(2).resume();
        cluster.restart(0);
        cluster.wait_until_normal(0);
        return;
    }
}
