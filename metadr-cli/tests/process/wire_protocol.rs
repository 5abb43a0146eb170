//! KvStoreApi version 1 to the byte, as a client without any of our code
//! sends and sees it.

use crate::support::cluster::Cluster;
use crate::support::wire::{
    Answer, Call, Connection, KEY_ALREADY_PRESENT, KEY_HAS_CHILDREN, KEY_HAS_NO_PARENT,
    KEY_MALFORMED, KEY_NOT_PRESENT, PROGRAM, REPLICA_NOT_PRIMARY, VERSION, fragment, message,
    record, string, words,
};
use std::collections::BTreeMap;
use std::io::Read;

/// Sends a request, and compares every byte of the answer.
fn assert_exchange(connection: &mut Connection, request: &[u8], expected: &[u32]) {
    connection.send(request);
    let mut reply = vec![0; 4 * expected.len()];
    connection.stream().read_exact(&mut reply).expect("a reply");
    let (words, _) = reply.as_chunks();
    let words: Vec<u32> = words.iter().map(|word| u32::from_be_bytes(*word)).collect();
    assert_eq!(words, expected, "{words:x?} != {expected:x?}");
}

/// A word of text.
fn text(text: &[u8; 4]) -> u32 {
    u32::from_be_bytes(*text)
}

#[test]
fn calls_and_replies_are_those_of_the_seed_to_the_byte() {
    let cluster = Cluster::start(1);
    let mut connection = cluster.connect(0);
    // The request in full once: create("/ab", "12345").
    let create = words(&[
        0x8000_003c, // record mark: 60 bytes, the last fragment
        77,          // xid
        0,           // CALL
        2,           // RPC version
        0x4004_8086, // program
        1,           // version
        1,           // create
        0,           // credential: AUTH_NONE
        0,           // of no bytes
        0,           // verifier: AUTH_NONE
        0,           // of no bytes
        3,           // the key's length
        text(b"/ab\0"),
        5, // the value's length
        text(b"1234"),
        text(b"5\0\0\0"),
    ]);
    assert_eq!(create, Call::Create(b"/ab", b"12345").record(77));
    // Mark, xid, REPLY, MSG_ACCEPTED, AUTH_NONE, no bytes, SUCCESS; then
    // discriminant 0 and NONE, which is success too.
    let done = [0x8000_0020, 77, 1, 0, 0, 0, 0, 0, 0];
    assert_exchange(&mut connection, &create, &done);
    let again = [0x8000_0020, 77, 1, 0, 0, 0, 0, 0, KEY_ALREADY_PRESENT];
    assert_exchange(&mut connection, &create, &again);

    let get = Call::Get(b"/ab").record(78);
    let value = [
        &[0x8000_0028, 78, 1, 0, 0, 0, 0, 1, 5][..],
        &[text(b"1234"), text(b"5\0\0\0")],
    ];
    assert_exchange(&mut connection, &get, &value.concat());

    let another = Call::Create(b"/ab/c", b"").record(0);
    let done = [0x8000_0020, 0, 1, 0, 0, 0, 0, 0, 0];
    assert_exchange(&mut connection, &another, &done);
    let list = Call::List(b"/ab").record(u32::MAX);
    let names = [
        0x8000_0028,
        u32::MAX,
        1,
        0,
        0,
        0,
        0,
        2,
        1,
        1,
        text(b"c\0\0\0"),
    ];
    assert_exchange(&mut connection, &list, &names);
    let empty = Call::List(b"/ab/c").record(79);
    let none = [0x8000_0020, 79, 1, 0, 0, 0, 0, 2, 0];
    assert_exchange(&mut connection, &empty, &none);
}

