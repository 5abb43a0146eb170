//! `metadr dev`: a whole group in one process.

use crate::support::cluster::assert_no_alarm;
use crate::support::process::{Finished, metadr, run};
use crate::support::{shared_file, shared_text};
use std::io::Write;
use tempfile::NamedTempFile;

/// What it prints when it ends well. Its replicas report on standard error.
fn dev(arguments: &[&str]) -> String {
    let mut finished = run(metadr().arg("dev").args(arguments));
    // On a machine under load, another may take over in the middle of a call.
    for _ in 0..3 {
        if finished.stderr.contains("primary of view 1") {
            finished = run(metadr().arg("dev").args(arguments));
        }
    }
    assert_eq!(finished.code, Some(0), "{finished:?}");
    assert_no_alarm(&finished.stderr);
    finished.stdout
}

#[test]
fn a_script_prints_what_it_prints_on_any_group() {
    let expected = shared_text("scripts/basic.out");
    let script = shared_file("scripts/basic.tst");
    let script = script.to_str().expect("the path is text");
    assert_eq!(dev(&[script]), expected);
    for replicas in ["1", "3", "5"] {
        assert_eq!(dev(&["--replicas", replicas, script]), expected);
    }
}

#[test]
fn traces_show_what_goes_over_the_wire_and_leave_the_output_alone() {
    let mut script = NamedTempFile::new().expect("a temporary file");
    script.write_all(b"create /a hello\n").expect("a script");
    let mut command = metadr();
    command.env("XDR_TRACE_CLIENT", "1");
    let Finished { stdout, stderr, .. } = run(command.arg("dev").arg(script.path()));
    assert_eq!(stdout, "CREATED\n", "{stderr}");
    let is_there = |beginning: &str, end: &str| {
        let is_it = |line: &str| line.starts_with(beginning) && line.ends_with(end);
        stderr.lines().any(is_it)
    };
    let call = r#"KvStoreApi.KvStoreApi_v1.create(KvPair { key = "/a", val = "hello" })"#;
    assert!(is_there("CALL -> 127.0.0.1:", call), "{stderr}");
    let result = " ms: Result 0 { err = NONE }";
    assert!(is_there("REPLY <- 127.0.0.1:", result), "{stderr}");
    // Those of servers were not asked for.
    assert!(!is_there("CALL <- ", ""), "{stderr}");
}

#[test]
fn without_a_script_there_is_a_shell() {
    assert_eq!(dev(&[]), "Client Shell\n> ");
}

#[test]
fn seed_defect_13_a_script_that_does_not_exist_is_an_error() {
    let missing = shared_file("scripts/no-such-script.tst");
    let (stdout, stderr) = run(metadr().arg("dev").arg(&missing)).failed();
    assert_eq!(stdout, "");
    assert!(stderr.contains("no-such-script.tst"), "{stderr}");
}

#[test]
fn a_group_has_one_to_nine_replicas() {
    for replicas in ["0", "10"] {
        let (stdout, stderr) = run(metadr().args(["dev", "--replicas", replicas])).failed();
        assert_eq!(stdout, "");
        assert!(stderr.contains("--replicas wants 1 to 9"), "{stderr}");
    }
}
