//! Takes the messages of the other replicas.

use crate::driver::Handle;
use crate::wire::replication::metadr_replica::v1;
use metadr_runtime::rpc::CallContext;
use metadr_runtime::xdr;
use metadr_vr::wire::Frame;

/// Serves the replication port.
pub(crate) struct Replication {
    pub(crate) replica: Handle,
}

impl v1::Server for Replication {
    /// Hands an intact message on; drops any other, as the network might have.
    fn deliver(&self, context: CallContext, frame: Frame) {
        if crc32c::crc32c(&frame.message) != frame.crc32c {
            return;
        }
        let length = frame.message.len();
        if let Ok(message) = xdr::from_bytes(frame.message) {
            let connection = context.connection().number();
            self.replica.deliver(connection, length, message);
        }
    }
}
