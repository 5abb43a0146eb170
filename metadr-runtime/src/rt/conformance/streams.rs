//! Connections.

use super::{abandon, pair, pause};
use crate::rt::Runtime;
use futures::channel::oneshot;
use futures::future::join;
use futures::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use std::io::IoSlice;

pub(super) async fn test_all<R: Runtime>(runtime: &R) {
    bytes_go_both_ways(runtime).await;
    the_halves_may_belong_to_different_tasks(runtime).await;
    a_writer_waits_for_its_reader(runtime).await;
    an_abandoned_read_loses_no_bytes(runtime).await;
    all_parts_are_written_in_order(runtime).await;
    many_take_turns(runtime).await;
    a_stream_wakes_the_task_that_polled_it_last(runtime).await;
    each_half_closes_on_its_own(runtime).await;
    nothing_is_sent_after_closing(runtime).await;
    the_end_wakes_a_reader(runtime).await;
    a_dropped_stream_ends_both_ways_for_its_peer(runtime).await;
}

/// More than any socket buffer holds, so that both sides have to wait.
fn much() -> Vec<u8> {
    (0..8 << 20).map(|index: u32| (index >> 8) as u8).collect()
}

/// Reads to the end, which comes after `count` bytes. (`read_to_end` would clear
/// all of its buffer each time that it has waited.)
pub(super) async fn read_all<T: AsyncRead + Unpin>(stream: &mut T, count: usize) -> Vec<u8> {
    let mut bytes = vec![0; count];
    stream.read_exact(&mut bytes).await.unwrap();
    assert_eq!(stream.read(&mut [0]).await.unwrap(), 0);
    bytes
}

async fn bytes_go_both_ways<R: Runtime>(runtime: &R) {
    let (mut client, mut server) = pair(runtime).await;
    let data = much();
    let echo = async {
        let mut buffer = vec![0; 10_000];
        loop {
            match server.read(&mut buffer).await.unwrap() {
                0 => break,
                count => server.write_all(&buffer[..count]).await.unwrap(),
            }
        }
        server.close().await.unwrap();
    };
    let (mut reader, mut writer) = AsyncReadExt::split(&mut client);
    let send = async {
        writer.write_all(&data).await.unwrap();
        writer.close().await.unwrap();
    };
    let receive = read_all(&mut reader, data.len());
    let (echoed, ((), ())) = join(receive, join(send, echo)).await;
    assert!(echoed == data);
}

async fn the_halves_may_belong_to_different_tasks<R: Runtime>(runtime: &R) {
    let (client, server) = pair(runtime).await;
    let (mut received, mut writer) = (Vec::new(), Vec::new());
    for stream in [client, server] {
        let (mut input, mut output) = stream.split();
        let (report, reported) = oneshot::channel();
        runtime.spawn(async move {
            let bytes = read_all(&mut input, much().len()).await;
            report.send(bytes).expect("the test listens");
        });
        received.push(reported);
        let (done, is_done) = oneshot::channel();
        runtime.spawn(async move {
            output.write_all(&much()).await.unwrap();
            output.close().await.unwrap();
            done.send(()).expect("the test listens");
        });
        writer.push(is_done);
    }
    for is_done in writer {
        is_done.await.expect("the writer goes on");
    }
    for bytes in received {
        assert!(bytes.await.expect("the reader goes on") == much());
    }
}

async fn a_writer_waits_for_its_reader<R: Runtime>(runtime: &R) {
    let (mut client, mut server) = pair(runtime).await;
    let block = [7; 4096];
    let mut sent = 0;
    // A moment later, the system may take some more after all.
    for _ in 0..3 {
        while let std::task::Poll::Ready(written) = abandon(client.write(&block)).await {
            sent += written.unwrap();
            assert!(sent < 1 << 30, "nobody reads, and {sent} bytes were taken");
        }
        pause(runtime).await;
    }
    let (done, is_done) = oneshot::channel();
    runtime.spawn(async move {
        let parts = [IoSlice::new(b"the "), IoSlice::new(b"end")];
        // It may take a part of them.
        let written = client.write_vectored(&parts).await.unwrap();
        client.write_all(&b"the end"[written..]).await.unwrap();
        // Dropping it with nothing to read sends all that is on the way.
        done.send(client)
            .unwrap_or_else(|_| panic!("the test listens"));
    });
    let mut received = vec![0; sent];
    server.read_exact(&mut received).await.unwrap();
    assert!(received.iter().all(|byte| *byte == 7));
    let client = is_done.await.expect("the writer goes on");
    drop(client);
    let mut end = String::new();
    server.read_to_string(&mut end).await.unwrap();
    assert_eq!(end, "the end");
}

async fn an_abandoned_read_loses_no_bytes<R: Runtime>(runtime: &R) {
    let (mut client, mut server) = pair(runtime).await;
    for _ in 0..3 {
        let mut space = [0; 8];
        assert!(abandon(server.read(&mut space)).await.is_pending());
        client.write_all(b"whole").await.unwrap();
        let mut whole = [0; 5];
        server.read_exact(&mut whole).await.unwrap();
        assert_eq!(&whole, b"whole");
    }
}

