//! The adapter for tokio, on its own executor and reactor.

use super::listen::{about_one_connection, listen};
use super::{BlockOn, Instant, Listener, Runtime, Sleep};
use futures_io::{AsyncRead, AsyncWrite};
use std::fmt;
use std::future::{Future, poll_fn};
use std::io::{self, IoSlice};
use std::net::{SocketAddr, ToSocketAddrs as _};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::ReadBuf;
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::{Builder, Handle};
use tokio::time;

/// tokio: a runtime of its own, or one that is there already.
///
/// - [`Tokio::new`] runs tasks on the threads that are in [`Tokio::block_on`],
///   one at a time: with one such thread, no task ever moves between threads.
///   A task that has not ended when the last of them leaves stays where it is
///   until another enters.
/// - [`Tokio::multi_thread`] runs them on threads of its own.
/// - [`Tokio::current`], or a [`Handle`], is for programs that run under tokio
///   anyway: `metadr::rpc` then shares their runtime.
///
/// Whoever brings a runtime has both its drivers enabled
/// ([`Builder::enable_all`]); without them, tokio panics at the first use.
/// What is awaited need not be awaited inside of the runtime.
///
/// A runtime that was made here ends when its last handle goes, and drops its
/// tasks. Timers fire up to a millisecond late.
///
/// ```
/// use metadr_runtime::rt::{Runtime, Tokio};
/// use std::io;
/// use std::net::SocketAddr;
///
/// async fn find<R: Runtime>(runtime: &R) -> io::Result<Vec<SocketAddr>> {
///     runtime.resolve("localhost", 111).await
/// }
///
/// // Of its own,
/// let runtime = Tokio::new();
/// let found = runtime.block_on(find(&runtime))?;
///
/// // or the program's.
/// let program = tokio::runtime::Runtime::new()?;
/// let again = program.block_on(async { find(&Tokio::current()).await })?;
/// assert_eq!(found, again);
/// # Ok::<(), io::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Tokio {
    handle: Handle,
    owned: Option<Arc<Owned>>,
    epoch: std::time::Instant,
}

impl Tokio {
    /// A runtime of its own, which runs on whoever waits in it.
    ///
    /// # Panics
    ///
    /// If the system has no file descriptors left.
    #[must_use]
    pub fn new() -> Self {
        let runtime = Builder::new_current_thread().enable_all().build();
        Self::from(runtime.expect("the system lets a reactor be made"))
    }

    /// A runtime of its own with so many threads.
    ///
    /// # Panics
    ///
    /// If there are to be none, or if the system has no threads or file
    /// descriptors left.
    #[must_use]
    pub fn multi_thread(threads: usize) -> Self {
        let mut builder = Builder::new_multi_thread();
        let runtime = builder.worker_threads(threads).enable_all().build();
        Self::from(runtime.expect("the system lets a reactor and threads be made"))
    }

    /// The runtime that the caller runs under.
    ///
    /// # Panics
    ///
    /// If that is none of tokio's.
    #[must_use]
    pub fn current() -> Self {
        Self::from(Handle::current())
    }

    /// Runs `future` on this thread to its end. If the runtime has no threads
    /// of its own, its tasks run along with it; but if it came as a [`Handle`],
    /// somebody else has to run them.
    ///
    /// # Panics
    ///
    /// Inside of a runtime of tokio's, this one or another: blocking would keep
    /// it from its work.
    pub fn block_on<F: Future>(&self, future: F) -> F::Output {
        match self.owned.as_deref() {
            Some(Owned(Some(runtime))) => runtime.block_on(future),
            _ => self.handle.block_on(future),
        }
    }

    /// Awaits a future of tokio's that may be polled outside of it.
    async fn within<F: Future>(&self, future: F) -> F::Output {
        let mut future = pin!(future);
        poll_fn(|cx| {
            let _entered = self.handle.enter();
            future.as_mut().poll(cx)
        })
        .await
    }
}

impl Default for Tokio {
    fn default() -> Self {
        Self::new()
    }
}

