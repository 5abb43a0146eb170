//! Links that are cut, mended and dropped.

use super::super::{Cut, SimStream};
use super::{ONE, SECOND, TWO, pair, pause};
use crate::rt::{Listener, Runtime, Sim, timeout};
use futures::io::{AsyncReadExt, AsyncWriteExt};
use std::future::poll_fn;
use std::io::{self, ErrorKind};
use std::net::SocketAddr;

#[test]
fn a_silent_cut_holds_everything_until_it_is_mended() {
    let sim = Sim::new(0);
    sim.block_on(async {
        let (mut client, mut server) = pair(&sim).await;
        client.write_all(b"under way, ").await.unwrap();
        sim.net().cut(ONE, TWO, Cut::Silent);
        client.write_all(b"sent later").await.unwrap();
        client.close().await.unwrap();
        assert!(hears_nothing(&sim, &mut server).await);
        sim.net().mend(ONE, TWO);
        let mut all = String::new();
        server.read_to_string(&mut all).await.unwrap();
        assert_eq!(all, "under way, sent later");
        server.write_all(b"!").await.unwrap();
        client.read_exact(&mut [0]).await.unwrap();
    });
}

#[test]
fn one_way_can_be_silent_alone() {
    let sim = Sim::new(0);
    sim.block_on(async {
        let (mut client, mut server) = pair(&sim).await;
        sim.net().cut_way(ONE, TWO, Cut::Silent);
        client.write_all(b"question").await.unwrap();
        server.write_all(b"answer").await.unwrap();
        client.read_exact(&mut [0; 6]).await.unwrap();
        assert!(hears_nothing(&sim, &mut server).await);
        sim.net().mend_way(ONE, TWO);
        server.read_exact(&mut [0; 8]).await.unwrap();
    });
}

#[test]
fn connecting_over_a_silent_link_waits_until_it_is_mended() {
    let sim = Sim::new(0);
    sim.block_on(async {
        let address = SocketAddr::from((TWO, 7));
        let mut listener = sim.host(TWO).listen(address).await.unwrap();
        sim.net().cut_way(TWO, ONE, Cut::Silent);
        let client = sim.host(ONE);
        let mut connect = Box::pin(client.connect(address));
        assert!(timeout(&sim, SECOND, connect.as_mut()).await.is_none());
        // The other host knows of it already.
        poll_fn(|cx| listener.poll_accept(cx)).await.unwrap();
        sim.net().mend(TWO, ONE);
        connect.await.unwrap();
    });
}

#[test]
fn a_reset_link_ends_connections_at_once_and_refuses_others() {
    let sim = Sim::new(0);
    sim.block_on(async {
        let (mut client, mut server) = pair(&sim).await;
        let (mut reader, mut local) = (pair(&sim).await, pair_on_one(&sim).await);
        reader.0.write_all(b"arrives").await.unwrap();
        pause(&sim, SECOND).await;
        client.write_all(b"under way").await.unwrap();
        sim.net().cut(ONE, TWO, Cut::Reset);
        let now = sim.now();
        assert_eq!(
            failure(client.read(&mut [0]).await),
            ErrorKind::ConnectionReset
        );
        assert_eq!(
            failure(client.write(&[0]).await),
            ErrorKind::ConnectionReset
        );
        assert_eq!(
            failure(server.read(&mut [0]).await),
            ErrorKind::ConnectionReset
        );
        let mut arrived = [0; 7];
        reader.1.read_exact(&mut arrived).await.unwrap();
        assert_eq!(&arrived, b"arrives");
        assert_eq!(
            failure(reader.1.read(&mut [0]).await),
            ErrorKind::ConnectionReset
        );
        let address = SocketAddr::from((TWO, 7));
        let _listener = sim.host(TWO).listen(address).await.unwrap();
        let refused = sim.host(ONE).connect(address).await;
        assert_eq!(failure(refused), ErrorKind::ConnectionRefused);
        assert_eq!(sim.now(), now);
        // Others are not concerned, and neither are later ones.
        local.0.write_all(b"!").await.unwrap();
        local.1.read_exact(&mut [0]).await.unwrap();
        drop((client, server, reader));
        sim.net().mend(ONE, TWO);
        assert_eq!(sim.net().connections(), 1);
        sim.host(ONE).connect(address).await.unwrap();
    });
}

