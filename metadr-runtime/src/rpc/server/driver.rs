//! Moves bytes between a [`ServerCore`] and a connection, and runs the handlers.

use super::core::{ServerCore, Ticket};
use super::{ConnectionId, IncomingCall, Limits, Reply, Service, Shutdown};
use crate::rpc::transmit::poll_write_slices;
use crate::rt::{Alarm, Runtime, timeout};
use futures::future::FutureExt;
use futures::io::AsyncWriteExt;
use futures::stream::{FuturesUnordered, StreamExt};
use futures_io::{AsyncRead, AsyncWrite};
use std::future::{Future, poll_fn};
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

/// Reads in a row before other tasks have their turn.
const MAX_READS: usize = 16;
/// How long a connection may take to be closed in an orderly way.
const GOODBYE: Duration = Duration::from_secs(1);

/// Serves one connection that the caller has, until it is closed or, after
/// `shutdown`, its calls are finished.
///
/// # Errors
///
/// Those of the connection. Whatever else the caller does wrong just ends it.
pub async fn serve_connection<R, T, S>(
    runtime: R,
    stream: T,
    service: Arc<S>,
    limits: Limits,
    shutdown: Shutdown,
) -> io::Result<()>
where
    R: Runtime,
    T: AsyncRead + AsyncWrite + Unpin + Send,
    S: Service,
{
    let core = ServerCore::new(service.programs().into(), limits, None, None);
    drive_server(runtime, stream, core, service, shutdown).await
}

/// Drives a connection until it is closed.
pub(super) async fn drive_server<R, T, S>(
    runtime: R,
    stream: T,
    core: ServerCore,
    service: Arc<S>,
    shutdown: Shutdown,
) -> io::Result<()>
where
    R: Runtime,
    T: AsyncRead + AsyncWrite + Unpin + Send,
    S: Service,
{
    let service = &*service;
    // Declared before the calls, so dropped after them.
    let _closed = NotifyClosed {
        service,
        connection: core.connection(),
    };
    let mut driver = Driver {
        alarm: Alarm::new(runtime.clone()),
        runtime,
        stream,
        core,
        start: |ticket, call| start(service, ticket, call),
        calls: FuturesUnordered::new(),
        needs_flush: false,
    };
    let mut stop = pin!(shutdown.started().fuse());
    poll_fn(|cx| {
        if stop.as_mut().poll(cx).is_ready() {
            driver.core.drain(driver.runtime.now());
        }
        driver.poll(cx)
    })
    .await?;
    let runtime = driver.runtime.clone();
    timeout(&runtime, GOODBYE, driver.stream.close())
        .await
        .unwrap_or(Ok(()))
}

struct NotifyClosed<'a, S: Service> {
    service: &'a S,
    connection: ConnectionId,
}

impl<S: Service> Drop for NotifyClosed<'_, S> {
    fn drop(&mut self) {
        let notify = AssertUnwindSafe(|| self.service.connection_closed(self.connection));
        // A panic has been reported by its hook, and must not end the server.
        let _ = catch_unwind(notify);
    }
}

/// Gives a call to the service; gives the ticket back if that panics.
fn start<S: Service>(
    service: &S,
    ticket: Ticket,
    call: IncomingCall,
) -> Result<impl Future<Output = Ended> + Send, Ticket> {
    // A panic leaves nothing behind that is used again but the service, which
    // is shared by calls that know nothing of each other anyway.
    match catch_unwind(AssertUnwindSafe(|| service.call(call))) {
        Ok(future) => Ok(async move {
            let reply = AssertUnwindSafe(future).catch_unwind().await.ok();
            Ended { ticket, reply }
        }),
        Err(_) => Err(ticket),
    }
}

/// A call that has ended, in a panic if there is no reply.
struct Ended {
    ticket: Ticket,
    reply: Option<Reply>,
}

struct Driver<R: Runtime, T, Start, Call> {
    runtime: R,
    stream: T,
    core: ServerCore,
    start: Start,
    calls: FuturesUnordered<Call>,
    alarm: Alarm<R>,
    needs_flush: bool,
}

