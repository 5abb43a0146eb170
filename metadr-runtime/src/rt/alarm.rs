//! One timer for a deadline that moves with every call.

use super::{Instant, Runtime, Sleep};
use std::future::Future as _;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

/// The one timer of a driver.
///
/// The next deadline of a connection moves with nearly every call, and setting
/// a runtime's timer is not free. So the timer is set anew only when the
/// deadline comes earlier; when it has moved away, the timer fires for nothing,
/// once, and is then set to the real deadline.
pub(crate) struct Alarm<R: Runtime> {
    runtime: R,
    timer: Option<Timer<R>>,
}

struct Timer<R: Runtime> {
    sleep: Pin<Box<R::Sleep>>,
    // None once it has fired: a timer is not polled again after that.
    set_to: Option<Instant>,
}

impl<R: Runtime> Alarm<R> {
    pub(crate) fn new(runtime: R) -> Self {
        Self {
            runtime,
            timer: None,
        }
    }

    /// Ready when `deadline` has passed, or maybe before: the caller looks at
    /// the clock and polls again, which wakes the task by the deadline at last.
    pub(crate) fn poll(
        &mut self,
        cx: &mut Context<'_>,
        deadline: Option<Instant>,
        now: Instant,
    ) -> Poll<()> {
        let Some(deadline) = deadline else {
            return Poll::Pending;
        };
        if deadline <= now {
            return Poll::Ready(());
        }
        let timer = self.timer.get_or_insert_with(|| Timer {
            sleep: Box::pin(self.runtime.sleep_until(deadline)),
            set_to: Some(deadline),
        });
        if timer.set_to.is_none_or(|set_to| set_to > deadline) {
            timer.sleep.as_mut().reset(deadline);
            timer.set_to = Some(deadline);
        }
        ready!(timer.sleep.as_mut().poll(cx));
        timer.set_to = None;
        Poll::Ready(())
    }
}
