//! The header of a call, and what can be said about it without a service.

use super::ProgramVersion;
use super::reply::{accepted, denied, refused};
use crate::rpc::wire::{
    AcceptStat, AcceptedStatus, AuthStat, CallTarget, MessageStart, MsgType, OpaqueAuth,
    RPC_VERSION, RejectedReply, ReplyHeader, VersionRange,
};
use crate::xdr::{Decode, DecodeError, DecodeErrorKind, Decoder, XdrDecoder};
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
    Refused {
        xid: u32,
        /// The program, the version and the procedure, if they could be read.
        procedure: Option<[u32; 3]>,
        reply: ReplyHeader,
    },
    /// Not a call.
    Malformed,
}

/// Reads a record that should be a call of one of `programs`.
#[inline(always)]
pub(super) fn read(record: Bytes, programs: &[ProgramVersion]) -> Header {
    try_read(record, programs).unwrap_or(Header::Malformed)
}

#[inline(always)]
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
        return Ok(Header::Refused {
            xid,
            procedure: None,
            reply,
        });
    }
    let target = match read_target(&mut decoder)? {
        Ok(target) => target,
        Err((procedure, reason)) => {
            return Ok(Header::Refused {
                xid,
                procedure: Some(procedure),
                reply: denied(reason),
            });
        }
    };
    if let Some(reply) = refusal(&target, programs) {
        return Ok(Header::Refused {
            xid,
            procedure: Some([target.prog, target.vers, target.proc]),
            reply,
        });
    }
    let header_size = decoder.position();
    record.advance(header_size);
    Ok(Header::Call {
        xid,
        target,
        arguments: record,
    })
}

/// What is called, and what the caller is told about a credential or a verifier
/// that is longer than RFC 5531 §8.2 allows.
type BadAuth = ([u32; 3], AuthStat);

/// The rest of the header.
#[inline(always)]
fn read_target(decoder: &mut XdrDecoder<'_>) -> Result<Result<CallTarget, BadAuth>, DecodeError> {
    let (prog, vers) = (decoder.take_u32()?, decoder.take_u32()?);
    let proc = decoder.take_u32()?;
    let refused = |reason| Ok(Err(([prog, vers, proc], reason)));
    let credential = match OpaqueAuth::decode(decoder) {
        Err(error) if is_malformed(&error) => return refused(AuthStat::AuthBadcred),
        credential => credential?,
    };
    let verifier = match OpaqueAuth::decode(decoder) {
        Err(error) if is_malformed(&error) => return refused(AuthStat::AuthBadverf),
        verifier => verifier?,
    };
    Ok(Ok(CallTarget {
        prog,
        vers,
        proc,
        credential,
        verifier,
    }))
}

/// Whether something is there that is wrong, and not just something missing.
fn is_malformed(error: &DecodeError) -> bool {
    !matches!(error.kind(), DecodeErrorKind::MissingData { .. })
}

fn refusal(target: &CallTarget, programs: &[ProgramVersion]) -> Option<ReplyHeader> {
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
