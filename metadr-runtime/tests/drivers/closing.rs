//! The end of connections and servers.

use crate::Tested;
use crate::service::Pair;
use crate::service::calc::v1::Client;
use crate::support::{run, socket_pair, with_limits, with_server};
use bytes::Bytes;
use futures::channel::oneshot;
use futures::future::join;
use futures::io::{AsyncReadExt, AsyncWriteExt};
use futures::poll;
use metadr_runtime::rpc::{self, CallError, ClientConfig, CloseReason, Limits};
use metadr_runtime::rt::Runtime;
use std::io;
use std::pin::pin;

#[test]
fn a_connection_that_ends_fails_its_calls() {
    with_server(async |bed| {
        let client = bed.client().await;
        let (held, hung_up) = join(client.hold(1), client.hang_up()).await;
        let reason = CloseReason::ByServer;
        let closed = |sent| CallError::Closed {
            reason: reason.clone(),
            sent,
        };
        assert_eq!(held, Err(closed(true)));
        assert_eq!(hung_up, Err(closed(true)));
        assert_eq!(client.rpc().closed().await, reason);
        assert!(client.rpc().is_closed());
        let error = client.hold(1).await.unwrap_err();
        assert_eq!(error, closed(false));
        assert!(error.not_executed());
        assert_eq!(client.note(1).await, Err(closed(false)));
    });
}

#[test]
fn a_client_that_closes_sends_what_waits_first() {
    with_server(async |bed| {
        let client = bed.client().await;
        let mut held = pin!(client.hold(1));
        assert!(poll!(held.as_mut()).is_pending());
        for number in 0..100 {
            client.note(number).await.unwrap();
        }
        client.rpc().close();
        let reason = CloseReason::ByThisSide;
        assert_eq!(client.rpc().closed().await, reason);
        assert_eq!(held.await, Err(CallError::Closed { reason, sent: true }));
        bed.until(|| bed.service.notes.lock().unwrap().len() == 100)
            .await;
    });
}

/// What a caller sends may be anything that has bytes, and is let go of where
/// the client is in use itself.
#[test]
fn data_of_a_call_that_is_lost_may_use_the_client_when_it_is_dropped() {
    struct Owner {
        bytes: Vec<u8>,
        client: rpc::Client,
        gone: Option<oneshot::Sender<()>>,
    }
    impl AsRef<[u8]> for Owner {
        fn as_ref(&self) -> &[u8] {
            &self.bytes
        }
    }
    impl Drop for Owner {
        fn drop(&mut self) {
            self.client.close();
            let _ = self.gone.take().expect("it goes once").send(());
        }
    }
    let runtime = Tested::default();
    run(&runtime, async {
        let config = ClientConfig {
            max_queued_bytes: usize::MAX,
            ..ClientConfig::default()
        };
        let (ours, mut theirs) = socket_pair(&runtime).await;
        let rpc = rpc::Client::over(&runtime, ours, config);
        let (gone, is_gone) = oneshot::channel();
        let data = Bytes::from_owner(Owner {
            bytes: vec![1; 100_000],
            client: rpc.clone(),
            gone: Some(gone),
        });
        let client = Client::new(rpc);
        {
            // More than a connection holds, so that the other call waits.
            let much = Bytes::from(vec![2; 64 << 20]);
            let mut first = pin!(client.echo(&much));
            assert!(poll!(first.as_mut()).is_pending());
            theirs.read_exact(&mut [0; 4]).await.unwrap();
            let mut second = pin!(client.echo(&data));
            assert!(poll!(second.as_mut()).is_pending());
        }
        drop(data);
        drop(theirs);
        is_gone.await.unwrap();
        client.rpc().closed().await;
    });
}

#[test]
fn dropping_the_last_handle_closes_after_sending() {
    with_server(async |bed| {
        let client = bed.client().await;
        let other_handle = client.clone();
        drop(client);
        assert_eq!(other_handle.add(Pair { left: 1, right: 1 }).await, Ok(2));
        {
            let held = pin!(other_handle.hold(1));
            assert!(poll!(held).is_pending());
        }
        other_handle.note(7).await.unwrap();
        drop(other_handle);
        bed.until(|| bed.service.notes.lock().unwrap().ends_with(&[7]))
            .await;
        // The call that nobody awaits any more does not keep the connection.
        bed.until(|| bed.service.closed.lock().unwrap().len() == 1)
            .await;
    });
}

#[test]
fn the_calls_of_half_a_connection_are_answered() {
    with_limits(Limits::default(), async |bed| {
        let mut socket = bed.socket().await;
        let null_call = [0x8000_0028, 9, 0, 2, 0x2000_0001, 1, 0, 0, 0, 0, 0];
        socket
            .write_all(&null_call.map(u32::to_be_bytes).concat())
            .await
            .unwrap();
        socket.close().await.unwrap();
        let mut reply = Vec::new();
        socket.read_to_end(&mut reply).await.unwrap();
        let expected = [0x8000_0018, 9, 1, 0, 0, 0, 0].map(u32::to_be_bytes);
        assert_eq!(reply, expected.concat());
        bed.until(|| bed.service.closed.lock().unwrap().len() == 1)
            .await;
    });
}

#[test]
fn a_server_that_shuts_down_finishes_the_calls_in_flight() {
    with_limits(Limits::default(), async |bed| {
        let client = bed.client().await;
        let idle = bed.client().await;
        let mut held = pin!(client.hold(1));
        assert!(poll!(held.as_mut()).is_pending());
        bed.until(|| bed.service.held.lock().unwrap().contains_key(&1))
            .await;
        bed.shutdown.start();
        assert!(bed.shutdown.has_started());
        assert_eq!(idle.rpc().closed().await, CloseReason::ByServer);
        assert!(poll!(held.as_mut()).is_pending());
        let refused = bed.runtime.connect(bed.address).await;
        let kind = refused.err().map(|error| error.kind());
        assert_eq!(kind, Some(io::ErrorKind::ConnectionRefused));

        let release = bed.service.held.lock().unwrap().remove(&1).unwrap();
        release.send(()).unwrap();
        assert_eq!(held.await, Ok(()));
        assert_eq!(client.rpc().closed().await, CloseReason::ByServer);
        bed.served.take().unwrap().await.unwrap().unwrap();
        assert_eq!(bed.service.closed.lock().unwrap().len(), 2);
    });
}

#[test]
fn a_server_that_shuts_down_does_not_wait_for_ever() {
    with_server(async |bed| {
        let client = bed.client().await;
        let mut held = pin!(client.hold(1));
        assert!(poll!(held.as_mut()).is_pending());
        bed.until(|| bed.service.held.lock().unwrap().contains_key(&1))
            .await;
        bed.shutdown.start();
        bed.served.take().unwrap().await.unwrap().unwrap();
        assert!(matches!(
            held.await,
            Err(CallError::Closed { sent: true, .. })
        ));
    });
}

#[test]
fn nobody_there_is_an_error_of_connecting() {
    with_server(async |bed| {
        bed.shutdown.start();
        bed.served.take().unwrap().await.unwrap().unwrap();
        let config = ClientConfig::default();
        let error = rpc::Client::connect(&bed.runtime, bed.address, config).await;
        let kind = error.err().map(|error| error.kind());
        assert_eq!(kind, Some(io::ErrorKind::ConnectionRefused));
    });
}
