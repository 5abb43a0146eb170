//! Moves bytes between a [`ServerCore`] and a connection, and runs the handlers.

use super::budget::{Budget, Share};
use super::calls::{Ended, Handlers, Panic, catch};
use super::core::{ServerCore, Ticket};
use super::reply::Answer;
use super::shutdown::Watch;
use super::{
    CallOrder, ConnectionId, IncomingCall, Limits, ProgramVersion, Reply, Service, Shutdown,
};
use crate::rpc::trace::{Answered, CallSpan, in_span, log};
use crate::rpc::transmit::poll_write_slices;
use crate::rpc::{AuthStat, Procedure};
use crate::rt::{Alarm, Instant, Runtime, timeout};
use futures::io::AsyncWriteExt;
use futures_io::{AsyncRead, AsyncWrite};
use std::future::{Future, poll_fn};
use std::io;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

/// Reads in a row, and bytes of them, before other tasks have their turn. So
/// many bytes and the replies to them are still in the processor's cache when
/// they are written.
const MAX_READS: usize = 16;
const MAX_READ_BYTES: usize = 128 * 1024;
/// Calls started or ended in a row before other tasks have their turn.
const MAX_STEPS: usize = 1024;
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
    let share = Budget::new(limits.max_total_bytes).share();
    let limits = in_order(&*service, limits);
    let core = ServerCore::new(service.programs().into(), limits, None, None);
    drive_server(runtime, stream, core, share, service, shutdown).await
}

/// The limits for connections of a service that may want strict order: of one
/// call in flight at a time.
pub(super) fn in_order<S: Service>(service: &S, limits: Limits) -> Limits {
    match service.order() {
        CallOrder::Concurrent => limits,
        CallOrder::Strict => Limits {
            max_calls_in_flight: 1,
            ..limits
        },
    }
}

/// Drives a connection until it is closed.
pub(super) async fn drive_server<R, T, S>(
    runtime: R,
    stream: T,
    core: ServerCore,
    share: Share,
    service: Arc<S>,
    shutdown: Shutdown,
) -> io::Result<()>
where
    R: Runtime,
    T: AsyncRead + AsyncWrite + Unpin + Send,
    S: Service,
{
    let service = &*service;
    // Declared before the handlers, so dropped after them.
    let _closed = NotifyClosed {
        service,
        connection: core.connection(),
    };
    let describe = |which, number| service.procedure(which, number);
    let mut driver = Driver {
        alarm: Alarm::new(runtime.clone()),
        runtime,
        stream,
        core,
        share,
        describe: &describe,
        start: |span: Option<&CallSpan>, call| start(service, span, call),
        handlers: Handlers::new(),
        is_blocked: false,
        needs_flush: false,
    };
    let started = pin!(shutdown.started());
    let mut shutdown = Watch::new(&shutdown, started);
    poll_fn(|cx| {
        let now = driver.runtime.now();
        if shutdown.has_started(cx) {
            driver.core.drain(now);
        }
        driver.poll(cx, now)
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
        // A panic must not end the server.
        if let Err(panic) = catch(|| self.service.connection_closed(self.connection)) {
            log::callback_panicked("connection_closed", panic.message());
        }
    }
}

/// Gives a call to the service, if the caller may make it. All that the service
/// does for it is done in `span`.
#[inline(always)]
fn start<'s, S: Service>(
    service: &'s S,
    span: Option<&CallSpan>,
    call: IncomingCall,
) -> Result<impl Future<Output = Reply> + Send + use<'s, S>, AuthStat> {
    let _inside = span.map(CallSpan::enter);
    service.authenticate(&call)?;
    Ok(in_span(span, service.call(call)))
}

/// An answer as traces know it.
fn answered(reply: &Reply) -> Answered<'_> {
    match &reply.0 {
        Answer::Record(record) => Answered::Record(record.bytes()),
        Answer::None => Answered::None,
        Answer::CloseConnection => Answered::CloseConnection,
    }
}

