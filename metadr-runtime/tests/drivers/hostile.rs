//! Peers that do not play by the rules: they cost their own connection at most.

use crate::Tested;
use crate::service::calc::v1::procedure;
use crate::service::{Pair, calc};
use crate::support::{
    MOMENT, Stream, call, read_record, run, socket_pair, success, with_limits, with_server,
};
use futures::future::{join, join_all};
use futures::io::{AsyncReadExt, AsyncWriteExt};
use futures::poll;
use metadr_runtime::rpc::{self, CallError, ClientConfig, CloseReason, Limits};
use std::pin::pin;

#[test]
fn a_length_of_two_gibibytes_closes_the_connection() {
    with_server(async |bed| {
        let client = bed.client().await;
        let mut socket = bed.socket().await;
        socket
            .write_all(&[0xff, 0xff, 0xff, 0xff, 1, 2, 3])
            .await
            .unwrap();
        assert_ends(&mut socket).await;
        assert_eq!(client.add(Pair { left: 1, right: 2 }).await, Ok(3));
    });
}

#[test]
fn empty_fragments_without_end_close_the_connection() {
    with_server(async |bed| {
        let mut socket = bed.socket().await;
        // The server may close before all of it has been written.
        let _ = socket.write_all(&[0; 100_000]).await;
        assert_ends(&mut socket).await;
    });
}

#[test]
fn fragments_without_end_close_the_connection() {
    let limits = Limits {
        max_record: 10_000,
        ..Limits::default()
    };
    with_limits(limits, async |bed| {
        let client = bed.client().await;
        let mut socket = bed.socket().await;
        // Each has one byte, and none is the last.
        let _ = socket.write_all(&[0, 0, 0, 1, 7].repeat(20_000)).await;
        assert_ends(&mut socket).await;
        assert_eq!(client.add(Pair { left: 1, right: 2 }).await, Ok(3));
    });
}

#[test]
fn a_call_in_many_fragments_is_a_call() {
    with_server(async |bed| {
        let mut socket = bed.socket().await;
        let call = call(7, calc::NUMBER, procedure::ADD, &[1, 2]);
        let (pieces, last) = call[4..].split_at(call.len() - 5);
        let mut fragments = vec![0, 0, 0, 0];
        for byte in pieces {
            fragments.extend_from_slice(&[0, 0, 0, 1, *byte]);
        }
        fragments.extend_from_slice(&[0x80, 0, 0, 1, last[0]]);
        socket.write_all(&fragments).await.unwrap();
        assert_eq!(read_record(&mut socket).await, success(7, &[3]));
    });
}

#[test]
fn calls_with_the_same_xid_are_all_answered() {
    with_server(async |bed| {
        let mut socket = bed.socket().await;
        let hold = |number| call(7, calc::NUMBER, procedure::HOLD, &[number]);
        let add = call(7, calc::NUMBER, procedure::ADD, &[1, 2]);
        let calls = [hold(1), hold(2), add.clone(), add].concat();
        socket.write_all(&calls).await.unwrap();
        for _ in 0..2 {
            assert_eq!(read_record(&mut socket).await, success(7, &[3]));
        }
        for number in [2, 1] {
            let release = bed.service.held.lock().unwrap().remove(&number).unwrap();
            release.send(()).unwrap();
            assert_eq!(read_record(&mut socket).await, success(7, &[]));
        }
    });
}

#[test]
fn random_bytes_harm_nobody_else() {
    with_server(async |bed| {
        let client = bed.client().await;
        let mut state = 0x2545_f491_4f6c_dd1d_u64;
        for _ in 0..50 {
            let mut socket = bed.socket().await;
            let noise: Vec<u8> = (0..1000)
                .map(|_| {
                    // Xorshift: random enough, and the same every time.
                    state ^= state << 13;
                    state ^= state >> 7;
                    state ^= state << 17;
                    state as u8
                })
                .collect();
            let _ = socket.write_all(&noise).await;
            let _ = socket.close().await;
            assert_ends(&mut socket).await;
            assert_eq!(client.add(Pair { left: 1, right: 2 }).await, Ok(3));
        }
    });
}

