//! What is true of simulations alone; the rest is the conformance suite's.

mod faults;
mod links;
mod running;

use super::{Sim, SimStream};
use crate::rt::{Listener, Runtime};
use futures::future::join;
use std::future::poll_fn;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

const ONE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(10, 0, 0, 1));
const TWO: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(10, 0, 0, 2));
const SECOND: Duration = Duration::from_secs(1);

/// A connection from host [`ONE`] to host [`TWO`].
async fn pair(sim: &Sim) -> (SimStream, SimStream) {
    let (client, server) = (sim.host(ONE), sim.host(TWO));
    let any_port = SocketAddr::from((TWO, 0));
    let mut listener = server.listen(any_port).await.unwrap();
    let address = listener.local_addr().unwrap();
    let accept = poll_fn(|cx| listener.poll_accept(cx));
    let (connected, accepted) = join(client.connect(address), accept).await;
    (connected.unwrap(), accepted.unwrap().0)
}

async fn pause(sim: &Sim, duration: Duration) {
    sim.sleep_until(sim.now() + duration).await;
}
