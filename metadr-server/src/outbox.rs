//! What waits for a peer's socket.
//!
//! There are two queues. Most messages are urgent: a heartbeat that is late
//! costs a view change. Log entries and snapshots that somebody has asked for may
//! be many megabytes, and nobody notices when they come a little later, so they
//! wait until nothing else does.
//!
//! Both are bounded. What there is no room for is dropped: the protocol repeats
//! what matters, and what is dropped is what is worth least.

use metadr_runtime::xdr::Encode as _;
use metadr_vr::wire::{Message, MessageBody};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Bytes that may wait, all together. A primary has no more than its window for
/// each peer on the way, and that is half of it.
const MAX_BYTES: usize = 16 << 20;

/// Bytes of bulk that may wait.
const MAX_BULK_BYTES: usize = 8 << 20;

/// Messages that may wait, for the small ones.
const MAX_MESSAGES: usize = 1024;

/// Puts messages in. When it is dropped, what waits is still sent.
#[derive(Debug)]
pub(crate) struct Sender {
    queues: Arc<Mutex<Queues>>,
    /// Something may have come.
    signal: async_channel::Sender<()>,
}

/// Takes messages out.
#[derive(Debug)]
pub(crate) struct Receiver {
    queues: Arc<Mutex<Queues>>,
    signal: async_channel::Receiver<()>,
}

#[derive(Debug, Default)]
struct Queues {
    urgent: Queue,
    bulk: Queue,
}

#[derive(Debug, Default)]
struct Queue {
    /// With the length that each has on the wire.
    messages: VecDeque<(usize, Message)>,
    bytes: usize,
}

/// An empty outbox.
pub(crate) fn outbox() -> (Sender, Receiver) {
    let queues = Arc::<Mutex<Queues>>::default();
    let (signal, signalled) = async_channel::bounded(1);
    let sender = Sender {
        queues: Arc::clone(&queues),
        signal,
    };
    let signal = signalled;
    (sender, Receiver { queues, signal })
}

/// Whether a message may wait until nothing else does.
pub(crate) fn is_bulk(message: &Message) -> bool {
    matches!(
        message.body,
        MessageBody::LogChunk(_) | MessageBody::SnapshotPart(_)
    )
}

impl Sender {
    /// Puts a message in, or drops it, or others, if there is no room for all.
    pub(crate) fn push(&self, message: Message) {
        lock(&self.queues).push(message);
        // One signal is enough, however many messages there are.
        let _ = self.signal.try_send(());
    }
}

impl Receiver {
    /// The next message: bulk only if that is wanted and nothing is urgent.
    /// None if the sender is gone and nothing of what is wanted is left.
    pub(crate) async fn next(&self, with_bulk: bool) -> Option<Message> {
        loop {
            let found = lock(&self.queues).pop(with_bulk);
            if found.is_some() {
                return found;
            }
            if self.signal.recv().await.is_err() {
                return lock(&self.queues).pop(with_bulk);
            }
        }
    }

    /// Drops everything that waits.
    pub(crate) fn clear(&self) {
        *lock(&self.queues) = Queues::default();
    }

    /// Whether the sender is gone.
    pub(crate) fn is_closed(&self) -> bool {
        self.signal.is_closed()
    }
}

fn lock(queues: &Mutex<Queues>) -> MutexGuard<'_, Queues> {
    // Whoever panicked with it has ended the process, or left it whole.
    queues.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Queues {
    fn push(&mut self, message: Message) {
        let length = message.encoded_len();
        if is_bulk(&message) {
            let has_room = self.bulk.bytes + length <= MAX_BULK_BYTES && self.has_room(length);
            // One has room however long it is.
            if has_room || self.bulk.messages.is_empty() {
                self.bulk.push(length, message);
            }
            return;
        }
        // The oldest first: the later one knows better.
        while !self.has_room(length) && (self.bulk.pop().is_some() || self.urgent.pop().is_some()) {
        }
        self.urgent.push(length, message);
    }

    fn has_room(&self, length: usize) -> bool {
        self.urgent.messages.len() + self.bulk.messages.len() < MAX_MESSAGES
            && self.urgent.bytes + self.bulk.bytes + length <= MAX_BYTES
    }

    fn pop(&mut self, with_bulk: bool) -> Option<Message> {
        let urgent = self.urgent.pop();
        urgent.or_else(|| with_bulk.then(|| self.bulk.pop()).flatten())
    }
}

impl Queue {
    fn push(&mut self, length: usize, message: Message) {
        self.bytes += length;
        self.messages.push_back((length, message));
    }

