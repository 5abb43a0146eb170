//! One connection: what each end has sent, what has arrived, who waits.

use super::schedule::Schedule;
use crate::rt::Instant;
use std::collections::VecDeque;
use std::io::{self, ErrorKind, Read as _};
use std::net::{IpAddr, SocketAddr};
use std::task::{Context, Poll, Waker};

/// Who connected, and who was connected to.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Side {
    Client,
    Server,
}

impl Side {
    pub(super) fn other(self) -> Self {
        match self {
            Self::Client => Self::Server,
            Self::Server => Self::Client,
        }
    }
}

/// One direction of a connection, by its number and by who sends.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Way {
    pub(super) connection: u64,
    pub(super) from: Side,
}

impl Way {
    pub(super) fn back(self) -> Self {
        Self {
            from: self.from.other(),
            ..self
        }
    }
}

/// What goes over a link in one piece.
#[derive(Debug)]
pub(super) enum Segment {
    /// The client asks for a connection.
    Open,
    /// It is accepted, or waits for that.
    Opened,
    /// Nobody listens there.
    Refused,
    Data(Vec<u8>),
    /// The sender will send nothing more.
    End,
    /// The sender knows nothing of this connection, or wants nothing of it.
    Reset,
}

impl Segment {
    /// Bytes of data in it.
    pub(super) fn len(&self) -> usize {
        match self {
            Self::Data(data) => data.len(),
            _ => 0,
        }
    }
}

pub(super) struct Connection {
    client: End,
    server: End,
    /// Neither end knows any more what the other one thinks.
    is_severed: bool,
}

/// One end, with what was sent to it.
pub(super) struct End {
    pub(super) host: IpAddr,
    pub(super) address: SocketAddr,
    state: State,
    /// Why nothing more can be done here.
    error: Option<ErrorKind>,
    has_ended_outgoing: bool,
    peer_has_ended: bool,
    under_way: VecDeque<(Instant, Segment)>,
    bytes_under_way: usize,
    arrived: VecDeque<u8>,
    reader: Option<Waker>,
    /// Also who waits for being connected.
    writer: Option<Waker>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum State {
    /// The client, until the server's host has answered.
    Opening,
    Open,
    /// Nobody has it: dropped, or not asked for yet.
    Gone,
}

impl End {
    fn new(host: IpAddr, address: SocketAddr, state: State) -> Self {
        Self {
            host,
            address,
            state,
            error: None,
            has_ended_outgoing: false,
            peer_has_ended: false,
            under_way: VecDeque::new(),
            bytes_under_way: 0,
            arrived: VecDeque::new(),
            reader: None,
            writer: None,
        }
    }

    pub(super) fn expect(&mut self, arrival: Instant, segment: Segment) {
        self.bytes_under_way += segment.len();
        self.under_way.push_back((arrival, segment));
    }

    /// Nothing overtakes what was sent before it.
    pub(super) fn take_arrived(&mut self, now: Instant) -> Option<Segment> {
        let (_, segment) = self.under_way.pop_front_if(|(time, _)| *time <= now)?;
        self.bytes_under_way -= segment.len();
        Some(segment)
    }

    /// Nothing that is under way to it arrives.
    fn lose_all(&mut self) {
        self.under_way.clear();
        self.bytes_under_way = 0;
    }

    /// Nothing can be sent from here any more, or be taken.
    fn is_dead(&self) -> bool {
        self.state == State::Gone || self.error.is_some()
    }

    pub(super) fn fail(&mut self, kind: ErrorKind, schedule: &mut Schedule) {
        if self.error.is_none() && self.state != State::Gone {
            self.error = Some(kind);
        }
        self.wake_all(schedule);
    }

    fn wake_all(&mut self, schedule: &mut Schedule) {
        schedule.wake(&mut self.reader);
        schedule.wake(&mut self.writer);
    }
}

impl Connection {
    /// A connection that the client asks for, from which host and address to which.
    pub(super) fn new(client: (IpAddr, SocketAddr), server: (IpAddr, SocketAddr)) -> Self {
        Self {
            client: End::new(client.0, client.1, State::Opening),
            server: End::new(server.0, server.1, State::Gone),
            is_severed: false,
        }
    }

    pub(super) fn end(&self, side: Side) -> &End {
        match side {
            Side::Client => &self.client,
            Side::Server => &self.server,
        }
    }

    pub(super) fn end_mut(&mut self, side: Side) -> &mut End {
        match side {
            Side::Client => &mut self.client,
            Side::Server => &mut self.server,
        }
    }

    /// Who is at `side`, and who at the other one.
    pub(super) fn hosts(&self, side: Side) -> (IpAddr, IpAddr) {
        (self.end(side).host, self.end(side.other()).host)
    }

    /// Both ends were dropped, and nothing is under way.
    pub(super) fn is_over(&self) -> bool {
        let is_over = |end: &End| end.state == State::Gone && end.under_way.is_empty();
        is_over(&self.client) && is_over(&self.server)
    }

    /// The server's end waits to be accepted from now on.
    pub(super) fn open_server(&mut self) {
        self.server.state = State::Open;
    }

