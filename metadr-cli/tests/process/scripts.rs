//! The scripts of the seed's users, on groups of processes.

use crate::support::cluster::Cluster;
use crate::support::ports::Ports;
use crate::support::process::shell;
use crate::support::{note, shared_file, shared_text};

#[test]
fn the_primary_prints_what_the_seed_prints() {
    Cluster::undisturbed(3, |cluster| {
        // Some say in their first line which one they follow.
        let names = [
            "basic", "basic", "create", "get", "list", "set", "remove", "all", "basic",
        ];
        for name in names {
            let script = shared_file(&format!("scripts/{name}.tst"));
            let expected = shared_text(&format!("scripts/{name}.out"));
            assert_eq!(
                cluster.script(&[0], &script).succeeded(),
                expected,
                "{name}"
            );
        }
    });
}

#[test]
fn the_shell_finds_the_primary_among_several_addresses() {
    Cluster::undisturbed(3, |cluster| {
        let script = shared_file("scripts/basic.tst");
        let expected = shared_text("scripts/basic.out");
        let orders = [
            [0, 1, 2],
            [0, 2, 1],
            [1, 0, 2],
            [1, 2, 0],
            [2, 0, 1],
            [2, 1, 0],
        ];
        for order in orders {
            let printed = cluster.script(&order, &script).succeeded();
            assert_eq!(printed, expected, "{order:?}");
        }
    });
}

#[test]
fn a_backup_refuses_every_command_that_reaches_it() {
    Cluster::undisturbed(3, |cluster| {
        // Whether it is the primary comes before whether the key is a good one.
        let lines = "create /a 1\nset /a 1\nget /a\nremove /a\nlist /a\nlist /\n\
                 create a 1\nset /a/ 1\nget /\nremove /a.b\nlist //\n\
                 get\necho here\n";
        let expected = "NOT_PRIMARY_REPLICA\n".repeat(11) + "Usage: get PATH\nhere \n";
        for backup in [1, 2] {
            assert_eq!(cluster.lines(&[backup], lines).succeeded(), expected);
        }
        let printed = cluster.script(&[1], &shared_file("scripts/basic.tst"));
        let printed = printed.succeeded();
        let refusals = printed
            .lines()
            .filter(|line| *line == "NOT_PRIMARY_REPLICA");
        let commands = shared_text("scripts/basic.tst");
        let commands = commands.lines().take_while(|line| *line != "exit now");
        assert_eq!(
            refusals.count(),
            commands.filter(|line| reaches_the_store(line)).count()
        );
        for answer in [
            "CREATED",
            "REMOVED",
            "MALFORMED KEY",
            "KEY NOT FOUND",
            "NO PARENT",
        ] {
            assert!(!printed.lines().any(|line| line == answer), "{answer}");
        }
    });
}

/// Whether the shell makes a call for this line.
fn reaches_the_store(line: &str) -> bool {
    let words: Vec<&str> = line.split(' ').collect();
    let count = match words[0] {
        "create" | "set" => 3,
        "remove" | "get" | "list" => 2,
        _ => return false,
    };
    words.len() == count
}

#[test]
fn five_replicas_do_as_three() {
    Cluster::undisturbed(5, |cluster| {
        let script = shared_file("scripts/basic.tst");
        let expected = shared_text("scripts/basic.out");
        assert_eq!(cluster.script(&[0], &script).succeeded(), expected);
        let everybody = [4, 3, 2, 1, 0];
        assert_eq!(cluster.script(&everybody, &script).succeeded(), expected);
    });
}

/// The command lines in the seed's README, with the sample files as they are.
#[test]
fn the_sample_files_work_as_they_are() {
    let start = || {
        let configs = (0..3).map(|replica| shared_file(&format!("three/config-{replica}")));
        let directory = tempfile::tempdir().expect("a temporary directory");
        match Cluster::start_from(configs.collect(), Ports::of_the_samples(3), directory) {
            Ok(cluster) => Some(cluster),
            Err(reason) => {
                // Everybody who tries the samples uses these ports, this test
                // cannot have others.
                note(format_args!("skipped: {reason:?}"));
                None
            }
        }
    };
    Cluster::undisturbed_from(start, |_| {
        let script = shared_file("scripts/basic.tst");
        let printed = shell("localhost:4004", &script).succeeded();
        assert_eq!(printed, shared_text("scripts/basic.out"));
    });
}
