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
    /// Calls that wait for a connection while there is none. More fail at once.
    /// Default: 1024.
    pub max_waiting_calls: usize,
    /// The longest reply that is accepted, in bytes. Default: 16 MiB.
    pub max_reply: usize,
    /// Whether and how the connection is made anew when it is lost. Default: it
    /// is not.
    pub reconnect: Option<Reconnect>,
    /// Where the first transaction id and the pauses between attempts to connect
    /// come from, so that a simulation can be repeated. Default: another one
    /// for each connection.
    pub seed: Option<u64>,
}

/// How often to try to connect again.
///
/// A connection that is lost is made anew when a call needs one. If that fails,
/// or nothing has ever been answered on it, the next attempt is made after a
/// pause, which doubles from time to time. Of each pause a random part, up to
/// half of it, is left out, so that the clients of a server that comes back do
/// not all come at once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reconnect {
    /// The first pause. Default: 100 milliseconds.
    pub min_pause: Duration,
    /// The longest pause. Default: 10 seconds.
    pub max_pause: Duration,
}

impl Default for Reconnect {
    fn default() -> Self {
        Self {
            min_pause: Duration::from_millis(100),
            max_pause: Duration::from_secs(10),
        }
    }
}

impl Default for ClientConfig {
    fn default() -> Self {
        Self {
            call_timeout: Duration::from_secs(10),
            connect_timeout: Duration::from_secs(5),
            credential: OpaqueAuth::none(),
            max_calls_in_flight: 1024,
            max_queued_bytes: 1 << 20,
            max_waiting_calls: 1024,
            max_reply: 16 << 20,
            reconnect: None,
            seed: None,
        }
    }
}
