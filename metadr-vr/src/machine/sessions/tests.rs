//! The table by hand, and against the simplest thing that could be one.

use super::*;
use proptest::prelude::*;
use std::collections::BTreeMap;

const SETTINGS: Settings = Settings {
    max_sessions: 3,
    session_bytes: 8,
    session_ttl_ms: 0,
};

fn operation(session: SessionId, request: u64, acknowledged_below: u64) -> SessionOperation {
    SessionOperation {
        session,
        request,
        acknowledged_below,
        operation: Bytes::new(),
    }
}

/// Executes a request that must be new.
fn execute(sessions: &mut Sessions, op: OpNumber, operation: &SessionOperation, reply: &str) {
    assert_eq!(sessions.check(operation), Known::New);
    let reply = Bytes::copy_from_slice(reply.as_bytes());
    sessions.executed(op, op, (operation, 0, &reply), &SETTINGS);
    assert_eq!(sessions.digest(), sessions.recompute_digest());
}

fn registered(ops: &[OpNumber]) -> (Sessions, Vec<SessionId>) {
    let mut sessions = Sessions::default();
    let register = |op: &OpNumber| {
        let id = session_id(*op, 0).unwrap();
        sessions.register(id, *op, *op, &SETTINGS);
        id
    };
    let ids = ops.iter().map(register).collect();
    (sessions, ids)
}

