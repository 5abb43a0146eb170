//! Servers that do not play by the rules: they cost their own calls and their
//! own connection at most.

use crate::Tested;
use crate::support::{MOMENT, Stream, run, socket_pair};
use futures::future::join_all;
use futures::io::{AsyncReadExt, AsyncWriteExt};
use futures::poll;
use metadr_runtime::rpc::record::RecordError;
use metadr_runtime::rpc::{CallError, Client, ClientConfig, CloseReason, Procedure, ProtocolError};
use metadr_runtime::xdr::{Decoder, Encoder, XdrEncoder};
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};

const PROCEDURE: Procedure = Procedure::unnamed(1, 1, 1);

#[test]
fn replies_to_no_call_and_replies_twice_are_ignored() {
    with_socket(async |client, socket| {
        for round in 0..3 {
            let mut call = pin!(call(&client));
            assert!(poll!(call.as_mut()).is_pending());
            let xid = read_call(socket).await;
            let stray = success(xid.wrapping_sub(1), 1);
            // Of another call in the same slot of the client's table, if there
            // were one.
            let collision = success(xid.wrapping_add(1 << 16), 2);
            let call_to_client = words(&[0x8000_0028, xid, 0, 2, 3, 4, 5, 0, 0, 0, 0]);
            let twice = success(xid, round).repeat(2);
            let all = [stray, collision, call_to_client, twice].concat();
            socket.write_all(&all).await.unwrap();
            assert_eq!(call.await, Ok(round));
        }
        // The last of them may not have been read when the call had its result.
        let mut last = pin!(call(&client));
        assert!(poll!(last.as_mut()).is_pending());
        let xid = read_call(socket).await;
        socket.write_all(&success(xid, 7)).await.unwrap();
        assert_eq!(last.await, Ok(7));
        assert_eq!(client.unmatched_replies(), 3 * 4);
    });
}

#[test]
fn a_reply_twice_is_not_taken_for_that_of_another_call() {
    with_socket(async |client, socket| {
        let (mut one, mut other) = (pin!(call(&client)), pin!(call(&client)));
        assert!(poll!(one.as_mut()).is_pending());
        assert!(poll!(other.as_mut()).is_pending());
        let (first, second) = (read_call(socket).await, read_call(socket).await);
        assert_ne!(first, second);
        let replies = [success(second, 20), success(second, 21), success(first, 10)];
        socket.write_all(&replies.concat()).await.unwrap();
        assert_eq!(one.await, Ok(10));
        assert_eq!(other.await, Ok(20));
    });
}

#[test]
fn the_late_reply_of_a_cancelled_call_is_ignored() {
    with_socket(async |client, socket| {
        let late = {
            let mut dropped = pin!(call(&client));
            assert!(poll!(dropped.as_mut()).is_pending());
            read_call(socket).await
        };
        let mut next = pin!(call(&client));
        assert!(poll!(next.as_mut()).is_pending());
        let xid = read_call(socket).await;
        assert_ne!(late, xid);
        let replies = [success(late, 1), success(xid, 2)].concat();
        socket.write_all(&replies).await.unwrap();
        assert_eq!(next.await, Ok(2));
        assert_eq!(client.unmatched_replies(), 1);
    });
}

#[test]
fn lengths_up_to_two_gibibytes_close_the_connection() {
    for header in [0x7fff_ffff, 0xffff_ffff, 0x8000_0000 | ((16 << 20) + 1)] {
        with_socket(async |client, socket| {
            let error = answer(&client, socket, &words(&[header])).await;
            assert!(matches!(
                protocol_error(error),
                ProtocolError::Record(RecordError::TooLong { .. })
            ));
        });
    }
}

#[test]
fn fragments_that_add_up_to_too_much_close_the_connection() {
    with_socket(async |client, socket| {
        let mut fragments = vec![7; 4 + (1 << 20)];
        fragments[..4].copy_from_slice(&(1_u32 << 20).to_be_bytes());
        let error = answer(&client, socket, &fragments.repeat(17)).await;
        assert!(matches!(
            protocol_error(error),
            ProtocolError::Record(RecordError::TooLong { .. })
        ));
    });
}

#[test]
fn empty_fragments_without_end_close_the_connection_to_a_server() {
    with_socket(async |client, socket| {
        let error = answer(&client, socket, &[0; 100_000]).await;
        let expected = ProtocolError::Record(RecordError::EmptyFragments);
        assert_eq!(protocol_error(error), expected);
    });
}

