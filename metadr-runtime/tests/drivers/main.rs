//! The drivers over real sockets.
//!
//! Times matter only as upper bounds, far above what anything takes.

#![cfg(feature = "smol")]

mod backpressure;
mod calls;
mod closing;
mod hostile;
mod hostile_servers;
mod listening;
mod reconnect;
mod service;
mod services;
mod support;

/// What the drivers run under; `async_std.rs` and `tokio.rs` have the same tests
/// under the other ones.
type Tested = metadr_runtime::rt::Smol;
