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
        // RPCSEC_GSS, and a flavor that nobody knows.
        (&[5, 0, 2, PROGRAM, 2, 0, 6, 4, 0, 0, 0], &[5, 1, 1, 1, 2]),
        (&[6, 0, 2, PROGRAM, 2, 0, 99, 0, 0, 0], &[6, 1, 1, 1, 2]),
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
    let words = [1, 0, 2, PROGRAM, 2, 0, 1, 8, 0xaaaa_aaaa, 0xbbbb_bbbb, 0, 0];
    receive(&mut core, &record(&words));
    let (_ticket, call) = core.poll_call(START).unwrap();
    let credential = call.context().credential();
    assert_eq!(credential.flavor, 1);
    assert_eq!(&credential.body[..], b"\xaa\xaa\xaa\xaa\xbb\xbb\xbb\xbb");
}

#[test]
fn a_record_that_is_no_call_is_ignored() {
    let mut core = core(|_| {});
    let mut long_credential = vec![1, 0, 2, PROGRAM, 2, 0, 1, 404];
    long_credential.resize(8 + 101 + 2, 0);
    let garbage: [&[u32]; 5] = [
        &[],
        &[1],
        &[1, 1, 0, 0, 0, 0],
        &[1, 0, 2, PROGRAM],
        &long_credential,
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
