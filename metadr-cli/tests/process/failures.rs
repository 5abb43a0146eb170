//! Replicas that die or stop: backups, and so many that no quorum is left.
//! What becomes of a group that loses its primary is shown elsewhere.

use crate::support::cluster::Cluster;
use crate::support::wire::{Answer, Call, Connection, STATUS_NOT_NORMAL, is_of_the_replica};
use crate::support::{shared_file, shared_text, wait_for};

/// Fails unless each call was refused, or was left without an answer by a
/// replica that cannot tell what becomes of it.
fn assert_not_served(fates: &[Option<Answer>]) {
    for fate in fates {
        let is_refused = match fate {
            Some(Answer::Code(code)) => is_of_the_replica(*code),
            Some(_) => false,
            None => true,
        };
        assert!(is_refused, "{fates:?}");
    }
}

#[test]
fn one_of_three_may_be_killed() {
    let mut cluster = Cluster::start(3);
    let mut client = cluster.client();
    assert_eq!(client.make(&Call::Create(b"/a", b"1")), Answer::DONE);
    cluster.replica(2).kill();
    assert_eq!(client.make(&Call::Get(b"/a")), Answer::value(b"1"));
    assert_eq!(client.make(&Call::Set(b"/a", b"2")), Answer::DONE);
    assert_eq!(client.make(&Call::Get(b"/a")), Answer::value(b"2"));
    assert_eq!(client.make(&Call::Set(b"/a", b"3")), Answer::DONE);
    cluster.assert_running(&[0, 1]);
}

#[test]
fn a_script_does_not_miss_one_of_three() {
    Cluster::undisturbed(3, |cluster| {
        cluster.replica(2).kill();
        let script = shared_file("scripts/basic.tst");
        let printed = cluster.script(&[0, 1, 2], &script).succeeded();
        assert_eq!(printed, shared_text("scripts/basic.out"));
        cluster.assert_running(&[0, 1]);
    });
}

#[test]
fn two_of_five_may_be_killed_and_a_third_is_too_much() {
    let mut cluster = Cluster::start(5);
    let mut client = cluster.client();
    assert_eq!(client.make(&Call::Create(b"/a", b"1")), Answer::DONE);
    for victim in [1, 4] {
        cluster.replica(victim).kill();
        assert_eq!(client.make(&Call::Set(b"/a", b"2")), Answer::DONE);
        assert_eq!(client.make(&Call::Get(b"/a")), Answer::value(b"2"));
    }
    cluster.replica(2).kill();
    for replica in [0, 3] {
        // Before the primary has noticed, and after.
        for _ in 0..3 {
            let mut connection = cluster.connect(replica);
            let calls = [Call::Get(b"/a"), Call::Set(b"/a", b"3"), Call::Get(b"/a")];
            assert_not_served(&connection.fates(&calls));
        }
    }
    cluster.assert_running(&[0, 3]);
}

#[test]
fn a_backup_that_stops_for_a_while_is_not_missed() {
    let mut cluster = Cluster::start(3);
    let mut client = cluster.client();
    assert_eq!(client.make(&Call::Create(b"/a", b"")), Answer::DONE);
    for round in 0..6 {
        let backup = 1 + round % 2;
        let value = [b'0' + u8::try_from(round).expect("few rounds")];
        cluster.replica(backup).pause();
        assert_eq!(client.make(&Call::Set(b"/a", &value)), Answer::DONE);
        assert_eq!(client.make(&Call::Get(b"/a")), Answer::value(&value));
        cluster.replica(backup).resume();
    }
    cluster.assert_running(&[0, 1, 2]);
}

