//! A thread that waits for the deadlines of all timers.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::task::Waker;
use std::thread;
use std::time::Instant;

/// The timers of the process. The first use starts their thread, which stays
/// until the process ends.
///
/// # Panics
///
/// If the system has no thread left.
pub(super) fn timers() -> &'static Timers {
    static TIMERS: OnceLock<Timers> = OnceLock::new();
    TIMERS.get_or_init(|| {
        let thread = thread::Builder::new().name("metadr-timers".to_owned());
        // It gets them as soon as they are there.
        let started = thread.spawn(|| timers().run());
        started.expect("the system has a thread for the timers");
        Timers::default()
    })
}

/// Tells timers apart, in the order in which they fire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key {
    deadline: Instant,
    number: u64,
}

impl Key {
    /// A key of its own for a timer that fires at `deadline`.
    pub(super) fn new(deadline: Instant) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        Self {
            deadline,
            number: NEXT.fetch_add(1, Ordering::Relaxed),
        }
    }
}

/// Timers that have not fired, and a thread that waits for the first of them.
///
/// Wakers are other people's code, also when they are dropped: none is touched
/// under the lock.
#[derive(Debug, Default)]
pub(super) struct Timers {
    table: Mutex<Table>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Table {
    waiting: BTreeMap<Key, Waker>,
    thread: Thread,
}

/// What the thread does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Thread {
    /// It will look at the table before it waits.
    #[default]
    Awake,
    /// It waits until then, or until it is told.
    Asleep { until: Option<Instant> },
}

impl Timers {
    /// Has `waker` woken when the timer fires, and nobody else any more. A timer
    /// that has fired does so again, at once.
    pub(super) fn set(&self, key: Key, waker: Waker) {
        let mut table = self.lock();
        let previous = table.waiting.insert(key, waker);
        let must_tell = table.wakes_thread_for(key.deadline);
        drop(table);
        drop(previous);
        if must_tell {
            self.changed.notify_one();
        }
    }

    /// Forgets a timer, if it has not fired.
    pub(super) fn remove(&self, key: Key) {
        // The thread need not know: at worst it wakes for nothing, once.
        let removed = self.lock().waiting.remove(&key);
        drop(removed);
    }

    #[cfg(test)]
    pub(super) fn contains(&self, key: Key) -> bool {
        self.lock().waiting.contains_key(&key)
    }

    /// Fires the timers, for ever.
    fn run(&self) {
        let mut due = Vec::new();
        loop {
            self.wait(&mut due);
            for waker in due.drain(..) {
                // Others are still to be woken.
                let _ = catch_unwind(AssertUnwindSafe(|| waker.wake()));
            }
        }
    }

    /// Waits until there are timers that are due, and moves their wakers to `due`.
    fn wait(&self, due: &mut Vec<Waker>) {
        let mut table = self.lock();
        loop {
            let now = Instant::now();
            table.take_due(now, due);
            if !due.is_empty() {
                return;
            }
            let next = table.next_deadline();
            table.thread = Thread::Asleep { until: next };
            table = match next {
                None => self.changed.wait(table).unwrap_or_else(unpoisoned),
                Some(next) => {
                    let time = next.saturating_duration_since(now);
                    let waited = self.changed.wait_timeout(table, time);
                    waited.unwrap_or_else(unpoisoned).0
                }
            };
            table.thread = Thread::Awake;
        }
    }

    fn lock(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(unpoisoned)
    }
}

impl Table {
    /// Whether the thread has to be told of this deadline: it would wake too
    /// late. It is told once.
    fn wakes_thread_for(&mut self, deadline: Instant) -> bool {
        let Thread::Asleep { until } = self.thread else {
            return false;
        };
        let is_too_late = until.is_none_or(|until| deadline < until);
        if is_too_late {
            self.thread = Thread::Awake;
        }
        is_too_late
    }

    fn next_deadline(&self) -> Option<Instant> {
        let (first, _) = self.waiting.first_key_value()?;
        Some(first.deadline)
    }

    fn take_due(&mut self, now: Instant, due: &mut Vec<Waker>) {
        while let Some(first) = self.waiting.first_entry()
            && first.key().deadline <= now
        {
            due.push(first.remove());
        }
    }
}

