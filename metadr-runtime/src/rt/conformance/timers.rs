//! The clock, and timers.

use super::{NEVER, SHORT, abandon, poll_once};
use crate::rt::{Instant, Runtime, Sleep, timeout};
use futures::channel::{mpsc, oneshot};
use futures::future::{Either, select};
use futures::stream::StreamExt;
use std::pin::pin;

const FAR: Instant = Instant::from_nanos(u64::MAX);

/// What all the rest stands on.
pub(super) async fn fire<R: Runtime>(runtime: &R) {
    let deadline = runtime.now() + SHORT;
    runtime.sleep_until(deadline).await;
    assert!(runtime.now() >= deadline);

    let long = pin!(runtime.sleep_until(runtime.now() + NEVER));
    let short = pin!(runtime.sleep_until(runtime.now() + SHORT));
    assert!(matches!(select(long, short).await, Either::Right(_)));
    let pending = std::future::pending::<()>();
    assert!(timeout(runtime, SHORT, pending).await.is_none());
}

pub(super) async fn test_all<R: Runtime>(runtime: &R) {
    all_handles_have_one_clock(runtime).await;
    a_timer_whose_deadline_has_passed_fires_at_once(runtime).await;
    many_timers_fire_each_in_its_time(runtime).await;
    a_timer_can_be_set_earlier(runtime).await;
    a_timer_can_be_set_later(runtime).await;
    a_timer_that_has_fired_can_be_set_again(runtime).await;
    a_timer_wakes_the_task_that_polled_it_last(runtime).await;
    an_abandoned_timer_harms_nobody(runtime).await;
}

async fn all_handles_have_one_clock<R: Runtime>(runtime: &R) {
    let other = runtime.clone();
    let times = [runtime.now(), other.now(), runtime.now(), other.now()];
    assert!(times.is_sorted(), "{times:?}");
    let deadline = other.now() + SHORT;
    runtime.sleep_until(deadline).await;
    assert!(other.now() >= deadline);
}

async fn a_timer_whose_deadline_has_passed_fires_at_once<R: Runtime>(runtime: &R) {
    runtime.sleep_until(Instant::ZERO).await;
    runtime.sleep_until(runtime.now()).await;
}

async fn many_timers_fire_each_in_its_time<R: Runtime>(runtime: &R) {
    const TIMERS: u32 = 500;
    let (fired, mut all_fired) = mpsc::unbounded();
    let start = runtime.now();
    for number in 0..TIMERS {
        // Neither in order nor all different.
        let deadline = start + SHORT * (number * 7 % 50) / 10;
        let (runtime_inside, fired) = (runtime.clone(), fired.clone());
        runtime.spawn(async move {
            runtime_inside.sleep_until(deadline).await;
            assert!(runtime_inside.now() >= deadline);
            fired.unbounded_send(()).expect("the test listens");
        });
    }
    drop(fired);
    let mut count = 0;
    while all_fired.next().await.is_some() {
        count += 1;
    }
    assert_eq!(count, TIMERS);
}

async fn a_timer_can_be_set_earlier<R: Runtime>(runtime: &R) {
    for deadline in [Instant::ZERO, runtime.now(), runtime.now() + SHORT] {
        // Whether or not the runtime knows of it already.
        for has_been_polled in [false, true] {
            for before in [runtime.now() + NEVER, FAR] {
                let mut sleep = pin!(runtime.sleep_until(before));
                if has_been_polled {
                    assert!(poll_once(sleep.as_mut()).await.is_pending());
                }
                sleep.as_mut().reset(deadline);
                sleep.await;
                assert!(runtime.now() >= deadline);
            }
        }
    }
}

async fn a_timer_can_be_set_later<R: Runtime>(runtime: &R) {
    for has_been_polled in [false, true] {
        for before in [Instant::ZERO, runtime.now() + SHORT] {
            let mut sleep = pin!(runtime.sleep_until(before));
            if has_been_polled {
                let _ = poll_once(sleep.as_mut()).await;
            }
            for never in [runtime.now() + NEVER, FAR] {
                sleep.as_mut().reset(never);
                let longer = pin!(runtime.sleep_until(runtime.now() + SHORT * 2));
                let first = select(sleep.as_mut(), longer).await;
                assert!(matches!(first, Either::Right(_)));
            }
            let deadline = runtime.now() + SHORT;
            sleep.as_mut().reset(deadline);
            sleep.await;
            assert!(runtime.now() >= deadline);
        }
    }
}

async fn a_timer_that_has_fired_can_be_set_again<R: Runtime>(runtime: &R) {
    let mut sleep = pin!(runtime.sleep_until(Instant::ZERO));
    for deadline in [Instant::ZERO, runtime.now() + SHORT, Instant::ZERO] {
        sleep.as_mut().await;
        sleep.as_mut().reset(FAR);
        assert!(poll_once(sleep.as_mut()).await.is_pending());
        sleep.as_mut().reset(deadline);
    }
    sleep.await;
}

async fn a_timer_wakes_the_task_that_polled_it_last<R: Runtime>(runtime: &R) {
    let mut sleep = Box::pin(runtime.sleep_until(runtime.now() + SHORT));
    let _ = poll_once(sleep.as_mut()).await;
    let (fired, has_fired) = oneshot::channel();
    runtime.spawn(async move {
        sleep.await;
        fired.send(()).expect("the test listens");
    });
    has_fired.await.expect("the task goes on");
}

async fn an_abandoned_timer_harms_nobody<R: Runtime>(runtime: &R) {
    let deadline = runtime.now() + SHORT;
    let _ = abandon(runtime.sleep_until(deadline)).await;
    runtime.sleep_until(deadline + SHORT).await;
}
