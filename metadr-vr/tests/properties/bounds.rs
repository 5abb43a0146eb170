//! Limits that a peer or a client could once break.

use crate::group::Group;
use crate::support::{CLUSTER, batch, calm, message, seal};
use bytes::Bytes;
use metadr_vr::wire::{
    Entry, EntryHeader, EntryKind, FetchLog, Hash128, MessageBody, OpNumber, Prepare,
};
use metadr_vr::{ClientReply, Level, Options, Outputs, Request, RequestId, Tick};

fn id(connection: u64, number: u64) -> RequestId {
    RequestId { connection, number }
}

fn read(query: Bytes) -> Request {
    Request::Read {
        query,
        level: Level::Linearizable,
    }
}

/// An entry that is early whatever else the log has.
fn early(op: OpNumber, bytes: usize) -> MessageBody {
    let header = EntryHeader {
        kind: EntryKind::Batch,
        op,
        ..Entry::root(CLUSTER).header
    };
    let root: Hash128 = Entry::root(CLUSTER).header.checksum;
    MessageBody::Prepare(Prepare {
        entries: vec![seal(header, batch(&["x".repeat(bytes).as_str()]))],
        commit: 0,
        commit_checksum: root,
    })
}

/// 256 entries of the largest size were more than 256 MiB.
#[test]
fn early_entries_were_bounded_in_number_alone() {
    let options = Options {
        reorder_bytes: 10_000,
        ..calm()
    };
    let mut group = Group::new(3, options);
    for op in (2..100).rev().chain([u64::MAX, u64::MAX - 1]) {
        group.message(1, message(0, early(op, 1_000)));
    }
    let replica = &group.replicas[1];
    assert!(replica.reorder_bytes() <= 10_000);
    assert_eq!(replica.reorder_len(), 9);
    // One that alone is too much is not kept, and does not drive out the others.
    group.message(1, message(0, early(200, 20_000)));
    assert_eq!(group.replicas[1].reorder_len(), 9);
}

/// A buffer full of entries from far ahead kept out what was needed, for ever.
#[test]
fn entries_from_far_ahead_filled_the_buffer() {
    let options = Options {
        reorder_entries: 2,
        ..calm()
    };
    let mut group = Group::new(3, options);
    group.request(0, id(1, 1), Request::Anonymous(Bytes::from_static(b"a")));
    group.flush(0);
    group.request(0, id(1, 2), Request::Anonymous(Bytes::from_static(b"b")));
    group.flush(0);
    for op in [u64::MAX, u64::MAX - 1] {
        group.message(1, message(0, early(op, 1)));
    }
    // The second entry, then the first.
    let mut prepares = group.in_flight.iter().filter(|(to, _)| *to == 1);
    let first = prepares.next().cloned().expect("a PREPARE").1;
    let second = prepares.next().cloned().expect("another").1;
    group.message(1, second);
    group.message(1, first);
    assert_eq!(group.replicas[1].log().head(), 2);
}

/// It was answered by empty chunks until no memory was left.
#[test]
fn a_fetch_of_the_root_never_ended() {
    let mut group = Group::new(3, calm());
    let fetch = FetchLog {
        request: 1,
        first: 0,
        last: u64::MAX,
        max_bytes: 0,
        round: 0,
    };
    group.message(0, message(1, MessageBody::FetchLog(fetch)));
    assert_eq!(group.in_flight.len(), 1);
}

/// Sizes are the embedder's choice: the largest mean that there is no limit.
#[test]
fn sizes_without_limit_overflowed() {
    let options = Options {
        batch_bytes: usize::MAX,
        window_bytes: u64::MAX,
        queue_bytes: usize::MAX,
        reorder_bytes: u64::MAX,
        ..calm()
    };
    let mut group = Group::new(3, options);
    group.request(0, id(1, 1), Request::Anonymous(Bytes::from_static(b"a")));
    group.flush(0);
    group.in_flight.clear();
    for _ in 0..50 {
        group.tick();
        group.deliver(usize::MAX);
    }
    assert_eq!(group.replies.len(), 1);
}

/// Each read began a round, and each round put off the tick that tells a
/// primary what time it is.
#[test]
fn time_stood_still_while_reads_came_in() {
    let mut group = Group::new(3, calm());
    for number in 0..100 {
        group.request(0, id(1, number), read(Bytes::new()));
        group.flush(0);
        group.deliver(usize::MAX);
        group.deliver(usize::MAX);
        group.tick();
    }
    group.request(0, id(2, 1), Request::Anonymous(Bytes::from_static(b"a")));
    group.flush(0);
    let stamp = group.replicas[0].log().head_header().timestamp_ms;
    assert!((900..=1_000).contains(&stamp), "{stamp}");
}

#[test]
fn time_stamps_do_not_go_back_with_the_wall_clock() {
    let mut group = Group::new(1, calm());
    let mut stamps = Vec::new();
    for (number, wall_ms) in [1_000, 5_000, 2_000, 6_000].into_iter().enumerate() {
        let request = Request::Anonymous(Bytes::from_static(b"a"));
        let replica = &mut group.replicas[0];
        let mut outputs = Outputs::default();
        replica.on_tick(Tick(number as u64), wall_ms, &mut outputs);
        replica.on_request(Tick(number as u64), id(1, 1), request, &mut outputs);
        replica.flush(&mut outputs);
        stamps.push(replica.log().head_header().timestamp_ms);
    }
    assert_eq!(stamps, [1_000, 5_000, 5_000, 6_000]);
}

/// The bytes of all kinds of requests are given back in all ways they end.
#[test]
fn a_queue_has_room_again_after_each_end() {
    let options = Options {
        queue_bytes: 30,
        pipeline_entries: 1,
        ..calm()
    };
    let mut group = Group::new(1, options);
    let ten = Bytes::from_static(b"ten bytes.");
    for connection in 0..20 {
        // A write, a read behind it, and a write that waits for the read.
        group.request(0, id(connection, 1), Request::Anonymous(ten.clone()));
        group.request(0, id(connection, 2), read(ten.clone()));
        group.request(0, id(connection, 3), Request::Anonymous(ten.clone()));
        assert!(!group.replicas[0].accepts_requests());
        group.request(0, id(connection, 4), read(Bytes::new()));
        let reply = group.replies.pop().map(|(_, reply)| reply);
        assert!(matches!(reply, Some(ClientReply::Busy { .. })), "{reply:?}");
        if connection % 2 == 0 {
            group.close(0, connection);
        }
        group.flush(0);
        assert_eq!(group.replicas[0].waiting_requests(), 0);
        let answered = group.replies.drain(..).count();
        assert_eq!(answered, if connection % 2 == 0 { 0 } else { 3 });
    }
}
