//! A runtime for tests: virtual time, a seeded order of tasks, and a network in
//! memory whose links are slow, narrow or cut as a test wants them.
//!
//! ```
//! use futures::{AsyncReadExt, AsyncWriteExt};
//! use metadr_runtime::rt::sim::{Cut, Link, Sim};
//! use metadr_runtime::rt::{Listener, Runtime, timeout};
//! use std::future::poll_fn;
//! use std::net::{IpAddr, SocketAddr};
//! use std::time::Duration;
//!
//! let sim = Sim::new(7);
//! let server_ip: IpAddr = [10, 0, 0, 1].into();
//! let client_ip: IpAddr = [10, 0, 0, 2].into();
//! let hour = Duration::from_secs(3600);
//! let slow = Link { delay: hour..=hour, ..Link::default() };
//! sim.net().set_link(server_ip, client_ip, slow);
//! let (server, client) = (sim.host(server_ip), sim.host(client_ip));
//!
//! let echoed = sim.block_on(async {
//!     let address = SocketAddr::from((server_ip, 7));
//!     let mut listener = server.listen(address).await?;
//!     server.spawn(async move {
//!         let (stream, _) = poll_fn(|cx| listener.poll_accept(cx)).await.unwrap();
//!         let (input, mut output) = stream.split();
//!         futures::io::copy(input, &mut output).await.unwrap();
//!     });
//!     let mut stream = client.connect(address).await?;
//!     stream.write_all(b"patience").await?;
//!     let mut answer = [0; 8];
//!     stream.read_exact(&mut answer).await?;
//!
//!     sim.net().cut(client_ip, server_ip, Cut::Silent);
//!     stream.write_all(b"silence").await?;
//!     let day = 24 * hour;
//!     assert!(timeout(&client, day, stream.read(&mut [0; 8])).await.is_none());
//!     Ok::<_, std::io::Error>(answer)
//! })?;
//! assert_eq!(&echoed, b"patience");
//! // To connect takes two ways, and so does an answer.
//! assert_eq!(sim.now().as_nanos(), Duration::as_nanos(&(28 * hour)) as u64);
//! # Ok::<(), std::io::Error>(())
//! ```

mod connection;
mod executor;
mod faults;
mod link;
mod net;
mod network;
mod schedule;
mod sleep;
mod stream;
#[cfg(test)]
mod tests;
mod trace;

pub use link::{Cut, Link};
pub use net::Net;
pub use sleep::SimSleep;
pub use stream::{SimListener, SimStream};

use super::{BlockOn, Instant, Runtime};
use executor::{Executor, Ready, TaskId, lock};
use fastrand::Rng;
use network::Network;
use schedule::{Event, Schedule};
use std::fmt;
use std::future::{Future, poll_fn};
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;
use trace::Trace;

/// So many polls at one instant take [`POLLS_TIME`], so that a task that is
/// always ready cannot stop the clock.
const POLLS_AT_AN_INSTANT: u32 = 1000;
const POLLS_TIME: Duration = Duration::from_millis(1);

/// A simulation, as one of its hosts sees it.
///
/// - *Time* is virtual. It passes when no task is ready, and then at once until
///   the next timer fires or something arrives. Only a thousand polls at one
///   instant take a millisecond, so that busy tasks stop nobody.
/// - *Order*: of the tasks that are ready, the seed says which one is polled.
/// - *Network*: each host has addresses and a loopback of its own; [`Sim::net`]
///   says what is between them. There are no Unix sockets.
///
/// The same seed gives the same run, if what runs has no other source of
/// chance: [`Sim::fingerprint`] tells whether it did. What other threads do is
/// such a source; who needs them all the same uses [`Sim::hold_time`].
///
/// Tasks run as long as somebody is in [`Sim::block_on`], on that thread, and a
/// panic of theirs is one of `block_on`. Those that have not ended stay, and
/// with them what they own, even when nobody has the simulation any more,
/// unless [`Sim::drop_tasks`] ends them.
#[derive(Clone)]
pub struct Sim {
    shared: Arc<Shared>,
    host: IpAddr,
}

