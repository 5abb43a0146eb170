//! The `metadr` command as its users meet it: real processes, real sockets.
//!
//! | Module | What it shows |
//! |---|---|
//! | [`admin`] | what operators ask |
//! | [`dev`] | `metadr dev` |
//! | [`scripts`] | the scripts that the seed's users have, on groups of processes |
//! | [`wire_protocol`] | KvStoreApi version 1 to the byte |
//! | [`order`] | calls of one connection take effect in their order; connections do not wait for one another |
//! | [`hostile`] | whatever a peer sends costs its own connection alone |
//! | [`clean_stop`] | replicas that are asked to stop |
//! | [`durable`] | replicas that keep everything on disk |
//! | [`failures`] | replicas that die or stop |
//! | [`seed_defects`] | defects of the seed that stay away |
//! | [`start`] | replicas that must not start, and say why |
//! | [`runtime`] | which runtime the processes really run under |
//! | [`shell_client`] | the shell's side of a connection |
//!
//! The encoder in [`support::wire`] is written by hand and shares no code with
//! the product: it is what the product's codec is checked against.

// Signals stop and continue replicas.
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

/// What every process runs under; `async_std.rs` runs the same tests under
/// the other one.
const RUNTIME: &str = "smol";
