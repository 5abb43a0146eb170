//! Listening sockets over async-io, the reactor that smol and async-std share.

use super::{AsyncIoStream, Listener, listen};
use async_io::{Async, ReadableOwned};
use std::future::Future as _;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

/// A listening socket, for the runtimes that are built on async-io.
#[derive(Debug)]
pub struct AsyncIoListener {
    socket: Arc<Async<TcpListener>>,
    // Nobody was there the last time: the reactor says when somebody is. It is
    // asked first, as that takes no system call, and the task may be woken for
    // many other reasons. Not by `poll_readable`: see the streams.
    readable: Option<ReadableOwned<TcpListener>>,
}

impl AsyncIoListener {
    /// Listens on `addr`.
    pub(super) fn new(addr: SocketAddr) -> io::Result<Self> {
        Ok(Self {
            socket: Arc::new(Async::new(listen::listen(addr)?)?),
            readable: None,
        })
    }
}

impl Listener for AsyncIoListener {
    type Stream = AsyncIoStream;

    fn local_addr(&self) -> io::Result<SocketAddr> {
        (*self.socket).get_ref().local_addr()
    }

    fn poll_accept(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<(AsyncIoStream, SocketAddr)>> {
        loop {
            if let Some(readable) = &mut self.readable {
                let waited = ready!(Pin::new(readable).poll(cx));
                self.readable = None;
                waited?;
            }
            let accepted = match (*self.socket).get_ref().accept() {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    self.readable = Some(Arc::clone(&self.socket).readable_owned());
                    continue;
                }
                accepted => accepted,
            };
            let prepared = accepted.and_then(|(stream, peer)| {
                let stream = Async::new(stream).and_then(AsyncIoStream::prepared);
                let stream = stream.map_err(listen::about_one_connection)?;
                Ok((stream, peer))
            });
            return Poll::Ready(prepared);
        }
    }
}
