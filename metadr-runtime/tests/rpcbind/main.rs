//! Registering programs and finding them: with an rpcbind of the tests' own.

#![cfg(all(feature = "smol", unix))]

mod failing;
mod finding;
mod registering;
mod scripted;
mod serving;
mod support;
