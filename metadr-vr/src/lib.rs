//! Viewstamped Replication (Liskov and Cowling, *Viewstamped Replication
//! Revisited*, 2012) as a pure, deterministic state machine.
//!
//! This crate knows no socket, no clock, no file, no thread and no random
//! source: messages, requests and ticks go in, and [`Outputs`] come out. The
//! same inputs in the same order give the same outputs, byte for byte.
//!
//! # The embedder's duties
//!
//! 1. Hand in every message, request and closed connection with
//!    [`Replica::on_message`], [`Replica::on_request`] and
//!    [`Replica::on_connection_closed`], and [`Replica::on_tick`] no later than
//!    [`Replica::next_deadline`].
//! 2. After all that was there has been handed in, call [`Replica::flush`]
//!    once: it makes batches of what has gathered. A replica has no timer for
//!    batching, the embedder's own load makes the batches.
//! 3. Write [`Outputs::persist`] to disk, and say so with
//!    [`Replica::on_persisted`], each [`Stream`] in its order. Messages that
//!    depend on it come only then.
//!    Deliver [`Outputs::send`], each message at most once being the rule, but
//!    loss, repetition and reordering do no harm; deliver [`Outputs::reply`].
//! 4. Hand in no more requests while [`Replica::accepts_requests`] says no:
//!    stop reading the clients' sockets instead.
//! 5. Hand in the end of every connection that a request came from: what is
//!    kept of a connection is kept until then.
//! 6. Never go back in time.

#![forbid(unsafe_code)]

#[cfg(feature = "bug-switches")]
pub mod bugs;
mod entry;
mod log;
mod machine;
mod membership;
pub mod meta;
mod options;
mod outputs;
mod quorum;
mod random;
mod replica;
#[cfg(feature = "sim")]
pub mod sim;
pub mod storage;
pub mod wire;

pub use entry::hash128;
pub use log::Log;
pub use machine::{Collect, Damaged, Frozen, Progress, Records, StateMachine, Thaw, put_record};
pub use options::{Options, Tick};
pub use outputs::{
    Admin, ClientReply, DropReason, Event, Fault, Install, Level, Memory, Outputs, Persist,
    Request, RequestId, Stream, Ticket, Unavailable,
};
pub use quorum::quorum;
pub use replica::{Boot, Replica, Start, Status, log_of};
