//! A network between replicas that loses connections, or cuts a replica off.

use super::ports::{any_listener, port_of};
use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{self, Receiver, SyncSender};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// Where the sender of a message is named, counted from the start of its
/// record: behind the record mark, the header of a call without credentials
/// (ten words), the checksum and the length of the message, and the group's
/// identity (16 bytes).
const SENDER: usize = 4 + 40 + 8 + 16;

/// How often a connection that is cut looks whether it still is.
const INTERVAL: Duration = Duration::from_millis(2);

/// How late messages are that [`Cut::Lags`]: a little less than the time after
/// which a primary that hears nobody gives up.
const LAG: Duration = Duration::from_millis(450);

/// Pieces of a connection that may be on their way. With more, its sender has
/// to wait, as it has with TCP.
const PIECES: usize = 256;

/// A port for each replica that stands for its replication port.
#[derive(Debug)]
pub(crate) struct Network {
    state: Arc<State>,
    proxies: Vec<Proxy>,
}

/// What becomes of what is sent to and from a replica that is cut off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cut {
    /// It arrives later, as far as TCP can keep it.
    Delays,
    /// It is lost, and so are the connections.
    Loses,
    /// What it sends arrives later. What is sent to it arrives, but so late
    /// that it takes itself for the primary when it has long ceased to be.
    Lags,
}

#[derive(Debug, Default)]
struct State {
    is_lossy: AtomicBool,
    /// Connections to each replica that were made before the last of these
    /// events are dead.
    deaths: Vec<AtomicU64>,
    has_ended: AtomicBool,
    cut_off: Mutex<Option<(usize, Cut)>>,
}

impl Network {
    /// A network to these ports of this machine. It loses nothing yet.
    pub(crate) fn start(targets: &[u16]) -> Self {
        let state = Arc::new(State {
            deaths: targets.iter().map(|_| AtomicU64::new(0)).collect(),
            ..State::default()
        });
        let proxies = (0..)
            .zip(targets)
            .map(|(replica, port)| Proxy::start(replica, *port, &state));
        Self {
            proxies: proxies.collect(),
            state,
        }
    }

    /// Where each replica is reached.
    pub(crate) fn ports(&self) -> Vec<u16> {
        self.proxies.iter().map(|proxy| proxy.port).collect()
    }

    /// From now on, connections are cut somewhere in their first kilobytes,
    /// usually in the middle of a message.
    pub(crate) fn lose_connections(&self) {
        self.state.is_lossy.store(true, Ordering::Relaxed);
    }

    /// From now on, they last as long as their ends want them to.
    pub(crate) fn keep_connections(&self) {
        self.state.is_lossy.store(false, Ordering::Relaxed);
    }

    /// The connections that there are lead nowhere any more, and neither end
    /// is told. New ones are good.
    pub(crate) fn silence_connections(&self) {
        for replica in 0..self.state.deaths.len() {
            self.silence_connections_to(replica);
        }
    }

    /// The same with the connections to one replica alone: it hears nobody,
    /// and is heard.
    pub(crate) fn silence_connections_to(&self, replica: usize) {
        self.state.deaths[replica].fetch_add(1, Ordering::Relaxed);
    }

    /// Cuts a replica off from all others, in both directions.
    pub(crate) fn cut_off(&self, replica: usize, kind: Cut) {
        *self.state.lock() = Some((replica, kind));
    }

    /// Nobody is cut off any more.
    pub(crate) fn heal(&self) {
        *self.state.lock() = None;
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        self.state.has_ended.store(true, Ordering::Relaxed);
    }
}

impl State {
    fn lock(&self) -> MutexGuard<'_, Option<(usize, Cut)>> {
        self.cut_off.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How the way from one replica to another is cut, if it is.
    fn cut_between(&self, sender: usize, receiver: usize) -> Option<Cut> {
        let (replica, kind) = (*self.lock())?;
        let is_cut = sender == replica || receiver == replica && kind != Cut::Lags;
        is_cut.then_some(kind)
    }

    /// How long what is sent to a replica is on its way.
    fn lag_to(&self, receiver: usize) -> Duration {
        match *self.lock() {
            Some((replica, Cut::Lags)) if replica == receiver => LAG,
            _ => Duration::ZERO,
        }
    }
}

/// A port that stands for another one. What comes in is passed on, and so are
/// the answers.
#[derive(Debug)]
struct Proxy {
    port: u16,
    state: Arc<State>,
    thread: Option<JoinHandle<()>>,
}

impl Proxy {
    fn start(replica: usize, target: u16, state: &Arc<State>) -> Self {
        let listener = any_listener();
        let port = port_of(&listener);
        let inside = Arc::clone(state);
        Self {
            port,
            state: Arc::clone(state),
            thread: Some(thread::spawn(move || {
                accept_all(&listener, replica, target, &inside);
            })),
        }
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.state.has_ended.store(true, Ordering::Relaxed);
        // Wakes it up, so that it sees that.
        drop(TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)));
        if let Some(thread) = self.thread.take() {
            // It does not panic; and if it did, the test has failed without that.
            let _ = thread.join();
        }
    }
}

