//! Replicas that must not start. Each says why on standard error, and ends
//! with status 1.

use crate::support::ports::{Ports, any_listener, port_of};
use crate::support::process::{Process, metadr, run};
use crate::support::wait_for;
use std::fs;
use std::path::Path;
use std::process::Command;

fn server(directory: &Path, config: &str) -> Command {
    let path = directory.join("config");
    fs::write(&path, config).expect("a config file");
    let mut command = metadr();
    command.arg("server").arg(path);
    command
}

/// What a replica with this config complains about.
fn complaint(config: &str) -> String {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let (stdout, stderr) = run(&mut server(directory.path(), config)).failed();
    assert_eq!(stdout, "");
    // It has not come so far as to promise anything.
    assert!(!directory.path().join("config.state").exists());
    stderr
}

#[test]
fn a_config_file_is_needed() {
    let (stdout, stderr) = run(metadr().arg("server")).failed();
    assert_eq!(stdout, "");
    assert_eq!(stderr, "metadr: Please provide config file\n");
}

#[test]
fn timers_that_cannot_be_are_refused_before_anything_is_written() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let mut command = server(directory.path(), &Ports::free(3).config(0));
    let (_, stderr) = run(command.args(["--heartbeat", "100"])).failed();
    assert_eq!(
        stderr,
        "metadr: --election-timeout wants at least 8 heartbeats: 800 ms with a heartbeat of \
         100 ms, found 500\n"
    );
    assert!(!directory.path().join("config.state").exists());
}

#[test]
fn a_durable_replica_needs_a_directory_that_was_made_for_it_once() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let config = Ports::free(1).config(0);
    let durable = |words: &[&str]| {
        let mut command = server(directory.path(), &config);
        run(command.args(words))
    };
    let (_, stderr) = durable(&["--durable"]).failed();
    let expected = "a replica that keeps its data on disk gets one by `metadr-server format`, once";
    assert!(stderr.contains(expected), "{stderr}");
    assert!(!directory.path().join("config.state").exists());

    let format = |words: &[&str]| {
        let path = directory.path().join("config");
        run(metadr().args(["server", "format"]).arg(path).args(words))
    };
    let made = format(&["--durable"]);
    assert_eq!((made.code, made.stdout.as_str()), (Some(0), ""), "{made:?}");
    assert!(
        made.stderr
            .contains("is ready, for data that is kept on disk"),
        "{made:?}"
    );
    // Whoever formats again would have a replica forget what it promised.
    for words in [&["--durable"][..], &[]] {
        let (_, stderr) = format(words).failed();
        assert!(stderr.contains("config.state"), "{stderr}");
    }
    // The other mode, in both directions.
    let (_, stderr) = durable(&[]).failed();
    let expected = "was made for a replica that keeps its data on disk; a replica changes that by \
                    being replaced by one with a new id";
    assert!(stderr.contains(expected), "{stderr}");
    let other = directory.path().join("other");
    let other = other.to_str().expect("a path of letters");
    let made = format(&["--data-dir", other]);
    assert!(made.stderr.contains("kept in memory"), "{made:?}");
    let (_, stderr) = durable(&["--durable", "--data-dir", other]).failed();
    assert!(stderr.contains("keeps its data in memory"), "{stderr}");
}

#[test]
fn a_config_file_that_cannot_be_read_is_named() {
    let (_, stderr) = run(metadr().args(["server", "no/such/config"])).failed();
    assert!(stderr.contains("no/such/config"), "{stderr}");
}

#[test]
fn a_wrong_line_is_quoted_and_explained() {
    let good = Ports::free(3).config(0);
    let first_free = good.lines().count() + 1;
    for (line, explanation) in [
        ("Port = 1", "unknown key 'Port'"),
        ("clientport = 1", "unknown key 'clientport'"),
        ("Recovering", "it has 0 '='"),
        ("Recovering = a = b", "it has 2 '='"),
        ("Recovering = false", "Recovering is in line"),
    ] {
        let said = complaint(&format!("{good}{line}\n"));
        let words = format!("line {first_free}: Line, '{line}' in config file is not valid");
        assert!(
            said.contains(&words) && said.contains(explanation),
            "{said}"
        );
    }
}

