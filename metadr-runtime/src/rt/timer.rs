//! The timer of smol and async-std.

use super::timers::{Key, timers};
use super::{Instant, Sleep};
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

/// A timer for the runtimes that are built on async-io.
///
/// It is not async-io's own: while there is any, the reactor sets the system's
/// timer at every turn, and allocates, however far the deadline is. Those of
/// calls and connections are far, and nearly never come. Here a thread waits
/// for the next of all deadlines, and nobody else has to think of them.
#[derive(Debug)]
pub struct ThreadSleep {
    // None is never.
    deadline: Option<std::time::Instant>,
    epoch: std::time::Instant,
    registered: Option<Registered>,
}

/// A timer that the thread knows of, and whom it wakes.
#[derive(Debug)]
struct Registered {
    key: Key,
    waker: Waker,
}

impl ThreadSleep {
    /// A timer for a runtime whose clock began at `epoch`.
    pub(super) fn until(deadline: Instant, epoch: std::time::Instant) -> Self {
        Self {
            deadline: system_instant(deadline, epoch),
            epoch,
            registered: None,
        }
    }

    fn deregister(&mut self) {
        if let Some(registered) = self.registered.take() {
            timers().remove(registered.key);
        }
    }
}

impl Future for ThreadSleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let Some(deadline) = self.deadline else {
            return Poll::Pending;
        };
        // If the thread has woken the task, this clock is as far as its clock was.
        if deadline <= std::time::Instant::now() {
            self.deregister();
            return Poll::Ready(());
        }
        let key = match &self.registered {
            Some(registered) if registered.waker.will_wake(cx.waker()) => return Poll::Pending,
            Some(registered) => registered.key,
            None => Key::new(deadline),
        };
        let waker = cx.waker().clone();
        timers().set(key, waker.clone());
        self.registered = Some(Registered { key, waker });
        Poll::Pending
    }
}

impl Sleep for ThreadSleep {
    fn reset(mut self: Pin<&mut Self>, deadline: Instant) {
        self.deregister();
        self.deadline = system_instant(deadline, self.epoch);
    }
}

impl Drop for ThreadSleep {
    fn drop(&mut self) {
        self.deregister();
    }
}

/// `None` is later than the system can tell.
fn system_instant(instant: Instant, epoch: std::time::Instant) -> Option<std::time::Instant> {
    epoch.checked_add(Duration::from_nanos(instant.as_nanos()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::pin::pin;

    const LONG: Duration = Duration::from_secs(3600);

    fn sleep(duration: Duration) -> ThreadSleep {
        ThreadSleep::until(Instant::ZERO + duration, std::time::Instant::now())
    }

    fn poll(sleep: Pin<&mut ThreadSleep>) -> Poll<()> {
        sleep.poll(&mut Context::from_waker(Waker::noop()))
    }

    #[test]
    fn the_thread_knows_of_a_timer_from_its_first_poll_until_it_is_dropped() {
        let mut sleep = Box::pin(sleep(LONG));
        assert!(sleep.registered.is_none());
        assert!(poll(sleep.as_mut()).is_pending());
        let key = sleep.registered.as_ref().unwrap().key;
        assert!(timers().contains(key));
        assert!(poll(sleep.as_mut()).is_pending());
        assert_eq!(sleep.registered.as_ref().unwrap().key, key);
        drop(sleep);
        assert!(!timers().contains(key));
    }

    #[test]
    fn a_timer_that_is_set_anew_is_known_once() {
        let mut sleep = pin!(sleep(LONG));
        assert!(poll(sleep.as_mut()).is_pending());
        let before = sleep.registered.as_ref().unwrap().key;
        sleep.as_mut().reset(Instant::ZERO + 2 * LONG);
        assert!(!timers().contains(before));
        assert!(poll(sleep.as_mut()).is_pending());
        let after = sleep.registered.as_ref().unwrap().key;
        assert!(timers().contains(after));
        sleep.as_mut().reset(Instant::from_nanos(u64::MAX));
        assert!(!timers().contains(after));
        sleep.as_mut().reset(Instant::ZERO);
        assert!(poll(sleep.as_mut()).is_ready());
    }
}
