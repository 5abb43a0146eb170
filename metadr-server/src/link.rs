//! Connections to the other replicas: one each, for what this one sends.
//!
//! A link connects again whenever it has to. What it cannot send it drops:
//! the protocol repeats what matters.
//!
//! Nothing comes back on a link, so it cannot see by itself that its packets
//! no longer arrive; TCP would go on for a quarter of an hour, and after a long
//! partition wait for minutes before its next attempt. But a peer that lives
//! says something every second, on its own link. And a peer that hears nobody
//! makes its link anew: that it is heard afterwards tells nothing of the other
//! direction, which needs a new connection as well.

use crate::config::Endpoint;
use crate::last_words::EndsProcess;
use crate::wire::replication::metadr_replica::v1;
use metadr_runtime::rpc::{CallError, Client, ClientConfig};
use metadr_runtime::rt::{Instant, Runtime, timeout};
use metadr_runtime::xdr;
use metadr_vr::wire::{Frame, Message, ReplicaId};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Messages that may wait for a peer's socket. How many bytes they have is
/// limited by the replica's window for each peer.
const WAITING: usize = 256;

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
    queue: async_channel::Sender<Message>,
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

    /// Whether a connection to the peer that was made at `since` may lead
    /// nowhere: the peer has been silent too long, or it has connected again.
    /// If it did so when this connection was new, it did because this one is.
    fn is_doubtful(&self, since: Instant, now: Instant) -> bool {
        let time =
            |nanos: &AtomicU64| Instant::ZERO + Duration::from_nanos(nanos.load(Ordering::Relaxed));
        let is_silent = now.saturating_duration_since(time(&self.0.heard).max(since)) > SILENCE;
        let connected = time(&self.0.connected);
        is_silent || connected.saturating_duration_since(since) > SILENCE
    }
}

impl Links {
    /// Starts a link to each of `peers`.
    pub(crate) fn start<R: Runtime>(runtime: &R, peers: Vec<(ReplicaId, Endpoint)>) -> Self {
        let mut links = BTreeMap::new();
        for (id, endpoint) in peers {
            let (queue, receiver) = async_channel::bounded(WAITING);
            let heard = Heard::default();
            runtime.spawn(run(runtime.clone(), endpoint, receiver, heard.clone()));
            let link = Link {
                queue,
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

    /// Sends a message, or drops it if too many wait.
    pub(crate) fn send(&self, to: ReplicaId, message: Message) {
        if let Some(link) = self.links.get(&to) {
            drop(link.queue.try_send(message));
        }
    }
}

async fn run<R: Runtime>(
    runtime: R,
    endpoint: Endpoint,
    queue: async_channel::Receiver<Message>,
    heard: Heard,
) {
    // Without the link a peer would seem to be gone, for good.
    let _ends_process = EndsProcess;
    let config = ClientConfig {
        connect_timeout: Duration::from_secs(1),
        // A PREPARE with the largest operation has to fit as well.
        max_queued_bytes: 4 << 20,
        ..ClientConfig::default()
    };
    while !queue.is_closed() {
        let rpc = Client::connect_host(&runtime, &endpoint.host, endpoint.port, config.clone());
        if let Ok(rpc) = rpc.await {
            forward(&runtime, &v1::Client::new(rpc), &queue, &heard).await;
        } else {
            runtime.sleep_until(runtime.now() + RETRY).await;
        }
        // What has gathered meanwhile is old.
        while queue.try_recv().is_ok() {}
    }
}

/// Sends what comes until the connection or the replica is gone, or the peer
/// seems to be.
async fn forward<R: Runtime>(
    runtime: &R,
    client: &v1::Client,
    queue: &async_channel::Receiver<Message>,
    heard: &Heard,
) {
    let since = runtime.now();
    while let Ok(message) = queue.recv().await {
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
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