/// What is known of a procedure.
type Describe<'a> = &'a (dyn Fn(ProgramVersion, u32) -> Option<&'static Procedure> + Sync);

struct Driver<'a, R: Runtime, T, Start, Handler> {
    runtime: R,
    stream: T,
    core: ServerCore,
    share: Share,
    describe: Describe<'a>,
    start: Start,
    handlers: Handlers<Handler>,
    alarm: Alarm<R>,
    // The stream has not taken all that it was given.
    is_blocked: bool,
    needs_flush: bool,
}

impl<R, T, Start, Handler> Driver<'_, R, T, Start, Handler>
where
    R: Runtime,
    T: AsyncRead + AsyncWrite + Unpin + Send,
    Start: FnMut(Option<&CallSpan>, IncomingCall) -> Result<Handler, AuthStat>,
    Handler: Future<Output = Reply>,
{
    /// Ready when the connection is to be closed.
    fn poll(&mut self, cx: &mut Context<'_>, now: Instant) -> Poll<io::Result<()>> {
        // All input and all handlers, and then one write for all replies: under
        // load that is what makes the number of system calls small.
        let is_done = self.run_and_read(cx, now)?;
        let (could_read, could_reply) = (self.core.wants_input(), self.core.wants_replies());
        self.write(cx, now)?;
        // Last, as what has been written needs no timer.
        self.check_deadlines(cx);
        if self.core.is_finished() {
            return Poll::Ready(Ok(()));
        }
        self.settle(cx);
        // If writing has made room, there may be calls in the input buffer, or
        // handlers that were not polled.
        let has_made_room =
            (!could_read && self.core.wants_input()) || (!could_reply && self.core.wants_replies());
        if !is_done || has_made_room {
            cx.waker().wake_by_ref();
        }
        Poll::Pending
    }

    /// Tells whether there is no more to do now, so that the task is woken when
    /// there is.
    fn run_and_read(&mut self, cx: &mut Context<'_>, now: Instant) -> io::Result<bool> {
        let mut steps = MAX_STEPS;
        let mut bytes = 0;
        for _ in 0..MAX_READS {
            self.settle(cx);
            // Running first: when the end of the input is read, no call before
            // it has been left in the buffer.
            self.run_calls(cx, now, &mut steps);
            if steps == 0 || self.should_write() {
                return Ok(false);
            }
            // The memory of a call that is in its reply can then be read to. There
            // may be room for further replies as well.
            if self.core.has_shared_output() && !self.is_blocked {
                self.write(cx, now)?;
                continue;
            }
            match self.read(cx, now)? {
                Some(count) => bytes += count,
                None => return Ok(true),
            }
            if bytes >= MAX_READ_BYTES {
                break;
            }
        }
        Ok(false)
    }

    /// Starts and ends calls as long as there are any to start or end, and
    /// counts them down.
    fn run_calls(&mut self, cx: &mut Context<'_>, now: Instant, steps: &mut usize) {
        while *steps > 0 && !self.should_write() {
            if let Some((ticket, call)) = self.core.poll_call(now) {
                self.start_call(cx, now, ticket, call);
            // A handler that is done makes its reply when it is polled: while
            // the caller takes none, it is better left as it is.
            } else if self.core.wants_replies()
                && let Poll::Ready(ended) = self.handlers.poll_ended(cx)
            {
                self.end_call(ended, now);
            } else {
                break;
            }
            *steps -= 1;
        }
    }

    /// Whether to write before there is more to write.
    fn should_write(&self) -> bool {
        self.core.has_much_to_write() && !self.is_blocked
    }

    fn start_call(
        &mut self,
        cx: &mut Context<'_>,
        now: Instant,
        mut ticket: Ticket,
        call: IncomingCall,
    ) {
        if ticket.trace.is_some() {
            self.show_call(&mut ticket);
        }
        match catch(|| (self.start)(ticket.span(), call)) {
            Ok(Ok(handler)) => {
                if let Some(ended) = self.handlers.start(ticket, handler, cx) {
                    self.end_call(ended, now);
                }
            }
            Ok(Err(reason)) => {
                if let Some(trace) = &mut ticket.trace {
                    trace.finish(&Answered::Denied(reason), self.runtime.now());
                }
                self.core.deny_call(ticket, reason, now);
            }
            Err(panic) => self.fail_call(ticket, &panic, now),
        }
    }

    fn end_call(&mut self, mut ended: Ended, now: Instant) {
        match ended.outcome {
            Ok(reply) => {
                if let Some(trace) = &mut ended.ticket.trace {
                    trace.finish(&answered(&reply), self.runtime.now());
                }
                self.core.finish_call(ended.ticket, reply, now);
            }
            Err(panic) => self.fail_call(ended.ticket, &panic, now),
        }
    }

    #[cold]
    fn fail_call(&mut self, mut ticket: Ticket, panic: &Panic, now: Instant) {
        let procedure = self.procedure(&ticket);
        let message = panic.message();
        {
            let _inside = ticket.span().map(CallSpan::enter);
            log::handler_panicked(&self.core.peer(), ticket.xid, &procedure, message);
        }
        let is_answered = !self.core.is_one_way(&ticket);
        if let Some(trace) = &mut ticket.trace {
            let answered = Answered::Panic {
                message,
                is_answered,
            };
            trace.finish(&answered, self.runtime.now());
        }
        self.core.fail_call(ticket, now);
    }

    /// Shows a call that somebody wants to see.
    #[cold]
    fn show_call(&self, ticket: &mut Ticket) {
        let (procedure, now) = (self.procedure(ticket), self.runtime.now());
        if let Some(trace) = &mut ticket.trace {
            trace.start(procedure, ticket.xid, now);
        }
    }

    /// What is known of the procedure of a call.
    fn procedure(&self, ticket: &Ticket) -> Procedure {
        let (which, number) = (ticket.program_version, ticket.procedure);
        let described = catch(|| (self.describe)(which, number)).ok().flatten();
        let unnamed = || Procedure::unnamed(which.program, which.version, number);
        described.copied().unwrap_or_else(unnamed)
    }

    /// Says how much memory the connection holds, and hears whether it may hold
    /// more.
    fn settle(&mut self, cx: &Context<'_>) {
        let may_read = self.share.admit(self.core.usage(), cx.waker());
        self.core.set_memory_short(!may_read);
    }

    /// How many bytes were read, 0 at the end of the input; `None` if there is
    /// nothing to read now.
    fn read(&mut self, cx: &mut Context<'_>, now: Instant) -> io::Result<Option<usize>> {
        if !self.core.wants_input() {
            return Ok(None);
        }
        match Pin::new(&mut self.stream).poll_read(cx, self.core.recv_space())? {
            Poll::Ready(count) => {
                match count {
                    0 => self.core.drain(now),
                    _ => self.core.recv_advance(count),
                }
                Ok(Some(count))
            }
            Poll::Pending => {
                self.core.recv_pause();
                Ok(None)
            }
        }
    }

    fn write(&mut self, cx: &mut Context<'_>, now: Instant) -> io::Result<()> {
        self.is_blocked = false;
        while !self.core.transmit().is_empty() && !self.core.is_finished() {
            let (core, stream) = (&self.core, &mut self.stream);
            match poll_write_slices(stream, cx, |slices| core.transmit_slices(slices))? {
                Poll::Ready(0) => return Err(io::ErrorKind::WriteZero.into()),
                Poll::Ready(count) => self.core.transmit_advance(count, now),
                Poll::Pending => {
                    self.is_blocked = true;
                    // For some streams to be flushed is a reason to forget who
                    // waits for writing.
                    return Ok(());
                }
            }
            self.needs_flush = true;
        }
        if self.needs_flush && Pin::new(&mut self.stream).poll_flush(cx)?.is_ready() {
            self.needs_flush = false;
        }
        Ok(())
    }

    fn check_deadlines(&mut self, cx: &mut Context<'_>) {
        // Most of the time there is no deadline, and no need for the clock.
        while let deadline @ Some(_) = self.core.poll_timeout() {
            let now = self.runtime.now();
            if self.alarm.poll(cx, deadline, now).is_pending() {
                break;
            }
            self.core.handle_timeout(now);
            if self.core.is_finished() {
                break;
            }
        }
    }
}
