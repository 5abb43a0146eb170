//! What every [`Runtime`] must do, as one test for the adapters to run.
//!
//! Nothing here depends on how fast the machine is: a short time is compared
//! only with one that is never reached.

mod abandoned;
mod listeners;
#[cfg(unix)]
mod local;
mod names;
mod streams;
mod tasks;
mod timers;

#[cfg(test)]
use super::BlockOn;
use super::{Listener, Runtime, timeout};
#[cfg(test)]
use futures::channel::oneshot;
use futures::future::join;
use std::future::poll_fn;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::pin::{Pin, pin};
use std::task::Poll;
use std::time::Duration;

const SHORT: Duration = Duration::from_millis(20);
const NEVER: Duration = Duration::from_secs(3600);
const PATIENCE: Duration = Duration::from_secs(60);

/// Checks `runtime`, in a future that it runs itself.
///
/// # Panics
///
/// If the runtime does not behave.
pub async fn test_all<R: Runtime>(runtime: &R) {
    test_all_but_threads(runtime).await;
    test_threads(runtime).await;
}

/// Checks all that `runtime` does on its own.
///
/// # Panics
///
/// If the runtime does not behave.
pub async fn test_all_but_threads<R: Runtime>(runtime: &R) {
    timers::fire(runtime).await;
    let rest = async {
        timers::test_all(runtime).await;
        tasks::test_all(runtime).await;
        names::test_all(runtime).await;
        streams::test_all(runtime).await;
        listeners::test_all(runtime).await;
        abandoned::test_all(runtime).await;
    };
    timeout(runtime, PATIENCE, rest).await.expect("no deadlock");
}

/// Checks what other threads do to `runtime`.
///
/// # Panics
///
/// If the runtime does not behave.
pub async fn test_threads<R: Runtime>(runtime: &R) {
    let test = tasks::a_task_is_woken_from_any_thread(runtime);
    timeout(runtime, PATIENCE, test).await.expect("no deadlock");
}

/// Checks that `runtime` connects to Unix sockets.
///
/// # Panics
///
/// If it does not.
#[cfg(unix)]
pub async fn test_local<R: Runtime>(runtime: &R) {
    let test = local::test_all(runtime);
    timeout(runtime, PATIENCE, test).await.expect("no deadlock");
}

/// Both ends of a connection: who connected, and who accepted.
pub(super) async fn pair<R: Runtime>(runtime: &R) -> (R::Stream, R::Stream) {
    let mut listener = listen(runtime).await;
    let address = listener.local_addr().unwrap();
    assert_ne!(address.port(), 0);
    let (client, server) = join(runtime.connect(address), accept::<R>(&mut listener)).await;
    (client.unwrap(), server.unwrap())
}

/// Runs `test` while other threads wait in `runtime`, so that any of them may
/// run its tasks and its reactor.
#[cfg(test)]
pub(super) fn with_others_waiting<R: BlockOn>(runtime: &R, test: impl FnOnce()) {
    std::thread::scope(|scope| {
        let stops: Vec<_> = (0..3)
            .map(|_| {
                let (stop, stopped) = oneshot::channel::<()>();
                scope.spawn(|| runtime.block_on(stopped));
                stop
            })
            .collect();
        test();
        drop(stops);
    });
}

async fn listen<R: Runtime>(runtime: &R) -> R::Listener {
    let any_port = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    runtime.listen(any_port).await.unwrap()
}

async fn accept<R: Runtime>(listener: &mut R::Listener) -> io::Result<R::Stream> {
    let (stream, peer) = poll_fn(|cx| listener.poll_accept(cx)).await?;
    assert!(peer.ip().is_loopback());
    Ok(stream)
}

async fn poll_once<F: Future>(mut future: Pin<&mut F>) -> Poll<F::Output> {
    poll_fn(|cx| Poll::Ready(future.as_mut().poll(cx))).await
}

/// Polls `future` once, and drops it.
async fn abandon<F: Future>(future: F) -> Poll<F::Output> {
    poll_once(pin!(future)).await
}

async fn pause<R: Runtime>(runtime: &R) {
    runtime.sleep_until(runtime.now() + SHORT).await;
}
