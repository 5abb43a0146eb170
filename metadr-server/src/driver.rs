//! The task that owns the replica: the only place where the state machine
//! meets time, messages and clients.
//!
//! It hands in everything that is there, lets the replica make batches of it
//! once, and passes on what comes out. The replica has no lock: this task
//! alone touches it.

use crate::admin_report::admin_status;
use crate::last_words::EndsProcess;
use crate::link::Links;
use crate::machine::Machine;
use crate::report::report;
use crate::state::StateError;
use crate::status::{Role, StatusCell};
use crate::storage::{Storage, Synced};
use crate::wire::admin::AdminStatus;
use futures::Stream;
use futures::channel::oneshot;
use metadr_runtime::rt::{Instant, Runtime, Sleep};
use metadr_vr::wire::Message;
use metadr_vr::{ClientReply, Outputs, Replica, Request, RequestId, Status, Tick, Unavailable};
use std::collections::{HashMap, VecDeque};
use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::{Duration, SystemTime};

/// How long a request may wait for its quorum before its client is told that
/// it was not reached. The request may still take effect.
const PATIENCE: Duration = Duration::from_secs(2);

/// How many inputs are handed in before the replica works on them. Messages are
/// half of them at most: a flood of messages must not keep clients waiting, nor
/// whoever asks the replica to stop.
const INPUTS_PER_TURN: usize = 1024;

/// Messages from other replicas that may wait for this one. More are dropped,
/// and asked for again.
const MESSAGES_WAITING: usize = 4096;

/// Bytes of such messages, beside those of one that may be longer.
const MESSAGE_BYTES_WAITING: usize = 64 << 20;

/// What becomes of a client's request.
#[derive(Clone, Debug)]
pub(crate) enum Answer {
    /// The replica answered.
    Replica(ClientReply),
    /// No quorum agreed in time; it may still.
    NoQuorum,
}

enum Input {
    Request {
        id: RequestId,
        request: Request,
        answer: oneshot::Sender<Answer>,
    },
    Closed {
        connection: u64,
    },
    Report {
        answer: oneshot::Sender<AdminStatus>,
    },
    Stop,
}

/// How a replica's task has ended.
#[derive(Debug)]
#[non_exhaustive]
pub enum Ended {
    /// The replica was stopped, and its memory is in its state directory.
    Kept,
    /// The replica was stopped when it had no memory to keep: it gets it from
    /// the others when it is started again.
    NothingToKeep,
    /// The replica was stopped, but its memory could not be written down.
    Failed(StateError),
}

/// Reaches the replica's task from anywhere. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Handle {
    clients: async_channel::Sender<Input>,
    messages: async_channel::Sender<Delivery>,
    /// Bytes of the messages that wait.
    message_bytes: Arc<AtomicUsize>,
    status: Arc<StatusCell>,
}

/// A message of another replica.
struct Delivery {
    /// Which connection it came on.
    connection: u64,
    /// The bytes that it had on the wire, and that it keeps alive.
    length: usize,
    message: Message,
}

impl Handle {
    /// Hands in a request. Requests of one connection take effect in the order
    /// of these calls.
    ///
    /// Nothing here waits: how much can pile up is limited by how many calls a
    /// connection may have in flight, and by how many connections there are.
    pub(crate) fn submit(&self, id: RequestId, request: Request) -> oneshot::Receiver<Answer> {
        let (answer, receiver) = oneshot::channel();
        let input = Input::Request {
            id,
            request,
            answer,
        };
        if let Err(error) = self.clients.try_send(input) {
            // The replica has stopped.
            refuse(error.into_inner());
        }
        receiver
    }

    pub(crate) fn connection_closed(&self, connection: u64) {
        drop(self.clients.try_send(Input::Closed { connection }));
    }

    /// Asks how the replica is. No answer comes when it has stopped.
    pub(crate) fn report(&self) -> oneshot::Receiver<AdminStatus> {
        let (answer, receiver) = oneshot::channel();
        drop(self.clients.try_send(Input::Report { answer }));
        receiver
    }

    /// Begins a clean stop.
    pub(crate) fn stop(&self) {
        drop(self.clients.try_send(Input::Stop));
    }

    /// Hands in a message of another replica, which came on the connection of
    /// this number and was so long there; drops it if too many wait.
    pub(crate) fn deliver(&self, connection: u64, length: usize, message: Message) {
        let before = self.message_bytes.fetch_add(length, Ordering::Relaxed);
        let has_room = before == 0 || before.saturating_add(length) <= MESSAGE_BYTES_WAITING;
        let delivery = Delivery {
            connection,
            length,
            message,
        };
        if !has_room || self.messages.try_send(delivery).is_err() {
            self.message_bytes.fetch_sub(length, Ordering::Relaxed);
        }
    }

