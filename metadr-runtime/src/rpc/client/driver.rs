//! Moves bytes between a [`ClientCore`](super::ClientCore) and a connection.

use super::deadlines::Deadlines;
use super::error::{CloseReason, ProtocolError};
use super::shared::Shared;
use crate::rpc::buffers::LargeBuffers;
use crate::rpc::record::RecordReader;
use crate::rpc::transmit::{TransmitBuffer, poll_write_slices};
use crate::rpc::wakeups::Wakeups;
use crate::rt::{Instant, Runtime, timeout};
use bytes::Bytes;
use futures_io::{AsyncRead, AsyncWrite};
use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, LazyLock};
use std::task::{Context, Poll, Waker, ready};
use std::time::Duration;

/// Bytes that are read in a row before other tasks have their turn: as many as
/// stay in the processor's cache until the calls have been answered with them.
const READ_AT_ONCE: usize = 128 * 1024;
/// Bytes of whole records after which it is better to wait until the callers
/// have taken their results: then the next read can use the same memory.
const LARGE_READ: usize = 32 * 1024;
/// Reads and writes in a row, likewise.
const MAX_READS: usize = 16;
const MAX_WRITES: usize = 16;
/// Bytes that may have been written before the core hears of it: they count as
/// waiting as long.
const MAX_UNREPORTED: usize = 64 * 1024;
/// How long the server may take to receive the last calls.
const GOODBYE: Duration = Duration::from_secs(5);

/// Buffers for large replies, of all clients.
static RECEIVED: LazyLock<LargeBuffers> = LazyLock::new(LargeBuffers::default);

/// Drives a connection until it is lost, or a handle wants it to be closed: the
/// reason is [`CloseReason::ByThisSide`] then, and what was to be sent has been.
pub(super) async fn drive<R, T>(
    runtime: &R,
    stream: T,
    max_reply: usize,
    shared: &Arc<Shared>,
) -> CloseReason
where
    R: Runtime,
    T: AsyncRead + AsyncWrite + Unpin + Send,
{
    let mut driver = Driver {
        shared: Arc::clone(shared),
        stream,
        reader: RecordReader::with_buffers(max_reply, RECEIVED.clone()),
        records: Vec::new(),
        outgoing: TransmitBuffer::default(),
        unreported: 0,
        is_blocked: false,
        needs_flush: false,
        told: Vec::new(),
        deadlines: Deadlines::new(runtime.clone()),
        wakeups: Wakeups::new(),
    };
    match poll_fn(|cx| driver.poll(cx)).await {
        Ok(()) => {
            timeout(runtime, GOODBYE, poll_fn(|cx| driver.poll_goodbye(cx))).await;
            CloseReason::ByThisSide
        }
        Err(reason) => reason,
    }
}

struct Driver<R: Runtime, T> {
    shared: Arc<Shared>,
    stream: T,
    reader: RecordReader,
    // What has been read, and is not in the core yet.
    records: Vec<Bytes>,
    // What has been taken from the core to be written.
    outgoing: TransmitBuffer,
    // How much has been written that the core does not know of.
    unreported: usize,
    // Whether the stream takes no more for now.
    is_blocked: bool,
    needs_flush: bool,
    told: Vec<Waker>,
    deadlines: Deadlines<R>,
    wakeups: Wakeups,
}

/// What the core says when it has been told everything.
struct News {
    is_closing: bool,
    /// Whether there is more to write than has been taken.
    has_more: bool,
    has_waiting: bool,
    deadline: Option<Instant>,
}

