//! Hosts, names, and what links are like.

use super::super::Link;
use super::{ONE, SECOND, TWO, pair, pause};
use crate::rt::{Instant, Listener, Runtime, Sim};
use futures::channel::oneshot;
use futures::future::join;
use futures::io::{AsyncReadExt, AsyncWriteExt};
use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

#[test]
fn hosts_have_addresses_and_loopbacks_of_their_own() {
    let sim = Sim::new(0);
    let (one, two) = (sim.host(ONE), sim.host(TWO));
    sim.block_on(async {
        let port = 7;
        let loopback = SocketAddr::from(([127, 0, 0, 1], port));
        let mut on_one = one.listen(loopback).await.unwrap();
        let _on_two = two.listen(loopback).await.unwrap();
        let any = SocketAddr::from(([0, 0, 0, 0], port));
        assert_eq!(failure(one.listen(any).await), io::ErrorKind::AddrInUse);
        let elsewhere = SocketAddr::from((TWO, port));
        let failed = failure(one.listen(elsewhere).await);
        assert_eq!(failed, io::ErrorKind::AddrNotAvailable);

        // Only its own loopback is listened on.
        let outside = SocketAddr::from((ONE, port));
        let refused = failure(two.connect(outside).await);
        assert_eq!(refused, io::ErrorKind::ConnectionRefused);
        let accept = poll_fn(|cx| on_one.poll_accept(cx));
        let (stream, accepted) = join(one.connect(loopback), accept).await;
        let (stream, (other, peer)) = (stream.unwrap(), accepted.unwrap());
        assert_eq!(peer, stream.local_addr());
        assert_eq!(stream.peer_addr(), loopback);
        assert_eq!(other.local_addr(), loopback);

        drop(on_one);
        let mut on_all = one.listen(any).await.unwrap();
        let accept = poll_fn(|cx| on_all.poll_accept(cx));
        let (stream, accepted) = join(two.connect(outside), accept).await;
        assert_eq!(stream.unwrap().local_addr(), accepted.unwrap().1);
    });
}

#[test]
fn names_stand_for_what_they_were_given() {
    let sim = Sim::new(0);
    sim.net().set_name("server", &[TWO, ONE]);
    let resolved = sim.block_on(sim.resolve("server", 7)).unwrap();
    let expected = [SocketAddr::from((TWO, 7)), SocketAddr::from((ONE, 7))];
    assert_eq!(resolved, expected);
    let unknown = sim.block_on(sim.resolve("client", 7)).map(drop);
    assert_eq!(failure(unknown), io::ErrorKind::NotFound);
}

#[test]
fn each_way_has_its_own_delay() {
    let sim = Sim::new(0);
    let delayed = |delay| Link {
        delay: delay..=delay,
        ..Link::default()
    };
    sim.net().set_way(ONE, TWO, delayed(SECOND));
    sim.net().set_way(TWO, ONE, delayed(SECOND * 10));
    sim.block_on(async {
        let (mut client, mut server) = pair(&sim).await;
        assert_eq!(sim.now(), Instant::ZERO + SECOND * 11);
        client.write_all(b"!").await.unwrap();
        server.read_exact(&mut [0]).await.unwrap();
        assert_eq!(sim.now(), Instant::ZERO + SECOND * 12);
        server.write_all(b"!").await.unwrap();
        client.read_exact(&mut [0]).await.unwrap();
        assert_eq!(sim.now(), Instant::ZERO + SECOND * 22);
    });
}

#[test]
fn delays_vary_within_their_range_and_keep_the_order() {
    let sim = Sim::new(0);
    let delay = SECOND..=SECOND * 5;
    let link = Link {
        delay: delay.clone(),
        ..Link::default()
    };
    sim.net().set_default_link(link);
    sim.block_on(async {
        let (mut client, mut server) = pair(&sim).await;
        let mut times = Vec::new();
        for number in 0..20 {
            let sent = sim.now();
            client.write_all(&[number]).await.unwrap();
            let mut byte = [0];
            server.read_exact(&mut byte).await.unwrap();
            assert_eq!(byte, [number]);
            times.push(sim.now().saturating_duration_since(sent));
        }
        assert!(times.iter().all(|time| delay.contains(time)), "{times:?}");
        times.dedup();
        assert_eq!(times.len(), 20);

        let all: Vec<u8> = (0..=255).collect();
        for part in all.chunks(10) {
            client.write_all(part).await.unwrap();
        }
        let mut received = vec![0; 256];
        server.read_exact(&mut received).await.unwrap();
        assert_eq!(received, all);
    });
}

#[test]
fn connections_share_a_narrow_link() {
    let sim = Sim::new(0);
    let narrow = Link {
        delay: Duration::ZERO..=Duration::ZERO,
        bytes_per_second: Some(1000),
        buffer: 1 << 20,
    };
    sim.net().set_default_link(narrow);
    sim.block_on(async {
        let (one, two) = (pair(&sim).await, pair(&sim).await);
        let mut received = Vec::new();
        for (mut client, mut server) in [one, two] {
            client.write_all(&[7; 5000]).await.unwrap();
            let (report, reported) = oneshot::channel();
            let inside = sim.clone();
            sim.spawn(async move {
                server.read_exact(&mut [0; 5000]).await.unwrap();
                report.send(inside.now()).unwrap();
                drop(client);
            });
            received.push(reported);
        }
        // It took no time to write them: the first ones are through before the
        // last ones are.
        assert_eq!(sim.now(), Instant::ZERO);
        let times = futures::future::join_all(received).await;
        let expected = [5, 10].map(|seconds| Ok(Instant::ZERO + SECOND * seconds));
        assert_eq!(times, expected);
    });
}

#[test]
fn a_writer_waits_while_the_buffer_is_full() {
    let sim = Sim::new(0);
    let small = Link {
        delay: SECOND..=SECOND,
        buffer: 100,
        ..Link::default()
    };
    sim.net().set_default_link(small);
    sim.block_on(async {
        let (mut client, mut server) = pair(&sim).await;
        let (report, reported) = oneshot::channel();
        let inside = sim.clone();
        sim.spawn(async move {
            client.write_all(&[7; 150]).await.unwrap();
            report.send(inside.now()).unwrap();
        });
        pause(&sim, SECOND * 100).await;
        let mut received = [0; 60];
        server.read_exact(&mut received).await.unwrap();
        let reading = sim.now();
        server.read_exact(&mut [0; 90]).await.unwrap();
        // There was room as soon as somebody read.
        assert_eq!(reported.await, Ok(reading));
        assert_eq!(sim.now(), reading + SECOND);
    });
}

fn failure<T>(result: io::Result<T>) -> io::ErrorKind {
    result.map(drop).unwrap_err().kind()
}
