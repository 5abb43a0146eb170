//! The future of a call.

use super::Client;
use super::call::CallId;
use super::core::Turn;
use super::error::{CallError, CloseReason};
use super::shared::{Shared, State, encoding, wake};
use super::table::Outcome;
use super::turns::TurnId;
use crate::rpc::Procedure;
use crate::rpc::trace::ClientTrace;
use crate::rt::Instant;
use crate::xdr::{EncodeError, XdrEncoder};
use bytes::Bytes;
use std::future::Future;
use std::pin::Pin;
use std::sync::MutexGuard;
use std::task::{Context, Poll};

/// A call on its way, from before it is encoded to its outcome; cancelled when
/// dropped. The outcome of a one-way call is that it will be sent.
pub(super) struct PendingCall<'a, E> {
    client: &'a Client,
    procedure: &'a Procedure,
    is_one_way: bool,
    encode: E,
    stage: Stage,
    deadline: Option<Instant>,
    // By an earlier connection.
    has_been_sent: bool,
    trace: Option<&'a mut ClientTrace>,
}

/// How far it has come.
#[derive(Clone, Copy)]
enum Stage {
    New,
    /// There was no room.
    Waiting(TurnId),
    /// The reply is awaited.
    Sent(CallId),
    Ended,
}

impl<'a, E> PendingCall<'a, E>
where
    E: Fn(&mut XdrEncoder<'_>) -> Result<(), EncodeError>,
{
    pub(super) fn new(
        client: &'a Client,
        procedure: &'a Procedure,
        is_one_way: bool,
        encode: E,
        trace: Option<&'a mut ClientTrace>,
    ) -> Self {
        Self {
            client,
            procedure,
            is_one_way,
            encode,
            stage: Stage::New,
            deadline: None,
            has_been_sent: false,
            trace,
        }
    }

    /// Starts the call, if its turn has come.
    fn poll_start(&mut self, cx: &Context<'_>, turn: Option<TurnId>) -> Poll<Outcome> {
        let mut state = self.client.shared().lock();
        let may_start = if state.is_closing && state.core.closed().is_none() {
            // The queue is given up when all that was sent has been written.
            let reason = CloseReason::ByThisSide;
            let sent = false;
            Turn::Never(CallError::Closed { reason, sent })
        } else {
            state.core.turn(turn, self.is_one_way)
        };
        match (may_start, turn) {
            (Turn::Now, _) => return self.start(cx, turn, state),
            (Turn::Later, Some(turn)) => {
                let old = state.core.tell_turn(turn, cx.waker().clone());
                drop(state);
                drop(old);
            }
            (Turn::Later, None) => {
                let (deadline, waker) = (self.deadline(&mut state), cx.waker().clone());
                let turn = state.core.wait_turn(self.is_one_way, Some(deadline), waker);
                self.stage = Stage::Waiting(turn);
                // It has to see to the deadline, and maybe to a connection.
                let task = state.wake_task();
                drop(state);
                wake(task);
            }
            (Turn::Never(error), turn) => {
                let old = turn.and_then(|turn| state.core.leave(turn));
                drop(state);
                drop(old);
                return self.end(Err(error));
            }
        }
        Poll::Pending
    }

    /// Until when it may take. Whoever asks has to wake the task: the time that
    /// the state knows is that of the first call since the task ran.
    fn deadline(&mut self, state: &mut State) -> Instant {
        let timeout = self.client.call_timeout;
        *self.deadline.get_or_insert_with(|| state.now() + timeout)
    }

    fn start(
        &mut self,
        cx: &Context<'_>,
        turn: Option<TurnId>,
        state: MutexGuard<'_, State>,
    ) -> Poll<Outcome> {
        let unless_started = PassOn {
            shared: self.client.shared(),
            had_turn: turn.is_some(),
        };
        // Dropped before, should encoding panic.
        let mut state = state;
        let deadline = self.deadline(&mut state);
        let left = turn.and_then(|turn| state.core.leave(turn));
        // Nothing is left to be cancelled then.
        self.stage = Stage::Ended;
        let (core, credential) = (&mut state.core, &self.client.credential);
        let (procedure, encode) = (self.procedure, &self.encode);
        let started = if self.is_one_way {
            encoding(|| core.start_one_way(procedure, credential, encode))
        } else {
            let (deadline, waker) = (Some(deadline), cx.waker().clone());
            encoding(|| core.start_call(procedure, credential, deadline, waker, encode))
        };
        std::mem::forget(unless_started);
        let next = turn.and_then(|_| state.core.offer_next_turn());
        let task = state.wake_task();
        drop(state);
        drop(left);
        wake(next);
        wake(task);
        if let (Some(trace), Ok(id)) = (&mut self.trace, &started) {
            trace.sent(id.xid(), &self.encode);
        }
        match started {
            Err(error) => self.end(Err(error.into())),
            Ok(_) if self.is_one_way => self.end(Ok(Bytes::new())),
            Ok(id) => {
                self.stage = Stage::Sent(id);
                Poll::Pending
            }
        }
    }

    fn poll_outcome(&mut self, cx: &Context<'_>, id: CallId) -> Poll<Outcome> {
        let mut state = self.client.shared().lock();
        let Some(outcome) = state.core.take_outcome(id) else {
            let tag = state.core.tag_mut(id);
            let tag = tag.filter(|tag| !tag.will_wake(cx.waker()));
            let old = tag.map(|tag| std::mem::replace(tag, cx.waker().clone()));
            drop(state);
            drop(old);
            return Poll::Pending;
        };
        let is_over = state.is_closing || state.core.closed().is_some();
        drop(state);
        if let Err(CallError::Closed { sent, .. }) = outcome
            && !is_over
            && (!sent || self.client.is_idempotent)
        {
            // Another connection is made, and the deadline stays.
            self.has_been_sent |= sent;
            self.stage = Stage::New;
            return self.poll_start(cx, None);
        }
        self.end(outcome)
    }

    fn end(&mut self, mut outcome: Outcome) -> Poll<Outcome> {
        self.stage = Stage::Ended;
        if let Err(CallError::Closed { sent, .. } | CallError::TimedOut { sent }) = &mut outcome {
            *sent |= self.has_been_sent;
        }
        Poll::Ready(outcome)
    }
}

/// Lets others have the turn of a call that panics as it is encoded.
struct PassOn<'a> {
    shared: &'a Shared,
    had_turn: bool,
}

