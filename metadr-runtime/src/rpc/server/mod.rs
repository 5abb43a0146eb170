//! Serving programs.

mod budget;
mod call;
mod calls;
mod clocks;
mod connection;
mod context;
mod core;
mod driver;
mod header;
mod limits;
mod listen;
mod pool;
mod reply;
mod service;
mod services;
mod settings;
mod shutdown;
mod tuples;

pub use self::core::{ServerCore, Ticket};
pub use call::IncomingCall;
pub use context::{CallContext, ConnectionId};
pub use driver::serve_connection;
pub use limits::Limits;
pub use listen::serve;
pub use reply::{Reply, ReplyBuilder};
pub use service::{CallOrder, ProgramVersion, Service, ServiceError};
pub use services::Services;
pub use settings::{Authenticated, Strict};
pub use shutdown::Shutdown;