/// The client must not take the group's trouble for its own: what a primary
/// without backups can refuse it refuses, and the connection lives on.
#[test]
fn connections_survive_a_time_without_quorum() {
    let mut cluster = Cluster::start(3);
    let mut client = cluster.client();
    assert_eq!(client.make(&Call::Create(b"/a", b"1")), Answer::DONE);
    let [mut reader, mut writer] = [(); 2].map(|()| cluster.connect(0));
    cluster.replica(1).pause();
    cluster.replica(2).pause();
    let reads = [Call::Get(b"/a"), Call::List(b"/")].repeat(30);
    let answers = reader.fates(&reads);
    assert_not_served(&answers);
    assert!(answers.iter().all(Option::is_some), "{answers:?}");
    // What is in the log is left without an answer. As it gave up before, it
    // may also refuse.
    let writes = [Call::Set(b"/a", b"2"), Call::Get(b"/a")].repeat(30);
    assert_not_served(&writer.fates(&writes));
    // A new connection is as good as the old one.
    let answer = reader.make(&Call::Get(b"/a"));
    assert_not_served(&[Some(answer)]);
    let answer = cluster.connect(0).make(&Call::Get(b"/a"));
    assert_not_served(&[Some(answer)]);
    cluster.replica(1).resume();
    cluster.replica(2).resume();
    assert_eq!(client.make(&Call::Set(b"/a", b"3")), Answer::DONE);
    assert_eq!(client.make(&Call::Get(b"/a")), Answer::value(b"3"));
    // Whoever is the primary now: the one that had none to lead still answers.
    match reader.make(&Call::Get(b"/a")) {
        Answer::Value(value) => assert_eq!(value, b"3"),
        refused => assert_not_served(&[Some(refused)]),
    }
}

/// Whether it takes requests comes before whether a request is a good one:
/// whoever looks for the primary may ask with a key that is none.
#[test]
fn a_primary_without_quorum_judges_no_keys() {
    let mut cluster = Cluster::start(3);
    let mut connection = cluster.connect(0);
    cluster.replica(1).pause();
    cluster.replica(2).pause();
    let refused = Answer::Code(STATUS_NOT_NORMAL);
    wait_for("the primary to notice that it is alone", || {
        (connection.make(&Call::Get(b"/a")) == refused).then_some(())
    });
    assert_eq!(connection.make(&Call::Get(b"malformed")), refused);
}

/// More requests than a replica queues: those behind them were not even given
/// up, and their clients heard nothing for as long as there was no quorum.
#[test]
fn a_full_queue_is_no_reason_for_silence() {
    let mut cluster = Cluster::start(3);
    let mut client = cluster.client();
    assert_eq!(client.make(&Call::Create(b"/a", b"1")), Answer::DONE);
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
    // Each of them is answered, and so is one who comes late.
    for mut one in crowd {
        for _ in 0..256 {
            let (_, answer) = one.receive_answer();
            assert_not_served(&[Some(answer)]);
        }
    }
    let late = cluster.connect(0).make(&Call::Get(b"/a"));
    assert_not_served(&[Some(late)]);
    cluster.replica(1).resume();
    cluster.replica(2).resume();
    assert_eq!(client.make(&Call::Get(b"/a")), Answer::value(b"1"));
}

/// Over TCP, messages are lost when connections are: the rest of a PREPARE,
/// what waited behind it, and all that is sent before anybody notices.
#[test]
fn what_is_lost_between_replicas_is_made_up_for() {
    let (mut cluster, network) = Cluster::start_behind_proxies(3);
    let mut client = cluster.client();
    assert_eq!(client.make(&Call::Create(b"/a", b"")), Answer::DONE);
    network.lose_connections();
    for round in 0..20 {
        // Without the other one, every entry has to arrive here in the end.
        let absent = 1 + round % 2;
        cluster.replica(absent).pause();
        let values: Vec<String> = (0..150).map(|number| format!("{round} {number}")).collect();
        let sets = values
            .iter()
            .map(|value| Call::Set(b"/a", value.as_bytes()));
        // A quorum may well be late here, and a primary give up.
        let fates = cluster.connect(0).fates(&sets.collect::<Vec<_>>());
        let done = Some(Answer::DONE);
        let others: Vec<_> = fates.into_iter().filter(|fate| *fate != done).collect();
        assert_not_served(&others);
        let last = values.last().expect("there are some").as_bytes();
        assert_eq!(client.make(&Call::Set(b"/a", last)), Answer::DONE);
        assert_eq!(client.make(&Call::Get(b"/a")), Answer::value(last));
        cluster.replica(absent).resume();
    }
    cluster.assert_running(&[0, 1, 2]);
}

