//! Limits, on both sides.

use crate::Tested;
use crate::service::calc::v1::{Client, procedure};
use crate::service::{Pair, calc};
use crate::support::{MOMENT, run, socket_pair, with_limits, with_server};
use bytes::Bytes;
use futures::future::{join, join_all, join3};
use futures::io::{AsyncReadExt, AsyncWriteExt, Cursor};
use futures::task::AtomicWaker;
use futures_io::{AsyncRead, AsyncWrite};
use metadr_runtime::rpc::{self, CallError, ClientConfig, Limits, serve_connection};
use metadr_runtime::xdr::{Decoder, Encoder};
use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker, ready};

#[test]
fn small_limits_only_slow_things_down() {
    let limits = Limits {
        max_calls_in_flight: 2,
        max_bytes_in_flight: 100,
        max_unsent_bytes: 50,
        ..Limits::default()
    };
    with_limits(limits, async |bed| {
        let config = ClientConfig {
            max_calls_in_flight: 7,
            max_queued_bytes: 1,
            ..ClientConfig::default()
        };
        let client = bed.client_with(config).await;
        let pairs: Vec<_> = (0..500).map(|left| Pair { left, right: 1 }).collect();
        let sums = join_all(pairs.into_iter().map(|pair| client.add(pair))).await;
        let expected: Vec<_> = (1..=500).map(Ok).collect();
        assert_eq!(sums, expected);
    });
}

#[test]
fn a_caller_that_takes_no_replies_is_not_read() {
    const CALLS: usize = 200;
    const SIZE: usize = 100_000;
    with_server(async |bed| {
        let (mut socket, server_side) = socket_pair(&bed.runtime).await;
        let gate = Gate::default();
        let serving = serve_connection(
            bed.runtime.clone(),
            gate.guard(server_side),
            Arc::new(calc::v1::Service(Arc::clone(&bed.service))),
            Limits::default(),
            bed.shutdown.clone(),
        );
        let call = echo_call(SIZE);
        let (mut reader, mut writer) = AsyncReadExt::split(&mut socket);
        let ask = async {
            for _ in 0..CALLS {
                writer.write_all(&call).await.unwrap();
            }
            writer.close().await.unwrap();
        };
        let take = async {
            bed.pause(4 * MOMENT).await;
            let echoes = bed.service.echoes.load(Ordering::Relaxed);
            let max = Limits::default().max_unsent_bytes + 2 * SIZE;
            assert!(echoes * SIZE <= max, "{echoes} calls were read");
            // Nor is it asked over and over again.
            let asked = gate.asked();
            assert!(asked <= 100, "asked {asked} times");
            gate.open();
            assert_eq!(count_to_end(&mut reader).await, CALLS * (SIZE + 32));
        };
        let (served, (), ()) = join3(serving, ask, take).await;
        served.unwrap();
    });
}

#[test]
fn replies_that_nobody_takes_are_not_made() {
    const CALLS: usize = 200;
    with_server(async |bed| {
        let (mut socket, server_side) = socket_pair(&bed.runtime).await;
        let gate = Gate::default();
        let late = Arc::new(Late::new(CALLS));
        let serving = serve_connection(
            bed.runtime.clone(),
            gate.guard(server_side),
            Arc::clone(&late),
            Limits::default(),
            bed.shutdown.clone(),
        );
        let call = echo_call(4);
        let (mut reader, mut writer) = AsyncReadExt::split(&mut socket);
        let ask = async {
            writer.write_all(&call.repeat(CALLS)).await.unwrap();
            writer.close().await.unwrap();
        };
        let take = async {
            bed.pause(4 * MOMENT).await;
            // All are called, few have been answered.
            assert_eq!(late.called.load(Ordering::Relaxed), CALLS);
            let made = late.made.load(Ordering::Relaxed);
            let max = Limits::default().max_unsent_bytes + 2 * LATE_SIZE;
            assert!(made * LATE_SIZE <= max, "{made} replies were made");
            gate.open();
            let received = count_to_end(&mut reader).await;
            // Record mark, header, and the length are 32 bytes, the data 4 less.
            assert_eq!(received, CALLS * (LATE_SIZE - 4 + 32));
        };
        let (served, (), ()) = join3(serving, ask, take).await;
        served.unwrap();
    });
}

#[test]
fn all_is_answered_after_the_end_of_the_input() {
    const CALLS: usize = 10;
    with_server(async |bed| {
        let late = Arc::new(Late::new(CALLS + 1));
        let service = Arc::clone(&late);
        let output = Arc::default();
        let stream = Canned {
            input: Cursor::new(echo_call(4).repeat(CALLS)),
            output: Arc::clone(&output),
        };
        let (limits, shutdown) = (Limits::default(), bed.shutdown.clone());
        let runtime = bed.runtime.clone();
        let serving = serve_connection(runtime, stream, service, limits, shutdown);
        let release = async {
            let called = || late.called.load(Ordering::Relaxed);
            bed.until(|| called() == CALLS).await;
            late.note_call();
        };
        let (served, ()) = join(serving, release).await;
        served.unwrap();
        let length = output.lock().unwrap().len();
        assert_eq!(length, CALLS * (LATE_SIZE - 4 + 32));
    });
}

#[test]
fn a_caller_that_never_takes_its_replies_loses_its_connection() {
    let limits = Limits {
        write_time: 2 * MOMENT,
        ..Limits::default()
    };
    with_limits(limits, async |bed| {
        let mut socket = bed.socket().await;
        let call = echo_call(1_000_000);
        while socket.write_all(&call).await.is_ok() {}
        bed.until(|| bed.service.closed.lock().unwrap().len() == 1)
            .await;
        let client = bed.client().await;
        assert_eq!(client.add(Pair { left: 1, right: 1 }).await, Ok(2));
    });
}

