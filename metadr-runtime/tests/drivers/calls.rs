//! Calls and their results.

use crate::service::BAD_NOTE;
use crate::service::calc::v1::procedure;
use crate::service::{Pair, calc};
use crate::support::{MOMENT, with_server};
use bytes::Bytes;
use futures::future::{join, join_all};
use futures::poll;
use metadr_runtime::rpc::{
    AuthFlavor, AuthStat, AuthSys, CallError, Client, ClientConfig, OpaqueAuth, Procedure,
};
use metadr_runtime::xdr::{Encoder, XdrEncoder};
use std::pin::pin;
use std::time::Duration;

#[test]
fn a_call_has_a_result() {
    with_server(async |bed| {
        let client = bed.client().await;
        let call = client.add(Pair { left: 2, right: 3 });
        // So that handlers of one server can call another one.
        fn assert_send<T: Send>(future: T) -> T {
            future
        }
        let sum = assert_send(call).await;
        assert_eq!(sum, Ok(5));
        let blob = Bytes::from(vec![7; 1_000_000]);
        assert_eq!(client.echo(&blob).await, Ok(blob));
        let error = client
            .add(Pair {
                left: i32::MAX,
                right: 1,
            })
            .await;
        assert_eq!(error, Err(CallError::SystemError));
    });
}

#[test]
fn five_hundred_calls_at_once_are_invoked_in_order() {
    with_server(async |bed| {
        let client = bed.client().await;
        let calls = (0..500).map(|left| {
            let client = client.clone();
            async move { client.add(Pair { left, right: 1000 }).await }
        });
        let sums = join_all(calls).await;
        let expected: Vec<_> = (0..500).map(|left| Ok(left + 1000)).collect();
        assert_eq!(sums, expected);
        let order: Vec<_> = (0..500).collect();
        assert_eq!(*bed.service.notes.lock().unwrap(), order);
    });
}

#[test]
fn replies_come_as_handlers_finish() {
    with_server(async |bed| {
        let client = bed.client().await;
        let (mut first, mut second) = (pin!(client.hold(1)), pin!(client.hold(2)));
        assert!(poll!(first.as_mut()).is_pending());
        assert!(poll!(second.as_mut()).is_pending());
        client.release(2).await.unwrap();
        assert_eq!(second.await, Ok(()));
        assert!(poll!(first.as_mut()).is_pending());
        client.release(1).await.unwrap();
        assert_eq!(first.await, Ok(()));
    });
}

#[test]
fn one_way_calls_keep_their_order_and_are_never_answered() {
    with_server(async |bed| {
        let client = bed.client().await;
        for number in 0..5000 {
            client.note(number).await.unwrap();
        }
        let notes = client.notes().await.unwrap();
        let expected: Vec<_> = (0..5000).flat_map(u32::to_be_bytes).collect();
        assert!(notes == expected, "the order was lost");
    });
}

#[test]
fn a_panic_costs_one_call() {
    with_server(async |bed| {
        let client = bed.client().await;
        let (early, late) = join(client.fail_early(), client.fail_late()).await;
        assert_eq!(early, Err(CallError::SystemError));
        assert_eq!(late, Err(CallError::SystemError));
        client.note(BAD_NOTE).await.unwrap();
        client.note(1).await.unwrap();
        assert_eq!(client.notes().await.unwrap(), &[0, 0, 0, 1][..]);
    });
}

#[test]
fn dropping_a_call_cancels_it() {
    with_server(async |bed| {
        let config = ClientConfig {
            max_calls_in_flight: 1,
            ..ClientConfig::default()
        };
        let client = bed.client_with(config).await;
        let mut held = Box::pin(client.hold(1));
        assert!(poll!(held.as_mut()).is_pending());
        bed.until(|| bed.service.held.lock().unwrap().contains_key(&1))
            .await;
        {
            let dropped = pin!(client.hold(2));
            assert!(poll!(dropped).is_pending());
            bed.pause(MOMENT).await;
        }
        // Makes room, so the one after the dropped one is sent.
        drop(held);
        assert_eq!(client.add(Pair { left: 1, right: 1 }).await, Ok(2));
        assert!(!bed.service.held.lock().unwrap().contains_key(&2));
    });
}

