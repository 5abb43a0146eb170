//! The same tests as in `main.rs`, under async-std.

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

/// What the drivers run under.
type Tested = metadr_runtime::rt::AsyncStd;
