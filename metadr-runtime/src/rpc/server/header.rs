//! The header of a call, and what can be said about it without a service.

use super::ProgramVersion;
use super::reply::{accepted, refused};
use crate::rpc::wire::{
    AcceptStat, AcceptedStatus, AuthFlavor, AuthStat, CallTarget, MessageStart, MsgType,
    OpaqueAuth, RPC_VERSION, RejectedReply, ReplyHeader, VersionRange,
};
use crate::xdr::{Decode, DecodeError, Decoder, XdrDecoder};
use bytes::{Buf, Bytes};

/// What a record turns out to be.
#[derive(Debug)]
pub(super) enum Header {
    /// A call that is for a service.
    Call {
        xid: u32,
        target: CallTarget,
        arguments: Bytes,
    },
    /// A call to be answered like this.
    Refused { xid: u32, reply: ReplyHeader },
    /// Not a call.
    Malformed,
}

/// Reads a record that should be a call of one of `programs`.
pub(super) fn read(record: Bytes, programs: &[ProgramVersion]) -> Header {
    try_read(record, programs).unwrap_or(Header::Malformed)
}

fn try_read(mut record: Bytes, programs: &[ProgramVersion]) -> Result<Header, DecodeError> {
    let mut decoder = XdrDecoder::new(&record);
    let MessageStart { xid, r#type } = MessageStart::decode(&mut decoder)?;
    if r#type != MsgType::Call {
        return Ok(Header::Malformed);
    }
    // What follows the version may look different in another one.
    if decoder.take_u32()? != RPC_VERSION {
        let versions = VersionRange {
            low: RPC_VERSION,
            high: RPC_VERSION,
        };
        let reply = ReplyHeader::MsgDenied(RejectedReply::RpcMismatch(versions));
        return Ok(Header::Refused { xid, reply });
    }
    let target = CallTarget::decode(&mut decoder)?;
    Ok(match refusal(&target, programs) {
        Some(reply) => Header::Refused { xid, reply },
        None => {
            let header_size = decoder.position();
            record.advance(header_size);
            Header::Call {
                xid,
                target,
                arguments: record,
            }
        }
    })
}

fn refusal(target: &CallTarget, programs: &[ProgramVersion]) -> Option<ReplyHeader> {
    if !is_known_flavor(&target.credential) {
        // Of the reasons in RFC 5531 §9, the one that means "come back with
        // another credential", and the one that other servers give.
        let reason = RejectedReply::AuthError(AuthStat::AuthRejectedcred);
        return Some(ReplyHeader::MsgDenied(reason));
    }
    let versions = programs
        .iter()
        .filter(|served| served.program == target.prog)
        .map(|served| served.version);
    if versions.clone().any(|version| version == target.vers) {
        return None;
    }
    Some(match (versions.clone().min(), versions.max()) {
        (Some(low), Some(high)) => {
            accepted(AcceptedStatus::ProgMismatch(VersionRange { low, high }))
        }
        _ => refused(AcceptStat::ProgUnavail),
    })
}

fn is_known_flavor(credential: &OpaqueAuth) -> bool {
    let known = [AuthFlavor::AuthNone, AuthFlavor::AuthSys];
    known
        .map(|flavor| flavor as i32)
        .contains(&credential.flavor)
}
