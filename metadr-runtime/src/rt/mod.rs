//! What the drivers need of an async runtime, and an adapter for each supported one.
//!
//! The drivers are generic over [`Runtime`]; only the module of an adapter
//! names a runtime crate, and every adapter has a feature of its own that adds
//! it and changes nothing else. A binary chooses one in `main`.

mod alarm;
#[cfg(feature = "async-std")]
mod async_std;
#[doc(hidden)]
pub mod conformance;
mod connect;
mod instant;
#[cfg(any(feature = "async-std", feature = "smol", feature = "tokio"))]
mod listen;
#[cfg(any(feature = "async-std", feature = "smol"))]
mod listener;
#[cfg(feature = "sim")]
pub mod sim;
#[cfg(feature = "smol")]
mod smol;
#[cfg(any(feature = "async-std", feature = "smol"))]
mod stream;
#[cfg(any(feature = "async-std", feature = "smol"))]
mod timer;
#[cfg(any(feature = "async-std", feature = "smol"))]
mod timers;
#[cfg(feature = "tokio")]
mod tokio;

// Not the crates of these names.
#[cfg(feature = "async-std")]
pub use self::async_std::AsyncStd;
#[cfg(feature = "tokio")]
pub use self::tokio::{Tokio, TokioListener, TokioSleep, TokioStream};
pub(crate) use alarm::Alarm;
pub use connect::{connect_any, timeout};
pub use instant::Instant;
#[cfg(any(feature = "async-std", feature = "smol"))]
pub use listener::AsyncIoListener;
#[cfg(feature = "sim")]
pub use sim::Sim;
#[cfg(feature = "smol")]
pub use smol::Smol;
#[cfg(any(feature = "async-std", feature = "smol"))]
pub use stream::AsyncIoStream;
#[cfg(any(feature = "async-std", feature = "smol"))]
pub use timer::ThreadSleep;

use futures_io::{AsyncRead, AsyncWrite};
use std::future::{Future, ready};
use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::pin::Pin;
use std::task::{Context, Poll};

/// An async runtime: a clock, tasks and TCP.
///
/// A clone is another handle to the same runtime. Futures are [`Send`], which
/// costs nothing on an executor with one thread, since a task owns its state.
pub trait Runtime: Clone + Send + Sync + 'static {
    /// A TCP connection. Closing it ends the outgoing half only; dropping it ends both.
    type Stream: AsyncRead + AsyncWrite + Unpin + Send + 'static;
    /// A TCP socket that accepts connections.
    type Listener: Listener<Stream = Self::Stream>;
    /// A timer.
    type Sleep: Sleep;

    /// The time on the runtime's monotonic clock.
    fn now(&self) -> Instant;

    /// A timer that fires at `deadline`, at once if that has passed.
    fn sleep_until(&self, deadline: Instant) -> Self::Sleep;

    /// Runs `future` as a task of its own, to its end.
    fn spawn<F>(&self, future: F)
    where
        F: Future<Output = ()> + Send + 'static;

    /// Connects to `addr`, with `TCP_NODELAY` set: the drivers batch what they
    /// write, so waiting for more to send would only delay it.
    ///
    /// # Errors
    ///
    /// Those of the operating system.
    fn connect(&self, addr: SocketAddr) -> impl Future<Output = io::Result<Self::Stream>> + Send;

    /// Connects to the Unix socket at `path`.
    ///
    /// # Errors
    ///
    /// Those of the operating system; [`io::ErrorKind::Unsupported`] if it has
    /// no Unix sockets, or the runtime does not, as when it does not say how.
    fn connect_local(&self, path: &Path) -> impl Future<Output = io::Result<LocalStream>> + Send {
        let _ = path;
        ready(Err(io::ErrorKind::Unsupported.into()))
    }

    /// Listens on `addr`; port 0 takes any free port. An address on which
    /// connections of an earlier process linger can be taken again.
    ///
    /// # Errors
    ///
    /// Those of the operating system.
    fn listen(&self, addr: SocketAddr) -> impl Future<Output = io::Result<Self::Listener>> + Send;

    /// The addresses of `host`, a name or an address as text without brackets,
    /// each with `port`, in the order in which to try them.
    ///
    /// # Errors
    ///
    /// Those of the resolver, such as a name that does not exist.
    fn resolve(
        &self,
        host: &str,
        port: u16,
    ) -> impl Future<Output = io::Result<Vec<SocketAddr>>> + Send;
}

/// A connection over a Unix socket. Closing it ends the outgoing half only;
/// dropping it ends both.
pub type LocalStream = Box<dyn ReadWrite>;

/// Any connection, for those who need not know which one. It is implemented for
/// all that can be one.
pub trait ReadWrite: AsyncRead + AsyncWrite + Unpin + Send {}

impl<T: AsyncRead + AsyncWrite + Unpin + Send> ReadWrite for T {}

/// A runtime that a thread can wait in: what `main` needs, and whoever calls
/// async code from code that is not.
pub trait BlockOn: Runtime {
    /// Runs `future` on this thread to its end. At least so long, the runtime's
    /// tasks run as well, here or on another thread.
    fn block_on<F: Future>(&self, future: F) -> F::Output;
}

/// A socket that accepts connections.
pub trait Listener: Send + 'static {
    /// A connection.
    type Stream;

    /// The address it listens on, with the port that was really taken.
    ///
    /// # Errors
    ///
    /// Those of the operating system.
    fn local_addr(&self) -> io::Result<SocketAddr>;

    /// Accepts a connection, with `TCP_NODELAY` set; also gives the peer's address.
    ///
    /// # Errors
    ///
    /// Those of the operating system. The listener can be polled again.
    fn poll_accept(&mut self, cx: &mut Context<'_>)
    -> Poll<io::Result<(Self::Stream, SocketAddr)>>;
}

/// A timer: a future that is ready once its deadline has passed.
pub trait Sleep: Future<Output = ()> + Send {
    /// Sets another deadline, whether or not the timer has fired. The task
    /// must poll it again to be woken.
    fn reset(self: Pin<&mut Self>, deadline: Instant);
}
