//! Connections to the other replicas: one each, for what this one sends.
//!
//! A link connects again whenever it has to. What it cannot send it drops:
//! the protocol repeats what matters.

use crate::config::Endpoint;
use crate::wire::replication::metadr_replica::v1;
use metadr_runtime::rpc::{CallError, Client, ClientConfig};
use metadr_runtime::rt::Runtime;
use metadr_runtime::xdr;
use metadr_vr::wire::{Frame, Message, ReplicaId};
use std::collections::BTreeMap;
use std::time::Duration;

/// Messages that may wait for a peer's socket. How many bytes they have is
/// limited by the replica's window for each peer.
const WAITING: usize = 256;

/// How long to wait before the next attempt to connect.
const RETRY: Duration = Duration::from_millis(100);

/// Sends to every other replica.
pub(crate) struct Links {
    queues: BTreeMap<ReplicaId, async_channel::Sender<Message>>,
}

impl Links {
    /// Starts a link to each of `peers`.
    pub(crate) fn start<R: Runtime>(runtime: &R, peers: Vec<(ReplicaId, Endpoint)>) -> Self {
        let mut queues = BTreeMap::new();
        for (id, endpoint) in peers {
            let (sender, receiver) = async_channel::bounded(WAITING);
            queues.insert(id, sender);
            runtime.spawn(run(runtime.clone(), endpoint, receiver));
        }
        Self { queues }
    }

    /// Sends a message, or drops it if too many wait.
    pub(crate) fn send(&self, to: ReplicaId, message: Message) {
        if let Some(queue) = self.queues.get(&to) {
            drop(queue.try_send(message));
        }
    }
}

async fn run<R: Runtime>(runtime: R, endpoint: Endpoint, queue: async_channel::Receiver<Message>) {
    let config = ClientConfig {
        connect_timeout: Duration::from_secs(1),
        // A PREPARE with the largest operation has to fit as well.
        max_queued_bytes: 4 << 20,
        ..ClientConfig::default()
    };
    while !queue.is_closed() {
        let rpc = Client::connect_host(&runtime, &endpoint.host, endpoint.port, config.clone());
        if let Ok(rpc) = rpc.await {
            forward(&v1::Client::new(rpc), &queue).await;
        } else {
            runtime.sleep_until(runtime.now() + RETRY).await;
        }
        // What has gathered meanwhile is old.
        while queue.try_recv().is_ok() {}
    }
}

/// Sends what comes until the connection or the replica is gone.
async fn forward(client: &v1::Client, queue: &async_channel::Receiver<Message>) {
    while let Ok(message) = queue.recv().await {
        if client.rpc().is_closed() {
            return;
        }
        let encoded = xdr::to_bytes(&message).expect("a message has no bounds to break");
        let frame = Frame {
            crc32c: crc32c::crc32c(&encoded),
            message: encoded,
        };
        match client.deliver(&frame).await {
            Ok(()) => {}
            Err(CallError::Closed { .. }) => return,
            // A single message that cannot be sent is as good as lost.
            Err(_) => {}
        }
    }
}
