//! Moves bytes between a [`ClientCore`] and a connection.

use super::call::{CallId, CallRecord};
use super::core::{ClientCore, ClientEvent};
use super::error::{CallError, CloseReason};
use super::table::CallMap;
use crate::rpc::transmit::poll_write_slices;
use crate::rt::{Alarm, Instant, Runtime, timeout};
use async_channel::Receiver;
use bytes::Bytes;
use futures::channel::oneshot;
use futures::io::AsyncWriteExt;
use futures::stream::Stream;
use futures_io::{AsyncRead, AsyncWrite};
use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};
use std::time::Duration;

/// Commands, reads and writes in a row before other tasks have their turn.
const MAX_COMMANDS: usize = 1024;
const MAX_READS: usize = 16;
const MAX_WRITES: usize = 16;
/// How long the server may take to receive the last calls.
const GOODBYE: Duration = Duration::from_secs(5);

/// What the handles tell the driver.
#[derive(Debug)]
pub(super) enum Command {
    /// Make a call, or a one-way call whose acceptance is awaited.
    Start {
        record: CallRecord,
        is_one_way: bool,
        timeout: Duration,
        reply: oneshot::Sender<Outcome>,
    },
    /// Make a one-way call.
    Send(CallRecord),
    /// Forget a call: its future has been dropped.
    Cancel(CallId),
    /// Close the connection.
    Close,
}

/// The encoded results of a call, or why there are none.
pub(super) type Outcome = Result<Bytes, CallError>;

/// What the handles and the driver both see.
#[derive(Debug, Default)]
pub(super) struct Shared {
    last_id: AtomicU64,
    is_congested: AtomicBool,
    close_reason: OnceLock<CloseReason>,
}

impl Shared {
    pub(super) fn next_id(&self) -> CallId {
        CallId::new(1 + self.last_id.fetch_add(1, Ordering::Relaxed))
    }

    fn set_congested(&self, is_congested: bool) {
        self.is_congested.store(is_congested, Ordering::Relaxed);
    }

    /// Whether calls wait their turn. It is a hint, of a moment ago.
    pub(super) fn is_congested(&self) -> bool {
        self.is_congested.load(Ordering::Relaxed)
    }

    fn set_close_reason(&self, reason: CloseReason) {
        self.close_reason
            .set(reason)
            .expect("a connection is closed once");
    }

    /// Why the connection has been closed.
    pub(super) fn close_reason(&self) -> CloseReason {
        // Unless it is dropped, the driver sets one before anybody can see
        // that the connection is closed.
        let reason = self.close_reason.get().cloned();
        reason.unwrap_or(CloseReason::Abandoned)
    }
}

/// Drives a connection until it is closed.
pub(super) async fn drive_client<R, T>(
    runtime: R,
    stream: T,
    core: ClientCore,
    inbox: Receiver<Command>,
    shared: Arc<Shared>,
) where
    R: Runtime,
    T: AsyncRead + AsyncWrite + Unpin + Send,
{
    let mut driver = Driver {
        alarm: Alarm::new(runtime.clone()),
        runtime,
        stream,
        core,
        inbox: Box::pin(inbox),
        waiting: CallMap::default(),
        needs_flush: false,
        shared,
    };
    let reason = match poll_fn(|cx| driver.poll(cx)).await {
        Ok(()) => CloseReason::ByThisSide,
        Err(reason) => reason,
    };
    driver.close(reason).await;
}

struct Driver<R: Runtime, T> {
    runtime: R,
    stream: T,
    core: ClientCore,
    // Pinned, as it holds what wakes the task when a command comes.
    inbox: Pin<Box<Receiver<Command>>>,
    waiting: CallMap<oneshot::Sender<Outcome>>,
    alarm: Alarm<R>,
    needs_flush: bool,
    shared: Arc<Shared>,
}

