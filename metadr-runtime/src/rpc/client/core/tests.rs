//! Tests of the client core, with bytes made by hand.

use super::*;
use crate::rpc::OpaqueAuth;
use crate::rpc::wire::CallTarget;
use crate::xdr::Encoder;

#[test]
fn replies_find_their_calls_in_any_order() {
    let mut core = core(|_| {});
    for id in 1..=3 {
        core.start_call(call(id, 0), None);
    }
    assert_eq!(xids(&mut core), [1, 2, 3]);
    receive(&mut core, &[success(3, 30), success(1, 10)].concat());
    receive(&mut core, &success(2, 20));
    let results: Vec<_> = events(&mut core).into_iter().map(finished).collect();
    assert_eq!(results, [(3, Ok(30)), (1, Ok(10)), (2, Ok(20))]);
    assert_eq!(core.unmatched_replies(), 0);
}

#[test]
fn a_reply_that_comes_in_pieces_is_one_reply() {
    let mut core = core(|_| {});
    core.start_call(call(1, 0), None);
    for byte in success(1, 10) {
        assert_eq!(core.poll_event(), None);
        receive(&mut core, &[byte]);
    }
    assert_eq!(finished(core.poll_event().unwrap()), (1, Ok(10)));
}

#[test]
fn replies_to_no_call_in_flight_are_counted_and_ignored() {
    let mut core = core(|config| config.max_calls_in_flight = 1);
    core.start_call(call(1, 0), None);
    core.start_call(call(2, 0), None);
    let call_to_us = record(&[1, 0, 2, 3, 4, 5, 0, 0, 0, 0]);
    // To a call of another connection; to one that has not been sent; twice.
    receive(
        &mut core,
        &[success(99, 0), success(2, 0), call_to_us].concat(),
    );
    assert_eq!(core.unmatched_replies(), 3);
    assert_eq!(core.poll_event(), None);
    receive(&mut core, &[success(1, 10), success(1, 11)].concat());
    assert_eq!(finished(core.poll_event().unwrap()), (1, Ok(10)));
    assert_eq!(core.unmatched_replies(), 4);
}

#[test]
fn what_is_not_rpc_ends_the_connection() {
    let mut core = core(|config| config.max_reply = 100);
    let space = core.recv_space();
    space[..4].copy_from_slice(&[0xff; 4]);
    assert!(matches!(
        core.recv_advance(4),
        Err(ProtocolError::Record(_))
    ));

    let mut core = self::core(|_| {});
    let garbage = record(&[1, 7]);
    core.recv_space()[..garbage.len()].copy_from_slice(&garbage);
    let error = core.recv_advance(garbage.len()).unwrap_err();
    assert!(matches!(error, ProtocolError::Message(_)), "{error}");
}

#[test]
fn a_call_times_out_at_its_deadline_and_its_reply_is_ignored() {
    let mut core = core(|_| {});
    core.start_call(call(1, 0), at(20));
    core.start_call(call(2, 0), at(10));
    core.start_call(call(3, 0), None);
    assert_eq!(core.poll_timeout(), at(10));
    core.handle_timeout(Instant::from_nanos(9));
    assert_eq!(core.poll_event(), None);
    core.handle_timeout(Instant::from_nanos(10));
    let timed_out = CallError::TimedOut { sent: true };
    assert_eq!(finished(core.poll_event().unwrap()), (2, Err(timed_out)));
    assert_eq!(core.poll_timeout(), at(20));
    receive(&mut core, &[success(2, 0), success(1, 10)].concat());
    assert_eq!(finished(core.poll_event().unwrap()), (1, Ok(10)));
    assert_eq!(core.unmatched_replies(), 1);
    assert_eq!(core.poll_timeout(), None);
}

#[test]
fn calls_over_the_limit_wait_their_turn() {
    let mut core = core(|config| config.max_calls_in_flight = 2);
    for id in 1..=4 {
        core.start_call(call(id, 0), None);
    }
    assert!(core.is_congested());
    assert_eq!(xids(&mut core), [1, 2]);
    receive(&mut core, &success(2, 0));
    assert_eq!(xids(&mut core), [3]);
    core.cancel(CallId::new(1));
    assert_eq!(xids(&mut core), [4]);
    assert!(!core.is_congested());
}

#[test]
fn a_waiting_call_can_time_out_or_be_cancelled_without_being_sent() {
    let mut core = core(|config| config.max_calls_in_flight = 1);
    core.start_call(call(1, 0), None);
    core.start_call(call(2, 0), at(10));
    core.start_call(call(3, 0), None);
    core.start_call(call(4, 0), None);
    core.handle_timeout(Instant::from_nanos(10));
    let error = CallError::TimedOut { sent: false };
    assert!(error.not_executed());
    assert_eq!(finished(core.poll_event().unwrap()), (2, Err(error)));
    core.cancel(CallId::new(3));
    receive(&mut core, &success(1, 0));
    assert_eq!(xids(&mut core), [1, 4]);
}

#[test]
fn bytes_over_the_limit_wait_until_others_have_been_written() {
    let mut core = core(|config| config.max_queued_bytes = 100);
    core.start_call(call(1, 200), None);
    assert!(!core.is_congested(), "one call may go over the limit");
    core.start_call(call(2, 0), None);
    assert!(core.is_congested());
    let first = core.transmit().len();
    core.transmit_advance(first - 100);
    assert!(core.is_congested());
    core.transmit_advance(1);
    assert!(!core.is_congested());
    core.transmit_advance(99);
    assert_eq!(xids(&mut core), [2]);
}

