//! The thread that writes the replica's promises: a slow disk must not stop
//! the tasks of the executor.

use crate::last_words::EndsProcess;
use crate::report::tell;
use crate::state::{StateDirectory, StateError};
use futures::channel::oneshot;
use metadr_vr::Ticket;
use metadr_vr::wire::{Image, Meta};
use std::io;
use std::sync::mpsc;
use std::thread;

/// The tickets of what is on disk.
pub(crate) type Synced = async_channel::Receiver<Ticket>;

/// Where updates go to be written.
pub(crate) struct Storage {
    updates: mpsc::Sender<Update>,
}

enum Update {
    Meta(Ticket, Meta),
    /// The last one.
    CleanStop(Meta, Image, oneshot::Sender<Result<(), StateError>>),
}

impl Storage {
    /// Starts the thread. The tickets of what is on disk come out of the
    /// receiver.
    ///
    /// # Errors
    ///
    /// The system has no thread left.
    pub(crate) fn start(state: StateDirectory) -> io::Result<(Self, Synced)> {
        let (updates, waiting) = mpsc::channel();
        let (synced, written) = async_channel::unbounded();
        thread::Builder::new()
            .name("metadr storage".to_owned())
            .spawn(move || write_all(state, &waiting, &synced))?;
        Ok((Self { updates }, written))
    }

    pub(crate) fn write(&self, ticket: Ticket, meta: Meta) {
        // The thread ends with its process if a write fails, so it is there.
        drop(self.updates.send(Update::Meta(ticket, meta)));
    }

    /// Writes down the memory of a replica that has stopped, `meta` being the
    /// last update.
    ///
    /// # Errors
    ///
    /// Those of [`StateDirectory::close`].
    pub(crate) async fn close(self, meta: Meta, image: Image) -> Result<(), StateError> {
        let (done, closed) = oneshot::channel();
        drop(self.updates.send(Update::CleanStop(meta, image, done)));
        closed.await.expect("the thread ends with its process")
    }
}

/// Writes until the replica is gone.
fn write_all(
    mut state: StateDirectory,
    waiting: &mpsc::Receiver<Update>,
    synced: &async_channel::Sender<Ticket>,
) {
    let _ends_process = EndsProcess;
    // Each update in turn, none skipped: slots that are further apart than one
    // update count as damage at the next start.
    while let Ok(update) = waiting.recv() {
        let (ticket, meta) = match update {
            Update::Meta(ticket, meta) => (ticket, meta),
            Update::CleanStop(meta, image, done) => {
                drop(done.send(state.close(meta, &image)));
                return;
            }
        };
        if let Err(error) = state.update(&meta) {
            // After a failed sync nobody knows what is on disk, and a replica
            // that does not know its promises must not keep any role.
            tell(format_args!("replica {}: stops: {error}", meta.id));
            std::process::exit(1);
        }
        if synced.try_send(ticket).is_err() {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::Identity;
    use metadr_vr::Stream;

    #[test]
    fn updates_that_had_gathered_were_skipped_and_the_slots_drifted_apart() {
        let directory = tempfile::tempdir().unwrap();
        let identity = Identity {
            id: 0,
            endpoints: vec!["localhost:5008".parse().unwrap()],
            recovering: false,
        };
        let (state, boot) = StateDirectory::open(directory.path(), &identity).unwrap();
        let (storage, written) = Storage::start(state).unwrap();
        let first = boot.meta.sequence + 1;
        for sequence in first..first + 20 {
            let meta = boot.meta.clone();
            let ticket = Ticket {
                stream: Stream::Meta,
                number: sequence,
            };
            storage.write(ticket, Meta { sequence, ..meta });
        }
        // The thread ends when it has written everything, and the reports with it.
        drop(storage);
        let reported: Vec<u64> = std::iter::from_fn(|| written.recv_blocking().ok())
            .map(|ticket| ticket.number)
            .collect();
        assert_eq!(reported, (first..first + 20).collect::<Vec<_>>());
    }
}
