//! Replicas that are not reached by all others, or have lost their memory all
//! but one: what each of them does about it. Each test is named after a defect
//! that the simulator found.

use crate::support::{CLUSTER, Words, boot, calm, message, meta};
use metadr_vr::wire::{
    ClientOperation, Commit, DoViewChange, Entry, EpochView, FetchLog, Image, Incarnation,
    LogChunk, Message, MessageBody, Ping, Recovery, ReplicaId, Role, StartView,
};
use metadr_vr::{Boot, Event, Log, Options, Outputs, Replica, Start, Status, Tick};

/// Replica `id` of a group of `count` at tick 0, Normal in view 0.
fn replica(id: ReplicaId, count: u32, options: Options) -> Replica<Words> {
    Replica::new(boot(id, count), Words::default(), options, 1, Tick(0), 0).0
}

/// A message as replica `from` sends it in `view`.
fn said(from: ReplicaId, view: u64, body: MessageBody) -> Message {
    let mut message = message(from, body);
    message.envelope.promise = EpochView { epoch: 0, view };
    message
}

fn ping(head: u64, commit: u64) -> MessageBody {
    MessageBody::Ping(Ping {
        role: Role::Normal,
        is_leaving: false,
        last_normal: EpochView::default(),
        head,
        commit,
        peers: Vec::new(),
        checkpoint: metadr_vr::wire::Checkpoint::default(),
    })
}

/// A log of so many entries of view 0.
fn log(length: u64) -> Log {
    let mut log = Log::new(CLUSTER);
    for number in 1..=length {
        let word = ClientOperation::Anonymous(number.to_string().into());
        let entry = Entry::batch(log.head_header(), EpochView::default(), 0, vec![word]);
        log.append(entry);
    }
    log
}

fn start_view(log: &Log, commit: u64) -> MessageBody {
    let head = log.head_header();
    MessageBody::StartView(StartView {
        head: head.op,
        head_checksum: head.checksum,
        commit,
        entries: Vec::new(),
        ..StartView::default()
    })
}

/// Lets time pass up to `end`, with `each` message in every tenth tick.
fn live(
    replica: &mut Replica<Words>,
    from: u64,
    end: u64,
    each: &[Message],
    outputs: &mut Outputs,
) {
    for now in from..=end {
        if now % 10 == 0 {
            for message in each {
                replica.on_message(Tick(now), message.clone(), outputs);
            }
        }
        replica.on_tick(Tick(now), now * Tick::MILLIS, outputs);
        replica.flush(outputs);
        for (ticket, _) in std::mem::take(&mut outputs.persist) {
            replica.on_persisted(Tick(now), ticket, outputs);
        }
    }
}

/// A recovering replica `from`, in its second run, with a promise.
fn recovery(from: ReplicaId, promise: u64) -> Message {
    let nonce = Incarnation {
        counter: 2,
        random: u64::from(from),
    };
    let mut message = said(from, promise, MessageBody::Recovery(Recovery { nonce }));
    message.envelope.incarnation = nonce;
    message
}

fn reports_loss(outputs: &Outputs) -> bool {
    let is_loss = |event: &Event| matches!(event, Event::LostQuorum { .. });
    outputs.events.iter().any(is_loss)
}

#[test]
fn a_backup_whose_group_has_lost_its_memory_says_so() {
    let mut backup = replica(1, 3, Options::default());
    let mut outputs = Outputs::default();
    let others = [recovery(0, 0), recovery(2, 0)];
    live(&mut backup, 1, 3_500, &others, &mut outputs);
    assert_eq!(backup.status(), Status::Normal);
    assert!(reports_loss(&outputs));
}

#[test]
fn a_primary_that_cannot_bring_the_others_back_says_so() {
    let lost = |promise| {
        let mut primary = replica(0, 3, Options::default());
        let mut outputs = Outputs::default();
        let others = [recovery(1, promise), recovery(2, promise)];
        live(&mut primary, 1, 3_500, &others, &mut outputs);
        reports_loss(&outputs)
    };
    assert!(!lost(0), "whoever has promised nothing later comes back");
    assert!(lost(1));
}

#[test]
fn a_primary_that_is_heard_of_and_not_answered_does_nothing() {
    let mut primary = replica(0, 3, Options::default());
    let mut outputs = Outputs::default();
    let others = [said(1, 0, ping(0, 0)), said(2, 0, ping(0, 0))];
    live(&mut primary, 1, 60, &others, &mut outputs);
    assert!(outputs.events.contains(&Event::Suspended));
}

