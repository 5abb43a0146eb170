//! What the tests of the checkers share: replicas that went other ways.

use super::Check;
use crate::sim::model::{self, Registers};
use crate::wire::{Envelope, Message, MessageBody, ReplicaId};
use crate::{Boot, Options, Outputs, Replica, Request, RequestId, Start, Tick};

/// A replica of a group of `count` that nothing has happened to.
pub(in crate::sim) fn fresh(id: ReplicaId, count: u32) -> Replica<Registers> {
    with_options(id, count, Options::default())
}

fn with_options(id: ReplicaId, count: u32, options: Options) -> Replica<Registers> {
    let meta = crate::sim::node::meta([1; 16], id, count);
    let boot = Boot::new(meta, Start::New);
    Replica::new(boot, Registers::default(), options, 0, Tick(0), 0).0
}

/// The first replica of a group of `count` with writes in its log, one in each entry.
pub(super) fn primary(count: u32, values: &[u64]) -> Replica<Registers> {
    let mut replica = fresh(0, count);
    write_all(&mut replica, values);
    replica
}

fn write_all(replica: &mut Replica<Registers>, values: &[u64]) {
    for value in values {
        let id = RequestId {
            connection: 1,
            number: *value,
        };
        let request = Request::Anonymous(model::write(0, *value, 0));
        let mut outputs = Outputs::default();
        replica.on_request(Tick(0), id, request, &mut outputs);
        replica.flush(&mut outputs);
    }
}

/// A replica alone in its group that has executed writes, one in each entry.
pub(super) fn single(values: &[u64]) -> Replica<Registers> {
    let replica = primary(1, values);
    assert_eq!(replica.applied(), values.len() as u64);
    replica
}

/// The same, with a checkpoint after every other op. It has forgotten all but
/// the two ops before the last one.
pub(super) fn forgetful(values: &[u64]) -> Replica<Registers> {
    let options = Options {
        checkpoint_ops: 2,
        retain_ops: 2,
        ..Options::default()
    };
    let mut replica = with_options(0, 1, options);
    write_all(&mut replica, values);
    // It forgets as time passes.
    replica.on_tick(Tick(1), 0, &mut Outputs::default());
    replica
}

/// What a replica might say.
pub(in crate::sim) fn message(sender: &Replica<Registers>, body: MessageBody) -> Message {
    let boot = sender.boot();
    let envelope = Envelope {
        cluster: boot.cluster(),
        sender: boot.id(),
        instance: boot.instance(),
        incarnation: boot.incarnation(),
        promise: sender.view(),
    };
    Message { envelope, body }
}

#[track_caller]
pub(super) fn assert_violates(invariant: &str, what: &str, check: Check) {
    let violation = check.expect_err("this must be found");
    assert_eq!(violation.invariant, invariant);
    assert!(violation.what.contains(what), "{violation}");
}
