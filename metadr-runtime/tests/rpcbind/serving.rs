//! Servers that are registered while they serve.

use crate::Tested;
use crate::scripted::Scripted;
use crate::support::adder::v1;
use crate::support::{
    ADDER, Adder, Pair, TcpListener, adds, dead_address, listen, run, until, with,
};
use futures::channel::oneshot;
use futures::future::join;
use metadr_runtime::rpc::rpcbind::{
    Location, RegisterError, ServeError, Version, connect_by, serve_registered,
};
use metadr_runtime::rpc::{Client, ClientConfig, Limits, Shutdown};
use metadr_runtime::rt::{Listener, Runtime};
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll};

type Stream = <Tested as Runtime>::Stream;

/// A registered server in a task of its own.
struct Registered {
    service: Arc<Adder>,
    shutdown: Shutdown,
    served: oneshot::Receiver<Result<(), ServeError>>,
}

impl Registered {
    fn start(
        runtime: &Tested,
        listener: impl Listener<Stream = Stream>,
        location: &Location,
    ) -> Self {
        let (service, shutdown) = (Arc::<Adder>::default(), Shutdown::new());
        let (report, served) = oneshot::channel();
        let serving = serve_registered(
            runtime.clone(),
            listener,
            Arc::new(v1::Service(Arc::clone(&service))),
            Limits::default(),
            shutdown.clone(),
            with(location),
        );
        runtime.spawn(async {
            report.send(serving.await).expect("the test waits for it");
        });
        Self {
            service,
            shutdown,
            served,
        }
    }

    async fn end(self) -> Result<(), ServeError> {
        self.shutdown.start();
        self.served.await.expect("the server reports its end")
    }
}

#[test]
fn a_server_is_registered_while_it_serves() {
    for version in [Version::V2, Version::V3, Version::V4] {
        run(async |runtime| {
            let (table, location) = Scripted::start(&runtime, version).await;
            let server = Registered::start(&runtime, listen(&runtime).await, &location);
            until(&runtime, || !table.table().is_empty()).await;
            let config = ClientConfig::default();
            let client = connect_by(&runtime, &location, ADDER, config.clone())
                .await
                .unwrap();
            assert!(adds(client.clone()).await);

            // Nobody is sent to it any more while it finishes its calls.
            let shutdown = server.shutdown.clone();
            let finishing = async {
                let held = || server.service.held.lock().unwrap().take();
                let mut release = None;
                until(&runtime, || {
                    release = held();
                    release.is_some()
                })
                .await;
                shutdown.start();
                until(&runtime, || table.table().is_empty()).await;
                release.unwrap().send(()).unwrap();
            };
            let client = v1::Client::new(client);
            let held = client.add(Pair { left: 0, right: 0 });
            let (sum, ()) = join(held, finishing).await;
            assert_eq!(sum, Ok(0));
            server.end().await.unwrap();
        });
    }
}

#[test]
fn a_server_that_is_told_to_stop_at_once_leaves_nothing_behind() {
    run(async |runtime| {
        let (table, location) = Scripted::start(&runtime, Version::V4).await;
        let server = Registered::start(&runtime, listen(&runtime).await, &location);
        server.end().await.unwrap();
        assert_eq!(table.table(), [""; 0]);
    });
}

#[test]
fn a_server_that_cannot_be_registered_serves_nobody() {
    run(async |runtime| {
        let nowhere = Location::Tcp(dead_address());
        let listener = listen(&runtime).await;
        let address = listener.local_addr().unwrap();
        let server = Registered::start(&runtime, listener, &nowhere);
        let outcome = server.served.await.unwrap();
        let is_expected = matches!(
            &outcome,
            Err(ServeError::Register(RegisterError::Rpcbind(_)))
        );
        assert!(is_expected, "{outcome:?}");
        let client = Client::connect(&runtime, address, ClientConfig::default()).await;
        assert_eq!(client.unwrap_err().kind(), io::ErrorKind::ConnectionRefused);
    });
}

/// A listener that cannot accept.
struct Broken(TcpListener);

impl Listener for Broken {
    type Stream = Stream;

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.0.local_addr()
    }

    fn poll_accept(&mut self, _: &mut Context<'_>) -> Poll<io::Result<(Stream, SocketAddr)>> {
        Poll::Ready(Err(io::ErrorKind::InvalidInput.into()))
    }
}

#[test]
fn a_server_whose_listener_fails_is_removed() {
    run(async |runtime| {
        let (table, location) = Scripted::start(&runtime, Version::V4).await;
        let broken = Broken(listen(&runtime).await);
        let server = Registered::start(&runtime, broken, &location);
        let outcome = server.served.await.unwrap();
        assert!(matches!(outcome, Err(ServeError::Serve(_))), "{outcome:?}");
        assert_eq!(table.table(), [""; 0]);
    });
}

#[test]
fn a_server_that_stays_registered_says_so_at_its_end() {
    run(async |runtime| {
        let (table, location) = Scripted::start(&runtime, Version::V4).await;
        let server = Registered::start(&runtime, listen(&runtime).await, &location);
        until(&runtime, || !table.table().is_empty()).await;
        table.keeps.store(true, Ordering::Relaxed);
        let outcome = server.end().await;
        let is_expected = matches!(
            &outcome,
            Err(ServeError::Unregister(RegisterError::NotRemoved(_)))
        );
        assert!(is_expected, "{outcome:?}");
    });
}