#[test]
fn a_call_times_out_and_the_connection_goes_on() {
    with_server(async |bed| {
        let client = bed.client().await;
        let hasty = calc::v1::Client::new(client.rpc().with_timeout(MOMENT));
        let error = hasty.hold(1).await.unwrap_err();
        assert_eq!(error, CallError::TimedOut { sent: true });
        assert!(!error.not_executed());
        // Its reply comes late, and is not taken for that of another call.
        client.release(1).await.unwrap();
        assert_eq!(client.add(Pair { left: 1, right: 1 }).await, Ok(2));
    });
}

#[test]
fn the_deadline_of_a_later_call_may_come_earlier() {
    with_server(async |bed| {
        let client = bed.client().await;
        let mut long = pin!(client.hold(1));
        assert!(poll!(long.as_mut()).is_pending());
        let hasty = calc::v1::Client::new(client.rpc().with_timeout(MOMENT));
        let error = hasty.hold(2).await.unwrap_err();
        assert_eq!(error, CallError::TimedOut { sent: true });
        client.release(1).await.unwrap();
        assert_eq!(long.await, Ok(()));
        let patient = calc::v1::Client::new(client.rpc().with_timeout(Duration::MAX));
        assert_eq!(patient.add(Pair { left: 1, right: 1 }).await, Ok(2));
    });
}

#[test]
fn refusals_are_told_apart() {
    with_server(async |bed| {
        let client = bed.client().await;
        let rpc = client.rpc();
        let unavailable = call(rpc, 99, 1, 0).await;
        assert_eq!(unavailable, Err(CallError::ProgramUnavailable));
        let (low, high) = (3, 5);
        let mismatch = call(rpc, crate::service::other::NUMBER, 4, 0).await;
        assert_eq!(mismatch, Err(CallError::ProgramMismatch { low, high }));
        let (program, version) = (calc::NUMBER, calc::v1::NUMBER);
        let unavailable = call(rpc, program, version, 77).await;
        assert_eq!(unavailable, Err(CallError::ProcedureUnavailable));
        let garbage = call(rpc, program, version, procedure::ADD).await;
        assert_eq!(garbage, Err(CallError::GarbageArguments));
        assert_eq!(call(rpc, program, version, 0).await, Ok(()));
        // More results than expected.
        let notes = &calc::v1::descriptor::NOTES;
        let undecodable = rpc.call(notes, |_| Ok(()), |_| Ok(())).await;
        assert!(matches!(undecodable, Err(CallError::Decode(_))));
    });
}

#[test]
fn the_credential_goes_along() {
    with_server(async |bed| {
        let client = bed.client().await;
        assert_eq!(client.who_am_i().await.unwrap(), &[0; 4][..]);
        let credential = |flavor: AuthFlavor, body| OpaqueAuth {
            flavor: flavor as i32,
            body: Bytes::from_static(body),
        };
        let caller = AuthSys {
            stamp: 1,
            machine_name: "here".to_owned(),
            uid: 1000,
            gid: 100,
            gids: vec![4],
        };
        let signed = OpaqueAuth::sys(&caller).unwrap();
        let expected = [&[0, 0, 0, 1], &signed.body[..], b"1000@here"].concat();
        let signed = calc::v1::Client::new(client.rpc().with_credential(signed));
        assert_eq!(signed.who_am_i().await.unwrap(), expected);
        let refusals = [
            (AuthFlavor::AuthSys, AuthStat::AuthBadcred),
            (AuthFlavor::AuthShort, AuthStat::AuthRejectedcred),
            (AuthFlavor::AuthDh, AuthStat::AuthRejectedcred),
        ];
        for (flavor, reason) in refusals {
            let refused = credential(flavor, b"me, myself");
            let refused = calc::v1::Client::new(client.rpc().with_credential(refused));
            let error = refused.who_am_i().await;
            assert_eq!(error, Err(CallError::AuthenticationFailed(reason)));
        }
        let too_long = credential(AuthFlavor::AuthSys, &[0; 401]);
        let too_long = calc::v1::Client::new(client.rpc().with_credential(too_long));
        let error = too_long.who_am_i().await.unwrap_err();
        assert!(matches!(error, CallError::Encode(_)) && error.not_executed());
    });
}

/// A call with three bytes of arguments and no results.
async fn call(rpc: &Client, program: u32, version: u32, number: u32) -> Result<(), CallError> {
    let encode = |encoder: &mut XdrEncoder<'_>| {
        encoder.put_opaque_fixed(b"abc");
        Ok(())
    };
    let procedure = Procedure::unnamed(program, version, number);
    rpc.call(&procedure, encode, |_| Ok(())).await
}