/// The kept reply, or that there was one.
fn reply(sessions: &Sessions, operation: &SessionOperation) -> (OpNumber, Option<Bytes>) {
    match sessions.check(operation) {
        Known::Executed(executed) => (executed.op, executed.result),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_request_that_comes_again_has_the_reply_of_the_first_time() {
    let (mut sessions, ids) = registered(&[1]);
    execute(&mut sessions, 2, &operation(ids[0], 5, 0), "one");
    let again = reply(&sessions, &operation(ids[0], 5, 0));
    assert_eq!(again, (2, Some(Bytes::from_static(b"one"))));
    // Not only in the order of their numbers.
    execute(&mut sessions, 3, &operation(ids[0], 4, 0), "two");
    let again = reply(&sessions, &operation(ids[0], 4, 0));
    assert_eq!(again, (3, Some(Bytes::from_static(b"two"))));
}

#[test]
fn what_is_acknowledged_is_forgotten() {
    let (mut sessions, ids) = registered(&[1]);
    execute(&mut sessions, 2, &operation(ids[0], 0, 0), "one");
    execute(&mut sessions, 3, &operation(ids[0], 1, 1), "two");
    assert_eq!(sessions.check(&operation(ids[0], 0, 0)), Known::Answered);
    assert_eq!(reply(&sessions, &operation(ids[0], 1, 1)).0, 3);
    // Nobody has the reply to what is not executed yet.
    execute(&mut sessions, 4, &operation(ids[0], 2, 9), "three");
    assert_eq!(reply(&sessions, &operation(ids[0], 2, 9)).0, 4);
    assert_eq!(sessions.check(&operation(ids[0], 1, 1)), Known::Answered);
}

#[test]
fn the_window_is_bounded_and_moves_with_the_acknowledgements() {
    let (mut sessions, ids) = registered(&[1]);
    for request in 0..WINDOW {
        execute(
            &mut sessions,
            2 + request,
            &operation(ids[0], request, 0),
            "",
        );
    }
    let next = operation(ids[0], WINDOW, 0);
    assert_eq!(sessions.check(&next), Known::BeyondWindow);
    // It makes room for itself.
    execute(&mut sessions, 99, &operation(ids[0], WINDOW, WINDOW), "");
    assert_eq!(sessions.check(&operation(ids[0], 0, 0)), Known::Answered);
    let far = operation(ids[0], u64::MAX, 0);
    assert_eq!(sessions.check(&far), Known::BeyondWindow);
    execute(
        &mut sessions,
        100,
        &operation(ids[0], u64::MAX, u64::MAX),
        "",
    );
}

#[test]
fn of_a_reply_that_does_not_fit_it_is_kept_that_there_was_one() {
    let (mut sessions, ids) = registered(&[1]);
    execute(&mut sessions, 2, &operation(ids[0], 0, 0), "12345");
    execute(&mut sessions, 3, &operation(ids[0], 1, 0), "1234");
    execute(&mut sessions, 4, &operation(ids[0], 2, 0), "123");
    let results = [0, 1, 2].map(|request| reply(&sessions, &operation(ids[0], request, 0)).1);
    assert_eq!(results.map(|result| result.is_some()), [true, false, true]);
    // Room is made by what is acknowledged.
    execute(&mut sessions, 5, &operation(ids[0], 3, 1), "12345");
    assert!(reply(&sessions, &operation(ids[0], 3, 1)).1.is_some());
}

#[test]
fn the_session_that_was_not_used_for_longest_has_to_go() {
    let (mut sessions, ids) = registered(&[1, 2, 3]);
    execute(&mut sessions, 4, &operation(ids[0], 0, 0), "");
    let new = session_id(5, 0).unwrap();
    sessions.register(new, 5, 5, &SETTINGS);
    assert_eq!(sessions.len(), 3);
    let known = |id| sessions.check(&operation(id, 7, 0)) != Known::Expired;
    assert_eq!(
        [ids[0], ids[1], ids[2], new].map(known),
        [true, false, true, true]
    );
    assert_eq!(sessions.digest(), sessions.recompute_digest());
}

#[test]
fn among_sessions_of_one_entry_the_first_has_to_go() {
    let mut sessions = Sessions::default();
    let ids = [0, 1, 2, 3].map(|index| session_id(1, index).unwrap());
    for id in ids {
        sessions.register(id, 1, 1, &SETTINGS);
    }
    let known = |id| sessions.check(&operation(id, 0, 0)) != Known::Expired;
    assert_eq!(ids.map(known), [false, true, true, true]);
}

#[test]
fn sessions_expire_by_the_time_stamps_of_entries() {
    let settings = Settings {
        session_ttl_ms: 10,
        ..SETTINGS
    };
    let (mut sessions, ids) = registered(&[1, 2]);
    execute(&mut sessions, 5, &operation(ids[0], 0, 0), "");
    sessions.expire(12, &settings);
    assert_eq!(sessions.len(), 2);
    sessions.expire(13, &settings);
    assert_eq!(sessions.check(&operation(ids[1], 0, 0)), Known::Expired);
    sessions.expire(15, &settings);
    assert_eq!(sessions.len(), 1);
    sessions.expire(16, &settings);
    assert_eq!(sessions.len(), 0);
    assert_eq!(sessions.digest(), 0);
}

#[test]
fn an_entry_has_no_more_sessions_than_there_are_numbers() {
    assert_eq!(session_id(1, 0), Some(1 << 16));
    assert_eq!(session_id(1, 65_535), Some((1 << 17) - 1));
    assert_eq!(session_id(1, 65_536), None);
}

#[test]
fn records_that_no_table_has_are_refused() {
    let session = |id, last_op, requests: &[u64]| wire::Session {
        id,
        last_op,
        last_used_ms: 0,
        low: 5,
        executed: (requests.iter())
            .map(|request| ExecutedRequest {
                request: *request,
                op: 2,
                index: 0,
                result: KeptResult::False,
            })
            .collect(),
    };
    let first = 2 << 16;
    let restore = |records: &[wire::Session]| {
        let mut sessions = Sessions::default();
        let restored: Result<(), Damaged> =
            (records.iter().cloned()).try_for_each(|record| sessions.restore(record, 9));
        restored.map(|()| assert_eq!(sessions.digest(), sessions.recompute_digest()))
    };
    assert_eq!(restore(&[session(first, 9, &[5, 36])]), Ok(()));
    let impossible = [
        vec![session(first, 10, &[])],
        vec![session(first, 1, &[])],
        vec![session(1, 1, &[])],
        vec![session(first, 9, &[]), session(first, 9, &[])],
        vec![session(first + 1, 9, &[]), session(first, 9, &[])],
        vec![session(first, 9, &[4])],
        vec![session(first, 9, &[37])],
        vec![session(first, 9, &[6, 5])],
        vec![session(first, 9, &[5, 5])],
        vec![session(3 << 16, 9, &[5])],
    ];
    for records in impossible {
        let refused = restore(&records);
        assert!(
            matches!(refused, Err(Damaged::Impossible(_))),
            "{records:?}"
        );
    }
}

/// What is known of a session: when it was used, what is acknowledged, and
/// every request that was executed.
#[derive(Clone, Default)]
struct Naive {
    last_op: OpNumber,
    last_used_ms: u64,
    low: u64,
    executed: BTreeMap<u64, (OpNumber, Option<Bytes>)>,
}

#[derive(Default)]
struct Model(BTreeMap<SessionId, Naive>);

impl Model {
    fn check(&self, operation: &SessionOperation) -> &'static str {
        let request = operation.request;
        let Some(session) = self.0.get(&operation.session) else {
            return "expired";
        };
        let low = session.low.max(operation.acknowledged_below.min(request));
        if request < session.low {
            "answered"
        } else if session.executed.contains_key(&request) {
            "executed"
        } else if request >= low + 32 {
            "beyond"
        } else {
            "new"
        }
    }

    fn register(&mut self, id: SessionId, op: OpNumber, now: u64, settings: &Settings) {
        while self.0.len() >= settings.max_sessions as usize {
            let oldest = self.0.iter().min_by_key(|(id, one)| (one.last_op, **id));
            let oldest = *oldest.unwrap().0;
            self.0.remove(&oldest);
        }
        let session = Naive {
            last_op: op,
            last_used_ms: now,
            ..Naive::default()
        };
        self.0.insert(id, session);
    }

    fn execute(&mut self, op: OpNumber, now: u64, operation: &SessionOperation, most: usize) {
        let session = self.0.get_mut(&operation.session).unwrap();
        session.low = session
            .low
            .max(operation.acknowledged_below.min(operation.request));
        let low = session.low;
        session.executed.retain(|request, _| *request >= low);
        let results = session
            .executed
            .values()
            .filter_map(|(_, result)| result.as_ref());
        let held: usize = results.map(Bytes::len).sum();
        let reply = &operation.operation;
        let kept = (held + reply.len() <= most).then(|| reply.clone());
        session.executed.insert(operation.request, (op, kept));
        session.last_op = op;
        session.last_used_ms = now;
    }
}

#[derive(Clone, Debug)]
enum Step {
    Register,
    /// Of the session that was registered so many before the last one.
    Request {
        back: usize,
        request: u64,
        acknowledged_below: u64,
        reply: usize,
    },
    Pass(u64),
}

fn step() -> impl Strategy<Value = Step> {
    let request = (0..6_usize, 0..80_u64, 0..60_u64, 0..6_usize);
    prop_oneof![
        1 => Just(Step::Register),
        8 => request.prop_map(|(back, request, acknowledged_below, reply)| Step::Request {
            back, request, acknowledged_below, reply,
        }),
        1 => (0..20_u64).prop_map(Step::Pass),
    ]
}

fn name(known: &Known) -> &'static str {
    match known {
        Known::New => "new",
        Known::Executed(_) => "executed",
        Known::Answered => "answered",
        Known::Expired => "expired",
        Known::BeyondWindow => "beyond",
    }
}

