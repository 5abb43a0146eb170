//! What every [`Runtime`] must do, as one test for the adapters to run.
//!
//! Nothing here depends on how fast the machine is: a short time is compared
//! only with one that is never reached.

use super::{Instant, Listener, Runtime, Sleep, connect_any, timeout};
use futures::channel::{mpsc, oneshot};
use futures::future::{Either, join, select};
use futures::io::{AsyncReadExt, AsyncWriteExt};
use futures::stream::StreamExt;
use std::future::poll_fn;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::pin::{Pin, pin};
use std::task::Poll;
use std::time::Duration;

const SHORT: Duration = Duration::from_millis(20);
const NEVER: Duration = Duration::from_secs(3600);
const PATIENCE: Duration = Duration::from_secs(30);

/// Checks `runtime`, in a future that it runs itself.
///
/// # Panics
///
/// If the runtime does not behave.
pub async fn test_all<R: Runtime>(runtime: &R) {
    timers_fire_after_their_deadline_and_not_before(runtime).await;
    a_timer_whose_deadline_has_passed_fires_at_once(runtime).await;
    a_timer_can_be_reset(runtime).await;
    dropping_a_timer_or_a_task_result_harms_nobody(runtime).await;
    tasks_run_concurrently(runtime).await;
    names_and_addresses_resolve(runtime).await;

    let rest = async {
        bytes_go_both_ways(runtime).await;
        each_half_closes_on_its_own(runtime).await;
        a_dropped_stream_ends_for_its_peer(runtime).await;
        an_abandoned_accept_loses_no_connection(runtime).await;
        a_port_is_refused_then_taken_again(runtime).await;
    };
    timeout(runtime, PATIENCE, rest).await.expect("no deadlock");
}

async fn timers_fire_after_their_deadline_and_not_before<R: Runtime>(runtime: &R) {
    let deadline = runtime.now() + SHORT;
    runtime.sleep_until(deadline).await;
    assert!(runtime.now() >= deadline);

    let long = pin!(runtime.sleep_until(runtime.now() + NEVER));
    let short = pin!(runtime.sleep_until(runtime.now() + SHORT));
    assert!(matches!(select(long, short).await, Either::Right(_)));
    assert!(
        timeout(runtime, SHORT, std::future::pending::<()>())
            .await
            .is_none()
    );
}

async fn a_timer_whose_deadline_has_passed_fires_at_once<R: Runtime>(runtime: &R) {
    runtime.sleep_until(Instant::ZERO).await;
    runtime.sleep_until(runtime.now()).await;
}

async fn a_timer_can_be_reset<R: Runtime>(runtime: &R) {
    let mut sleep = pin!(runtime.sleep_until(Instant::from_nanos(u64::MAX)));
    assert!(poll_once(sleep.as_mut()).await.is_pending());
    sleep.as_mut().reset(runtime.now() + SHORT);
    sleep.as_mut().await;

    sleep.as_mut().reset(runtime.now() + SHORT);
    let _ = poll_once(sleep.as_mut()).await;
    sleep.as_mut().reset(runtime.now() + NEVER);
    let longer = pin!(runtime.sleep_until(runtime.now() + SHORT * 2));
    assert!(matches!(
        select(sleep.as_mut(), longer).await,
        Either::Right(_)
    ));
    sleep.as_mut().reset(runtime.now());
    sleep.await;
}

async fn dropping_a_timer_or_a_task_result_harms_nobody<R: Runtime>(runtime: &R) {
    let mut abandoned = Box::pin(runtime.sleep_until(runtime.now() + SHORT));
    let _ = poll_once(abandoned.as_mut()).await;
    drop(abandoned);
    let (sender, receiver) = oneshot::channel::<()>();
    drop(receiver);
    runtime.spawn(async move { assert!(sender.send(()).is_err()) });
    runtime.sleep_until(runtime.now() + SHORT * 2).await;
}

async fn tasks_run_concurrently<R: Runtime>(runtime: &R) {
    const TASKS: u64 = 1000;
    let (results, mut receiver) = mpsc::unbounded();
    let (mut baton, end) = oneshot::channel::<()>();
    // Each task waits for the one that is spawned after it.
    for number in 0..TASKS {
        let (next, wait) = oneshot::channel::<()>();
        let signal = std::mem::replace(&mut baton, next);
        let results = results.clone();
        runtime.spawn(async move {
            wait.await.expect("the next task signals");
            results.unbounded_send(number).expect("the test listens");
            signal.send(()).expect("somebody waits for this task");
        });
    }
    drop(results);
    baton.send(()).expect("the last task waits");
    end.await.expect("the first task signals");
    let mut sum = 0;
    while let Some(number) = receiver.next().await {
        sum += number;
    }
    assert_eq!(sum, TASKS * (TASKS - 1) / 2);
}

