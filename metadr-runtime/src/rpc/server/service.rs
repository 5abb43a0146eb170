//! What a server serves.

use super::{ConnectionId, IncomingCall, Reply};
use crate::rpc::{AuthStat, Procedure};
use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;

/// A program in one of its versions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ProgramVersion {
    /// The number of the program.
    pub program: u32,
    /// The number of the version.
    pub version: u32,
}

/// Something that answers calls. Generated from a `program` of an `.x` file, or
/// a tuple of several: a server serves one, on any number of connections.
pub trait Service: Send + Sync + 'static {
    /// The programs it serves. They must not change.
    fn programs(&self) -> Vec<ProgramVersion>;

    /// Whether it serves this one.
    fn serves(&self, which: ProgramVersion) -> bool {
        self.programs().contains(&which)
    }

    /// What is known of a procedure of a program that it [serves](Self::serves),
    /// for traces. Nothing, unless it is generated or says more.
    fn procedure(&self, _which: ProgramVersion, _number: u32) -> Option<&'static Procedure> {
        None
    }

    /// Answers a call of a program that it [serves](Self::serves).
    ///
    /// The calls of a connection are given to this method in the order in which
    /// they came. What it does before it returns is therefore done in that
    /// order; the futures it returns are polled side by side, and the replies
    /// go out as they finish. They are dropped, wherever they are, when the
    /// connection fails.
    fn call(&self, call: IncomingCall) -> impl Future<Output = Reply> + Send;

    /// Called once for each connection, after the last call on it has ended.
    fn connection_closed(&self, _connection: ConnectionId) {}

    /// Called when a connection is closed at once as there are
    /// [`Limits::max_connections`](super::Limits::max_connections) already. It
    /// should not take long: no other is accepted meanwhile.
    fn connection_refused(&self, _peer: SocketAddr) {}
}

impl<S: Service> Service for Arc<S> {
    fn programs(&self) -> Vec<ProgramVersion> {
        S::programs(self)
    }

    fn serves(&self, which: ProgramVersion) -> bool {
        S::serves(self, which)
    }

    fn procedure(&self, which: ProgramVersion, number: u32) -> Option<&'static Procedure> {
        S::procedure(self, which, number)
    }

    fn call(&self, call: IncomingCall) -> impl Future<Output = Reply> + Send {
        S::call(self, call)
    }

    fn connection_closed(&self, connection: ConnectionId) {
        S::connection_closed(self, connection);
    }

    fn connection_refused(&self, peer: SocketAddr) {
        S::connection_refused(self, peer);
    }
}

/// Why a handler gives no result.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ServiceError {
    /// The server fails: the caller gets `SYSTEM_ERR`.
    #[error("the server failed")]
    SystemError,
    /// The server does not have this procedure: the caller gets `PROC_UNAVAIL`.
    #[error("the procedure is not implemented")]
    ProcedureUnavailable,
    /// The caller's credential does not do for this: it gets `AUTH_ERROR`.
    #[error("the credential is refused: {0:?}")]
    Unauthorized(AuthStat),
    /// The caller gets no answer: the connection is closed once the replies
    /// before this one have been written.
    #[error("the connection is to be closed")]
    CloseConnection,
}
