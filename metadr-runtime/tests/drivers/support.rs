//! Servers, clients and bare sockets for the tests.

use crate::Tested;
use crate::service::calc::v1::{Client, Service};
use crate::service::{Calc, Other, other};
use futures::channel::oneshot;
use futures::future::join;
use futures::io::AsyncReadExt;
use metadr_runtime::rpc::{self, ClientConfig, Limits, Shutdown, serve};
use metadr_runtime::rt::{Listener, Runtime, timeout};
use std::future::poll_fn;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

/// More than any test takes.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);
/// For things that must not happen.
pub(crate) const MOMENT: Duration = Duration::from_millis(50);

pub(crate) type Stream = <Tested as Runtime>::Stream;

/// A server, and what it takes to meet it.
pub(crate) struct Bed {
    pub(crate) runtime: Tested,
    pub(crate) address: SocketAddr,
    pub(crate) service: Arc<Calc>,
    pub(crate) shutdown: Shutdown,
    pub(crate) served: Option<oneshot::Receiver<io::Result<()>>>,
}

/// Runs `test` beside a server with the usual limits, except that it does not
/// wait long for calls that nobody finishes.
pub(crate) fn with_server(test: impl AsyncFnOnce(&mut Bed)) {
    let limits = Limits {
        drain_time: MOMENT,
        ..Limits::default()
    };
    with_limits(limits, test);
}

/// Runs `test` beside a server, which must then end when it is told to.
pub(crate) fn with_limits(limits: Limits, test: impl AsyncFnOnce(&mut Bed)) {
    let runtime = Tested::default();
    run(&runtime.clone(), async move {
        let mut bed = Bed::new(runtime, limits).await;
        test(&mut bed).await;
        bed.shutdown.start();
        if let Some(served) = bed.served.take() {
            served.await.expect("the server reports its end").unwrap();
        }
    });
}

/// Runs a future, for as long as any test may take.
pub(crate) fn run(runtime: &Tested, test: impl Future<Output = ()>) {
    let in_time = runtime.block_on(timeout(runtime, PATIENCE, test));
    in_time.expect("the test does not hang");
}

/// Both ends of a connection.
pub(crate) async fn socket_pair(runtime: &Tested) -> (Stream, Stream) {
    let any_port = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let mut listener = runtime.listen(any_port).await.unwrap();
    let address = listener.local_addr().unwrap();
    let accept = poll_fn(|cx| listener.poll_accept(cx));
    let (one, other) = join(runtime.connect(address), accept).await;
    (one.unwrap(), other.unwrap().0)
}

impl Bed {
    async fn new(runtime: Tested, limits: Limits) -> Self {
        let any_port = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let listener = runtime.listen(any_port).await.unwrap();
        let address = listener.local_addr().unwrap();
        let service = Arc::<Calc>::default();
        let services = (
            Service(Arc::clone(&service)),
            other::v3::Service(Other),
            other::v5::Service(Other),
        );
        let shutdown = Shutdown::new();
        let (report, served) = oneshot::channel();
        let serving = serve(
            runtime.clone(),
            listener,
            Arc::new(services),
            limits,
            shutdown.clone(),
        );
        runtime.spawn(async move {
            let _ = report.send(serving.await);
        });
        Self {
            runtime,
            address,
            service,
            shutdown,
            served: Some(served),
        }
    }

    /// A client with default settings.
    pub(crate) async fn client(&self) -> Client {
        self.client_with(ClientConfig::default()).await
    }

    pub(crate) async fn client_with(&self, config: ClientConfig) -> Client {
        let client = rpc::Client::connect(&self.runtime, self.address, config);
        Client::new(client.await.unwrap())
    }

    /// A bare connection to the server.
    pub(crate) async fn socket(&self) -> Stream {
        self.runtime.connect(self.address).await.unwrap()
    }

    pub(crate) async fn pause(&self, duration: Duration) {
        self.runtime
            .sleep_until(self.runtime.now() + duration)
            .await;
    }

    /// Waits until `condition` holds.
    pub(crate) async fn until(&self, mut condition: impl FnMut() -> bool) {
        while !condition() {
            self.pause(Duration::from_millis(1)).await;
        }
    }
}

/// A record of these words.
pub(crate) fn record(words: &[u32]) -> Vec<u8> {
    let mark = 0x8000_0000 | (4 * words.len() as u32);
    let words = [&[mark], words].concat();
    words.iter().flat_map(|word| word.to_be_bytes()).collect()
}

/// A call of a procedure of version 1, without a credential.
pub(crate) fn call(xid: u32, program: u32, procedure: u32, arguments: &[u32]) -> Vec<u8> {
    let header = [xid, 0, 2, program, 1, procedure, 0, 0, 0, 0];
    record(&[&header[..], arguments].concat())
}

/// The words of the next record.
pub(crate) async fn read_record(socket: &mut Stream) -> Vec<u32> {
    let mut mark = [0; 4];
    socket.read_exact(&mut mark).await.unwrap();
    let length = u32::from_be_bytes(mark) & 0x7fff_ffff;
    let mut record = vec![0; length as usize];
    socket.read_exact(&mut record).await.unwrap();
    let (words, _) = record.as_chunks();
    words.iter().map(|word| u32::from_be_bytes(*word)).collect()
}

/// The words of a reply to a call that was executed.
pub(crate) fn success(xid: u32, results: &[u32]) -> Vec<u32> {
    [&[xid, 1, 0, 0, 0, 0], results].concat()
}

/// The words of a reply to a call whose arguments are malformed.
pub(crate) fn garbage_arguments(xid: u32) -> Vec<u32> {
    vec![xid, 1, 0, 0, 0, 4]
}
