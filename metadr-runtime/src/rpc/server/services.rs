//! Any number of services on one port.

use super::{CallOrder, ConnectionId, IncomingCall, ProgramVersion, Reply, Service};
use crate::rpc::{AuthStat, Procedure};
use futures::future::{BoxFuture, Either, FutureExt};
use std::fmt;
use std::future::{Future, ready};
use std::net::SocketAddr;

/// Any number of services on one port, which need not be known when the server
/// is compiled.
///
/// Each call costs one allocation more than with a tuple of services, where the
/// compiler knows the futures of all of them. Calls are in strict order if one
/// of the services wants that.
///
/// ```
/// use metadr_runtime::rpc::{Service, Services};
///
/// fn both(adder: impl Service, extra: Option<impl Service>) -> Services {
///     let mut services = Services::new().with(adder);
///     if let Some(extra) = extra {
///         services.add(extra);
///     }
///     services
/// }
/// ```
#[derive(Default)]
pub struct Services {
    services: Vec<Box<dyn AnyService>>,
    // Which of them serves a program.
    places: Vec<(ProgramVersion, usize)>,
}

impl Services {
    /// No services yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a service. Programs that an earlier one serves remain with that one.
    #[must_use]
    pub fn with(mut self, service: impl Service) -> Self {
        self.add(service);
        self
    }

    /// As [`with`](Self::with), in place.
    pub fn add(&mut self, service: impl Service) {
        let place = self.services.len();
        for program in service.programs() {
            if let Err(free) = self.search(program) {
                self.places.insert(free, (program, place));
            }
        }
        self.services.push(Box::new(service));
    }

    fn search(&self, which: ProgramVersion) -> Result<usize, usize> {
        self.places
            .binary_search_by_key(&which, |(program, _)| *program)
    }

    fn find(&self, which: ProgramVersion) -> Option<&dyn AnyService> {
        let (_, place) = self.places[self.search(which).ok()?];
        Some(&*self.services[place])
    }
}

impl fmt::Debug for Services {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let programs = self.places.iter().map(|(program, _)| program);
        f.debug_set().entries(programs).finish()
    }
}

impl Service for Services {
    fn programs(&self) -> Vec<ProgramVersion> {
        self.places.iter().map(|(program, _)| *program).collect()
    }

    fn serves(&self, which: ProgramVersion) -> bool {
        self.search(which).is_ok()
    }

    fn procedure(&self, which: ProgramVersion, number: u32) -> Option<&'static Procedure> {
        self.find(which)?.procedure(which, number)
    }

    fn order(&self) -> CallOrder {
        CallOrder::strictest(self.services.iter().map(|service| service.order()))
    }

    fn authenticate(&self, call: &IncomingCall) -> Result<(), AuthStat> {
        match self.find(call.program_version()) {
            Some(service) => service.authenticate(call),
            None => call.context().check_flavor(),
        }
    }

    fn call(&self, call: IncomingCall) -> impl Future<Output = Reply> + Send {
        match self.find(call.program_version()) {
            Some(service) => Either::Left(service.call(call)),
            // A server gives no service calls of programs that it does not serve.
            None => Either::Right(ready(call.procedure_unavailable())),
        }
    }

    fn connection_closed(&self, connection: ConnectionId) {
        for service in &self.services {
            service.connection_closed(connection);
        }
    }

    fn connection_refused(&self, peer: SocketAddr) {
        for service in &self.services {
            service.connection_refused(peer);
        }
    }
}

/// A [`Service`] of any type.
trait AnyService: Send + Sync {
    fn procedure(&self, which: ProgramVersion, number: u32) -> Option<&'static Procedure>;
    fn order(&self) -> CallOrder;
    fn authenticate(&self, call: &IncomingCall) -> Result<(), AuthStat>;
    fn call(&self, call: IncomingCall) -> BoxFuture<'_, Reply>;
    fn connection_closed(&self, connection: ConnectionId);
    fn connection_refused(&self, peer: SocketAddr);
}

impl<S: Service> AnyService for S {
    fn procedure(&self, which: ProgramVersion, number: u32) -> Option<&'static Procedure> {
        Service::procedure(self, which, number)
    }

    fn order(&self) -> CallOrder {
        Service::order(self)
    }

    fn authenticate(&self, call: &IncomingCall) -> Result<(), AuthStat> {
        Service::authenticate(self, call)
    }

    fn call(&self, call: IncomingCall) -> BoxFuture<'_, Reply> {
        Service::call(self, call).boxed()
    }

    fn connection_closed(&self, connection: ConnectionId) {
        Service::connection_closed(self, connection);
    }

    fn connection_refused(&self, peer: SocketAddr) {
        Service::connection_refused(self, peer);
    }
}
