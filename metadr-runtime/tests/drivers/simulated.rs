//! Calls between hosts of a simulation, over links that are slow, narrow or cut.

use crate::service::calc::v1::{Client, Service};
use crate::service::{Calc, Pair};
use futures::future::join_all;
use futures::poll;
use metadr_runtime::rpc::{
    self, CallError, ClientConfig, CloseReason, Limits, Reconnect, Shutdown, serve,
};
use metadr_runtime::rt::sim::{Cut, Link};
use metadr_runtime::rt::{Runtime, Sim, timeout};
use std::io::ErrorKind;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

const SERVER: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 0, 0, 1));
const CLIENT: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 0, 0, 2));
const SECOND: Duration = Duration::from_secs(1);

/// Serves on one host, and connects from the other.
async fn connect(sim: &Sim, service: &Arc<Calc>, config: ClientConfig) -> Client {
    let (server, client) = (sim.host(SERVER), sim.host(CLIENT));
    let address = SocketAddr::from((SERVER, 7));
    let listener = server.listen(address).await.unwrap();
    let service = Arc::new(Service(Arc::clone(service)));
    let serving = serve(
        server.clone(),
        listener,
        service,
        Limits::default(),
        Shutdown::new(),
    );
    server.spawn(async move { serving.await.unwrap() });
    let client = rpc::Client::connect(&client, address, config).await;
    Client::new(client.unwrap())
}

fn config(seed: u64) -> ClientConfig {
    ClientConfig {
        seed: Some(seed),
        ..ClientConfig::default()
    }
}

/// Many calls at once, of tasks that take turns as the seed says. Gives the
/// order in which the server saw them.
fn run(seed: u64) -> (Vec<u32>, u64) {
    let sim = Sim::new(seed);
    sim.net().set_default_link(Link {
        bytes_per_second: Some(10_000),
        buffer: 100,
        ..Link::default()
    });
    let calc = Arc::<Calc>::default();
    sim.block_on(async {
        let client = connect(&sim, &calc, config(seed)).await;
        let calls = (0..100).map(|left| {
            let (client, (report, sum)) = (client.clone(), futures::channel::oneshot::channel());
            sim.spawn(async move {
                let sum = client.add(Pair { left, right: 1 }).await;
                report.send(sum).unwrap();
            });
            sum
        });
        let sums = join_all(calls.collect::<Vec<_>>()).await;
        let expected: Vec<_> = (1..=100).map(|sum| Ok(Ok(sum))).collect();
        assert_eq!(sums, expected);
    });
    sim.drop_tasks();
    let order = calc.notes.lock().unwrap().clone();
    (order, sim.fingerprint())
}

#[test]
fn a_seed_is_a_run_of_client_and_server() {
    for seed in 0..10 {
        let (order, fingerprint) = run(seed);
        assert_eq!(run(seed), (order.clone(), fingerprint));
        let (other_order, other_fingerprint) = run(seed + 1);
        assert_ne!(other_order, order);
        assert_ne!(other_fingerprint, fingerprint);
    }
}

#[test]
fn a_call_takes_both_ways_and_nothing_else() {
    let sim = Sim::new(0);
    sim.net().set_default_link(Link {
        delay: SECOND..=SECOND,
        ..Link::default()
    });
    sim.block_on(async {
        let calc = Arc::<Calc>::default();
        let client = connect(&sim, &calc, config(0)).await;
        for _ in 0..3 {
            let start = sim.now();
            assert_eq!(client.add(Pair { left: 1, right: 2 }).await, Ok(3));
            assert_eq!(sim.now(), start + 2 * SECOND);
        }
    });
}

#[test]
fn a_call_over_a_silent_link_ends_at_its_deadline() {
    let sim = Sim::new(0);
    sim.block_on(async {
        let calc = Arc::<Calc>::default();
        let client = connect(&sim, &calc, config(0)).await;
        sim.net().cut_way(SERVER, CLIENT, Cut::Silent);
        let start = sim.now();
        let error = client.add(Pair { left: 1, right: 2 }).await.unwrap_err();
        assert_eq!(error, CallError::TimedOut { sent: true });
        assert_eq!(sim.now(), start + ClientConfig::default().call_timeout);
        // Only the reply was held back; it is late now, and ignored.
        assert_eq!(*calc.notes.lock().unwrap(), [1]);
        sim.net().mend(SERVER, CLIENT);
        assert_eq!(client.add(Pair { left: 3, right: 4 }).await, Ok(7));
    });
}

#[test]
fn a_reset_fails_all_calls_at_once() {
    let sim = Sim::new(0);
    sim.block_on(async {
        let calc = Arc::<Calc>::default();
        let client = connect(&sim, &calc, config(0)).await;
        let mut calls: Vec<_> = (0..5).map(|number| Box::pin(client.hold(number))).collect();
        for call in &mut calls {
            assert!(poll!(call).is_pending());
        }
        sim.sleep_until(sim.now() + SECOND).await;
        let start = sim.now();
        sim.net().cut(CLIENT, SERVER, Cut::Reset);
        for result in join_all(calls).await {
            let Err(CallError::Closed { reason, sent: true }) = result else {
                panic!("{result:?}");
            };
            let reset = ErrorKind::ConnectionReset;
            assert!(
                matches!(reason, CloseReason::Failed { kind, .. } if kind == reset),
                "{reason}"
            );
        }
        assert_eq!(sim.now(), start);
    });
}

#[test]
fn a_client_connects_again_once_the_link_is_mended() {
    let sim = Sim::new(0);
    sim.block_on(async {
        let calc = Arc::<Calc>::default();
        let config = ClientConfig {
            reconnect: Some(Reconnect::default()),
            ..config(0)
        };
        let client = connect(&sim, &calc, config).await;
        assert_eq!(client.add(Pair { left: 1, right: 2 }).await, Ok(3));
        sim.net().cut(CLIENT, SERVER, Cut::Reset);
        let mut call = pin!(client.add(Pair { left: 3, right: 4 }));
        let refused = timeout(&sim, 3 * SECOND, call.as_mut()).await;
        assert_eq!(refused, None);
        sim.net().mend(CLIENT, SERVER);
        assert_eq!(call.await, Ok(7));
    });
}
