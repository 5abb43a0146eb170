//! The same tests as in `main.rs`, in a simulation, where they take no time. What
//! other threads do is no part of one; what links do is.

mod backpressure;
mod bombs;
mod calls;
mod closing;
mod hostile;
mod hostile_servers;
mod listening;
mod memory;
mod mishaps;
mod order;
mod random;
mod reconnect;
mod service;
mod services;
mod simulated;
mod support;

/// What the drivers run under.
type Tested = metadr_runtime::rt::Sim;
