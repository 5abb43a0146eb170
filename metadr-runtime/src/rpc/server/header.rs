//! The header of a call, and what can be said about it without a service.

use super::ProgramVersion;
use super::reply::{accepted, denied, refused};
use crate::rpc::Procedure;
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
        /// What is called, if that could be read.
        procedure: Option<Procedure>,
        reply: ReplyHeader,
    },
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
        return Ok(Header::Refused {
            xid,
            procedure: None,
            reply,
        });
    }
    let [prog, vers, proc] = [
        decoder.take_u32()?,
        decoder.take_u32()?,
        decoder.take_u32()?,
    ];
    let refused = |reply| Header::Refused {
        xid,
        procedure: Some(Procedure::unnamed(prog, vers, proc)),
        reply,
    };
    let (credential, verifier) = match read_auth(&mut decoder)? {
        Ok(auth) => auth,
        Err(reason) => return Ok(refused(denied(reason))),
    };
    if let Some(reply) = refusal(prog, vers, programs) {
        return Ok(refused(reply));
    }
    let target = CallTarget {
        prog,
        vers,
        proc,
        credential,
        verifier,
    };
    let header_size = decoder.position();
    record.advance(header_size);
    Ok(Header::Call {
        xid,
        target,
        arguments: record,
    })
}

/// A credential and a verifier.
type Auth = (OpaqueAuth, OpaqueAuth);

/// The rest of the header; the inner error is what the caller is told about a
/// credential or a verifier that is longer than RFC 5531 §8.2 allows.
fn read_auth(decoder: &mut XdrDecoder<'_>) -> Result<Result<Auth, AuthStat>, DecodeError> {
    let credential = match OpaqueAuth::decode(decoder) {
        Err(error) if is_malformed(&error) => return Ok(Err(AuthStat::AuthBadcred)),
        credential => credential?,
    };
    let verifier = match OpaqueAuth::decode(decoder) {
        Err(error) if is_malformed(&error) => return Ok(Err(AuthStat::AuthBadverf)),
        verifier => verifier?,
    };
    Ok(Ok((credential, verifier)))
}

/// Whether something is there that is wrong, and not just something missing.
fn is_malformed(error: &DecodeError) -> bool {
    !matches!(error.kind(), DecodeErrorKind::MissingData { .. })
}

fn refusal(program: u32, version: u32, programs: &[ProgramVersion]) -> Option<ReplyHeader> {
    let versions = programs
        .iter()
        .filter(|served| served.program == program)
        .map(|served| served.version);
    if versions.clone().any(|served| served == version) {
        return None;
    }
    Some(match (versions.clone().min(), versions.max()) {
        (Some(low), Some(high)) => {
            accepted(AcceptedStatus::ProgMismatch(VersionRange { low, high }))
        }
        _ => refused(AcceptStat::ProgUnavail),
    })
}
