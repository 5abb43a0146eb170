//! `--runtime`, without which the other tests would run twice under the same.

// Only Linux tells the names of threads.
#![cfg(target_os = "linux")]

use crate::RUNTIME;
use crate::support::process::{Process, metadr};
use crate::support::wait_for;
use std::process::Stdio;

#[test]
fn the_process_runs_under_the_runtime_that_was_named() {
    let mut command = metadr();
    command.env_remove("ASYNC_STD_THREAD_COUNT");
    let dev = Process::start(command.arg("dev").stdin(Stdio::piped()));
    wait_for("the prompt", || dev.stdout().ends_with("> ").then_some(()));
    let names = dev.thread_names();
    // The system keeps the first 15 letters.
    let workers = names.iter().filter(|name| *name == "async-std/runti");
    let expected = if RUNTIME == "async-std" { 1 } else { 0 };
    assert_eq!(workers.count(), expected, "{names:?}");
}
