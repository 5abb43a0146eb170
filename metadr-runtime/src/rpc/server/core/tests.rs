//! Tests of the server core, with bytes made by hand.

use super::*;
use crate::rpc::server::ServiceError;
use crate::rpc::wire::AuthStat;
use crate::xdr::{Decoder, EncodeError, Encoder};
use std::time::Duration;

const PROGRAM: u32 = 0x2000_0001;
const START: Instant = Instant::from_nanos(1_000_000_000_000);

#[test]
fn a_call_is_given_out_and_its_reply_written() {
    let mut core = core(|_| {});
    receive(&mut core, &call(7, &[PROGRAM, 2, 5], &[42]));
    let (ticket, call) = core.poll_call(START).unwrap();
    assert_eq!((call.program_version().version, call.procedure()), (2, 5));
    assert_eq!(call.context().connection(), core.connection());
    let (_, argument, reply) = call.decode(|decoder| decoder.take_u32()).unwrap();
    let reply = reply.success(|encoder| {
        encoder.put_u32(argument + 1);
        Ok(())
    });
    core.finish_call(ticket, reply, START);
    assert_eq!(replies(&mut core), [[7, 1, 0, 0, 0, 0, 43]]);
}

#[test]
fn what_needs_no_service_is_answered_without_it() {
    let mut long_verifier = vec![6, 0, 2, PROGRAM, 2, 0, 0, 0, 0, 404];
    long_verifier.resize(10 + 101, 0);
    let cases: [(&[u32], &[u32]); 6] = [
        // RPC version 3, and nothing that version 2 knows after it.
        (&[1, 0, 3], &[1, 1, 1, 0, 2, 2]),
        (
            &[2, 0, 2, PROGRAM + 1, 2, 0, 0, 0, 0, 0],
            &[2, 1, 0, 0, 0, 1],
        ),
        (
            &[3, 0, 2, PROGRAM, 1, 0, 0, 0, 0, 0],
            &[3, 1, 0, 0, 0, 2, 2, 4],
        ),
        (
            &[4, 0, 2, PROGRAM, 3, 0, 0, 0, 0, 0],
            &[4, 1, 0, 0, 0, 2, 2, 4],
        ),
        // Whether or not the 401 bytes are there.
        (&[5, 0, 2, PROGRAM, 2, 0, 1, 401], &[5, 1, 1, 1, 1]),
        (&long_verifier, &[6, 1, 1, 1, 3]),
    ];
    let mut core = core(|_| {});
    for (question, answer) in cases {
        receive(&mut core, &record(question));
        assert!(core.poll_call(START).is_none());
        assert_eq!(replies(&mut core), [answer]);
    }
    assert_eq!(core.ignored_records(), 0);
}

#[test]
fn an_auth_sys_credential_is_passed_on() {
    let mut core = core(|_| {});
    let header = [1, 0, 2, PROGRAM, 2, 0, 1];
    let caller = [24, 7, 1, 0x6100_0000, 10, 20, 0];
    let words = [&header[..], &caller, &[0, 0]].concat();
    receive(&mut core, &record(&words).repeat(2));
    let (_first, call) = core.poll_call(START).unwrap();
    assert_eq!(call.context().credential().flavor, 1);
    let expected = AuthSys {
        stamp: 7,
        machine_name: "a".to_owned(),
        uid: 10,
        gid: 20,
        gids: Vec::new(),
    };
    assert_eq!(call.context().sys(), Some(&expected));
    // The same again is not read again.
    let (_second, same) = core.poll_call(START).unwrap();
    let address = |call: &IncomingCall| call.context().sys().map(std::ptr::from_ref);
    assert_eq!(address(&same), address(&call));
}

