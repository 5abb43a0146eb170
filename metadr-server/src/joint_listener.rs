//! Several sockets as one.

use metadr_runtime::rt::Listener;
use std::io;
use std::net::SocketAddr;
use std::task::{Context, Poll};

/// Accepts what any of several sockets accepts. A name often stands for an
/// address of IPv4 and one of IPv6, and both together are one port to those
/// who configure it and to the cap on its connections.
#[derive(Debug)]
pub(crate) struct JointListener<L> {
    listeners: Vec<L>,
    /// Whose turn it is.
    next: usize,
}

impl<L> JointListener<L> {
    /// Joins these, of which there is at least one.
    pub(crate) fn new(listeners: Vec<L>) -> Self {
        assert!(!listeners.is_empty(), "a port has a socket");
        Self { listeners, next: 0 }
    }
}

impl<L: Listener> Listener for JointListener<L> {
    type Stream = L::Stream;

    /// That of the first.
    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listeners[0].local_addr()
    }

    fn poll_accept(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<(Self::Stream, SocketAddr)>> {
        let count = self.listeners.len();
        for _ in 0..count {
            let listener = &mut self.listeners[self.next];
            self.next = (self.next + 1) % count;
            if let Poll::Ready(accepted) = listener.poll_accept(cx) {
                return Poll::Ready(accepted);
            }
        }
        Poll::Pending
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::task::noop_waker;

    /// A socket at which so many wait.
    struct Waiting(u16, usize);

    impl Listener for Waiting {
        type Stream = u16;

        fn local_addr(&self) -> io::Result<SocketAddr> {
            Ok(SocketAddr::from(([127, 0, 0, 1], self.0)))
        }

        fn poll_accept(&mut self, _: &mut Context<'_>) -> Poll<io::Result<(u16, SocketAddr)>> {
            if self.1 == 0 {
                return Poll::Pending;
            }
            self.1 -= 1;
            Poll::Ready(self.local_addr().map(|address| (self.0, address)))
        }
    }

    #[test]
    fn every_socket_has_its_turn() {
        let sockets = vec![Waiting(1, 3), Waiting(2, 0), Waiting(3, 2)];
        let mut joint = JointListener::new(sockets);
        let waker = noop_waker();
        let mut cx = Context::from_waker(&waker);
        let mut accepted = Vec::new();
        while let Poll::Ready(result) = joint.poll_accept(&mut cx) {
            accepted.push(result.expect("an address").0);
        }
        assert_eq!(accepted, [1, 3, 1, 3, 1]);
        assert_eq!(joint.local_addr().expect("an address").port(), 1);
    }
}