    /// Takes what has arrived at `side`, other than [`Segment::Open`]; gives
    /// what it answers.
    pub(super) fn receive(
        &mut self,
        side: Side,
        segment: Segment,
        schedule: &mut Schedule,
    ) -> Option<Segment> {
        let is_severed = self.is_severed;
        let end = self.end_mut(side);
        match segment {
            Segment::Refused => end.fail(ErrorKind::ConnectionRefused, schedule),
            Segment::Reset => end.fail(ErrorKind::ConnectionReset, schedule),
            _ if is_severed => return Some(Segment::Reset),
            Segment::Data(_) if end.is_dead() => return Some(Segment::Reset),
            Segment::Data(data) => {
                end.arrived.extend(data);
                schedule.wake(&mut end.reader);
            }
            Segment::End => {
                end.peer_has_ended = true;
                schedule.wake(&mut end.reader);
            }
            Segment::Opened | Segment::Open => {
                if end.state == State::Opening {
                    end.state = State::Open;
                }
                schedule.wake(&mut end.writer);
            }
        }
        None
    }

    /// Whether the client is connected.
    pub(super) fn poll_connected(
        &mut self,
        cx: &Context<'_>,
        schedule: &mut Schedule,
    ) -> Poll<io::Result<()>> {
        let client = &mut self.client;
        match (client.error, client.state) {
            (Some(kind), _) => Poll::Ready(Err(kind.into())),
            (None, State::Opening) => {
                schedule.wait(&mut client.writer, cx.waker());
                Poll::Pending
            }
            (None, _) => Poll::Ready(Ok(())),
        }
    }

    /// Reads of what has arrived.
    pub(super) fn poll_read(
        &mut self,
        side: Side,
        cx: &Context<'_>,
        space: &mut [u8],
        schedule: &mut Schedule,
    ) -> Poll<io::Result<usize>> {
        let end = self.end_mut(side);
        if end.arrived.is_empty() {
            return match end.error {
                Some(kind) => Poll::Ready(Err(kind.into())),
                None if end.peer_has_ended || space.is_empty() => Poll::Ready(Ok(0)),
                None => {
                    schedule.wait(&mut end.reader, cx.waker());
                    Poll::Pending
                }
            };
        }
        let count = space.len().min(end.arrived.len());
        end.arrived.read_exact(&mut space[..count])?;
        // There is room again.
        schedule.wake(&mut self.end_mut(side.other()).writer);
        Poll::Ready(Ok(count))
    }

    /// How many bytes may be sent, of so many, with so large a buffer.
    pub(super) fn poll_room(
        &mut self,
        side: Side,
        cx: &Context<'_>,
        wanted: usize,
        buffer: usize,
        schedule: &mut Schedule,
    ) -> Poll<io::Result<usize>> {
        let peer = self.end(side.other());
        let room = buffer
            .max(1)
            .saturating_sub(peer.bytes_under_way + peer.arrived.len());
        let end = self.end_mut(side);
        if let Some(kind) = end.error {
            return Poll::Ready(Err(kind.into()));
        }
        if end.has_ended_outgoing {
            return Poll::Ready(Err(ErrorKind::BrokenPipe.into()));
        }
        if wanted > 0 && room == 0 {
            schedule.wait(&mut end.writer, cx.waker());
            return Poll::Pending;
        }
        Poll::Ready(Ok(wanted.min(room)))
    }

    /// What `side` has sent is refused on the way.
    pub(super) fn refuse(&mut self, side: Side, schedule: &mut Schedule) {
        self.end_mut(side.other()).lose_all();
        let end = self.end_mut(side);
        let kind = match end.state {
            State::Opening => ErrorKind::ConnectionRefused,
            State::Open | State::Gone => ErrorKind::ConnectionReset,
        };
        end.fail(kind, schedule);
    }

    /// Nobody at the other end remembers it, of which neither end is told.
    pub(super) fn sever(&mut self) {
        // Attempts to connect are repeated, like all that is not answered.
        if self.client.state == State::Opening {
            return;
        }
        self.is_severed = true;
        self.client.lose_all();
        self.server.lose_all();
    }

    /// Whether `side` waits for room at an end that knows of no connection.
    pub(super) fn waits_in_vain(&self, side: Side) -> bool {
        let (end, peer) = (self.end(side), self.end(side.other()));
        let is_waiting = end.state == State::Open && end.writer.is_some();
        is_waiting && (self.is_severed || peer.is_dead())
    }

    /// Ends the outgoing half; gives what is to be sent.
    pub(super) fn end_outgoing(&mut self, side: Side) -> io::Result<Option<Segment>> {
        let end = self.end_mut(side);
        if let Some(kind) = end.error {
            return Err(kind.into());
        }
        let is_first = !std::mem::replace(&mut end.has_ended_outgoing, true);
        Ok(is_first.then_some(Segment::End))
    }

    /// Nobody has this end any more; gives what is to be sent.
    pub(super) fn abandon(&mut self, side: Side, schedule: &mut Schedule) -> Option<Segment> {
        let end = self.end_mut(side);
        if end.state == State::Gone {
            return None;
        }
        end.state = State::Gone;
        end.wake_all(schedule);
        let has_unread = !end.arrived.is_empty();
        end.arrived.clear();
        if end.error.is_some() {
            return None;
        }
        // As systems do, so that a peer learns that nobody has read it.
        if has_unread {
            return Some(Segment::Reset);
        }
        (!end.has_ended_outgoing).then_some(Segment::End)
    }
}
