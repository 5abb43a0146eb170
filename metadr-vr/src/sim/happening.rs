//! What happened in a run, kept as it is until somebody wants to read it.

use crate::wire::{Message, MessageBody};
use crate::{Event, RequestId};

/// With the tick, and the replica that it happened to.
#[derive(Clone, Debug)]
pub(super) enum Happening {
    Arrival(u64, usize, Box<Message>),
    Event(u64, usize, Event),
    Asked(u64, RequestId),
    Fault(u64, usize, &'static str),
    /// A fault that has more to say.
    Told(u64, String),
}

impl std::fmt::Display for Happening {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Event(tick, replica, event) => {
                write!(f, "{tick:>7} replica {replica}: {event:?}")
            }
            Self::Fault(tick, replica, what) => write!(f, "{tick:>7} replica {replica} {what}"),
            Self::Told(tick, what) => write!(f, "{tick:>7} {what}"),
            Self::Asked(tick, id) => {
                let RequestId { connection, number } = id;
                write!(f, "{tick:>7} client {connection} asks for {number}")
            }
            Self::Arrival(tick, to, message) => {
                let from = message.envelope.sender;
                write!(f, "{tick:>7} replica {to} <- {from}: ")?;
                match &message.body {
                    MessageBody::Prepare(prepare) => {
                        let ops = prepare.entries.iter().map(|entry| entry.header.op);
                        let (first, last) = (ops.clone().min(), ops.max());
                        write!(f, "PREPARE {first:?}..={last:?}, commit {}", prepare.commit)
                    }
                    MessageBody::PrepareOk(ok) => {
                        write!(f, "PREPARE_OK {}, round {}", ok.acked, ok.round)
                    }
                    MessageBody::Commit(commit) => {
                        let (number, head, round) = (commit.commit, commit.head, commit.round);
                        write!(f, "COMMIT {number}, head {head}, round {round}")
                    }
                    MessageBody::Vote(vote) => write!(f, "VOTE {}", vote.target),
                    MessageBody::EnterView => {
                        write!(f, "ENTER_VIEW {}", message.envelope.promise.view)
                    }
                    MessageBody::DoViewChange(report) => write!(
                        f,
                        "DO_VIEW_CHANGE {}: head {}, last normal {}",
                        message.envelope.promise.view, report.head, report.last_normal.view
                    ),
                    MessageBody::StartView(start) => write!(
                        f,
                        "START_VIEW {}: head {}",
                        message.envelope.promise.view, start.head
                    ),
                    MessageBody::FetchLog(fetch) => {
                        write!(f, "FETCH_LOG {}..={}", fetch.first, fetch.last)
                    }
                    MessageBody::FetchSnapshot(fetch) => {
                        let (op, chunk) = (fetch.checkpoint.op, fetch.chunk);
                        write!(f, "FETCH_SNAPSHOT {op}, chunk {chunk:?}")
                    }
                    MessageBody::SnapshotPart(part) => {
                        write!(f, "SNAPSHOT_PART of {}", part.checkpoint.op)
                    }
                    MessageBody::LogChunk(chunk) => {
                        write!(f, "LOG_CHUNK of {} entries", chunk.entries.len())
                    }
                    MessageBody::GetView => write!(f, "GET_VIEW"),
                    MessageBody::Recovery(_) => write!(f, "RECOVERY"),
                    MessageBody::RecoveryResponse(answer) => write!(
                        f,
                        "RECOVERY_RESPONSE of view {}, head {}",
                        message.envelope.promise.view, answer.head
                    ),
                    MessageBody::LeaseReleased => write!(f, "LEASE_RELEASED"),
                    MessageBody::ReadIndex(ask) => write!(f, "READ_INDEX {}", ask.id.number),
                    MessageBody::ReadIndexOk(ok) => {
                        write!(f, "READ_INDEX_OK {}, op {}", ok.id.number, ok.index)
                    }
                    MessageBody::Handover(handover) => write!(f, "HANDOVER {}", handover.target),
                    MessageBody::Ping(ping) => write!(f, "PING, head {}", ping.head),
                    MessageBody::Notice(notice) => write!(f, "NOTICE {:?}", notice.kind),
                }
            }
        }
    }
}
