//! Ending a server without ending the calls in flight.

use async_channel::{Receiver, Sender};
use std::convert::Infallible;

/// Tells servers to stop: to accept nothing more, finish the calls in flight,
/// and close their connections. A clone is another handle to the same signal,
/// which can be given once. Dropping handles does not give it.
#[derive(Clone, Debug)]
pub struct Shutdown {
    signal: Sender<Infallible>,
    // The channel is open while it has both ends.
    _open: Receiver<Infallible>,
}

impl Shutdown {
    /// A signal that has not been given.
    #[must_use]
    pub fn new() -> Self {
        let (signal, _open) = async_channel::bounded(1);
        Self { signal, _open }
    }

    /// Gives the signal.
    pub fn start(&self) {
        self.signal.close();
    }

    /// Whether the signal has been given.
    #[must_use]
    pub fn has_started(&self) -> bool {
        self.signal.is_closed()
    }

    /// Waits until the signal is given.
    pub async fn started(&self) {
        self.signal.closed().await;
    }
}

impl Default for Shutdown {
    fn default() -> Self {
        Self::new()
    }
}