impl<R, T> Driver<R, T>
where
    R: Runtime,
    T: AsyncRead + AsyncWrite + Unpin + Send,
{
    /// Ready when the connection is to be closed: `Ok` if this side wants it to be.
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), CloseReason>> {
        self.wakeups.register(cx.waker());
        // All input, and then one write for all calls: under load that is what
        // makes the number of system calls small.
        let mut input = Ok(());
        if self.wakeups.take_stream() {
            self.is_blocked = false;
            input = self.read();
        }
        let mut writes = 0;
        let deadline = loop {
            let news = self.exchange(cx)?;
            // What came before the end has been dealt with.
            std::mem::replace(&mut input, Ok(()))?;
            if news.is_closing {
                return Poll::Ready(Ok(()));
            }
            while !self.outgoing.is_empty() && !self.is_blocked && writes < MAX_WRITES {
                writes += 1;
                self.write()?;
            }
            if writes >= MAX_WRITES {
                cx.waker().wake_by_ref();
                break news.deadline;
            }
            let should_take = news.has_more && self.outgoing.is_empty();
            // Otherwise the core hears of it the next time.
            let should_know = news.has_waiting && self.unreported > 0;
            if !should_take && !should_know && self.unreported < MAX_UNREPORTED {
                break news.deadline;
            }
        };
        self.flush()?;
        self.deadlines.check(&self.shared, &self.wakeups, deadline);
        Poll::Pending
    }

    fn read(&mut self) -> Result<(), CloseReason> {
        let mut total = 0;
        for _ in 0..MAX_READS {
            let mut cx = Context::from_waker(self.wakeups.stream());
            let space = self.reader.recv_space();
            match Pin::new(&mut self.stream).poll_read(&mut cx, space)? {
                Poll::Ready(0) => return Err(CloseReason::ByServer),
                Poll::Ready(count) => {
                    self.reader.recv_advance(count);
                    total += count;
                }
                Poll::Pending => {
                    self.reader.recv_pause();
                    return Ok(());
                }
            }
            while let Some(record) = self.reader.next_record().map_err(ProtocolError::from)? {
                self.records.push(record);
            }
            let is_large = total >= LARGE_READ && !self.reader.is_inside_record();
            if is_large || total >= READ_AT_ONCE {
                break;
            }
        }
        // There may be more.
        self.wakeups.stream().wake_by_ref();
        Ok(())
    }

    /// Tells the core what has been read and written, and takes from it what is
    /// to be written.
    fn exchange(&mut self, cx: &Context<'_>) -> Result<News, ProtocolError> {
        let mut result = Ok(());
        let mut state = self.shared.lock();
        let sleeper = state.set_running();
        let core = &mut state.core;
        for record in self.records.drain(..) {
            result = core.handle_record(record);
            if result.is_err() {
                break;
            }
        }
        core.handle_written(std::mem::take(&mut self.unreported));
        core.offer_turns();
        self.told.extend(std::iter::from_fn(|| core.poll_told()));
        if self.outgoing.is_empty() {
            core.take_output(&mut self.outgoing);
        }
        let news = News {
            is_closing: state.is_closing,
            has_more: state.core.has_output(),
            has_waiting: state.core.has_waiting(),
            deadline: state.core.poll_timeout(),
        };
        // It does not sleep yet, but calls that are made from now on are not
        // part of what it is about to write.
        state.set_sleeping(cx);
        drop(state);
        drop(sleeper);
        self.told.drain(..).for_each(Waker::wake);
        result.map(|()| news)
    }

    fn write(&mut self) -> io::Result<()> {
        let mut cx = Context::from_waker(self.wakeups.stream());
        let (stream, outgoing) = (&mut self.stream, &self.outgoing);
        match poll_write_slices(stream, &mut cx, |slices| outgoing.slices(slices))? {
            Poll::Ready(0) => return Err(io::ErrorKind::WriteZero.into()),
            Poll::Ready(count) => {
                self.note_written(count);
                self.needs_flush = true;
            }
            Poll::Pending => self.is_blocked = true,
        }
        Ok(())
    }

    fn flush(&mut self) -> io::Result<()> {
        // For some streams that is a reason to forget who waits for writing.
        if self.is_blocked || !self.needs_flush {
            return Ok(());
        }
        let mut cx = Context::from_waker(self.wakeups.stream());
        if Pin::new(&mut self.stream).poll_flush(&mut cx)?.is_ready() {
            self.needs_flush = false;
        }
        Ok(())
    }

    /// Ready when what was to be sent has been, and the connection is closed.
    fn poll_goodbye(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.wakeups.register(cx.waker());
        // Those who still wait are not kept waiting beyond their deadlines.
        let deadline = self.shared.lock().core.poll_timeout();
        self.deadlines.check(&self.shared, &self.wakeups, deadline);
        loop {
            if self.outgoing.is_empty() && !self.shared.lock().core.take_output(&mut self.outgoing)
            {
                break;
            }
            let (stream, outgoing) = (&mut self.stream, &self.outgoing);
            let written = poll_write_slices(stream, cx, |slices| outgoing.slices(slices));
            match ready!(written)? {
                0 => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                count => self.note_written(count),
            }
        }
        Pin::new(&mut self.stream).poll_close(cx)
    }

    fn note_written(&mut self, count: usize) {
        self.outgoing.advance(count);
        self.unreported += count;
    }
}

/// However it ends, also by a runtime that drops it: what has been written may
/// have been executed.
impl<R: Runtime, T> Drop for Driver<R, T> {
    fn drop(&mut self) {
        let count = std::mem::take(&mut self.unreported);
        self.shared.lock().core.handle_written(count);
    }
}
