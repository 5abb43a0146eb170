//! What has become of a call, by the names that the protocol has for it.

use crate::rpc::wire::{
    AcceptStat, AcceptedStatus, AuthStat, RejectedReply, ReplyHeader, VersionRange,
};
use crate::rpc::{CallError, CloseReason};
use std::fmt;

/// What has become of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Outcome {
    name: &'static str,
    detail: Option<String>,
    pub(super) fault: Fault,
}

/// Who is at fault, as a side of the connection sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// Nobody: all went well.
    None,
    /// This side, or somebody who uses it.
    Own,
    /// The other side, or what is between.
    Peers,
}

impl Outcome {
    /// There are results.
    pub(super) const SUCCESS: Self = Self::new("SUCCESS", Fault::None);
    /// It is one-way.
    pub(super) const NO_REPLY: Self = Self::new("NO_REPLY", Fault::None);
    /// Nobody waits for it any more.
    pub(super) const CANCELLED: Self = Self::new("CANCELLED", Fault::Own);
    /// A server closes the connection in place of a reply.
    pub(super) const CLOSED: Self = Self::new("CLOSED", Fault::Own);
    /// A client has lost the connection before there was a reply.
    pub(super) const LOST: Self = Self::new("LOST", Fault::Peers);

    const fn new(name: &'static str, fault: Fault) -> Self {
        Self {
            name,
            detail: None,
            fault,
        }
    }

    fn with(name: &'static str, fault: Fault, detail: impl fmt::Display) -> Self {
        Self {
            detail: Some(detail.to_string()),
            ..Self::new(name, fault)
        }
    }

    /// The handler of a call has panicked.
    pub(super) fn panicked(message: &str, is_answered: bool) -> Self {
        let name = if is_answered {
            "SYSTEM_ERR"
        } else {
            "NO_REPLY"
        };
        Self::with(name, Fault::Own, format_args!("panic: {message}"))
    }

    /// The caller's credential is refused.
    pub(super) fn denied(reason: AuthStat) -> Self {
        Self::with("AUTH_ERROR", Fault::Peers, reason)
    }

    /// What a server replies.
    pub(super) fn of_reply(header: &ReplyHeader) -> Self {
        match header {
            ReplyHeader::MsgAccepted(reply) => match &reply.status {
                AcceptedStatus::Success => Self::SUCCESS,
                AcceptedStatus::ProgMismatch(versions) => {
                    Self::mismatch("PROG_MISMATCH", *versions, Fault::Peers)
                }
                AcceptedStatus::Default { discriminant } => {
                    let fault = match discriminant {
                        AcceptStat::SystemErr => Fault::Own,
                        _ => Fault::Peers,
                    };
                    Self::new(discriminant.name(), fault)
                }
            },
            ReplyHeader::MsgDenied(RejectedReply::RpcMismatch(versions)) => {
                Self::mismatch("RPC_MISMATCH", *versions, Fault::Peers)
            }
            ReplyHeader::MsgDenied(RejectedReply::AuthError(reason)) => Self::denied(*reason),
        }
    }

    /// What a client gets in place of results.
    pub(super) fn of_error(error: &CallError) -> Self {
        let version = |low, high| VersionRange { low, high };
        match error {
            CallError::Encode(error) => Self::with("NOT_ENCODED", Fault::Own, error),
            CallError::ProgramUnavailable => Self::new("PROG_UNAVAIL", Fault::Peers),
            CallError::ProgramMismatch { low, high } => {
                Self::mismatch("PROG_MISMATCH", version(*low, *high), Fault::Peers)
            }
            CallError::ProcedureUnavailable => Self::new("PROC_UNAVAIL", Fault::Peers),
            CallError::GarbageArguments => Self::new("GARBAGE_ARGS", Fault::Peers),
            CallError::SystemError => Self::new("SYSTEM_ERR", Fault::Peers),
            CallError::RpcMismatch { low, high } => {
                Self::mismatch("RPC_MISMATCH", version(*low, *high), Fault::Peers)
            }
            CallError::AuthenticationFailed(reason) => Self::denied(*reason),
            CallError::Decode(error) => Self::with("NOT_DECODED", Fault::Peers, error),
            CallError::Closed { reason, .. } => {
                let fault = match reason {
                    CloseReason::ByThisSide | CloseReason::Abandoned => Fault::Own,
                    _ => Fault::Peers,
                };
                Self::with("CLOSED", fault, reason)
            }
            CallError::TimedOut { sent: true } => Self::new("TIMED_OUT", Fault::Peers),
            CallError::TimedOut { sent: false } => {
                Self::with("TIMED_OUT", Fault::Peers, "not sent")
            }
        }
    }

    fn mismatch(
        name: &'static str,
        VersionRange { low, high }: VersionRange,
        fault: Fault,
    ) -> Self {
        Self::with(name, fault, format_args!("versions {low} to {high}"))
    }
}

/// `GARBAGE_ARGS`, `AUTH_ERROR (AUTH_BADCRED)`.
impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)?;
        match &self.detail {
            Some(detail) => write!(f, " ({detail})"),
            None => Ok(()),
        }
    }
}

/// Whether a client's call has had a reply.
pub(super) fn is_reply(error: &CallError) -> bool {
    match error {
        CallError::Encode(_) | CallError::Closed { .. } | CallError::TimedOut { .. } => false,
        CallError::ProgramUnavailable
        | CallError::ProgramMismatch { .. }
        | CallError::ProcedureUnavailable
        | CallError::GarbageArguments
        | CallError::SystemError
        | CallError::RpcMismatch { .. }
        | CallError::AuthenticationFailed(_)
        | CallError::Decode(_) => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rpc::ProtocolError;
    use crate::rpc::record::RecordError;
    use crate::rpc::wire::{AcceptedReply, OpaqueAuth};

    #[test]
    fn a_client_is_at_fault_for_what_it_does_itself_and_for_nothing_else() {
        let closed = |reason| {
            let sent = true;
            Outcome::of_error(&CallError::Closed { reason, sent })
        };
        assert_eq!(closed(CloseReason::ByThisSide).fault, Fault::Own);
        assert_eq!(closed(CloseReason::Abandoned).fault, Fault::Own);
        assert_eq!(closed(CloseReason::ByServer).fault, Fault::Peers);
        let broken = ProtocolError::from(RecordError::EmptyFragments);
        assert_eq!(closed(broken.into()).fault, Fault::Peers);
        let late = Outcome::of_error(&CallError::TimedOut { sent: false });
        assert_eq!(late.to_string(), "TIMED_OUT (not sent)");
    }

    #[test]
    fn a_server_is_at_fault_for_its_failures_alone() {
        let fault = |discriminant| {
            let status = AcceptedStatus::Default { discriminant };
            let verifier = OpaqueAuth::none();
            let header = ReplyHeader::MsgAccepted(AcceptedReply { verifier, status });
            Outcome::of_reply(&header).fault
        };
        assert_eq!(fault(AcceptStat::SystemErr), Fault::Own);
        for refusal in [
            AcceptStat::ProgUnavail,
            AcceptStat::ProcUnavail,
            AcceptStat::GarbageArgs,
        ] {
            assert_eq!(fault(refusal), Fault::Peers);
        }
    }
}
