//! Several services on one port.

use super::{ConnectionId, IncomingCall, ProgramVersion, Reply, Service};
use crate::rpc::Procedure;
use futures::future::Either;
use std::future::Future;
use std::net::SocketAddr;

/// Serves the programs of both; the first one's, if both serve the same.
impl<A: Service, B: Service> Service for (A, B) {
    fn programs(&self) -> Vec<ProgramVersion> {
        [self.0.programs(), self.1.programs()].concat()
    }

    fn serves(&self, which: ProgramVersion) -> bool {
        self.0.serves(which) || self.1.serves(which)
    }

    fn procedure(&self, which: ProgramVersion, number: u32) -> Option<&'static Procedure> {
        if self.0.serves(which) {
            self.0.procedure(which, number)
        } else {
            self.1.procedure(which, number)
        }
    }

    fn call(&self, call: IncomingCall) -> impl Future<Output = Reply> + Send {
        if self.0.serves(call.program_version()) {
            Either::Left(self.0.call(call))
        } else {
            Either::Right(self.1.call(call))
        }
    }

    fn connection_closed(&self, connection: ConnectionId) {
        self.0.connection_closed(connection);
        self.1.connection_closed(connection);
    }

    fn connection_refused(&self, peer: SocketAddr) {
        self.0.connection_refused(peer);
        self.1.connection_refused(peer);
    }
}

/// Serves the programs of all three; the first one's, if several serve the same.
impl<A: Service, B: Service, C: Service> Service for (A, B, C) {
    fn programs(&self) -> Vec<ProgramVersion> {
        [self.0.programs(), self.1.programs(), self.2.programs()].concat()
    }

    fn serves(&self, which: ProgramVersion) -> bool {
        self.0.serves(which) || self.1.serves(which) || self.2.serves(which)
    }

    fn procedure(&self, which: ProgramVersion, number: u32) -> Option<&'static Procedure> {
        if self.0.serves(which) {
            self.0.procedure(which, number)
        } else if self.1.serves(which) {
            self.1.procedure(which, number)
        } else {
            self.2.procedure(which, number)
        }
    }

    fn call(&self, call: IncomingCall) -> impl Future<Output = Reply> + Send {
        if self.0.serves(call.program_version()) {
            Either::Left(self.0.call(call))
        } else if self.1.serves(call.program_version()) {
            Either::Right(Either::Left(self.1.call(call)))
        } else {
            Either::Right(Either::Right(self.2.call(call)))
        }
    }

    fn connection_closed(&self, connection: ConnectionId) {
        self.0.connection_closed(connection);
        self.1.connection_closed(connection);
        self.2.connection_closed(connection);
    }

    fn connection_refused(&self, peer: SocketAddr) {
        self.0.connection_refused(peer);
        self.1.connection_refused(peer);
        self.2.connection_refused(peer);
    }
}

/// Serves the programs of all four; the first one's, if several serve the same.
impl<A: Service, B: Service, C: Service, D: Service> Service for (A, B, C, D) {
    fn programs(&self) -> Vec<ProgramVersion> {
        let (first, second) = (self.0.programs(), self.1.programs());
        [first, second, self.2.programs(), self.3.programs()].concat()
    }

    fn serves(&self, which: ProgramVersion) -> bool {
        self.0.serves(which) || self.1.serves(which) || self.2.serves(which) || self.3.serves(which)
    }

    fn procedure(&self, which: ProgramVersion, number: u32) -> Option<&'static Procedure> {
        if self.0.serves(which) {
            self.0.procedure(which, number)
        } else if self.1.serves(which) {
            self.1.procedure(which, number)
        } else if self.2.serves(which) {
            self.2.procedure(which, number)
        } else {
            self.3.procedure(which, number)
        }
    }

    fn call(&self, call: IncomingCall) -> impl Future<Output = Reply> + Send {
        if self.0.serves(call.program_version()) {
            Either::Left(Either::Left(self.0.call(call)))
        } else if self.1.serves(call.program_version()) {
            Either::Left(Either::Right(self.1.call(call)))
        } else if self.2.serves(call.program_version()) {
            Either::Right(Either::Left(self.2.call(call)))
        } else {
            Either::Right(Either::Right(self.3.call(call)))
        }
    }

    fn connection_closed(&self, connection: ConnectionId) {
        self.0.connection_closed(connection);
        self.1.connection_closed(connection);
        self.2.connection_closed(connection);
        self.3.connection_closed(connection);
    }

    fn connection_refused(&self, peer: SocketAddr) {
        self.0.connection_refused(peer);
        self.1.connection_refused(peer);
        self.2.connection_refused(peer);
        self.3.connection_refused(peer);
    }
}