    pub(crate) fn status(&self) -> &StatusCell {
        &self.status
    }
}

/// The other ends of a [`Handle`].
pub(crate) struct Inputs {
    clients: async_channel::Receiver<Input>,
    messages: async_channel::Receiver<Delivery>,
    message_bytes: Arc<AtomicUsize>,
    /// What is on disk.
    written: Synced,
    status: Arc<StatusCell>,
}

/// Where a replica's outputs go.
pub(crate) struct Surroundings {
    pub(crate) links: Links,
    pub(crate) storage: Storage,
}

/// A handle, and what [`drive`] needs to serve it.
pub(crate) fn channel(written: Synced) -> (Handle, Inputs) {
    let (clients, from_clients) = async_channel::unbounded();
    let (messages, from_replicas) = async_channel::bounded(MESSAGES_WAITING);
    let status = Arc::new(StatusCell::default());
    let message_bytes = Arc::<AtomicUsize>::default();
    let handle = Handle {
        clients,
        messages,
        message_bytes: Arc::clone(&message_bytes),
        status: Arc::clone(&status),
    };
    let inputs = Inputs {
        clients: from_clients,
        messages: from_replicas,
        message_bytes,
        written,
        status,
    };
    (handle, inputs)
}

/// Runs a replica until it is stopped. `None` if every [`Handle`] is gone, so
/// that nobody asks it any more.
pub(crate) async fn drive<R: Runtime>(
    runtime: R,
    replica: Replica<Machine>,
    first: Outputs,
    inputs: Inputs,
    surroundings: Surroundings,
) -> Option<Ended> {
    let _ends_process = EndsProcess;
    let mut driver = Driver {
        started: runtime.now(),
        runtime: runtime.clone(),
        replica,
        outputs: first,
        surroundings,
        status: inputs.status,
        message_bytes: inputs.message_bytes,
        backlog: VecDeque::new(),
        waiting: HashMap::new(),
        give_up: VecDeque::new(),
    };
    let mut clients = pin!(inputs.clients);
    let mut messages = pin!(inputs.messages);
    let mut written = pin!(inputs.written);
    let mut sleep = pin!(runtime.sleep_until(runtime.now()));
    loop {
        driver.replica.flush(&mut driver.outputs);
        driver.carry_out();
        if driver.replica.is_ready_to_stop() {
            return Some(driver.stop(&clients).await);
        }
        sleep.as_mut().reset(driver.wake_up());
        let is_open = poll_fn(|cx| {
            let has_written = driver.poll_written(cx, written.as_mut());
            match driver.gather(cx, clients.as_mut(), messages.as_mut(), sleep.as_mut()) {
                Poll::Pending if has_written => Poll::Ready(true),
                gathered => gathered,
            }
        })
        .await;
        if !is_open {
            return None;
        }
    }
}

struct Driver<R> {
    runtime: R,
    started: Instant,
    replica: Replica<Machine>,
    outputs: Outputs,
    surroundings: Surroundings,
    status: Arc<StatusCell>,
    message_bytes: Arc<AtomicUsize>,
    /// Requests that the replica has no room for yet.
    backlog: VecDeque<(RequestId, Request)>,
    /// Requests without an answer.
    waiting: HashMap<RequestId, oneshot::Sender<Answer>>,
    /// When to give up on each, soonest first: all have the same patience.
    give_up: VecDeque<(Instant, RequestId)>,
}

impl<R: Runtime> Driver<R> {
    /// Hands in what the disk has.
    fn poll_written(&mut self, cx: &mut Context<'_>, mut written: Pin<&mut Synced>) -> bool {
        let mut has_written = false;
        while let Poll::Ready(Some(ticket)) = written.as_mut().poll_next(cx) {
            let now = self.now();
            (self.replica).on_persisted(now, ticket, &mut self.outputs);
            has_written = true;
        }
        has_written
    }

