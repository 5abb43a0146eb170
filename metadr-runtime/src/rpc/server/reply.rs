//! An answer on its way back.

use super::ServiceError;
use crate::rpc::OpaqueAuth;
use crate::rpc::record::{OutgoingRecord, write_shared_record};
use crate::rpc::wire::{
    AcceptStat, AcceptedReply, AcceptedStatus, AuthStat, MessageStart, MsgType, RejectedReply,
    ReplyHeader,
};
use crate::xdr::{Encode, EncodeError, XdrEncoder};
use bytes::BytesMut;

/// Room for the record mark, the header of a reply and small results.
const USUAL_SIZE: usize = 256;

/// What is to be done about a call: a reply to send, or none.
#[derive(Debug)]
#[must_use = "the call is answered when the service returns this"]
pub struct Reply(pub(super) Answer);

#[derive(Debug)]
pub(super) enum Answer {
    /// Send this record.
    Record(OutgoingRecord),
    /// Send nothing.
    None,
    /// Send nothing, and close the connection.
    CloseConnection,
}

impl Reply {
    /// No reply, as to a one-way call.
    pub const fn none() -> Self {
        Self(Answer::None)
    }
}

/// Makes the reply to one call.
#[derive(Debug)]
#[must_use = "a call wants a reply"]
pub struct ReplyBuilder {
    xid: u32,
    record: OutgoingRecord,
}

impl ReplyBuilder {
    /// Makes the reply to the call with this xid in `buffer`, which is empty.
    pub(super) fn new(xid: u32, buffer: BytesMut) -> Self {
        let record = OutgoingRecord {
            buffer,
            ..OutgoingRecord::default()
        };
        Self { xid, record }
    }

    /// The call has been executed; `encode` writes its results. If they cannot
    /// be encoded, the caller gets `SYSTEM_ERR`.
    pub fn success(
        mut self,
        encode: impl FnOnce(&mut XdrEncoder<'_>) -> Result<(), EncodeError>,
    ) -> Reply {
        let header = accepted(AcceptedStatus::Success);
        match self.write(&header, encode) {
            Ok(()) => Reply(Answer::Record(self.record)),
            Err(_) => self.failure(ServiceError::SystemError),
        }
    }

    /// The call has failed.
    pub fn failure(self, error: ServiceError) -> Reply {
        match error {
            ServiceError::SystemError => self.refuse(AcceptStat::SystemErr),
            ServiceError::ProcedureUnavailable => self.refuse(AcceptStat::ProcUnavail),
            ServiceError::Unauthorized(reason) => self.header_only(&denied(reason)),
            ServiceError::CloseConnection => Reply(Answer::CloseConnection),
        }
    }

    /// Answers with any status that has nothing more to say.
    pub(super) fn refuse(self, status: AcceptStat) -> Reply {
        self.header_only(&refused(status))
    }

    fn header_only(mut self, header: &ReplyHeader) -> Reply {
        match self.write(header, |_| Ok(())) {
            Ok(()) => Reply(Answer::Record(self.record)),
            // Headers have no part that could be too long.
            Err(_) => Reply(Answer::CloseConnection),
        }
    }

    fn write(
        &mut self,
        header: &ReplyHeader,
        encode: impl FnOnce(&mut XdrEncoder<'_>) -> Result<(), EncodeError>,
    ) -> Result<(), EncodeError> {
        let OutgoingRecord { buffer, parts } = &mut self.record;
        buffer.reserve(USUAL_SIZE);
        let xid = self.xid;
        write_shared_record(buffer, parts, |encoder| {
            put_header(encoder, xid, header)?;
            encode(encoder)
        })
    }
}

/// The header of a reply to an accepted call.
pub(super) fn accepted(status: AcceptedStatus) -> ReplyHeader {
    ReplyHeader::MsgAccepted(AcceptedReply {
        verifier: OpaqueAuth::none(),
        status,
    })
}

/// The header of a reply to an accepted call that has nothing more to say.
pub(super) fn refused(discriminant: AcceptStat) -> ReplyHeader {
    accepted(AcceptedStatus::Default { discriminant })
}

/// The header of a reply to a call whose caller is not who it should be.
pub(super) fn denied(reason: AuthStat) -> ReplyHeader {
    ReplyHeader::MsgDenied(RejectedReply::AuthError(reason))
}

/// Writes the header of the reply to the call with this xid.
pub(super) fn put_header(
    encoder: &mut XdrEncoder<'_>,
    xid: u32,
    header: &ReplyHeader,
) -> Result<(), EncodeError> {
    let start = MessageStart {
        xid,
        r#type: MsgType::Reply,
    };
    start.encode(encoder)?;
    header.encode(encoder)
}