async fn names_and_addresses_resolve<R: Runtime>(runtime: &R) {
    let addresses = runtime.resolve("localhost", 7).await.unwrap();
    assert!(!addresses.is_empty());
    for address in addresses {
        assert!(
            address.ip().is_loopback() && address.port() == 7,
            "{address}"
        );
    }
    for text in ["127.0.0.1", "::1"] {
        let ip: IpAddr = text.parse().unwrap();
        let addresses = runtime.resolve(text, 9).await.unwrap();
        assert_eq!(addresses, [SocketAddr::new(ip, 9)]);
    }
}

async fn bytes_go_both_ways<R: Runtime>(runtime: &R) {
    let (mut client, mut server) = pair(runtime).await;
    // More than any socket buffer holds, so that both sides have to wait.
    let data: Vec<u8> = (0..8 << 20).map(|index: u32| (index >> 8) as u8).collect();
    let echo = async {
        let mut buffer = vec![0; 10_000];
        loop {
            match server.read(&mut buffer).await.unwrap() {
                0 => break,
                count => server.write_all(&buffer[..count]).await.unwrap(),
            }
        }
        server.close().await.unwrap();
    };
    let (mut reader, mut writer) = AsyncReadExt::split(&mut client);
    let send = async {
        writer.write_all(&data).await.unwrap();
        writer.close().await.unwrap();
    };
    let mut echoed = Vec::new();
    let receive = reader.read_to_end(&mut echoed);
    let (received, ((), ())) = join(receive, join(send, echo)).await;
    received.unwrap();
    assert!(echoed == data);
}

async fn each_half_closes_on_its_own<R: Runtime>(runtime: &R) {
    let (mut client, mut server) = pair(runtime).await;
    client.write_all(b"question").await.unwrap();
    client.close().await.unwrap();
    let mut question = String::new();
    server.read_to_string(&mut question).await.unwrap();
    assert_eq!(question, "question");
    server.write_all(b"answer").await.unwrap();
    server.close().await.unwrap();
    let mut answer = String::new();
    client.read_to_string(&mut answer).await.unwrap();
    assert_eq!(answer, "answer");
}

async fn a_dropped_stream_ends_for_its_peer<R: Runtime>(runtime: &R) {
    let (client, mut server) = pair(runtime).await;
    drop(client);
    assert_eq!(server.read(&mut [0; 8]).await.unwrap_or(0), 0);
}

async fn an_abandoned_accept_loses_no_connection<R: Runtime>(runtime: &R) {
    let mut listener = listen(runtime).await;
    let address = listener.local_addr().unwrap();
    let abandoned = poll_once(pin!(accept::<R>(&mut listener))).await;
    assert!(abandoned.is_pending());
    let (client, server) = join(runtime.connect(address), accept::<R>(&mut listener)).await;
    client.unwrap().write_all(b"!").await.unwrap();
    let mut byte = [0];
    server.unwrap().read_exact(&mut byte).await.unwrap();
    assert_eq!(&byte, b"!");
}

async fn a_port_is_refused_then_taken_again<R: Runtime>(runtime: &R) {
    let mut listener = listen(runtime).await;
    let address = listener.local_addr().unwrap();
    let kind = runtime
        .listen(address)
        .await
        .err()
        .map(|error| error.kind());
    assert_eq!(kind, Some(io::ErrorKind::AddrInUse));
    // The server's side closes first, so its port lingers in TIME_WAIT.
    let (client, server) = join(runtime.connect(address), accept::<R>(&mut listener)).await;
    drop((server, listener));
    drop(client);
    let kind = runtime
        .connect(address)
        .await
        .err()
        .map(|error| error.kind());
    assert_eq!(kind, Some(io::ErrorKind::ConnectionRefused));

    let mut listener = runtime.listen(address).await.unwrap();
    let both = [unused_address(runtime).await, address];
    let connect = connect_any(runtime, &both, PATIENCE);
    let (connected, accepted) = join(connect, accept::<R>(&mut listener)).await;
    assert_eq!(connected.unwrap().1, address);
    accepted.unwrap();
}

async fn unused_address<R: Runtime>(runtime: &R) -> SocketAddr {
    listen(runtime).await.local_addr().unwrap()
}

async fn pair<R: Runtime>(runtime: &R) -> (R::Stream, R::Stream) {
    let mut listener = listen(runtime).await;
    let address = listener.local_addr().unwrap();
    assert_ne!(address.port(), 0);
    let (client, server) = join(runtime.connect(address), accept::<R>(&mut listener)).await;
    (client.unwrap(), server.unwrap())
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