    /// Hands in what is there, all at one time: the replica's must not go back.
    /// Ready with false once nobody can hand in anything.
    fn gather<S: Sleep>(
        &mut self,
        cx: &mut Context<'_>,
        mut clients: Pin<&mut async_channel::Receiver<Input>>,
        mut messages: Pin<&mut async_channel::Receiver<Delivery>>,
        sleep: Pin<&mut S>,
    ) -> Poll<bool> {
        let (now, instant) = (self.now(), self.runtime.now());
        let mut taken = 0;
        while taken < INPUTS_PER_TURN / 2
            && let Poll::Ready(Some(delivery)) = messages.as_mut().poll_next(cx)
        {
            (self.message_bytes).fetch_sub(delivery.length, Ordering::Relaxed);
            let from = delivery.message.envelope.sender;
            let links = &mut self.surroundings.links;
            links.heard(from, delivery.connection, instant);
            (self.replica).on_message(now, delivery.message, &mut self.outputs);
            taken += 1;
        }
        while taken < INPUTS_PER_TURN {
            match clients.as_mut().poll_next(cx) {
                Poll::Ready(Some(input)) => self.on_client(now, input),
                Poll::Ready(None) => return Poll::Ready(false),
                Poll::Pending => break,
            }
            taken += 1;
        }
        let admitted = self.admit(now);
        let is_due = sleep.poll(cx).is_ready();
        if is_due {
            self.replica.on_tick(now, wall_ms(), &mut self.outputs);
            self.give_up_on_late();
        }
        if taken > 0 || admitted > 0 || is_due {
            Poll::Ready(true)
        } else {
            Poll::Pending
        }
    }

    fn on_client(&mut self, now: Tick, input: Input) {
        match input {
            Input::Request {
                id,
                request,
                answer,
            } => {
                self.waiting.insert(id, answer);
                let deadline = self.runtime.now() + PATIENCE;
                self.give_up.push_back((deadline, id));
                self.backlog.push_back((id, request));
            }
            Input::Closed { connection } => {
                self.backlog.retain(|(id, _)| id.connection != connection);
                self.replica.on_connection_closed(connection);
            }
            Input::Report { answer } => {
                let (now, links) = (self.runtime.now(), &self.surroundings.links);
                let uptime = now.saturating_duration_since(self.started);
                let waiting = self.waiting.len();
                // Nobody listens if the connection is closed.
                let _ = answer.send(admin_status(&self.replica, links, now, uptime, waiting));
            }
            Input::Stop => self.replica.begin_stop(now, &mut self.outputs),
        }
    }

    /// Hands in requests as long as the replica has room. The others wait here
    /// until they are given up like any other; their connections' calls stay in
    /// flight as long, and so their sockets are not read any further.
    fn admit(&mut self, now: Tick) -> usize {
        let mut admitted = 0;
        while admitted < INPUTS_PER_TURN
            && self.replica.accepts_requests()
            && let Some((id, request)) = self.backlog.pop_front()
        {
            // What was given up before it began does not begin.
            if self.waiting.contains_key(&id) {
                self.hand_in(now, id, request);
            }
            admitted += 1;
        }
        admitted
    }

    /// Hands in a request. The clients' protocol has all requests at the
    /// primary, also those that a backup could serve.
    fn hand_in(&mut self, now: Tick, id: RequestId, request: Request) {
        let replica = &mut self.replica;
        if replica.status() == Status::Normal && !replica.is_primary() {
            let primary = replica.primary();
            (self.outputs.reply).push((id, ClientReply::NotPrimary { primary }));
        } else {
            replica.on_request(now, id, request, &mut self.outputs);
        }
    }

    /// Passes on what the replica wants done.
    fn carry_out(&mut self) {
        for (ticket, what) in self.outputs.persist.drain(..) {
            self.surroundings.storage.write(ticket, what);
        }
        for (to, message) in self.outputs.send.drain(..) {
            self.surroundings.links.send(to, message);
        }
        for (id, reply) in self.outputs.reply.drain(..) {
            if let Some(answer) = self.waiting.remove(&id) {
                // Nobody listens if the connection is closed.
                let _ = answer.send(Answer::Replica(reply));
            }
        }
        while let Some((_, id)) = self.give_up.front()
            && !self.waiting.contains_key(id)
        {
            self.give_up.pop_front();
        }
        let id = self.replica.boot().id();
        for event in self.outputs.events.drain(..) {
            report(id, &event);
        }
        self.status.set(match self.replica.status() {
            _ if self.replica.is_suspended() => Role::NotNormal,
            Status::Normal if self.replica.is_primary() => Role::Primary,
            Status::Normal => Role::Backup,
            _ => Role::NotNormal,
        });
    }

    /// Stops the replica, and writes its memory down.
    async fn stop(mut self, clients: &async_channel::Receiver<Input>) -> Ended {
        let image = self.replica.stop(&mut self.outputs);
        self.carry_out();
        clients.close();
        while let Ok(input) = clients.try_recv() {
            refuse(input);
        }
        for (id, _) in self.backlog.drain(..) {
            if let Some(answer) = self.waiting.remove(&id) {
                let _ = answer.send(STOPPED);
            }
        }
        let Some(image) = image else {
            return Ended::NothingToKeep;
        };
        match self.surroundings.storage.close(image).await {
            Ok(()) => Ended::Kept,
            Err(error) => Ended::Failed(error),
        }
    }

