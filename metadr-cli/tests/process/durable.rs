//! Replicas that keep everything on disk before they acknowledge it.

use crate::support::cluster::{Cluster, assert_no_alarm};
use crate::support::process::Stop;
use crate::support::wire::{Answer, Call};

const KEYS: u32 = 60;

/// Creates some keys, under this name.
fn create_some(cluster: &Cluster, name: &str) {
    let mut client = cluster.client();
    for number in 0..KEYS {
        let key = format!("/{name}{number}");
        let create = Call::Create(key.as_bytes(), name.as_bytes());
        assert_eq!(client.make(&create), Answer::DONE);
    }
}

fn assert_there(cluster: &Cluster, name: &str) {
    let mut client = cluster.client();
    for number in 0..KEYS {
        let key = format!("/{name}{number}");
        let get = Call::Get(key.as_bytes());
        assert_eq!(client.make(&get), Answer::value(name.as_bytes()), "{key}");
    }
}

#[test]
fn all_may_be_killed_at_once_and_nothing_is_lost() {
    let mut cluster = Cluster::start_durable(3);
    let mut names = Vec::new();
    for round in 0..3 {
        let name = format!("round{round}key");
        create_some(&cluster, &name);
        names.push(name);
        for replica in 0..3 {
            cluster.replica(replica).kill();
            assert_no_alarm(&cluster.replica(replica).stderr());
        }
        cluster.start_all_again();
        for name in &names {
            assert_there(&cluster, name);
        }
    }
    for replica in 0..3 {
        let said = cluster.replica(replica).stderr();
        assert!(!said.contains("lost its memory"), "{said}");
    }
}

#[test]
fn one_that_was_stopped_and_one_that_was_killed_go_on_with_what_they_have() {
    let mut cluster = Cluster::start_durable(3);
    create_some(&cluster, "before");
    cluster.replica(1).ask_to_stop(Stop::Terminate);
    assert_eq!(cluster.replica(1).wait_for_end(), Some(0));
    cluster.replica(2).kill();
    cluster.replace(1);
    cluster.replace(2);
    for replica in 0..3 {
        cluster.wait_until_normal(replica);
    }
    create_some(&cluster, "after");
    for name in ["before", "after"] {
        assert_there(&cluster, name);
    }
}
