//! metaDR: XDR and ONC RPC for Rust from `.x` files, and a small, strongly
//! consistent metadata store on top of it.
//!
//! This crate is the framework: [`xdr!`] compiles an interface, [`xdr`](mod@xdr)
//! is its codec, [`rpc`] calls and serves it, [`rt`] is what it needs of an
//! async runtime. The store has crates of its own: `metadr-vr` (replication),
//! `metadr-server`, `metadr-client` and `metadr-cli`.
//!
//! ```
//! use metadr::rpc::{CallContext, ServiceError};
//!
//! metadr::xdr!("examples/adder.x");
//!
//! struct Adder;
//!
//! impl adder::v1::Server for Adder {
//!     async fn add(&self, _: CallContext, arg: Pair) -> Result<i32, ServiceError> {
//!         Ok(arg.a.wrapping_add(arg.b))
//!     }
//! }
//!
//! fn main() {
//!     // What `rpc::serve` takes; see `examples/adder.rs` for the rest.
//!     let service = adder::v1::Service(Adder);
//!     # let _ = service;
//! }
//! ```

#![forbid(unsafe_code)]

// Code that a build script or the command generates names it by the path of
// this crate, if asked to.
#[doc(hidden)]
pub use metadr_runtime::export;
pub use metadr_runtime::{rpc, rt, xdr};

/// The README's code is compiled and run as documentation tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

/// So is that of the guide to RPC.
#[cfg(doctest)]
#[doc = include_str!("../docs/rpc.md")]
struct RpcGuide;
