//! Ending a server without ending the calls in flight.

use async_channel::{Receiver, Sender};
use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Waker};

/// Tells servers to stop: to accept nothing more, finish the calls in flight,
/// and close their connections. A clone is another handle to the same signal,
/// which can be given once. Dropping handles does not give it.
#[derive(Clone, Debug)]
pub struct Shutdown {
    signal: Sender<Infallible>,
    // The channel is open while it has both ends.
    _open: Receiver<Infallible>,
}

impl Shutdown {
    /// A signal that has not been given.
    #[must_use]
    pub fn new() -> Self {
        let (signal, _open) = async_channel::bounded(1);
        Self { signal, _open }
    }

    /// Gives the signal.
    pub fn start(&self) {
        self.signal.close();
    }

    /// Whether the signal has been given.
    #[must_use]
    pub fn has_started(&self) -> bool {
        self.signal.is_closed()
    }

    /// Waits until the signal is given.
    pub async fn started(&self) {
        self.signal.closed().await;
    }
}

impl Default for Shutdown {
    fn default() -> Self {
        Self::new()
    }
}

/// Tells a task that looks often whether the signal has been given. Looking
/// costs next to nothing.
pub(super) struct Watch<'a, F> {
    shutdown: &'a Shutdown,
    started: Pin<&'a mut F>,
    // What the signal wakes.
    registered: Option<Waker>,
}

impl<'a, F: Future<Output = ()>> Watch<'a, F> {
    /// Watches `shutdown`, which has given its [`Shutdown::started`].
    pub(super) fn new(shutdown: &'a Shutdown, started: Pin<&'a mut F>) -> Self {
        Self {
            shutdown,
            started,
            registered: None,
        }
    }

    /// Whether the signal has been given. If not, the task is woken when it is.
    pub(super) fn has_started(&mut self, cx: &mut Context<'_>) -> bool {
        if self.shutdown.has_started() {
            return true;
        }
        let is_registered = |waker: &Waker| waker.will_wake(cx.waker());
        if self.registered.as_ref().is_some_and(is_registered) {
            return false;
        }
        self.registered = Some(cx.waker().clone());
        self.started.as_mut().poll(cx).is_ready()
    }
}
