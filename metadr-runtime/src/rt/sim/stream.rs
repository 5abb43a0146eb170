//! Connections and listening sockets, as their owners see them.

use super::Sim;
use super::connection::Way;
use super::network::ListenerKey;
use crate::rt::Listener;
use futures_io::{AsyncRead, AsyncWrite};
use std::fmt;
use std::io::{self, IoSlice};
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

/// A connection of [`Sim`]. Dropping it while something has arrived that was
/// not read resets it, as operating systems do.
pub struct SimStream {
    sim: Sim,
    way: Way,
}

impl SimStream {
    pub(super) fn new(sim: Sim, way: Way) -> Self {
        Self { sim, way }
    }

    /// The address of this end.
    #[must_use]
    pub fn local_addr(&self) -> SocketAddr {
        let way = self.way;
        self.sim
            .with(|network, _| network.connection(way).end(way.from).address)
    }

    /// The address of the other end.
    #[must_use]
    pub fn peer_addr(&self) -> SocketAddr {
        let way = self.way;
        self.sim
            .with(|network, _| network.connection(way).end(way.back().from).address)
    }

    pub(super) fn poll_connected(&self, cx: &Context<'_>) -> Poll<io::Result<()>> {
        self.sim
            .with(|network, schedule| network.connection(self.way).poll_connected(cx, schedule))
    }
}

impl AsyncRead for SimStream {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        space: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        self.sim
            .with(|network, schedule| network.poll_read(self.way, cx, space, schedule))
    }
}

impl AsyncWrite for SimStream {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.poll_write_vectored(cx, &[IoSlice::new(bytes)])
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        parts: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.sim
            .with(|network, schedule| network.poll_write(self.way, cx, parts, schedule))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        let closed = self
            .sim
            .with(|network, schedule| network.close(self.way, schedule));
        Poll::Ready(closed)
    }
}

impl Drop for SimStream {
    fn drop(&mut self) {
        self.sim
            .with(|network, schedule| network.abandon(self.way, schedule));
    }
}

impl fmt::Debug for SimStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SimStream").field(&self.way).finish()
    }
}

/// A listening socket of [`Sim`]. Dropping it ends the connections that nobody
/// has accepted.
pub struct SimListener {
    sim: Sim,
    key: ListenerKey,
}

impl SimListener {
    pub(super) fn new(sim: Sim, key: ListenerKey) -> Self {
        Self { sim, key }
    }
}

impl Listener for SimListener {
    type Stream = SimStream;

    fn local_addr(&self) -> io::Result<SocketAddr> {
        Ok(self.key.address)
    }

    fn poll_accept(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<(SimStream, SocketAddr)>> {
        let accepted = self
            .sim
            .with(|network, schedule| network.poll_accept(self.key, cx, schedule));
        let (way, peer) = ready!(accepted);
        Poll::Ready(Ok((SimStream::new(self.sim.clone(), way), peer)))
    }
}

impl Drop for SimListener {
    fn drop(&mut self) {
        self.sim
            .with(|network, schedule| network.stop_listening(self.key, schedule));
    }
}

impl fmt::Debug for SimListener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SimListener")
            .field(&self.key.address)
            .finish()
    }
}
