//! A group of processes to which everything happens at once, and clients that
//! write down what they see of it: killed and paused processes, clean restarts,
//! partitions in one direction and in both, connections that break or lead
//! nowhere. Afterwards one order of calls has to explain everything that the
//! clients saw, and all replicas have to have the same state.
//!
//! | Module | Concern |
//! |---|---|
//! | [`plan`] | what happens, decided by a seed |
//! | [`steps`] | carrying it out |
//! | [`field`] | the network between the replicas, by proxies or by the system |
//! | [`namespaces`] | the latter |
//! | [`clients`] | the clients |
//! | [`history`] | what they saw |
//! | [`judge`] | whether it can be explained |
//! | [`run`] | all of it together |
//!
//! `METADR_NEMESIS_SECONDS` says how long, `METADR_NEMESIS_SEED` repeats a plan;
//! processes and the network between them do not repeat themselves. With
//! `METADR_NETNS=1` and the rights for it, each replica is in a network namespace.

// Signals kill, stop and continue replicas.
#![cfg(unix)]
#![forbid(unsafe_code)]

mod clients;
mod field;
mod history;
mod judge;
mod namespaces;
mod plan;
mod run;
mod steps;
#[path = "../process/support/mod.rs"]
mod support;

/// What every process runs under; `async_std.rs` runs the same tests under
/// the other one.
const RUNTIME: &str = "smol";

/// Names the plan to carry out.
const SEED: &str = "METADR_NEMESIS_SEED";