#[test]
fn who_calls_is_checked_by_the_flavor_alone_by_default() {
    let cases: [(&[u32], Result<(), AuthStat>); 6] = [
        (&[0, 0], Ok(())),
        (&[1, 20, 7, 0, 10, 20, 0], Ok(())),
        (&[1, 4, 7], Err(AuthStat::AuthBadcred)),
        (&[1, 0], Err(AuthStat::AuthBadcred)),
        (&[2, 4, 7], Err(AuthStat::AuthRejectedcred)),
        (&[99, 0], Err(AuthStat::AuthRejectedcred)),
    ];
    for (credential, expected) in cases {
        let mut core = core(|_| {});
        let header = [1, 0, 2, PROGRAM, 2, 0];
        let words = [&header[..], credential, &[0, 0]].concat();
        receive(&mut core, &record(&words));
        let (ticket, call) = core.poll_call(START).unwrap();
        assert_eq!(call.context().check_flavor(), expected, "{credential:?}");
        if let Err(reason) = expected {
            core.deny_call(ticket, reason, START);
            assert_eq!(replies(&mut core), [[1, 1, 1, 1, reason as u32]]);
        }
    }
}

#[test]
fn a_record_that_is_no_call_is_ignored() {
    let mut core = core(|_| {});
    let garbage: [&[u32]; 5] = [
        &[],
        &[1],
        &[1, 1, 0, 0, 0, 0],
        &[1, 0, 2, PROGRAM],
        &[1, 0, 2, PROGRAM, 2, 0, 1, 400],
    ];
    for words in garbage {
        receive(&mut core, &record(words));
        assert!(core.poll_call(START).is_none());
    }
    assert_eq!(core.ignored_records(), 5);
    assert!(core.wants_input() && core.transmit().is_empty());
    receive(&mut core, &call(1, &[PROGRAM, 2, 0], &[]));
    answer_next(&mut core, START);
    assert_eq!(replies(&mut core), [[1, 1, 0, 0, 0, 0]]);
}

#[test]
fn every_answer_of_a_service_has_its_status() {
    let mut core = core(|_| {});
    let mut ask = |answer: &dyn Fn(IncomingCall) -> Reply| ask_with(&mut core, answer);
    let failure = |error| {
        move |call: IncomingCall| {
            let (_, _, reply) = call.decode(|decoder| decoder.take_u32()).unwrap();
            reply.failure(error)
        }
    };
    assert_eq!(ask(&IncomingCall::null), [[1, 1, 0, 0, 0, 0]]);
    let unavailable = ask(&IncomingCall::procedure_unavailable);
    assert_eq!(unavailable, [[1, 1, 0, 0, 0, 3]]);
    let garbage = ask(&|call| call.decode(|decoder| decoder.take_u64()).unwrap_err());
    assert_eq!(garbage, [[1, 1, 0, 0, 0, 4]]);
    let trailing = ask(&|call| call.decode(|_| Ok(())).unwrap_err());
    assert_eq!(trailing, [[1, 1, 0, 0, 0, 4]]);
    assert!(ask(&|call| call.decode_one_way(|_| Ok(())).unwrap_err()).is_empty());
    assert!(ask(&|_| Reply::none()).is_empty());
    let system_error = ask(&failure(ServiceError::SystemError));
    assert_eq!(system_error, [[1, 1, 0, 0, 0, 5]]);
    let not_there = ask(&failure(ServiceError::ProcedureUnavailable));
    assert_eq!(not_there, [[1, 1, 0, 0, 0, 3]]);
    let weak = ServiceError::Unauthorized(AuthStat::AuthTooweak);
    assert_eq!(ask(&failure(weak)), [[1, 1, 1, 1, 5]]);
}

#[test]
fn results_that_cannot_be_encoded_are_a_failure_of_the_server() {
    let mut core = core(|_| {});
    let reply = ask_with(&mut core, |call| {
        let (_, _, reply) = call.decode(|decoder| decoder.take_u32()).unwrap();
        reply.success(|encoder| {
            encoder.put_u32(1);
            Err(EncodeError::TooLong {
                place: "T.f",
                length: 2,
                limit: 1,
            })
        })
    });
    assert_eq!(reply, [[1, 1, 0, 0, 0, 5]]);
}

#[test]
fn a_panic_is_answered_unless_the_call_is_one_way() {
    let mut core = core(|_| {});
    receive(&mut core, &call(1, &[PROGRAM, 2, 1], &[]).repeat(2));
    let (ticket, call) = core.poll_call(START).unwrap();
    drop(call.decode_one_way(|_| Ok(())).unwrap());
    core.fail_call(ticket, START);
    assert!(core.transmit().is_empty());
    let (ticket, _call) = core.poll_call(START).unwrap();
    core.fail_call(ticket, START);
    assert_eq!(replies(&mut core), [[1, 1, 0, 0, 0, 5]]);
}

