//! A group of processes that loses its primary again and again: killed,
//! stopped, cut off. Nothing that was acknowledged is lost, no read is stale,
//! and the gaps in acknowledged writes are measured. And what thousands of
//! connections come to.
//!
//! | Module | What it shows |
//! |---|---|
//! | [`kills`] | SIGKILL; each victim comes back with its own command |
//! | [`pauses`] | SIGSTOP, and SIGCONT three seconds later |
//! | [`partitions`] | a network that cuts the primary off from the others |
//! | [`connections`] | ten thousand that are idle, and more than a port takes |
//!
//! These tests are a binary of their own, and run one after the other: the gaps
//! are measured, and it is the group that is to be measured, not the machine.
//! They are printed, and with `METADR_TIMING=1` they count: at
//! most 2 seconds each, at the median of the kills 0.65, and 0.2 with fast timers.

// Signals kill, stop and continue replicas.
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

/// What every process runs under; `async_std.rs` runs the same tests under
/// the other one.
const RUNTIME: &str = "smol";
