//! The adapter for smol's executor and reactor.

use super::listen::listen;
use super::{AsyncIoSleep, BlockOn, Instant, Listener, Runtime};
use async_executor::Executor;
use async_io::Async;
use async_net::TcpStream;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

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
    // Not async_io's `Async<TcpStream>`: that one does not end the outgoing
    // half when it is closed.
    type Stream = TcpStream;
    type Listener = SmolListener;
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
        self.executor.spawn(future).detach();
    }

    async fn connect(&self, addr: SocketAddr) -> io::Result<TcpStream> {
        prepare(Async::<std::net::TcpStream>::connect(addr).await?)
    }

    async fn listen(&self, addr: SocketAddr) -> io::Result<SmolListener> {
        Async::new(listen(addr)?).map(SmolListener)
    }

    async fn resolve(&self, host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
        async_net::resolve((host, port)).await
    }
}

/// A listening socket of [`Smol`].
#[derive(Debug)]
pub struct SmolListener(Async<std::net::TcpListener>);

impl Listener for SmolListener {
    type Stream = TcpStream;

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.0.get_ref().local_addr()
    }

    fn poll_accept(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<(TcpStream, SocketAddr)>> {
        loop {
            match self.0.get_ref().accept() {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Poll::Ready(Err(error)),
                Ok((stream, peer)) => {
                    let stream = Async::new(stream).and_then(prepare);
                    return Poll::Ready(stream.map(|stream| (stream, peer)));
                }
            }
            ready!(self.0.poll_readable(cx))?;
        }
    }
}

fn prepare(stream: Async<std::net::TcpStream>) -> io::Result<TcpStream> {
    stream.get_ref().set_nodelay(true)?;
    Ok(TcpStream::from(stream))
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
    fn neither_end_waits_for_more_to_send() {
        let runtime = Smol::new();
        let (one, other) = runtime.block_on(conformance::pair(&runtime));
        assert!(one.nodelay().unwrap() && other.nodelay().unwrap());
    }
}