impl Drop for PassOn<'_> {
    fn drop(&mut self) {
        let mut state = self.shared.lock();
        let next = match self.had_turn {
            true => state.core.offer_next_turn(),
            false => None,
        };
        let task = state.wake_task();
        drop(state);
        wake(next);
        wake(task);
    }
}

impl<E> Future for PendingCall<'_, E>
where
    E: Fn(&mut XdrEncoder<'_>) -> Result<(), EncodeError>,
{
    type Output = Outcome;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Outcome> {
        match self.stage {
            Stage::New => self.poll_start(cx, None),
            Stage::Waiting(turn) => self.poll_start(cx, Some(turn)),
            Stage::Sent(id) => self.poll_outcome(cx, id),
            Stage::Ended => Poll::Pending,
        }
    }
}

// Nothing in it is pinned.
impl<E> Unpin for PendingCall<'_, E> {}

impl<E> Drop for PendingCall<'_, E> {
    fn drop(&mut self) {
        if let Stage::New | Stage::Ended = self.stage {
            return;
        }
        let mut state = self.client.shared().lock();
        let old = match self.stage {
            Stage::Waiting(turn) => state.core.leave(turn),
            Stage::Sent(id) => state.core.cancel(id),
            Stage::New | Stage::Ended => None,
        };
        // The room it leaves is for those that wait.
        let task = state.core.has_waiting().then(|| state.wake_task());
        drop(state);
        drop(old);
        wake(task.flatten());
    }
}
