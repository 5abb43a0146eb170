//! Why the task of a connection was woken.

use futures::task::AtomicWaker;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Wake, Waker};

/// Wakes the task of a connection, and tells afterwards what for.
///
/// A task is woken by its stream, by its timer, and by whoever wants something
/// of it. Without knowing which, it would have to ask the stream each time, and
/// a read that finds nothing is a system call. So the stream and the timer get
/// a waker of their own, with a flag.
///
/// Reading and writing share one: some streams keep only one waker, which then
/// stands for both.
#[derive(Debug)]
pub(crate) struct Wakeups {
    reasons: Arc<Reasons>,
    stream: Waker,
    timer: Waker,
}

#[derive(Debug)]
struct Reasons {
    task: AtomicWaker,
    stream: AtomicBool,
    timer: AtomicBool,
}

impl Wakeups {
    /// For a stream that has not been asked yet.
    pub(crate) fn new() -> Self {
        let reasons = Arc::new(Reasons {
            task: AtomicWaker::new(),
            stream: AtomicBool::new(true),
            timer: AtomicBool::new(false),
        });
        Self {
            stream: Arc::new(ByStream(Arc::clone(&reasons))).into(),
            timer: Arc::new(ByTimer(Arc::clone(&reasons))).into(),
            reasons,
        }
    }

    /// Sets which task is woken. To be called first in each poll.
    pub(crate) fn register(&self, task: &Waker) {
        self.reasons.task.register(task);
    }

    /// What the stream is to wake.
    pub(crate) fn stream(&self) -> &Waker {
        &self.stream
    }

    /// What the timer is to wake.
    pub(crate) fn timer(&self) -> &Waker {
        &self.timer
    }

    /// Whether the stream has woken the task since the last time.
    pub(crate) fn take_stream(&self) -> bool {
        self.reasons.stream.swap(false, Ordering::Acquire)
    }

    /// Whether the timer has woken the task since the last time.
    pub(crate) fn take_timer(&self) -> bool {
        self.reasons.timer.swap(false, Ordering::Acquire)
    }
}

struct ByStream(Arc<Reasons>);

impl Wake for ByStream {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.0.stream.store(true, Ordering::Release);
        self.0.task.wake();
    }
}

struct ByTimer(Arc<Reasons>);

impl Wake for ByTimer {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.0.timer.store(true, Ordering::Release);
        self.0.task.wake();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::AtomicUsize;

    #[test]
    fn each_source_wakes_the_task_and_is_told_apart() {
        #[derive(Default)]
        struct Task(AtomicUsize);
        impl Wake for Task {
            fn wake(self: Arc<Self>) {
                self.0.fetch_add(1, Ordering::Relaxed);
            }
        }
        let task = Arc::new(Task::default());
        let wakeups = Wakeups::new();
        assert!(wakeups.take_stream(), "a new stream is to be asked");

        wakeups.register(&Arc::clone(&task).into());
        wakeups.timer().wake_by_ref();
        assert!(wakeups.take_timer() && !wakeups.take_timer() && !wakeups.take_stream());
        wakeups.register(&Arc::clone(&task).into());
        wakeups.stream().wake_by_ref();
        assert!(wakeups.take_stream() && !wakeups.take_stream() && !wakeups.take_timer());
        assert_eq!(task.0.load(Ordering::Relaxed), 2);
    }
}