struct Shared {
    executor: Executor,
    world: Mutex<World>,
    is_running: AtomicBool,
}

struct World {
    schedule: Schedule,
    network: Network,
    order: Rng,
    polls: u32,
    trace: Trace,
}

impl Sim {
    /// A simulation that this seed decides, as its host 127.0.0.1 sees it.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        let mut order = Rng::with_seed(seed);
        let mut network = Network::new(order.fork());
        let localhost = [Ipv6Addr::LOCALHOST.into(), Ipv4Addr::LOCALHOST.into()];
        network
            .names
            .insert("localhost".to_owned(), localhost.into());
        let world = World {
            schedule: Schedule::new(),
            network,
            order,
            polls: 0,
            trace: Trace::new(),
        };
        Self {
            shared: Arc::new(Shared {
                executor: Executor::new(),
                world: Mutex::new(world),
                is_running: AtomicBool::new(false),
            }),
            host: Ipv4Addr::LOCALHOST.into(),
        }
    }

    /// The same simulation, as the host with this address sees it: there it
    /// listens, and from there it connects. All hosts that one can think of are
    /// there, each with its own loopback.
    ///
    /// # Panics
    ///
    /// If `ip` is no address of one host.
    #[must_use]
    pub fn host(&self, ip: impl Into<IpAddr>) -> Self {
        let host = ip.into();
        let is_shared = host.is_loopback() || host.is_unspecified() || host.is_multicast();
        assert!(!is_shared, "{host} is no address of one host");
        Self {
            host,
            ..self.clone()
        }
    }

    /// The network.
    #[must_use]
    pub fn net(&self) -> Net {
        Net::new(self.clone())
    }

    /// Runs `future` to its end, and all tasks along with it.
    ///
    /// # Panics
    ///
    /// If a task does; if nothing is ready and nothing will ever be, which is a
    /// deadlock; if somebody is in here already.
    pub fn block_on<F: Future>(&self, future: F) -> F::Output {
        let _turn = Turn::new(&self.shared.is_running);
        let executor = &self.shared.executor;
        let mut future = pin!(future);
        let alarm = executor.alarm();
        executor.ready.push(alarm.id);
        loop {
            let id = self.next_task();
            if id != alarm.id {
                executor.poll(id);
                continue;
            }
            let waker = alarm.waker();
            if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
                return output;
            }
        }
    }

    /// Stops the clock while what this gives lives, and has [`Sim::block_on`]
    /// wait when nothing is ready: another thread is going to wake a task.
    #[must_use]
    pub fn hold_time(&self) -> HeldTime {
        let ready = Arc::clone(&self.shared.executor.ready);
        ready.hold();
        HeldTime(ready)
    }

    /// Drops all tasks, except for the one that calls this.
    pub fn drop_tasks(&self) {
        self.shared.executor.clear();
    }

    /// A number for all that has happened so far: which task was polled when,
    /// and what arrived when. Two runs that differ in it are different; the same
    /// program with the same seed has the same.
    #[must_use]
    pub fn fingerprint(&self) -> u64 {
        lock(&self.shared.world).trace.hash()
    }

    /// The next task to be polled, after as much time as it takes.
    fn next_task(&self) -> TaskId {
        let Shared {
            executor, world, ..
        } = &*self.shared;
        loop {
            self.with_world(World::do_what_is_due);
            let taken = {
                let world = &mut *lock(world);
                let taken = executor.ready.take(|count| world.order.usize(..count));
                if let Some(id) = taken {
                    world.count_poll(id);
                }
                taken
            };
            if let Some(id) = taken {
                return id;
            }
            if !executor.ready.wait_for_holders() && !lock(world).pass_time() {
                let (now, tasks) = (self.now(), executor.count());
                panic!("deadlock at {now}: no task is ready, no timer is set; {tasks} tasks wait");
            }
        }
    }

    /// Works on the network, and wakes afterwards whoever is to be woken: that
    /// may be code of others, as may be the drop of a waker.
    fn with<T>(&self, work: impl FnOnce(&mut Network, &mut Schedule) -> T) -> T {
        self.with_world(|world| work(&mut world.network, &mut world.schedule))
    }

    fn with_world<T>(&self, work: impl FnOnce(&mut World) -> T) -> T {
        let (result, woken) = {
            let world = &mut *lock(&self.shared.world);
            let result = work(world);
            (result, std::mem::take(&mut world.schedule.woken))
        };
        for waker in woken {
            waker.wake();
        }
        result
    }
}

