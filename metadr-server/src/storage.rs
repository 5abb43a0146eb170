//! The thread that writes the replica's promises: a slow disk must not stop
//! the tasks of the executor.

use crate::state::StateDirectory;
use metadr_vr::wire::Meta;
use std::io;
use std::sync::mpsc;
use std::thread;

/// Where updates go to be written.
pub(crate) struct Storage {
    updates: mpsc::Sender<Meta>,
}

impl Storage {
    /// Starts the thread. The sequence numbers of what is on disk come out of
    /// the receiver.
    ///
    /// # Errors
    ///
    /// The system has no thread left.
    pub(crate) fn start(state: StateDirectory) -> io::Result<(Self, async_channel::Receiver<u64>)> {
        let (updates, waiting) = mpsc::channel();
        let (synced, written) = async_channel::unbounded();
        thread::Builder::new()
            .name("metadr storage".to_owned())
            .spawn(move || write_all(state, &waiting, &synced))?;
        Ok((Self { updates }, written))
    }

    pub(crate) fn write(&self, meta: Meta) {
        // The thread ends with its process if a write fails, so it is there.
        drop(self.updates.send(meta));
    }
}

/// Writes until the replica is gone.
fn write_all(
    mut state: StateDirectory,
    waiting: &mpsc::Receiver<Meta>,
    synced: &async_channel::Sender<u64>,
) {
    while let Ok(first) = waiting.recv() {
        // Of several that have gathered, the last says it all.
        let meta = waiting.try_iter().last().unwrap_or(first);
        if let Err(error) = state.update(&meta) {
            // After a failed sync nobody knows what is on disk, and a replica
            // that does not know its promises must not keep any role.
            eprintln!("replica {}: stops: {error}", meta.id);
            std::process::exit(1);
        }
        if synced.try_send(meta.sequence).is_err() {
            return;
        }
    }
}
