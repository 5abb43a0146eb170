//! Timers on the virtual clock.

use super::Sim;
use super::schedule::{Event, EventKey};
use crate::rt::{Instant, Sleep};
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

/// As good as never: no clock gets there.
const NEVER: Instant = Instant::from_nanos(u64::MAX);

/// A timer of [`Sim`].
#[derive(Debug)]
pub struct SimSleep {
    sim: Sim,
    deadline: Instant,
    // Once it has been polled.
    event: Option<EventKey>,
}

impl SimSleep {
    pub(super) fn new(sim: Sim, deadline: Instant) -> Self {
        Self {
            sim,
            deadline,
            event: None,
        }
    }

    fn cancel(&mut self) {
        if let Some(event) = self.event.take() {
            self.sim.with(|_, schedule| schedule.remove(event));
        }
    }
}

impl Future for SimSleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let Self {
            sim,
            deadline,
            event,
        } = &mut *self;
        sim.with(|_, schedule| {
            if *deadline <= schedule.now() {
                if let Some(event) = event.take() {
                    schedule.remove(event);
                }
                return Poll::Ready(());
            }
            match event {
                Some(event) => schedule.replace_waker(*event, cx.waker()),
                None if *deadline == NEVER => {}
                None => {
                    let timer = Event::Timer(cx.waker().clone());
                    *event = Some(schedule.add(*deadline, timer));
                }
            }
            Poll::Pending
        })
    }
}

impl Sleep for SimSleep {
    fn reset(mut self: Pin<&mut Self>, deadline: Instant) {
        self.cancel();
        self.deadline = deadline;
    }
}

impl Drop for SimSleep {
    fn drop(&mut self) {
        self.cancel();
    }
}