proptest! {
    #[test]
    fn the_table_behaves_as_the_model(
        steps in proptest::collection::vec(step(), 0..200),
        max_sessions in 1..5_u32,
        session_ttl_ms in prop_oneof![Just(0), 1..40_u64],
    ) {
        let settings = Settings { max_sessions, session_bytes: 12, session_ttl_ms };
        let (mut sessions, mut model) = (Sessions::default(), Model::default());
        let (mut now, mut ids) = (0, Vec::new());
        for (op, step) in (1..).zip(steps) {
            if let Step::Pass(time) = step {
                now += time;
            }
            sessions.expire(now, &settings);
            model.0.retain(|_, one| session_ttl_ms == 0 || now - one.last_used_ms <= session_ttl_ms);
            match step {
                Step::Pass(_) => {}
                Step::Register => {
                    let id = session_id(op, 3).unwrap();
                    sessions.register(id, op, now, &settings);
                    model.register(id, op, now, &settings);
                    ids.push(id);
                }
                Step::Request { back, request, acknowledged_below, reply } => {
                    let id = ids.iter().rev().nth(back).copied().unwrap_or_default();
                    let mut operation = operation(id, request, acknowledged_below);
                    operation.operation = Bytes::from(vec![7; reply]);
                    let known = sessions.check(&operation);
                    prop_assert_eq!(name(&known), model.check(&operation));
                    if let Known::Executed(executed) = &known {
                        let expected = &model.0[&id].executed[&request];
                        prop_assert_eq!(&(executed.op, executed.result.clone()), expected);
                    }
                    if known == Known::New {
                        let reply = operation.operation.clone();
                        sessions.executed(op, now, (&operation, 0, &reply), &settings);
                        model.execute(op, now, &operation, 12);
                    }
                }
            }
            prop_assert!(sessions.by_id.keys().eq(model.0.keys()));
            prop_assert_eq!(sessions.by_use.len(), sessions.len());
            prop_assert_eq!(sessions.digest(), sessions.recompute_digest());
        }
        prop_assert_eq!(copy(&sessions).digest(), sessions.digest());
    }
}

/// The table that is made from the records of another.
fn copy(sessions: &Sessions) -> Sessions {
    let (mut copy, mut frozen) = (Sessions::default(), sessions.freeze());
    while let Some(record) = frozen.next() {
        let restored = copy.restore(record, OpNumber::MAX);
        assert_eq!(restored, Ok(()));
    }
    assert_eq!(copy.by_use, sessions.by_use);
    copy
}
