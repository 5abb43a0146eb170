//! What a user may set for a connection.

use crate::rpc::OpaqueAuth;
use std::time::Duration;

/// Settings of a [`Client`](super::Client).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientConfig {
    /// How long to wait for a reply, from when the call is made. Handles can
    /// have [their own](super::Client::with_timeout). Default: 10 seconds.
    pub call_timeout: Duration,
    /// How long to wait for the resolver, and for each address to answer.
    /// Default: 5 seconds.
    pub connect_timeout: Duration,
    /// What calls say about who makes them. Default: [`OpaqueAuth::none`].
    pub credential: OpaqueAuth,
    /// Calls that await a reply. More wait their turn. Default: 1024.
    pub max_calls_in_flight: usize,
    /// Bytes that wait to be written, before further calls wait their turn;
    /// one call may go over it. Default: 1 MiB.
    pub max_queued_bytes: usize,
    /// The longest reply that is accepted, in bytes. Default: 16 MiB.
    pub max_reply: usize,
}

impl Default for ClientConfig {
    fn default() -> Self {
        Self {
            call_timeout: Duration::from_secs(10),
            connect_timeout: Duration::from_secs(5),
            credential: OpaqueAuth::none(),
            max_calls_in_flight: 1024,
            max_queued_bytes: 1 << 20,
            max_reply: 16 << 20,
        }
    }
}
