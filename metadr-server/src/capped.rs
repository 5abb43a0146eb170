//! Tells the operator that a port is full.

use crate::report::tell;
use metadr_runtime::rpc::{
    AuthStat, CallOrder, ConnectionId, IncomingCall, Procedure, ProgramVersion, Reply, Service,
};
use std::future::Future;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};

/// A service on a port that takes no more than `cap` connections. When the
/// first one is refused, it says so on standard error; not again, as whoever
/// is refused usually comes back at once.
pub(crate) struct Capped<S> {
    pub(crate) service: S,
    pub(crate) replica: u32,
    pub(crate) port: &'static str,
    pub(crate) cap: usize,
    pub(crate) has_told: AtomicBool,
}

impl<S: Service> Service for Capped<S> {
    fn programs(&self) -> Vec<ProgramVersion> {
        self.service.programs()
    }

    fn serves(&self, which: ProgramVersion) -> bool {
        self.service.serves(which)
    }

    fn procedure(&self, which: ProgramVersion, number: u32) -> Option<&'static Procedure> {
        self.service.procedure(which, number)
    }

    fn order(&self) -> CallOrder {
        self.service.order()
    }

    fn authenticate(&self, call: &IncomingCall) -> Result<(), AuthStat> {
        self.service.authenticate(call)
    }

    fn call(&self, call: IncomingCall) -> impl Future<Output = Reply> + Send {
        self.service.call(call)
    }

    fn connection_closed(&self, connection: ConnectionId) {
        self.service.connection_closed(connection);
    }

    fn connection_refused(&self, _peer: SocketAddr) {
        if !self.has_told.swap(true, Ordering::Relaxed) {
            let Self {
                replica, port, cap, ..
            } = self;
            tell(format_args!(
                "replica {replica}: {cap} connections to {port}, as many as it may have open: \
                 further ones are closed at once"
            ));
        }
    }
}
