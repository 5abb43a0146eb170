//! Replicas that die or stop. There is no view change yet, so they are backups.

use crate::support::cluster::Cluster;
use crate::support::wire::{Answer, Call, Connection, QUORUM_NOT_REACHED};
use crate::support::{shared_file, shared_text};

#[test]
fn one_of_three_may_be_killed() {
    let mut cluster = Cluster::start(3);
    let mut before = cluster.connect(0);
    assert_eq!(before.make(&Call::Create(b"/a", b"1")), Answer::DONE);
    cluster.replica(2).kill();
    assert_eq!(before.until_quorum(&Call::Get(b"/a")), Answer::value(b"1"));
    assert_eq!(before.until_quorum(&Call::Set(b"/a", b"2")), Answer::DONE);
    assert_eq!(before.until_quorum(&Call::Get(b"/a")), Answer::value(b"2"));
    assert_eq!(before.until_quorum(&Call::Remove(b"/a")), Answer::DONE);
    let script = shared_file("scripts/basic.tst");
    let printed = cluster.script(&[0, 1, 2], &script).succeeded();
    assert_eq!(printed, shared_text("scripts/basic.out"));
    cluster.assert_running(&[0, 1]);
}

#[test]
fn two_of_five_may_be_killed_and_a_third_is_too_much() {
    let mut cluster = Cluster::start(5);
    let mut connection = cluster.connect(0);
    assert_eq!(connection.make(&Call::Create(b"/a", b"1")), Answer::DONE);
    for backup in [1, 4] {
        cluster.replica(backup).kill();
        assert_eq!(
            connection.until_quorum(&Call::Set(b"/a", b"2")),
            Answer::DONE
        );
        assert_eq!(
            connection.until_quorum(&Call::Get(b"/a")),
            Answer::value(b"2")
        );
    }
    cluster.replica(2).kill();
    let lost = Answer::Code(QUORUM_NOT_REACHED);
    let answers = connection.pipeline(&[Call::Set(b"/a", b"3"), Call::Get(b"/a")]);
    assert_eq!(answers, [lost.clone(), lost]);
    cluster.assert_running(&[0, 3]);
}

#[test]
fn a_backup_that_stops_for_a_while_is_not_missed() {
    let mut cluster = Cluster::start(3);
    let mut connection = cluster.connect(0);
    assert_eq!(connection.make(&Call::Create(b"/a", b"")), Answer::DONE);
    for round in 0..6 {
        let backup = 1 + round % 2;
        let value = [b'0' + u8::try_from(round).expect("few rounds")];
        cluster.replica(backup).pause();
        assert_eq!(
            connection.until_quorum(&Call::Set(b"/a", &value)),
            Answer::DONE
        );
        assert_eq!(
            connection.until_quorum(&Call::Get(b"/a")),
            Answer::value(&value)
        );
        cluster.replica(backup).resume();
    }
    cluster.assert_running(&[0, 1, 2]);
}

/// The client must not take the group's trouble for its own.
#[test]
fn connections_survive_a_time_without_quorum() {
    let mut cluster = Cluster::start(3);
    let mut connection = cluster.connect(0);
    assert_eq!(connection.make(&Call::Create(b"/a", b"1")), Answer::DONE);
    cluster.replica(1).pause();
    cluster.replica(2).pause();
    let calls = [Call::Set(b"/a", b"2"), Call::Get(b"/a"), Call::List(b"/")].repeat(20);
    let answers = connection.pipeline(&calls);
    assert_eq!(answers, vec![Answer::Code(QUORUM_NOT_REACHED); 60]);
    cluster.replica(1).resume();
    cluster.replica(2).resume();
    assert_eq!(
        connection.until_quorum(&Call::Set(b"/a", b"3")),
        Answer::DONE
    );
    assert_eq!(
        connection.until_quorum(&Call::Get(b"/a")),
        Answer::value(b"3")
    );
}

/// More requests than a replica queues: those behind them were not even given
/// up, and their clients heard nothing for as long as there was no quorum.
#[test]
fn a_full_queue_is_no_reason_for_silence() {
    let mut cluster = Cluster::start(3);
    let mut connection = cluster.connect(0);
    assert_eq!(connection.make(&Call::Create(b"/a", b"1")), Answer::DONE);
    cluster.replica(1).pause();
    cluster.replica(2).pause();
    let calls = Call::Get(b"/a").record(1).repeat(256);
    let crowd: Vec<Connection> = (0..70)
        .map(|_| {
            let mut one = cluster.connect(0);
            one.send(&calls);
            one
        })
        .collect();
    let lost = Answer::Code(QUORUM_NOT_REACHED);
    // Each of them is answered, and so is one who comes late.
    for mut one in crowd {
        for _ in 0..256 {
            assert_eq!(one.receive_answer(), (1, lost.clone()));
        }
    }
    assert_eq!(connection.make(&Call::Get(b"/a")), lost);
    cluster.replica(1).resume();
    cluster.replica(2).resume();
    assert_eq!(
        connection.until_quorum(&Call::Get(b"/a")),
        Answer::value(b"1")
    );
}

/// Over TCP, messages are lost when connections are: the rest of a PREPARE,
/// what waited behind it, and all that is sent before anybody notices.
#[test]
fn what_is_lost_between_replicas_is_made_up_for() {
    let (mut cluster, proxies) = Cluster::start_behind_proxies(3);
    let mut connection = cluster.connect(0);
    assert_eq!(connection.make(&Call::Create(b"/a", b"")), Answer::DONE);
    for proxy in &proxies {
        proxy.lose_connections();
    }
    for round in 0..20 {
        // Without the other one, every entry has to arrive here in the end.
        let absent = 1 + round % 2;
        cluster.replica(absent).pause();
        let values: Vec<String> = (0..150).map(|number| format!("{round} {number}")).collect();
        let sets = values
            .iter()
            .map(|value| Call::Set(b"/a", value.as_bytes()));
        let answers = connection.pipeline(&sets.collect::<Vec<_>>());
        // A quorum may well be late here.
        let late = Answer::Code(QUORUM_NOT_REACHED);
        let is_fine = |answer: &Answer| *answer == Answer::DONE || *answer == late;
        assert!(answers.iter().all(is_fine), "{answers:?}");
        let last = values.last().expect("there are some").as_bytes();
        let answer = connection.until_quorum(&Call::Set(b"/a", last));
        assert_eq!(answer, Answer::DONE);
        let answer = connection.until_quorum(&Call::Get(b"/a"));
        assert_eq!(answer, Answer::value(last));
        cluster.replica(absent).resume();
    }
    cluster.assert_running(&[0, 1, 2]);
}
