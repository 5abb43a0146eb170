//! Messages with any contents: nothing that a peer says ends the process.

use crate::group::Group;
use crate::support::{CLUSTER, batch, calm, message, seal};
use bytes::Bytes;
use metadr_vr::wire::{
    Commit, Entry, EntryHeader, EntryKind, FetchLog, Hash128, LogChunk, MessageBody, Prepare,
    PrepareOk, ReplicaId,
};
use metadr_vr::{Level, Log, Options, Request, RequestId};
use proptest::collection::vec;
use proptest::prelude::*;

/// A hash that belongs to nothing.
const OTHER: Hash128 = [0xEE; 16];

#[derive(Clone, Debug)]
enum Step {
    Hostile {
        from: ReplicaId,
        to: ReplicaId,
        contents: Contents,
        strange: Strange,
    },
    Request {
        to: ReplicaId,
        connection: u64,
        is_read: bool,
        size: usize,
    },
    Close(ReplicaId, u64),
    Ticks(u64),
    Flush(ReplicaId),
    Deliver(usize),
    Lose(usize),
}

/// What is odd about an envelope.
#[derive(Clone, Debug)]
enum Strange {
    Nothing,
    Cluster,
    Instance,
    Incarnation(u64, u64),
    Promise(u32, u64),
}

/// A message before it is known what the receiver's log is.
#[derive(Clone, Debug)]
enum Contents {
    Prepare(Vec<EntryPlan>, u64),
    PrepareOk(u64, u64),
    Commit(u64, u64, u64),
    FetchLog(u64, u64, u32),
    LogChunk(u64, Vec<EntryPlan>, u64, u64),
}

#[derive(Clone, Debug)]
struct EntryPlan {
    op: u64,
    /// Whether the hashes are those of the receiver's log, if it has any there.
    agrees: bool,
    format: u32,
    is_root: bool,
    view: u64,
    timestamp_ms: u64,
    body: Bytes,
    is_intact: bool,
}

/// Small numbers are near the heads of the logs, large ones near overflow.
fn number() -> impl Strategy<Value = u64> {
    prop_oneof![
        8 => 0..8_u64,
        1 => Just(u64::MAX),
        1 => Just(u64::MAX - 1),
        1 => any::<u64>(),
    ]
}

fn mostly_true() -> impl Strategy<Value = bool> {
    (0..20).prop_map(|drawn| drawn > 0)
}

fn entry_plan() -> impl Strategy<Value = EntryPlan> {
    let format = prop_oneof![15 => Just(1), 1 => any::<u32>()];
    let view = prop_oneof![15 => Just(0), 1 => number()];
    let body = prop_oneof![
        15 => (0..4_usize).prop_map(|words| batch(&["hostile"; 4][..words])),
        1 => vec(any::<u8>(), 0..20).prop_map(Bytes::from),
        1 => Just(batch(&["large".repeat(200).as_str()])),
    ];
    let flags = (mostly_true(), mostly_true(), mostly_true());
    (number(), flags, format, view, number(), body).prop_map(
        |(op, (agrees, is_batch, is_intact), format, view, timestamp_ms, body)| EntryPlan {
            op,
            agrees,
            format,
            is_root: !is_batch,
            view,
            timestamp_ms,
            body,
            is_intact,
        },
    )
}

/// Entries that are often one after the other.
fn entry_plans() -> impl Strategy<Value = Vec<EntryPlan>> {
    (vec(entry_plan(), 0..6), mostly_true(), number()).prop_map(|(mut plans, is_run, first)| {
        if is_run {
            for (plan, after) in plans.iter_mut().zip(0..) {
                plan.op = first.saturating_add(after);
            }
        }
        plans
    })
}

