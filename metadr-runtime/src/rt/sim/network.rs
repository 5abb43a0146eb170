//! The network: hosts, who listens where, and the ways between them.

use super::connection::{Connection, Segment, Side, Way};
use super::link::{Cut, Lanes};
use super::schedule::{Event, Schedule};
use fastrand::Rng;
use std::collections::{BTreeMap, VecDeque};
use std::io::{self, ErrorKind, IoSlice};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::task::{Context, Poll, Waker, ready};

/// Connections that may wait at one listener to be accepted.
const BACKLOG: usize = 4096;

/// The first port that the system may take.
const FIRST_FREE_PORT: u16 = 32768;

/// All hosts and what is between them.
pub(super) struct Network {
    pub(super) rng: Rng,
    pub(super) lanes: Lanes,
    pub(super) connections: BTreeMap<u64, Connection>,
    pub(super) names: BTreeMap<String, Vec<IpAddr>>,
    listeners: BTreeMap<ListenerKey, Listening>,
    next_connection: u64,
    last_port: u16,
}

/// A host, and where it listens. Each host has its own loopback address.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) struct ListenerKey {
    host: IpAddr,
    pub(super) address: SocketAddr,
}

#[derive(Default)]
struct Listening {
    waiting: VecDeque<u64>,
    acceptor: Option<Waker>,
}

impl Network {
    pub(super) fn new(rng: Rng) -> Self {
        Self {
            rng,
            lanes: Lanes::new(),
            connections: BTreeMap::new(),
            names: BTreeMap::new(),
            listeners: BTreeMap::new(),
            next_connection: 0,
            last_port: FIRST_FREE_PORT - 1,
        }
    }

    pub(super) fn listen(&mut self, host: IpAddr, address: SocketAddr) -> io::Result<ListenerKey> {
        let ip = address.ip();
        if ip != host && !ip.is_loopback() && !ip.is_unspecified() {
            return Err(ErrorKind::AddrNotAvailable.into());
        }
        let key = match address.port() {
            0 => (FIRST_FREE_PORT..=u16::MAX).find_map(|_| {
                let address = SocketAddr::new(ip, self.next_port());
                let key = ListenerKey { host, address };
                self.is_free(key).then_some(key)
            }),
            _ => Some(ListenerKey { host, address }).filter(|key| self.is_free(*key)),
        };
        let key = key.ok_or(ErrorKind::AddrInUse)?;
        self.listeners.insert(key, Listening::default());
        Ok(key)
    }

    fn is_free(&self, key: ListenerKey) -> bool {
        !self.listeners.keys().any(|other| {
            let (one, two) = (other.address.ip(), key.address.ip());
            let meet = one == two || one.is_unspecified() || two.is_unspecified();
            other.host == key.host && other.address.port() == key.address.port() && meet
        })
    }

    fn next_port(&mut self) -> u16 {
        self.last_port = self.last_port.checked_add(1).unwrap_or(FIRST_FREE_PORT);
        self.last_port
    }

    pub(super) fn poll_accept(
        &mut self,
        key: ListenerKey,
        cx: &Context<'_>,
        schedule: &mut Schedule,
    ) -> Poll<(Way, SocketAddr)> {
        let Some(listening) = self.listeners.get_mut(&key) else {
            return Poll::Pending;
        };
        let Some(connection) = listening.waiting.pop_front() else {
            schedule.wait(&mut listening.acceptor, cx.waker());
            return Poll::Pending;
        };
        let peer = self.connections[&connection].end(Side::Client).address;
        let way = Way {
            connection,
            from: Side::Server,
        };
        Poll::Ready((way, peer))
    }

    /// Nobody listens there any more. Connections that nobody has accepted end.
    pub(super) fn stop_listening(&mut self, key: ListenerKey, schedule: &mut Schedule) {
        let Some(mut listening) = self.listeners.remove(&key) else {
            return;
        };
        schedule.wake(&mut listening.acceptor);
        for connection in listening.waiting {
            let way = Way {
                connection,
                from: Side::Server,
            };
            self.abandon(way, schedule);
        }
    }

    /// Asks for a connection from a host to an address.
    pub(super) fn connect(
        &mut self,
        host: IpAddr,
        address: SocketAddr,
        schedule: &mut Schedule,
    ) -> Way {
        let to = match address.ip().is_loopback() || address.ip().is_unspecified() {
            true => host,
            false => address.ip(),
        };
        let own_ip = if to == host { address.ip() } else { host };
        let own_address = SocketAddr::new(own_ip, self.next_port());
        let connection = Connection::new((host, own_address), (to, address));
        let way = Way {
            connection: self.next_connection,
            from: Side::Client,
        };
        self.next_connection += 1;
        self.connections.insert(way.connection, connection);
        self.send(way, Segment::Open, schedule);
        way
    }

    /// A connection that has an owner, and so is there.
    pub(super) fn connection(&mut self, way: Way) -> &mut Connection {
        let connection = self.connections.get_mut(&way.connection);
        connection.expect("a connection stays while it has an owner")
    }

