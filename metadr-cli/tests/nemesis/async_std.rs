//! The same tests as in `main.rs`, with async-std below every process.

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

/// What every process runs under.
const RUNTIME: &str = "async-std";

/// Names the plan to carry out.
const SEED: &str = "METADR_NEMESIS_SEED";
