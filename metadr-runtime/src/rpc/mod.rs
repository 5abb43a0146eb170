//! ONC RPC version 2 (RFC 5531) over byte streams.
//!
//! The protocol is in state machines that do no input or output and read no
//! clock: [`record`] (record marking), [`ClientCore`] and [`ServerCore`]. Bytes
//! and times go in by method calls, bytes and events come out. The drivers,
//! which are all the async code there is, move bytes between one of them and a
//! connection on any [`Runtime`](crate::rt::Runtime).
//!
//! Users meet none of that: generated clients wrap a [`Client`], generated
//! server traits become a [`Service`] for [`serve`].
//!
//! With `XDR_TRACE_CLIENT` or `XDR_TRACE_SERVER` in the environment, calls and
//! replies are shown on standard error. With the feature `tracing`, they are
//! spans and events as well.
//!
//! Opaque data in arguments and results are slices of the buffer in which they
//! were received. Whoever keeps a small one for long should copy it, so that it
//! does not keep the whole buffer.
//!
#![cfg_attr(feature = "smol", doc = "```")]
#![cfg_attr(not(feature = "smol"), doc = "```ignore")]
//! use metadr_runtime::rpc::{self, CallContext, ClientConfig, Limits, ServiceError, Shutdown};
//! use metadr_runtime::rt::{Listener, Runtime, Smol};
//! use std::sync::Arc;
//!
//! // program ADDER { version ADDER_V1 { int add(pair) = 1; } = 1; } = 0x20000001;
//! metadr_runtime::xdr!("tests/adder.x");
//! use adder::v1;
//!
//! struct Adder;
//!
//! impl v1::Server for Adder {
//!     async fn add(&self, _: CallContext, pair: Pair) -> Result<i32, ServiceError> {
//!         pair.left.checked_add(pair.right).ok_or(ServiceError::SystemError)
//!     }
//! }
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let runtime = Smol::new();
//! runtime.block_on(async {
//!     let listener = runtime.listen(([127, 0, 0, 1], 0).into()).await?;
//!     let address = listener.local_addr()?;
//!     let service = Arc::new(v1::Service(Adder));
//!     let shutdown = Shutdown::new();
//!     let server = rpc::serve(runtime.clone(), listener, service, Limits::default(), shutdown);
//!     runtime.spawn(async { server.await.expect("the listener works") });
//!
//!     let rpc = rpc::Client::connect(&runtime, address, ClientConfig::default()).await?;
//!     let client = v1::Client::new(rpc);
//!     assert_eq!(client.add(Pair { left: 2, right: 3 }).await?, 5);
//!     Ok(())
//! })
//! # }
//! ```

mod auth;
pub mod blocking;
mod buffers;
mod client;
mod procedure;
pub mod record;
pub mod rpcbind;
mod server;
mod trace;
mod transmit;
mod wakeups;
pub mod wire;

pub use client::{
    CallError, CallId, Client, ClientConfig, ClientCore, CloseReason, ProtocolError, Reconnect,
    Turn, TurnId,
};
pub(crate) use procedure::PrintBody;
pub use procedure::Procedure;
pub use server::{
    Authenticated, CallContext, CallOrder, ConnectionId, IncomingCall, Limits, ProgramVersion,
    Reply, ReplyBuilder, ServerCore, Service, ServiceError, Services, Shutdown, Strict, Ticket,
    serve, serve_connection,
};
pub use transmit::TransmitBuffer;
pub use wire::{AuthFlavor, AuthStat, AuthSys, OpaqueAuth};
