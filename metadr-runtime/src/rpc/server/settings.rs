//! Services with another setting.

use super::{CallOrder, ConnectionId, IncomingCall, ProgramVersion, Reply, Service};
use crate::rpc::{AuthStat, Procedure};
use std::fmt;
use std::future::Future;
use std::net::SocketAddr;

/// A service whose calls are executed one after the other: see
/// [`CallOrder::Strict`].
#[derive(Clone, Copy, Debug)]
pub struct Strict<S>(pub S);

/// A service with its own check of who calls: see [`Service::authenticate`].
///
/// ```
/// use metadr_runtime::rpc::{AuthStat, Authenticated, IncomingCall, Service};
///
/// /// Nobody may call who does not say who it is.
/// fn known_callers_only(service: impl Service) -> impl Service {
///     Authenticated::new(service, |call: &IncomingCall| match call.context().sys() {
///         Some(_) => Ok(()),
///         None => Err(AuthStat::AuthTooweak),
///     })
/// }
/// ```
#[derive(Clone, Copy)]
pub struct Authenticated<S, F> {
    service: S,
    check: F,
}

impl<S, F> Authenticated<S, F>
where
    S: Service,
    F: Fn(&IncomingCall) -> Result<(), AuthStat> + Send + Sync + 'static,
{
    /// Serves `service`, where `check` takes the place of its own check. It is
    /// asked about every call, and those of procedure 0 are calls as well.
    pub const fn new(service: S, check: F) -> Self {
        Self { service, check }
    }
}

impl<S: fmt::Debug, F> fmt::Debug for Authenticated<S, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Authenticated").field(&self.service).finish()
    }
}

/// Passes on all that is not a setting.
macro_rules! pass_on {
    ($inner:tt) => {
        fn programs(&self) -> Vec<ProgramVersion> {
            self.$inner.programs()
        }

        fn serves(&self, which: ProgramVersion) -> bool {
            self.$inner.serves(which)
        }

        fn procedure(&self, which: ProgramVersion, number: u32) -> Option<&'static Procedure> {
            self.$inner.procedure(which, number)
        }

        fn call(&self, call: IncomingCall) -> impl Future<Output = Reply> + Send {
            self.$inner.call(call)
        }

        fn connection_closed(&self, connection: ConnectionId) {
            self.$inner.connection_closed(connection);
        }

        fn connection_refused(&self, peer: SocketAddr) {
            self.$inner.connection_refused(peer);
        }
    };
}

impl<S: Service> Service for Strict<S> {
    pass_on!(0);

    fn order(&self) -> CallOrder {
        CallOrder::Strict
    }

    fn authenticate(&self, call: &IncomingCall) -> Result<(), AuthStat> {
        self.0.authenticate(call)
    }
}

impl<S, F> Service for Authenticated<S, F>
where
    S: Service,
    F: Fn(&IncomingCall) -> Result<(), AuthStat> + Send + Sync + 'static,
{
    pass_on!(service);

    fn order(&self) -> CallOrder {
        self.service.order()
    }

    fn authenticate(&self, call: &IncomingCall) -> Result<(), AuthStat> {
        (self.check)(call)
    }
}
