//! Mishaps at the worst moment, on a virtual clock.

use crate::service::calc::v1::{self, Client};
use crate::service::{Calc, Pair};
use crate::support::socket_pair;
use futures::channel::oneshot;
use futures::future::FutureExt;
use futures::io::{AsyncRead, AsyncWrite};
use futures::poll;
use metadr_runtime::rpc::{
    self, CallError, ClientConfig, CloseReason, IncomingCall, Limits, Procedure, ProgramVersion,
    Reconnect, Reply, Service, Shutdown, serve, serve_connection,
};
use metadr_runtime::rt::sim::{Cut, Link};
use metadr_runtime::rt::{Runtime, Sim, timeout};
use std::future::pending;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::panic::AssertUnwindSafe;
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

const SERVER: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 0, 0, 1));
const CLIENT: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 0, 0, 2));
const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);
/// More than a call takes.
const SOON: Duration = Duration::from_millis(100);

fn config() -> ClientConfig {
    ClientConfig {
        seed: Some(0),
        ..ClientConfig::default()
    }
}

/// Runs `test` with a server and a client of it.
fn with_client(config: ClientConfig, test: impl AsyncFnOnce(&Sim, &Client)) {
    let sim = Sim::new(0);
    sim.block_on(async {
        let (server, client) = (sim.host(SERVER), sim.host(CLIENT));
        let address = SocketAddr::from((SERVER, 7));
        let listener = server.listen(address).await.unwrap();
        let service = Arc::new(v1::Service(Arc::new(Calc::default())));
        let serving = serve(
            server.clone(),
            listener,
            service,
            Limits::default(),
            Shutdown::new(),
        );
        server.spawn(async move { serving.await.unwrap() });
        let client = rpc::Client::connect(&client, address, config).await;
        test(&sim, &Client::new(client.unwrap())).await;
    });
    sim.drop_tasks();
}

async fn sleep(sim: &Sim, duration: Duration) {
    sim.sleep_until(sim.now() + duration).await;
}

async fn add(client: &Client) -> Result<i32, CallError> {
    client.add(Pair { left: 1, right: 2 }).await
}

/// A call whose arguments cannot even be encoded without a panic.
async fn panic_in_encode(client: &Client) {
    let procedure = Procedure::unnamed(1, 1, 1);
    let call = client
        .rpc()
        .call(&procedure, |_| panic!("no arguments"), |_| Ok(()));
    let panic = AssertUnwindSafe(call).catch_unwind().await;
    assert!(panic.is_err(), "the panic is the caller's");
}

#[test]
fn calls_end_at_their_deadlines_while_the_connection_is_being_closed() {
    with_client(config(), async |sim, client| {
        let soon = Client::new(client.rpc().with_timeout(SECOND));
        sim.net().cut(SERVER, CLIENT, Cut::Silent);
        // More than fits on its way, so that closing takes its time.
        let blob = vec![0; 1 << 20].into();
        let (mut held, mut large) = (pin!(soon.hold(1)), pin!(client.echo(&blob)));
        assert!(poll!(held.as_mut()).is_pending() && poll!(large.as_mut()).is_pending());
        let start = sim.now();
        client.rpc().close();
        assert_eq!(held.await, Err(CallError::TimedOut { sent: true }));
        assert_eq!(sim.now(), start + SECOND);
        let reason = CloseReason::ByThisSide;
        assert_eq!(
            large.await,
            Err(CallError::Closed {
                reason,
                sent: false
            })
        );
    });
}

#[test]
fn a_call_that_was_written_when_the_runtime_dropped_all_tasks_may_have_been_executed() {
    with_client(config(), async |sim, client| {
        let mut held = pin!(client.hold(1));
        assert!(poll!(held.as_mut()).is_pending());
        sleep(sim, SECOND).await;
        sim.drop_tasks();
        let reason = CloseReason::Abandoned;
        assert_eq!(held.await, Err(CallError::Closed { reason, sent: true }));
    });
}

#[test]
fn a_client_whose_task_never_ran_is_closed() {
    let sim = Sim::new(0);
    sim.block_on(async {
        let listener = sim.listen((Ipv4Addr::LOCALHOST, 7).into()).await;
        let stream = sim.connect((Ipv4Addr::LOCALHOST, 7).into()).await.unwrap();
        let client = Client::new(rpc::Client::over(&sim, stream, config()));
        sim.drop_tasks();
        assert!(client.rpc().is_closed());
        let reason = CloseReason::Abandoned;
        assert_eq!(client.rpc().closed().await, reason);
        let sum = timeout(&sim, MINUTE, add(&client)).await;
        let closed = CallError::Closed {
            reason,
            sent: false,
        };
        assert_eq!(sum, Some(Err(closed)));
        drop(listener);
    });
}

#[test]
fn the_turn_of_a_call_that_panics_goes_to_the_next() {
    let config = ClientConfig {
        max_calls_in_flight: 1,
        ..config()
    };
    with_client(config, async |sim, client| {
        let mut first = pin!(add(client));
        let mut panicking = pin!(panic_in_encode(client));
        assert!(poll!(first.as_mut()).is_pending() && poll!(panicking.as_mut()).is_pending());
        let (report, next) = oneshot::channel();
        let same_client = client.clone();
        // A task of its own, which is polled when it is woken only.
        sim.spawn(async move { report.send(add(&same_client).await).unwrap() });
        assert_eq!(first.await, Ok(3));
        panicking.await;
        assert_eq!(timeout(sim, SOON, next).await, Some(Ok(Ok(3))));
    });
}

