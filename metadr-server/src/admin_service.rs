//! What an operator asks of this replica: `idl/metadr_admin.x`.
//!
//! It is served on the client port. Nobody proves who they are there, so calls
//! are taken from this machine alone, unless the replica was started to take
//! them from anywhere.

use crate::driver::{Ended, Handle};
use crate::wire::admin::metadr_admin::v1;
use crate::wire::admin::{AdminStatus, AdminStop};
use metadr_runtime::rpc::{
    AuthStat, Authenticated, CallContext, IncomingCall, Service, ServiceError, Shutdown,
};
use std::future::Future;
use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};

/// From where a replica takes the calls of operators.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum AdminFrom {
    /// From its own machine: over the loopback interface
    #[default]
    Loopback,
    /// From whoever can connect to the client port
    Anywhere,
}

impl AdminFrom {
    fn includes(self, peer: Option<SocketAddr>) -> bool {
        match self {
            // One's own machine by IPv4 may show as an address of IPv6.
            Self::Loopback => peer.is_some_and(|peer| peer.ip().to_canonical().is_loopback()),
            Self::Anywhere => true,
        }
    }
}

/// Serves operators.
pub(crate) struct Admin {
    replica: Handle,
    stop: StopRequest,
}

/// That somebody has asked for the replica's end, and what came of it.
#[derive(Clone, Default)]
pub(crate) struct StopRequest {
    asked: Shutdown,
    ended: Shutdown,
    how: Arc<OnceLock<AdminStop>>,
}

impl StopRequest {
    /// Waits until an operator asks for it.
    pub(crate) async fn asked(&self) {
        self.asked.started().await;
    }

    /// Tells all who asked how the replica has ended.
    pub(crate) fn tell(&self, ended: &Ended) {
        let how = match ended {
            Ended::Kept => AdminStop::Kept,
            Ended::NothingToKeep => AdminStop::NothingToKeep,
            Ended::Failed(_) => AdminStop::NotKept,
        };
        // It ends once.
        let _ = self.how.set(how);
        self.ended.start();
    }
}

/// The service of an operator's calls, for callers from there.
pub(crate) fn admin_service(replica: Handle, stop: StopRequest, from: AdminFrom) -> impl Service {
    let check = move |call: &IncomingCall| {
        let context = call.context();
        if !from.includes(context.peer()) {
            return Err(AuthStat::AuthTooweak);
        }
        context.check_flavor()
    };
    Authenticated::new(v1::Service(Admin { replica, stop }), check)
}

impl v1::Server for Admin {
    fn status(
        &self,
        _: CallContext,
    ) -> impl Future<Output = Result<AdminStatus, ServiceError>> + Send {
        let report = self.replica.report();
        // The connection ends with a replica that has stopped.
        async { report.await.map_err(|_| ServiceError::CloseConnection) }
    }

    fn shutdown(
        &self,
        _: CallContext,
    ) -> impl Future<Output = Result<AdminStop, ServiceError>> + Send {
        self.replica.stop();
        self.stop.asked.start();
        let stop = self.stop.clone();
        async move {
            stop.ended.started().await;
            stop.how.get().copied().ok_or(ServiceError::SystemError)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operators_are_on_this_machine_unless_anybody_may_be_one() {
        let from = |address: &str| Some(address.parse().expect("an address"));
        for address in [
            "127.0.0.1:1",
            "127.8.9.1:1",
            "[::1]:1",
            "[::ffff:127.0.0.1]:1",
        ] {
            assert!(AdminFrom::Loopback.includes(from(address)), "{address}");
        }
        for address in [
            "10.0.0.1:1",
            "[fe80::1]:1",
            "[::ffff:10.0.0.1]:1",
            "0.0.0.0:1",
        ] {
            assert!(!AdminFrom::Loopback.includes(from(address)), "{address}");
            assert!(AdminFrom::Anywhere.includes(from(address)), "{address}");
        }
        assert!(!AdminFrom::Loopback.includes(None));
    }
}
