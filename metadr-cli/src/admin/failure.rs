//! What went wrong, for people, for programs, and as an exit status.

use metadr_client::Error;
use metadr_client::admin::AdminStepDown;
use metadr_runtime::rpc::CallError;

/// How the command ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Exit {
    /// It has been done.
    Done,
    /// The replica did not do it.
    Failed,
    /// The command line makes no sense.
    Usage,
    /// The replica cannot be reached.
    Unreachable,
    /// No answer came: it may have been done.
    Unknown,
    /// The replica does not take this caller's word.
    NotAllowed,
}

impl Exit {
    pub(super) fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Failed => 1,
            Self::Usage => 2,
            Self::Unreachable => 3,
            Self::Unknown => 4,
            Self::NotAllowed => 5,
        }
    }
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Failure {
    exit: Exit,
    /// For programs.
    pub(super) code: &'static str,
    /// For people.
    pub(super) message: String,
}

impl Failure {
    pub(super) fn exit(&self) -> Exit {
        self.exit
    }
}

impl Failure {
    /// Why another replica has not taken over, if it has not.
    pub(super) fn of_step_down(answer: Result<AdminStepDown, Error>) -> Result<(), Self> {
        let (exit, code, message) = match answer? {
            AdminStepDown::SteppedDown => return Ok(()),
            AdminStepDown::NotPrimary => {
                (Exit::Unreachable, "NOT_PRIMARY", "it is not the primary")
            }
            AdminStepDown::NoSuccessor => (
                Exit::Failed,
                "NO_SUCCESSOR",
                "no other replica can take over, so it goes on",
            ),
            AdminStepDown::MayStepDown => (
                Exit::Unknown,
                "MAY_STEP_DOWN",
                "another replica was asked to take over, and has not yet",
            ),
            AdminStepDown::NotNow => (
                Exit::Failed,
                "NOT_NOW",
                "it is busy or between views: try again",
            ),
        };
        Err(Self {
            exit,
            code,
            message: message.to_owned(),
        })
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let (exit, code, message) = match &error {
            // The address is named elsewhere.
            Error::Connect { message, .. } => (Exit::Unreachable, "UNREACHABLE", message.clone()),
            Error::Call(CallError::AuthenticationFailed(_)) => (
                Exit::NotAllowed,
                "NOT_ALLOWED",
                "it takes calls of operators from its own machine alone, unless it is started with \
                 --admin-from anywhere"
                    .to_owned(),
            ),
            Error::Call(CallError::ProgramUnavailable | CallError::ProcedureUnavailable) => {
                let message = "it does not know this call: it is no metaDR replica, or an older one";
                (Exit::Failed, "NOT_SUPPORTED", message.to_owned())
            }
            Error::Call(call) => match call {
                CallError::TimedOut { .. } => (Exit::Unknown, "TIMED_OUT", call.to_string()),
                CallError::Closed { .. } if call.not_executed() => {
                    (Exit::Unreachable, "UNREACHABLE", call.to_string())
                }
                CallError::Closed { .. } => (Exit::Unknown, "NO_ANSWER", call.to_string()),
                _ => (Exit::Failed, "FAILED", call.to_string()),
            },
            _ => (Exit::Failed, "FAILED", error.to_string()),
        };
        Self {
            exit,
            code,
            message,
        }
    }
}
