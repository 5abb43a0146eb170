//! Calls from threads that are not async.

use crate::Tested;
use crate::service::calc::v1::BlockingClient;
use crate::service::{Pair, calc};
use crate::support::with_server;
use futures::channel::oneshot;
use futures::future::join;
use metadr_runtime::rpc::blocking::Client;
use metadr_runtime::rpc::{self, CallError, ClientConfig, CloseReason};
use std::net::SocketAddr;
use std::thread;
use std::time::Duration;

#[test]
fn threads_share_a_blocking_client() {
    with_server(async |bed| {
        let address = bed.address;
        aside(move || {
            let client = connect(address);
            thread::scope(|scope| {
                for right in 0..4 {
                    let client = client.clone();
                    scope.spawn(move || {
                        for left in 0..100 {
                            assert_eq!(client.add(Pair { left, right }), Ok(left + right));
                        }
                    });
                }
            });
        })
        .await;
        assert_eq!(bed.service.notes.lock().unwrap().len(), 400);
    });
}

#[test]
fn a_thread_can_have_many_calls_in_flight() {
    with_server(async |bed| {
        let address = bed.address;
        aside(move || {
            let client = connect(address);
            let calls = calc::v1::Client::new(client.rpc().rpc().clone());
            let (held, released) = client.rpc().wait(async {
                let released = async {
                    // Not before the other one is held.
                    while calls.release(1).await.is_err() {}
                };
                join(calls.hold(1), released).await
            });
            assert_eq!((held, released), (Ok(()), ()));
        })
        .await;
    });
}

#[test]
fn a_blocking_call_has_a_deadline() {
    with_server(async |bed| {
        let address = bed.address;
        aside(move || {
            let client = connect(address);
            let hasty = client
                .rpc()
                .with(|rpc| rpc.with_timeout(Duration::from_millis(20)));
            let hasty = BlockingClient::new(hasty);
            assert_eq!(hasty.hold(1), Err(CallError::TimedOut { sent: true }));
            assert_eq!(client.add(Pair { left: 1, right: 2 }), Ok(3));
        })
        .await;
    });
}

#[test]
fn closing_sends_what_waits_and_says_why() {
    with_server(async |bed| {
        let address = bed.address;
        aside(move || {
            let client = connect(address);
            for number in 0..100 {
                client.note(number).unwrap();
            }
            assert_eq!(client.rpc().clone().close(), CloseReason::ByThisSide);
            let error = client.add(Pair { left: 1, right: 2 }).unwrap_err();
            assert!(error.not_executed());
        })
        .await;
        bed.until(|| bed.service.notes.lock().unwrap().len() == 100)
            .await;
    });
}

#[test]
fn the_thread_ends_with_the_last_handle() {
    with_server(async |bed| {
        let address = bed.address;
        aside(move || {
            let client = connect(address);
            assert_eq!(client.add(Pair { left: 1, right: 2 }), Ok(3));
        })
        .await;
        bed.until(|| bed.service.closed.lock().unwrap().len() == 1)
            .await;
    });
}

#[test]
fn nobody_there_is_an_error_of_connecting_for_threads_too() {
    with_server(async |bed| {
        bed.shutdown.start();
        bed.served.take().unwrap().await.unwrap().unwrap();
        let address = bed.address;
        aside(move || {
            let connect = move |runtime: Tested| async move {
                rpc::Client::connect(&runtime, address, ClientConfig::default()).await
            };
            let error = Client::connect_on(Tested::default(), connect).err();
            let kind = error.map(|error| error.kind());
            assert_eq!(kind, Some(std::io::ErrorKind::ConnectionRefused));
        })
        .await;
    });
}

fn connect(address: SocketAddr) -> BlockingClient {
    let connect = move |runtime: Tested| async move {
        rpc::Client::connect(&runtime, address, ClientConfig::default()).await
    };
    BlockingClient::new(Client::connect_on(Tested::default(), connect).unwrap())
}

/// Runs it on a thread of its own: the server is on this one.
async fn aside(test: impl FnOnce() + Send + 'static) {
    let (report, reported) = oneshot::channel();
    let running = thread::spawn(move || {
        test();
        report.send(()).unwrap();
    });
    if reported.await.is_err() {
        // It has panicked.
        running.join().unwrap();
    }
}