    pub(super) fn poll_read(
        &mut self,
        way: Way,
        cx: &Context<'_>,
        space: &mut [u8],
        schedule: &mut Schedule,
    ) -> Poll<io::Result<usize>> {
        let most = self.maybe_less(space.len());
        self.connection(way)
            .poll_read(way.from, cx, &mut space[..most], schedule)
    }

    pub(super) fn poll_write(
        &mut self,
        way: Way,
        cx: &Context<'_>,
        parts: &[IoSlice<'_>],
        schedule: &mut Schedule,
    ) -> Poll<io::Result<usize>> {
        let wanted: usize = parts.iter().map(|part| part.len()).sum();
        let most = self.maybe_less(wanted);
        let (from, to) = self.connection(way).hosts(way.from);
        let buffer = self.lanes.between(from, to).link.buffer;
        let connection = self.connection(way);
        let room = ready!(connection.poll_room(way.from, cx, most, buffer, schedule))?;
        let mut data = Vec::with_capacity(room);
        for part in parts {
            let rest = room - data.len();
            data.extend_from_slice(&part[..part.len().min(rest)]);
        }
        if room > 0 {
            self.send(way, Segment::Data(data), schedule);
        }
        Poll::Ready(Ok(room))
    }

    /// Usually `count`, now and then less, as it may happen to all who read and
    /// write.
    fn maybe_less(&mut self, count: usize) -> usize {
        match count > 1 && self.rng.u8(0..8) == 0 {
            true => self.rng.usize(1..count),
            false => count,
        }
    }

    /// Ends the outgoing half of a connection.
    pub(super) fn close(&mut self, way: Way, schedule: &mut Schedule) -> io::Result<()> {
        if let Some(end) = self.connection(way).end_outgoing(way.from)? {
            self.send(way, end, schedule);
        }
        Ok(())
    }

    /// Nobody has the end of a connection that sends this way any more.
    pub(super) fn abandon(&mut self, way: Way, schedule: &mut Schedule) {
        if let Some(last_words) = self.connection(way).abandon(way.from, schedule) {
            self.send(way, last_words, schedule);
        }
        self.forget_if_over(way.connection);
    }

    pub(super) fn send(&mut self, way: Way, segment: Segment, schedule: &mut Schedule) {
        let Some(connection) = self.connections.get_mut(&way.connection) else {
            return;
        };
        let (from, to) = connection.hosts(way.from);
        let lane = self.lanes.between(from, to);
        if lane.cut == Some(Cut::Reset) {
            connection.refuse(way.from, schedule);
            return;
        }
        let arrival = lane.arrival(schedule.now(), segment.len(), &mut self.rng);
        let receiver = connection.end_mut(way.from.other());
        receiver.expect(arrival, segment);
        schedule.add(arrival, Event::Arrival(way));
    }

    /// Delivers what has arrived this way, unless nothing gets through.
    pub(super) fn arrive(&mut self, way: Way, schedule: &mut Schedule) {
        while let Some(connection) = self.connections.get_mut(&way.connection) {
            let (from, to) = connection.hosts(way.from);
            if self.lanes.between(from, to).cut.is_some() {
                return;
            }
            let receiver = way.from.other();
            let end = connection.end_mut(receiver);
            let Some(segment) = end.take_arrived(schedule.now()) else {
                break;
            };
            let answer = match segment {
                Segment::Open => Some(self.open(way.connection, schedule)),
                segment => connection.receive(receiver, segment, schedule),
            };
            if let Some(answer) = answer {
                self.send(way.back(), answer, schedule);
            }
        }
        self.forget_if_over(way.connection);
    }

    /// Somebody asks for a connection; gives the answer.
    fn open(&mut self, id: u64, schedule: &mut Schedule) -> Segment {
        let Some(connection) = self.connections.get_mut(&id) else {
            return Segment::Refused;
        };
        let server = connection.end(Side::Server);
        let (host, port) = (server.host, server.address.port());
        let any: [IpAddr; 2] = [Ipv4Addr::UNSPECIFIED.into(), Ipv6Addr::UNSPECIFIED.into()];
        let found = [server.address.ip(), any[0], any[1]].map(|ip| ListenerKey {
            host,
            address: SocketAddr::new(ip, port),
        });
        let key = found.iter().find(|key| self.listeners.contains_key(key));
        let Some(listening) = key.and_then(|key| self.listeners.get_mut(key)) else {
            return Segment::Refused;
        };
        if listening.waiting.len() >= BACKLOG {
            return Segment::Refused;
        }
        connection.open_server();
        listening.waiting.push_back(id);
        schedule.wake(&mut listening.acceptor);
        Segment::Opened
    }

    pub(super) fn forget_if_over(&mut self, id: u64) {
        let connection = self.connections.get(&id);
        if connection.is_some_and(Connection::is_over) {
            self.connections.remove(&id);
        }
    }

    /// The addresses of a host, given as a name or as an address.
    pub(super) fn resolve(&self, host: &str) -> io::Result<Vec<IpAddr>> {
        if let Ok(ip) = host.parse() {
            return Ok(vec![ip]);
        }
        let found = self.names.get(host).cloned();
        found.ok_or_else(|| io::Error::new(ErrorKind::NotFound, "nobody has this name"))
    }
}
