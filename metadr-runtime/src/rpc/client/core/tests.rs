//! Tests of the client core, with records made by hand.

use super::*;
use crate::rpc::record::RecordReader;
use crate::xdr::Encoder;
use std::time::Duration;

const PROCEDURE: Procedure = Procedure::unnamed(1, 2, 3);

#[test]
fn replies_find_their_calls_in_any_order() {
    let mut core = core(|_| {});
    for number in 1..=3 {
        start(&mut core, number, None);
    }
    assert_eq!(xids(&mut core), [1, 2, 3]);
    receive(&mut core, [success(3, 30), success(1, 10), success(2, 20)]);
    assert_eq!(told(&mut core), [3, 1, 2]);
    for number in 1..=3 {
        assert_eq!(result(&mut core, number), Some(Ok(10 * number)));
        assert_eq!(result(&mut core, number), None);
    }
    assert_eq!((core.answered(), core.unmatched_replies()), (3, 0));
}

#[test]
fn a_call_is_laid_out_as_in_rfc_5531() {
    let mut core = core(|_| {});
    let credential = OpaqueAuth::none();
    let encode = |encoder: &mut XdrEncoder<'_>| {
        encoder.put_u32(9);
        Ok(())
    };
    let procedure = Procedure::unnamed(0x2000_0001, 3, 4);
    core.start_call(&procedure, &credential, None, 0, encode)
        .unwrap();
    let mut output = TransmitBuffer::default();
    assert!(core.take_output(&mut output));
    let expected = [
        0x8000_002c, // record mark: 44 bytes, the last fragment
        1,           // xid
        0,           // CALL
        2,           // RPC version
        0x2000_0001,
        3,
        4, // program, version, procedure
        0,
        0, // credential: AUTH_NONE, no bytes
        0,
        0, // verifier: AUTH_NONE, no bytes
        9, // arguments
    ];
    assert_eq!(output.first(), words(&expected));
}

#[test]
fn replies_to_no_call_in_flight_are_counted_and_ignored() {
    let mut core = core(|_| {});
    start(&mut core, 1, None);
    let call_to_us = words(&[1, 0, 2, 3, 4, 5, 0, 0, 0, 0]);
    // To a call of another connection; to one that has not been made.
    receive(&mut core, [success(99, 0), success(2, 0), call_to_us]);
    assert_eq!(core.unmatched_replies(), 3);
    assert_eq!(core.poll_told(), None);
    // Twice, before the first one has been taken and after it.
    receive(&mut core, [success(1, 10), success(1, 11)]);
    assert_eq!(told(&mut core), [1]);
    assert_eq!(result(&mut core, 1), Some(Ok(10)));
    receive(&mut core, [success(1, 12)]);
    assert_eq!((core.poll_told(), result(&mut core, 1)), (None, None));
    assert_eq!(core.unmatched_replies(), 5);
}

#[test]
fn what_is_not_rpc_is_an_error_of_the_connection() {
    let mut core = core(|_| {});
    let error = core.handle_record(words(&[1, 7])).unwrap_err();
    assert!(matches!(error, ProtocolError::Message(_)), "{error}");
}

#[test]
fn a_call_times_out_at_its_deadline_and_its_reply_is_ignored() {
    let mut core = core(|_| {});
    start(&mut core, 1, at(20));
    start(&mut core, 2, at(10));
    start(&mut core, 3, None);
    assert_eq!(core.poll_timeout(), at(10));
    pass(&mut core, 9);
    assert_eq!(core.poll_told(), None);
    pass(&mut core, 10);
    assert_eq!(told(&mut core), [2]);
    let timed_out = CallError::TimedOut { sent: true };
    assert_eq!(result(&mut core, 2), Some(Err(timed_out)));
    assert_eq!(core.poll_timeout(), at(20));
    receive(&mut core, [success(2, 0), success(1, 10)]);
    assert_eq!(result(&mut core, 1), Some(Ok(10)));
    assert_eq!(core.unmatched_replies(), 1);
    pass(&mut core, 20);
    assert_eq!(core.poll_timeout(), None);
}

