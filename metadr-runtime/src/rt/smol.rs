//! The adapter for smol's executor and reactor.

use super::{AsyncIoListener, AsyncIoStream, ThreadSleep, stream};
use super::{BlockOn, Instant, Runtime};
use async_executor::Executor;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

/// An executor of smol's and its reactor.
///
/// Tasks run on the threads that are in [`Smol::block_on`]: with one, no task
/// ever moves between threads, which is the fastest for servers whose state
/// belongs to one task. A task that has not ended when the last of them leaves
/// stays where it is until another enters.
#[derive(Clone, Debug)]
pub struct Smol {
    executor: Arc<Executor<'static>>,
    epoch: std::time::Instant,
}

impl Smol {
    /// An executor of its own.
    #[must_use]
    pub fn new() -> Self {
        Self {
            executor: Arc::new(Executor::new()),
            epoch: std::time::Instant::now(),
        }
    }

    /// Runs `future` on this thread to its end, and the executor's tasks along with it.
    pub fn block_on<F: Future>(&self, future: F) -> F::Output {
        async_io::block_on(self.executor.run(future))
    }
}

impl Default for Smol {
    fn default() -> Self {
        Self::new()
    }
}

impl BlockOn for Smol {
    fn block_on<F: Future>(&self, future: F) -> F::Output {
        self.block_on(future)
    }
}

impl Runtime for Smol {
    type Stream = AsyncIoStream;
    type Listener = AsyncIoListener;
    type Sleep = ThreadSleep;

    fn now(&self) -> Instant {
        Instant::ZERO + self.epoch.elapsed()
    }

    fn sleep_until(&self, deadline: Instant) -> ThreadSleep {
        ThreadSleep::until(deadline, self.epoch)
    }

    fn spawn<F>(&self, future: F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        self.executor.spawn(future).detach();
    }

    async fn connect(&self, addr: SocketAddr) -> io::Result<AsyncIoStream> {
        stream::connect(addr).await
    }

    #[cfg(unix)]
    async fn connect_local(&self, path: &std::path::Path) -> io::Result<super::LocalStream> {
        stream::connect_local(path).await
    }

    async fn listen(&self, addr: SocketAddr) -> io::Result<AsyncIoListener> {
        AsyncIoListener::new(addr)
    }

    async fn resolve(&self, host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
        async_net::resolve((host, port)).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rt::conformance;

    #[test]
    fn smol_is_a_runtime() {
        let runtime = Smol::new();
        runtime.block_on(conformance::test_all(&runtime));
    }

    #[test]
    fn smol_on_several_threads_is_a_runtime() {
        let runtime = Smol::new();
        conformance::with_others_waiting(&runtime, || {
            runtime.block_on(conformance::test_all(&runtime));
        });
    }

    #[test]
    #[cfg(unix)]
    fn it_connects_to_local_sockets() {
        let runtime = Smol::new();
        runtime.block_on(conformance::test_local(&runtime));
    }

    #[test]
    fn neither_end_waits_for_more_to_send() {
        let runtime = Smol::new();
        let (one, other) = runtime.block_on(conformance::pair(&runtime));
        assert!(one.get_ref().nodelay().unwrap() && other.get_ref().nodelay().unwrap());
    }
}
