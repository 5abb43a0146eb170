//! Our server and our client for the tests.

use crate::every_kind::every_kind::{self, v1, v2, v4};
use crate::service::EveryKind;
use metadr_runtime::rpc::{self, ClientConfig, Limits, Service, Shutdown, serve};
use metadr_runtime::rt::{Listener as _, Runtime as _, Smol, timeout};
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

/// More than any test takes.
const PATIENCE: Duration = Duration::from_secs(60);
/// More than the longest record of a test, and less than what tshark takes.
const MAX_RECORD: usize = 4 << 20;

/// Runs `test` in this thread, beside our server in another one.
pub(crate) fn with_our_server(test: impl FnOnce(SocketAddr)) {
    with_service(every_kind::Service(EveryKind::default()), test);
}

/// Runs `test` in this thread, beside a server in another one, which must then
/// end when it is told to.
pub(crate) fn with_service(service: impl Service, test: impl FnOnce(SocketAddr)) {
    let runtime = Smol::new();
    let any_port = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let listener = runtime.block_on(runtime.listen(any_port)).unwrap();
    let address = listener.local_addr().unwrap();
    let service = Arc::new(service);
    let limits = Limits {
        max_record: MAX_RECORD,
        ..Limits::default()
    };
    let shutdown = Shutdown::new();
    let serving = serve(runtime.clone(), listener, service, limits, shutdown.clone());
    thread::scope(|scope| {
        let server = scope.spawn(|| runtime.block_on(serving));
        // Also if the test panics: the scope waits for the server.
        let stop = OnDrop(|| shutdown.start());
        test(address);
        drop(stop);
        server.join().unwrap().unwrap();
    });
}

/// Does something when it is dropped.
pub(crate) struct OnDrop<F: Fn()>(pub(crate) F);

impl<F: Fn()> Drop for OnDrop<F> {
    fn drop(&mut self) {
        (self.0)();
    }
}

/// Our clients of all versions, on one connection.
pub(crate) struct Clients {
    pub(crate) rpc: rpc::Client,
    pub(crate) single: v1::Client,
    pub(crate) made: v2::Client,
    pub(crate) odd: v4::Client,
}

/// Runs `test` with our clients of a server.
pub(crate) fn with_our_clients(server: SocketAddr, test: impl AsyncFnOnce(Clients)) {
    let runtime = Smol::new();
    let config = ClientConfig::default();
    let test = async {
        let rpc = rpc::Client::connect(&runtime, server, config)
            .await
            .unwrap();
        test(Clients {
            single: v1::Client::new(rpc.clone()),
            made: v2::Client::new(rpc.clone()),
            odd: v4::Client::new(rpc.clone()),
            rpc: rpc.clone(),
        })
        .await;
        // While the runtime is running: the server waits for the end.
        rpc.close();
        rpc.closed().await;
    };
    let in_time = runtime.block_on(timeout(&runtime, PATIENCE, test));
    in_time.expect("the test does not hang");
}
