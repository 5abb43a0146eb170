//! Tasks, and which of them are ready.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Wake, Waker};

/// Numbers are given in the order in which tasks are spawned.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) struct TaskId(pub(super) u64);

type TaskFuture = Pin<Box<dyn Future<Output = ()> + Send>>;

/// The tasks of a simulation.
pub(super) struct Executor {
    tasks: Mutex<BTreeMap<TaskId, Task>>,
    next_id: AtomicU64,
    pub(super) ready: Arc<Ready>,
}

struct Task {
    future: TaskFuture,
    alarm: Arc<Alarm>,
}

impl Executor {
    pub(super) fn new() -> Self {
        Self {
            tasks: Mutex::new(BTreeMap::new()),
            next_id: AtomicU64::new(0),
            ready: Arc::default(),
        }
    }

    pub(super) fn spawn(&self, future: TaskFuture) {
        let alarm = self.alarm();
        let id = alarm.id;
        lock(&self.tasks).insert(id, Task { future, alarm });
        self.ready.push(id);
    }

    /// What wakes a task with a new number.
    pub(super) fn alarm(&self) -> Arc<Alarm> {
        Arc::new(Alarm {
            id: TaskId(self.next_id.fetch_add(1, Ordering::Relaxed)),
            rings: AtomicBool::new(true),
            ready: Arc::clone(&self.ready),
        })
    }

    /// Polls a task, if it has not ended.
    pub(super) fn poll(&self, id: TaskId) {
        // Nothing is locked meanwhile. If it panics, it is gone.
        let Some(mut task) = lock(&self.tasks).remove(&id) else {
            return;
        };
        let waker = task.alarm.waker();
        let polled = task.future.as_mut().poll(&mut Context::from_waker(&waker));
        if polled == Poll::Pending {
            lock(&self.tasks).insert(id, task);
        }
    }

    pub(super) fn count(&self) -> usize {
        lock(&self.tasks).len()
    }

    /// Drops all tasks, except for one that is being polled.
    pub(super) fn clear(&self) {
        // As they are dropped, they may spawn others.
        loop {
            let tasks = std::mem::take(&mut *lock(&self.tasks));
            if tasks.is_empty() {
                break;
            }
        }
    }
}

/// Wakes one task.
pub(super) struct Alarm {
    pub(super) id: TaskId,
    // It is among those that are ready, from its making on.
    rings: AtomicBool,
    ready: Arc<Ready>,
}

impl Alarm {
    /// The waker for a poll that begins now.
    pub(super) fn waker(self: &Arc<Self>) -> Waker {
        self.rings.store(false, Ordering::SeqCst);
        Waker::from(Arc::clone(self))
    }
}

impl Wake for Alarm {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if !self.rings.swap(true, Ordering::SeqCst) {
            self.ready.push(self.id);
        }
    }
}

/// The tasks that are ready, and whether others may become so from outside.
#[derive(Default)]
pub(super) struct Ready {
    state: Mutex<ReadyState>,
    changed: Condvar,
}

#[derive(Default)]
struct ReadyState {
    tasks: Vec<TaskId>,
    holders: usize,
}

impl Ready {
    pub(super) fn push(&self, id: TaskId) {
        lock(&self.state).tasks.push(id);
        self.changed.notify_all();
    }

    /// Takes the task that `choose` picks of so many, if there are any.
    pub(super) fn take(&self, choose: impl FnOnce(usize) -> usize) -> Option<TaskId> {
        let mut state = lock(&self.state);
        let count = state.tasks.len();
        (count > 0).then(|| state.tasks.swap_remove(choose(count)))
    }

    /// Waits until a task is ready, for as long as somebody holds the time;
    /// false if nobody does.
    pub(super) fn wait_for_holders(&self) -> bool {
        let state = lock(&self.state);
        if state.holders == 0 {
            return false;
        }
        let waits = |state: &mut ReadyState| state.tasks.is_empty() && state.holders > 0;
        drop(self.changed.wait_while(state, waits));
        true
    }

    pub(super) fn hold(&self) {
        lock(&self.state).holders += 1;
    }

    pub(super) fn release(&self) {
        lock(&self.state).holders -= 1;
        self.changed.notify_all();
    }
}

/// Locks `mutex`. What is behind these has no half-done state to be seen after
/// a panic.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
