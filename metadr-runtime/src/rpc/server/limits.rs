//! What a server grants its callers.

use std::time::Duration;

/// What a server grants its callers. Whatever they send, it costs no more than
/// this, and a caller who breaks a rule loses only its own connection.
///
/// [`Duration::MAX`] is for ever.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The longest call, in bytes with its header. A longer one ends the
    /// connection, after the calls before it. Default: 1 MiB and 1 KiB.
    pub max_record: usize,
    /// Calls of a connection whose handlers have not finished. When there are
    /// so many, no more is read from it. Default: 256.
    pub max_calls_in_flight: usize,
    /// Bytes of such calls of a connection, likewise; one call may go over it.
    /// Default: 4 MiB.
    pub max_bytes_in_flight: usize,
    /// Bytes of replies that a connection has not taken. When there are so
    /// many, no more is read from it, and its handlers are not polled; one
    /// reply may go over it. Default: 1 MiB.
    pub max_unsent_bytes: usize,
    /// Bytes that all connections to a listener together may hold: calls that
    /// have not arrived in full, calls in flight and replies that were not
    /// taken, without the first 8 KiB of each connection. Default: 256 MiB.
    ///
    /// When there are so many, no more is read from those that hold some, and
    /// each makes its next reply only when it has none unsent. Those in the
    /// middle of a call have their turns, one after the other, to finish it all
    /// the same: none waits for ever. So it may be exceeded by one call, and by
    /// one reply for each connection.
    pub max_total_bytes: usize,
    /// Connections to a listener. More are closed at once. Default: 1024.
    pub max_connections: usize,
    /// How long a call may take to arrive after its first byte has. Default:
    /// 30 seconds.
    pub record_time: Duration,
    /// How long a caller may take none of the bytes of its replies. Default:
    /// 30 seconds.
    pub write_time: Duration,
    /// How long a connection may go on after the caller has ended its half of
    /// it, or the server is shutting down: its handlers, and the caller in taking
    /// the replies. Then it is cut off. Default: 10 seconds.
    pub drain_time: Duration,
    /// How long a connection may be open with nothing to do: no call has begun
    /// to arrive, none is in flight, and no reply is unsent. It is closed then,
    /// which most clients take for a failure of the server. Default: for ever.
    pub idle_time: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_record: (1 << 20) + 1024,
            max_calls_in_flight: 256,
            max_bytes_in_flight: 4 << 20,
            max_unsent_bytes: 1 << 20,
            max_total_bytes: 256 << 20,
            max_connections: 1024,
            record_time: Duration::from_secs(30),
            write_time: Duration::from_secs(30),
            drain_time: Duration::from_secs(10),
            idle_time: Duration::MAX,
        }
    }
}
