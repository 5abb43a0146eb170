//! A replica on a machine so busy that time passes between any two looks at
//! the clock.

use metadr_runtime::rpc::Shutdown;
use metadr_runtime::rt::{Instant, Runtime, Smol, timeout};
use metadr_server::config::{Config, Endpoint};
use metadr_server::{Ended, Listeners, start};
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

const TICK: Duration = Duration::from_millis(metadr_vr::Tick::MILLIS);

/// It was told to stop at one time, and of ticks at an earlier one.
#[test]
fn time_does_not_go_back_in_a_replica_that_is_asked_to_stop() {
    let smol = Smol::new();
    let runtime = Hasty {
        smol: smol.clone(),
        ahead: Arc::default(),
    };
    let directory = tempfile::tempdir().unwrap();
    smol.block_on(async {
        let listeners = Listeners::bind_free_loopback(&runtime).await.unwrap();
        let address = listeners.replication_address().unwrap();
        let own = Endpoint {
            host: address.ip().to_string(),
            port: address.port(),
        };
        let config = Config {
            client_port: listeners.client_address().unwrap().port(),
            replication_port: own.port,
            endpoints: vec![own],
            recovering: None,
        };
        let state = directory.path().join("state");
        let shutdown = Shutdown::new();
        let replica = start(&runtime, &config, 0, &state, listeners, &shutdown).unwrap();
        // By the real clock.
        let ended = timeout(&smol, Duration::from_secs(60), replica.stop(&runtime)).await;
        assert!(matches!(ended, Some(Ended::Kept)), "{ended:?}");
    });
}

/// A runtime whose clock is never read twice within a tick.
#[derive(Clone)]
struct Hasty {
    smol: Smol,
    /// How often the clock has been read.
    ahead: Arc<AtomicU64>,
}

impl Runtime for Hasty {
    type Stream = <Smol as Runtime>::Stream;
    type Listener = <Smol as Runtime>::Listener;
    type Sleep = <Smol as Runtime>::Sleep;

    fn now(&self) -> Instant {
        let times = self.ahead.fetch_add(1, Ordering::Relaxed);
        self.smol.now() + TICK * u32::try_from(times).unwrap_or(u32::MAX)
    }

    // Late by what the clock is ahead, as timers may be.
    fn sleep_until(&self, deadline: Instant) -> Self::Sleep {
        self.smol.sleep_until(deadline)
    }

    fn spawn<F>(&self, future: F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        self.smol.spawn(future);
    }

    async fn connect(&self, addr: SocketAddr) -> io::Result<Self::Stream> {
        self.smol.connect(addr).await
    }

    async fn listen(&self, addr: SocketAddr) -> io::Result<Self::Listener> {
        self.smol.listen(addr).await
    }

    async fn resolve(&self, host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
        self.smol.resolve(host, port).await
    }
}