#[test]
fn a_reply_that_never_ends_costs_its_call_the_deadline() {
    with_socket(async |client, socket| {
        let client = client.with_timeout(4 * MOMENT);
        let mut slow = pin!(call(&client));
        assert!(poll!(slow.as_mut()).is_pending());
        let xid = read_call(socket).await;
        let reply = success(xid, 1);
        let (most, last) = reply.split_at(reply.len() - 1);
        for byte in most {
            socket.write_all(&[*byte]).await.unwrap();
        }
        let timed_out = CallError::TimedOut { sent: true };
        assert_eq!(slow.await, Err(timed_out));
        // When it ends after all, the connection is still of use.
        socket.write_all(last).await.unwrap();
        let mut next = pin!(call(&client));
        assert!(poll!(next.as_mut()).is_pending());
        let xid = read_call(socket).await;
        socket.write_all(&success(xid, 2)).await.unwrap();
        assert_eq!(next.await, Ok(2));
        assert_eq!(client.unmatched_replies(), 1);
    });
}

#[test]
fn random_bytes_end_in_an_error() {
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    for _ in 0..50 {
        let noise: Vec<u8> = (0..1000)
            .map(|_| {
                // Xorshift: random enough, and the same every time.
                state ^= state << 13;
                state ^= state >> 7;
                state ^= state << 17;
                state as u8
            })
            .collect();
        with_socket(async |client, socket| {
            let mut call = pin!(call(&client));
            assert!(poll!(call.as_mut()).is_pending());
            read_call(socket).await;
            let _ = socket.write_all(&noise).await;
            let _ = socket.close().await;
            let error = call.await.unwrap_err();
            assert!(matches!(error, CallError::Closed { sent: true, .. }));
        });
    }
}

#[test]
fn a_malformed_header_costs_its_call_only() {
    let too_long_verifier = |xid| words(&[0x8000_0000 | 428, xid, 1, 0, 0, 401]);
    let unknown_status = |xid| words(&[0x8000_0018, xid, 1, 0, 0, 0, 99]);
    let cut_short = |xid| words(&[0x8000_0008, xid, 1]);
    let headers: [&dyn Fn(u32) -> Vec<u8>; 3] = [&too_long_verifier, &unknown_status, &cut_short];
    with_socket(async |client, socket| {
        for header in headers {
            let mut call = pin!(call(&client));
            assert!(poll!(call.as_mut()).is_pending());
            let xid = read_call(socket).await;
            let mut reply = header(xid);
            let size = u32::from_be_bytes(*reply.first_chunk().unwrap()) & 0x7fff_ffff;
            reply.resize(4 + size as usize, 0);
            socket.write_all(&reply).await.unwrap();
            let error = call.await.unwrap_err();
            assert!(matches!(error, CallError::Decode(_)), "{error}");
        }
        assert!(client.is_connected());
    });
}

#[test]
fn a_server_that_closes_at_any_point_fails_the_call() {
    for count in 0..=32 {
        with_socket(async |client, socket| {
            let mut call = pin!(call(&client));
            assert!(poll!(call.as_mut()).is_pending());
            let xid = read_call(socket).await;
            let reply = success(xid, 5);
            assert_eq!(reply.len(), 32);
            socket.write_all(&reply[..count]).await.unwrap();
            socket.close().await.unwrap();
            let closed = CallError::Closed {
                reason: CloseReason::ByServer,
                sent: true,
            };
            let expected = if count < 32 { Err(closed) } else { Ok(5) };
            assert_eq!(call.await, expected);
            assert_eq!(client.closed().await, CloseReason::ByServer);
        });
    }
}

#[test]
fn calls_to_a_server_that_never_reads_are_not_even_encoded() {
    with_socket(async |client, _| {
        let client = client.with_timeout(4 * MOMENT);
        let (encoded, blob) = (Cell::new(0), vec![7; 100_000]);
        let encode = |encoder: &mut XdrEncoder<'_>| {
            encoded.set(encoded.get() + 1);
            encoder.put_opaque_fixed(&blob);
            Ok(())
        };
        let calls = (0..900).map(|_| client.call(&PROCEDURE, encode, |_| Ok(())));
        let outcomes = join_all(calls).await;
        // What the kernel takes, at the very most, and what may be queued.
        assert!(encoded.get() < 300, "{} calls were encoded", encoded.get());
        for (index, outcome) in outcomes.into_iter().enumerate() {
            let sent = index < encoded.get();
            assert_eq!(outcome, Err(CallError::TimedOut { sent }));
        }
    });
}

