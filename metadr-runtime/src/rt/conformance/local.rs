//! Unix sockets, over a peer of the standard library's.

use super::streams::read_all;
use crate::rt::{LocalStream, Runtime};
use futures::io::{AsyncReadExt, AsyncWriteExt};
use std::io::{self, Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;

pub(super) async fn test_all<R: Runtime>(runtime: &R) {
    each_half_closes_on_its_own(runtime).await;
    much_goes_both_ways(runtime).await;
    a_path_without_a_listener_is_an_error(runtime).await;
}

async fn each_half_closes_on_its_own<R: Runtime>(runtime: &R) {
    let peer = |mut stream: UnixStream| {
        let mut question = String::new();
        stream.read_to_string(&mut question).unwrap();
        stream
            .write_all(question.to_uppercase().as_bytes())
            .unwrap();
    };
    with_peer(runtime, peer, async |stream| {
        stream.write_all(b"question").await.unwrap();
        stream.close().await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        assert_eq!(answer, "QUESTION");
        assert!(stream.write_all(b"late").await.is_err());
    })
    .await;
}

async fn much_goes_both_ways<R: Runtime>(runtime: &R) {
    let data: Vec<u8> = (0..4 << 20).map(|index: u32| (index >> 8) as u8).collect();
    let peer = |mut stream: UnixStream| {
        let mut all = Vec::new();
        stream.read_to_end(&mut all).unwrap();
        stream.write_all(&all).unwrap();
    };
    with_peer(runtime, peer, async |stream| {
        stream.write_all(&data).await.unwrap();
        stream.close().await.unwrap();
        assert!(read_all(stream, data.len()).await == data);
    })
    .await;
}

async fn a_path_without_a_listener_is_an_error<R: Runtime>(runtime: &R) {
    let socket = SocketFile::new();
    assert_eq!(
        failure(runtime.connect_local(&socket.0).await),
        Some(io::ErrorKind::NotFound)
    );
    drop(UnixListener::bind(&socket.0).unwrap());
    assert_eq!(
        failure(runtime.connect_local(&socket.0).await),
        Some(io::ErrorKind::ConnectionRefused)
    );
    let too_long = Path::new("/").join("a".repeat(200));
    assert!(runtime.connect_local(&too_long).await.is_err());
}

/// Connects to a thread that runs `peer`, for `test`.
async fn with_peer<R: Runtime>(
    runtime: &R,
    peer: impl FnOnce(UnixStream) + Send + 'static,
    test: impl AsyncFnOnce(&mut LocalStream),
) {
    let socket = SocketFile::new();
    let listener = UnixListener::bind(&socket.0).unwrap();
    let thread = thread::spawn(move || peer(listener.accept().unwrap().0));
    let mut stream = runtime.connect_local(&socket.0).await.unwrap();
    test(&mut stream).await;
    drop(stream);
    thread.join().expect("the peer ends well");
}

fn failure(result: io::Result<LocalStream>) -> Option<io::ErrorKind> {
    result.err().map(|error| error.kind())
}

/// A path for a socket, which is removed when this is dropped.
struct SocketFile(PathBuf);

impl SocketFile {
    fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("metadr-{}-{number}", std::process::id());
        Self(std::env::temp_dir().join(name))
    }
}

impl Drop for SocketFile {
    fn drop(&mut self) {
        // Not every test makes it.
        let _ = std::fs::remove_file(&self.0);
    }
}