#[test]
fn sending_waits_for_a_server_that_does_not_read() {
    let runtime = Tested::default();
    run(&runtime, async {
        let config = ClientConfig {
            call_timeout: 2 * MOMENT,
            max_queued_bytes: 64 * 1024,
            ..ClientConfig::default()
        };
        let (ours, _silent) = socket_pair(&runtime).await;
        let client = rpc::Client::over(&runtime, ours, config);
        let client = Client::new(client);

        let blob = Bytes::from(vec![7; 16 * 1024]);
        let mut sent = 0_usize;
        let error = loop {
            match send_blob(&client, &blob).await {
                Ok(()) => sent += blob.len(),
                Err(error) => break error,
            }
        };
        assert_eq!(error, CallError::TimedOut { sent: false });
        // What the kernel takes, at the very most, and what may be queued.
        assert!(sent < 200 << 20, "{sent} bytes were queued");
    });
}

/// How many bytes there are to the end. (`read_to_end` would clear all of its
/// buffer each time that it has waited.)
async fn count_to_end(reader: &mut (impl AsyncRead + Unpin)) -> usize {
    let mut space = vec![0; 64 * 1024];
    let mut total = 0;
    loop {
        match reader.read(&mut space).await.unwrap() {
            0 => return total,
            count => total += count,
        }
    }
}

/// How much a reply of [`Late`] is.
const LATE_SIZE: usize = 100_000;

/// Answers with much, but not before it has got all calls.
struct Late {
    calls: usize,
    waiting: Mutex<Vec<Waker>>,
    called: AtomicUsize,
    made: AtomicUsize,
}

impl Late {
    fn new(calls: usize) -> Self {
        Self {
            calls,
            waiting: Mutex::default(),
            called: AtomicUsize::new(0),
            made: AtomicUsize::new(0),
        }
    }

    /// Notes a call. The last one makes all handlers ready.
    fn note_call(&self) {
        if self.called.fetch_add(1, Ordering::Relaxed) + 1 < self.calls {
            return;
        }
        let waiting = std::mem::take(&mut *self.waiting.lock().unwrap());
        waiting.into_iter().for_each(Waker::wake);
    }
}

impl rpc::Service for Late {
    fn programs(&self) -> Vec<rpc::ProgramVersion> {
        vec![rpc::ProgramVersion {
            program: calc::NUMBER,
            version: calc::v1::NUMBER,
        }]
    }

    async fn call(&self, call: rpc::IncomingCall) -> rpc::Reply {
        self.note_call();
        std::future::poll_fn(|cx| {
            if self.called.load(Ordering::Relaxed) == self.calls {
                return Poll::Ready(());
            }
            self.waiting.lock().unwrap().push(cx.waker().clone());
            Poll::Pending
        })
        .await;
        self.made.fetch_add(1, Ordering::Relaxed);
        match call.decode(|decoder| Decoder::take_opaque(decoder, u32::MAX)) {
            Ok((_, _, reply)) => {
                reply.success(|encoder| encoder.put_opaque(&[7; LATE_SIZE - 4], u32::MAX))
            }
            Err(reply) => reply,
        }
    }
}

/// A connection with its input in it, which takes all output at once.
struct Canned {
    input: Cursor<Vec<u8>>,
    output: Arc<Mutex<Vec<u8>>>,
}

impl AsyncRead for Canned {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        space: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.input).poll_read(cx, space)
    }
}

impl AsyncWrite for Canned {
    fn poll_write(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.output.lock().unwrap().extend_from_slice(bytes);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

/// Lets nothing be written to a connection until it is opened.
#[derive(Clone, Default)]
struct Gate(Arc<(AtomicBool, AtomicWaker, AtomicUsize)>);

impl Gate {
    fn guard<T>(&self, stream: T) -> Gated<T> {
        let gate = self.clone();
        Gated { stream, gate }
    }

    fn open(&self) {
        self.0.0.store(true, Ordering::Release);
        self.0.1.wake();
    }

    /// How often somebody wanted to write.
    fn asked(&self) -> usize {
        self.0.2.load(Ordering::Relaxed)
    }

    fn poll_open(&self, cx: &Context<'_>) -> Poll<()> {
        self.0.2.fetch_add(1, Ordering::Relaxed);
        self.0.1.register(cx.waker());
        if self.0.0.load(Ordering::Acquire) {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    }
}

/// A connection behind a [`Gate`].
struct Gated<T> {
    stream: T,
    gate: Gate,
}

impl<T: AsyncRead + Unpin> AsyncRead for Gated<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        space: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_read(cx, space)
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for Gated<T> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        ready!(self.gate.poll_open(cx));
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_close(cx)
    }
}

async fn send_blob(client: &Client, blob: &Bytes) -> Result<(), CallError> {
    let send = client.rpc().send(&calc::v1::descriptor::ECHO, |encoder| {
        encoder.put_opaque(blob, u32::MAX)
    });
    send.await
}

/// A call of `echo` with this many bytes, a multiple of four.
fn echo_call(size: usize) -> Vec<u8> {
    let length = 0x8000_0000 | (44 + size as u32);
    let program = calc::NUMBER;
    let words = [
        length,
        1,
        0,
        2,
        program,
        1,
        procedure::ECHO,
        0,
        0,
        0,
        0,
        size as u32,
    ];
    let mut call = words.map(u32::to_be_bytes).concat();
    call.resize(48 + size, 7);
    call
}
