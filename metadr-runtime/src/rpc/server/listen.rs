//! Accepts connections.

use super::budget::Budget;
use super::calls::catch;
use super::driver::{drive_server, in_order};
use super::{Limits, ServerCore, Service, Shutdown};
use crate::rpc::buffers::LargeBuffers;
use crate::rpc::trace::log;
use crate::rt::{Listener, Runtime};
use async_channel::Sender;
use futures::future::{Either, select};
use std::convert::Infallible;
use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::time::Duration;

/// How long to wait after an accept that failed, twice as long each time.
const MIN_PAUSE: Duration = Duration::from_millis(10);
const MAX_PAUSE: Duration = Duration::from_secs(1);

/// Serves every connection that `listener` accepts, each in a task of its own,
/// until `shutdown` starts and they have all ended.
///
/// When there are as many connections as [`Limits::max_connections`] allows,
/// further ones are closed at once. When the process has no file descriptor
/// left, connections wait until there is one again, and a line of the log says
/// so. If this future is dropped, connections that have been accepted go on.
///
/// A handler that panics costs its caller `SYSTEM_ERR`, and a line of the log.
///
/// # Errors
///
/// The listener's, when it cannot accept connections at all.
pub async fn serve<R, L, S>(
    runtime: R,
    mut listener: L,
    service: Arc<S>,
    limits: Limits,
    shutdown: Shutdown,
) -> io::Result<()>
where
    R: Runtime,
    L: Listener<Stream = R::Stream>,
    S: Service,
{
    // Closed when the last connection has dropped its end.
    let (alive, all_ended) = async_channel::bounded::<Infallible>(1);
    let connections = Connections {
        programs: service.programs().into(),
        local: listener.local_addr().ok(),
        runtime: runtime.clone(),
        budget: Budget::new(limits.max_total_bytes),
        received: LargeBuffers::default(),
        replies: LargeBuffers::default(),
        limits: in_order(&*service, limits),
        service,
        shutdown: shutdown.clone(),
        alive,
    };
    let mut stop = pin!(shutdown.started());
    let mut pause = MIN_PAUSE;
    loop {
        let accept = poll_fn(|cx| listener.poll_accept(cx));
        let Some(accepted) = unless(stop.as_mut(), accept).await else {
            break;
        };
        match accepted {
            Ok((stream, peer)) => {
                pause = MIN_PAUSE;
                connections.spawn(stream, peer);
            }
            Err(error) if is_about_one_connection(&error) => {}
            Err(error) if is_about_the_listener(&error) => return Err(error),
            // Most likely there is no file descriptor or memory left for a
            // connection; trying again at once would only burn the processor.
            Err(error) => {
                if pause == MIN_PAUSE {
                    log::accept_failed(&error);
                }
                let sleep = runtime.sleep_until(runtime.now() + pause);
                pause = (pause * 2).min(MAX_PAUSE);
                if unless(stop.as_mut(), sleep).await.is_none() {
                    break;
                }
            }
        }
    }
    // From here on, connecting is refused.
    drop(listener);
    drop(connections);
    // Nothing is ever sent, so this ends when the channel is closed.
    let _ = all_ended.recv().await;
    Ok(())
}

/// What the connections to a listener have in common.
struct Connections<R: Runtime, S: Service> {
    runtime: R,
    service: Arc<S>,
    programs: Arc<[super::ProgramVersion]>,
    local: Option<SocketAddr>,
    limits: Limits,
    budget: Budget,
    received: LargeBuffers,
    replies: LargeBuffers,
    shutdown: Shutdown,
    alive: Sender<Infallible>,
}

impl<R: Runtime, S: Service> Connections<R, S> {
    fn spawn(&self, stream: R::Stream, peer: SocketAddr) {
        let count = self.alive.sender_count() - 1;
        if count >= self.limits.max_connections {
            // Closing tells the caller at once to go elsewhere; it would not
            // learn anything from waiting in the backlog.
            log::connection_refused(peer, count);
            // A panic must not end the server.
            if let Err(panic) = catch(|| self.service.connection_refused(peer)) {
                log::callback_panicked("connection_refused", panic.message());
            }
            return;
        }
        let alive = self.alive.clone();
        let programs = Arc::clone(&self.programs);
        let mut core = ServerCore::new(programs, self.limits.clone(), Some(peer), self.local);
        core.share_buffers(self.received.clone(), self.replies.clone());
        let service = Arc::clone(&self.service);
        let shutdown = self.shutdown.clone();
        let (runtime, share) = (self.runtime.clone(), self.budget.share());
        let connection = drive_server(runtime, stream, core, share, service, shutdown);
        self.runtime.spawn(async move {
            // That a caller is gone is no error of the server.
            let _ = connection.await;
            drop(alive);
        });
    }
}

/// The output of `future`, or `None` if `stop` is ready first.
async fn unless<F: Future>(stop: Pin<&mut impl Future>, future: F) -> Option<F::Output> {
    match select(stop, pin!(future)).await {
        Either::Left(_) => None,
        Either::Right((output, _)) => Some(output),
    }
}

fn is_about_one_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionReset, Interrupted};
    matches!(
        error.kind(),
        ConnectionAborted | ConnectionReset | Interrupted
    )
}

fn is_about_the_listener(error: &io::Error) -> bool {
    use io::ErrorKind::{InvalidInput, Unsupported};
    matches!(error.kind(), InvalidInput | Unsupported)
}
