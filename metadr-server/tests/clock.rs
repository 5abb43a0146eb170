//! A replica on machines with strange clocks: one so busy that time passes
//! between any two looks at it, and one that is broken.

use metadr_runtime::rpc::Shutdown;
use metadr_runtime::rt::{AsyncStd, Instant, Runtime, Smol, timeout};
use metadr_server::Durability;
use metadr_server::config::{Config, Endpoint};
use metadr_server::timers::Timers;
use metadr_server::{AdminFrom, Ended, Listeners, Running, Setup, start};
use std::env;
use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

const TICK: Duration = Duration::from_millis(metadr_vr::Tick::MILLIS);

/// It was told to stop at one time, and of ticks at an earlier one.
#[test]
fn time_does_not_go_back_in_a_replica_that_is_asked_to_stop() {
    let smol = Smol::new();
    // It is never read twice within a tick.
    let hasty = |now: Instant, times| now + TICK * times;
    let runtime = Strange::new(smol.clone(), hasty);
    let directory = tempfile::tempdir().unwrap();
    smol.block_on(async {
        let replica = start_alone(&runtime, directory.path()).await;
        // By the real clock.
        let ended = timeout(&smol, Duration::from_secs(60), replica.stop()).await;
        assert!(matches!(ended, Some((Ended::Kept, _))), "{ended:?}");
    });
}

/// An executor that catches panics left a process that answered nobody.
#[test]
fn a_replica_that_finds_itself_wrong_ends_its_process() {
    const CHILD: &str = "METADR_TEST_CHILD";
    if env::var_os(CHILD).is_none() {
        let name = "a_replica_that_finds_itself_wrong_ends_its_process";
        let mut command = Command::new(env::current_exe().unwrap());
        command.args(["--exact", name, "--nocapture"]);
        let output = command.env(CHILD, "1").output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(101), "{said}");
        assert!(said.contains("time went back"), "{said}");
        return;
    }
    let under = AsyncStd::new();
    // A replica asserts that this cannot be.
    let backwards = |_, times| Instant::ZERO + TICK * if times < 60 { times } else { 20 };
    let runtime = Strange::new(under.clone(), backwards);
    let directory = tempfile::tempdir().unwrap();
    under.block_on(async {
        let _replica = start_alone(&runtime, directory.path()).await;
        let enough = under.now() + Duration::from_secs(60);
        under.sleep_until(enough).await;
    });
}

/// Starts a replica that is a group of its own.
async fn start_alone<R: Runtime>(runtime: &R, directory: &Path) -> Running {
    let listeners = Listeners::bind_free_loopback(runtime).await.unwrap();
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
    let state = directory.join("state");
    let setup = Setup {
        config: &config,
        id: 0,
        state: &state,
        mode: Durability::Memory,
        timers: Timers::default(),
        checkpoint_ops: None,
        admin_from: AdminFrom::Loopback,
    };
    start(runtime, setup, listeners, &Shutdown::new()).unwrap()
}

/// A runtime with another clock.
#[derive(Clone)]
struct Strange<R> {
    under: R,
    /// What it says, by the real time and by how often it was read.
    clock: fn(Instant, u32) -> Instant,
    times: Arc<AtomicU32>,
}

impl<R> Strange<R> {
    fn new(under: R, clock: fn(Instant, u32) -> Instant) -> Self {
        let times = Arc::default();
        Self {
            under,
            clock,
            times,
        }
    }
}

impl<R: Runtime> Runtime for Strange<R> {
    type Stream = R::Stream;
    type Listener = R::Listener;
    type Sleep = R::Sleep;

    fn now(&self) -> Instant {
        let times = self.times.fetch_add(1, Ordering::Relaxed);
        (self.clock)(self.under.now(), times)
    }

    // Early or late by what the clock is wrong, as timers may be.
    fn sleep_until(&self, deadline: Instant) -> Self::Sleep {
        self.under.sleep_until(deadline)
    }

    fn spawn<F>(&self, future: F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        self.under.spawn(future);
    }

    async fn connect(&self, addr: SocketAddr) -> io::Result<Self::Stream> {
        self.under.connect(addr).await
    }

    async fn listen(&self, addr: SocketAddr) -> io::Result<Self::Listener> {
        self.under.listen(addr).await
    }

    async fn resolve(&self, host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
        self.under.resolve(host, port).await
    }
}
