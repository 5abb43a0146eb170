//! `metadr admin`.

use crate::support::cluster::{Cluster, assert_no_alarm};
use crate::support::note;
use crate::support::ports::Ports;
use crate::support::process::{Finished, Process, metadr, run};
use crate::support::wait_for;
use crate::support::wire::{Answer, Call};
use serde_json::Value;
use std::env;
use std::fs;
use std::net::{IpAddr, UdpSocket};

fn admin(endpoints: &str, words: &[&str]) -> Finished {
    run(metadr()
        .args(["admin", "--endpoints", endpoints])
        .args(words))
}

/// The objects in the lines of standard output.
fn objects(stdout: &str) -> Vec<Value> {
    let parse = |line| serde_json::from_str(line).expect("an object");
    stdout.lines().map(parse).collect()
}

fn states(objects: &[Value]) -> Vec<&str> {
    let states = objects.iter().map(|one| one["state"].as_str());
    states.map(|state| state.unwrap_or("none")).collect()
}

#[test]
fn status_tells_how_each_replica_is() {
    Cluster::undisturbed(3, |cluster| {
        let mut client = cluster.client();
        assert_eq!(client.make(&Call::Create(b"/a", b"1")), Answer::DONE);
        let all = cluster.endpoints(&[0, 1, 2]);
        let replicas = wait_for("all to have executed everything", || {
            let told = admin(&all, &["status", "--output", "json"]).succeeded();
            let replicas = objects(&told);
            let is_same = |key: &str| replicas.iter().all(|one| one[key] == replicas[0][key]);
            ["head", "applied"]
                .into_iter()
                .all(is_same)
                .then_some(replicas)
        });
        assert_eq!(states(&replicas), ["primary", "backup", "backup"]);
        for (id, replica) in replicas.iter().enumerate() {
            assert_eq!(replica["replica"], id);
            for key in ["cluster", "digest"] {
                assert_eq!(replica[key], replicas[0][key], "{replica}");
            }
            assert_eq!(replica["committed"], replica["head"], "{replica}");
            assert_eq!(replica["peers"].as_array().map(Vec::len), Some(2));
        }

        cluster.replica(2).kill();
        let told = admin(&all, &["status"]);
        assert_eq!(told.code, Some(3), "{told:?}");
        assert!(told.stderr.starts_with("metadr: localhost:"), "{told:?}");
        let rows: Vec<Vec<&str>> = (told.stdout.lines())
            .map(|line| line.split_whitespace().collect())
            .collect();
        assert_eq!(rows.len(), 3, "{told:?}");
        assert_eq!(rows[0][..3], ["ADDRESS", "REPLICA", "STATE"]);
        assert_eq!(rows[1][1..3], ["0", "primary"]);
        assert_eq!(rows[2][1..3], ["1", "backup"]);
        let told = admin(&all, &["status", "--output=json"]);
        assert_eq!(told.code, Some(3), "{told:?}");
        assert_eq!(told.stderr, "");
        assert_eq!(objects(&told.stdout)[2]["error"]["code"], "UNREACHABLE");
    });
}

#[test]
fn the_log_is_forgotten_and_who_comes_back_gets_a_snapshot() {
    let mut cluster = Cluster::start_with_arguments(3, &["--checkpoint-ops", "50"]);
    let mut client = cluster.client();
    assert_eq!(client.make(&Call::Create(b"/a", b"")), Answer::DONE);
    for number in 0..300_u32 {
        let value = number.to_string();
        assert_eq!(
            client.make(&Call::Set(b"/a", value.as_bytes())),
            Answer::DONE
        );
    }
    let all = cluster.endpoints(&[0, 1, 2]);
    let status = || objects(&admin(&all, &["status", "--output", "json"]).succeeded());
    let number = |replica: &Value, key: &str| replica[key].as_u64().expect("a number");
    wait_for("all to have forgotten the beginning", || {
        let is_short = |replica: &Value| {
            let (start, head) = (number(replica, "log_start"), number(replica, "head"));
            number(replica, "checkpoint") >= 250 && start >= 200 && head - start <= 150
        };
        status().iter().all(is_short).then_some(())
    });
    let victim = cluster.primary();
    cluster.replica(victim).kill();
    cluster.restart(victim);
    cluster.wait_until_normal(victim);
    let said = cluster.replica(victim).stderr();
    assert!(
        said.contains("has a snapshot of the state after op"),
        "{said}"
    );
    assert_eq!(client.make(&Call::Get(b"/a")), Answer::value(b"299"));
    let digests = wait_for("all to have executed everything", || {
        let replicas = status();
        let is_same = |one: &Value| one["applied"] == replicas[0]["applied"];
        (replicas.iter().all(is_same)).then(|| {
            replicas
                .iter()
                .map(|one| one["digest"].clone())
                .collect::<Vec<_>>()
        })
    });
    assert!(
        digests.iter().all(|digest| *digest == digests[0]),
        "{digests:?}"
    );
}

