//! The adapter for async-std.
//!
//! async-std has been discontinued in favour of smol (RUSTSEC-2025-0052), so
//! it has to be asked for; nothing outside of this file knows it.

use super::{AsyncIoListener, AsyncIoStream, ThreadSleep, stream};
use super::{BlockOn, Instant, Runtime};
use async_global_executor::GlobalExecutorConfig;
use async_std::task;
use std::future::Future;
use std::io;
use std::net::{SocketAddr, ToSocketAddrs as _};

/// async-std's executor and reactor, of which a process has one.
///
/// Tasks run on a thread of their own, from [`AsyncStd::new`] until the process
/// ends. It is one thread, not one for each processor as otherwise with
/// async-std: servers whose state belongs to one task are only slowed down by
/// tasks that move between threads. The environment variable
/// `ASYNC_STD_THREAD_COUNT` asks for more.
#[derive(Clone, Debug)]
pub struct AsyncStd {
    epoch: std::time::Instant,
}

impl AsyncStd {
    /// A handle to the executor, which is started with one thread unless it
    /// runs already.
    ///
    /// # Panics
    ///
    /// If the system has no thread left.
    #[must_use]
    pub fn new() -> Self {
        // async-std would do the same at its first use, without `min_threads`.
        // Whoever comes second changes nothing.
        let config = GlobalExecutorConfig::default()
            .with_env_var("ASYNC_STD_THREAD_COUNT")
            .with_min_threads(1)
            .with_thread_name_fn(|| "async-std/runtime".to_owned());
        async_global_executor::init_with_config(config);
        Self {
            epoch: std::time::Instant::now(),
        }
    }

    /// Runs `future` on this thread to its end. Tasks go on whether or not
    /// anybody is in here.
    pub fn block_on<F: Future>(&self, future: F) -> F::Output {
        task::block_on(future)
    }
}

impl Default for AsyncStd {
    fn default() -> Self {
        Self::new()
    }
}

impl BlockOn for AsyncStd {
    fn block_on<F: Future>(&self, future: F) -> F::Output {
        self.block_on(future)
    }
}

impl Runtime for AsyncStd {
    // What async-std's own types have inside. Its timer cannot be named or set
    // anew, its listener is asked for futures, its streams cannot end the
    // outgoing half when they are closed.
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
        drop(task::spawn(future));
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
        // As async-std's `ToSocketAddrs` does it; but that one's errors do not
        // say why.
        let host = host.to_owned();
        task::spawn_blocking(move || Ok((host.as_str(), port).to_socket_addrs()?.collect())).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rt::conformance;
    use std::collections::HashSet;
    use std::sync::mpsc;
    use std::thread;

    #[test]
    fn async_std_is_a_runtime() {
        let runtime = AsyncStd::new();
        runtime.block_on(conformance::test_all(&runtime));
    }

    #[test]
    #[cfg(unix)]
    fn it_connects_to_local_sockets() {
        let runtime = AsyncStd::new();
        runtime.block_on(conformance::test_local(&runtime));
    }

    #[test]
    fn neither_end_waits_for_more_to_send() {
        let runtime = AsyncStd::new();
        let (one, other) = runtime.block_on(conformance::pair(&runtime));
        assert!(one.get_ref().nodelay().unwrap() && other.get_ref().nodelay().unwrap());
    }

    #[test]
    fn tasks_run_on_one_thread_unless_more_are_asked_for() {
        let asked_for = std::env::var("ASYNC_STD_THREAD_COUNT").ok();
        let most = asked_for.map_or(1, |count| count.parse().unwrap());
        let runtime = AsyncStd::new();
        let (report, reported) = mpsc::channel();
        for _ in 0..1000 {
            let report = report.clone();
            runtime.spawn(async move {
                task::yield_now().await;
                report.send(thread::current().id()).unwrap();
            });
        }
        drop(report);
        let threads: HashSet<_> = reported.iter().collect();
        assert!((1..=most).contains(&threads.len()), "{threads:?}");
    }
}