#[test]
fn calls_over_the_limit_wait_their_turn() {
    let mut core = core(|config| config.max_calls_in_flight = 2);
    start(&mut core, 1, None);
    start(&mut core, 2, None);
    assert_eq!(core.turn(None, false), Turn::Later);
    let third = core.wait_turn(false, None, 103);
    let fourth = core.wait_turn(false, None, 104);
    core.offer_turns();
    assert_eq!(core.poll_told(), None);

    receive(&mut core, [success(2, 0)]);
    assert_eq!(told(&mut core), [2, 103]);
    // Whoever comes now has to wait, as others do already.
    assert_eq!(core.turn(None, false), Turn::Later);
    assert_eq!(core.turn(Some(fourth), false), Turn::Later);
    assert_eq!(core.turn(Some(third), false), Turn::Now);
    core.leave(third);
    start(&mut core, 3, None);
    assert_eq!(core.turn(Some(fourth), false), Turn::Later);

    // A call that is cancelled leaves room as well.
    assert_eq!(core.cancel(CallId::new(1)), Some(1));
    core.offer_turns();
    assert_eq!(told(&mut core), [104]);
    assert_eq!(core.turn(Some(fourth), false), Turn::Now);
}

#[test]
fn whoever_looks_for_its_turn_too_early_is_told_when_it_comes() {
    let mut core = core(|config| config.max_calls_in_flight = 2);
    start(&mut core, 1, None);
    start(&mut core, 2, None);
    let third = core.wait_turn(false, None, 103);
    let fourth = core.wait_turn(false, None, 104);
    receive(&mut core, [success(1, 0), success(2, 0)]);
    assert_eq!(told(&mut core), [1, 2, 103, 104]);
    // The last one is the first to look.
    assert_eq!(core.turn(Some(fourth), false), Turn::Later);
    assert_eq!(core.tell_turn(fourth, 204), None);
    core.leave(third);
    start(&mut core, 3, None);
    assert_eq!(core.offer_next_turn(), Some(204));
    assert_eq!(core.turn(Some(fourth), false), Turn::Now);
}

#[test]
fn a_waiting_call_can_time_out_or_leave_without_being_sent() {
    let mut core = core(|config| config.max_calls_in_flight = 1);
    start(&mut core, 1, None);
    let second = core.wait_turn(false, at(10), 102);
    let third = core.wait_turn(false, None, 103);
    let fourth = core.wait_turn(false, None, 104);
    assert_eq!(core.poll_timeout(), at(10));
    pass(&mut core, 10);
    assert_eq!(told(&mut core), [102]);
    let error = CallError::TimedOut { sent: false };
    assert!(error.not_executed());
    assert_eq!(core.turn(Some(second), false), Turn::Never(error));
    assert_eq!(core.leave(third), Some(103));
    receive(&mut core, [success(1, 0)]);
    assert_eq!(told(&mut core), [1, 104]);
    assert_eq!(core.turn(Some(fourth), false), Turn::Now);
    assert_eq!(xids(&mut core), [1]);
}

#[test]
fn bytes_over_the_limit_wait_until_others_have_been_written() {
    let mut core = core(|config| config.max_queued_bytes = 100);
    start_large(&mut core, 1, 200);
    assert_eq!(core.turn(None, true), Turn::Later);
    let turn = core.wait_turn(true, None, 102);
    let mut output = TransmitBuffer::default();
    core.take_output(&mut output);
    core.handle_written(output.len() - 100);
    core.offer_turns();
    assert_eq!(core.poll_told(), None);
    core.handle_written(1);
    core.offer_turns();
    assert_eq!(told(&mut core), [102]);
    assert_eq!(core.turn(Some(turn), true), Turn::Now);
}

