//! Connecting, and being connected to.

use super::{PATIENCE, abandon, accept, listen, poll_once};
use crate::rt::{Listener, Runtime, connect_any};
use futures::channel::oneshot;
use futures::future::join;
use futures::io::{AsyncReadExt, AsyncWriteExt};
use std::io;
use std::net::SocketAddr;
use std::pin::pin;

pub(super) async fn test_all<R: Runtime>(runtime: &R) {
    an_abandoned_accept_loses_no_connection(runtime).await;
    an_abandoned_connection_attempt_harms_nobody(runtime).await;
    connections_wait_until_they_are_accepted(runtime).await;
    a_listener_wakes_the_task_that_polled_it_last(runtime).await;
    a_listener_frees_its_port_even_while_it_is_polled(runtime).await;
    a_port_is_refused_then_taken_again(runtime).await;
}

async fn an_abandoned_accept_loses_no_connection<R: Runtime>(runtime: &R) {
    let mut listener = listen(runtime).await;
    let address = listener.local_addr().unwrap();
    for _ in 0..3 {
        let abandoned = poll_once(pin!(accept::<R>(&mut listener))).await;
        assert!(abandoned.is_pending());
        let (client, server) = join(runtime.connect(address), accept::<R>(&mut listener)).await;
        client.unwrap().write_all(b"!").await.unwrap();
        let mut byte = [0];
        server.unwrap().read_exact(&mut byte).await.unwrap();
        assert_eq!(&byte, b"!");
    }
}

async fn an_abandoned_connection_attempt_harms_nobody<R: Runtime>(runtime: &R) {
    let mut listener = listen(runtime).await;
    let address = listener.local_addr().unwrap();
    // The system may have connected it all the same.
    let _ = abandon(runtime.connect(address)).await;
    let mut client = runtime.connect(address).await.unwrap();
    client.write_all(b"!").await.unwrap();
    let mut byte = [0];
    loop {
        let mut server = accept::<R>(&mut listener).await.unwrap();
        match server.read(&mut byte).await {
            Ok(1) => break,
            nothing => assert_eq!(nothing.unwrap_or(0), 0),
        }
    }
    assert_eq!(&byte, b"!");
}

async fn connections_wait_until_they_are_accepted<R: Runtime>(runtime: &R) {
    // The standard library would have 128 wait; of more, some are connected a
    // second later, when the system tries again.
    let connections = waiting_connections().min(300);
    let mut listener = listen(runtime).await;
    let address = listener.local_addr().unwrap();
    let mut clients = Vec::new();
    for number in 0..connections {
        let mut client = runtime.connect(address).await.unwrap();
        client.write_all(&number.to_be_bytes()).await.unwrap();
        clients.push(client);
    }
    let mut seen = Vec::new();
    for _ in 0..connections {
        let mut server = accept::<R>(&mut listener).await.unwrap();
        let mut number = [0; 2];
        server.read_exact(&mut number).await.unwrap();
        seen.push(u16::from_be_bytes(number));
    }
    seen.sort_unstable();
    assert!(seen.into_iter().eq(0..connections));
    let more = poll_once(pin!(accept::<R>(&mut listener))).await;
    assert!(more.is_pending());
}

/// How many connections the system lets wait at most, where it tells.
fn waiting_connections() -> u16 {
    let told = std::fs::read_to_string("/proc/sys/net/core/somaxconn");
    told.map_or(50, |most| most.trim().parse().unwrap_or(u16::MAX))
}

async fn a_listener_wakes_the_task_that_polled_it_last<R: Runtime>(runtime: &R) {
    let mut listener = listen(runtime).await;
    let address = listener.local_addr().unwrap();
    assert!(abandon(accept::<R>(&mut listener)).await.is_pending());
    let (report, accepted) = oneshot::channel();
    runtime.spawn(async move {
        let server = accept::<R>(&mut listener).await;
        report.send(server.map(drop)).expect("the test listens");
    });
    let _client = runtime.connect(address).await.unwrap();
    accepted.await.expect("the task goes on").unwrap();
}

async fn a_listener_frees_its_port_even_while_it_is_polled<R: Runtime>(runtime: &R) {
    let mut listener = listen(runtime).await;
    let address = listener.local_addr().unwrap();
    assert!(abandon(accept::<R>(&mut listener)).await.is_pending());
    drop(listener);
    assert_eq!(
        failure(runtime.connect(address).await),
        Some(io::ErrorKind::ConnectionRefused)
    );
    runtime.listen(address).await.unwrap();
}

async fn a_port_is_refused_then_taken_again<R: Runtime>(runtime: &R) {
    let mut listener = listen(runtime).await;
    let address = listener.local_addr().unwrap();
    let taken = failure(runtime.listen(address).await);
    assert_eq!(taken, Some(io::ErrorKind::AddrInUse));
    // The server's side closes first, so its port lingers in TIME_WAIT.
    let (client, server) = join(runtime.connect(address), accept::<R>(&mut listener)).await;
    drop((server, listener));
    drop(client);
    let refused = failure(runtime.connect(address).await);
    assert_eq!(refused, Some(io::ErrorKind::ConnectionRefused));

    let mut listener = runtime.listen(address).await.unwrap();
    let both = [unused_address(runtime).await, address];
    let connect = connect_any(runtime, &both, PATIENCE);
    let (connected, accepted) = join(connect, accept::<R>(&mut listener)).await;
    assert_eq!(connected.unwrap().1, address);
    accepted.unwrap();
}

fn failure<T>(result: io::Result<T>) -> Option<io::ErrorKind> {
    result.err().map(|error| error.kind())
}

async fn unused_address<R: Runtime>(runtime: &R) -> SocketAddr {
    listen(runtime).await.local_addr().unwrap()
}
