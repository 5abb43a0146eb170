//! The floor: what moving the bytes of the calls takes, and nothing else.
//!
//! Records have real marks and headers of the right length, of which only the
//! mark is looked at. The client and the server have a buffer of 64 KiB, or of
//! a record if that is longer, and write once for all that one read has
//! brought. There is no codec, dispatch, table of calls or time limit.

mod sockets;

use super::{Calls, Listening, Native};
use crate::scenario::Scenario;
use crate::work::{Latencies, TIMED};
use futures::channel::mpsc;
use futures::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use futures::stream::StreamExt;
use sockets::Sockets;
use std::collections::VecDeque;
use std::error::Error;
use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Instant;

const MARK: usize = 4;
const CALL_HEADER: usize = 40;
const REPLY_HEADER: usize = 24;
const BUFFER: usize = 64 << 10;

/// The loop, on a runtime that is set up as it is for this project.
pub(super) struct Bare<R>(pub(super) fn() -> R);

impl<R: Sockets> Native for Bare<R> {
    fn serve(&self, listening: Listening<'_>) -> Result<(), Box<dyn Error>> {
        let runtime = (self.0)();
        runtime.block_on(async {
            let (acceptor, port) = R::bind().await?;
            listening(port)?;
            loop {
                let socket = R::accept(&acceptor).await?;
                runtime.spawn(async {
                    // The client is gone.
                    let _ = answer(socket).await;
                });
            }
        })
    }

    fn connect(&self, scenario: Scenario, port: u16) -> Result<Calls, Box<dyn Error>> {
        let runtime = (self.0)();
        let connections = scenario.load.connections();
        let mut clients = Vec::new();
        runtime.block_on(async {
            for _ in 0..connections {
                clients.push(Client::new(R::dial(port).await?, scenario));
            }
            Ok::<_, Box<dyn Error>>(())
        })?;
        Ok(Box::new(move |calls| {
            let calls = calls.div_ceil(connections as u64);
            let (sender, receiver) = mpsc::unbounded();
            for mut client in clients.drain(..) {
                let sender = sender.clone();
                runtime.spawn(async move {
                    let latencies = client.run(calls).await.expect("replies");
                    sender
                        .unbounded_send((client, latencies))
                        .expect("somebody waits");
                });
            }
            drop(sender);
            let ended: Vec<_> = runtime.block_on(receiver.collect());
            let mut all = Latencies::new();
            for (client, latencies) in ended {
                clients.push(client);
                all.extend(latencies);
            }
            all
        }))
    }
}

/// What has been read, and not been taken yet.
struct Input {
    buffer: Vec<u8>,
    start: usize,
    end: usize,
}

impl Input {
    fn new() -> Self {
        Self {
            buffer: vec![0; BUFFER],
            start: 0,
            end: 0,
        }
    }

    /// Where to read to: at least the rest of the record that has begun.
    fn space(&mut self) -> &mut [u8] {
        self.buffer.copy_within(self.start..self.end, 0);
        (self.start, self.end) = (0, self.end - self.start);
        let wanted = self.record_length().unwrap_or(0);
        if wanted > self.buffer.len() {
            self.buffer.resize(wanted, 0);
        }
        &mut self.buffer[self.end..]
    }

    /// The next record, without its mark.
    fn record(&mut self) -> Option<&[u8]> {
        let start = self.start;
        let end = start + self.record_length()?;
        if end > self.end {
            return None;
        }
        self.start = end;
        Some(&self.buffer[start + MARK..end])
    }

    fn record_length(&self) -> Option<usize> {
        let mark = self.buffer[self.start..self.end].first_chunk()?;
        Some(MARK + (u32::from_be_bytes(*mark) & 0x7fff_ffff) as usize)
    }
}

fn put_record(out: &mut Vec<u8>, header: &[u8], body: &[u8]) {
    let mark = 0x8000_0000 | (header.len() + body.len()) as u32;
    out.extend_from_slice(&mark.to_be_bytes());
    out.extend_from_slice(header);
    out.extend_from_slice(body);
}