#[test]
fn input_stops_at_each_limit() {
    let calls = call(1, &[PROGRAM, 2, 0], &[]).repeat(3);
    let mut core = core(|limits| limits.max_calls_in_flight = 2);
    receive(&mut core, &calls);
    let (first, _) = core.poll_call(START).unwrap();
    let (_second, _) = core.poll_call(START).unwrap();
    assert!(!core.wants_input() && core.poll_call(START).is_none());
    core.finish_call(first, Reply::none(), START);
    assert!(core.wants_input() && core.poll_call(START).is_some());

    let mut core = self::core(|limits| limits.max_bytes_in_flight = 41);
    receive(&mut core, &calls);
    let (_first, _) = core.poll_call(START).unwrap();
    assert!(core.wants_input());
    let (second, _) = core.poll_call(START).unwrap();
    assert!(!core.wants_input() && core.poll_call(START).is_none());
    core.finish_call(second, Reply::none(), START);
    assert!(core.poll_call(START).is_some());

    let mut core = self::core(|limits| limits.max_unsent_bytes = 28);
    receive(&mut core, &calls);
    answer_next(&mut core, START);
    assert_eq!(core.transmit().len(), 28);
    assert!(!core.wants_input() && core.poll_call(START).is_none());
    core.transmit_advance(1, START);
    assert!(core.wants_input() && core.poll_call(START).is_some());
}

#[test]
fn a_stream_out_of_step_ends_after_the_calls_before() {
    let mut core = core(|limits| limits.max_record = 100);
    let good = call(1, &[PROGRAM, 2, 0], &[]);
    receive(
        &mut core,
        &[&good[..], &[0x7f, 0xff, 0xff, 0xff], &good].concat(),
    );
    let (ticket, call) = core.poll_call(START).unwrap();
    assert!(core.poll_call(START).is_none());
    assert!(!core.wants_input() && !core.is_finished());
    core.finish_call(ticket, call.null(), START);
    assert!(!core.is_finished());
    assert_eq!(replies(&mut core).len(), 1);
    assert!(core.is_finished());
}

#[test]
fn half_a_record_does_not_wait_for_ever() {
    let mut core = core(|limits| limits.record_time = Duration::from_secs(3));
    assert_eq!(core.poll_timeout(), None);
    let call = call(1, &[PROGRAM, 2, 0], &[]);
    receive(&mut core, &[&call[..], &call[..20]].concat());
    answer_next(&mut core, START);
    replies(&mut core);
    assert!(core.poll_call(START).is_none());
    let deadline = START + Duration::from_secs(3);
    assert_eq!(core.poll_timeout(), Some(deadline));
    // Another byte now and then does not help.
    receive(&mut core, &call[20..21]);
    assert!(core.poll_call(START + Duration::from_secs(2)).is_none());
    assert_eq!(core.poll_timeout(), Some(deadline));
    core.handle_timeout(deadline);
    assert!(core.is_finished());
}

#[test]
fn the_time_of_a_record_does_not_run_while_nothing_is_read() {
    let mut core = core(|limits| limits.max_calls_in_flight = 1);
    let call = call(1, &[PROGRAM, 2, 0], &[]);
    receive(&mut core, &[&call[..], &call[..20]].concat());
    let (ticket, call) = core.poll_call(START).unwrap();
    assert!(core.poll_call(START).is_none());
    assert_eq!(core.poll_timeout(), None);
    let later = START + Duration::from_secs(1000);
    core.finish_call(ticket, call.null(), later);
    replies(&mut core);
    assert!(core.poll_call(later).is_none());
    assert_eq!(core.poll_timeout(), Some(later + core.limits.record_time));
}

#[test]
fn replies_must_be_taken_in_time() {
    let mut core = core(|limits| limits.write_time = Duration::from_secs(3));
    receive(&mut core, &call(1, &[PROGRAM, 2, 0], &[]));
    answer_next(&mut core, START);
    let later = START + Duration::from_secs(2);
    core.transmit_advance(1, later);
    let deadline = later + Duration::from_secs(3);
    assert_eq!(core.poll_timeout(), Some(deadline));
    core.handle_timeout(deadline);
    assert!(core.is_finished());
}