impl World {
    fn do_what_is_due(&mut self) {
        while let Some((key, event)) = self.schedule.take_due() {
            self.trace.event(self.schedule.now(), key.number());
            match event {
                Event::Timer(waker) => self.schedule.woken.push(waker),
                Event::Arrival(way) => self.network.arrive(way, &mut self.schedule),
            }
        }
    }

    fn count_poll(&mut self, id: TaskId) {
        self.trace.poll(self.schedule.now(), id.0);
        self.polls += 1;
        if self.polls == POLLS_AT_AN_INSTANT {
            self.polls = 0;
            self.schedule.advance(POLLS_TIME);
        }
    }

    /// Lets time pass until something happens; false if nothing will.
    fn pass_time(&mut self) -> bool {
        self.polls = 0;
        self.schedule.advance_to_next()
    }
}

/// Seed 0.
impl Default for Sim {
    fn default() -> Self {
        Self::new(0)
    }
}

impl fmt::Debug for Sim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sim")
            .field("host", &self.host)
            .finish_non_exhaustive()
    }
}

impl BlockOn for Sim {
    fn block_on<F: Future>(&self, future: F) -> F::Output {
        self.block_on(future)
    }
}

impl Runtime for Sim {
    type Stream = SimStream;
    type Listener = SimListener;
    type Sleep = SimSleep;

    fn now(&self) -> Instant {
        lock(&self.shared.world).schedule.now()
    }

    fn sleep_until(&self, deadline: Instant) -> SimSleep {
        SimSleep::new(self.clone(), deadline)
    }

    fn spawn<F>(&self, future: F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        self.shared.executor.spawn(Box::pin(future));
    }

    async fn connect(&self, addr: SocketAddr) -> io::Result<SimStream> {
        let way = self.with(|network, schedule| network.connect(self.host, addr, schedule));
        let stream = SimStream::new(self.clone(), way);
        poll_fn(|cx| stream.poll_connected(cx)).await?;
        Ok(stream)
    }

    async fn listen(&self, addr: SocketAddr) -> io::Result<SimListener> {
        let key = self.with(|network, _| network.listen(self.host, addr))?;
        Ok(SimListener::new(self.clone(), key))
    }

    async fn resolve(&self, host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
        let found = self.with(|network, _| network.resolve(host))?;
        let addresses = found.into_iter().map(|ip| SocketAddr::new(ip, port));
        Ok(addresses.collect())
    }
}

/// While this lives, no virtual time passes.
pub struct HeldTime(Arc<Ready>);

impl Drop for HeldTime {
    fn drop(&mut self) {
        self.0.release();
    }
}

impl fmt::Debug for HeldTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HeldTime").finish_non_exhaustive()
    }
}

/// The one thread that runs a simulation.
struct Turn<'a>(&'a AtomicBool);

impl<'a> Turn<'a> {
    fn new(is_running: &'a AtomicBool) -> Self {
        let was_running = is_running.swap(true, Ordering::SeqCst);
        assert!(!was_running, "the simulation is run by somebody already");
        Self(is_running)
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.0.store(false, Ordering::SeqCst);
    }
}
