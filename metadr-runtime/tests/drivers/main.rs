//! The drivers over real sockets, and in `sim.rs` over simulated ones.
//!
//! Times matter only as upper bounds, far above what anything takes.

#![cfg(feature = "smol")]

mod backpressure;
mod blocking;
mod bombs;
mod calls;
mod closing;
mod hostile;
mod hostile_servers;
mod listening;
mod memory;
mod order;
mod reconnect;
mod service;
mod services;
mod support;
mod threads;

/// What the drivers run under. `async_std.rs`, `tokio.rs` and `sim.rs` have the
/// same tests under the others.
type Tested = metadr_runtime::rt::Smol;
