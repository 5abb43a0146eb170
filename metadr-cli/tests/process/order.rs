//! Calls of one connection take effect in the order in which they were made,
//! however many are under way; connections do not wait for one another.

use crate::support::cluster::Cluster;
use crate::support::wire::{Answer, Call};

#[test]
fn a_get_behind_many_sets_sees_the_last_one() {
    Cluster::undisturbed(3, |cluster| {
        let mut connection = cluster.connect(0);
        assert_eq!(connection.make(&Call::Create(b"/a", b"")), Answer::DONE);
        let values: Vec<String> = (0..500).map(|number| format!("value {number}")).collect();
        let sets = values
            .iter()
            .map(|value| Call::Set(b"/a", value.as_bytes()));
        let calls: Vec<Call<'_>> = sets.chain([Call::Get(b"/a")]).collect();
        let mut answers = connection.pipeline(&calls);
        assert_eq!(answers.pop(), Some(Answer::value(b"value 499")));
        assert_eq!(answers, vec![Answer::DONE; 500]);
    });
}

#[test]
fn each_get_sees_the_set_before_it_and_no_other() {
    Cluster::undisturbed(3, |cluster| {
        let mut connection = cluster.connect(0);
        assert_eq!(connection.make(&Call::Create(b"/a", b"none")), Answer::DONE);
        let values: Vec<String> = (0..300).map(|number| format!("value {number}")).collect();
        // It begins with a get, which must not see the sets that come after it.
        let mut calls = vec![Call::Get(b"/a")];
        let mut expected = vec![Answer::value(b"none")];
        for value in values.iter().map(String::as_bytes) {
            calls.extend([Call::Set(b"/a", value), Call::Get(b"/a")]);
            expected.extend([Answer::DONE, Answer::value(value)]);
        }
        assert_eq!(connection.pipeline(&calls), expected);
    });
}

#[test]
fn a_get_between_two_sets_sees_the_first() {
    Cluster::undisturbed(3, |cluster| {
        let mut connection = cluster.connect(0);
        assert_eq!(connection.make(&Call::Create(b"/a", b"0")), Answer::DONE);
        // Few calls at a time, so that the group is idle in between and the order
        // does not come from a queue that was there anyway.
        for round in 1..=50 {
            let [before, first, second] =
                [2 * round - 2, 2 * round - 1, 2 * round].map(|number: u32| number.to_string());
            let answers = connection.pipeline(&[
                Call::Get(b"/a"),
                Call::Set(b"/a", first.as_bytes()),
                Call::Get(b"/a"),
                Call::Set(b"/a", second.as_bytes()),
                Call::Get(b"/a"),
            ]);
            let expected = [
                Answer::value(before.as_bytes()),
                Answer::DONE,
                Answer::value(first.as_bytes()),
                Answer::DONE,
                Answer::value(second.as_bytes()),
            ];
            assert_eq!(answers, expected);
        }
    });
}

#[test]
fn writes_of_all_kinds_keep_their_order() {
    Cluster::undisturbed(3, |cluster| {
        let mut connection = cluster.connect(0);
        let round = [
            (Call::Create(b"/a", b"1"), Answer::DONE),
            (Call::Create(b"/a/b", b"2"), Answer::DONE),
            (Call::Set(b"/a/b", b"3"), Answer::DONE),
            (Call::Get(b"/a/b"), Answer::value(b"3")),
            (Call::List(b"/a"), Answer::Keys(vec![b"b".to_vec()])),
            (Call::Remove(b"/a/b"), Answer::DONE),
            (Call::List(b"/a"), Answer::Keys(Vec::new())),
            (Call::Remove(b"/a"), Answer::DONE),
            (Call::List(b"/"), Answer::Keys(Vec::new())),
        ];
        let (calls, expected): (Vec<_>, Vec<_>) = round.into_iter().unzip();
        let answers = connection.pipeline(&calls.repeat(40));
        assert_eq!(answers.len(), calls.len() * 40);
        for answers in answers.chunks(calls.len()) {
            assert_eq!(answers, expected);
        }
    });
}

#[test]
fn a_silent_connection_keeps_nobody_waiting() {
    Cluster::undisturbed(3, |cluster| {
        let mut silent = cluster.connect(0);
        let mut busy = cluster.connect(0);
        assert_eq!(busy.make(&Call::Create(b"/a", b"0")), Answer::DONE);
        assert_eq!(busy.make(&Call::Create(b"/b", b"0")), Answer::DONE);
        let call = Call::Get(b"/a").record(1);
        let (first_half, second_half) = call.split_at(call.len() / 2);
        silent.send(first_half);

        let calls = [Call::Set(b"/b", b"1"), Call::Get(b"/b")].repeat(500);
        let answers = busy.pipeline(&calls);
        assert_eq!(answers.len(), 1000);
        for answers in answers.chunks(2) {
            assert_eq!(answers, [Answer::DONE, Answer::value(b"1")]);
        }

        silent.send(second_half);
        assert_eq!(silent.receive_answer(), (1, Answer::value(b"0")));
    });
}

#[test]
fn two_connections_have_their_answers_whoever_reads_first() {
    Cluster::undisturbed(3, |cluster| {
        let mut first = cluster.connect(0);
        let mut second = cluster.connect(0);
        assert_eq!(first.make(&Call::Create(b"/a", b"")), Answer::DONE);
        assert_eq!(first.make(&Call::Create(b"/b", b"")), Answer::DONE);
        for xid in 0..200 {
            first.send(&Call::Set(b"/a", b"first").record(xid));
            second.send(&Call::Set(b"/b", b"second").record(xid));
        }
        for connection in [&mut second, &mut first] {
            for _ in 0..200 {
                assert_eq!(connection.receive_answer().1, Answer::DONE);
            }
        }
        assert_eq!(second.make(&Call::Get(b"/a")), Answer::value(b"first"));
        assert_eq!(first.make(&Call::Get(b"/b")), Answer::value(b"second"));
    });
}
