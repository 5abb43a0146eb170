//! What can become of a call, by who is at fault.

use crate::rpc::record::RecordError;
use crate::rpc::wire::AuthStat;
use crate::xdr::{DecodeError, EncodeError};
use std::io;
use std::sync::Arc;

/// Why a call has no result.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CallError {
    /// The caller's fault: the arguments are over a bound of the `.x` file.
    #[error("the arguments cannot be encoded: {0}")]
    Encode(#[from] EncodeError),

    /// The server refuses: it does not serve the program.
    #[error("the server does not serve this program")]
    ProgramUnavailable,
    /// The server refuses: it serves other versions of the program.
    #[error("the server serves versions {low} to {high} of this program")]
    ProgramMismatch {
        /// The lowest version it serves.
        low: u32,
        /// The highest version it serves.
        high: u32,
    },
    /// The server refuses: this version has no such procedure there.
    #[error("the server does not know this procedure")]
    ProcedureUnavailable,
    /// The server refuses: it could not decode the arguments.
    #[error("the server cannot decode the arguments")]
    GarbageArguments,
    /// The server failed, maybe after it had begun to execute the call.
    #[error("the server failed")]
    SystemError,
    /// The server refuses: it speaks other versions of ONC RPC itself.
    #[error("the server speaks versions {low} to {high} of RPC")]
    RpcMismatch {
        /// The lowest version it speaks.
        low: u32,
        /// The highest version it speaks.
        high: u32,
    },
    /// The server refuses the credential.
    #[error("the server refuses the credential: {0:?}")]
    AuthenticationFailed(AuthStat),

    /// The server's fault: its reply is not one, or not the procedure's result.
    #[error("the reply cannot be decoded: {0}")]
    Decode(#[from] DecodeError),

    /// The connection is closed; or there is none for now, and too many calls
    /// wait for one already.
    #[error("{reason}")]
    Closed {
        /// Why.
        reason: CloseReason,
        /// Whether the server may have got the call.
        sent: bool,
    },
    /// No reply came in time. It is ignored should it come later.
    #[error("the call timed out")]
    TimedOut {
        /// Whether the server may have got the call, or may still get it.
        sent: bool,
    },
}

impl CallError {
    /// Whether it is certain that the server has not executed the call and
    /// never will. Only then is it safe to make a call again that must not be
    /// executed twice.
    #[must_use]
    pub fn not_executed(&self) -> bool {
        match self {
            Self::Encode(_)
            | Self::ProgramUnavailable
            | Self::ProgramMismatch { .. }
            | Self::ProcedureUnavailable
            | Self::GarbageArguments
            | Self::RpcMismatch { .. }
            | Self::AuthenticationFailed(_) => true,
            Self::SystemError | Self::Decode(_) => false,
            Self::Closed { sent, .. } | Self::TimedOut { sent } => !sent,
        }
    }
}

/// Why a connection is closed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CloseReason {
    /// This side closed it, or has no use for it any more.
    #[error("connection closed by this side")]
    ByThisSide,
    /// The server closed it.
    #[error("connection closed by the server")]
    ByServer,
    /// The server does not speak the protocol.
    #[error("connection closed as the server broke the protocol: {0}")]
    Protocol(#[from] ProtocolError),
    /// The connection failed.
    #[error("connection failed: {message}")]
    Failed {
        /// The kind of the error.
        kind: io::ErrorKind,
        /// The error as text.
        message: Arc<str>,
    },
    /// No connection has been made so far.
    #[error("not connected")]
    NotConnected,
    /// The runtime dropped the task that drove it.
    #[error("connection abandoned by the runtime")]
    Abandoned,
}

impl From<io::Error> for CloseReason {
    fn from(error: io::Error) -> Self {
        Self::Failed {
            kind: error.kind(),
            message: error.to_string().into(),
        }
    }
}

/// Bytes that are not ONC RPC: the peer's fault, and the end of its connection.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ProtocolError {
    /// The stream does not consist of acceptable records.
    #[error(transparent)]
    Record(#[from] RecordError),
    /// A record does not begin as an RPC message does.
    #[error("not an RPC message: {0}")]
    Message(#[from] DecodeError),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_call_that_no_server_can_have_got_is_surely_not_executed() {
        let reason = CloseReason::ByServer;
        let closed = |sent| CallError::Closed {
            reason: reason.clone(),
            sent,
        };
        assert!(closed(false).not_executed());
        assert!(!closed(true).not_executed());
        assert!(!CallError::TimedOut { sent: true }.not_executed());
        assert!(CallError::GarbageArguments.not_executed());
        assert!(!CallError::SystemError.not_executed());
    }

    #[test]
    fn a_failed_connection_says_why() {
        let reason = CloseReason::from(io::Error::other("cable cut"));
        assert_eq!(reason.to_string(), "connection failed: cable cut");
    }
}
