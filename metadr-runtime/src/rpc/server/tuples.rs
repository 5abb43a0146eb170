//! Several services on one port.

use super::{CallOrder, ConnectionId, IncomingCall, ProgramVersion, Reply, Service};
use crate::rpc::{AuthStat, Procedure};
use futures::future::Either;
use std::future::Future;
use std::net::SocketAddr;

macro_rules! serve_tuple {
    ($($name:ident $index:tt),+) => {
        /// Serves the programs of all; the first one's, if several serve the
        /// same. Calls are in strict order if one of them wants that.
        impl<$($name: Service),+> Service for ($($name,)+) {
            fn programs(&self) -> Vec<ProgramVersion> {
                [$(self.$index.programs()),+].concat()
            }

            fn serves(&self, which: ProgramVersion) -> bool {
                $(self.$index.serves(which))||+
            }

            fn procedure(
                &self,
                which: ProgramVersion,
                number: u32,
            ) -> Option<&'static Procedure> {
                $(if self.$index.serves(which) {
                    return self.$index.procedure(which, number);
                })+
                None
            }

            fn order(&self) -> CallOrder {
                CallOrder::strictest([$(self.$index.order()),+])
            }

            fn authenticate(&self, call: &IncomingCall) -> Result<(), AuthStat> {
                $(if self.$index.serves(call.program_version()) {
                    return self.$index.authenticate(call);
                })+
                call.context().check_flavor()
            }

            fn call(&self, call: IncomingCall) -> impl Future<Output = Reply> + Send {
                call_first!(self, call, $($index)+)
            }

            fn connection_closed(&self, connection: ConnectionId) {
                $(self.$index.connection_closed(connection);)+
            }

            fn connection_refused(&self, peer: SocketAddr) {
                $(self.$index.connection_refused(peer);)+
            }
        }
    };
}

/// The futures of the services have different types.
macro_rules! call_first {
    ($self:ident, $call:ident, $last:tt) => {
        $self.$last.call($call)
    };
    ($self:ident, $call:ident, $first:tt $($rest:tt)+) => {
        if $self.$first.serves($call.program_version()) {
            Either::Left($self.$first.call($call))
        } else {
            Either::Right(call_first!($self, $call, $($rest)+))
        }
    };
}

serve_tuple!(A 0, B 1);
serve_tuple!(A 0, B 1, C 2);
serve_tuple!(A 0, B 1, C 2, D 3);