#[test]
fn a_reset_of_one_way_leaves_the_other_end_in_doubt() {
    let sim = Sim::new(0);
    sim.block_on(async {
        let (mut client, mut server) = pair(&sim).await;
        sim.net().cut_way(ONE, TWO, Cut::Reset);
        assert_eq!(
            failure(client.read(&mut [0]).await),
            ErrorKind::ConnectionReset
        );
        server.write_all(b"are you there?").await.unwrap();
        assert!(hears_nothing(&sim, &mut server).await);
        sim.net().mend_way(ONE, TWO);
        assert!(hears_nothing(&sim, &mut server).await);
        server.write_all(b"and now?").await.unwrap();
        assert_eq!(
            failure(server.read(&mut [0]).await),
            ErrorKind::ConnectionReset
        );
    });
}

/// As their probes for room are answered.
#[test]
fn who_waits_for_room_on_a_dead_connection_is_told() {
    for is_dropped in [false, true] {
        let sim = Sim::new(0);
        sim.block_on(async {
            let (mut client, server) = pair(&sim).await;
            let mut writing = Box::pin(client.write_all(&[0; 1_000_000]));
            assert!(timeout(&sim, SECOND, writing.as_mut()).await.is_none());
            if is_dropped {
                sim.net().drop_link(ONE, TWO);
            } else {
                // What it says is lost.
                sim.net().cut_way(TWO, ONE, Cut::Reset);
                drop(server);
            }
            let written = timeout(&sim, SECOND, writing.as_mut()).await;
            assert!(written.is_none());
            sim.net().mend(ONE, TWO);
            assert_eq!(failure(writing.await), ErrorKind::ConnectionReset);
        });
    }
}

#[test]
fn a_dropped_link_forgets_its_connections() {
    let sim = Sim::new(0);
    sim.block_on(async {
        let (mut client, mut server) = pair(&sim).await;
        let (mut quiet, other_end) = pair(&sim).await;
        client.write_all(b"lost").await.unwrap();
        sim.net().drop_link(ONE, TWO);
        client.write_all(b"lost as well").await.unwrap();
        assert!(hears_nothing(&sim, &mut server).await);
        assert!(hears_nothing(&sim, &mut client).await);
        sim.net().mend(ONE, TWO);
        // What it sent is sent again, to somebody who knows of nothing.
        assert_eq!(
            failure(client.read(&mut [0]).await),
            ErrorKind::ConnectionReset
        );
        assert!(hears_nothing(&sim, &mut server).await);
        server.write_all(b"!").await.unwrap();
        assert_eq!(
            failure(server.read(&mut [0]).await),
            ErrorKind::ConnectionReset
        );
        // Whoever sends nothing is never told.
        drop(other_end);
        assert!(hears_nothing(&sim, &mut quiet).await);
        pair(&sim).await;
    });
}

#[test]
fn dropping_what_was_not_read_is_a_reset() {
    let sim = Sim::new(0);
    sim.block_on(async {
        let (mut client, server) = pair(&sim).await;
        client.write_all(b"unread").await.unwrap();
        pause(&sim, SECOND).await;
        drop(server);
        assert_eq!(
            failure(client.read(&mut [0]).await),
            ErrorKind::ConnectionReset
        );
    });
}

#[test]
fn a_listener_that_goes_ends_what_it_has_not_accepted() {
    let sim = Sim::new(0);
    sim.block_on(async {
        let address = SocketAddr::from((TWO, 7));
        let listener = sim.host(TWO).listen(address).await.unwrap();
        let mut client = sim.host(ONE).connect(address).await.unwrap();
        drop(listener);
        assert_eq!(client.read(&mut [0]).await.unwrap(), 0);
        while client.write_all(b"anybody?").await.is_ok() {
            pause(&sim, SECOND).await;
        }
        drop(client);
    });
    assert_eq!(sim.net().connections(), 0);
}

async fn pair_on_one(sim: &Sim) -> (SimStream, SimStream) {
    let one = sim.host(ONE);
    crate::rt::conformance::pair(&one).await
}

/// For as long as anything could take.
async fn hears_nothing(sim: &Sim, stream: &mut SimStream) -> bool {
    let heard = timeout(sim, SECOND * 1000, stream.read(&mut [0])).await;
    heard.is_none()
}

fn failure<T>(result: io::Result<T>) -> ErrorKind {
    result.map(drop).unwrap_err().kind()
}
