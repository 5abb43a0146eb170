//! What is left of a future that was dropped: nothing.

use super::{NEVER, accept, listen, pair, pause};
use crate::rt::{Listener, Runtime};
use futures::io::{AsyncReadExt, AsyncWriteExt};
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};

pub(super) async fn test_all<R: Runtime>(runtime: &R) {
    timers(runtime).await;
    lookups(runtime).await;
    connection_attempts(runtime).await;
    accepts(runtime).await;
    reads_and_writes(runtime).await;
}

async fn timers<R: Runtime>(runtime: &R) {
    let task = Task::new();
    let never = runtime.now() + NEVER;
    for _ in 0..1000 {
        assert!(task.poll(runtime.sleep_until(never)).is_pending());
    }
    task.is_forgotten(runtime).await;
}

async fn lookups<R: Runtime>(runtime: &R) {
    let task = Task::new();
    let _ = task.poll(runtime.resolve("localhost", 7));
    task.is_forgotten(runtime).await;
}

async fn connection_attempts<R: Runtime>(runtime: &R) {
    let task = Task::new();
    let mut listener = listen(runtime).await;
    let address = listener.local_addr().unwrap();
    for _ in 0..10 {
        let _ = task.poll(runtime.connect(address));
    }
    task.is_forgotten(runtime).await;
    // Those that were accepted meanwhile have ended. The last one has not.
    let mut last = runtime.connect(address).await.unwrap();
    last.write_all(b"!").await.unwrap();
    loop {
        let mut server = accept::<R>(&mut listener).await.unwrap();
        if let Ok(1) = server.read(&mut [0]).await {
            break;
        }
    }
}

async fn accepts<R: Runtime>(runtime: &R) {
    let task = Task::new();
    for _ in 0..10 {
        let mut listener = listen(runtime).await;
        assert!(task.poll(accept::<R>(&mut listener)).is_pending());
    }
    task.is_forgotten(runtime).await;
}

async fn reads_and_writes<R: Runtime>(runtime: &R) {
    let task = Task::new();
    let (mut client, mut server) = pair(runtime).await;
    assert!(task.poll(server.read(&mut [0; 8])).is_pending());
    while task.poll(client.write(&[0; 4096])).is_ready() {}
    drop((client, server));
    task.is_forgotten(runtime).await;
}

/// A task that exists for its wakers alone.
struct Task(Arc<Nothing>);

struct Nothing;

impl Wake for Nothing {
    fn wake(self: Arc<Self>) {}
}

impl Task {
    fn new() -> Self {
        Self(Arc::new(Nothing))
    }

    /// Polls `future` once for this task, and drops it.
    fn poll<F: Future>(&self, future: F) -> Poll<F::Output> {
        let waker = Waker::from(Arc::clone(&self.0));
        pin!(future).poll(&mut Context::from_waker(&waker))
    }

    /// Waits until nobody can wake it any more. Some runtimes clear up later.
    async fn is_forgotten<R: Runtime>(&self, runtime: &R) {
        while Arc::strong_count(&self.0) > 1 {
            pause(runtime).await;
        }
    }
}