#[test]
fn one_way_calls_keep_their_place_and_await_nothing() {
    let mut core = core(|config| config.max_queued_bytes = 1);
    core.start_one_way(call(1, 0), None);
    assert_eq!(accepted(&mut core), Some(1));
    core.start_call(call(2, 0), None);
    core.start_one_way(call(3, 0), at(10));
    core.start_one_way(call(4, 0), at(20));
    assert_eq!(core.poll_event(), None);
    assert_eq!(core.poll_timeout(), at(10));
    core.handle_timeout(Instant::from_nanos(10));
    let error = CallError::TimedOut { sent: false };
    assert_eq!(finished(core.poll_event().unwrap()), (3, Err(error)));
    assert_eq!(xids(&mut core), [1, 2, 4]);
    assert_eq!(accepted(&mut core), Some(4));
    assert_eq!(core.poll_timeout(), None);
}

#[test]
fn closing_tells_every_call_whether_it_may_have_been_executed() {
    let mut core = core(|config| config.max_calls_in_flight = 3);
    for id in 1..=4 {
        core.start_call(call(id, 0), at(10));
    }
    let size = core.transmit().len() / 3;
    // All of the first, and all but a byte of the second.
    core.transmit_advance(2 * size - 1);
    core.close(&CloseReason::ByServer);
    let outcomes: Vec<_> = events(&mut core).into_iter().map(finished).collect();
    let closed = |sent| {
        let reason = CloseReason::ByServer;
        Err(CallError::Closed { reason, sent })
    };
    let expected = [
        (1, closed(true)),
        (2, closed(false)),
        (3, closed(false)),
        (4, closed(false)),
    ];
    assert_eq!(outcomes, expected);
    assert_eq!(core.poll_timeout(), None);
    assert_eq!(core.transmit(), b"");
}

#[test]
fn xids_may_wrap_around() {
    let mut core = core(|_| {});
    core.start_call(call(0xffff_ffff, 0), None);
    core.start_call(call(0x1_0000_0000, 0), None);
    receive(
        &mut core,
        &[success(0, 1), success(0xffff_ffff, 2)].concat(),
    );
    let results: Vec<_> = events(&mut core).into_iter().map(finished).collect();
    assert_eq!(results, [(0x1_0000_0000, Ok(1)), (0xffff_ffff, Ok(2))]);
}

fn core(adjust: impl FnOnce(&mut ClientConfig)) -> ClientCore {
    let mut config = ClientConfig::default();
    adjust(&mut config);
    ClientCore::new(&config)
}

/// A call with this many bytes of arguments.
fn call(number: u64, size: usize) -> CallRecord {
    let target = CallTarget {
        prog: 1,
        vers: 2,
        proc: 3,
        credential: OpaqueAuth::none(),
        verifier: OpaqueAuth::none(),
    };
    CallRecord::new(CallId::new(number), target, |encoder| {
        encoder.put_opaque_fixed(&vec![0; size]);
        Ok(())
    })
    .unwrap()
}

fn at(nanos: u64) -> Option<Instant> {
    Some(Instant::from_nanos(nanos))
}

/// A reply with one number as its results.
fn success(xid: u32, result: u32) -> Vec<u8> {
    record(&[xid, 1, 0, 0, 0, 0, result])
}

fn record(words: &[u32]) -> Vec<u8> {
    let header = 0x8000_0000 | (4 * words.len() as u32);
    let words = [&[header], words].concat();
    words.iter().flat_map(|word| word.to_be_bytes()).collect()
}

fn receive(core: &mut ClientCore, input: &[u8]) {
    core.recv_space()[..input.len()].copy_from_slice(input);
    core.recv_advance(input.len()).unwrap();
}

/// Writes everything, and reads the xids of the calls that were written.
fn xids(core: &mut ClientCore) -> Vec<u32> {
    let mut reader = RecordReader::new(1 << 20);
    while !core.transmit().is_empty() {
        let space = reader.recv_space();
        let count = space.len().min(core.transmit().len());
        space[..count].copy_from_slice(&core.transmit()[..count]);
        reader.recv_advance(count);
        core.transmit_advance(count);
    }
    let records = std::iter::from_fn(|| reader.next_record().unwrap());
    records
        .map(|record| u32::from_be_bytes(*record.first_chunk().unwrap()))
        .collect()
}

fn events(core: &mut ClientCore) -> Vec<ClientEvent> {
    std::iter::from_fn(|| core.poll_event()).collect()
}

fn accepted(core: &mut ClientCore) -> Option<u64> {
    match core.poll_event() {
        Some(ClientEvent::Accepted { id }) => Some(id.number()),
        _ => None,
    }
}

fn finished(event: ClientEvent) -> (u64, Result<u32, CallError>) {
    match event {
        ClientEvent::Finished { id, outcome } => {
            let number = |results: Bytes| u32::from_be_bytes(results[..].try_into().unwrap());
            (id.number(), outcome.map(number))
        }
        ClientEvent::Accepted { .. } => panic!("a one-way call was accepted"),
    }
}
