//! Serving programs.

mod call;
mod connection;
mod context;
mod core;
mod driver;
mod header;
mod limits;
mod listen;
mod reply;
mod service;
mod shutdown;
mod tuples;

pub use self::core::{ServerCore, Ticket};
pub use call::IncomingCall;
pub use context::{CallContext, ConnectionId};
pub use driver::serve_connection;
pub use limits::Limits;
pub use listen::serve;
pub use reply::{Reply, ReplyBuilder};
pub use service::{ProgramVersion, Service, ServiceError};
pub use shutdown::Shutdown;
