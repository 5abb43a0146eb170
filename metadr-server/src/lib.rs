//! A metaDR replica: the tree that is replicated, and the process around the
//! replication protocol.
//!
//! | Module | Concern |
//! |---|---|
//! | [`tree`] | the tree of keys: pure data |
//! | [`Machine`] | the tree as a replicated state machine |
//! | [`config`] | the config file |
//! | [`state`] | the state directory: what a replica keeps on disk |
//! | [`start`] | listeners, tasks and connections of one replica |
//! | [`descriptors`] | how many connections the process can have |
//! | [`command`] | the command line of `metadr-server` |
//! | [`report`] | what an operator is told |
//! | [`timers`] | how soon a failed primary is missed |
//! | [`runtime`] | which async runtime a process runs under |

#![forbid(unsafe_code)]

mod admin_report;
mod admin_service;
mod capped;
pub mod command;
pub mod config;
pub mod descriptors;
mod disk;
mod driver;
mod joint_listener;
mod kv_service;
mod last_words;
mod link;
mod machine;
mod outbox;
mod ports;
mod replication_service;
pub mod report;
pub mod runtime;
mod server;
mod signals;
pub mod state;
mod status;
mod storage;
pub mod timers;
pub mod tree;
pub mod wire;

pub use admin_service::AdminFrom;
pub use driver::Ended;
pub use machine::Machine;
pub use metadr_vr::wire::Durability;
pub use server::{Listeners, MAX_REPLICAS, Running, Setup, StartError, Stopped, start};
