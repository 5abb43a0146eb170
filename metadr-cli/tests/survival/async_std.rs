//! The same tests as in `main.rs`, with async-std below every process.

#![cfg(unix)]
#![forbid(unsafe_code)]

mod alone;
mod connections;
mod gaps;
mod kills;
mod load;
mod partitions;
mod pauses;
mod readers;
#[path = "../process/support/mod.rs"]
mod support;

/// What every process runs under.
const RUNTIME: &str = "async-std";