async fn all_parts_are_written_in_order<R: Runtime>(runtime: &R) {
    let (mut client, mut server) = pair(runtime).await;
    let data = much();
    let send = async {
        // More of them than a system call takes, and some are empty.
        let mut parts: Vec<_> = data.chunks(1999).map(IoSlice::new).collect();
        for index in (0..parts.len()).step_by(3) {
            parts.insert(index, IoSlice::new(&[]));
        }
        let mut parts = &mut parts[..];
        IoSlice::advance_slices(&mut parts, 0);
        while !parts.is_empty() {
            let written = client.write_vectored(parts).await.unwrap();
            assert_ne!(written, 0);
            IoSlice::advance_slices(&mut parts, written);
        }
        assert_eq!(client.write_vectored(&[]).await.unwrap(), 0);
        client.close().await.unwrap();
    };
    let (received, ()) = join(read_all(&mut server, data.len()), send).await;
    assert!(received == data);
}

async fn many_take_turns<R: Runtime>(runtime: &R) {
    const CONNECTIONS: usize = 30;
    const TURNS: u32 = 100;
    let mut ends = Vec::new();
    for _ in 0..CONNECTIONS {
        let (client, server) = pair(runtime).await;
        for (mut stream, asks) in [(client, true), (server, false)] {
            let (report, ended) = oneshot::channel();
            runtime.spawn(async move {
                for turn in 0..TURNS {
                    if asks {
                        stream.write_all(&turn.to_be_bytes()).await.unwrap();
                    }
                    let mut bytes = [0; 4];
                    stream.read_exact(&mut bytes).await.unwrap();
                    assert_eq!(u32::from_be_bytes(bytes), turn);
                    if !asks {
                        stream.write_all(&bytes).await.unwrap();
                    }
                }
                report.send(()).expect("the test listens");
            });
            ends.push(ended);
        }
    }
    for ended in ends {
        ended.await.expect("nobody waits for ever");
    }
}

async fn a_stream_wakes_the_task_that_polled_it_last<R: Runtime>(runtime: &R) {
    let (mut client, mut server) = pair(runtime).await;
    assert!(abandon(server.read(&mut [0; 8])).await.is_pending());
    let (report, has_read) = oneshot::channel();
    runtime.spawn(async move {
        server.read_exact(&mut [0]).await.unwrap();
        report
            .send(server)
            .unwrap_or_else(|_| panic!("the test listens"));
    });
    pause(runtime).await;
    client.write_all(b"!").await.unwrap();
    let mut server = has_read.await.expect("the reader goes on");

    while abandon(client.write(&[7; 4096])).await.is_ready() {}
    let (done, is_done) = oneshot::channel();
    runtime.spawn(async move {
        client.write_all(b"!").await.unwrap();
        client.close().await.unwrap();
        done.send(()).expect("the test listens");
    });
    pause(runtime).await;
    while server.read(&mut [0; 4096]).await.unwrap() > 0 {}
    is_done.await.expect("the writer goes on");
}

async fn each_half_closes_on_its_own<R: Runtime>(runtime: &R) {
    for server_asks in [false, true] {
        let (client, server) = pair(runtime).await;
        let (mut asks, mut answers) = match server_asks {
            true => (server, client),
            false => (client, server),
        };
        asks.write_all(b"question").await.unwrap();
        asks.close().await.unwrap();
        let mut question = String::new();
        answers.read_to_string(&mut question).await.unwrap();
        assert_eq!(question, "question");
        answers.write_all(b"answer").await.unwrap();
        answers.close().await.unwrap();
        let mut answer = String::new();
        asks.read_to_string(&mut answer).await.unwrap();
        assert_eq!(answer, "answer");
    }
}

async fn nothing_is_sent_after_closing<R: Runtime>(runtime: &R) {
    let (mut client, _server) = pair(runtime).await;
    client.close().await.unwrap();
    assert!(client.write_all(b"late").await.is_err());
}

async fn the_end_wakes_a_reader<R: Runtime>(runtime: &R) {
    for closes in [true, false] {
        let (mut client, mut server) = pair(runtime).await;
        let (ended, has_ended) = oneshot::channel();
        runtime.spawn(async move {
            let count = server.read(&mut [0; 8]).await.unwrap();
            ended.send(count).expect("the test listens");
        });
        pause(runtime).await;
        if closes {
            client.close().await.unwrap();
            assert_eq!(has_ended.await, Ok(0));
        } else {
            drop(client);
            assert_eq!(has_ended.await, Ok(0));
        }
    }
}

async fn a_dropped_stream_ends_both_ways_for_its_peer<R: Runtime>(runtime: &R) {
    let (client, mut server) = pair(runtime).await;
    drop(client);
    assert_eq!(server.read(&mut [0; 8]).await.unwrap(), 0);
    // What it writes has nowhere to go, which it is told by and by.
    while server.write_all(&[0; 4096]).await.is_ok() {}
}
