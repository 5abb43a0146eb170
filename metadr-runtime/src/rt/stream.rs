//! Connections over async-io, the reactor that smol and async-std share.

use async_io::{Async, ReadableOwned, WritableOwned};
use futures_io::{AsyncRead, AsyncWrite};
use std::fmt;
use std::future::Future as _;
use std::io::{self, IoSlice, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

/// A connection, for the runtimes that are built on async-io.
///
/// Other than async-io's own types, closing it ends the outgoing half. And a
/// read that did not fill its space is followed by waiting for the reactor, not
/// by a read that would most likely find nothing.
pub struct AsyncIoStream<T = TcpStream> {
    socket: Arc<Async<T>>,
    // What has to be ready before the next attempt. These, and not
    // `poll_readable`: that one forgets at each poll since when it has waited,
    // and may then miss an event for as long as another thread has the reactor.
    readable: Option<ReadableOwned<T>>,
    writable: Option<WritableOwned<T>>,
}

/// Connects to `addr`.
pub(super) async fn connect(addr: SocketAddr) -> io::Result<AsyncIoStream> {
    AsyncIoStream::prepared(Async::<TcpStream>::connect(addr).await?)
}

/// Connects to the Unix socket at `path`.
#[cfg(unix)]
pub(super) async fn connect_local(path: &std::path::Path) -> io::Result<super::LocalStream> {
    let socket = Async::<std::os::unix::net::UnixStream>::connect(path).await?;
    Ok(Box::new(AsyncIoStream::new(socket)))
}

impl AsyncIoStream {
    /// The connection `socket`, which sends at once what is written to it.
    pub(super) fn prepared(socket: Async<TcpStream>) -> io::Result<Self> {
        socket.get_ref().set_nodelay(true)?;
        Ok(Self::new(socket))
    }
}

impl<T> AsyncIoStream<T> {
    fn new(socket: Async<T>) -> Self {
        Self {
            socket: Arc::new(socket),
            readable: None,
            writable: None,
        }
    }

    /// The socket, for its options and addresses.
    pub fn get_ref(&self) -> &T {
        (*self.socket).get_ref()
    }

    /// Has the next read wait for the reactor first. It tells as well of what
    /// arrives before that.
    fn wait_to_read(&mut self) {
        self.readable = Some(Arc::clone(&self.socket).readable_owned());
    }

    /// Writes by `attempt`, once there is room.
    fn poll_attempt(
        &mut self,
        cx: &mut Context<'_>,
        mut attempt: impl FnMut(&T) -> io::Result<usize>,
    ) -> Poll<io::Result<usize>> {
        loop {
            if let Some(writable) = &mut self.writable {
                let waited = ready!(Pin::new(writable).poll(cx));
                self.writable = None;
                waited?;
            }
            match attempt(self.get_ref()) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    self.writable = Some(Arc::clone(&self.socket).writable_owned());
                }
                result => return Poll::Ready(result),
            }
        }
    }
}

impl<T> AsyncRead for AsyncIoStream<T>
where
    T: Send + Sync + 'static,
    for<'a> &'a T: Read,
{
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        space: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        loop {
            if let Some(readable) = &mut self.readable {
                let waited = ready!(Pin::new(readable).poll(cx));
                self.readable = None;
                waited?;
            }
            match self.get_ref().read(space) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => self.wait_to_read(),
                // None at all would be the end, which stays.
                Ok(count) if 0 < count && count < space.len() => {
                    self.wait_to_read();
                    return Poll::Ready(Ok(count));
                }
                result => return Poll::Ready(result),
            }
        }
    }
}

impl<T> AsyncWrite for AsyncIoStream<T>
where
    T: Half + Send + Sync + 'static,
    for<'a> &'a T: Write,
{
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.poll_attempt(cx, |mut socket| socket.write(bytes))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        parts: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.poll_attempt(cx, |mut socket| socket.write_vectored(parts))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        // A socket holds nothing back.
        Poll::Ready(Ok(()))
    }

    fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(self.get_ref().end_outgoing())
    }
}

impl<T: fmt::Debug> fmt::Debug for AsyncIoStream<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("AsyncIoStream")
            .field(self.get_ref())
            .finish()
    }
}

/// A socket whose outgoing half can be ended alone.
trait Half {
    fn end_outgoing(&self) -> io::Result<()>;
}

impl Half for TcpStream {
    fn end_outgoing(&self) -> io::Result<()> {
        self.shutdown(Shutdown::Write)
    }
}

#[cfg(unix)]
impl Half for std::os::unix::net::UnixStream {
    fn end_outgoing(&self) -> io::Result<()> {
        self.shutdown(Shutdown::Write)
    }
}
