//! The memory that all connections share.

use crate::service::calc::v1::procedure;
use crate::service::{Pair, calc};
use crate::support::{Bed, MOMENT, Stream, call, read_record, success, with_limits};
use bytes::Bytes;
use futures::future::{join, join_all};
use futures::io::{AsyncReadExt, AsyncWriteExt};
use metadr_runtime::rpc::Limits;
use std::sync::atomic::Ordering;
use std::time::Duration;

const LARGE: usize = 100_000;

#[test]
fn whoever_wants_little_is_served_while_others_hold_all_the_memory() {
    with_limits(short_of_memory(Duration::MAX), async |bed| {
        let mut halves = Vec::new();
        for _ in 0..10 {
            halves.push(half_a_call(bed).await);
        }
        for _ in 0..10 {
            let client = bed.client().await;
            assert_eq!(client.add(Pair { left: 1, right: 2 }).await, Ok(3));
        }
        // Those who hold it can still finish what they have begun.
        join_all(halves.iter_mut().map(finish_call)).await;
    });
}

#[test]
fn calls_in_parts_take_their_turns_whatever_their_order() {
    with_limits(short_of_memory(Duration::MAX), async |bed| {
        let halves = (0..20).map(|_| half_a_call(bed));
        let mut halves = join_all(halves).await;
        let finish = halves.iter_mut().rev().map(finish_call);
        join_all(finish).await;
        assert_eq!(bed.service.echoes.load(Ordering::Relaxed), 20);
        // And all is as it was.
        let again = halves.iter_mut().map(async |socket| {
            socket.write_all(&large_call()).await.unwrap();
            assert_large_reply(socket).await;
        });
        join_all(again).await;
    });
}

#[test]
fn callers_who_do_not_go_on_do_not_keep_the_memory() {
    with_limits(short_of_memory(4 * MOMENT), async |bed| {
        let mut silent = Vec::new();
        for _ in 0..20 {
            silent.push(half_a_call(bed).await);
        }
        let client = bed.client().await;
        let blob = Bytes::from(vec![7; LARGE]);
        assert!(client.echo(&blob).await == Ok(blob));
        // Each of them has been cut off, or will be when it has had its turn.
        for mut socket in silent {
            let mut rest = [0; 16];
            while !matches!(socket.read(&mut rest).await, Ok(0) | Err(_)) {}
        }
    });
}

#[test]
fn handlers_that_never_finish_do_not_keep_the_others_from_being_called() {
    with_limits(short_of_memory(Duration::MAX), async |bed| {
        // Each holds little, together they hold more than there is.
        let mut stuck = Vec::new();
        for connection in 0..20 {
            let mut socket = bed.socket().await;
            let calls: Vec<_> = (0..200)
                .map(|number| {
                    let number = 1000 * connection + number;
                    call(number, calc::NUMBER, procedure::HOLD, &[number])
                })
                .collect();
            socket.write_all(&calls.concat()).await.unwrap();
            stuck.push(socket);
        }
        let some_are_held = || bed.service.held.lock().unwrap().len() > 2000;
        bed.until(some_are_held).await;
        let callers = (0..5).map(async |_| {
            let client = bed.client().await;
            let blob = Bytes::from(vec![7; LARGE]);
            assert!(client.echo(&blob).await == Ok(blob));
        });
        join_all(callers).await;
        bed.service.held.lock().unwrap().clear();
    });
}

#[test]
fn a_connection_with_nothing_to_do_is_closed_if_that_is_wanted() {
    let limits = Limits {
        idle_time: 4 * MOMENT,
        ..Limits::default()
    };
    with_limits(limits, async |bed| {
        let (idle, busy) = join(bed.client(), bed.client()).await;
        let busy_until = bed.until(|| idle.rpc().is_closed());
        let holding = busy.hold(1);
        let release = async {
            busy_until.await;
            let release = bed.service.held.lock().unwrap().remove(&1).unwrap();
            release.send(()).unwrap();
        };
        let (held, ()) = join(holding, release).await;
        assert_eq!(held, Ok(()));
    });
}

/// So little that a few calls have it all.
fn short_of_memory(record_time: Duration) -> Limits {
    Limits {
        max_total_bytes: 2 * LARGE,
        record_time,
        drain_time: MOMENT,
        ..Limits::default()
    }
}

fn large_call() -> Vec<u8> {
    let mut arguments = vec![0x0707_0707; 1 + LARGE / 4];
    arguments[0] = LARGE as u32;
    call(1, calc::NUMBER, procedure::ECHO, &arguments)
}

/// A connection on which half a large call has been sent.
async fn half_a_call(bed: &Bed) -> Stream {
    let mut socket = bed.socket().await;
    socket.write_all(&large_call()[..LARGE / 2]).await.unwrap();
    socket
}

async fn finish_call(socket: &mut Stream) {
    socket.write_all(&large_call()[LARGE / 2..]).await.unwrap();
    assert_large_reply(socket).await;
}

async fn assert_large_reply(socket: &mut Stream) {
    let reply = read_record(socket).await;
    assert_eq!(reply[..7], success(1, &[LARGE as u32]));
    assert_eq!(reply.len(), 7 + LARGE / 4);
}
