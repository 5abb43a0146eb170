//! How messages, events and answers look in a script.

use crate::support::Words;
use metadr_vr::wire::{
    ClientOperation, Entry, MessageBody, ReplicaId, SessionId, SnapshotPartBody,
};
use metadr_vr::{ClientReply, Event, Memory, Replica, RequestId, Status};
use std::fmt::Write;

pub(crate) fn message(body: &MessageBody) -> String {
    match body {
        MessageBody::Prepare(prepare) => {
            let entries = entries(&prepare.entries);
            format!("PREPARE {entries}, commit {}", prepare.commit)
        }
        MessageBody::PrepareOk(ok) => {
            let lease = match ok.lease_round {
                0 => String::new(),
                round => format!(", lease of round {round}"),
            };
            format!("PREPARE_OK {}, round {}{lease}", ok.acked, ok.round)
        }
        MessageBody::Commit(commit) => {
            let (number, head, round) = (commit.commit, commit.head, commit.round);
            let lease = match commit.lease_ticks {
                0 => String::new(),
                ticks => format!(", lease {ticks}"),
            };
            format!("COMMIT {number}, head {head}, round {round}{lease}")
        }
        MessageBody::LeaseReleased => "LEASE_RELEASED".to_owned(),
        MessageBody::Vote(vote) => format!("VOTE {}", vote.target),
        MessageBody::EnterView => "ENTER_VIEW".to_owned(),
        MessageBody::DoViewChange(report) => {
            let entries = entries(&report.entries);
            let (head, commit) = (report.head, report.commit);
            let last_normal = report.last_normal.view;
            format!(
                "DO_VIEW_CHANGE head {head}, commit {commit}, last normal {last_normal}, {entries}"
            )
        }
        MessageBody::StartView(start) => {
            let entries = entries(&start.entries);
            format!(
                "START_VIEW head {}, commit {}, {entries}",
                start.head, start.commit
            )
        }
        MessageBody::GetView => "GET_VIEW".to_owned(),
        MessageBody::Recovery(_) => "RECOVERY".to_owned(),
        MessageBody::RecoveryResponse(answer) => format!(
            "RECOVERY_RESPONSE primary {}, head {}",
            answer.is_primary, answer.head
        ),
        MessageBody::ReadIndex(ask) => format!("READ_INDEX {}.{}", ask.id.run, ask.id.number),
        MessageBody::ReadIndexOk(ok) => {
            format!(
                "READ_INDEX_OK {}.{}, op {}",
                ok.id.run, ok.id.number, ok.index
            )
        }
        MessageBody::Handover(handover) => format!("HANDOVER {}", handover.target),
        MessageBody::Ping(ping) => format!("PING head {}", ping.head),
        MessageBody::Notice(notice) => format!("NOTICE {:?} about {}", notice.kind, notice.id),
        MessageBody::FetchLog(fetch) => format!("FETCH_LOG {}..={}", fetch.first, fetch.last),
        MessageBody::FetchSnapshot(fetch) => match fetch.chunk {
            Some(chunk) => format!("FETCH_SNAPSHOT {}, chunk {chunk}", fetch.checkpoint.op),
            None => format!("FETCH_SNAPSHOT {}", fetch.checkpoint.op),
        },
        MessageBody::SnapshotPart(part) => match &part.body {
            SnapshotPartBody::Manifest(_) => {
                format!("SNAPSHOT_PART {}, manifest", part.checkpoint.op)
            }
            SnapshotPartBody::Chunk(data) => {
                format!("SNAPSHOT_PART {}, {} bytes", part.checkpoint.op, data.len())
            }
            SnapshotPartBody::Gone(newest) => {
                format!(
                    "SNAPSHOT_PART {} is gone, newest {}",
                    part.checkpoint.op, newest.op
                )
            }
        },
        MessageBody::LogChunk(chunk) if chunk.entries.is_empty() && chunk.start > 0 => {
            let (start, op) = (chunk.start, chunk.checkpoint.op);
            format!("LOG_CHUNK of nothing: forgotten up to {start}, checkpoint {op}")
        }
        MessageBody::LogChunk(chunk) if chunk.entries.is_empty() => {
            format!("LOG_CHUNK of nothing, through {}", chunk.through)
        }
        MessageBody::LogChunk(chunk) => {
            let entries = entries(&chunk.entries);
            format!("LOG_CHUNK {entries}, through {}", chunk.through)
        }
    }
}

/// Each entry as its op and its words: `1[a b] 2[c]`.
fn entries(entries: &[Entry]) -> String {
    let one = |entry: &Entry| {
        let operations = entry.operations().unwrap_or_default();
        let words: Vec<String> = operations.iter().map(word).collect();
        format!("{}[{}]", entry.header.op, words.join(" "))
    };
    let shown: Vec<String> = entries.iter().map(one).collect();
    shown.join(" ")
}

