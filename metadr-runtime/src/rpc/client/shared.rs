//! What the handles of a client and its task have in common.

use super::core::ClientCore;
use super::error::CloseReason;
use crate::rt::{Instant, Runtime};
use async_channel::{Receiver, Sender};
use std::cell::Cell;
use std::convert::Infallible;
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Waker};

thread_local! {
    /// Whether this thread is in the code that encodes a call.
    static IS_ENCODING: Cell<bool> = const { Cell::new(false) };
}

/// The state of a client, behind a lock that is never held for long: neither
/// input and output nor other people's wakers are handled under it. The one
/// piece of foreign code is that which encodes a call.
pub(super) struct Shared {
    state: Mutex<State>,
    // Nothing is ever sent: it is closed when the connection is.
    closed: Sender<Infallible>,
}

/// What is behind the lock.
pub(super) struct State {
    pub(super) core: ClientCore<Waker>,
    /// Whether a handle wants the connection to be closed.
    pub(super) is_closing: bool,
    // Some while the task sleeps, and has to be woken.
    sleeper: Option<Waker>,
    clock: Box<dyn Fn() -> Instant + Send>,
    // The time, if it has been asked for since the task ran last: calls that
    // are made in one go share it, as they share one write.
    now: Option<Instant>,
}

impl Shared {
    /// The state, and what is to be dropped when the connection is closed.
    pub(super) fn new<R: Runtime>(
        runtime: &R,
        core: ClientCore<Waker>,
    ) -> (Self, Receiver<Infallible>) {
        let (closed, open) = async_channel::bounded(1);
        let runtime = runtime.clone();
        let state = State {
            core,
            is_closing: false,
            sleeper: None,
            clock: Box::new(move || runtime.now()),
            now: None,
        };
        let state = Mutex::new(state);
        (Self { state, closed }, open)
    }

    /// # Panics
    ///
    /// If this thread is encoding a call: it might have the lock already.
    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        assert!(
            !IS_ENCODING.get(),
            "clients must not be used while a call is encoded"
        );
        // Only encoding can panic, and that leaves everything as it was.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Closes the connection, after what waits to be sent has been.
    pub(super) fn start_closing(&self) {
        let mut state = self.lock();
        state.is_closing = true;
        let sleeper = state.wake_task();
        drop(state);
        wake(sleeper);
    }

    /// Ends all calls: the connection is closed for good.
    pub(super) fn close(&self, reason: CloseReason) {
        self.update(|state| state.core.close(reason));
    }

    /// Changes the state, and tells whoever has to know.
    pub(super) fn update<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        let mut told = Vec::new();
        let mut state = self.lock();
        let result = change(&mut state);
        state.core.offer_turns();
        told.extend(std::iter::from_fn(|| state.core.poll_told()));
        let discarded = state.core.take_discarded();
        drop(state);
        drop(discarded);
        told.into_iter().for_each(Waker::wake);
        result
    }

    pub(super) fn is_closed(&self) -> bool {
        self.closed.is_closed()
    }

    /// Waits until the connection is closed for good.
    pub(super) async fn closed(&self) -> CloseReason {
        self.closed.closed().await;
        let reason = self.lock().core.closed().cloned();
        // Before it lets go of its end, the task gives a reason.
        reason.unwrap_or(CloseReason::Abandoned)
    }
}

impl State {
    /// The time, at most as old as the latest run of the task.
    pub(super) fn now(&mut self) -> Instant {
        *self.now.get_or_insert_with(&self.clock)
    }

    /// The time.
    pub(super) fn fresh_now(&self) -> Instant {
        (self.clock)()
    }

    /// Whom to wake, after the lock has been given back, so that the task runs.
    pub(super) fn wake_task(&mut self) -> Option<Waker> {
        self.sleeper.take()
    }

    /// Says that the task runs. Gives back what it would have been woken with.
    pub(super) fn set_running(&mut self) -> Option<Waker> {
        self.now = None;
        self.sleeper.take()
    }

    /// Says that the task has nothing to do until it is woken.
    pub(super) fn set_sleeping(&mut self, cx: &Context<'_>) {
        self.sleeper = Some(cx.waker().clone());
    }
}

/// Wakes it, if there is one.
pub(super) fn wake(waker: Option<Waker>) {
    if let Some(waker) = waker {
        waker.wake();
    }
}

/// Calls `encode`, in which clients must not be used.
pub(super) fn encoding<T>(encode: impl FnOnce() -> T) -> T {
    struct Outside;
    impl Drop for Outside {
        fn drop(&mut self) {
            IS_ENCODING.set(false);
        }
    }
    IS_ENCODING.set(true);
    let _outside = Outside;
    encode()
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = f.debug_struct("Shared");
        { state }
            .field("is_closed", &self.is_closed())
            .finish_non_exhaustive()
    }
}
