//! What happened in a run, kept as it is until somebody wants to read it.

use crate::wire::{Message, MessageBody, MessageKind};
use crate::{Event, RequestId};
use std::collections::VecDeque;
use std::ops::Range;

/// Something that happened.
#[derive(Clone, Debug)]
pub(super) struct Record {
    pub(super) tick: u64,
    /// How many events there were before.
    pub(super) event: u64,
    pub(super) what: What,
}

/// With the replicas that it happened to.
#[derive(Clone, Debug)]
pub(super) enum What {
    /// A message was handed to a replica.
    Arrived {
        from: u32,
        to: u32,
        /// When it was sent.
        sent: u64,
        said: Said,
    },
    /// A message will never be.
    Lost {
        from: u32,
        to: u32,
        sent: u64,
        said: Said,
        loss: Loss,
    },
    Event(u32, Event),
    Asked(RequestId),
    Fault(u32, Incident),
    /// Something that has more to say.
    Told(Box<str>),
}

/// What there is to know of a message, without its entries.
#[derive(Clone, Copy, Debug)]
pub(super) struct Said {
    pub(super) kind: MessageKind,
    /// That its sender shows.
    pub(super) view: u64,
    /// By its kind.
    numbers: [u64; 3],
}

/// Why a message did not arrive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Loss {
    /// By chance.
    Chance,
    /// The link was cut when it was sent, or when it was to arrive.
    Cut,
    /// It is of those that are not to arrive.
    Targeted,
    /// Its receiver is down.
    Down,
}

/// What becomes of a process, or of its links.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Incident {
    Starts,
    Crashes,
    Stops,
    IsAskedToStop,
    IsToStepDown,
    LosesDisk,
    /// It lost its disk, was told so, and never comes back.
    IsGone,
    /// Something that changes nothing of the process.
    Other(&'static str),
    /// For so many ticks.
    Pauses(u64),
    /// Something is done to the links, for so many ticks. The replica is the
    /// primary, if there is one.
    Network(&'static str, u64),
}

/// The last things that happened. What came before is forgotten.
#[derive(Debug)]
pub(super) struct Recorder {
    last: VecDeque<Record>,
    /// What is to be shown, if anything is.
    window: Option<Range<u64>>,
    kept: Vec<Record>,
}

/// How many things are remembered.
pub(super) const REMEMBERED: usize = 10_000;

impl Recorder {
    /// If there is a window, also keeps everything between those events, and
    /// from before what became of replicas.
    pub(super) fn new(window: Option<Range<u64>>) -> Self {
        Self {
            last: VecDeque::with_capacity(REMEMBERED),
            window,
            kept: Vec::new(),
        }
    }

    pub(super) fn note(&mut self, tick: u64, event: u64, what: What) {
        let record = Record { tick, event, what };
        if self
            .window
            .as_ref()
            .is_some_and(|window| record.is_of(window))
        {
            self.kept.push(record.clone());
        }
        if self.last.len() == REMEMBERED {
            self.last.pop_front();
        }
        self.last.push_back(record);
    }

    /// What was kept for the window.
    pub(super) fn take_kept(&mut self) -> Vec<Record> {
        std::mem::take(&mut self.kept)
    }

    /// In the order in which they happened.
    pub(super) fn last(&self) -> impl Iterator<Item = &Record> {
        self.last.iter()
    }
}

impl Record {
    fn is_of(&self, window: &Range<u64>) -> bool {
        window.contains(&self.event)
            || self.event < window.start && matches!(self.what, What::Event(..) | What::Fault(..))
    }
}

impl Said {
    pub(super) fn of(message: &Message) -> Self {
        let numbers = match &message.body {
            MessageBody::Prepare(prepare) => {
                let ops = || prepare.entries.iter().map(|entry| entry.header.op);
                let (first, last) = (ops().min(), ops().max());
                [
                    first.unwrap_or_default(),
                    last.unwrap_or_default(),
                    prepare.commit,
                ]
            }
            MessageBody::PrepareOk(ok) => [ok.acked, ok.round, 0],
            MessageBody::Commit(commit) => [commit.commit, commit.head, commit.round],
            MessageBody::Vote(vote) => [vote.target, 0, 0],
            MessageBody::DoViewChange(report) => [report.head, report.last_normal.view, 0],
            MessageBody::StartView(start) => [start.head, 0, 0],
            MessageBody::FetchLog(fetch) => [fetch.first, fetch.last, 0],
            MessageBody::LogChunk(chunk) => [chunk.entries.len() as u64, 0, 0],
            MessageBody::RecoveryResponse(answer) => [answer.head, 0, 0],
            MessageBody::ReadIndex(ask) => [ask.id.number, 0, 0],
            MessageBody::ReadIndexOk(ok) => [ok.id.number, ok.index, 0],
            MessageBody::FetchSnapshot(fetch) => {
                let chunk = fetch.chunk.map_or(0, |chunk| u64::from(chunk) + 1);
                [fetch.checkpoint.op, chunk, 0]
            }
            MessageBody::SnapshotPart(part) => [part.checkpoint.op, 0, 0],
            MessageBody::Handover(handover) => [handover.target, 0, 0],
            MessageBody::Ping(ping) => [ping.head, 0, 0],
            _ => [0; 3],
        };
        Self {
            kind: message.body.discriminant(),
            view: message.envelope.promise.view,
            numbers,
        }
    }
}

impl std::fmt::Display for Record {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:>7} {:>8}: ", self.tick, self.event)?;
        match &self.what {
            What::Arrived {
                from,
                to,
                sent,
                said,
            } => write!(f, "replica {to} <- {from}, sent at {sent}: {said}"),
            What::Lost {
                from,
                to,
                sent,
                said,
                loss,
            } => write!(f, "replica {to} x- {from}, sent at {sent}: {said} ({loss})"),
            What::Event(replica, event) => write!(f, "replica {replica}: {event:?}"),
            What::Asked(RequestId { connection, number }) => {
                write!(f, "client {connection} asks for {number}")
            }
            What::Fault(replica, incident) => write!(f, "replica {replica} {incident}"),
            What::Told(what) => f.write_str(what),
        }
    }
}

