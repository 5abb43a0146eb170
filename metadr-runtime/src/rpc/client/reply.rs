//! A reply as it comes from the server.

use super::error::{CallError, ProtocolError};
use crate::rpc::wire::{
    AcceptStat, AcceptedStatus, MessageStart, MsgType, RejectedReply, ReplyHeader, VersionRange,
};
use crate::xdr::{Decode, XdrDecoder};
use bytes::{Buf, Bytes};

/// A reply, read as far as it does not depend on the procedure.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Reply {
    pub(super) xid: u32,
    /// The encoded results of the procedure, or what went wrong.
    pub(super) outcome: Result<Bytes, CallError>,
}

/// Reads a message from a server: a reply, or `None` if it is a call, which a
/// client does not serve.
///
/// # Errors
///
/// [`ProtocolError::Message`] if the record is no RPC message at all. A reply
/// that turns out to be malformed later is one whose call has failed.
pub(super) fn read(mut record: Bytes) -> Result<Option<Reply>, ProtocolError> {
    let mut decoder = XdrDecoder::new(&record);
    let start = MessageStart::decode(&mut decoder)?;
    Ok(match start.r#type {
        MsgType::Call => None,
        MsgType::Reply => {
            let outcome = read_outcome(&mut decoder);
            let header_size = decoder.position();
            record.advance(header_size);
            Some(Reply {
                xid: start.xid,
                outcome: outcome.map(|()| record),
            })
        }
    })
}

/// Reads the header up to the results, if there are any.
fn read_outcome(decoder: &mut XdrDecoder<'_>) -> Result<(), CallError> {
    match ReplyHeader::decode(decoder)? {
        ReplyHeader::MsgAccepted(reply) => read_accepted(&reply.status),
        ReplyHeader::MsgDenied(RejectedReply::RpcMismatch(VersionRange { low, high })) => {
            Err(CallError::RpcMismatch { low, high })
        }
        ReplyHeader::MsgDenied(RejectedReply::AuthError(reason)) => {
            Err(CallError::AuthenticationFailed(reason))
        }
    }
}

fn read_accepted(status: &AcceptedStatus) -> Result<(), CallError> {
    match *status {
        AcceptedStatus::Success => Ok(()),
        AcceptedStatus::ProgMismatch(VersionRange { low, high }) => {
            Err(CallError::ProgramMismatch { low, high })
        }
        AcceptedStatus::Default { discriminant } => Err(match discriminant {
            AcceptStat::ProgUnavail => CallError::ProgramUnavailable,
            AcceptStat::ProcUnavail => CallError::ProcedureUnavailable,
            AcceptStat::GarbageArgs => CallError::GarbageArguments,
            // The other two have arms of their own.
            AcceptStat::SystemErr | AcceptStat::Success | AcceptStat::ProgMismatch => {
                CallError::SystemError
            }
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rpc::wire::AuthStat;

    #[test]
    fn every_status_is_told_apart() {
        let accepted = |status: &[u32]| outcome(&[&[0, 0, 0], status].concat());
        assert_eq!(accepted(&[0, 42]), Ok(Bytes::from_static(&[0, 0, 0, 42])));
        assert_eq!(accepted(&[1]), Err(CallError::ProgramUnavailable));
        let (low, high) = (2, 5);
        let mismatch = CallError::ProgramMismatch { low, high };
        assert_eq!(accepted(&[2, low, high]), Err(mismatch));
        assert_eq!(accepted(&[3]), Err(CallError::ProcedureUnavailable));
        assert_eq!(accepted(&[4]), Err(CallError::GarbageArguments));
        assert_eq!(accepted(&[5]), Err(CallError::SystemError));

        let mismatch = CallError::RpcMismatch { low, high };
        assert_eq!(outcome(&[1, 0, low, high]), Err(mismatch));
        let failed = CallError::AuthenticationFailed(AuthStat::AuthTooweak);
        assert_eq!(outcome(&[1, 1, 5]), Err(failed));
    }

    #[test]
    fn the_verifier_is_skipped() {
        let words = [0, 1, 8, 0xaaaa_aaaa, 0xbbbb_bbbb, 0];
        assert_eq!(outcome(&words), Ok(Bytes::new()));
    }

    #[test]
    fn a_malformed_header_is_the_failure_of_its_call() {
        for words in [&[][..], &[2], &[0, 0, 0, 6], &[0, 0, 401], &[1, 2]] {
            assert!(
                matches!(outcome(words), Err(CallError::Decode(_))),
                "{words:?}"
            );
        }
    }

    #[test]
    fn what_is_not_a_reply_is_told_apart() {
        assert_eq!(read(message(&[1, 0, 2])), Ok(None));
        for words in [&[][..], &[1], &[1, 2]] {
            assert!(matches!(
                read(message(words)),
                Err(ProtocolError::Message(_))
            ));
        }
    }

    fn outcome(header: &[u32]) -> Result<Bytes, CallError> {
        let words = [&[7, 1], header].concat();
        let reply = read(message(&words)).unwrap().unwrap();
        assert_eq!(reply.xid, 7);
        reply.outcome
    }

    fn message(words: &[u32]) -> Bytes {
        words.iter().flat_map(|word| word.to_be_bytes()).collect()
    }
}
