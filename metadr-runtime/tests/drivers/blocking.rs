//! Calls from threads that are not async.

use crate::Tested;
use crate::service::calc::v1::descriptor;
use crate::service::{Pair, calc};
use crate::support::with_server;
use futures::channel::oneshot;
use futures::future::join;
use metadr_runtime::rpc::blocking::Client;
use metadr_runtime::rpc::{self, CallError, ClientConfig, CloseReason};
use metadr_runtime::xdr::{Decoder, Encode, Encoder, XdrEncoder};
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
                            assert_eq!(add(&client, left, right), Ok(left + right));
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
            let calls = calc::v1::Client::new(client.rpc().clone());
            let (held, released) = client.wait(async {
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
            let hasty = client.with(|rpc| rpc.with_timeout(Duration::from_millis(20)));
            let hold = |number: u32| {
                let encode = |encoder: &mut XdrEncoder<'_>| {
                    encoder.put_u32(number);
                    Ok(())
                };
                hasty.call(&descriptor::HOLD, encode, |_| Ok(()))
            };
            assert_eq!(hold(1), Err(CallError::TimedOut { sent: true }));
            assert_eq!(add(&client, 1, 2), Ok(3));
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
            for number in 0..100_u32 {
                let encode = |encoder: &mut XdrEncoder<'_>| {
                    encoder.put_u32(number);
                    Ok(())
                };
                client.send(&descriptor::NOTE, encode).unwrap();
            }
            let other = client.clone();
            assert_eq!(client.close(), CloseReason::ByThisSide);
            let error = add(&other, 1, 2).unwrap_err();
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
            assert_eq!(add(&client, 1, 2), Ok(3));
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

fn connect(address: SocketAddr) -> Client {
    let connect = move |runtime: Tested| async move {
        rpc::Client::connect(&runtime, address, ClientConfig::default()).await
    };
    Client::connect_on(Tested::default(), connect).unwrap()
}

fn add(client: &Client, left: i32, right: i32) -> Result<i32, CallError> {
    let encode = |encoder: &mut XdrEncoder<'_>| Pair { left, right }.encode(encoder);
    client.call(&descriptor::ADD, encode, |decoder| decoder.take_i32())
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
