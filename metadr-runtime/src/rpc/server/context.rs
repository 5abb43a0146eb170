//! Who calls.

use super::connection::Connection;
use crate::rpc::OpaqueAuth;
use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Tells the connections of a process apart. Never used twice.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConnectionId(u64);

impl ConnectionId {
    /// The number, from 1; 0 is [no connection](CallContext::detached).
    #[must_use]
    pub const fn number(self) -> u64 {
        self.0
    }

    pub(super) fn next() -> Self {
        static LAST: AtomicU64 = AtomicU64::new(0);
        Self(1 + LAST.fetch_add(1, Ordering::Relaxed))
    }
}

impl fmt::Display for ConnectionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Who makes a call, and from where. Cheap to clone.
#[derive(Clone, Debug)]
pub struct CallContext {
    connection: Arc<Connection>,
    credential: OpaqueAuth,
}

impl CallContext {
    pub(super) fn new(connection: Arc<Connection>, credential: OpaqueAuth) -> Self {
        Self {
            connection,
            credential,
        }
    }

    /// A context for calling a server trait directly, without a connection, as
    /// tests do.
    #[must_use]
    pub fn detached() -> Self {
        Self::new(Arc::default(), OpaqueAuth::none())
    }

    /// The connection on which the call came.
    #[must_use]
    pub fn connection(&self) -> ConnectionId {
        self.connection.id
    }

    /// The caller's address, if the connection has one.
    #[must_use]
    pub fn peer(&self) -> Option<SocketAddr> {
        self.connection.peer
    }

    /// The address of the listener that accepted the connection, if one did.
    #[must_use]
    pub fn local(&self) -> Option<SocketAddr> {
        self.connection.local
    }

    /// Who the caller claims to be: of flavor `AUTH_NONE` or `AUTH_SYS`
    /// (RFC 5531 §8.2). Nothing proves the claim.
    #[must_use]
    pub fn credential(&self) -> &OpaqueAuth {
        &self.credential
    }
}