#[test]
fn a_view_lasts_while_a_replica_that_its_quorum_needs_takes_over_its_log() {
    let mut primary = replica(0, 3, Options::default());
    let mut outputs = Outputs::default();
    let fetch = |round| {
        let fetch = FetchLog {
            request: 1,
            first: 1,
            last: 9,
            max_bytes: 1000,
            round,
        };
        said(1, 0, MessageBody::FetchLog(fetch))
    };
    live(&mut primary, 1, 9, &[], &mut outputs);
    // There is a round every 5 ticks, and a question every 10.
    for step in 1..=50 {
        let fetches = [fetch(2 * step - 1)];
        live(
            &mut primary,
            10 * step,
            10 * step + 9,
            &fetches,
            &mut outputs,
        );
    }
    assert!(!outputs.events.contains(&Event::Suspended));
    // It asks, and hears nothing.
    live(&mut primary, 510, 600, &[fetch(99)], &mut outputs);
    assert!(outputs.events.contains(&Event::Suspended));
}

#[test]
fn a_primary_that_hears_no_quorum_still_brings_others_back() {
    let mut primary = replica(0, 3, Options::default());
    let mut outputs = Outputs::default();
    live(&mut primary, 1, 100, &[], &mut outputs);
    assert!(outputs.events.contains(&Event::Suspended));
    outputs = Outputs::default();
    primary.on_message(Tick(101), recovery(1, 0), &mut outputs);
    let is_answer = |(to, message): &(ReplicaId, Message)| {
        *to == 1
            && matches!(&message.body, MessageBody::RecoveryResponse(answer) if answer.is_primary)
    };
    assert!(outputs.send.iter().any(is_answer));
}

#[test]
fn a_backup_that_its_primary_does_not_reach_keeps_up() {
    let mut backup = replica(1, 3, Options::default());
    let mut outputs = Outputs::default();
    let told = said(2, 0, ping(2, 1));
    live(&mut backup, 1, 40, &[told], &mut outputs);
    let asked = outputs.send.iter().rev().find_map(|(to, message)| {
        let MessageBody::FetchLog(fetch) = &message.body else {
            return None;
        };
        Some((*to, fetch.clone()))
    });
    let (to, fetch) = asked.expect("it fetches what it misses");
    assert_eq!((to, fetch.first, fetch.last), (2, 1, 2));
    let chunk = LogChunk {
        request: fetch.request,
        is_normal: true,
        through: 2,
        entries: log(2).slice(1, 2, u64::MAX).to_vec(),
        head: 2,
        commit: 1,
        ..LogChunk::default()
    };
    backup.on_message(
        Tick(41),
        said(2, 0, MessageBody::LogChunk(chunk)),
        &mut outputs,
    );
    assert_eq!((backup.log().head(), backup.commit_number()), (2, 1));
    // The last commit is told without entries.
    backup.on_message(Tick(42), said(2, 0, ping(2, 2)), &mut outputs);
    assert_eq!(backup.commit_number(), 2);
}

#[test]
fn a_replica_that_its_primary_does_not_reach_joins_through_another() {
    let mut backup = replica(2, 3, Options::default());
    let mut outputs = Outputs::default();
    // It hears of view 1, and never from the primary, replica 1.
    let told = said(0, 1, ping(0, 0));
    live(&mut backup, 1, 60, &[told], &mut outputs);
    assert_eq!(backup.status(), Status::ViewChange { entered: true });
    let is_question = |(to, message): &(ReplicaId, Message)| {
        *to == 0 && matches!(message.body, MessageBody::GetView)
    };
    assert!(outputs.send.iter().any(is_question));
    backup.on_message(Tick(61), said(0, 1, start_view(&log(0), 0)), &mut outputs);
    assert_eq!(backup.status(), Status::Normal);
    assert_eq!(backup.last_normal().view, 1);

    // It tells others what it was told.
    outputs = Outputs::default();
    backup.on_message(Tick(62), said(0, 1, MessageBody::GetView), &mut outputs);
    let is_answer = |(to, message): &(ReplicaId, Message)| {
        *to == 0 && matches!(message.body, MessageBody::StartView(_))
    };
    assert!(outputs.send.iter().any(is_answer));
}

#[test]
fn a_replica_that_only_hears_its_primary_joins_through_another() {
    let mut backup = replica(2, 3, Options::default());
    let mut outputs = Outputs::default();
    let log = log(0);
    let head = log.head_header();
    let commit = MessageBody::Commit(Commit {
        commit: 0,
        commit_checksum: head.checksum,
        head: 0,
        head_checksum: head.checksum,
        round: 1,
        ..Commit::default()
    });
    // The primary of view 1 is heard more often than questions are repeated.
    for now in 1..=40 {
        let heard = [said(1, 1, commit.clone())];
        let each = if now % 4 == 0 { &heard[..] } else { &[] };
        for message in each {
            backup.on_message(Tick(now), message.clone(), &mut outputs);
        }
        live(&mut backup, now, now, &[], &mut outputs);
    }
    assert_eq!(backup.status(), Status::ViewChange { entered: false });
    let is_question = |(to, message): &(ReplicaId, Message)| {
        *to == 0 && matches!(message.body, MessageBody::GetView)
    };
    assert!(outputs.send.iter().any(is_question));
}