#[test]
fn values_must_make_sense() {
    let config = |client: &str, replication: &str, endpoints: &str| {
        format!("ClientPort = {client}\nReplicationPort = {replication}\nEndPoints = {endpoints}\n")
    };
    let own = "localhost:5008";
    let many: Vec<String> = (5008..5018)
        .map(|port| format!("localhost:{port}"))
        .collect();
    for (config, explanation) in [
        (config("0", "5008", own), "'0' is not a port"),
        (config("65536", "5008", own), "'65536' is not a port"),
        (
            config("4004", "5008", "localhost"),
            "'localhost' has no port",
        ),
        (
            config("4004", "5008", "localhost:5010"),
            "no entry of EndPoints has port 5008",
        ),
        (config("5008", "5008", own), "both 5008"),
        (
            config("4004", "5008", "localhost:5008,localhost:5008"),
            "are both localhost:5008",
        ),
        (String::new(), "ClientPort is missing"),
        ("[replica]\n".to_owned(), "this is TOML"),
    ] {
        let said = complaint(&config);
        assert!(said.contains(explanation), "{said}");
    }
    // Ten of them are told apart from nine when the ports are there.
    let ports = Ports::free(1);
    let mut endpoints = many;
    endpoints.push(format!("localhost:{}", ports.replication[0]));
    let (client, replication) = (
        ports.client[0].to_string(),
        ports.replication[0].to_string(),
    );
    let said = complaint(&config(&client, &replication, &endpoints.join(",")));
    assert!(said.contains("11 replicas, expected at most 9"), "{said}");
}

#[test]
fn a_port_in_use_is_named_and_nothing_is_promised() {
    let held = any_listener();
    let words = |what: &str| format!("cannot listen on {what} localhost:{}", port_of(&held));
    for what in ["ClientPort", "ReplicationPort"] {
        let mut said = String::new();
        // Somebody may have taken the other port, and then that is complained of.
        for _ in 0..5 {
            let mut ports = Ports::free(1);
            let taken = if what == "ClientPort" {
                &mut ports.client
            } else {
                &mut ports.replication
            };
            taken[0] = port_of(&held);
            said = complaint(&ports.config(0));
            if said.contains(&words(what)) {
                break;
            }
        }
        assert!(
            said.contains(&words(what)) && said.contains("in use"),
            "{said}"
        );
    }
}

/// A start that failed before the replica took part in anything can be repeated.
#[test]
fn a_replica_starts_once_its_port_is_free() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let mut ports = Ports::free(1);
    let held = any_listener();
    ports.client[0] = port_of(&held);
    let mut command = server(directory.path(), &ports.config(0));
    let (_, stderr) = run(&mut command).failed();
    assert!(stderr.contains("in use"), "{stderr}");
    drop(held);
    wait_for("the port that was given back", || {
        let mut replica = Process::start(&mut command);
        wait_for("the replica", || {
            let has_ended = !replica.is_running();
            let said = replica.stderr();
            let has_started = said == "replica 0: primary of view 0, op 0\n";
            // Somebody else may have taken the port meanwhile.
            assert!(!has_ended || said.contains("in use"), "{said}");
            (has_started || has_ended).then_some(has_started)
        })
        .then_some(())
    });
    // Without --data-dir, it is beside the config file.
    assert!(directory.path().join("config.state").is_dir());
}

#[test]
fn recovering_needs_something_to_go_by() {
    let config = Ports::free(3).config(0);
    let said = complaint(&config.replace("Recovering = false", "Recovering = true"));
    assert!(
        said.contains("Recovering = true") && said.contains("config.state"),
        "{said}"
    );
}

#[test]
fn an_address_of_another_machine_is_nobodys_own() {
    // TEST-NET-1: nobody has it.
    let config = "ClientPort = 4004\nReplicationPort = 5008\nEndPoints = 192.0.2.1:5008\n";
    let said = complaint(config);
    assert!(said.contains("--replica N"), "{said}");
}
