//! An answer on its way back.

use super::ServiceError;
use super::connection::Connection;
use crate::rpc::OpaqueAuth;
use crate::rpc::record::write_record;
use crate::rpc::wire::{
    AcceptStat, AcceptedReply, AcceptedStatus, MessageStart, MsgType, RejectedReply, ReplyHeader,
};
use crate::xdr::{Encode, EncodeError, XdrEncoder};
use bytes::BytesMut;
use std::sync::Arc;

/// What is to be done about a call: a reply to send, or none.
#[derive(Debug)]
#[must_use = "the call is answered when the service returns this"]
pub struct Reply(pub(super) Answer);

#[derive(Debug)]
pub(super) enum Answer {
    /// Send this record.
    Record(BytesMut),
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
    connection: Arc<Connection>,
    xid: u32,
}

impl ReplyBuilder {
    pub(super) fn new(connection: Arc<Connection>, xid: u32) -> Self {
        Self { connection, xid }
    }

    pub(super) fn connection(&self) -> &Connection {
        &self.connection
    }

    /// The call has been executed; `encode` writes its results. If they cannot
    /// be encoded, the caller gets `SYSTEM_ERR`.
    pub fn success(
        self,
        encode: impl FnOnce(&mut XdrEncoder<'_>) -> Result<(), EncodeError>,
    ) -> Reply {
        let mut buffer = self.connection.take_buffer();
        let header = accepted(AcceptedStatus::Success);
        let write = |buffer: &mut _| write_message(buffer, self.xid, &header, encode);
        match write_record(&mut buffer, write) {
            Ok(()) => Reply(Answer::Record(buffer)),
            Err(_) => {
                self.connection.recycle(buffer);
                self.failure(ServiceError::SystemError)
            }
        }
    }

    /// The call has failed.
    pub fn failure(self, error: ServiceError) -> Reply {
        match error {
            ServiceError::SystemError => self.refuse(AcceptStat::SystemErr),
            ServiceError::ProcedureUnavailable => self.refuse(AcceptStat::ProcUnavail),
            ServiceError::Unauthorized(reason) => {
                self.header_only(&ReplyHeader::MsgDenied(RejectedReply::AuthError(reason)))
            }
            ServiceError::CloseConnection => Reply(Answer::CloseConnection),
        }
    }

    /// Answers with any status that has nothing more to say.
    pub(super) fn refuse(self, discriminant: AcceptStat) -> Reply {
        self.header_only(&refused(discriminant))
    }

    fn header_only(self, header: &ReplyHeader) -> Reply {
        let mut buffer = self.connection.take_buffer();
        let write = |buffer: &mut _| write_message(buffer, self.xid, header, |_| Ok(()));
        match write_record(&mut buffer, write) {
            Ok(()) => Reply(Answer::Record(buffer)),
            // Headers have no part that could be too long.
            Err(_) => Reply(Answer::CloseConnection),
        }
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

/// Appends the message of a reply to `buffer`, without a record around it.
pub(super) fn write_message(
    buffer: &mut BytesMut,
    xid: u32,
    header: &ReplyHeader,
    encode: impl FnOnce(&mut XdrEncoder<'_>) -> Result<(), EncodeError>,
) -> Result<(), EncodeError> {
    let start = MessageStart {
        xid,
        r#type: MsgType::Reply,
    };
    let mut encoder = XdrEncoder::new(buffer);
    start.encode(&mut encoder)?;
    header.encode(&mut encoder)?;
    encode(&mut encoder)
}
