//! The one timer of a client's task.

use super::shared::Shared;
use crate::rpc::wakeups::Wakeups;
use crate::rt::{Alarm, Instant, Runtime};
use std::task::Context;

/// Ends calls at their deadlines.
pub(super) struct Deadlines<R: Runtime> {
    runtime: R,
    alarm: Alarm<R>,
    // What the alarm was last asked for: it need not be asked for later ones.
    set_to: Option<Instant>,
}

impl<R: Runtime> Deadlines<R> {
    pub(super) fn new(runtime: R) -> Self {
        Self {
            alarm: Alarm::new(runtime.clone()),
            runtime,
            set_to: None,
        }
    }

    /// Ends the calls that are late, and has the task woken by `next`, when the
    /// next one may be.
    pub(super) fn check(&mut self, shared: &Shared, wakeups: &Wakeups, mut next: Option<Instant>) {
        let is_earlier = |next| self.set_to.is_none_or(|set_to| next < set_to);
        if !wakeups.take_timer() && !next.is_some_and(is_earlier) {
            return;
        }
        let mut cx = Context::from_waker(wakeups.timer());
        loop {
            let now = self.runtime.now();
            if self.alarm.poll(&mut cx, next, now).is_pending() {
                break;
            }
            next = shared.update(|state| {
                state.core.handle_timeout(now);
                state.core.poll_timeout()
            });
        }
        self.set_to = next;
    }
}
