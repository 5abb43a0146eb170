//! The adapter for async-std.
//!
//! async-std has been discontinued in favour of smol (RUSTSEC-2025-0052), so
//! it has to be asked for; nothing outside of this file knows it.

use super::listen::listen;
use super::{AsyncIoSleep, BlockOn, Instant, Listener, Runtime};
use async_global_executor::GlobalExecutorConfig;
use async_std::net::{TcpListener, TcpStream};
use async_std::task;
use futures_io::{AsyncRead, AsyncWrite};
use std::fmt;
use std::future::Future;
use std::io::{self, IoSlice, IoSliceMut};
use std::net::{Shutdown, SocketAddr, ToSocketAddrs as _};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

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
    type Stream = AsyncStdStream;
    type Listener = AsyncStdListener;
    // async-std's own is not a type that can be named or set anew. This is
    // what it has inside.
    type Sleep = AsyncIoSleep;

    fn now(&self) -> Instant {
        Instant::ZERO + self.epoch.elapsed()
    }

    fn sleep_until(&self, deadline: Instant) -> AsyncIoSleep {
        AsyncIoSleep::until(deadline, self.epoch)
    }

    fn spawn<F>(&self, future: F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        drop(task::spawn(future));
    }

    async fn connect(&self, addr: SocketAddr) -> io::Result<AsyncStdStream> {
        prepare(TcpStream::connect(addr).await?)
    }

    async fn listen(&self, addr: SocketAddr) -> io::Result<AsyncStdListener> {
        let listener = Arc::new(TcpListener::from(listen(addr)?));
        Ok(AsyncStdListener {
            listener,
            accepting: None,
        })
    }

    async fn resolve(&self, host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
        // As async-std's `ToSocketAddrs` does it; but that one's errors do not
        // say why.
        let host = host.to_owned();
        task::spawn_blocking(move || Ok((host.as_str(), port).to_socket_addrs()?.collect())).await
    }
}

fn prepare(stream: TcpStream) -> io::Result<AsyncStdStream> {
    stream.set_nodelay(true)?;
    Ok(AsyncStdStream(stream))
}

/// A listening socket of [`AsyncStd`].
pub struct AsyncStdListener {
    listener: Arc<TcpListener>,
    // async-std cannot be polled for a connection, only asked for the future
    // of one. It stays until it is ready, since the task is woken through it.
    accepting: Option<Accepting>,
}

type Accepting = Pin<Box<dyn Future<Output = io::Result<(TcpStream, SocketAddr)>> + Send>>;

impl Listener for AsyncStdListener {
    type Stream = AsyncStdStream;

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    fn poll_accept(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<(AsyncStdStream, SocketAddr)>> {
        let accepting = self.accepting.get_or_insert_with(|| {
            let listener = Arc::clone(&self.listener);
            Box::pin(async move { listener.accept().await })
        });
        let accepted = ready!(accepting.as_mut().poll(cx));
        self.accepting = None;
        Poll::Ready(accepted.and_then(|(stream, peer)| Ok((prepare(stream)?, peer))))
    }
}

impl fmt::Debug for AsyncStdListener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("AsyncStdListener")
            .field(&self.listener)
            .finish()
    }
}

/// A connection of [`AsyncStd`]: async-std's own, except that closing it ends
/// the outgoing half.
#[derive(Debug)]
pub struct AsyncStdStream(TcpStream);

impl AsyncRead for AsyncStdStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        space: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_read(cx, space)
    }

    fn poll_read_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        spaces: &mut [IoSliceMut<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_read_vectored(cx, spaces)
    }
}

impl AsyncWrite for AsyncStdStream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        parts: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write_vectored(cx, parts)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(self.0.shutdown(Shutdown::Write))
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
    fn neither_end_waits_for_more_to_send() {
        let runtime = AsyncStd::new();
        let (one, other) = runtime.block_on(conformance::pair(&runtime));
        assert!(one.0.nodelay().unwrap() && other.0.nodelay().unwrap());
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