impl std::fmt::Display for Said {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self {
            kind,
            view,
            numbers: [a, b, c],
        } = self;
        match kind {
            MessageKind::Prepare => write!(f, "PREPARE {a}..={b}, commit {c}"),
            MessageKind::PrepareOk => write!(f, "PREPARE_OK {a}, round {b}"),
            MessageKind::Commit => write!(f, "COMMIT {a}, head {b}, round {c}"),
            MessageKind::Vote => write!(f, "VOTE {a}"),
            MessageKind::EnterView => write!(f, "ENTER_VIEW {view}"),
            MessageKind::DoViewChange => {
                write!(f, "DO_VIEW_CHANGE {view}: head {a}, last normal {b}")
            }
            MessageKind::StartView => write!(f, "START_VIEW {view}: head {a}"),
            MessageKind::FetchLog => write!(f, "FETCH_LOG {a}..={b}"),
            MessageKind::LogChunk => write!(f, "LOG_CHUNK of {a} entries"),
            MessageKind::RecoveryResponse => {
                write!(f, "RECOVERY_RESPONSE of view {view}, head {a}")
            }
            MessageKind::ReadIndex => write!(f, "READ_INDEX {a}"),
            MessageKind::ReadIndexOk => write!(f, "READ_INDEX_OK {a}, op {b}"),
            MessageKind::FetchSnapshot if *b == 0 => write!(f, "FETCH_SNAPSHOT {a}"),
            MessageKind::FetchSnapshot => write!(f, "FETCH_SNAPSHOT {a}, chunk {}", b - 1),
            MessageKind::SnapshotPart => write!(f, "SNAPSHOT_PART of {a}"),
            MessageKind::Handover => write!(f, "HANDOVER {a}"),
            MessageKind::Ping => write!(f, "PING, head {a}"),
            _ => f.write_str(&name(*kind)),
        }
    }
}

/// What a kind of message is called in the protocol.
pub(super) fn name(kind: MessageKind) -> String {
    let mut name = String::new();
    for letter in format!("{kind:?}").chars() {
        if letter.is_uppercase() && !name.is_empty() {
            name.push('_');
        }
        name.push(letter.to_ascii_uppercase());
    }
    name
}

impl std::fmt::Display for Loss {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Chance => "lost by chance",
            Self::Cut => "the link is cut",
            Self::Targeted => "lost for its kind",
            Self::Down => "the replica is down",
        })
    }
}

impl std::fmt::Display for Incident {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Starts => f.write_str("starts"),
            Self::Crashes => f.write_str("crashes"),
            Self::Stops => f.write_str("is stopped"),
            Self::IsToStepDown => f.write_str("is to step down"),
            Self::IsAskedToStop => f.write_str("is asked to stop"),
            Self::LosesDisk => f.write_str("loses its disk"),
            Self::IsGone => f.write_str("is gone for good"),
            Self::Other(what) => f.write_str(what),
            Self::Pauses(length) => write!(f, "pauses for {length} ticks"),
            Self::Network(what, length) => write!(f, "{what} for {length} ticks"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_things_are_remembered_in_order() {
        let mut recorder = Recorder::new(None);
        for tick in 0..REMEMBERED as u64 + 5 {
            recorder.note(tick, tick, What::Fault(1, Incident::Starts));
        }
        let ticks: Vec<_> = recorder.last().map(|record| record.tick).collect();
        assert_eq!(ticks, (5..REMEMBERED as u64 + 5).collect::<Vec<_>>());
    }

    #[test]
    fn kinds_have_the_names_of_the_protocol() {
        assert_eq!(name(MessageKind::DoViewChange), "DO_VIEW_CHANGE");
        assert_eq!(name(MessageKind::Ping), "PING");
    }
}