#[test]
fn every_outcome_has_its_code() {
    Cluster::undisturbed(3, |cluster| {
        let mut connection = cluster.connect(0);
        let code = Answer::Code;
        for (call, expected) in [
            (Call::Create(b"/a", b"1"), Answer::DONE),
            (Call::Create(b"/a", b"2"), code(KEY_ALREADY_PRESENT)),
            (Call::Create(b"/x/y", b"2"), code(KEY_HAS_NO_PARENT)),
            (Call::Create(b"/a/b", b""), Answer::DONE),
            (Call::Remove(b"/a"), code(KEY_HAS_CHILDREN)),
            (Call::Set(b"/a", b"3"), Answer::DONE),
            (Call::Get(b"/a"), Answer::value(b"3")),
            (Call::Get(b"/a/b"), Answer::value(b"")),
            (Call::List(b"/a"), Answer::Keys(vec![b"b".to_vec()])),
            (Call::Remove(b"/a/b"), Answer::DONE),
            (Call::Remove(b"/a/b"), code(KEY_NOT_PRESENT)),
            (Call::Set(b"/a/b", b""), code(KEY_NOT_PRESENT)),
            (Call::Get(b"/a/b"), code(KEY_NOT_PRESENT)),
            (Call::List(b"/a/b"), code(KEY_NOT_PRESENT)),
            (Call::Create(b"", b""), code(KEY_MALFORMED)),
            (Call::Set(b"/a/", b""), code(KEY_MALFORMED)),
            (Call::Get(b"a"), code(KEY_MALFORMED)),
            (Call::Get(b"/"), code(KEY_MALFORMED)),
            (Call::Remove(b"/a.b"), code(KEY_MALFORMED)),
            (Call::List(b"//"), code(KEY_MALFORMED)),
        ] {
            assert_eq!(connection.make(&call), expected, "{call:?}");
        }
        let mut backup = cluster.connect(1);
        for call in [
            Call::Get(b"/a"),
            Call::Get(b"malformed"),
            Call::Create(b"", b""),
        ] {
            assert_eq!(backup.make(&call), code(REPLICA_NOT_PRIMARY), "{call:?}");
        }
    });
}

#[test]
fn what_is_not_served_is_refused_as_rfc_5531_has_it() {
    let cluster = Cluster::start(1);
    let mut connection = cluster.connect(0);
    let refused = |xid: u32, status: u32| [0x8000_0018, xid, 1, 0, 0, 0, status];
    let mut check = |call: &[u8], expected: &[u32]| {
        assert_exchange(&mut connection, &record(call), expected);
    };
    // PROG_UNAVAIL. The other programs of the replicas are on another port.
    for program in [0, 0x4004_8087, 0x4004_8088, 0x4004_8200] {
        check(&message(5, [program, 1, 1], &[]), &refused(5, 1));
    }
    // PROG_MISMATCH, and which versions there are.
    for version in [0, 2, u32::MAX] {
        let expected = [0x8000_0020, 6, 1, 0, 0, 0, 2, 1, 1];
        check(&message(6, [PROGRAM, version, 1], &[]), &expected);
    }
    // PROC_UNAVAIL.
    for procedure in [6, u32::MAX] {
        check(
            &message(7, [PROGRAM, VERSION, procedure], &[]),
            &refused(7, 3),
        );
    }
    // The null procedure.
    check(&message(8, [PROGRAM, VERSION, 0], &[]), &refused(8, 0));
    // RPC_MISMATCH: MSG_DENIED, and which versions there are. What follows
    // the version is nobody's business.
    for version in [0, 1, 3] {
        let call = words(&[9, 0, version, 0xdead_beef]);
        check(&call, &[0x8000_0018, 9, 1, 1, 0, 2, 2]);
    }
    // It has cost nothing.
    assert_eq!(connection.make(&Call::List(b"/")), Answer::Keys(Vec::new()));
}

#[test]
fn arguments_that_are_none_are_garbage() {
    let cluster = Cluster::start(1);
    let mut connection = cluster.connect(0);
    let (create, get) = ([PROGRAM, VERSION, 1], [PROGRAM, VERSION, 4]);
    let pair = [string(b"/a"), string(b"1")].concat();
    let mut trailing = pair.clone();
    trailing.extend([0; 4]);
    let cases = [
        message(3, create, &[]),
        message(3, create, &string(b"/a")),
        message(3, create, &pair[..pair.len() - 1]),
        message(3, create, &trailing),
        message(3, create, &[string(&[b'/'; 513]), string(b"")].concat()),
        // Lengths that nothing is behind.
        message(3, create, &words(&[u32::MAX])),
        message(3, get, &words(&[u32::MAX, 0])),
        message(3, get, &words(&[1])),
    ];
    for call in cases {
        let garbage = [0x8000_0018, 3, 1, 0, 0, 0, 4];
        assert_exchange(&mut connection, &record(&call), &garbage);
    }
    assert_eq!(connection.make(&Call::List(b"/")), Answer::Keys(Vec::new()));
}

#[test]
fn keys_are_bounded_where_they_travel_with_a_value_alone() {
    let cluster = Cluster::start(1);
    let mut connection = cluster.connect(0);
    let key = |length: usize| [&b"/"[..], &vec![b'k'; length - 1]].concat();
    let longest = key(512);
    assert_eq!(connection.make(&Call::Create(&longest, b"1")), Answer::DONE);
    assert_eq!(connection.make(&Call::Get(&longest)), Answer::value(b"1"));
    let missing = Answer::Code(KEY_NOT_PRESENT);
    for length in [513, 100_000] {
        let key = key(length);
        for call in [Call::Get(&key), Call::Remove(&key), Call::List(&key)] {
            assert_eq!(connection.make(&call), missing, "{length}");
        }
        let malformed = [&key[..], b"."].concat();
        let answer = connection.make(&Call::Get(&malformed));
        assert_eq!(answer, Answer::Code(KEY_MALFORMED));
    }
}

