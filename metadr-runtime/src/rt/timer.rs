//! The timer of async-io, the reactor that smol and async-std share.

use super::{Instant, Sleep};
use async_io::Timer;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

/// A timer of async-io's reactor, for the runtimes that are built on it.
#[derive(Debug)]
pub struct AsyncIoSleep {
    timer: Timer,
    epoch: std::time::Instant,
}

impl AsyncIoSleep {
    /// A timer for a runtime whose clock began at `epoch`.
    pub(super) fn until(deadline: Instant, epoch: std::time::Instant) -> Self {
        let mut sleep = Self {
            timer: Timer::never(),
            epoch,
        };
        Pin::new(&mut sleep).reset(deadline);
        sleep
    }
}

impl Future for AsyncIoSleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        Pin::new(&mut self.timer).poll(cx).map(drop)
    }
}

impl Sleep for AsyncIoSleep {
    fn reset(mut self: Pin<&mut Self>, deadline: Instant) {
        let since_epoch = Duration::from_nanos(deadline.as_nanos());
        match self.epoch.checked_add(since_epoch) {
            Some(at) => self.timer.set_at(at),
            None => self.timer = Timer::never(),
        }
    }
}