#[test]
fn flushing_does_not_forget_that_writing_waits() {
    const SIZE: usize = 16 << 20;
    with_socket(async |client, socket| {
        let encode = |encoder: &mut XdrEncoder<'_>| {
            encoder.put_opaque_fixed(&vec![7; SIZE]);
            Ok(())
        };
        let mut call = pin!(client.call(&PROCEDURE, encode, |_| Ok(())));
        assert!(poll!(call.as_mut()).is_pending());
        // More than the kernel takes, so the client has to wait in between.
        let mut bytes = vec![0; 44 + SIZE];
        socket.read_exact(&mut bytes).await.unwrap();
    });
}

#[test]
fn a_panic_while_a_call_is_encoded_leaves_nothing_behind() {
    with_socket(async |client, socket| {
        let (before, after) = (call(&client), call(&client));
        let (mut before, mut after) = (pin!(before), pin!(after));
        assert!(poll!(before.as_mut()).is_pending());
        let encode = |encoder: &mut XdrEncoder<'_>| {
            encoder.put_u32(1);
            panic!("no such argument")
        };
        let mut panicking = pin!(client.call(&PROCEDURE, encode, |_| Ok(())));
        assert_panics(panicking.as_mut()).await;
        // Using a client meanwhile is a panic, not a deadlock.
        let using = |_: &mut XdrEncoder<'_>| {
            let _ = client.is_connected();
            Ok(())
        };
        let mut using = pin!(client.call(&PROCEDURE, using, |_| Ok(())));
        assert_panics(using.as_mut()).await;

        assert!(poll!(after.as_mut()).is_pending());
        for (call, result) in [(before, 1), (after, 2)] {
            let xid = read_call(socket).await;
            socket.write_all(&success(xid, result)).await.unwrap();
            assert_eq!(call.await, Ok(result));
        }
    });
}

async fn assert_panics<F: Future>(mut future: Pin<&mut F>) {
    std::future::poll_fn(|cx| {
        let poll = AssertUnwindSafe(|| future.as_mut().poll(cx).map(drop));
        assert!(catch_unwind(poll).is_err());
        std::task::Poll::Ready(())
    })
    .await;
}

/// Runs `test` with a client, and the server's end of its connection.
fn with_socket(test: impl AsyncFnOnce(Client, &mut Stream)) {
    let runtime = Tested::default();
    run(&runtime.clone(), async move {
        let (ours, mut theirs) = socket_pair(&runtime).await;
        let client = Client::over(&runtime, ours, ClientConfig::default());
        test(client, &mut theirs).await;
    });
}

/// A call without arguments, whose result is a number.
async fn call(client: &Client) -> Result<u32, CallError> {
    let result = client.call(&PROCEDURE, |_| Ok(()), |decoder| decoder.take_u32());
    result.await
}

/// Answers a call with these bytes, for which it must fail.
async fn answer(client: &Client, socket: &mut Stream, bytes: &[u8]) -> CallError {
    let mut call = pin!(call(client));
    assert!(poll!(call.as_mut()).is_pending());
    read_call(socket).await;
    // The client may close before all of it has been written.
    let _ = socket.write_all(bytes).await;
    call.await.unwrap_err()
}

fn protocol_error(error: CallError) -> ProtocolError {
    match error {
        CallError::Closed {
            reason: CloseReason::Protocol(error),
            sent: true,
        } => error,
        error => panic!("unexpected {error:?}"),
    }
}

/// Reads a call without arguments, and gives its xid.
async fn read_call(socket: &mut Stream) -> u32 {
    let mut call = [0; 44];
    socket.read_exact(&mut call).await.unwrap();
    let word = |index: usize| u32::from_be_bytes(call[4 * index..][..4].try_into().unwrap());
    assert_eq!((word(0), word(2)), (0x8000_0028, 0));
    word(1)
}

fn success(xid: u32, result: u32) -> Vec<u8> {
    words(&[0x8000_001c, xid, 1, 0, 0, 0, 0, result])
}

fn words(words: &[u32]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_be_bytes()).collect()
}
