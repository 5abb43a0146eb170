//! A listener that has its troubles.

use crate::Tested;
use crate::service::{Calc, Other, Pair, calc, other};
use crate::support::run;
use futures::future::join;
use metadr_runtime::rpc::{
    Client, ClientConfig, IncomingCall, Limits, ProgramVersion, Reply, Service, Shutdown, serve,
};
use metadr_runtime::rt::{Instant, Listener, Runtime};
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};

/// Of Linux, where the standard library has no name for it.
const EMFILE: i32 = 24;

#[test]
fn a_server_waits_when_there_are_no_file_descriptors() {
    let runtime = Troubled::new(|| io::Error::from_raw_os_error(EMFILE));
    serve_despite(&runtime);
    // Each pause is twice as long as the one before it.
    let paused = runtime.inner.now().as_nanos();
    assert!(paused >= 10_000_000 * ((1 << TROUBLES) - 1), "{paused} ns");
}

#[test]
fn a_caller_who_has_left_already_is_no_trouble() {
    serve_despite(&Troubled::new(|| io::ErrorKind::ConnectionAborted.into()));
}

#[test]
fn a_listener_that_cannot_accept_ends_the_server() {
    let runtime = Troubled::new(|| io::ErrorKind::InvalidInput.into());
    run(&runtime.inner.clone(), async {
        let served = serving(&runtime, Shutdown::new()).await.1.await;
        let kind = served.err().map(|error| error.kind());
        assert_eq!(kind, Some(io::ErrorKind::InvalidInput));
    });
}

fn serve_despite(runtime: &Troubled) {
    run(&runtime.inner.clone(), async {
        let shutdown = Shutdown::new();
        let (address, serving) = serving(runtime, shutdown.clone()).await;
        let calling = async {
            let config = ClientConfig::default();
            let client = Client::connect(runtime, address, config).await.unwrap();
            let client = calc::v1::Client::new(client);
            assert_eq!(client.add(Pair { left: 1, right: 2 }).await, Ok(3));
            shutdown.start();
        };
        let (served, ()) = join(serving, calling).await;
        served.unwrap();
        assert_eq!(runtime.troubles.load(Ordering::Relaxed), TROUBLES);
    });
}

async fn serving(
    runtime: &Troubled,
    shutdown: Shutdown,
) -> (SocketAddr, impl Future<Output = io::Result<()>>) {
    let any_port = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let listener = runtime.listen(any_port).await.unwrap();
    let address = listener.local_addr().unwrap();
    let service = Arc::new(calc::v1::Service(Arc::<Calc>::default()));
    let limits = Limits::default();
    let serving = serve(runtime.clone(), listener, service, limits, shutdown);
    (address, serving)
}

/// A service that counts the connections that there was no room for.
struct Counting {
    service: calc::v1::Service<Arc<Calc>>,
    refused: AtomicUsize,
}

impl Service for Counting {
    fn programs(&self) -> Vec<ProgramVersion> {
        self.service.programs()
    }

    fn call(&self, call: IncomingCall) -> impl Future<Output = Reply> + Send {
        self.service.call(call)
    }

    fn connection_refused(&self, peer: SocketAddr) {
        assert!(peer.ip().is_loopback());
        self.refused.fetch_add(1, Ordering::Relaxed);
        panic!("it costs nobody anything");
    }
}

#[test]
fn the_service_hears_of_connections_over_the_limit() {
    let runtime = Tested::default();
    run(&runtime, async {
        let any_port = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let listener = runtime.listen(any_port).await.unwrap();
        let address = listener.local_addr().unwrap();
        let counting = Arc::new(Counting {
            service: calc::v1::Service(Arc::default()),
            refused: AtomicUsize::new(0),
        });
        let limits = Limits {
            max_connections: 1,
            ..Limits::default()
        };
        let shutdown = Shutdown::new();
        let service = Arc::new((Arc::clone(&counting), other::v3::Service(Other)));
        let serving = serve(runtime.clone(), listener, service, limits, shutdown.clone());
        let calling = async {
            let config = ClientConfig::default();
            let first = Client::connect(&runtime, address, config.clone()).await;
            let first = calc::v1::Client::new(first.unwrap());
            let pair = Pair { left: 1, right: 2 };
            assert_eq!(first.add(pair).await, Ok(3));
            for refused in 1..4 {
                let another = Client::connect(&runtime, address, config.clone()).await;
                another.unwrap().closed().await;
                assert_eq!(counting.refused.load(Ordering::Relaxed), refused);
            }
            assert_eq!(first.add(pair).await, Ok(3));
            shutdown.start();
        };
        join(serving, calling).await.0.unwrap();
    });
}

/// How often accepting fails.
const TROUBLES: usize = 3;

/// A runtime whose listeners fail at first.
#[derive(Clone)]
struct Troubled {
    inner: Tested,
    trouble: fn() -> io::Error,
    troubles: Arc<AtomicUsize>,
}

impl Troubled {
    fn new(trouble: fn() -> io::Error) -> Self {
        Self {
            inner: Tested::default(),
            trouble,
            troubles: Arc::default(),
        }
    }
}

impl Runtime for Troubled {
    type Stream = <Tested as Runtime>::Stream;
    type Listener = TroubledListener;
    type Sleep = <Tested as Runtime>::Sleep;

    fn now(&self) -> Instant {
        self.inner.now()
    }

    fn sleep_until(&self, deadline: Instant) -> Self::Sleep {
        self.inner.sleep_until(deadline)
    }

    fn spawn<F>(&self, future: F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        self.inner.spawn(future);
    }

    async fn connect(&self, addr: SocketAddr) -> io::Result<Self::Stream> {
        self.inner.connect(addr).await
    }

    async fn listen(&self, addr: SocketAddr) -> io::Result<TroubledListener> {
        let (listener, runtime) = (self.inner.listen(addr).await?, self.clone());
        Ok(TroubledListener { listener, runtime })
    }

    async fn resolve(&self, host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
        self.inner.resolve(host, port).await
    }
}

struct TroubledListener {
    listener: <Tested as Runtime>::Listener,
    runtime: Troubled,
}

impl Listener for TroubledListener {
    type Stream = <Tested as Runtime>::Stream;

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    fn poll_accept(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<(Self::Stream, SocketAddr)>> {
        if self.runtime.troubles.load(Ordering::Relaxed) < TROUBLES {
            self.runtime.troubles.fetch_add(1, Ordering::Relaxed);
            return Poll::Ready(Err((self.runtime.trouble)()));
        }
        self.listener.poll_accept(cx)
    }
}
