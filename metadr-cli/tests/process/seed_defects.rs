//! Defects of the C++ metaDR that must not come back, each by its number in
//! the list of them. The others have their tests beside the code.

use crate::support::cluster::Cluster;
use crate::support::wire::{
    Answer, Call, KEY_NOT_PRESENT, REPLICA_NOT_PRIMARY, STATUS_NOT_NORMAL, is_of_the_replica,
};

/// The seed left such an operation in its log with a number of its own and did
/// not apply it; backups did later, and so the replicas differed.
#[test]
fn seed_defect_2_an_operation_without_quorum_is_applied_everywhere_or_nowhere() {
    let mut cluster = Cluster::start(3);
    let mut client = cluster.client();
    assert_eq!(client.make(&Call::Create(b"/a", b"1")), Answer::DONE);
    let mut connection = cluster.connect(0);
    cluster.replica(1).pause();
    cluster.replica(2).pause();
    // In the log of a primary that gives up: whatever is said about it, it is
    // not that it is done.
    match &connection.fates(&[Call::Create(b"/lost", b"1")])[..] {
        [None] => {}
        [Some(Answer::Code(code))] => assert!(is_of_the_replica(*code), "code {code}"),
        other => panic!("{other:?}"),
    }
    cluster.replica(1).resume();
    cluster.replica(2).resume();

    let fate = client.make(&Call::Get(b"/lost"));
    let fates = [Answer::value(b"1"), Answer::Code(KEY_NOT_PRESENT)];
    assert!(fates.contains(&fate), "{fate:?}");
    // Any two of them: each acknowledges only what follows the same log, and
    // each has to be primary when it is not its turn to be absent.
    for absent in [1, 2, 0, 1, 2] {
        cluster.replica(absent).pause();
        assert_eq!(client.make(&Call::Set(b"/a", b"2")), Answer::DONE);
        assert_eq!(client.make(&Call::Get(b"/lost")), fate);
        cluster.replica(absent).resume();
    }
    cluster.assert_running(&[0, 1, 2]);
}

/// The seed's backup ended itself at the first operation number that was not
/// the next.
#[test]
fn seed_defect_5_a_lagging_replica_catches_up() {
    let mut cluster = Cluster::start(3);
    let mut client = cluster.client();
    assert_eq!(client.make(&Call::Create(b"/small", b"")), Answer::DONE);
    assert_eq!(client.make(&Call::Create(b"/large", b"")), Answer::DONE);
    cluster.replica(1).pause();
    // More entries than are sent ahead, and more bytes than are.
    let (count, size) = (24, 700_000);
    for number in 0..400_u32 {
        let value = number.to_be_bytes();
        assert_eq!(client.make(&Call::Set(b"/small", &value)), Answer::DONE);
    }
    let large = vec![7; size];
    for _ in 0..count {
        assert_eq!(client.make(&Call::Set(b"/large", &large)), Answer::DONE);
    }
    cluster.replica(1).resume();
    cluster.replica(2).pause();
    // Now there is no quorum without the one that lags.
    assert_eq!(client.make(&Call::Set(b"/small", b"new")), Answer::DONE);
    assert_eq!(client.make(&Call::Get(b"/small")), Answer::value(b"new"));
    assert_eq!(client.make(&Call::Get(b"/large")), Answer::value(&large));
    cluster.replica(2).resume();
    cluster.replica(1).kill();
    assert_eq!(client.make(&Call::Set(b"/small", b"newer")), Answer::DONE);
    cluster.assert_running(&[0, 2]);
}

/// The seed's primary answered reads whether or not it still was the primary.
#[test]
fn seed_defect_9_a_primary_without_backups_answers_no_reads() {
    let mut cluster = Cluster::start(3);
    let mut client = cluster.client();
    assert_eq!(client.make(&Call::Create(b"/a", b"stale")), Answer::DONE);
    assert_eq!(client.make(&Call::Get(b"/a")), Answer::value(b"stale"));
    let mut connection = cluster.connect(0);
    cluster.replica(1).pause();
    cluster.replica(2).pause();
    // Before it has noticed that it is alone, and after.
    for _ in 0..3 {
        for answer in connection.pipeline(&[Call::Get(b"/a"), Call::List(b"/")]) {
            match answer {
                Answer::Code(code) => assert!(is_of_the_replica(code), "code {code}"),
                other => panic!("{other:?}"),
            }
        }
    }
    let printed = cluster.lines(&[0], "get /a\n").succeeded();
    assert_eq!(printed, "REPLICA_STATUS_NOT_NORMAL\n");
    cluster.replica(1).resume();
    assert_eq!(client.make(&Call::Get(b"/a")), Answer::value(b"stale"));
}

/// The seed's replica joined again as if it had never promised anything.
#[test]
fn seed_defect_10_a_replica_that_lost_its_memory_does_not_start_as_new() {
    let mut cluster = Cluster::start(3);
    let mut client = cluster.client();
    assert_eq!(client.make(&Call::Create(b"/a", b"1")), Answer::DONE);
    for number in 2..4_u8 {
        cluster.replica(1).kill();
        let set = [number];
        let answer = client.make(&Call::Set(b"/a", &set));
        assert_eq!(answer, Answer::DONE);
        // It comes back with its own command, and gets everything from the others.
        cluster.restart(1);
        cluster.replica(2).pause();
        let answer = client.make(&Call::Set(b"/a", b"with it alone"));
        assert_eq!(answer, Answer::DONE);
        cluster.replica(2).resume();
    }
    cluster.assert_running(&[0, 1, 2]);
}

/// Nor may the primary: nobody knows what it had promised to whom.
#[test]
fn seed_defect_10_a_primary_that_lost_its_memory_serves_no_empty_tree() {
    let mut cluster = Cluster::start(3);
    let mut client = cluster.client();
    assert_eq!(client.make(&Call::Create(b"/a", b"1")), Answer::DONE);
    cluster.replica(0).kill();
    cluster.restart(0);
    // It recovers when another is the primary, and is a backup then.
    let mut connection = cluster.connect(0);
    for call in [Call::Get(b"/a"), Call::List(b"/"), Call::Create(b"/a", b"")] {
        let answer = connection.make(&call);
        let refusals = [STATUS_NOT_NORMAL, REPLICA_NOT_PRIMARY].map(Answer::Code);
        assert!(refusals.contains(&answer), "{answer:?}");
    }
    assert_eq!(client.make(&Call::Get(b"/a")), Answer::value(b"1"));
    // With it and one other there is a quorum that knows everything.
    cluster.wait_until_normal(0);
    for absent in [1, 2] {
        cluster.replica(absent).pause();
        assert_eq!(client.make(&Call::Get(b"/a")), Answer::value(b"1"));
        cluster.replica(absent).resume();
    }
    cluster.assert_running(&[0, 1, 2]);
}