#[test]
fn a_connection_with_nothing_to_do_does_not_stay_for_ever() {
    let mut core = core(|limits| limits.idle_time = Duration::from_secs(60));
    let at = |seconds| START + Duration::from_secs(seconds);
    assert!(core.poll_call(START).is_none());
    assert_eq!(core.poll_timeout(), Some(at(60)));
    // A call that has begun, is in flight, or whose reply waits, is something.
    let call = call(1, &[PROGRAM, 2, 0], &[]);
    receive(&mut core, &call[..20]);
    assert!(core.poll_call(at(50)).is_none());
    assert_eq!(core.poll_timeout(), Some(at(50 + 30)));
    receive(&mut core, &call[20..]);
    let (ticket, incoming) = core.poll_call(at(51)).unwrap();
    assert!(core.poll_call(at(51)).is_none());
    assert_eq!(core.poll_timeout(), None);
    core.finish_call(ticket, incoming.null(), at(200));
    assert_eq!(core.poll_timeout(), Some(at(200 + 30)));
    core.transmit_advance(28, at(201));
    assert!(core.poll_call(at(202)).is_none());
    assert_eq!(core.poll_timeout(), Some(at(261)));
    core.handle_timeout(at(260));
    assert!(!core.is_finished());
    core.handle_timeout(at(261));
    assert!(core.is_finished());
}

#[test]
fn while_memory_is_short_nothing_is_read_and_replies_go_out_one_by_one() {
    let mut core = core(|_| {});
    receive(&mut core, &call(1, &[PROGRAM, 2, 0], &[]).repeat(3));
    let (late, late_call) = core.poll_call(START).unwrap();
    core.set_memory_short(true);
    assert!(!core.wants_input() && core.wants_replies());
    // What has been received is started, as that is how it will be rid of.
    answer_next(&mut core, START);
    assert!(!core.wants_replies() && core.poll_call(START).is_none());
    replies(&mut core);
    assert!(core.wants_replies());
    core.finish_call(late, late_call.null(), START);
    assert!(core.poll_call(START).is_none());
    core.set_memory_short(false);
    assert!(core.wants_input() && core.poll_call(START).is_some());
}

#[test]
fn the_memory_of_a_connection_is_what_it_holds_for_its_caller() {
    let mut core = core(|_| {});
    let call = call(1, &[PROGRAM, 2, 0], &[]);
    receive(&mut core, &[&call[..], &call[..20]].concat());
    assert_eq!(core.memory(), 44 + 20);
    let (ticket, incoming) = core.poll_call(START).unwrap();
    assert_eq!(core.memory(), 40 + CALL_COST + 20);
    core.finish_call(ticket, incoming.null(), START);
    assert_eq!(core.memory(), 28 + 20);
    replies(&mut core);
    assert_eq!(core.memory(), 20);
}

#[test]
fn draining_finishes_the_calls_in_flight_within_its_time() {
    let mut core = core(|limits| limits.drain_time = Duration::from_secs(3));
    receive(&mut core, &call(1, &[PROGRAM, 2, 0], &[]).repeat(3));
    let (first, call) = core.poll_call(START).unwrap();
    let (_second, _) = core.poll_call(START).unwrap();
    core.drain(START);
    assert!(core.poll_call(START).is_none());
    core.finish_call(first, call.null(), START);
    assert_eq!(replies(&mut core).len(), 1);
    assert!(!core.is_finished());
    let deadline = START + Duration::from_secs(3);
    core.drain(START + Duration::from_secs(1));
    assert_eq!(core.poll_timeout(), Some(deadline));
    core.handle_timeout(deadline);
    assert!(core.is_finished());
}

