//! The ports of a replica, each with its service.

use crate::capped::Capped;
use crate::joint_listener::JointListener;
use crate::report::tell;
use metadr_runtime::rpc::{Limits, Service, Shutdown, serve};
use metadr_runtime::rt::Runtime;
use metadr_vr::wire::ReplicaId;
use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// What the ports of a replica have in common.
pub(crate) struct Ports<'a, R> {
    pub(crate) runtime: &'a R,
    pub(crate) replica: ReplicaId,
    pub(crate) shutdown: &'a Shutdown,
    /// Dropped when a port is not served any more.
    pub(crate) alive: &'a async_channel::Sender<Infallible>,
}

impl<R: Runtime> Ports<'_, R> {
    /// Serves a port, on all its sockets together, in a task of its own.
    pub(crate) fn serve<S: Service>(
        &self,
        port: &'static str,
        listeners: Vec<R::Listener>,
        service: S,
        limits: Limits,
    ) {
        let service = Arc::new(Capped {
            service,
            replica: self.replica,
            port,
            cap: limits.max_connections,
            has_told: AtomicBool::new(false),
        });
        let listener = JointListener::new(listeners);
        let (runtime, shutdown) = (self.runtime.clone(), self.shutdown.clone());
        let alive = self.alive.clone();
        self.runtime.spawn(async move {
            let served = serve(runtime, listener, service, limits, shutdown).await;
            if let Err(error) = served {
                tell(format_args!("no longer listening: {error}"));
            }
            drop(alive);
        });
    }
}