/// All that the group knows is in the primary's memory, and that is enough.
#[test]
fn backups_that_all_lost_their_memory_recover_from_the_primary() {
    let mut cluster = Cluster::start(3);
    let mut client = cluster.client();
    assert_eq!(client.make(&Call::Create(b"/a", b"1")), Answer::DONE);
    let mut connection = cluster.connect(0);
    for backup in [1, 2] {
        cluster.replica(backup).kill();
    }
    let refused = Answer::Code(STATUS_NOT_NORMAL);
    wait_for("the primary to notice that it is alone", || {
        (connection.make(&Call::Get(b"/a")) == refused).then_some(())
    });
    for backup in [1, 2] {
        cluster.restart(backup);
    }
    assert_eq!(client.make(&Call::Get(b"/a")), Answer::value(b"1"));
    for backup in [1, 2] {
        cluster.wait_until_normal(backup);
    }
    cluster.replica(0).kill();
    assert_eq!(client.make(&Call::Get(b"/a")), Answer::value(b"1"));
    cluster.assert_running(&[1, 2]);
}

/// After a partition without a word, TCP waited for minutes before it tried to
/// send again, and a connection of which the other end had forgotten was used
/// for ever.
#[test]
fn connections_between_replicas_that_lead_nowhere_are_replaced() {
    let (mut cluster, network) = Cluster::start_behind_proxies(3);
    let mut client = cluster.client();
    assert_eq!(client.make(&Call::Create(b"/a", b"1")), Answer::DONE);
    for round in 0..2_u8 {
        network.silence_connections();
        let value = [b'0' + round];
        assert_eq!(client.make(&Call::Set(b"/a", &value)), Answer::DONE);
        assert_eq!(client.make(&Call::Get(b"/a")), Answer::value(&value));
    }
    cluster.assert_running(&[0, 1, 2]);
}

/// A replica that hears nobody makes its own connections anew and is heard
/// again, or still. The others took that for a sign that theirs were good.
#[test]
fn connections_that_lead_nowhere_in_one_direction_were_kept() {
    let (mut cluster, network) = Cluster::start_behind_proxies(3);
    let mut client = cluster.client();
    assert_eq!(client.make(&Call::Create(b"/a", b"1")), Answer::DONE);
    let primary = cluster.primary();
    let [deaf, victim] = [(primary + 1) % 3, (primary + 2) % 3];
    network.silence_connections_to(deaf);
    cluster.replica(victim).kill();
    assert_eq!(client.make(&Call::Set(b"/a", b"2")), Answer::DONE);
    assert_eq!(client.make(&Call::Get(b"/a")), Answer::value(b"2"));
    cluster.assert_running(&[primary, deaf]);
}

/// More than half have lost their memory, and the one that has not was no
/// primary: to go on would be to guess. Everybody says so, with who kept what.
#[test]
fn a_lost_quorum_is_told_and_never_an_empty_group() {
    let mut cluster = Cluster::start(3);
    let mut client = cluster.client();
    for key in [b"/a", b"/b"] {
        assert_eq!(client.make(&Call::Create(key, b"1")), Answer::DONE);
    }
    // Two at once, one of them the primary.
    let primary = cluster.primary();
    let [first, survivor] = [(primary + 1) % 3, (primary + 2) % 3];
    for victim in [primary, first] {
        cluster.replica(victim).kill();
    }
    for victim in [primary, first] {
        cluster.restart(victim);
    }
    for replica in 0..3 {
        let said = wait_for("the replica to say that the quorum is lost", || {
            let said = cluster.replica(replica).stderr();
            said.contains("what to do").then_some(said)
        });
        assert!(said.contains("QUORUM LOST"), "{said}");
        for forgetful in [primary, first] {
            let line = format!("replica {forgetful} has lost its memory");
            assert!(said.contains(&line), "{said}");
        }
        let line = format!("replica {survivor} kept its memory: up to op ");
        assert!(said.contains(&line), "{said}");
        let answers = cluster
            .connect(replica)
            .fates(&[Call::Get(b"/a"), Call::List(b"/")]);
        assert_not_served(&answers);
    }
    cluster.assert_running(&[0, 1, 2]);
}