async fn answer(mut socket: impl AsyncRead + AsyncWrite + Unpin) -> io::Result<()> {
    let (mut input, mut output) = (Input::new(), Vec::new());
    loop {
        let count = socket.read(input.space()).await?;
        if count == 0 {
            return Ok(());
        }
        input.end += count;
        while let Some(call) = input.record() {
            put_record(&mut output, &[0; REPLY_HEADER], &call[CALL_HEADER..]);
        }
        socket.write_all(&output).await?;
        output.clear();
    }
}

struct Client<S> {
    socket: S,
    input: Input,
    output: Vec<u8>,
    written: usize,
    /// The argument of a call.
    body: Vec<u8>,
    calls_in_flight: u64,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Client<S> {
    fn new(socket: S, scenario: Scenario) -> Self {
        let load = scenario.load;
        Self {
            socket,
            input: Input::new(),
            output: Vec::new(),
            written: 0,
            // With the length of the data.
            body: vec![0; scenario.payload.length().map_or(0, |length| 4 + length)],
            calls_in_flight: (load.calls_in_flight() / load.connections()) as u64,
        }
    }

    /// Makes `calls` calls.
    async fn run(&mut self, calls: u64) -> io::Result<Latencies> {
        let mut progress = Progress {
            started: 0,
            finished: 0,
            calls,
            starts: VecDeque::new(),
            latencies: Latencies::new(),
        };
        poll_fn(|cx| self.poll(cx, &mut progress)).await?;
        Ok(progress.latencies)
    }

    fn poll(&mut self, cx: &mut Context<'_>, progress: &mut Progress) -> Poll<io::Result<()>> {
        while progress.finished < progress.calls {
            self.start_calls(progress);
            let has_written = self.write(cx)?;
            match Pin::new(&mut self.socket).poll_read(cx, self.input.space())? {
                Poll::Ready(0) => return Poll::Ready(Err(io::ErrorKind::UnexpectedEof.into())),
                Poll::Ready(count) => self.input.end += count,
                Poll::Pending if has_written && self.may_start(progress) => {}
                Poll::Pending => return Poll::Pending,
            }
            while let Some(reply) = self.input.record() {
                assert_eq!(reply.len(), REPLY_HEADER + self.body.len());
                progress.finish_call();
            }
        }
        Poll::Ready(Ok(()))
    }

    fn may_start(&self, progress: &Progress) -> bool {
        let in_flight = progress.started - progress.finished;
        in_flight < self.calls_in_flight && progress.started < progress.calls
    }

    /// Puts no more into the buffer than is written at once.
    fn start_calls(&mut self, progress: &mut Progress) {
        while self.output.len() < BUFFER && self.may_start(progress) {
            progress.start_call();
            put_record(&mut self.output, &[0; CALL_HEADER], &self.body);
        }
    }

    /// Tells whether all has been written.
    fn write(&mut self, cx: &mut Context<'_>) -> io::Result<bool> {
        while self.written < self.output.len() {
            let rest = &self.output[self.written..];
            match Pin::new(&mut self.socket).poll_write(cx, rest)? {
                Poll::Ready(count) => self.written += count,
                Poll::Pending => return Ok(false),
            }
        }
        self.output.clear();
        self.written = 0;
        Ok(true)
    }
}

struct Progress {
    started: u64,
    finished: u64,
    calls: u64,
    /// When those calls were started that are timed. Replies are in the order
    /// of the calls.
    starts: VecDeque<Instant>,
    latencies: Latencies,
}

impl Progress {
    fn start_call(&mut self) {
        if self.started.is_multiple_of(TIMED) {
            self.starts.push_back(Instant::now());
        }
        self.started += 1;
    }

    fn finish_call(&mut self) {
        if self.finished.is_multiple_of(TIMED) {
            let start = self.starts.pop_front().expect("it has been started");
            self.latencies.push(start.elapsed());
        }
        self.finished += 1;
    }
}
