//! What an operator asks of this replica: `idl/metadr_admin.x`.
//!
//! It is served on the client port. Nobody proves who they are there, so calls
//! are taken from this machine alone, unless the replica was started to take
//! them from anywhere.

use crate::driver::{Answer, Ended, Handle};
use crate::wire::admin::metadr_admin::v1;
use crate::wire::admin::{AdminStatus, AdminStepDown, AdminStop};
use metadr_runtime::rpc::{
    AuthStat, Authenticated, CallContext, IncomingCall, Service, ServiceError, Shutdown,
};
use metadr_vr::{ClientReply, Request, RequestId, Unavailable};
use std::future::Future;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
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
    requests: AtomicU64,
}

/// The number of the first request. A connection may be that of a client as
/// well, whose requests are numbered from 0.
const FIRST_REQUEST: u64 = 1 << 63;

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
    let admin = Admin {
        replica,
        stop,
        requests: AtomicU64::new(FIRST_REQUEST),
    };
    Authenticated::new(v1::Service(admin), check)
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

    fn step_down(
        &self,
        context: CallContext,
    ) -> impl Future<Output = Result<AdminStepDown, ServiceError>> + Send {
        let id = RequestId {
            connection: context.connection().number(),
            number: self.requests.fetch_add(1, Ordering::Relaxed),
        };
        let request = Request::Admin(metadr_vr::Admin::StepDown);
        let answer = self.replica.submit(id, request);
        async {
            match answer.await {
                Ok(answer) => Ok(stepped_down(&answer)),
                // It has stopped.
                Err(_) => Err(ServiceError::CloseConnection),
            }
        }
    }
}

fn stepped_down(answer: &Answer) -> AdminStepDown {
    match answer {
        Answer::Replica(ClientReply::Ok { .. }) => AdminStepDown::SteppedDown,
        Answer::Replica(ClientReply::NotPrimary { .. }) => AdminStepDown::NotPrimary,
        Answer::Replica(ClientReply::Unavailable(Unavailable::NoSuccessor)) => {
            AdminStepDown::NoSuccessor
        }
        Answer::Replica(ClientReply::Unknown) | Answer::NoQuorum => AdminStepDown::MayStepDown,
        Answer::Replica(_) => AdminStepDown::NotNow,
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
