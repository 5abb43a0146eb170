//! Connections to the other replicas: one each, for what this one sends.
//!
//! A link connects again whenever it has to. What it cannot send it drops:
//! the protocol repeats what matters.
//!
//! Of bulk there is one message on the way at a time, all buffers between the
//! two processes included: a heartbeat waits behind no more than that. The peer
//! answers a call without arguments when it has it.
//!
//! Nothing else comes back on a link, so it cannot see by itself that its packets
//! no longer arrive; TCP would go on for a quarter of an hour, and after a long
//! partition wait for minutes before its next attempt. But a peer that lives
//! says something every second, on its own link. And a peer that hears nobody
//! makes its link anew: that it is heard afterwards tells nothing of the other
//! direction, which needs a new connection as well.

use crate::config::Endpoint;
use crate::last_words::EndsProcess;
use crate::outbox::{self, is_bulk, outbox};
use crate::wire::replication::metadr_replica::v1;
use futures::future::{Either, Fuse, FusedFuture as _, FutureExt as _, select};
use metadr_runtime::rpc::{CallError, Client, ClientConfig, Procedure};
use metadr_runtime::rt::{Instant, Runtime, timeout};
use metadr_runtime::xdr;
use metadr_vr::wire::{Frame, Message, ReplicaId};
use std::collections::BTreeMap;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Bytes that may wait in the connection before the next message stays in the
/// outbox, where what is urgent comes first; one message may go over it.
const IN_CONNECTION: usize = 64 << 10;

/// How long to wait before the next attempt to connect.
const RETRY: Duration = Duration::from_millis(100);

/// A connection is given up when its peer was not heard for so long: twice as
/// long as a peer that lives stays silent.
const SILENCE: Duration = Duration::from_secs(2);

/// Sends to every other replica.
pub(crate) struct Links {
    links: BTreeMap<ReplicaId, Link>,
}

struct Link {
    endpoint: Endpoint,
    outbox: outbox::Sender,
    heard: Heard,
    /// The latest connection of the peer's own link.
    incoming: Option<u64>,
}

/// What is known of a peer from its own link, in nanoseconds of the runtime's
/// clock.
#[derive(Clone, Default)]
struct Heard(Arc<Times>);

#[derive(Default)]
struct Times {
    /// When it was last heard.
    heard: AtomicU64,
    /// When it was first heard on the latest of its connections.
    connected: AtomicU64,
}

impl Heard {
    fn note(&self, now: Instant, is_new_connection: bool) {
        self.0.heard.store(now.as_nanos(), Ordering::Relaxed);
        if is_new_connection {
            self.0.connected.store(now.as_nanos(), Ordering::Relaxed);
        }
    }

    /// When the peer was last heard, if it ever was.
    fn last(&self) -> Instant {
        time(&self.0.heard)
    }

    /// Whether a connection to the peer that was made at `since` may lead
    /// nowhere: the peer has been silent too long, or it has connected again.
    /// If it did so when this connection was new, it did because this one is.
    fn is_doubtful(&self, since: Instant, now: Instant) -> bool {
        let is_silent = now.saturating_duration_since(time(&self.0.heard).max(since)) > SILENCE;
        let connected = time(&self.0.connected);
        is_silent || connected.saturating_duration_since(since) > SILENCE
    }
}

fn time(nanos: &AtomicU64) -> Instant {
    Instant::ZERO + Duration::from_nanos(nanos.load(Ordering::Relaxed))
}

impl Links {
    /// Starts a link to each of `peers`.
    pub(crate) fn start<R: Runtime>(runtime: &R, peers: Vec<(ReplicaId, Endpoint)>) -> Self {
        let mut links = BTreeMap::new();
        for (id, endpoint) in peers {
            let (outbox, receiver) = outbox();
            let heard = Heard::default();
            let task = run(runtime.clone(), endpoint.clone(), receiver, heard.clone());
            runtime.spawn(task);
            let link = Link {
                endpoint,
                outbox,
                heard,
                incoming: None,
            };
            links.insert(id, link);
        }
        Self { links }
    }

