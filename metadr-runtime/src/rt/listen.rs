//! A listening socket of the system's, for the adapters whose runtimes make
//! one as the standard library does.

use socket2::{Domain, Protocol, Socket, Type};
use std::io;
use std::net::{SocketAddr, TcpListener};

/// Connections that may wait to be accepted, as far as the system allows. When
/// a replica fails, the clients of a whole group come at once: of those that
/// find the queue full, each tries again a second later. The standard library
/// asks for 128.
const BACKLOG: i32 = 4096;

/// Listens on `addr`.
///
/// # Errors
///
/// Those of the operating system.
pub(super) fn listen(addr: SocketAddr) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(addr), Type::STREAM, Some(Protocol::TCP))?;
    // On Windows it would let others take a port that is in use.
    #[cfg(not(windows))]
    socket.set_reuse_address(true)?;
    socket.bind(&addr.into())?;
    socket.listen(BACKLOG)?;
    Ok(socket.into())
}

/// What an error means that an accepted connection gave when it was set up.
///
/// On macOS and BSD, the sockets of peers that have left already take no
/// options: the system calls that an invalid argument, as it does what is wrong
/// with a listener.
pub(super) fn about_one_connection(error: io::Error) -> io::Error {
    match error.kind() {
        io::ErrorKind::InvalidInput => io::Error::new(io::ErrorKind::ConnectionAborted, error),
        _ => error,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_peer_that_left_at_once_is_not_the_end_of_the_listener() {
        let kind = |kind: io::ErrorKind| about_one_connection(kind.into()).kind();
        let aborted = io::ErrorKind::ConnectionAborted;
        assert_eq!(kind(io::ErrorKind::InvalidInput), aborted);
        assert_eq!(kind(io::ErrorKind::OutOfMemory), io::ErrorKind::OutOfMemory);
    }
}
