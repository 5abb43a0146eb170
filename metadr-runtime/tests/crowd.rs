//! Very many connections at once. The limit of file descriptors is that of the
//! process, and so is the memory that is measured: there is one test in here.

#![cfg(all(target_os = "linux", feature = "smol"))]

use futures::channel::oneshot;
use futures::io::AsyncReadExt;
use metadr_runtime::rpc::{self, CallContext, ClientConfig, Limits, ServiceError, Shutdown};
use metadr_runtime::rt::{Listener, Runtime, Smol, timeout};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

metadr_runtime::xdr!("tests/adder.x");
use adder::v1;

const CONNECTIONS: usize = 10_000;
/// Files that a process needs besides.
const OTHER_FILES: usize = 100;
/// What a connection may cost its server: the task and the input buffer.
const MOST_PER_CONNECTION: usize = 16 * 1024;
const PATIENCE: Duration = Duration::from_secs(120);

/// Where the crowd is to go, and how many it is. Set in the process that is it.
const ADDRESS: &str = "METADR_CROWD_ADDRESS";
const COUNT: &str = "METADR_CROWD_COUNT";
const READY: &str = "the crowd is there";

#[test]
fn ten_thousand_connections_are_served_with_little_memory() {
    let files = raise_limit();
    if let Ok(address) = std::env::var(ADDRESS) {
        let count = std::env::var(COUNT).unwrap().parse().unwrap();
        return be_the_crowd(address.parse().unwrap(), count).unwrap();
    }
    let count = CONNECTIONS.min(files - OTHER_FILES);
    if count < CONNECTIONS {
        println!("only {count} connections, as a process may not open more files");
        let is_required = std::env::var_os("METADR_CI").is_some_and(|value| value == "1");
        assert!(!is_required, "{CONNECTIONS} connections need more files");
    }
    let runtime = Smol::new();
    let test = test_crowd(&runtime, count);
    let passed = runtime.block_on(timeout(&runtime, PATIENCE, test));
    passed.expect("the test does not hang");
}

async fn test_crowd(runtime: &Smol, count: usize) {
    let shutdown = Shutdown::new();
    let (address, served) = start_server(runtime, count, shutdown.clone()).await;
    let before = resident_bytes();
    let mut crowd = start_crowd(address, count).await;
    let each = resident_bytes().saturating_sub(before) / count;
    assert!(each <= MOST_PER_CONNECTION, "{each} bytes per connection");

    let rpc = rpc::Client::connect(runtime, address, ClientConfig::default());
    let client = v1::Client::new(rpc.await.unwrap());
    assert_eq!(client.add(Pair { left: 2, right: 3 }).await, Ok(5));
    // One more is one too many.
    let mut refused = runtime.connect(address).await.unwrap();
    let closed = refused.read(&mut [0]).await;
    assert!(matches!(closed, Ok(0) | Err(_)), "{closed:?}");
    // All are told when the server shuts down, and it waits for none of them.
    shutdown.start();
    served.await.unwrap().unwrap();
    drop(crowd.stdin.take());
    assert!(crowd.wait().unwrap().success());
}

/// Runs this test in another process, as the crowd.
async fn start_crowd(address: SocketAddr, count: usize) -> Child {
    let mut crowd = Command::new(std::env::current_exe().unwrap())
        .args(["--nocapture", "--test-threads=1"])
        .env(ADDRESS, address.to_string())
        .env(COUNT, count.to_string())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut output = BufReader::new(crowd.stdout.take().unwrap());
    // The server is in this thread.
    let (report, ready) = oneshot::channel();
    std::thread::spawn(move || {
        let mut lines = output.by_ref().lines();
        let is_ready = lines.any(|line| line.is_ok_and(|line| line.contains(READY)));
        let _ = report.send(is_ready);
        // Whatever else it says, it must be able to.
        let _ = io::copy(&mut output, &mut io::sink());
    });
    assert!(ready.await.unwrap(), "the crowd has left");
    crowd
}

/// Makes `count` connections, until the standard input ends. Each is served: it
/// gets an answer to its call, and then sends half another.
fn be_the_crowd(address: SocketAddr, count: usize) -> io::Result<()> {
    let null_call = [0x8000_0028, 9, 0, 2, adder::NUMBER, 1, 0, 0, 0, 0, 0];
    let null_call = null_call.map(u32::to_be_bytes).concat();
    let null_reply = [0x8000_0018, 9, 1, 0, 0, 0, 0].map(u32::to_be_bytes);
    let mut crowd = Vec::new();
    for _ in 0..count {
        let mut socket = TcpStream::connect(address)?;
        socket.write_all(&null_call)?;
        let mut reply = [0; 28];
        socket.read_exact(&mut reply)?;
        assert_eq!(reply[..], null_reply.concat());
        socket.write_all(&null_call[..20])?;
        crowd.push(socket);
    }
    println!("{READY}");
    io::copy(&mut io::stdin(), &mut io::sink())?;
    for mut socket in crowd {
        // The half of a call that was not read makes it a reset.
        let _ = socket.read_to_end(&mut Vec::new());
    }
    Ok(())
}

/// A server with room for the crowd and one more.
async fn start_server(
    runtime: &Smol,
    count: usize,
    shutdown: Shutdown,
) -> (SocketAddr, oneshot::Receiver<io::Result<()>>) {
    let any_port = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let listener = runtime.listen(any_port).await.unwrap();
    let address = listener.local_addr().unwrap();
    let limits = Limits {
        max_connections: count + 1,
        // As long as the test may take: half a call is no reason to be closed.
        record_time: PATIENCE,
        ..Limits::default()
    };
    let service = Arc::new(v1::Service(Adder));
    let server = rpc::serve(runtime.clone(), listener, service, limits, shutdown);
    let (report, served) = oneshot::channel();
    runtime.spawn(async {
        let _ = report.send(server.await);
    });
    (address, served)
}

struct Adder;

impl v1::Server for Adder {
    async fn add(&self, _: CallContext, pair: Pair) -> Result<i32, ServiceError> {
        Ok(pair.left + pair.right)
    }
}

/// As many open files as the process may have.
fn raise_limit() -> usize {
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit {
        current: limit.maximum,
        ..limit
    };
    setrlimit(Resource::Nofile, raised).unwrap();
    let files = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX);
    usize::try_from(files).unwrap_or(usize::MAX)
}

/// The memory that the process has in use.
fn resident_bytes() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kibibytes = line.unwrap().trim().trim_end_matches(" kB");
    kibibytes.parse::<usize>().unwrap() * 1024
}