/// The last FETCH_LOG that was sent, and to whom.
fn question(outputs: &mut Outputs) -> Option<(ReplicaId, FetchLog)> {
    let sent = std::mem::take(&mut outputs.send);
    (sent.into_iter().rev()).find_map(|(to, message)| match message.body {
        MessageBody::FetchLog(fetch) => Some((to, fetch)),
        _ => None,
    })
}

/// A backup that fetches the log of view 1 at tick 40, by an entry at a time,
/// and what it asked last.
fn joining(log: &Log, outputs: &mut Outputs) -> (Replica<Words>, ReplicaId, FetchLog) {
    let options = Options {
        batch_bytes: 1,
        fetch_chunks: 1,
        ..calm()
    };
    let mut backup = replica(2, 4, options);
    let start = said(1, 1, start_view(log, 0));
    for now in [1, 2] {
        // The promise of the view has to be on disk before anything is asked.
        backup.on_message(Tick(now), start.clone(), outputs);
        live(&mut backup, now, now, &[], outputs);
    }
    live(&mut backup, 3, 40, &[], outputs);
    let (source, fetch) = question(outputs).expect("it fetches the log");
    (backup, source, fetch)
}

/// The first entry of a log, of an answer that goes on to `through`.
fn first_entry(log: &Log, from: ReplicaId, request: u64, through: u64) -> Message {
    let chunk = LogChunk {
        request,
        is_normal: true,
        through,
        entries: log.slice(1, 1, u64::MAX).to_vec(),
        head: log.head(),
        commit: 0,
        ..LogChunk::default()
    };
    said(from, 1, MessageBody::LogChunk(chunk))
}

#[test]
fn an_answer_that_comes_a_little_late_is_taken() {
    let (log, mut outputs) = (log(2), Outputs::default());
    let (mut backup, first, fetch) = joining(&log, &mut outputs);
    live(&mut backup, 41, 61, &[], &mut outputs);
    let (second, _) = question(&mut outputs).expect("it asks another");
    assert_ne!(first, second);
    let late = first_entry(&log, first, fetch.request, 1);
    backup.on_message(Tick(62), late, &mut outputs);
    let (next, fetch) = question(&mut outputs).expect("it goes on where it is");
    assert_eq!((next, fetch.first), (first, 2));
}

#[test]
fn whoever_answered_in_part_is_asked_for_the_rest() {
    let (log, mut outputs) = (log(2), Outputs::default());
    let (mut backup, first, fetch) = joining(&log, &mut outputs);
    let part = first_entry(&log, first, fetch.request, 2);
    backup.on_message(Tick(41), part, &mut outputs);
    live(&mut backup, 42, 61, &[], &mut outputs);
    let (next, fetch) = question(&mut outputs).expect("it misses the rest");
    assert_eq!((next, fetch.first), (first, 2));
}

#[test]
fn p5_a_restarted_primary_does_not_join_its_own_view() {
    let boot = Boot::new(meta(0, 3), Start::Kept(Image::default()));
    let (mut primary, mut outputs) =
        Replica::new(boot, Words::default(), Options::default(), 1, Tick(0), 0);
    primary.on_message(Tick(1), said(1, 0, start_view(&log(0), 0)), &mut outputs);
    assert_eq!(primary.status(), Status::ViewChange { entered: false });
}

#[test]
fn a_log_that_takes_longer_than_a_view_is_not_fetched_from_its_beginning_again() {
    let options = Options {
        batch_bytes: 1,
        fetch_chunks: 1,
        ..calm()
    };
    let mut primary = replica(1, 3, options);
    let long = log(3);
    let mut outputs = Outputs::default();
    let report = DoViewChange {
        head: 3,
        head_checksum: long.head_header().checksum,
        commit: 0,
        ..DoViewChange::default()
    };
    let mut fetched = Vec::new();
    // View 1 is given up when one entry is here; view 4 has the same primary.
    for view in [1, 4] {
        let enters = said(2, view, MessageBody::DoViewChange(report.clone()));
        primary.on_message(Tick(view), enters.clone(), &mut outputs);
        for (ticket, _) in std::mem::take(&mut outputs.persist) {
            primary.on_persisted(Tick(view), ticket, &mut outputs);
        }
        primary.on_message(Tick(view), enters, &mut outputs);
        let sent = std::mem::take(&mut outputs.send);
        let asked = sent
            .iter()
            .rev()
            .find_map(|(_, message)| match &message.body {
                MessageBody::FetchLog(fetch) => Some(fetch),
                _ => None,
            });
        let fetch = asked.expect("it has not all of that log");
        fetched.push(fetch.first);
        let chunk = LogChunk {
            request: fetch.request,
            is_normal: false,
            through: fetch.first,
            entries: long.slice(fetch.first, fetch.first, u64::MAX).to_vec(),
            head: 3,
            commit: 0,
            ..LogChunk::default()
        };
        let chunk = said(2, view, MessageBody::LogChunk(chunk));
        primary.on_message(Tick(view), chunk, &mut outputs);
    }
    assert_eq!(fetched, [1, 2]);
}