    fn give_up_on_late(&mut self) {
        let now = self.runtime.now();
        while let Some((deadline, id)) = self.give_up.front()
            && *deadline <= now
        {
            if let Some(answer) = self.waiting.remove(id) {
                let _ = answer.send(Answer::NoQuorum);
            }
            self.give_up.pop_front();
        }
    }

    fn now(&self) -> Tick {
        let passed = self.runtime.now().saturating_duration_since(self.started);
        Tick(u64::try_from(passed.as_millis()).unwrap_or(u64::MAX) / Tick::MILLIS)
    }

    /// When there is something to do even if nothing comes in.
    fn wake_up(&self) -> Instant {
        let of_tick = |tick: Tick| self.started + Duration::from_millis(tick.0 * Tick::MILLIS);
        let far = self.runtime.now() + Duration::from_secs(1);
        let replica = self.replica.next_deadline().map_or(far, of_tick);
        let client = self.give_up.front().map_or(far, |(deadline, _)| *deadline);
        replica.min(client).min(far)
    }
}

/// What clients of a replica that has stopped are told.
const STOPPED: Answer = Answer::Replica(ClientReply::Unavailable(Unavailable::Stopping));

/// Answers what comes too late: it had no effect.
fn refuse(input: Input) {
    if let Input::Request { answer, .. } = input {
        let _ = answer.send(STOPPED);
    }
}

/// The wall clock, for the time stamps of entries alone.
pub(crate) fn wall_ms() -> u64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    since.map_or(0, |since| {
        u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::{Identity, StateDirectory};
    use metadr_runtime::rt::Smol;
    use metadr_vr::Options;
    use metadr_vr::wire::{Durability, Envelope, MessageBody};

    /// More than a turn had to be drained before anybody looked at clients.
    #[test]
    fn a_flood_of_messages_kept_a_replica_from_stopping() {
        let directory = tempfile::tempdir().unwrap();
        let identity = Identity {
            id: 0,
            endpoints: vec!["localhost:5008".parse().unwrap()],
            recovering: false,
            mode: Durability::Memory,
        };
        let (state, boot) = StateDirectory::open(directory.path(), &identity).unwrap();
        // Of another group: the replica makes nothing of it.
        let message = Message {
            envelope: Envelope {
                cluster: [9; 16],
                sender: 1,
                instance: boot.meta.instance,
                incarnation: boot.meta.incarnation,
                promise: boot.meta.promise,
            },
            body: MessageBody::EnterView,
        };
        let options = Options::default();
        let (replica, first) = Replica::new(boot, Machine::new(), options, 0, Tick(0), 0);
        let runtime = Smol::new();
        let (storage, written) = Storage::start(state).unwrap();
        let surroundings = Surroundings {
            links: Links::start(&runtime, Vec::new()),
            storage,
        };
        let (handle, inputs) = channel(written);
        for _ in 0..MESSAGES_WAITING {
            handle.deliver(1, 100, message.clone());
        }
        handle.stop();
        let waiting = inputs.messages.clone();
        let driven = drive(runtime.clone(), replica, first, inputs, surroundings);
        assert!(matches!(runtime.block_on(driven), Some(Ended::Kept)));
        assert!(waiting.len() > MESSAGES_WAITING / 2, "{}", waiting.len());
    }
    #[test]
    fn messages_that_wait_are_bounded_in_bytes_and_one_may_be_longer() {
        let (_, written) = async_channel::bounded(1);
        let (handle, inputs) = channel(written);
        let message = Message {
            envelope: Envelope {
                cluster: [0; 16],
                sender: 1,
                instance: [0; 16],
                incarnation: metadr_vr::wire::Incarnation::default(),
                promise: metadr_vr::wire::EpochView::default(),
            },
            body: MessageBody::EnterView,
        };
        handle.deliver(1, MESSAGE_BYTES_WAITING + 1, message.clone());
        handle.deliver(1, 1, message.clone());
        assert_eq!(inputs.messages.len(), 1);
        let delivery = inputs.messages.try_recv().unwrap();
        (inputs.message_bytes).fetch_sub(delivery.length, Ordering::Relaxed);
        for _ in 0..3 {
            handle.deliver(1, MESSAGE_BYTES_WAITING / 2, message.clone());
        }
        assert_eq!(inputs.messages.len(), 2);
        let waiting = inputs.message_bytes.load(Ordering::Relaxed);
        assert_eq!(waiting, MESSAGE_BYTES_WAITING);
    }
}