#[test]
fn records_that_are_no_calls_are_ignored() {
    with_server(async |bed| {
        let mut socket = bed.socket().await;
        let garbage = [0x8000_0004, 5, 0x8000_0000, 0x8000_0008, 6, 99];
        let null_call = [0x8000_0028, 9, 0, 2, 0x2000_0001, 1, 0, 0, 0, 0, 0];
        let words = [&garbage[..], &null_call[..]].concat();
        let bytes: Vec<u8> = words
            .iter()
            .flat_map(|word: &u32| word.to_be_bytes())
            .collect();
        socket.write_all(&bytes).await.unwrap();
        let mut reply = [0; 8];
        socket.read_exact(&mut reply).await.unwrap();
        assert_eq!(reply, [0x80, 0, 0, 0x18, 0, 0, 0, 9]);
    });
}

#[test]
fn half_a_record_and_silence_close_the_connection() {
    let limits = Limits {
        record_time: MOMENT,
        ..Limits::default()
    };
    with_limits(limits, async |bed| {
        let client = bed.client().await;
        let mut socket = bed.socket().await;
        socket.write_all(&[0x80, 0, 0, 100, 1, 2, 3]).await.unwrap();
        assert_ends(&mut socket).await;
        // A connection between two calls is not meant.
        assert_eq!(client.add(Pair { left: 1, right: 2 }).await, Ok(3));
    });
}

#[test]
fn bytes_that_come_one_by_one_do_not_keep_a_connection() {
    let limits = Limits {
        record_time: 4 * MOMENT,
        ..Limits::default()
    };
    with_limits(limits, async |bed| {
        let client = bed.client().await;
        let call = call(1, calc::NUMBER, procedure::ECHO, &[0; 1000]);
        let drips = (0..50).map(async |_| {
            let mut socket = bed.socket().await;
            for byte in call.chunks(1) {
                if socket.write_all(byte).await.is_err() {
                    return;
                }
                bed.pause(MOMENT / 5).await;
            }
            panic!("a call that took far too long was received");
        });
        let others = async {
            for _ in 0..50 {
                assert_eq!(client.add(Pair { left: 1, right: 2 }).await, Ok(3));
                bed.pause(MOMENT / 10).await;
            }
        };
        join(join_all(drips), others).await;
        assert_eq!(client.add(Pair { left: 1, right: 2 }).await, Ok(3));
    });
}

#[test]
fn connections_over_the_limit_are_closed_at_once() {
    let limits = Limits {
        max_connections: 2,
        ..Limits::default()
    };
    with_limits(limits, async |bed| {
        let pair = Pair { left: 1, right: 2 };
        let (first, second) = join(bed.client(), bed.client()).await;
        assert_eq!(first.add(pair).await, Ok(3));
        assert_eq!(second.add(pair).await, Ok(3));
        let third = bed.client().await;
        third.rpc().closed().await;
        drop(first);
        bed.until(|| bed.service.closed.lock().unwrap().len() == 1)
            .await;
        // The place is free a moment after the service has heard of it.
        loop {
            let fourth = bed.client().await;
            if fourth.add(pair).await == Ok(3) {
                break;
            }
        }
        assert_eq!(second.add(pair).await, Ok(3));
    });
}

#[test]
fn a_server_that_is_none_fails_the_calls() {
    let too_long = [0xff; 4];
    let not_rpc = [0x80, 0, 0, 8, 0, 0, 0, 1, 0, 0, 0, 7];
    for answer in [&too_long[..], &not_rpc] {
        let runtime = Tested::default();
        run(&runtime, async {
            let (ours, mut socket) = socket_pair(&runtime).await;
            let client = rpc::Client::over(&runtime, ours, ClientConfig::default());
            let procedure = rpc::Procedure::unnamed(1, 1, 1);
            let mut call = pin!(client.call(&procedure, |_| Ok(()), |_| Ok(())));
            assert!(poll!(call.as_mut()).is_pending());
            let mut head = [0; 44];
            socket.read_exact(&mut head).await.unwrap();
            socket.write_all(answer).await.unwrap();
            let error = call.await.unwrap_err();
            let CallError::Closed { reason, sent: true } = error else {
                panic!("unexpected {error:?}");
            };
            assert!(matches!(reason, CloseReason::Protocol(_)), "{reason}");
        });
    }
}

/// Waits until the server closes the connection, one way or the other.
async fn assert_ends(socket: &mut Stream) {
    let mut rest = [0; 1024];
    while !matches!(socket.read(&mut rest).await, Ok(0) | Err(_)) {}
}
