//! Small helpers over any [`Runtime`].

use super::{Instant, Runtime};
use futures::future::{Either, select};
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::time::Duration;

/// Connects to the first of `addresses` that answers, each tried in turn for at
/// most `patience`. Gives the connection and the address it is to.
///
/// # Errors
///
/// That of the last address; [`io::ErrorKind::TimedOut`] if its time was up;
/// [`io::ErrorKind::NotFound`] if there are no addresses.
pub async fn connect_any<R: Runtime>(
    runtime: &R,
    addresses: &[SocketAddr],
    patience: Duration,
) -> io::Result<(R::Stream, SocketAddr)> {
    let mut last_error = io::Error::new(io::ErrorKind::NotFound, "no address to connect to");
    for &address in addresses {
        match timeout(runtime, patience, runtime.connect(address)).await {
            Some(Ok(stream)) => return Ok((stream, address)),
            Some(Err(error)) => last_error = error,
            None => last_error = io::ErrorKind::TimedOut.into(),
        }
    }
    Err(last_error)
}

/// Awaits `future` for at most `duration`; `None` if it was not ready by then,
/// and it is dropped.
pub async fn timeout<R: Runtime, F: Future>(
    runtime: &R,
    duration: Duration,
    future: F,
) -> Option<F::Output> {
    let deadline: Instant = runtime.now() + duration;
    let sleep = pin!(runtime.sleep_until(deadline));
    // The future first: if both are ready, its output counts.
    match select(pin!(future), sleep).await {
        Either::Left((output, _)) => Some(output),
        Either::Right(((), _)) => None,
    }
}
