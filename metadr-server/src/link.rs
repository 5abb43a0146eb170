//! Connections to the other replicas: one each, for what this one sends.
//!
//! A link connects again whenever it has to. What it cannot send it drops:
//! the protocol repeats what matters.
//!
//! Nothing comes back on a link, so it cannot see by itself that its packets
//! no longer arrive; TCP would go on for a quarter of an hour, and after a long
//! partition wait for minutes before its next attempt. But a peer that lives
//! says something every second, on its own link.

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
}

/// When a peer was last heard, in nanoseconds of the runtime's clock.
#[derive(Clone, Default)]
struct Heard(Arc<AtomicU64>);

impl Heard {
    /// Whether the peer has been silent too long for a connection made at `since`.
    fn is_silent(&self, since: Instant, now: Instant) -> bool {
        let heard = Instant::ZERO + Duration::from_nanos(self.0.load(Ordering::Relaxed));
        now.saturating_duration_since(heard.max(since)) > SILENCE
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
            links.insert(id, Link { queue, heard });
        }
        Self { links }
    }

    /// Notes that a peer has said something.
    pub(crate) fn heard(&self, from: ReplicaId, now: Instant) {
        if let Some(link) = self.links.get(&from) {
            link.heard.0.store(now.as_nanos(), Ordering::Relaxed);
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
        if client.rpc().is_closed() || heard.is_silent(since, runtime.now()) {
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
