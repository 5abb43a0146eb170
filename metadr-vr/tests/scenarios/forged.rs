//! Messages that a script makes up.

use crate::arguments::Arguments;
use crate::support::{CLUSTER, batch, meta, seal};
use metadr_vr::Log;
use metadr_vr::wire::{
    Checkpoint, Commit, DoViewChange, Entry, EntryHeader, EntryKind, EpochView, FetchLog, Handover,
    Hash128, MessageBody, Notice, NoticeKind, Prepare, PrepareOk, ReadId, ReadIndexOk, StartView,
    Vote,
};

/// A hash that belongs to nothing.
pub(crate) const OTHER: Hash128 = [0xEE; 16];

/// The body of a hand-made message. It agrees with the receiver's log, as far as
/// that goes and unless it is to differ.
pub(crate) fn message_body(arguments: &Arguments<'_>, log: &Log) -> Option<MessageBody> {
    let value = |name| arguments.value(name).unwrap_or(0);
    let checksum = |op| match arguments.text("checksum") {
        Some(_) => OTHER,
        None => log.checksum(op).unwrap_or(OTHER),
    };
    Some(match arguments.0[1] {
        "prepare" => {
            let op: u64 = arguments.value("op")?;
            let header = EntryHeader {
                format: arguments
                    .value("format")
                    .map_or(Some(1), |format| format.try_into().ok())?,
                kind: EntryKind::Batch,
                op,
                parent: checksum(op.checked_sub(1)?),
                prepared: EpochView {
                    epoch: 0,
                    view: value("prepared"),
                },
                ..Entry::root(CLUSTER).header
            };
            let mut entry = seal(header, batch(&[arguments.text("write")?]));
            if arguments.text("damaged").is_some() {
                entry.header.timestamp_ms += 1;
            }
            MessageBody::Prepare(Prepare {
                entries: vec![entry],
                commit: value("commit"),
                commit_checksum: checksum(value("commit")),
            })
        }
        "read_index_ok" => MessageBody::ReadIndexOk(ReadIndexOk {
            id: ReadId {
                run: value("run"),
                number: value("number"),
            },
            index: value("index"),
        }),
        "handover" => MessageBody::Handover(Handover {
            target: arguments.value("target")?,
        }),
        "notice" => {
            // The files are those that the replica began with.
            let mut meta = meta(arguments.value("about")?.try_into().ok()?, 0);
            if let Some(run) = arguments.value("run") {
                (meta.incarnation.counter, meta.incarnation.random) = (run, run - 1);
            }
            MessageBody::Notice(Notice {
                kind: NoticeKind::WrongInstance,
                id: meta.id,
                instance: meta.instance,
                incarnation: meta.incarnation,
            })
        }
        "start_view" => MessageBody::StartView(StartView {
            head: value("head"),
            head_checksum: checksum(value("head")),
            commit: value("commit"),
            checksums: Vec::new(),
            entries: Vec::new(),
        }),
        "enter_view" => MessageBody::EnterView,
        "get_view" => MessageBody::GetView,
        "do_view_change" => MessageBody::DoViewChange(DoViewChange {
            last_normal: EpochView::default(),
            head: value("head"),
            head_checksum: checksum(value("head")),
            commit: value("commit"),
            checksums: Vec::new(),
            entries: Vec::new(),
        }),
        "vote" => MessageBody::Vote(Vote {
            target: arguments.value("target")?,
        }),
        "prepare_ok" => MessageBody::PrepareOk(PrepareOk {
            acked: value("acked"),
            acked_checksum: checksum(value("acked")),
            applied: 0,
            round: value("round"),
            checkpoint: match arguments.text("state") {
                Some(_) => Checkpoint {
                    op: value("acked"),
                    hash: OTHER,
                },
                None => Checkpoint::default(),
            },
            lease_round: 0,
        }),
        "commit" => MessageBody::Commit(Commit {
            commit: value("commit"),
            commit_checksum: checksum(value("commit")),
            head: value("head"),
            head_checksum: checksum(value("head")),
            round: value("round"),
            checkpoint: Checkpoint::default(),
            lease_ticks: 0,
        }),
        "fetch_log" => MessageBody::FetchLog(FetchLog {
            request: 0,
            first: value("first"),
            last: value("last"),
            max_bytes: u32::MAX,
            round: 0,
        }),
        _ => return None,
    })
}
