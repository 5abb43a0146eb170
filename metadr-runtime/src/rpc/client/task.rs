//! The task of a client: one connection after the other.

use super::Reconnect;
use super::backoff::Backoff;
use super::deadlines::Deadlines;
use super::driver::drive;
use super::error::CloseReason;
use super::shared::Shared;
use crate::rpc::wakeups::Wakeups;
use crate::rt::{Instant, Runtime};
use async_channel::Receiver;
use futures_io::{AsyncRead, AsyncWrite};
use std::convert::Infallible;
use std::future::{Future, poll_fn};
use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

/// What a task needs to make a connection anew.
pub(super) struct Reconnecting<C> {
    /// Makes a connection.
    pub(super) connect: C,
    pub(super) config: Reconnect,
    pub(super) seed: u64,
}

/// Drives the connection of a client, and those that take its place, until it
/// is closed for good.
pub(super) async fn run<R, T, C, F>(
    runtime: R,
    mut ending: Ending,
    max_reply: usize,
    mut stream: Option<T>,
    reconnecting: Option<Reconnecting<C>>,
) where
    R: Runtime,
    T: AsyncRead + AsyncWrite + Unpin + Send,
    C: FnMut() -> F,
    F: Future<Output = io::Result<T>>,
{
    let shared = Arc::clone(&ending.shared);
    let mut gap = reconnecting.map(|reconnecting| Gap::new(&runtime, &shared, reconnecting));
    loop {
        if let Some(stream) = stream.take() {
            let answered = shared.lock().core.answered();
            let reason = drive(&runtime, stream, max_reply, &shared).await;
            let is_over = reason == CloseReason::ByThisSide;
            let Some(gap) = gap.as_mut().filter(|_| !is_over) else {
                ending.reason = reason;
                return;
            };
            let was_useful = shared.lock().core.answered() != answered;
            gap.lost(reason, was_useful);
        }
        let Some(gap) = &mut gap else { return };
        stream = gap.connect().await;
        if stream.is_none() {
            ending.reason = CloseReason::ByThisSide;
            return;
        }
    }
}

/// Ends all calls when the task does, even if the runtime drops it before it has
/// run at all.
pub(super) struct Ending {
    shared: Arc<Shared>,
    reason: CloseReason,
    // Dropped last: whoever waits for that may ask for the reason.
    _open: Receiver<Infallible>,
}

impl Ending {
    /// Ends those of `shared`, and then drops `open`.
    pub(super) fn new(shared: Arc<Shared>, open: Receiver<Infallible>) -> Self {
        Self {
            shared,
            reason: CloseReason::Abandoned,
            _open: open,
        }
    }
}

impl Drop for Ending {
    fn drop(&mut self) {
        self.shared.close(self.reason.clone());
    }
}

/// The time between two connections.
struct Gap<R: Runtime, C> {
    runtime: R,
    shared: Arc<Shared>,
    connect: C,
    backoff: Backoff,
    // When the next attempt to connect may be made.
    next_attempt: Instant,
    deadlines: Deadlines<R>,
    wakeups: Wakeups,
}

impl<R, C, F, T> Gap<R, C>
where
    R: Runtime,
    C: FnMut() -> F,
    F: Future<Output = io::Result<T>>,
{
    fn new(runtime: &R, shared: &Arc<Shared>, reconnecting: Reconnecting<C>) -> Self {
        Self {
            runtime: runtime.clone(),
            shared: Arc::clone(shared),
            connect: reconnecting.connect,
            backoff: Backoff::new(&reconnecting.config, reconnecting.seed),
            next_attempt: Instant::ZERO,
            deadlines: Deadlines::new(runtime.clone()),
            wakeups: Wakeups::new(),
        }
    }

    /// Says that the connection is lost.
    fn lost(&mut self, reason: CloseReason, was_useful: bool) {
        self.shared.update(|state| state.core.disconnected(reason));
        if was_useful {
            self.backoff.succeeded();
        } else {
            self.failed();
        }
    }

    fn failed(&mut self) {
        self.next_attempt = self.runtime.now() + self.backoff.failed();
    }

    /// Makes a connection, as soon as a call needs one; `None` if the client is
    /// to be closed instead.
    async fn connect(&mut self) -> Option<T> {
        loop {
            let shared = Arc::clone(&self.shared);
            let needed = poll_fn(|_| match shared.lock().core.has_waiting() {
                true => Poll::Ready(()),
                false => Poll::Pending,
            });
            self.meanwhile(needed).await?;
            if self.next_attempt > self.runtime.now() {
                let pause = self.runtime.sleep_until(self.next_attempt);
                self.meanwhile(pause).await?;
            }
            let attempt = (self.connect)();
            match self.meanwhile(attempt).await? {
                Ok(stream) => {
                    self.shared.update(|state| state.core.connected());
                    return Some(stream);
                }
                Err(error) => {
                    let reason = CloseReason::from(error);
                    self.lost(reason, false);
                }
            }
        }
    }

    /// Awaits `future`, while calls that wait may reach their deadlines; `None`
    /// if the client is to be closed first.
    async fn meanwhile<O>(&mut self, future: impl Future<Output = O>) -> Option<O> {
        let mut future = pin!(future);
        poll_fn(|cx| {
            self.wakeups.register(cx.waker());
            let mut state = self.shared.lock();
            let sleeper = state.set_running();
            state.set_sleeping(cx);
            let (is_closing, deadline) = (state.is_closing, state.core.poll_timeout());
            drop(state);
            drop(sleeper);
            if is_closing {
                return Poll::Ready(None);
            }
            self.deadlines.check(&self.shared, &self.wakeups, deadline);
            future.as_mut().poll(cx).map(Some)
        })
        .await
    }
}
