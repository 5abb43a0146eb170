//! A call as it goes to the server.

use crate::rpc::record::write_record;
use crate::rpc::wire::{CallHeader, CallTarget, MessageStart, MsgType, RPC_VERSION};
use crate::xdr::{Encode, EncodeError, XdrEncoder};
use bytes::BytesMut;

/// Room for the record mark, the header of a call and small arguments.
const USUAL_SIZE: usize = 256;

/// Tells the calls of a connection apart. The transaction id (xid) of a call is
/// the low half of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CallId(u64);

impl CallId {
    /// The call with this number. Numbers must go up by one from call to call,
    /// more or less: see [`ClientCore`](super::ClientCore).
    #[must_use]
    pub const fn new(number: u64) -> Self {
        Self(number)
    }

    /// The number.
    #[must_use]
    pub const fn number(self) -> u64 {
        self.0
    }

    /// The transaction id that the messages of this call carry.
    #[must_use]
    pub const fn xid(self) -> u32 {
        self.0 as u32
    }

    /// The call that `xid` means when calls up to `newest` have been made.
    pub(super) const fn from_xid(xid: u32, newest: Self) -> Self {
        let age = newest.xid().wrapping_sub(xid);
        Self(newest.0.wrapping_sub(age as u64))
    }
}

/// A call as it goes to the server: a record with a header and arguments.
#[derive(Debug)]
pub struct CallRecord {
    pub(super) id: CallId,
    pub(super) bytes: BytesMut,
}

impl CallRecord {
    /// Encodes a call of `target`; `encode` writes the arguments.
    ///
    /// # Errors
    ///
    /// Those of `encode`, and [`EncodeError::TooLong`] for a call of 2 GiB.
    pub fn new(
        id: CallId,
        target: CallTarget,
        encode: impl FnOnce(&mut XdrEncoder<'_>) -> Result<(), EncodeError>,
    ) -> Result<Self, EncodeError> {
        let start = MessageStart {
            xid: id.xid(),
            r#type: MsgType::Call,
        };
        let header = CallHeader {
            rpc_version: RPC_VERSION,
            target,
        };
        let mut bytes = BytesMut::with_capacity(USUAL_SIZE);
        write_record(&mut bytes, |bytes| {
            let mut encoder = XdrEncoder::new(bytes);
            start.encode(&mut encoder)?;
            header.encode(&mut encoder)?;
            encode(&mut encoder)
        })?;
        Ok(Self { id, bytes })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rpc::OpaqueAuth;
    use crate::xdr::Encoder;

    #[test]
    fn a_call_is_laid_out_as_in_rfc_5531() {
        let target = CallTarget {
            prog: 0x2000_0001,
            vers: 3,
            proc: 4,
            credential: OpaqueAuth::none(),
            verifier: OpaqueAuth::none(),
        };
        let record = CallRecord::new(CallId::new(7), target, |encoder| {
            encoder.put_u32(9);
            Ok(())
        });
        let expected = [
            0x8000_002c, // record mark: 44 bytes, the last fragment
            7,           // xid
            0,           // CALL
            2,           // RPC version
            0x2000_0001,
            3,
            4, // program, version, procedure
            0,
            0, // credential: AUTH_NONE, no bytes
            0,
            0, // verifier: AUTH_NONE, no bytes
            9, // arguments
        ]
        .map(u32::to_be_bytes)
        .concat();
        assert_eq!(record.unwrap().bytes, expected);
    }

    #[test]
    fn an_xid_means_the_latest_call_that_has_it() {
        let newest = CallId::new(0x3_0000_0005);
        for age in [0, 5, 6, 0xffff_ffff] {
            let id = CallId::new(newest.number() - age);
            assert_eq!(CallId::from_xid(id.xid(), newest), id);
        }
    }
}
