//! What the calls of a connection have in common.

use super::ConnectionId;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};

/// The part of a connection that its calls hold on to.
#[derive(Debug, Default)]
pub(super) struct Connection {
    pub(super) id: ConnectionId,
    pub(super) peer: Option<SocketAddr>,
    pub(super) local: Option<SocketAddr>,
    // Counted from 1; 0 is none.
    last_one_way_call: AtomicU64,
}

impl Connection {
    pub(super) fn new(peer: Option<SocketAddr>, local: Option<SocketAddr>) -> Self {
        Self {
            id: ConnectionId::next(),
            peer,
            local,
            ..Self::default()
        }
    }

    /// Notes that the call with this number must not be answered, even if its
    /// handler panics.
    pub(super) fn note_one_way(&self, call: u64) {
        self.last_one_way_call.store(call, Ordering::Relaxed);
    }

    /// Whether the call with this number, which was the last to be started,
    /// was noted as one that must not be answered.
    pub(super) fn was_one_way(&self, call: u64) -> bool {
        self.last_one_way_call.load(Ordering::Relaxed) == call
    }
}