impl<R, T, Start, Call> Driver<R, T, Start, Call>
where
    R: Runtime,
    T: AsyncRead + AsyncWrite + Unpin + Send,
    Start: FnMut(Ticket, IncomingCall) -> Result<Call, Ticket>,
    Call: Future<Output = Ended>,
{
    /// Ready when the connection is to be closed.
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        // All input and all handlers, and then one write for all replies: under
        // load that is what makes the number of system calls small.
        let is_reading = self.run_and_read(cx)? && self.core.wants_input();
        self.check_deadlines(cx);
        let could_reply = self.core.wants_replies();
        self.write(cx)?;
        if self.core.is_finished() {
            return Poll::Ready(Ok(()));
        }
        // If writing has made room, there may be calls in the input buffer, or
        // handlers that were not polled.
        let has_made_room = !could_reply && self.core.wants_replies();
        if (self.core.wants_input() && !is_reading) || has_made_room {
            cx.waker().wake_by_ref();
        }
        Poll::Pending
    }

    /// Tells whether there is no more to read now, so that the task is woken
    /// when there is.
    fn run_and_read(&mut self, cx: &mut Context<'_>) -> io::Result<bool> {
        for _ in 0..MAX_READS {
            // Running first: when the end of the input is read, no call before
            // it has been left in the buffer.
            let has_run = self.run_calls(cx);
            let has_read = self.read(cx)?;
            if !has_run && !has_read {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Starts and ends calls as long as there are any to start or end.
    fn run_calls(&mut self, cx: &mut Context<'_>) -> bool {
        let now = self.runtime.now();
        let mut has_run = false;
        loop {
            let mut is_idle = true;
            while let Some((ticket, call)) = self.core.poll_call(now) {
                is_idle = false;
                match (self.start)(ticket, call) {
                    Ok(call) => self.calls.push(call),
                    Err(ticket) => self.core.fail_call(ticket, now),
                }
            }
            // A handler that is done makes its reply when it is polled: while
            // the caller takes none, it is better left as it is.
            while self.core.wants_replies()
                && let Poll::Ready(Some(ended)) = self.calls.poll_next_unpin(cx)
            {
                is_idle = false;
                match ended.reply {
                    Some(reply) => self.core.finish_call(ended.ticket, reply, now),
                    None => self.core.fail_call(ended.ticket, now),
                }
            }
            if is_idle {
                return has_run;
            }
            has_run = true;
        }
    }

    fn read(&mut self, cx: &mut Context<'_>) -> io::Result<bool> {
        if !self.core.wants_input() {
            return Ok(false);
        }
        match Pin::new(&mut self.stream).poll_read(cx, self.core.recv_space())? {
            Poll::Ready(0) => self.core.drain(self.runtime.now()),
            Poll::Ready(count) => self.core.recv_advance(count),
            Poll::Pending => return Ok(false),
        }
        Ok(true)
    }

    fn check_deadlines(&mut self, cx: &mut Context<'_>) {
        loop {
            let (deadline, now) = (self.core.poll_timeout(), self.runtime.now());
            if self.alarm.poll(cx, deadline, now).is_pending() {
                break;
            }
            self.core.handle_timeout(now);
            if self.core.is_finished() {
                break;
            }
        }
    }

    fn write(&mut self, cx: &mut Context<'_>) -> io::Result<()> {
        while !self.core.transmit().is_empty() && !self.core.is_finished() {
            let (core, stream) = (&self.core, &mut self.stream);
            match poll_write_slices(stream, cx, |slices| core.transmit_slices(slices))? {
                Poll::Ready(0) => return Err(io::ErrorKind::WriteZero.into()),
                Poll::Ready(count) => self.core.transmit_advance(count, self.runtime.now()),
                Poll::Pending => break,
            }
            self.needs_flush = true;
        }
        if self.needs_flush && Pin::new(&mut self.stream).poll_flush(cx)?.is_ready() {
            self.needs_flush = false;
        }
        Ok(())
    }
}