fn word(operation: &ClientOperation) -> String {
    match operation {
        ClientOperation::Anonymous(word) => String::from_utf8_lossy(word).into_owned(),
        ClientOperation::Register(_) => "register".to_owned(),
        ClientOperation::Session(one) => {
            let word = String::from_utf8_lossy(&one.operation);
            format!("{word}/{}#{}", session(one.session), one.request)
        }
        other => format!("{other:?}"),
    }
}

/// A session by the op of its entry, and the place in it if that is not the first.
fn session(id: SessionId) -> String {
    match (id >> 16, id & 0xffff) {
        (op, 0) => op.to_string(),
        (op, place) => format!("{op}.{place}"),
    }
}

/// What an event says; nothing for those that others make superfluous.
pub(crate) fn event(event: &Event) -> Option<String> {
    let text = match event {
        Event::Committed { .. } => return None,
        Event::Normal {
            view,
            is_primary,
            op,
        } => {
            let role = if *is_primary { "primary" } else { "backup" };
            format!("is {role} of view {}, op {op}", view.view)
        }
        Event::Voted { target } => format!("votes for view {target}"),
        Event::Entered { view } => format!("enters view {}", view.view),
        Event::Recovering { promise } => format!("recovers, promised view {}", promise.view),
        Event::LostQuorum { members } => {
            let members: Vec<String> = members.iter().map(memory).collect();
            format!("finds no quorum that remembers: {}", members.join(", "))
        }
        Event::Applied { op, .. } => format!("applies {op}"),
        Event::Fetching { first, last, from } => format!("misses {first}..={last}, asks {from}"),
        Event::Checkpointed { op } => format!("has a checkpoint of {op}"),
        Event::FetchingSnapshot { op, from } => format!("fetches snapshot {op}, told of by {from}"),
        Event::SnapshotInstalled { op, .. } => format!("takes snapshot {op} over"),
        Event::Forfeited { view } => format!("forfeits view {}", view.view),
        Event::StateDivergence { op, with } => format!("has another state than {with} at {op}"),
        Event::Dropped(reason) => format!("drops a message: {reason:?}"),
        Event::Divergence { op, with } => format!("differs from {with} at {op}"),
        Event::Unanswered { entries } => format!("leaves {entries} entries unanswered"),
        Event::Faulted(fault) => format!("stops: {fault}"),
        other => format!("{other:?}"),
    };
    Some(text)
}

fn memory((id, memory): &(ReplicaId, Memory)) -> String {
    match memory {
        Memory::Kept {
            last_normal,
            head,
            commit,
        } => {
            let view = last_normal.view;
            format!("{id} has view {view} up to {head}, commit {commit}")
        }
        Memory::Lost => format!("{id} has nothing"),
        Memory::Unknown => format!("{id} is silent"),
        other => format!("{other:?}"),
    }
}

/// Whether an event says no more than what became of one message.
pub(crate) fn is_of_a_message(event: &Event) -> bool {
    matches!(event, Event::Dropped(_) | Event::Fetching { .. })
}

/// What a log has: what is committed, a bar, and the rest.
pub(crate) fn log(replica: &Replica<Words>) -> String {
    let (log, commit) = (replica.log(), replica.commit_number());
    let committed = log.slice(log.start() + 1, commit, u64::MAX);
    let rest = log.slice(commit + 1, log.head(), u64::MAX);
    let forgotten = match log.start() {
        0 => String::new(),
        start => format!("..{start} "),
    };
    format!("{forgotten}{} | {}", entries(committed), entries(rest))
        .trim()
        .to_owned()
}

pub(crate) fn reply(id: RequestId, reply: &ClientReply) -> String {
    let text = match reply {
        ClientReply::Ok { result, op, index } => {
            let result = String::from_utf8_lossy(result);
            format!("\"{result}\" at op {op}, index {index}")
        }
        ClientReply::NotPrimary { primary } => format!("not the primary, {primary} is"),
        ClientReply::Busy { retry_after_ms } => format!("busy for {retry_after_ms} ms"),
        ClientReply::Registered { session: id } => format!("session {}", session(*id)),
        ClientReply::Unavailable(why) => format!("unavailable: {why:?}"),
        other => format!("{other:?}"),
    };
    format!("client {} #{}: {text}", id.connection, id.number)
}

pub(crate) fn replica(replica: &Replica<Words>) -> String {
    let mut text = match replica.status() {
        Status::Normal if replica.is_suspended() => "suspended primary".to_owned(),
        Status::Normal if replica.is_primary() => "primary".to_owned(),
        Status::Normal => "backup".to_owned(),
        other => format!("{other:?}"),
    };
    let (head, commit) = (replica.log().head(), replica.commit_number());
    let mut add = |what: std::fmt::Arguments<'_>| {
        text.write_fmt(what).expect("a string takes everything");
    };
    add(format_args!(": head {head}, commit {commit}"));
    add(format_args!(", applied {}", replica.applied()));
    if replica.reorder_len() > 0 {
        add(format_args!(", {} early", replica.reorder_len()));
    }
    if replica.waiting_requests() > 0 {
        add(format_args!(", {} waiting", replica.waiting_requests()));
    }
    if !replica.accepts_requests() {
        add(format_args!(", accepts no requests"));
    }
    text
}
