//! Connections that are lost, and made anew.

use crate::Tested;
use crate::support::{MOMENT, run, socket_pair};
use futures::future::{join, pending, select};
use futures::poll;
use metadr_runtime::rpc::{
    CallError, Client, ClientConfig, CloseReason, IncomingCall, Limits, Procedure, ProgramVersion,
    Reconnect, Reply, Service, Shutdown, serve_connection,
};
use metadr_runtime::rt::{Listener, Runtime};
use metadr_runtime::xdr::{Encoder, XdrEncoder};
use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

const PROCEDURE: Procedure = Procedure::unnamed(0x2000_0003, 1, 1);

#[test]
fn a_lost_connection_is_made_anew_for_the_next_call() {
    with_server(async |runtime, server| {
        let port = server.address.port();
        let client = Client::connect_host(runtime, "localhost", port, config()).await;
        let client = client.unwrap();
        assert_eq!(call(&client).await, Ok(()));
        for executed in 2..5 {
            server.kill();
            until(runtime, || !client.is_connected()).await;
            assert!(!client.is_closed());
            server.start(runtime).await;
            assert_eq!(call(&client).await, Ok(()));
            assert_eq!(server.executed(), executed);
        }
    });
}

#[test]
fn a_call_that_may_have_been_executed_is_not_made_again() {
    with_server(async |runtime, server| {
        let client = connect(runtime, server).await;
        server.be_stuck(true);
        let mut stuck = pin!(call(&client));
        assert!(poll!(stuck.as_mut()).is_pending());
        until(runtime, || server.executed() == 1).await;
        server.kill();
        server.be_stuck(false);
        server.start(runtime).await;
        let error = stuck.await.unwrap_err();
        assert!(matches!(error, CallError::Closed { sent: true, .. }));
        assert!(!error.not_executed());
        assert_eq!(call(&client).await, Ok(()));
        assert_eq!(server.executed(), 2);
    });
}

#[test]
fn an_idempotent_call_is_made_again() {
    with_server(async |runtime, server| {
        let client = connect(runtime, server).await.with_idempotent(true);
        server.be_stuck(true);
        let mut stuck = pin!(call(&client));
        assert!(poll!(stuck.as_mut()).is_pending());
        until(runtime, || server.executed() == 1).await;
        server.kill();
        server.be_stuck(false);
        server.start(runtime).await;
        assert_eq!(stuck.await, Ok(()));
        assert_eq!(server.executed(), 2);
    });
}

#[test]
fn an_idempotent_call_that_ends_in_time_may_still_have_been_executed() {
    with_server(async |runtime, server| {
        let client = connect(runtime, server).await.with_idempotent(true);
        let hasty = client.with_timeout(4 * MOMENT);
        server.be_stuck(true);
        let mut stuck = pin!(call(&hasty));
        assert!(poll!(stuck.as_mut()).is_pending());
        until(runtime, || server.executed() == 1).await;
        server.kill();
        // It waits for a connection then, but was sent on an earlier one.
        assert_eq!(stuck.await, Err(CallError::TimedOut { sent: true }));
    });
}

#[test]
fn a_call_that_cannot_have_been_executed_is_made_again() {
    with_server(async |runtime, server| {
        // The first connection leads to somebody who never reads.
        let (ours, theirs) = socket_pair(runtime).await;
        let address = server.address;
        let (inside, mut first) = (runtime.clone(), Some(ours));
        let connect = move || {
            let (runtime, first) = (inside.clone(), first.take());
            async move {
                match first {
                    Some(stream) => Ok(stream),
                    None => runtime.connect(address).await,
                }
            }
        };
        let client = Client::connect_with(runtime, connect, config()).await;
        let client = client.unwrap();
        let mut small = pin!(call(&client));
        assert!(poll!(small.as_mut()).is_pending());
        // More than the kernel takes.
        let large = |encoder: &mut XdrEncoder<'_>| {
            encoder.put_opaque_fixed(&vec![0; 16 << 20]);
            Ok(())
        };
        let mut large = pin!(client.call(&PROCEDURE, large, |_| Ok(())));
        assert!(poll!(large.as_mut()).is_pending());
        pause(runtime, MOMENT).await;
        drop(theirs);
        let (small, large) = join(small, large).await;
        // This one was written in full, though nobody has read it.
        assert!(matches!(small, Err(CallError::Closed { sent: true, .. })));
        assert_eq!(large, Ok(()));
        assert_eq!(server.executed(), 1);
    });
}

#[test]
fn calls_wait_for_a_server_that_comes_back() {
    with_server(async |runtime, server| {
        let client = connect(runtime, server).await;
        server.kill();
        until(runtime, || !client.is_connected()).await;
        let mut waiting = pin!(join(call(&client), call(&client)));
        assert!(poll!(waiting.as_mut()).is_pending());
        let hasty = client.with_timeout(2 * MOMENT);
        let late = CallError::TimedOut { sent: false };
        assert_eq!(call(&hasty).await, Err(late));
        let send = hasty.send(&PROCEDURE, |_| Ok(())).await;
        assert_eq!(send, Err(CallError::TimedOut { sent: false }));
        server.start(runtime).await;
        assert_eq!(waiting.await, (Ok(()), Ok(())));
        assert_eq!(server.executed(), 2);
    });
}