impl<R, T> Driver<R, T>
where
    R: Runtime,
    T: AsyncRead + AsyncWrite + Unpin + Send,
{
    /// Ready when the connection is to be closed: `Ok` if this side wants it to be.
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), CloseReason>> {
        // All commands, all input, and then one write for all of them: under
        // load that is what makes the number of system calls small.
        let commands = self.take_commands(cx);
        let input = self.read(cx)?;
        self.check_deadlines(cx);
        let output = self.write(cx)?;
        self.report_events();
        self.shared.set_congested(self.core.is_congested());

        match commands {
            Progress::Ended => return Poll::Ready(Ok(())),
            Progress::More => cx.waker().wake_by_ref(),
            Progress::Waiting if input == Progress::More || output == Progress::More => {
                cx.waker().wake_by_ref();
            }
            Progress::Waiting => {}
        }
        Poll::Pending
    }

    fn take_commands(&mut self, cx: &mut Context<'_>) -> Progress {
        let now = self.runtime.now();
        for _ in 0..MAX_COMMANDS {
            match self.inbox.as_mut().poll_next(cx) {
                Poll::Ready(Some(Command::Close) | None) => return Progress::Ended,
                Poll::Ready(Some(command)) => self.execute(command, now),
                Poll::Pending => return Progress::Waiting,
            }
        }
        Progress::More
    }

    fn execute(&mut self, command: Command, now: Instant) {
        match command {
            // The future of the call has been dropped already.
            Command::Start { reply, .. } if reply.is_canceled() => {}
            Command::Start {
                record,
                is_one_way,
                timeout,
                reply,
            } => {
                let deadline = Some(now + timeout);
                self.waiting.insert(record.id, reply);
                if is_one_way {
                    self.core.start_one_way(record, deadline);
                } else {
                    self.core.start_call(record, deadline);
                }
            }
            Command::Send(record) => self.core.start_one_way(record, None),
            Command::Cancel(id) => {
                self.waiting.remove(&id);
                self.core.cancel(id);
            }
            // The caller has dealt with it.
            Command::Close => {}
        }
    }

    fn read(&mut self, cx: &mut Context<'_>) -> Result<Progress, CloseReason> {
        for _ in 0..MAX_READS {
            let space = self.core.recv_space();
            match Pin::new(&mut self.stream).poll_read(cx, space)? {
                Poll::Ready(0) => return Err(CloseReason::ByServer),
                Poll::Ready(count) => self.core.recv_advance(count)?,
                Poll::Pending => return Ok(Progress::Waiting),
            }
        }
        Ok(Progress::More)
    }

    fn check_deadlines(&mut self, cx: &mut Context<'_>) {
        loop {
            let (deadline, now) = (self.core.poll_timeout(), self.runtime.now());
            if self.alarm.poll(cx, deadline, now).is_pending() {
                break;
            }
            self.core.handle_timeout(now);
        }
    }

    fn write(&mut self, cx: &mut Context<'_>) -> Result<Progress, CloseReason> {
        for _ in 0..MAX_WRITES {
            if self.core.transmit().is_empty() {
                return self.flush(cx);
            }
            let (core, stream) = (&self.core, &mut self.stream);
            match poll_write_slices(stream, cx, |slices| core.transmit_slices(slices))? {
                Poll::Ready(0) => return Err(io::Error::from(io::ErrorKind::WriteZero).into()),
                Poll::Ready(count) => self.core.transmit_advance(count),
                Poll::Pending => return self.flush(cx),
            }
            self.needs_flush = true;
        }
        Ok(Progress::More)
    }

    fn flush(&mut self, cx: &mut Context<'_>) -> Result<Progress, CloseReason> {
        if self.needs_flush && Pin::new(&mut self.stream).poll_flush(cx)?.is_ready() {
            self.needs_flush = false;
        }
        Ok(Progress::Waiting)
    }

    fn report_events(&mut self) {
        while let Some(event) = self.core.poll_event() {
            let (id, outcome) = match event {
                ClientEvent::Finished { id, outcome } => (id, outcome),
                ClientEvent::Accepted { id } => (id, Ok(Bytes::new())),
            };
            if let Some(reply) = self.waiting.remove(&id) {
                // Nobody listens if the future has just been dropped.
                let _ = reply.send(outcome);
            }
        }
    }

    async fn close(mut self, reason: CloseReason) {
        if reason == CloseReason::ByThisSide {
            let runtime = self.runtime.clone();
            timeout(&runtime, GOODBYE, self.say_goodbye()).await;
        }
        // The reason first: whoever sees the rest may ask for it.
        self.shared.set_close_reason(reason.clone());
        self.core.close(&reason);
        self.report_events();
        self.inbox.close();
        while let Ok(command) = self.inbox.try_recv() {
            if let Command::Start { reply, .. } = command {
                let (reason, sent) = (reason.clone(), false);
                let _ = reply.send(Err(CallError::Closed { reason, sent }));
            }
        }
    }

    async fn say_goodbye(&mut self) -> io::Result<()> {
        while !self.core.transmit().is_empty() {
            let count = self.stream.write(self.core.transmit()).await?;
            if count == 0 {
                return Err(io::ErrorKind::WriteZero.into());
            }
            self.core.transmit_advance(count);
        }
        self.stream.close().await
    }
}

/// How far a step of the driver has come.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Progress {
    /// As far as it can: the task is woken when it can go on.
    Waiting,
    /// As far as it may for now.
    More,
    /// To the end.
    Ended,
}