#[test]
fn one_way_calls_keep_their_place_and_await_nothing() {
    let mut core = core(|config| config.max_calls_in_flight = 1);
    start(&mut core, 1, None);
    assert_eq!(core.turn(None, true), Turn::Now);
    one_way(&mut core);
    let call = core.wait_turn(false, None, 103);
    // It would have room, but not before the call.
    let one_way = core.wait_turn(true, None, 104);
    core.offer_turns();
    assert_eq!(core.poll_told(), None);
    receive(&mut core, [success(2, 0), success(1, 0)]);
    assert_eq!(core.unmatched_replies(), 1, "a one-way call has no reply");
    assert_eq!(told(&mut core), [1, 103, 104]);
    assert_eq!(core.turn(Some(one_way), true), Turn::Later);
    core.leave(call);
    start(&mut core, 3, None);
    assert_eq!(core.turn(Some(one_way), true), Turn::Now);
    assert_eq!(xids(&mut core), [1, 2, 3]);
}

#[test]
fn nothing_is_left_of_a_call_that_cannot_be_encoded() {
    let mut core = core(|_| {});
    let credential = OpaqueAuth::none();
    let encode = |encoder: &mut XdrEncoder<'_>| {
        encoder.put_u32(1);
        encoder.put_opaque(b"too long", 3)
    };
    let error = core.start_call(&PROCEDURE, &credential, at(10), 1, encode);
    assert!(error.is_err());
    let long = OpaqueAuth {
        flavor: 1,
        body: Bytes::from_static(&[0; 401]),
    };
    let error = core.start_call(&PROCEDURE, &long, None, 1, |_| Ok(()));
    assert!(error.is_err());
    assert!(core.start_one_way(&PROCEDURE, &long, |_| Ok(())).is_err());
    assert_eq!(core.poll_timeout(), None);
    assert_eq!(xids(&mut core), []);
}

#[test]
fn closing_tells_every_call_whether_it_may_have_been_executed() {
    let mut core = core(|config| config.max_calls_in_flight = 3);
    for number in 1..=3 {
        start(&mut core, number, at(10));
    }
    let turn = core.wait_turn(false, at(10), 104);
    let mut output = TransmitBuffer::default();
    core.take_output(&mut output);
    // All of the first, and all but a byte of the second.
    core.handle_written(2 * output.len() / 3 - 1);
    core.close(CloseReason::ByServer);
    assert_eq!(told(&mut core), [1, 2, 3, 104]);
    let closed = |sent| CallError::Closed {
        reason: CloseReason::ByServer,
        sent,
    };
    for (number, sent) in [(1, true), (2, false), (3, false)] {
        assert_eq!(result(&mut core, number), Some(Err(closed(sent))));
    }
    assert_eq!(core.turn(Some(turn), false), Turn::Never(closed(false)));
    assert_eq!(core.turn(None, false), Turn::Never(closed(false)));
    assert_eq!(core.poll_timeout(), None);
    assert_eq!(xids(&mut core), []);
    // The first reason stays.
    core.close(CloseReason::ByThisSide);
    core.disconnected(CloseReason::ByThisSide);
    core.connected();
    assert_eq!(core.closed(), Some(&CloseReason::ByServer));
}

#[test]
fn without_a_connection_a_limited_number_of_calls_waits_for_one() {
    let mut core = core(|config| config.max_waiting_calls = 2);
    start(&mut core, 1, None);
    assert_eq!(xids(&mut core), [1]);
    core.disconnected(CloseReason::ByServer);
    assert!(!core.is_connected());
    let closed = |sent| CallError::Closed {
        reason: CloseReason::ByServer,
        sent,
    };
    assert_eq!(told(&mut core), [1]);
    assert_eq!(result(&mut core, 1), Some(Err(closed(true))));

    assert_eq!(core.turn(None, false), Turn::Later);
    let first = core.wait_turn(false, at(10), 101);
    core.wait_turn(false, at(20), 102);
    assert_eq!(core.turn(None, true), Turn::Never(closed(false)));
    assert_eq!(core.turn(Some(first), false), Turn::Later);
    core.offer_turns();
    assert_eq!(core.poll_told(), None);
    pass(&mut core, 10);
    assert_eq!(told(&mut core), [101]);

    core.connected();
    core.offer_turns();
    assert_eq!(told(&mut core), [102]);
    // Xids go on: a reply on the old connection could not be taken for another.
    start(&mut core, 2, None);
    assert_eq!(xids(&mut core), [2]);
}