    fn pop(&mut self) -> Option<Message> {
        let (length, message) = self.messages.pop_front()?;
        self.bytes -= length;
        Some(message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;
    use futures::FutureExt as _;
    use metadr_runtime::rt::Smol;
    use metadr_vr::wire::{Entry, Envelope, EpochView, Incarnation, LogChunk, Vote};

    fn message(body: MessageBody) -> Message {
        let envelope = Envelope {
            cluster: [0; 16],
            sender: 0,
            instance: [0; 16],
            incarnation: Incarnation::default(),
            promise: EpochView::default(),
        };
        Message { envelope, body }
    }

    fn vote(target: u64) -> Message {
        message(MessageBody::Vote(Vote { target }))
    }

    /// Of about this length.
    fn chunk(request: u64, length: usize) -> Message {
        let mut entry = Entry::root([0; 16]);
        entry.body = Bytes::from(vec![0; length]);
        message(MessageBody::LogChunk(LogChunk {
            request,
            entries: vec![entry],
            ..LogChunk::default()
        }))
    }

    /// Votes by their targets, chunks by their requests below zero.
    fn drain(receiver: &Receiver) -> Vec<i64> {
        let next = || receiver.next(true).now_or_never().flatten();
        std::iter::from_fn(next).map(name).collect()
    }

    fn name(message: Message) -> i64 {
        match message.body {
            MessageBody::Vote(vote) => vote.target as i64,
            MessageBody::LogChunk(chunk) => -(chunk.request as i64),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn bulk_waits_until_nothing_is_urgent() {
        let (sender, receiver) = outbox();
        for message in [chunk(1, 10), vote(1), chunk(2, 10), vote(2)] {
            sender.push(message);
        }
        assert_eq!(drain(&receiver), [1, 2, -1, -2]);
    }

    #[test]
    fn bulk_is_left_where_it_is_when_it_is_not_wanted() {
        let (sender, receiver) = outbox();
        sender.push(chunk(1, 10));
        assert_eq!(receiver.next(false).now_or_never(), None);
        sender.push(vote(1));
        let urgent = receiver.next(false).now_or_never().flatten();
        assert_eq!(urgent.map(name), Some(1));
        assert_eq!(drain(&receiver), [-1]);
    }

    #[test]
    fn whoever_waits_for_a_message_gets_it() {
        let (sender, receiver) = outbox();
        let waiting = std::thread::spawn(move || {
            Smol::new().block_on(async { receiver.next(false).await.map(name) })
        });
        sender.push(chunk(1, 10));
        sender.push(vote(1));
        assert_eq!(waiting.join().unwrap(), Some(1));
    }

    #[test]
    fn what_waits_is_still_there_when_the_sender_is_gone() {
        let (sender, receiver) = outbox();
        sender.push(chunk(1, 10));
        sender.push(vote(1));
        assert!(!receiver.is_closed());
        drop(sender);
        assert!(receiver.is_closed());
        assert_eq!(drain(&receiver), [1, -1]);
        assert_eq!(receiver.next(true).now_or_never(), Some(None));
    }

    #[test]
    fn too_many_bytes_cost_bulk_first_and_then_the_oldest() {
        let (sender, receiver) = outbox();
        let mebibyte = 1 << 20;
        // The eighth does not fit, with the headers of all of them.
        for request in 1..=9 {
            sender.push(chunk(request, mebibyte));
        }
        let bytes = |receiver: &Receiver| {
            let queues = lock(&receiver.queues);
            (queues.urgent.bytes, queues.bulk.bytes)
        };
        let (urgent, bulk) = bytes(&receiver);
        assert!(urgent == 0 && (7 * mebibyte..=MAX_BULK_BYTES).contains(&bulk));
        let long = |number: u64| {
            let mut long = chunk(0, 4 * mebibyte);
            let MessageBody::LogChunk(LogChunk { entries, .. }) = long.body else {
                unreachable!("it is a chunk");
            };
            long.body = MessageBody::DoViewChange(metadr_vr::wire::DoViewChange {
                head: number,
                entries,
                ..Default::default()
            });
            long
        };
        for number in 1..=5 {
            sender.push(long(number));
            let (urgent, bulk) = bytes(&receiver);
            assert!(urgent + bulk <= MAX_BYTES);
        }
        let mut left = Vec::new();
        while let Some(Some(message)) = receiver.next(true).now_or_never() {
            match message.body {
                MessageBody::DoViewChange(report) => left.push(report.head),
                other => panic!("{other:?}"),
            }
        }
        // Four of them are too long with their headers.
        assert_eq!(left, [3, 4, 5]);
        assert_eq!(bytes(&receiver), (0, 0));
    }

    #[test]
    fn too_many_messages_cost_the_oldest() {
        let (sender, receiver) = outbox();
        sender.push(chunk(1, 10));
        let last = MAX_MESSAGES as u64 + 2;
        for target in 1..=last {
            sender.push(vote(target));
        }
        let left = drain(&receiver);
        assert_eq!(left.len(), MAX_MESSAGES);
        assert_eq!((left[0], left[MAX_MESSAGES - 1]), (3, last as i64));
    }

    #[test]
    fn one_message_has_room_however_long_it_is() {
        let (sender, receiver) = outbox();
        sender.push(chunk(1, MAX_BULK_BYTES + 1));
        sender.push(chunk(2, 10));
        assert_eq!(drain(&receiver), [-1]);
    }
}
