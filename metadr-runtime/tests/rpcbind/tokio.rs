//! The same tests as in `main.rs`, under tokio.

#![cfg(unix)]

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

/// What servers and clients run under.
type Tested = metadr_runtime::rt::Tokio;