/// A runtime that somebody else owns.
impl From<Handle> for Tokio {
    fn from(handle: Handle) -> Self {
        Self {
            handle,
            owned: None,
            epoch: std::time::Instant::now(),
        }
    }
}

/// A runtime with the settings that its maker chose.
impl From<tokio::runtime::Runtime> for Tokio {
    fn from(runtime: tokio::runtime::Runtime) -> Self {
        let handle = runtime.handle().clone();
        Self {
            owned: Some(Arc::new(Owned(Some(runtime)))),
            ..Self::from(handle)
        }
    }
}

/// There until it is dropped. One of its own tasks may do that, which must not
/// wait for the others to end, as it would otherwise.
#[derive(Debug)]
struct Owned(Option<tokio::runtime::Runtime>);

impl Drop for Owned {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

impl BlockOn for Tokio {
    fn block_on<F: Future>(&self, future: F) -> F::Output {
        self.block_on(future)
    }
}

impl Runtime for Tokio {
    type Stream = TokioStream;
    type Listener = TokioListener;
    type Sleep = TokioSleep;

    fn now(&self) -> Instant {
        Instant::ZERO + self.epoch.elapsed()
    }

    fn sleep_until(&self, deadline: Instant) -> TokioSleep {
        let _entered = self.handle.enter();
        let deadline = tokio_instant(deadline, self.epoch);
        TokioSleep {
            timer: Box::pin(time::sleep_until(deadline)),
            epoch: self.epoch,
        }
    }

    fn spawn<F>(&self, future: F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        drop(self.handle.spawn(future));
    }

    async fn connect(&self, addr: SocketAddr) -> io::Result<TokioStream> {
        prepare(self.within(TcpStream::connect(addr)).await?)
    }

    #[cfg(unix)]
    async fn connect_local(&self, path: &std::path::Path) -> io::Result<super::LocalStream> {
        let stream = self.within(tokio::net::UnixStream::connect(path)).await?;
        Ok(Box::new(TokioStream(stream)))
    }

    async fn listen(&self, addr: SocketAddr) -> io::Result<TokioListener> {
        let listener = listen(addr)?;
        listener.set_nonblocking(true)?;
        let _entered = self.handle.enter();
        Ok(TokioListener {
            listener: TcpListener::from_std(listener)?,
            handle: self.handle.clone(),
        })
    }

    async fn resolve(&self, host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
        let host = host.to_owned();
        let resolve = move || Ok((host.as_str(), port).to_socket_addrs()?.collect());
        let resolved = self.handle.spawn_blocking(resolve).await;
        // The runtime may have ended.
        resolved.unwrap_or_else(|error| Err(error.into()))
    }
}

fn tokio_instant(instant: Instant, epoch: std::time::Instant) -> time::Instant {
    /// Longer than anybody waits, and no clock is at its end by then.
    const FAR: Duration = Duration::from_secs(60 * 60 * 24 * 365 * 30);
    let since_epoch = Duration::from_nanos(instant.as_nanos());
    let instant = epoch.checked_add(since_epoch);
    instant.map_or_else(|| time::Instant::now() + FAR, time::Instant::from_std)
}

fn prepare(stream: TcpStream) -> io::Result<TokioStream> {
    stream.set_nodelay(true)?;
    Ok(TokioStream(stream))
}

/// A listening socket of [`Tokio`].
#[derive(Debug)]
pub struct TokioListener {
    listener: TcpListener,
    handle: Handle,
}

impl Listener for TokioListener {
    type Stream = TokioStream;

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    fn poll_accept(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<(TokioStream, SocketAddr)>> {
        // The reactor of the new connection.
        let _entered = self.handle.enter();
        let (stream, peer) = ready!(self.listener.poll_accept(cx))?;
        let accepted = prepare(stream).map(|stream| (stream, peer));
        Poll::Ready(accepted.map_err(about_one_connection))
    }
}

/// A timer of [`Tokio`].
#[derive(Debug)]
pub struct TokioSleep {
    timer: Pin<Box<time::Sleep>>,
    epoch: std::time::Instant,
}

impl Future for TokioSleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        self.timer.as_mut().poll(cx)
    }
}

