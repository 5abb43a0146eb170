//! The server of random runs, which notes what it is made to do.

use super::MILLISECOND;
use crate::service::{Blob, Pair, calc};
use metadr_runtime::rpc::{CallContext, CallError, ConnectionId, ServiceError};
use metadr_runtime::rt::{Runtime, Sim};
use std::collections::BTreeSet;
use std::future::{Future, pending, poll_fn, ready};
use std::sync::{Mutex, MutexGuard};
use std::task::{Poll, Waker};

/// What a handler does.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Act {
    Answer,
    /// Answers after so many milliseconds.
    Sleep(u16),
    /// Answers when it is polled again, which it asks for.
    Yield,
    Panic,
    Never,
    HangUp,
}

impl Act {
    pub(super) fn code(self) -> i32 {
        match self {
            Self::Answer => 0,
            Self::Sleep(millis) => millis.into(),
            Self::Yield => -1,
            Self::Panic => -2,
            Self::Never => -3,
            Self::HangUp => -4,
        }
    }

    fn of_code(code: i32) -> Self {
        match code {
            0 => Self::Answer,
            -1 => Self::Yield,
            -2 => Self::Panic,
            -3 => Self::Never,
            -4 => Self::HangUp,
            _ => Self::Sleep(code as u16),
        }
    }
}

/// What has become of which call.
pub(super) struct Recorder {
    sim: Sim,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    calls: Vec<Call>,
    // Those who wait to meet, and how often so many have met.
    present: usize,
    meetings: u64,
    waiting: Vec<Waker>,
    seen: BTreeSet<ConnectionId>,
    closed: BTreeSet<ConnectionId>,
}

struct Call {
    is_idempotent: bool,
    executed: u32,
    outcome: Option<Result<(), CallError>>,
}

impl Recorder {
    pub(super) fn new(sim: Sim) -> Self {
        Self {
            sim,
            state: Mutex::default(),
        }
    }

    /// A call is made; gives its number.
    pub(super) fn begin(&self, is_idempotent: bool) -> u32 {
        let calls = &mut self.lock().calls;
        calls.push(Call {
            is_idempotent,
            executed: 0,
            outcome: None,
        });
        calls.len() as u32 - 1
    }

    /// A call that was not dropped has ended.
    pub(super) fn end(&self, id: u32, outcome: Result<(), CallError>) {
        self.lock().calls[id as usize].outcome = Some(outcome);
    }

    /// Whether all that has happened may happen.
    pub(super) fn check(&self) {
        let state = self.lock();
        for (id, call) in state.calls.iter().enumerate() {
            let Call {
                is_idempotent,
                executed,
                outcome,
            } = call;
            assert!(
                *executed <= 1 || *is_idempotent,
                "call {id} was executed {executed} times"
            );
            if let Some(Err(error)) = outcome
                && error.not_executed()
            {
                assert_eq!(*executed, 0, "call {id}: {error:?}");
            }
        }
        let is_closed = state.seen.is_subset(&state.closed);
        assert!(is_closed, "a connection is not closed");
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    fn execute(&self, id: u32, context: &CallContext) {
        let mut state = self.lock();
        state.calls[id as usize].executed += 1;
        state.seen.insert(context.connection());
    }
}

/// Somebody who waits to meet others, or has met them.
struct Present<'a>(&'a Recorder);

impl Drop for Present<'_> {
    fn drop(&mut self) {
        self.0.lock().present -= 1;
    }
}

impl calc::v1::Server for std::sync::Arc<Recorder> {
    async fn add(&self, context: CallContext, pair: Pair) -> Result<i32, ServiceError> {
        self.execute(pair.left as u32, &context);
        match Act::of_code(pair.right) {
            Act::Answer => {}
            Act::Sleep(millis) => {
                let until = self.sim.now() + MILLISECOND * u32::from(millis);
                self.sim.sleep_until(until).await;
            }
            Act::Yield => {
                let mut is_second = false;
                poll_fn(|cx| {
                    cx.waker().wake_by_ref();
                    match std::mem::replace(&mut is_second, true) {
                        true => Poll::Ready(()),
                        false => Poll::Pending,
                    }
                })
                .await;
            }
            Act::Panic => panic!("as it is told to"),
            Act::Never => pending().await,
            Act::HangUp => return Err(ServiceError::CloseConnection),
        }
        Ok(pair.left + pair.right)
    }

    async fn echo(&self, context: CallContext, blob: Blob) -> Result<Blob, ServiceError> {
        let id = blob.first_chunk().ok_or(ServiceError::SystemError)?;
        self.execute(u32::from_be_bytes(*id), &context);
        Ok(blob)
    }

    /// Ready when so many are there.
    async fn hold(&self, context: CallContext, count: u32) -> Result<(), ServiceError> {
        let (_here, meetings) = {
            let mut state = self.lock();
            state.seen.insert(context.connection());
            state.present += 1;
            (Present(self), state.meetings)
        };
        poll_fn(|cx| {
            let mut state = self.lock();
            if state.meetings > meetings {
                return Poll::Ready(());
            }
            if state.present < count as usize {
                state.waiting.push(cx.waker().clone());
                return Poll::Pending;
            }
            state.meetings += 1;
            let waiting = std::mem::take(&mut state.waiting);
            drop(state);
            waiting.into_iter().for_each(Waker::wake);
            Poll::Ready(())
        })
        .await;
        Ok(())
    }

    async fn release(&self, _: CallContext, _: u32) -> Result<(), ServiceError> {
        Err(ServiceError::ProcedureUnavailable)
    }

    fn note(&self, context: CallContext, id: u32) {
        self.execute(id, &context);
    }

    async fn notes(&self, context: CallContext) -> Result<Blob, ServiceError> {
        self.lock().seen.insert(context.connection());
        Ok(Blob::default())
    }

    fn fail_early(&self, _: CallContext) -> impl Future<Output = Result<(), ServiceError>> + Send {
        ready(Err(ServiceError::ProcedureUnavailable))
    }

    async fn fail_late(&self, _: CallContext) -> Result<(), ServiceError> {
        Err(ServiceError::ProcedureUnavailable)
    }

    async fn hang_up(&self, _: CallContext) -> Result<(), ServiceError> {
        Err(ServiceError::ProcedureUnavailable)
    }

    async fn who_am_i(&self, _: CallContext) -> Result<Blob, ServiceError> {
        Err(ServiceError::ProcedureUnavailable)
    }

    fn connection_closed(&self, connection: ConnectionId) {
        let is_first = self.lock().closed.insert(connection);
        assert!(is_first, "{connection} is closed twice");
    }
}