fn contents() -> impl Strategy<Value = Contents> {
    let bytes = prop_oneof![Just(0), Just(u32::MAX), 0..2_000_u32];
    prop_oneof![
        3 => (entry_plans(), number()).prop_map(|(entries, commit)| Contents::Prepare(entries, commit)),
        1 => (number(), number()).prop_map(|(acked, round)| Contents::PrepareOk(acked, round)),
        1 => (number(), number(), number())
            .prop_map(|(commit, head, round)| Contents::Commit(commit, head, round)),
        1 => (number(), number(), bytes)
            .prop_map(|(first, last, bytes)| Contents::FetchLog(first, last, bytes)),
        2 => (number(), entry_plans(), number(), number()).prop_map(
            |(request, entries, through, commit)| {
                Contents::LogChunk(request, entries, through, commit)
            }
        ),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    let strange = prop_oneof![
        20 => Just(Strange::Nothing),
        1 => Just(Strange::Cluster),
        1 => Just(Strange::Instance),
        1 => (number(), number()).prop_map(|(counter, random)| Strange::Incarnation(counter, random)),
        1 => (any::<u32>(), number()).prop_map(|(epoch, view)| Strange::Promise(epoch, view)),
    ];
    // Sender 3 is no member.
    let hostile =
        (0..4_u32, 0..3_u32, contents(), strange).prop_map(|(from, to, contents, strange)| {
            Step::Hostile {
                from,
                to,
                contents,
                strange,
            }
        });
    let to = prop_oneof![9 => Just(0_u32), 1 => 1..3_u32];
    let request =
        (to, 0..3_u64, any::<bool>(), 0..200_usize).prop_map(|(to, connection, is_read, size)| {
            Step::Request {
                to,
                connection,
                is_read,
                size,
            }
        });
    prop_oneof![
        4 => hostile,
        4 => request,
        1 => (0..3_u32, 0..3_u64).prop_map(|(to, connection)| Step::Close(to, connection)),
        2 => (1..15_u64).prop_map(Step::Ticks),
        3 => (0..3_u32).prop_map(Step::Flush),
        4 => (1..8_usize).prop_map(Step::Deliver),
        1 => (1..8_usize).prop_map(Step::Lose),
    ]
}

fn entries(plans: Vec<EntryPlan>, log: &Log) -> Vec<Entry> {
    let mut made: Vec<Entry> = Vec::new();
    for plan in plans {
        let before = plan.op.wrapping_sub(1);
        let follows = made.last().filter(|entry| entry.header.op == before);
        let parent = match (plan.agrees, follows) {
            (false, _) => OTHER,
            (true, Some(entry)) => entry.header.checksum,
            (true, None) => log.checksum(before).unwrap_or(OTHER),
        };
        let mut header = EntryHeader {
            format: plan.format,
            kind: if plan.is_root {
                EntryKind::Root
            } else {
                EntryKind::Batch
            },
            op: plan.op,
            parent,
            timestamp_ms: plan.timestamp_ms,
            ..Entry::root(CLUSTER).header
        };
        header.prepared.view = plan.view;
        let mut entry = seal(header, plan.body);
        if let Some(held) = log.get(plan.op).filter(|_| plan.agrees) {
            entry = held.clone();
        }
        entry.header.checksum[0] ^= u8::from(!plan.is_intact);
        made.push(entry);
    }
    made
}

fn body(contents: Contents, log: &Log) -> MessageBody {
    let checksum = |op| log.checksum(op).unwrap_or(OTHER);
    match contents {
        Contents::Prepare(plans, commit) => MessageBody::Prepare(Prepare {
            entries: entries(plans, log),
            commit,
            commit_checksum: checksum(commit),
        }),
        Contents::PrepareOk(acked, round) => MessageBody::PrepareOk(PrepareOk {
            acked,
            acked_checksum: checksum(acked),
            applied: round,
            round,
            ..PrepareOk::default()
        }),
        Contents::Commit(commit, head, round) => MessageBody::Commit(Commit {
            commit,
            commit_checksum: checksum(commit),
            head,
            head_checksum: checksum(head),
            round,
            ..Commit::default()
        }),
        Contents::FetchLog(first, last, max_bytes) => MessageBody::FetchLog(FetchLog {
            request: first,
            first,
            last,
            max_bytes,
            round: last,
        }),
        Contents::LogChunk(request, plans, through, commit) => MessageBody::LogChunk(LogChunk {
            is_normal: request % 8 > 0,
            request,
            through,
            entries: entries(plans, log),
            head: through,
            commit,
            ..LogChunk::default()
        }),
    }
}

fn take(group: &mut Group, step: Step, number: u64) {
    match step {
        Step::Hostile {
            from,
            to,
            contents,
            strange,
        } => {
            let mut message = message(from, body(contents, group.replicas[to as usize].log()));
            let envelope = &mut message.envelope;
            match strange {
                Strange::Nothing => {}
                Strange::Cluster => envelope.cluster = OTHER,
                Strange::Instance => envelope.instance = OTHER,
                Strange::Incarnation(counter, random) => {
                    envelope.incarnation.counter = counter;
                    envelope.incarnation.random = random;
                }
                Strange::Promise(epoch, view) => {
                    envelope.promise.epoch = epoch;
                    envelope.promise.view = view;
                }
            }
            group.message(to, message);
        }
        Step::Request {
            to,
            connection,
            is_read,
            size,
        } => {
            let contents = Bytes::from(vec![b'x'; size]);
            let request = match is_read {
                true => Request::Read {
                    query: contents,
                    level: Level::Linearizable,
                },
                false => Request::Anonymous(contents),
            };
            // Numbers repeat: they are the embedder's choice.
            let number = number % 4;
            group.request(to, RequestId { connection, number }, request);
        }
        Step::Close(to, connection) => group.close(to, connection),
        Step::Ticks(count) => (0..count).for_each(|_| group.tick()),
        Step::Flush(id) => group.flush(id),
        Step::Deliver(count) => group.deliver(count),
        Step::Lose(count) => {
            let count = count.min(group.in_flight.len());
            group.in_flight.drain(..count);
        }
    }
}

proptest! {
    #[test]
    fn nothing_that_comes_in_panics_or_breaks_a_bound(
        steps in vec(step(), 1..120),
        pipeline_entries in 1..5_u64,
    ) {
        let options = Options {
            pipeline_entries,
            window_bytes: 600,
            batch_operations: 2,
            batch_bytes: 400,
            queue_requests: 6,
            queue_bytes: 500,
            reorder_entries: 3,
            reorder_bytes: 700,
            ..calm()
        };
        let mut group = Group::new(3, options);
        for (step, number) in steps.into_iter().zip(0..) {
            take(&mut group, step, number);
        }
    }
}
