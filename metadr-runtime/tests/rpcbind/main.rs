//! Registering programs and finding them: with an rpcbind of the tests' own, and
//! with the real one.

#![cfg(all(feature = "smol", unix))]

mod failing;
mod finding;
#[cfg(target_os = "linux")]
mod namespace;
#[cfg(target_os = "linux")]
mod real;
mod registering;
mod scripted;
mod serving;
mod support;

/// What servers and clients run under; `tokio.rs` has the same tests under the
/// other one.
type Tested = metadr_runtime::rt::Smol;
