//! Servers, and what the tests have in common.

use crate::Tested;
use futures::channel::oneshot;
use metadr_runtime::rpc::rpcbind::{Location, Mapping, RegistrationConfig};
use metadr_runtime::rpc::{
    CallContext, Client, ClientConfig, Limits, ProgramVersion, Service, ServiceError, Shutdown,
    serve,
};
use metadr_runtime::rt::{Listener, Runtime, timeout};
use rustix::net;
use std::mem;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::Duration;

metadr_runtime::xdr!("tests/adder.x");

/// A socket of the runtime's that accepts connections.
pub(crate) type TcpListener = <Tested as Runtime>::Listener;

/// More than any test takes.
const PATIENCE: Duration = Duration::from_secs(60);

/// The programs that the tests register.
pub(crate) const ADDER: ProgramVersion = ProgramVersion {
    program: adder::NUMBER,
    version: adder::v1::NUMBER,
};
pub(crate) const OTHER: ProgramVersion = ProgramVersion {
    program: 0x2000_0099,
    version: 3,
};

/// Runs a test, for as long as any may take.
pub(crate) fn run(test: impl AsyncFnOnce(Tested)) {
    let runtime = Tested::new();
    let test = timeout(&runtime, PATIENCE, test(runtime.clone()));
    runtime.block_on(test).expect("the test does not hang");
}

/// Waits until `condition` holds.
pub(crate) async fn until(runtime: &Tested, mut condition: impl FnMut() -> bool) {
    while !condition() {
        let soon = runtime.now() + Duration::from_millis(1);
        runtime.sleep_until(soon).await;
    }
}

pub(crate) async fn listen(runtime: &Tested) -> TcpListener {
    let any_port = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    runtime.listen(any_port).await.unwrap()
}

/// An address at which nobody listens, nor will: a socket has it that is never
/// closed.
pub(crate) fn dead_address() -> SocketAddr {
    let socket = net::socket(net::AddressFamily::INET, net::SocketType::STREAM, None).unwrap();
    net::bind(&socket, &SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).unwrap();
    let address = net::getsockname(&socket).unwrap();
    mem::forget(socket);
    address.try_into().unwrap()
}

/// How to register with this rpcbind, and with patience for tests.
pub(crate) fn with(location: &Location) -> RegistrationConfig {
    RegistrationConfig {
        location: location.clone(),
        ..RegistrationConfig::default()
    }
}

/// A line of the table for a program that is served at an address.
pub(crate) fn line(program: ProgramVersion, address: SocketAddr) -> String {
    let mapping = Mapping::tcp(program, address);
    let ProgramVersion { program, version } = program;
    format!(
        "{program:#x} {version} {} {}",
        mapping.netid, mapping.address
    )
}

/// Serves for ever, at the address that it gives.
pub(crate) fn serve_at(
    runtime: &Tested,
    listener: TcpListener,
    service: impl Service,
) -> SocketAddr {
    let address = listener.local_addr().unwrap();
    let serving = serve(
        runtime.clone(),
        listener,
        Arc::new(service),
        Limits::default(),
        Shutdown::new(),
    );
    runtime.spawn(async { serving.await.unwrap() });
    address
}

/// Adds; holds back the sum of nothing and nothing until it is released.
#[derive(Default)]
pub(crate) struct Adder {
    pub(crate) held: Mutex<Option<oneshot::Sender<()>>>,
}

impl adder::v1::Server for Arc<Adder> {
    async fn add(&self, _: CallContext, pair: Pair) -> Result<i32, ServiceError> {
        if pair == (Pair { left: 0, right: 0 }) {
            let (release, released) = oneshot::channel();
            *self.held.lock().unwrap() = Some(release);
            released.await.map_err(|_| ServiceError::SystemError)?;
        }
        Ok(pair.left + pair.right)
    }
}

pub(crate) fn adder_service() -> adder::v1::Service<Arc<Adder>> {
    adder::v1::Service(Arc::default())
}

/// Whether an adder is behind it.
pub(crate) async fn adds(client: Client) -> bool {
    let client = adder::v1::Client::new(client);
    client.add(Pair { left: 2, right: 3 }).await == Ok(5)
}

/// Settings of a client that does not wait long.
pub(crate) fn impatient() -> ClientConfig {
    ClientConfig {
        call_timeout: Duration::from_millis(100),
        ..ClientConfig::default()
    }
}