impl Sleep for TokioSleep {
    fn reset(mut self: Pin<&mut Self>, deadline: Instant) {
        let deadline = tokio_instant(deadline, self.epoch);
        self.timer.as_mut().reset(deadline);
    }
}

/// A connection of [`Tokio`], with the traits of futures-io.
pub struct TokioStream<T = TcpStream>(T);

impl<T> TokioStream<T> {
    /// tokio's own stream, for its options and addresses.
    pub fn get_ref(&self) -> &T {
        &self.0
    }
}

impl<T: tokio::io::AsyncRead + Unpin> AsyncRead for TokioStream<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        space: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        let mut space = ReadBuf::new(space);
        ready!(Pin::new(&mut self.0).poll_read(cx, &mut space))?;
        Poll::Ready(Ok(space.filled().len()))
    }
}

impl<T: tokio::io::AsyncWrite + Unpin> AsyncWrite for TokioStream<T> {
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

    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}

impl<T: fmt::Debug> fmt::Debug for TokioStream<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("TokioStream").field(&self.0).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rt::conformance;
    use futures::channel::oneshot;
    use std::sync::mpsc;
    use std::task::{Wake, Waker};
    use std::thread::{self, Thread};

    #[test]
    fn tokio_on_one_thread_is_a_runtime() {
        let runtime = Tokio::new();
        runtime.block_on(conformance::test_all(&runtime));
    }

    #[test]
    fn tokio_on_threads_that_take_turns_is_a_runtime() {
        let runtime = Tokio::new();
        conformance::with_others_waiting(&runtime, || {
            runtime.block_on(conformance::test_all(&runtime));
        });
    }

    #[test]
    fn tokio_on_threads_of_its_own_is_a_runtime() {
        let runtime = Tokio::multi_thread(2);
        runtime.block_on(conformance::test_all(&runtime));
    }

    #[test]
    fn tokio_that_is_there_already_is_a_runtime() {
        let theirs = Builder::new_current_thread().enable_all().build().unwrap();
        theirs.block_on(async { conformance::test_all(&Tokio::current()).await });
        theirs.block_on(conformance::test_all(&Tokio::from(theirs.handle().clone())));
    }

    /// Such as a task of smol's that calls somebody over tokio's sockets.
    #[test]
    fn its_futures_may_be_awaited_outside_of_it() {
        let runtime = Tokio::multi_thread(1);
        wait(conformance::test_all(&runtime));
        #[cfg(unix)]
        wait(conformance::test_local(&runtime));
    }

    /// Runs `future` on this thread, which belongs to no runtime.
    fn wait<F: Future>(future: F) -> F::Output {
        let waker = Waker::from(Arc::new(Sleeper(thread::current())));
        let mut future = pin!(future);
        loop {
            match future.as_mut().poll(&mut Context::from_waker(&waker)) {
                Poll::Ready(output) => return output,
                Poll::Pending => thread::park(),
            }
        }
    }

    struct Sleeper(Thread);

    impl Wake for Sleeper {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }

    #[test]
    #[cfg(unix)]
    fn it_connects_to_local_sockets() {
        let runtime = Tokio::new();
        runtime.block_on(conformance::test_local(&runtime));
    }

    #[test]
    fn neither_end_waits_for_more_to_send() {
        let runtime = Tokio::new();
        let (one, other) = runtime.block_on(conformance::pair(&runtime));
        assert!(one.get_ref().nodelay().unwrap() && other.get_ref().nodelay().unwrap());
    }

    #[test]
    fn the_last_handle_may_go_in_a_task() {
        let runtime = Tokio::multi_thread(1);
        let (go, wait) = oneshot::channel::<()>();
        let (report, gone) = mpsc::channel();
        let last = runtime.clone();
        runtime.spawn(async move {
            wait.await.unwrap();
            drop(last);
            report.send(()).unwrap();
        });
        drop(runtime);
        go.send(()).unwrap();
        gone.recv().unwrap();
    }
}