    /// Notes that a peer has said something, on the connection of this number:
    /// later ones have higher numbers.
    pub(crate) fn heard(&mut self, from: ReplicaId, connection: u64, now: Instant) {
        if let Some(link) = self.links.get_mut(&from) {
            let is_new = link.incoming.is_none_or(|latest| latest < connection);
            if is_new {
                link.incoming = Some(connection);
            }
            link.heard.note(now, is_new);
        }
    }

    /// Every peer, with its address, and when it was last heard.
    pub(crate) fn peers(&self) -> impl Iterator<Item = (ReplicaId, &Endpoint, Option<Instant>)> {
        let links = self.links.iter();
        links.map(|(id, link)| {
            // Whoever was heard has a connection.
            let heard = link.incoming.map(|_| link.heard.last());
            (*id, &link.endpoint, heard)
        })
    }

    /// Sends a message; drops it, or others, if too much waits.
    pub(crate) fn send(&self, to: ReplicaId, message: Message) {
        if let Some(link) = self.links.get(&to) {
            link.outbox.push(message);
        }
    }
}

async fn run<R: Runtime>(runtime: R, endpoint: Endpoint, outbox: outbox::Receiver, heard: Heard) {
    // Without the link a peer would seem to be gone, for good.
    let _ends_process = EndsProcess;
    let config = ClientConfig {
        connect_timeout: Duration::from_secs(1),
        max_queued_bytes: IN_CONNECTION,
        ..ClientConfig::default()
    };
    while !outbox.is_closed() {
        let rpc = Client::connect_host(&runtime, &endpoint.host, endpoint.port, config.clone());
        if let Ok(rpc) = rpc.await {
            forward(&runtime, &v1::Client::new(rpc), &outbox, &heard).await;
        } else {
            runtime.sleep_until(runtime.now() + RETRY).await;
        }
        // What has gathered meanwhile is old.
        outbox.clear();
    }
}

/// Sends what comes until the connection or the replica is gone, or the peer
/// seems to be.
async fn forward<R: Runtime>(
    runtime: &R,
    client: &v1::Client,
    outbox: &outbox::Receiver,
    heard: &Heard,
) {
    let since = runtime.now();
    let mut arrival = pin!(Fuse::terminated());
    loop {
        let next = pin!(outbox.next(arrival.is_terminated()));
        let message = match select(next, arrival.as_mut()).await {
            Either::Left((Some(message), _)) => message,
            Either::Right((Ok(()), _)) => continue,
            Either::Left((None, _)) | Either::Right((Err(_), _)) => return,
        };
        if client.rpc().is_closed() || heard.is_doubtful(since, runtime.now()) {
            return;
        }
        let encoded = xdr::to_bytes(&message).expect("a message has no bounds to break");
        let frame = Frame {
            crc32c: crc32c::crc32c(&encoded),
            message: encoded,
        };
        match timeout(runtime, SILENCE, client.deliver(&frame)).await {
            Some(Ok(())) => {}
            Some(Err(CallError::Closed { .. })) | None => return,
            // A single message that cannot be sent is as good as lost.
            Some(Err(_)) => {}
        }
        if is_bulk(&message) {
            arrival.set(arrival_of_all(client).fuse());
        }
    }
}

/// Waits until the peer has what was sent: it begins calls in their order.
async fn arrival_of_all(client: &v1::Client) -> Result<(), CallError> {
    let deliver = v1::descriptor::DELIVER;
    let null = Procedure::unnamed(deliver.program(), deliver.version(), 0);
    client.rpc().call(&null, |_| Ok(()), |_| Ok(())).await
}

#[cfg(test)]
mod tests {
    use super::*;
    use metadr_runtime::rt::Smol;
    use metadr_vr::wire::{Envelope, EpochView, Incarnation, LogChunk, MessageBody};
    use std::io::{Read as _, Write as _};
    use std::net::{TcpListener, TcpStream};

    /// The peer's end of a link, by hand.
    struct Peer(TcpStream);

