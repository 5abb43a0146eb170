//! Listening sockets over async-io, the reactor that smol and async-std share.

use super::{AsyncIoStream, Listener, listen};
use async_io::Async;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::task::{Context, Poll, ready};

/// A listening socket, for the runtimes that are built on async-io.
#[derive(Debug)]
pub struct AsyncIoListener(Async<TcpListener>);

impl AsyncIoListener {
    /// Listens on `addr`.
    pub(super) fn new(addr: SocketAddr) -> io::Result<Self> {
        Async::new(listen::listen(addr)?).map(Self)
    }
}

impl Listener for AsyncIoListener {
    type Stream = AsyncIoStream;

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.0.get_ref().local_addr()
    }

    fn poll_accept(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<(AsyncIoStream, SocketAddr)>> {
        loop {
            match self.0.get_ref().accept() {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Poll::Ready(Err(error)),
                Ok((stream, peer)) => {
                    let stream = Async::new(stream).and_then(AsyncIoStream::prepared);
                    let accepted = stream.map(|stream| (stream, peer));
                    return Poll::Ready(accepted.map_err(listen::about_one_connection));
                }
            }
            ready!(self.0.poll_readable(cx))?;
        }
    }
}