#[test]
fn only_so_many_calls_wait_for_a_connection() {
    with_server(async |runtime, server| {
        let config = ClientConfig {
            max_waiting_calls: 2,
            ..config()
        };
        let client = Client::connect(runtime, server.address, config).await;
        let client = client.unwrap();
        server.kill();
        until(runtime, || !client.is_connected()).await;
        let mut waiting = pin!(join(call(&client), call(&client)));
        assert!(poll!(waiting.as_mut()).is_pending());
        let error = call(&client).await.unwrap_err();
        assert!(matches!(error, CallError::Closed { sent: false, .. }));

        // Closing ends those that wait.
        client.close();
        assert_eq!(client.closed().await, CloseReason::ByThisSide);
        let (one, other) = waiting.await;
        let closed = Err(CallError::Closed {
            reason: CloseReason::ByThisSide,
            sent: false,
        });
        assert_eq!((one, other), (closed.clone(), closed));
    });
}

#[test]
fn attempts_to_connect_are_made_when_needed_and_with_pauses() {
    let runtime = Tested::default();
    run(&runtime.clone(), async {
        let attempts = Arc::new(AtomicUsize::new(0));
        let connect = {
            let attempts = Arc::clone(&attempts);
            move || {
                attempts.fetch_add(1, Ordering::Relaxed);
                async {
                    let refused = io::ErrorKind::ConnectionRefused;
                    Err::<<Tested as Runtime>::Stream, _>(refused.into())
                }
            }
        };
        let config = ClientConfig {
            reconnect: Some(Reconnect {
                min_pause: Duration::from_millis(20),
                max_pause: Duration::from_millis(40),
            }),
            ..ClientConfig::default()
        };
        let client = Client::connect_later(&runtime, connect, config);
        pause(&runtime, MOMENT).await;
        assert_eq!(attempts.load(Ordering::Relaxed), 0);
        let start = runtime.now();
        let mut waiting = pin!(call(&client));
        assert!(poll!(waiting.as_mut()).is_pending());
        until(&runtime, || attempts.load(Ordering::Relaxed) >= 4).await;
        let least = Duration::from_millis(10 + 20 + 20);
        assert!(runtime.now() >= start + least);
        assert!(poll!(waiting.as_mut()).is_pending());
    });
}

/// A server that can be killed and started again, at the same address.
struct Mortal {
    address: SocketAddr,
    service: Arc<Counter>,
    death: Shutdown,
}

/// Counts the calls that it executes, and answers them unless it is stuck.
#[derive(Default)]
struct Counter {
    executed: AtomicUsize,
    is_stuck: AtomicBool,
}

impl Service for Counter {
    fn programs(&self) -> Vec<ProgramVersion> {
        vec![PROCEDURE.program_version()]
    }

    async fn call(&self, call: IncomingCall) -> Reply {
        self.executed.fetch_add(1, Ordering::Relaxed);
        if self.is_stuck.load(Ordering::Relaxed) {
            pending::<()>().await;
        }
        call.null()
    }
}

impl Mortal {
    fn executed(&self) -> usize {
        self.service.executed.load(Ordering::Relaxed)
    }

    fn be_stuck(&self, is_stuck: bool) {
        self.service.is_stuck.store(is_stuck, Ordering::Relaxed);
    }

    /// Cuts all connections, and accepts no more.
    fn kill(&self) {
        self.death.start();
    }

    async fn start(&mut self, runtime: &Tested) {
        let mut listener = loop {
            match runtime.listen(self.address).await {
                Ok(listener) => break listener,
                // The one before lives for another moment.
                Err(error) if error.kind() == io::ErrorKind::AddrInUse => {
                    pause(runtime, Duration::from_millis(1)).await;
                }
                Err(error) => panic!("{error}"),
            }
        };
        self.address = listener.local_addr().unwrap();
        self.death = Shutdown::new();
        let (inside, death) = (runtime.clone(), self.death.clone());
        let service = Arc::clone(&self.service);
        runtime.spawn(until_death(death.clone(), async move {
            loop {
                let accepted = poll_fn(|cx| listener.poll_accept(cx)).await;
                let serving = serve_connection(
                    inside.clone(),
                    accepted.unwrap().0,
                    Arc::clone(&service),
                    Limits {
                        max_record: 64 << 20,
                        ..Limits::default()
                    },
                    Shutdown::new(),
                );
                let serving = async move { drop(serving.await) };
                inside.spawn(until_death(death.clone(), serving));
            }
        }));
    }
}

async fn until_death(death: Shutdown, task: impl Future<Output = ()>) {
    select(pin!(death.started()), pin!(task)).await;
}

fn with_server(test: impl AsyncFnOnce(&Tested, &mut Mortal)) {
    let runtime = Tested::default();
    run(&runtime.clone(), async move {
        let mut server = Mortal {
            address: ([127, 0, 0, 1], 0).into(),
            service: Arc::default(),
            death: Shutdown::new(),
        };
        server.start(&runtime).await;
        test(&runtime, &mut server).await;
        server.kill();
    });
}

/// Tries again soon.
fn config() -> ClientConfig {
    ClientConfig {
        reconnect: Some(Reconnect {
            min_pause: Duration::from_millis(2),
            max_pause: Duration::from_millis(10),
        }),
        ..ClientConfig::default()
    }
}

async fn connect(runtime: &Tested, server: &Mortal) -> Client {
    let client = Client::connect(runtime, server.address, config());
    client.await.unwrap()
}

async fn call(client: &Client) -> Result<(), CallError> {
    client.call(&PROCEDURE, |_| Ok(()), |_| Ok(())).await
}

async fn pause(runtime: &Tested, duration: Duration) {
    runtime.sleep_until(runtime.now() + duration).await;
}

async fn until(runtime: &Tested, mut condition: impl FnMut() -> bool) {
    while !condition() {
        pause(runtime, Duration::from_millis(1)).await;
    }
}
