//! What each fuzz target does with its input. The targets themselves are glue,
//! so that tests can replay inputs without libFuzzer.

mod compiler;
#[cfg(test)]
mod corpus;
mod language;
mod rpc;
mod types;

pub use compiler::{check, generate, read};
pub use rpc::{dispatch, header, records, replies};
pub use types::{decode, values};