/// Nothing under the lock panics and leaves it half done.
fn unpoisoned<T>(poisoned: PoisonError<T>) -> T {
    poisoned.into_inner()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc::{self, Receiver, Sender};
    use std::sync::{Arc, Weak};
    use std::task::Wake;
    use std::time::Duration;

    const LONG: Duration = Duration::from_secs(3600);
    const SHORT: Duration = Duration::from_millis(20);

    /// Says that it was woken, or panics if nobody listens.
    struct Report(Sender<Instant>);

    impl Wake for Report {
        fn wake(self: Arc<Self>) {
            self.0.send(Instant::now()).expect("somebody listens");
        }
    }

    fn report() -> (Waker, Receiver<Instant>) {
        let (sender, receiver) = mpsc::channel();
        (Arc::new(Report(sender)).into(), receiver)
    }

    fn asleep(until: Option<Instant>) -> Table {
        Table {
            thread: Thread::Asleep { until },
            ..Table::default()
        }
    }

    #[test]
    fn the_thread_is_told_only_of_what_it_would_sleep_through() {
        let now = Instant::now();
        assert!(!Table::default().wakes_thread_for(now));
        assert!(asleep(None).wakes_thread_for(now + LONG));
        let mut table = asleep(Some(now + SHORT));
        assert!(!table.wakes_thread_for(now + LONG) && !table.wakes_thread_for(now + SHORT));
        assert!(table.wakes_thread_for(now));
        assert!(!table.wakes_thread_for(now), "it has been told");
    }

    #[test]
    fn timers_are_due_in_their_order() {
        let now = Instant::now();
        let mut table = Table::default();
        let mut wakers = Vec::new();
        for seconds in [3, 1, 2, 2] {
            let key = Key::new(now + Duration::from_secs(seconds));
            let (waker, _) = report();
            wakers.push(waker.clone());
            table.waiting.insert(key, waker);
        }
        let mut due = Vec::new();
        table.take_due(now, &mut due);
        assert!(due.is_empty());
        assert_eq!(table.next_deadline(), Some(now + Duration::from_secs(1)));
        table.take_due(now + Duration::from_secs(2), &mut due);
        let order: Vec<_> = due.iter().map(Waker::data).collect();
        assert_eq!(order, [1, 2, 3].map(|index: usize| wakers[index].data()));
        assert_eq!(table.next_deadline(), Some(now + Duration::from_secs(3)));
    }

    #[test]
    fn an_earlier_timer_wakes_a_thread_that_waits_for_a_later_one() {
        let later = Key::new(Instant::now() + LONG);
        timers().set(later, Waker::noop().clone());
        let (waker, woken) = report();
        let deadline = Instant::now() + SHORT;
        timers().set(Key::new(deadline), waker);
        assert!(woken.recv().unwrap() >= deadline);
        timers().remove(later);
    }

    #[test]
    fn a_waker_that_panics_does_not_keep_others_from_being_woken() {
        let (panics, nobody) = report();
        drop(nobody);
        let (waker, woken) = report();
        let deadline = Instant::now() + SHORT;
        timers().set(Key::new(deadline), panics);
        timers().set(Key::new(deadline), waker.clone());
        assert!(woken.recv().unwrap() >= deadline);
        timers().set(Key::new(deadline), waker);
        woken.recv().unwrap();
    }

    #[test]
    fn wakers_may_use_timers_when_they_are_dropped() {
        struct Owner(Key);
        impl Wake for Owner {
            fn wake(self: Arc<Self>) {}
        }
        impl Drop for Owner {
            fn drop(&mut self) {
                timers().remove(self.0);
            }
        }
        let owned = Key::new(Instant::now() + LONG);
        let key = Key::new(Instant::now() + LONG);
        for end in [
            |key| timers().remove(key),
            |key| timers().set(key, Waker::noop().clone()),
        ] {
            timers().set(owned, Waker::noop().clone());
            let owner = Arc::new(Owner(owned));
            let weak: Weak<Owner> = Arc::downgrade(&owner);
            timers().set(key, owner.into());
            assert!(timers().contains(owned));
            end(key);
            assert!(weak.upgrade().is_none() && !timers().contains(owned));
        }
        timers().remove(key);
    }

    #[test]
    fn a_timer_of_which_nobody_wants_to_know_wakes_nobody() {
        let (waker, woken) = report();
        let (other, other_woken) = report();
        let deadline = Instant::now() + SHORT;
        let (forgotten, replaced) = (Key::new(deadline), Key::new(deadline));
        timers().set(forgotten, waker.clone());
        timers().set(replaced, waker);
        timers().remove(forgotten);
        timers().set(replaced, other);
        other_woken.recv().unwrap();
        // Both wakers are gone, and neither has said anything.
        assert!(woken.recv().is_err());
    }
}