    impl Peer {
        /// The next call: its transaction id, and the message that it delivers.
        fn receive(&mut self) -> (u32, Option<MessageBody>) {
            let mut mark = [0; 4];
            self.0.read_exact(&mut mark).expect("a record");
            let mut record = vec![0; (u32::from_be_bytes(mark) & 0x7fff_ffff) as usize];
            self.0.read_exact(&mut record).expect("a record");
            let word = |at: usize| {
                let word = record[4 * at..].first_chunk().expect("a header");
                u32::from_be_bytes(*word)
            };
            // Of the ten words of the header, the sixth is the procedure.
            let message = (word(5) == 1).then(|| {
                let frame = record[40..].to_vec();
                let frame: Frame = xdr::from_bytes(frame.into()).expect("a frame");
                let message: Message = xdr::from_bytes(frame.message).expect("a message");
                message.body
            });
            (word(0), message)
        }

        /// Answers a call that has no results.
        fn answer(&mut self, xid: u32) {
            // One fragment of 24 bytes; REPLY, accepted, no verifier, SUCCESS.
            let words = [0x8000_0018, xid, 1, 0, 0, 0, 0];
            let reply: Vec<u8> = words.into_iter().flat_map(u32::to_be_bytes).collect();
            self.0.write_all(&reply).expect("the link reads");
        }

        fn receive_null(&mut self) -> u32 {
            let (xid, message) = self.receive();
            assert_eq!(message, None);
            xid
        }

        fn receive_chunk(&mut self) -> u64 {
            match self.receive().1 {
                Some(MessageBody::LogChunk(chunk)) => chunk.request,
                other => panic!("{other:?}"),
            }
        }
    }

    #[test]
    fn one_bulk_message_is_on_its_way_at_a_time() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let runtime = Smol::new();
        let driven = runtime.clone();
        let (stop, stopped) = async_channel::bounded::<()>(1);
        let driver = std::thread::spawn(move || driven.block_on(stopped.recv()).is_err());
        let host = "127.0.0.1".to_owned();
        let links = Links::start(&runtime, vec![(1, Endpoint { host, port })]);
        let send = |body| {
            let envelope = Envelope {
                cluster: [0; 16],
                sender: 0,
                instance: [0; 16],
                incarnation: Incarnation::default(),
                promise: EpochView::default(),
            };
            links.send(1, Message { envelope, body });
        };
        for request in [1, 2, 3] {
            let chunk = LogChunk {
                request,
                ..LogChunk::default()
            };
            send(MessageBody::LogChunk(chunk));
        }
        let mut peer = Peer(listener.accept().unwrap().0);
        assert_eq!(peer.receive_chunk(), 1);
        let arrived = peer.receive_null();
        // What is urgent need not wait for the answer, and the rest does.
        send(MessageBody::GetView);
        assert_eq!(peer.receive().1, Some(MessageBody::GetView));
        send(MessageBody::EnterView);
        assert_eq!(peer.receive().1, Some(MessageBody::EnterView));
        peer.answer(arrived);
        assert_eq!(peer.receive_chunk(), 2);
        let arrived = peer.receive_null();
        peer.answer(arrived);
        assert_eq!(peer.receive_chunk(), 3);
        drop(stop);
        assert!(driver.join().unwrap());
    }

    #[test]
    fn a_link_is_doubtful_when_its_peer_is_silent_or_has_connected_again() {
        let at = |millis| Instant::ZERO + Duration::from_millis(millis);
        let heard = Heard::default();
        assert!(!heard.is_doubtful(at(0), at(2000)));
        assert!(heard.is_doubtful(at(0), at(2001)));
        heard.note(at(2500), false);
        assert!(!heard.is_doubtful(at(0), at(4500)));
        assert!(heard.is_doubtful(at(0), at(4501)));
        // Whoever answers a new connection with a new one is not answered.
        heard.note(at(4600), true);
        assert!(heard.is_doubtful(at(2599), at(4600)));
        assert!(!heard.is_doubtful(at(2600), at(4600)));
        assert!(!heard.is_doubtful(at(4700), at(4700)));
    }
}
