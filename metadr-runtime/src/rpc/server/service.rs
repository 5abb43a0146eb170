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

/// Whether the calls of a connection are executed side by side.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum CallOrder {
    /// They are started in the order in which they came, then run side by side,
    /// and are answered as they finish. What RFC 5531 §8 expects of callers.
    #[default]
    Concurrent,
    /// Each is started when the one before it has been answered. Nothing is read
    /// from the connection meanwhile, so its end is noticed only afterwards.
    Strict,
}

impl CallOrder {
    /// [`CallOrder::Strict`] if it is among them.
    pub(super) fn strictest(orders: impl IntoIterator<Item = Self>) -> Self {
        let mut orders = orders.into_iter();
        let strict = orders.find(|order| *order == Self::Strict);
        strict.unwrap_or(Self::Concurrent)
    }
}

/// Something that answers calls. Generated from a `program` of an `.x` file, a
/// tuple of several, or [`Services`](super::Services): a server serves one, on
/// any number of connections.
///
/// A service around another one should pass on all methods that it does not
/// mean to change: they have defaults, which are not those of the other.
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

    /// In which order the calls of a connection are executed. It must not
    /// change. [`Strict`](super::Strict) makes it strict for any service.
    fn order(&self) -> CallOrder {
        CallOrder::default()
    }

    /// Whether the caller is who it has to be to make this call. If not, the
    /// caller is told the reason, and [`call`](Self::call) is not. What is
    /// allowed to whom is better decided by the handler of the procedure:
    /// [`ServiceError::Unauthorized`].
    ///
    /// [`Authenticated`](super::Authenticated) gives any service another check.
    ///
    /// # Errors
    ///
    /// The reason. By default, those of [`CallContext::check_flavor`].
    ///
    /// [`CallContext::check_flavor`]: super::CallContext::check_flavor
    fn authenticate(&self, call: &IncomingCall) -> Result<(), AuthStat> {
        call.context().check_flavor()
    }

    /// Answers a call of a program that it [serves](Self::serves).
    ///
    /// The calls of a connection are given to this method in the order in which
    /// they came, and the future that it returns is polled for the first time
    /// before the next call is. What both do at once is therefore done in that
    /// order; futures that are not ready then are polled side by side, and the
    /// replies go out as they finish. They are dropped, wherever they are, when
    /// the connection fails.
    ///
    /// A future that is ready when it is first polled costs no allocation.
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

    fn order(&self) -> CallOrder {
        S::order(self)
    }

    fn authenticate(&self, call: &IncomingCall) -> Result<(), AuthStat> {
        S::authenticate(self, call)
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
