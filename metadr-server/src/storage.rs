//! The thread that writes what the replica wants on disk: a slow disk must not
//! stop the tasks of the executor.

use crate::last_words::EndsProcess;
use crate::report::tell;
use crate::state::{StateDirectory, StateError};
use futures::channel::oneshot;
use metadr_vr::storage::Step;
use metadr_vr::wire::Image;
use metadr_vr::{Persist, Ticket};
use std::io;
use std::ops::ControlFlow;
use std::sync::mpsc::{self, RecvTimeoutError, TryRecvError};
use std::thread;
use std::time::Duration;

/// How often the thread looks around when there is nothing to write.
const PAUSE: Duration = Duration::from_secs(1);

/// The tickets of what is on disk.
pub(crate) type Synced = async_channel::Receiver<Ticket>;

/// Where everything goes that is to be written.
pub(crate) struct Storage {
    orders: mpsc::Sender<Order>,
}

enum Order {
    Persist(Ticket, Persist),
    /// The last one.
    Close(Image, oneshot::Sender<Result<(), StateError>>),
}

impl Storage {
    /// Starts the thread. The tickets of what is on disk come out of the
    /// receiver; those that precede one in its stream may be left out.
    ///
    /// # Errors
    ///
    /// The system has no thread left.
    pub(crate) fn start(state: StateDirectory) -> io::Result<(Self, Synced)> {
        let (orders, waiting) = mpsc::channel();
        let (synced, written) = async_channel::unbounded();
        thread::Builder::new()
            .name("metadr storage".to_owned())
            .spawn(move || write_all(state, &waiting, &synced))?;
        Ok((Self { orders }, written))
    }

    pub(crate) fn write(&self, ticket: Ticket, persist: Persist) {
        // The thread ends with its process if a write fails, so it is there.
        drop(self.orders.send(Order::Persist(ticket, persist)));
    }

    /// Writes down what a replica that has stopped has to remember.
    ///
    /// # Errors
    ///
    /// Those of [`StateDirectory::close`].
    pub(crate) async fn close(self, image: Image) -> Result<(), StateError> {
        let (done, closed) = oneshot::channel();
        drop(self.orders.send(Order::Close(image, done)));
        closed.await.expect("the thread ends with its process")
    }
}

/// Writes until the replica is gone.
fn write_all(
    mut state: StateDirectory,
    waiting: &mpsc::Receiver<Order>,
    synced: &async_channel::Sender<Ticket>,
) {
    let _ends_process = EndsProcess;
    let (mut is_idle, mut is_last) = (true, false);
    loop {
        // Whatever has come during the last step gets to the disk together.
        match take(&mut state, waiting, is_idle && !is_last) {
            ControlFlow::Continue(()) => {}
            ControlFlow::Break(None) => is_last = true,
            ControlFlow::Break(Some((image, done))) => {
                drop(done.send(state.close(&image)));
                return;
            }
        }
        let step = state.step().unwrap_or_else(|error| {
            // After a failed sync nobody knows what is on disk, and a replica
            // that does not know its promises must not keep any role.
            tell(format_args!("replica {}: stops: {error}", state.id()));
            std::process::exit(1);
        });
        is_idle = step == Step::Idle;
        if is_idle && is_last {
            return;
        }
        match step {
            Step::Persisted(ticket) => {
                if synced.try_send(ticket).is_err() {
                    return;
                }
            }
            Step::Full(is_full) => {
                let what = if is_full { "is full" } else { "has room again" };
                tell(format_args!("replica {}: the disk {what}", state.id()));
            }
            Step::Idle | Step::Working => {}
        }
    }
}

/// What the last order brings.
type Close = (Image, oneshot::Sender<Result<(), StateError>>);

/// Takes all orders that are there, and waits for one if there is nothing to
/// do. Breaks off if there are no more to come.
fn take(
    state: &mut StateDirectory,
    waiting: &mpsc::Receiver<Order>,
    is_idle: bool,
) -> ControlFlow<Option<Close>> {
    let mut next = if is_idle {
        let first = waiting.recv_timeout(PAUSE);
        if let Err(RecvTimeoutError::Timeout) = first {
            state.look_around();
        }
        first
    } else {
        not_waiting(waiting)
    };
    loop {
        match next {
            Ok(Order::Persist(ticket, persist)) => state.submit(ticket, persist),
            Ok(Order::Close(image, done)) => return ControlFlow::Break(Some((image, done))),
            Err(RecvTimeoutError::Timeout) => return ControlFlow::Continue(()),
            Err(RecvTimeoutError::Disconnected) => return ControlFlow::Break(None),
        }
        next = not_waiting(waiting);
    }
}

fn not_waiting(waiting: &mpsc::Receiver<Order>) -> Result<Order, RecvTimeoutError> {
    waiting.try_recv().map_err(|error| match error {
        TryRecvError::Empty => RecvTimeoutError::Timeout,
        TryRecvError::Disconnected => RecvTimeoutError::Disconnected,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::Identity;
    use metadr_vr::Stream;
    use metadr_vr::wire::{Durability, Entry, EpochView};

    fn identity(mode: Durability) -> Identity {
        Identity {
            id: 0,
            endpoints: vec!["localhost:5008".parse().unwrap()],
            recovering: false,
            mode,
        }
    }

    fn ticket(stream: Stream, number: u64) -> Ticket {
        Ticket { stream, number }
    }

    #[test]
    fn updates_that_had_gathered_were_skipped_and_the_slots_drifted_apart() {
        let directory = tempfile::tempdir().unwrap();
        let identity = identity(Durability::Memory);
        let (state, boot) = StateDirectory::open(directory.path(), &identity).unwrap();
        let (storage, written) = Storage::start(state).unwrap();
        for number in 1..=20 {
            let mut meta = boot.meta.clone();
            meta.promise.view = number;
            let meta = Persist::Meta(Box::new(meta));
            storage.write(ticket(Stream::Meta, number), meta);
        }
        // The thread ends when it has written everything, and the reports with it.
        drop(storage);
        let reported: Vec<u64> = std::iter::from_fn(|| written.recv_blocking().ok())
            .map(|ticket| ticket.number)
            .collect();
        assert!(
            reported.is_sorted() && reported.last() == Some(&20),
            "{reported:?}"
        );
        let (_state, boot) = StateDirectory::open(directory.path(), &identity).unwrap();
        assert_eq!(boot.meta.promise.view, 20);
    }

    #[test]
    fn a_log_is_on_disk_when_it_is_reported() {
        let directory = tempfile::tempdir().unwrap();
        let identity = identity(Durability::Durable);
        let error = StateDirectory::open(directory.path(), &identity).unwrap_err();
        assert!(
            error.to_string().contains("metadr-server format"),
            "{error}"
        );
        StateDirectory::format(directory.path(), &identity).unwrap();
        let (state, boot) = StateDirectory::open(directory.path(), &identity).unwrap();
        let (storage, written) = Storage::start(state).unwrap();
        let root = Entry::root(boot.cluster());
        let entry = Entry::batch(&root.header, EpochView::default(), 1, Vec::new());
        let append = Persist::Append(vec![entry.clone()]);
        storage.write(ticket(Stream::Log, 1), append);
        assert_eq!(written.recv_blocking(), Ok(ticket(Stream::Log, 1)));
        drop(storage);
        assert!(written.recv_blocking().is_err());
        let (_state, boot) = StateDirectory::open(directory.path(), &identity).unwrap();
        match boot.start {
            metadr_vr::Start::Kept(image) => assert_eq!(image.entries, [entry]),
            other => panic!("{other:?}"),
        }
    }
}
