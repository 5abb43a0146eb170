//! Tasks.

use super::{SHORT, pair, pause};
use crate::rt::Runtime;
use futures::channel::{mpsc, oneshot};
use futures::io::{AsyncReadExt, AsyncWriteExt};
use futures::stream::StreamExt;
use std::future::poll_fn;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Poll;
use std::thread;

pub(super) async fn test_all<R: Runtime>(runtime: &R) {
    tasks_run_concurrently(runtime).await;
    a_task_may_start_tasks(runtime).await;
    a_task_whose_result_nobody_wants_goes_on(runtime).await;
    a_busy_task_starves_nobody(runtime).await;
}

async fn tasks_run_concurrently<R: Runtime>(runtime: &R) {
    const TASKS: u64 = 10_000;
    let (results, mut receiver) = mpsc::unbounded();
    let (mut baton, end) = oneshot::channel::<()>();
    // Each task waits for the one that is spawned after it.
    for number in 0..TASKS {
        let (next, wait) = oneshot::channel::<()>();
        let signal = std::mem::replace(&mut baton, next);
        let results = results.clone();
        runtime.spawn(async move {
            wait.await.expect("the next task signals");
            results.unbounded_send(number).expect("the test listens");
            signal.send(()).expect("somebody waits for this task");
        });
    }
    drop(results);
    baton.send(()).expect("the last task waits");
    end.await.expect("the first task signals");
    let mut sum = 0;
    while let Some(number) = receiver.next().await {
        sum += number;
    }
    assert_eq!(sum, TASKS * (TASKS - 1) / 2);
}

async fn a_task_may_start_tasks<R: Runtime>(runtime: &R) {
    let (sender, receiver) = oneshot::channel();
    let outer = runtime.clone();
    runtime.spawn(async move {
        let inner = outer.clone();
        outer.spawn(async move {
            pause(&inner).await;
            sender.send(()).expect("the test listens");
        });
    });
    receiver.await.expect("the inner task goes on");
}

async fn a_task_whose_result_nobody_wants_goes_on<R: Runtime>(runtime: &R) {
    let (sender, receiver) = oneshot::channel::<()>();
    drop(receiver);
    let (ended, has_ended) = oneshot::channel();
    runtime.spawn(async move {
        assert!(sender.send(()).is_err());
        ended.send(()).expect("the test listens");
    });
    has_ended.await.expect("the task goes on");
}

pub(super) async fn a_task_is_woken_from_any_thread<R: Runtime>(runtime: &R) {
    let (to_task, mut from_thread) = mpsc::unbounded();
    let (to_test, mut from_task) = mpsc::unbounded();
    runtime.spawn(async move {
        while let Some(number) = from_thread.next().await {
            to_test.unbounded_send(number).expect("the test listens");
        }
    });
    let thread = thread::spawn(move || {
        for number in 0..50_u32 {
            to_task.unbounded_send(number).expect("the task listens");
            // So that all of them sleep now and then.
            thread::sleep(SHORT / 100);
        }
    });
    for number in 0..50 {
        assert_eq!(from_task.next().await, Some(number));
    }
    assert_eq!(from_task.next().await, None);
    thread.join().expect("the thread ends well");
}

async fn a_busy_task_starves_nobody<R: Runtime>(runtime: &R) {
    let stop = Arc::new(AtomicBool::new(false));
    let is_told = Arc::clone(&stop);
    let (stopped, has_stopped) = oneshot::channel();
    runtime.spawn(async move {
        poll_fn(|cx| {
            cx.waker().wake_by_ref();
            match is_told.load(Ordering::Relaxed) {
                true => Poll::Ready(()),
                false => Poll::Pending,
            }
        })
        .await;
        stopped.send(()).expect("the test listens");
    });
    pause(runtime).await;
    let (mut client, mut server) = pair(runtime).await;
    runtime.spawn(async move {
        let mut question = [0];
        server.read_exact(&mut question).await.unwrap();
        server.write_all(&question).await.unwrap();
    });
    client.write_all(b"?").await.unwrap();
    let mut answer = [0];
    client.read_exact(&mut answer).await.unwrap();
    assert_eq!(&answer, b"?");
    stop.store(true, Ordering::Relaxed);
    has_stopped.await.expect("the task goes on");
}
