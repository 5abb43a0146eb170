//! Who calls.

use super::connection::Connection;
use crate::rpc::{AuthFlavor, AuthStat, AuthSys, OpaqueAuth};
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
    sys: Option<Arc<AuthSys>>,
}

impl CallContext {
    /// `sys` is what the credential says if it is one of `AUTH_SYS` and well formed.
    pub(super) fn new(
        connection: Arc<Connection>,
        credential: OpaqueAuth,
        sys: Option<Arc<AuthSys>>,
    ) -> Self {
        Self {
            connection,
            credential,
            sys,
        }
    }

    /// A context for calling a server trait directly, without a connection, as
    /// tests do.
    #[must_use]
    pub fn detached() -> Self {
        Self::new(Arc::default(), OpaqueAuth::none(), None)
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

    /// Who the caller claims to be (RFC 5531 §8.2): of flavor `AUTH_NONE` or
    /// `AUTH_SYS`, unless the service [takes others](super::Service::authenticate).
    /// Nothing proves the claim.
    #[must_use]
    pub fn credential(&self) -> &OpaqueAuth {
        &self.credential
    }

    /// Who the caller claims to be, if it does so with `AUTH_SYS`. Nothing
    /// proves the claim.
    #[must_use]
    pub fn sys(&self) -> Option<&AuthSys> {
        self.sys.as_deref()
    }

    /// Takes every credential of `AUTH_NONE` and every well-formed one of
    /// `AUTH_SYS`: what a service does by [default](super::Service::authenticate).
    ///
    /// # Errors
    ///
    /// [`AuthStat::AuthBadcred`] for `AUTH_SYS` with a malformed body.
    /// [`AuthStat::AuthRejectedcred`] for other flavors, `AUTH_SHORT` among
    /// them, which the server has given to nobody: of the reasons in RFC 5531
    /// §9, the one that means "come back with another credential".
    pub fn check_flavor(&self) -> Result<(), AuthStat> {
        let flavor = self.credential.flavor;
        if flavor == AuthFlavor::AuthNone as i32 || self.sys.is_some() {
            Ok(())
        } else if flavor == AuthFlavor::AuthSys as i32 {
            Err(AuthStat::AuthBadcred)
        } else {
            Err(AuthStat::AuthRejectedcred)
        }
    }

    pub(super) fn shared(&self) -> &Connection {
        &self.connection
    }
}
