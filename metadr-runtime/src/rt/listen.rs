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