fn accept_all(listener: &TcpListener, replica: usize, target: u16, state: &Arc<State>) {
    let mut random = fastrand::Rng::with_seed(u64::from(target));
    for stream in listener.incoming().flatten() {
        if state.has_ended.load(Ordering::Relaxed) {
            return;
        }
        let way = Way {
            replica,
            target,
            lifetime: random.usize(1..40_000),
            born: state.deaths[replica].load(Ordering::Relaxed),
            state: Arc::clone(state),
        };
        // Ends with the connection, at the latest when the replicas end.
        thread::spawn(move || {
            // That either end closes it is no error here.
            let _ = way.forward(stream);
        });
    }
}

/// A connection to a replica.
struct Way {
    replica: usize,
    target: u16,
    /// In bytes, if the network is lossy.
    lifetime: usize,
    /// How often connections had died before.
    born: u64,
    state: Arc<State>,
}

impl Way {
    /// Passes bytes on until one end closes, or the lifetime is over.
    fn forward(&self, mut from: TcpStream) -> io::Result<()> {
        let to = TcpStream::connect((Ipv4Addr::LOCALHOST, self.target))?;
        to.set_nodelay(true)?;
        // All that a replica sends on a connection comes from itself.
        let mut beginning = vec![0; SENDER + 4];
        from.read_exact(&mut beginning)?;
        let sender = *beginning.last_chunk().expect("it is longer");
        let sender = u32::from_be_bytes(sender) as usize;
        let [source, back] = [from.try_clone()?, from.try_clone()?];
        let [target, answers] = [to.try_clone()?, to.try_clone()?];
        let (queue, pieces) = mpsc::sync_channel(PIECES);
        thread::scope(|scope| {
            // That the other end closes it is no error here.
            scope.spawn(move || {
                let _ = self.deliver(sender, &pieces, to);
                let _ = source.shutdown(Shutdown::Both);
                let _ = target.shutdown(Shutdown::Both);
            });
            scope.spawn(move || self.pass_back(sender, answers, back));
            self.collect(beginning, from, &queue)
        })
    }

    /// Passes the answers back, which go the way of what they answer.
    fn pass_back(&self, sender: usize, mut from: TcpStream, mut to: TcpStream) -> io::Result<()> {
        let mut bytes = [0; 4096];
        loop {
            let count = from.read(&mut bytes)?;
            if count == 0 {
                return Ok(());
            }
            if !self.is_dead() {
                self.wait_for_heal(self.replica, sender)?;
                to.write_all(&bytes[..count])?;
            }
        }
    }

    /// Takes what comes in, and notes when it is to arrive.
    fn collect(
        &self,
        beginning: Vec<u8>,
        mut from: TcpStream,
        queue: &SyncSender<Piece>,
    ) -> io::Result<()> {
        let mut bytes = beginning;
        while !bytes.is_empty() {
            let due = Instant::now() + self.state.lag_to(self.replica);
            if queue.send(Piece { due, bytes }).is_err() {
                break;
            }
            bytes = vec![0; 4096];
            let count = from.read(&mut bytes)?;
            bytes.truncate(count);
        }
        Ok(())
    }

    fn deliver(
        &self,
        sender: usize,
        pieces: &Receiver<Piece>,
        mut to: TcpStream,
    ) -> io::Result<()> {
        let mut passed = 0;
        for Piece { due, bytes } in pieces {
            if self.is_dead() {
                continue;
            }
            thread::sleep(due.saturating_duration_since(Instant::now()));
            self.wait_for_heal(sender, self.replica)?;
            passed += bytes.len();
            if self.state.is_lossy.load(Ordering::Relaxed) && passed >= self.lifetime {
                // A part of it arrives, the rest is lost with the connection.
                return to.write_all(&bytes[..bytes.len() / 2]);
            }
            to.write_all(&bytes)?;
        }
        Ok(())
    }

    fn is_dead(&self) -> bool {
        self.state.deaths[self.replica].load(Ordering::Relaxed) > self.born
    }

    /// Waits while the way between these is cut. An error if all is lost
    /// meanwhile.
    fn wait_for_heal(&self, sender: usize, receiver: usize) -> io::Result<()> {
        while let Some(kind) = self.state.cut_between(sender, receiver) {
            if kind == Cut::Loses || self.state.has_ended.load(Ordering::Relaxed) {
                return Err(io::ErrorKind::ConnectionReset.into());
            }
            thread::sleep(INTERVAL);
        }
        Ok(())
    }
}

/// Some bytes on their way.
struct Piece {
    due: Instant,
    bytes: Vec<u8>,
}
