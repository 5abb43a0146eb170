//! Finding programs by their numbers: versions 2, 3 and 4 of rpcbind, the first
//! of which is the portmapper's (RFC 1833).
//!
//! Every machine that serves ONC RPC has an rpcbind at port 111. Servers tell it
//! which programs they serve and where, clients ask it. With
//! [`serve_registered`] a server is registered while it serves, and with
//! [`connect_program`] a client needs no port:
//!
#![cfg_attr(feature = "smol", doc = "```no_run")]
#![cfg_attr(not(feature = "smol"), doc = "```ignore")]
//! use metadr_runtime::rpc::rpcbind::{RegistrationConfig, connect_program, serve_registered};
//! use metadr_runtime::rpc::{
//!     CallContext, ClientConfig, Limits, ProgramVersion, ServiceError, Shutdown,
//! };
//! use metadr_runtime::rt::{Runtime, Smol};
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
//!     // Any free port: callers do not need to know it.
//!     let listener = runtime.listen(([0, 0, 0, 0], 0).into()).await?;
//!     let service = Arc::new(v1::Service(Adder));
//!     let shutdown = Shutdown::new();
//!     let server = serve_registered(
//!         runtime.clone(),
//!         listener,
//!         service,
//!         Limits::default(),
//!         shutdown.clone(),
//!         RegistrationConfig::default(),
//!     );
//!     runtime.spawn(async { server.await.expect("it is registered") });
//!
//!     // Somewhere else:
//!     let program = ProgramVersion { program: adder::NUMBER, version: v1::NUMBER };
//!     let rpc = connect_program(&runtime, "localhost", program, ClientConfig::default()).await?;
//!     let client = v1::Client::new(rpc);
//!     assert_eq!(client.add(Pair { left: 2, right: 3 }).await?, 5);
//!     Ok(())
//! })
//! # }
//! ```
//!
//! [`Registration`] does the same in two steps, and [`Rpcbind`] asks and tells
//! whatever an rpcbind understands.
//!
//! # Who may register
//!
//! Nothing in the protocol says who may register and remove what; each rpcbind
//! has its rules. That of Linux (1.2.6) has these:
//!
//! - Anybody on its machine may register, from any port, as long as the call
//!   comes by its Unix socket, or over TCP from 127.0.0.1 or ::1. Calls from
//!   elsewhere are denied ([`RpcbindError::NotPermitted`]) unless it was started
//!   with `-i`. It does not look at credentials.
//! - Who comes by the Unix socket is known to it, and owns what it registers:
//!   nobody else but root can remove that. Who comes over TCP is `unknown`, and
//!   can be removed by whoever else comes over TCP. So [`Location::Local`] goes
//!   by the Unix socket wherever there is one.
//! - A program is registered at one address for each version and transport. It
//!   does not replace another address, but says no.
//!
//! It knows nothing of processes: what a server does not remove stays when the
//! server ends, and is lost when rpcbind itself is started anew.

mod address;
mod client;
mod connect;
mod error;
mod location;
mod lookup;
mod mapping;
mod registration;
mod rival;
mod serve;
mod set;
pub mod wire;

pub use address::{AddressError, UniversalAddress};
pub use client::{Rpcbind, Version};
pub use connect::{connect_by, connect_program};
pub use error::{ConnectError, RegisterError, RpcbindError, ServeError};
pub use location::Location;
pub use mapping::Mapping;
pub use registration::{Registration, RegistrationConfig, Takeover};
pub use serve::serve_registered;
