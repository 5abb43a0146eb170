//! A call as it comes to a service.

use super::{CallContext, ProgramVersion, Reply, ReplyBuilder};
use crate::rpc::OpaqueAuth;
use crate::rpc::wire::AcceptStat;
use crate::xdr::{DecodeError, XdrDecoder};
use bytes::Bytes;

/// A call of a program that the service serves.
///
/// Consuming it is the only way to make a [`Reply`], so none is forgotten.
#[derive(Debug)]
pub struct IncomingCall {
    pub(super) number: u64,
    pub(super) program_version: ProgramVersion,
    pub(super) procedure: u32,
    pub(super) context: CallContext,
    pub(super) verifier: OpaqueAuth,
    pub(super) arguments: Bytes,
    pub(super) reply: ReplyBuilder,
}

impl IncomingCall {
    /// Who calls.
    #[must_use]
    pub fn context(&self) -> &CallContext {
        &self.context
    }

    /// What is to prove who calls, for flavors that prove it. Of those that are
    /// taken [by default](super::Service::authenticate), none does.
    #[must_use]
    pub fn verifier(&self) -> &OpaqueAuth {
        &self.verifier
    }

    /// The program that is called, and its version.
    #[must_use]
    pub fn program_version(&self) -> ProgramVersion {
        self.program_version
    }

    /// The number of the procedure that is called.
    #[must_use]
    pub fn procedure(&self) -> u32 {
        self.procedure
    }

    /// Reads the arguments, which `decode` must find to take up the whole of
    /// the call.
    ///
    /// # Errors
    ///
    /// The reply to give if they do not: `GARBAGE_ARGS`.
    #[inline]
    pub fn decode<A>(
        self,
        decode: impl FnOnce(&mut XdrDecoder<'_>) -> Result<A, DecodeError>,
    ) -> Result<(CallContext, A, ReplyBuilder), Reply> {
        match read_all(&self.arguments, decode) {
            Ok(arguments) => Ok((self.context, arguments, self.reply)),
            Err(_) => Err(self.reply.refuse(AcceptStat::GarbageArgs)),
        }
    }

    /// Reads the arguments of a one-way procedure, to which nothing is replied:
    /// the service answers with [`Reply::none`]. Should it panic before
    /// [`Service::call`](super::Service::call) returns, the caller gets no
    /// answer either.
    ///
    /// # Errors
    ///
    /// The reply to give if the arguments do not take up the whole of the call:
    /// [`Reply::none`].
    pub fn decode_one_way<A>(
        self,
        decode: impl FnOnce(&mut XdrDecoder<'_>) -> Result<A, DecodeError>,
    ) -> Result<(CallContext, A), Reply> {
        self.context.shared().note_one_way(self.number);
        match read_all(&self.arguments, decode) {
            Ok(arguments) => Ok((self.context, arguments)),
            Err(_) => Err(Reply::none()),
        }
    }

    /// Answers a call of procedure 0, which does nothing in every program
    /// (RFC 5531 §12.1). Arguments are ignored, as there should be none.
    pub fn null(self) -> Reply {
        self.reply.success(|_| Ok(()))
    }

    /// Answers a call of a procedure that the program does not have.
    pub fn procedure_unavailable(self) -> Reply {
        self.reply.refuse(AcceptStat::ProcUnavail)
    }
}

fn read_all<A>(
    arguments: &Bytes,
    decode: impl FnOnce(&mut XdrDecoder<'_>) -> Result<A, DecodeError>,
) -> Result<A, DecodeError> {
    let mut decoder = XdrDecoder::new(arguments);
    let value = decode(&mut decoder)?;
    decoder.finish()?;
    Ok(value)
}