#[test]
fn a_service_can_close_the_connection_after_earlier_replies() {
    let mut core = core(|_| {});
    receive(&mut core, &call(1, &[PROGRAM, 2, 0], &[]).repeat(3));
    answer_next(&mut core, START);
    let (closing, call) = core.poll_call(START).unwrap();
    let (late, late_call) = core.poll_call(START).unwrap();
    let (_, (), reply) = call.decode(|_| Ok(())).unwrap();
    let close = reply.failure(ServiceError::CloseConnection);
    core.finish_call(closing, close, START);
    core.finish_call(late, late_call.null(), START);
    assert!(!core.wants_input() && !core.is_finished());
    assert_eq!(replies(&mut core).len(), 1);
    assert!(core.is_finished());
}

/// While it is unsent, a part would keep the whole call in memory.
#[test]
fn a_reply_shares_the_memory_of_its_call_unless_it_is_a_small_part_of_it() {
    const WORDS: usize = 25_000;
    let mut arguments = vec![7; 1 + WORDS];
    arguments[0] = 4 * WORDS as u32;
    for (size, is_shared) in [
        (4 * WORDS, true),
        (2 * WORDS + 64, true),
        (2 * WORDS, false),
    ] {
        let mut core = core(|_| {});
        let input = call(1, &[PROGRAM, 2, 9], &arguments);
        for part in input.chunks(4096) {
            receive(&mut core, part);
        }
        let (ticket, call) = core.poll_call(START).unwrap();
        let (_, data, reply) = call
            .decode(|decoder| decoder.take_opaque(u32::MAX))
            .unwrap();
        let part = data.slice(..size);
        let reply = reply.success(|encoder| {
            encoder.put_opaque_fixed_shared(&part);
            Ok(())
        });
        drop(part);
        core.finish_call(ticket, reply, START);
        assert_eq!(core.has_shared_output(), is_shared, "{size} bytes");
        assert_eq!(core.memory(), 4 + 24 + size);
        let mut written = Vec::new();
        while !core.transmit().is_empty() {
            written.extend_from_slice(core.transmit());
            core.transmit_advance(core.transmit().len(), START);
        }
        assert_eq!(written[28..], data[..size]);
        assert!(!core.has_shared_output());
    }
}

fn core(adjust: impl FnOnce(&mut Limits)) -> ServerCore {
    let mut limits = Limits::default();
    adjust(&mut limits);
    let program = PROGRAM;
    let programs = [2, 4].map(|version| ProgramVersion { program, version });
    ServerCore::new(Arc::new(programs), limits, None, None)
}

/// Version 2 of RPC, no credential.
fn call(xid: u32, target: &[u32; 3], arguments: &[u32]) -> Vec<u8> {
    record(&[&[xid, 0, 2], &target[..], &[0, 0, 0, 0], arguments].concat())
}

fn record(words: &[u32]) -> Vec<u8> {
    let header = 0x8000_0000 | (4 * words.len() as u32);
    let words = [&[header], words].concat();
    words.iter().flat_map(|word| word.to_be_bytes()).collect()
}

fn receive(core: &mut ServerCore, input: &[u8]) {
    core.recv_space()[..input.len()].copy_from_slice(input);
    core.recv_advance(input.len());
}

fn answer_next(core: &mut ServerCore, now: Instant) {
    let (ticket, call) = core.poll_call(now).unwrap();
    core.finish_call(ticket, call.null(), now);
}

fn ask_with(core: &mut ServerCore, answer: impl FnOnce(IncomingCall) -> Reply) -> Vec<Vec<u32>> {
    receive(core, &call(1, &[PROGRAM, 2, 9], &[5]));
    let (ticket, call) = core.poll_call(START).unwrap();
    core.finish_call(ticket, answer(call), START);
    replies(core)
}

/// Writes everything, and reads the words of the replies that were written.
fn replies(core: &mut ServerCore) -> Vec<Vec<u32>> {
    let mut reader = RecordReader::new(1 << 20);
    let output = core.transmit().to_vec();
    core.transmit_advance(output.len(), START);
    reader.recv_space()[..output.len()].copy_from_slice(&output);
    reader.recv_advance(output.len());
    let records = std::iter::from_fn(|| reader.next_record().unwrap());
    let words = |record: Bytes| {
        let words = record
            .chunks(4)
            .map(|word| u32::from_be_bytes(word.try_into().unwrap()));
        words.collect()
    };
    records.map(words).collect()
}
