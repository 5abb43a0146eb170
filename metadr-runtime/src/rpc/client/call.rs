//! A call as it goes to the server.

use crate::rpc::wire::{MsgType, RPC_VERSION};
use crate::rpc::{OpaqueAuth, Procedure};
use crate::xdr::{Encode, EncodeError, Encoder, XdrEncoder};

/// The size of a header before its credential, in bytes.
const HEADER_SIZE: usize = 24;

/// `AUTH_NONE` as it is encoded: its flavor, and that there is no body.
const NO_AUTH: [u8; 8] = [0; 8];

/// Tells the calls of a connection apart that have not ended: it is their
/// transaction id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CallId(u32);

impl CallId {
    /// The call with this transaction id.
    #[must_use]
    pub const fn new(xid: u32) -> Self {
        Self(xid)
    }

    /// The transaction id that the messages of this call carry.
    #[must_use]
    pub const fn xid(self) -> u32 {
        self.0
    }
}

/// Writes the header of a call: `call_header` of `idl/rpc_msg.x` after its
/// `message_start`, the verifier being `AUTH_NONE` (RFC 5531 §9).
pub(super) fn put_header(
    encoder: &mut XdrEncoder<'_>,
    id: CallId,
    procedure: &Procedure,
    credential: &OpaqueAuth,
) -> Result<(), EncodeError> {
    let mut run = encoder.run::<HEADER_SIZE>();
    run.put_u32(id.xid());
    run.put_i32(MsgType::Call as i32);
    run.put_u32(RPC_VERSION);
    run.put_u32(procedure.program());
    run.put_u32(procedure.version());
    run.put_u32(procedure.number());
    encoder.put_run(run);
    credential.encode(encoder)?;
    encoder.put_opaque_fixed(&NO_AUTH);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rpc::wire::{CallHeader, CallTarget, MessageStart};
    use crate::xdr;
    use bytes::{Bytes, BytesMut};

    #[test]
    fn a_call_begins_as_rfc_5531_says() {
        let credential = OpaqueAuth {
            flavor: 1,
            body: Bytes::from_static(b"me"),
        };
        let procedure = Procedure::unnamed(5, 3, 4);
        let mut bytes = BytesMut::new();
        let mut encoder = XdrEncoder::new(&mut bytes);
        put_header(&mut encoder, CallId::new(7), &procedure, &credential).unwrap();

        let start = MessageStart {
            xid: 7,
            r#type: MsgType::Call,
        };
        let target = CallTarget {
            prog: 5,
            vers: 3,
            proc: 4,
            credential,
            verifier: OpaqueAuth::none(),
        };
        let rpc_version = RPC_VERSION;
        let header = CallHeader {
            rpc_version,
            target,
        };
        let expected = [start_bytes(&start), start_bytes(&header)].concat();
        assert_eq!(bytes, expected);
    }

    fn start_bytes(value: &impl Encode) -> Bytes {
        xdr::to_bytes(value).unwrap()
    }
}
