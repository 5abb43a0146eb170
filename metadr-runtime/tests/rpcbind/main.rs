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
