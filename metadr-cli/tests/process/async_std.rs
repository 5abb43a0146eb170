//! The same tests as in `main.rs`, with async-std below every process.

#![cfg(unix)]
#![forbid(unsafe_code)]

mod admin;
mod clean_stop;
mod dev;
mod durable;
mod failures;
mod hostile;
mod order;
mod runtime;
mod scripts;
mod seed_defects;
mod shell_client;
mod start;
mod support;
mod wire_protocol;

/// What every process runs under.
const RUNTIME: &str = "async-std";