#[test]
fn shutdown_stops_a_replica_as_a_signal_does() {
    Cluster::undisturbed(3, |cluster| {
        let mut client = cluster.client();
        assert_eq!(client.make(&Call::Create(b"/a", b"1")), Answer::DONE);
        let primary = cluster.endpoints(&[0]);
        let told = admin(&primary, &["shutdown"]).succeeded();
        assert_eq!(
            told,
            format!("{primary} has stopped, and wrote its memory down\n")
        );
        assert_eq!(cluster.replica(0).wait_for_end(), Some(0));
        let said = cluster.replica(0).stderr();
        assert!(said.contains("replica 0: an operator: stops"), "{said}");
        assert_no_alarm(&said);
        // It has handed over.
        cluster.wait_for_primary_other_than(0);
        assert_eq!(client.make(&Call::Get(b"/a")), Answer::value(b"1"));

        cluster.replace(0);
        cluster.wait_until_normal(0);
        let said = cluster.replica(0).stderr();
        assert!(!said.contains("lost its memory"), "{said}");
        let told = admin(&primary, &["shutdown", "--output", "json"]).succeeded();
        assert_eq!(objects(&told)[0]["memory"], "kept");
        assert_eq!(cluster.replica(0).wait_for_end(), Some(0));
    });
}

#[test]
fn step_down_lets_another_take_over_and_the_old_one_go_on() {
    Cluster::undisturbed(3, |cluster| {
        let mut client = cluster.client();
        assert_eq!(client.make(&Call::Create(b"/a", b"1")), Answer::DONE);
        // The primary is found among them.
        let all = cluster.endpoints(&[1, 2, 0]);
        let told = admin(&all, &["step-down"]).succeeded();
        assert_eq!(
            told,
            format!("{} has stepped down\n", cluster.endpoints(&[0]))
        );
        cluster.wait_for_primary_other_than(0);
        cluster.wait_until_backup(0);
        assert_eq!(client.make(&Call::Get(b"/a")), Answer::value(b"1"));
        cluster.assert_running(&[0, 1, 2]);

        // One that is no primary, and one that is not there.
        let told = admin(&cluster.endpoints(&[0]), &["step-down", "--output", "json"]);
        assert_eq!(told.code, Some(3), "{told:?}");
        assert_eq!(objects(&told.stdout)[0]["error"]["code"], "NOT_PRIMARY");
        // One that nobody is left to succeed.
        let primary = cluster.primary();
        for other in (0..3).filter(|other| *other != primary) {
            cluster.replica(other).pause();
        }
        let told = admin(
            &cluster.endpoints(&[primary]),
            &["step-down", "--output", "json"],
        );
        let code = &objects(&told.stdout)[0]["error"]["code"];
        let expected = [
            (Some(1), "NO_SUCCESSOR"),
            (Some(4), "MAY_STEP_DOWN"),
            (Some(1), "NOT_NOW"),
        ];
        let found = (told.code, code.as_str().unwrap_or("none"));
        assert!(expected.contains(&found), "{told:?}");
        for other in (0..3).filter(|other| *other != primary) {
            cluster.replica(other).resume();
        }
        assert_eq!(client.make(&Call::Get(b"/a")), Answer::value(b"1"));
    });
}

#[test]
fn wrong_use_ends_with_status_2() {
    for words in [
        &["admin", "status"][..],
        &["admin", "--endpoints", "localhost", "status"],
        &[
            "admin",
            "--endpoints",
            "localhost:1,localhost:2",
            "shutdown",
        ],
        &[
            "admin",
            "--endpoints",
            "localhost:1",
            "--timeout",
            "5",
            "status",
        ],
        &["admin", "--endpoints", "localhost:1", "explode"],
    ] {
        let mut command = metadr();
        let ended = run(command.env_remove("METADR_ENDPOINTS").args(words));
        assert_eq!(
            (ended.code, ended.stdout.as_str()),
            (Some(2), ""),
            "{words:?}"
        );
        assert_ne!(ended.stderr, "", "{words:?}");
    }
}

/// An address of this machine by which others reach it, if it has one.
fn address_for_others() -> Option<IpAddr> {
    // Nothing is sent: the system chooses where from it would be.
    let socket = UdpSocket::bind("0.0.0.0:0").ok()?;
    socket.connect("192.0.2.1:9").ok()?;
    let address = socket.local_addr().ok()?.ip();
    (!address.is_loopback()).then_some(address)
}

#[test]
fn operators_are_on_the_same_machine_unless_the_replica_was_told_otherwise() {
    let Some(address) = address_for_others() else {
        assert!(env::var_os("METADR_CI").is_none(), "an address is needed");
        return note(format_args!(
            "skipped: this machine has no address but loopback"
        ));
    };
    for (extra, expected) in [
        (&[][..], (Some(5), "NOT_ALLOWED")),
        (&["--admin-from", "anywhere"], (Some(0), "none")),
    ] {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let config = directory.path().join("config");
        let ports = Ports::free(1);
        let text = ports.config(0).replace("localhost", &address.to_string());
        fs::write(&config, text).expect("a config file");
        let mut command = metadr();
        command.arg("server").arg(config).args(extra);
        let replica = Process::start(command.args(["--replica", "0"]));
        wait_for("the replica", || {
            replica.stderr().contains("primary of view 0").then_some(())
        });
        let endpoint = format!("{address}:{}", ports.client[0]);
        let told = admin(&endpoint, &["status", "--output", "json"]);
        let objects = objects(&told.stdout);
        let code = objects[0]["error"]["code"].as_str().unwrap_or("none");
        assert_eq!((told.code, code), expected, "{told:?}");
        // From the machine itself, by another way.
        let endpoint = format!("127.0.0.1:{}", ports.client[0]);
        admin(&endpoint, &["status"]).succeeded();
    }
}