#[test]
fn what_a_lost_connection_has_not_written_is_given_out_to_be_dropped() {
    let mut core = core(|_| {});
    let data = Bytes::from(vec![7; 100_000]);
    let encode = |encoder: &mut XdrEncoder<'_>| encoder.put_opaque_shared(&data, u32::MAX);
    let credential = OpaqueAuth::none();
    core.start_call(&PROCEDURE, &credential, None, 1, encode)
        .unwrap();
    core.disconnected(CloseReason::ByServer);
    assert!(!core.has_output() && !data.is_unique());
    let discarded = core.take_discarded();
    assert_eq!(discarded.len(), 4 + 40 + 4 + data.len());
    drop(discarded);
    assert!(data.is_unique() && core.take_discarded().is_empty());
}

fn core(adjust: impl FnOnce(&mut ClientConfig)) -> ClientCore<u32> {
    let mut config = ClientConfig::default();
    adjust(&mut config);
    ClientCore::new(&config, 1)
}

/// Makes a call, whose id and tag are to be this number.
fn start(core: &mut ClientCore<u32>, number: u32, deadline: Option<Instant>) {
    let credential = OpaqueAuth::none();
    let id = core.start_call(&PROCEDURE, &credential, deadline, number, |_| Ok(()));
    assert_eq!(id.unwrap().xid(), number);
}

/// Likewise, with this many bytes of arguments.
fn start_large(core: &mut ClientCore<u32>, number: u32, size: usize) {
    let encode = |encoder: &mut XdrEncoder<'_>| {
        encoder.put_opaque_fixed(&vec![0; size]);
        Ok(())
    };
    let credential = OpaqueAuth::none();
    core.start_call(&PROCEDURE, &credential, None, number, encode)
        .unwrap();
}

fn one_way(core: &mut ClientCore<u32>) {
    let credential = OpaqueAuth::none();
    core.start_one_way(&PROCEDURE, &credential, |_| Ok(()))
        .unwrap();
}

fn at(millis: u64) -> Option<Instant> {
    Some(Instant::ZERO + Duration::from_millis(millis))
}

fn pass(core: &mut ClientCore<u32>, millis: u64) {
    core.handle_timeout(Instant::ZERO + Duration::from_millis(millis));
    core.offer_turns();
}

/// A reply with one number as its results.
fn success(xid: u32, result: u32) -> Bytes {
    words(&[xid, 1, 0, 0, 0, 0, result])
}

fn words(words: &[u32]) -> Bytes {
    words.iter().flat_map(|word| word.to_be_bytes()).collect()
}

fn receive<const N: usize>(core: &mut ClientCore<u32>, records: [Bytes; N]) {
    for record in records {
        core.handle_record(record).unwrap();
    }
    core.offer_turns();
}

fn told(core: &mut ClientCore<u32>) -> Vec<u32> {
    std::iter::from_fn(|| core.poll_told()).collect()
}

fn result(core: &mut ClientCore<u32>, number: u32) -> Option<Result<u32, CallError>> {
    let outcome = core.take_outcome(CallId::new(number))?;
    Some(outcome.map(|results| u32::from_be_bytes(results[..].try_into().unwrap())))
}

/// Writes everything, and reads the xids of the calls that were written.
fn xids(core: &mut ClientCore<u32>) -> Vec<u32> {
    let mut output = TransmitBuffer::default();
    core.take_output(&mut output);
    core.handle_written(output.len());
    let mut reader = RecordReader::new(1 << 20);
    reader.recv_space()[..output.len()].copy_from_slice(output.first());
    reader.recv_advance(output.len());
    let records = std::iter::from_fn(|| reader.next_record().unwrap());
    records
        .map(|record| u32::from_be_bytes(*record.first_chunk().unwrap()))
        .collect()
}