#[test]
fn a_call_after_one_that_panicked_has_all_its_time() {
    with_client(config(), async |sim, client| {
        assert_eq!(add(client).await, Ok(3));
        sleep(sim, MINUTE).await;
        panic_in_encode(client).await;
        sleep(sim, MINUTE).await;
        assert_eq!(add(client).await, Ok(3));
    });
}

#[test]
fn a_call_after_one_that_was_refused_has_all_its_time() {
    let config = ClientConfig {
        call_timeout: 20 * SECOND,
        max_waiting_calls: 1,
        reconnect: Some(Reconnect {
            min_pause: MINUTE,
            max_pause: MINUTE,
        }),
        ..config()
    };
    with_client(config, async |sim, client| {
        // Lost before it was of any use: the next attempt comes after a pause.
        sim.net().cut(CLIENT, SERVER, Cut::Reset);
        sleep(sim, SECOND).await;
        {
            let patient = Client::new(client.rpc().with_timeout(Duration::MAX));
            let mut waiting = pin!(add(&patient));
            assert!(poll!(waiting.as_mut()).is_pending());
            sleep(sim, SECOND).await;
            let refused = add(client).await.unwrap_err();
            assert!(matches!(refused, CallError::Closed { .. }), "{refused}");
        }
        sim.net().mend(CLIENT, SERVER);
        sleep(sim, 43 * SECOND).await;
        assert_eq!(add(client).await, Ok(3));
    });
}

#[test]
fn calls_that_are_made_while_a_write_is_blocked_are_sent_after_it() {
    with_client(config(), async |sim, client| {
        let narrow = Link {
            buffer: 1000,
            ..Link::default()
        };
        sim.net().set_link(CLIENT, SERVER, narrow);
        sim.net().cut(CLIENT, SERVER, Cut::Silent);
        // More than fits on its way. Nothing that comes back wakes the client.
        for number in 0..30 {
            assert_eq!(client.note(number).await, Ok(()));
        }
        sleep(sim, SOON).await;
        let mut sum = pin!(add(client));
        assert!(poll!(sum.as_mut()).is_pending());
        sleep(sim, SOON).await;
        sim.net().mend(CLIENT, SERVER);
        assert_eq!(timeout(sim, SOON, sum).await, Some(Ok(3)));
    });
}

/// A service whose calls never end, and panic when they are given up.
struct Bombs;

impl Service for Bombs {
    fn programs(&self) -> Vec<ProgramVersion> {
        let (program, version) = (1, 1);
        vec![ProgramVersion { program, version }]
    }

    async fn call(&self, _: IncomingCall) -> Reply {
        struct Bomb;
        impl Drop for Bomb {
            fn drop(&mut self) {
                panic!("given up");
            }
        }
        let _bomb = Bomb;
        pending().await
    }
}

#[test]
fn handlers_that_panic_as_they_are_given_up_do_not_end_the_server() {
    let sim = Sim::new(0);
    sim.block_on(async {
        let (client_end, server_end) = socket_pair(&sim).await;
        let serving = serve_connection(
            sim.clone(),
            server_end,
            Arc::new(Bombs),
            Limits::default(),
            Shutdown::new(),
        );
        let (report, served) = oneshot::channel();
        sim.spawn(async move { report.send(serving.await).unwrap() });
        let client = rpc::Client::over(&sim, client_end, config());
        {
            let procedure = Procedure::unnamed(1, 1, 1);
            let call = || client.call(&procedure, |_| Ok(()), |_| Ok(()));
            let (mut one, mut other) = (pin!(call()), pin!(call()));
            assert!(poll!(one.as_mut()).is_pending() && poll!(other.as_mut()).is_pending());
            sleep(&sim, SECOND).await;
        }
        drop(client);
        served.await.unwrap().unwrap();
    });
}

/// A stream that forgets who waits for writing when it is flushed, as some do.
struct Forgetful<T> {
    stream: T,
    writer: Arc<Gate>,
}

#[derive(Default)]
struct Gate(Mutex<Option<Waker>>);

impl Wake for Gate {
    fn wake(self: Arc<Self>) {
        let waker = self.0.lock().unwrap().take();
        waker.into_iter().for_each(Waker::wake);
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for Forgetful<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        space: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_read(cx, space)
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for Forgetful<T> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        *self.writer.0.lock().unwrap() = Some(cx.waker().clone());
        let waker = Arc::clone(&self.writer).into();
        Pin::new(&mut self.stream).poll_write(&mut Context::from_waker(&waker), bytes)
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        *self.writer.0.lock().unwrap() = None;
        Poll::Ready(Ok(()))
    }

    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_close(cx)
    }
}

#[test]
fn a_stream_is_not_flushed_while_it_takes_no_more() {
    let sim = Sim::new(0);
    sim.block_on(async {
        let (one, other) = socket_pair(&sim).await;
        let [client_end, server_end] = [one, other].map(|stream| Forgetful {
            stream,
            writer: Arc::default(),
        });
        let service = Arc::new(v1::Service(Arc::new(Calc::default())));
        let (limits, shutdown) = (Limits::default(), Shutdown::new());
        let serving = serve_connection(sim.clone(), server_end, service, limits, shutdown);
        sim.spawn(async move { serving.await.unwrap() });
        let client = Client::new(rpc::Client::over(&sim, client_end, config()));
        let blob = vec![7; 1 << 20].into();
        let echoed = client.echo(&blob).await;
        assert!(echoed.expect("an echo") == blob);
    });
}