#[test]
fn keys_and_values_are_bytes() {
    let cluster = Cluster::start(1);
    let mut connection = cluster.connect(0);
    assert_eq!(connection.make(&Call::Create(b"/v", b"")), Answer::DONE);
    let all: Vec<u8> = (0..=u8::MAX).collect();
    // All lengths of padding, and all bytes.
    for value in [
        &all[..],
        &all[1..],
        &all[2..],
        &all[3..],
        b"\0",
        b"\xff\xfe",
        b"",
    ] {
        assert_eq!(connection.make(&Call::Set(b"/v", value)), Answer::DONE);
        assert_eq!(connection.make(&Call::Get(b"/v")), Answer::value(value));
    }
    for key in [&b"/\xff"[..], b"/a\0", b"\0", b"/\xc3\xa9", b"/\xc3"] {
        let answer = connection.make(&Call::Create(key, b""));
        assert_eq!(answer, Answer::Code(KEY_MALFORMED), "{key:x?}");
        let answer = connection.make(&Call::Get(key));
        assert_eq!(answer, Answer::Code(KEY_MALFORMED), "{key:x?}");
    }
}

#[test]
fn a_record_may_come_in_fragments_and_single_bytes() {
    let cluster = Cluster::start(1);
    let mut connection = cluster.connect(0);
    let call = Call::Create(b"/a", b"fragments").message(1);
    // Cut anywhere, with an empty fragment between.
    let fragments = [
        fragment(&call[..1], false),
        fragment(&call[1..30], false),
        fragment(&[], false),
        fragment(&call[30..], true),
    ];
    connection.send(&fragments.concat());
    assert_eq!(connection.receive_answer(), (1, Answer::DONE));
    // Each byte in a segment of its own, as far as the system goes along.
    for byte in Call::Get(b"/a").record(2) {
        connection.send(&[byte]);
    }
    assert_eq!(
        connection.receive_answer(),
        (2, Answer::value(b"fragments"))
    );
}

#[test]
fn replies_are_matched_by_xid() {
    Cluster::undisturbed(3, |cluster| {
        let mut connection = cluster.connect(0);
        assert_eq!(connection.make(&Call::Create(b"/a", b"1")), Answer::DONE);
        // In one segment, with xids in no order; the refusals need no quorum and
        // may well be there first.
        let calls = [
            (900, Call::Set(b"/a", b"2"), Answer::DONE),
            (1, Call::Get(b"/"), Answer::Code(KEY_MALFORMED)),
            (u32::MAX, Call::Get(b"/a"), Answer::value(b"2")),
            (0, Call::Create(b"", b""), Answer::Code(KEY_MALFORMED)),
            (5, Call::List(b"/"), Answer::Keys(vec![b"a".to_vec()])),
        ];
        let records: Vec<u8> = calls
            .iter()
            .flat_map(|(xid, call, _)| call.record(*xid))
            .collect();
        connection.send(&records);
        let received: BTreeMap<u32, Answer> =
            calls.iter().map(|_| connection.receive_answer()).collect();
        let expected = calls.map(|(xid, _, answer)| (xid, answer));
        assert_eq!(received, BTreeMap::from(expected));
    });
}

#[test]
fn records_that_are_no_calls_are_ignored() {
    let cluster = Cluster::start(1);
    let mut connection = cluster.connect(0);
    connection.send(&record(&[])); // nothing
    connection.send(&record(&[1, 2, 3])); // no xid
    connection.send(&record(&words(&[1, 1, 0, 0, 0, 0, 0, 0]))); // a reply
    connection.send(&record(&words(&[1, 2, 2]))); // neither call nor reply
    connection.send(&record(&words(&[1, 0, 2, PROGRAM]))); // half a header
    assert_eq!(connection.make(&Call::List(b"/")), Answer::Keys(Vec::new()));
}

#[test]
fn a_unix_credential_is_as_good_as_none() {
    let cluster = Cluster::start(1);
    let mut connection = cluster.connect(0);
    // AUTH_SYS: stamp, machine name, uid, gid, no more groups.
    let body = [words(&[1]), string(b"host"), words(&[0, 0, 0])].concat();
    let header = words(&[4, 0, 2, PROGRAM, VERSION, 5, 1]);
    let call = [header, string(&body), words(&[0, 0]), string(b"/")].concat();
    connection.send(&record(&call));
    assert_eq!(connection.receive_answer(), (4, Answer::Keys(Vec::new())));
}
