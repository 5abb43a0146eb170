//! A network that loses connections.

use super::ports::{any_listener, port_of};
use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::{self, JoinHandle};

/// A port that stands for another one. What comes in is passed on; nothing
/// comes back, as the messages between replicas have no answers.
#[derive(Debug)]
pub(crate) struct Proxy {
    port: u16,
    flags: Arc<Flags>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Debug, Default)]
struct Flags {
    is_lossy: AtomicBool,
    /// Connections that were made before the last of these events are dead.
    deaths: AtomicU64,
    has_ended: AtomicBool,
}

impl Proxy {
    /// A proxy for a port of this machine. It loses nothing yet.
    pub(crate) fn start(target: u16) -> Self {
        let listener = any_listener();
        let port = port_of(&listener);
        let flags = Arc::new(Flags::default());
        let inside = Arc::clone(&flags);
        Self {
            port,
            flags,
            thread: Some(thread::spawn(move || {
                accept_all(&listener, target, &inside);
            })),
        }
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// From now on, connections are cut somewhere in their first kilobytes,
    /// usually in the middle of a message.
    pub(crate) fn lose_connections(&self) {
        self.flags.is_lossy.store(true, Ordering::Relaxed);
    }

    /// The connections that there are lead nowhere any more, and neither end
    /// is told. New ones are good.
    pub(crate) fn silence_connections(&self) {
        self.flags.deaths.fetch_add(1, Ordering::Relaxed);
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.flags.has_ended.store(true, Ordering::Relaxed);
        // Wakes it up, so that it sees that.
        drop(TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)));
        if let Some(thread) = self.thread.take() {
            // It does not panic; and if it did, the test has failed without that.
            let _ = thread.join();
        }
    }
}

fn accept_all(listener: &TcpListener, target: u16, flags: &Arc<Flags>) {
    let mut random = fastrand::Rng::with_seed(u64::from(target));
    for stream in listener.incoming().flatten() {
        if flags.has_ended.load(Ordering::Relaxed) {
            return;
        }
        let lifetime = random.usize(1..40_000);
        let flags = Arc::clone(flags);
        // Ends with the connection, at the latest when the replicas end.
        thread::spawn(move || {
            // That either end closes it is no error here.
            let _ = forward(stream, target, lifetime, &flags);
        });
    }
}

/// Passes bytes on until one end closes, or the lifetime in bytes is over.
fn forward(mut from: TcpStream, target: u16, lifetime: usize, flags: &Flags) -> io::Result<()> {
    let mut to = TcpStream::connect((Ipv4Addr::LOCALHOST, target))?;
    to.set_nodelay(true)?;
    let (mut buffer, mut passed) = ([0; 4096], 0);
    let born = flags.deaths.load(Ordering::Relaxed);
    loop {
        let count = from.read(&mut buffer)?;
        if count == 0 {
            return to.shutdown(Shutdown::Both);
        }
        if flags.deaths.load(Ordering::Relaxed) > born {
            continue;
        }
        passed += count;
        if flags.is_lossy.load(Ordering::Relaxed) && passed >= lifetime {
            // A part of it arrives, the rest is lost with the connection.
            to.write_all(&buffer[..count / 2])?;
            return from.shutdown(Shutdown::Both);
        }
        to.write_all(&buffer[..count])?;
    }
}
