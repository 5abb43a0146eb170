//! The drivers over real sockets.
//!
//! Times matter only as upper bounds, far above what anything takes.

#![cfg(feature = "smol")]

mod backpressure;
mod calls;
mod closing;
mod hostile;
mod listening;
mod service;
mod services;
mod support;
