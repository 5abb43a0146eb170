//! One process at a time.

use super::StateError;
use std::fs::{File, TryLockError};
use std::path::Path;

/// The name of the file that is locked. It is never read, and stays.
const NAME: &str = "lock";

/// A state directory that this process has to itself.
#[derive(Debug)]
pub(super) struct Lock {
    _file: File,
}

impl Lock {
    /// Locks the directory until this is dropped, or the process ends.
    ///
    /// # Errors
    ///
    /// [`StateError::InUse`], [`StateError::Disk`]
    pub(super) fn take(directory: &Path) -> Result<Self, StateError> {
        let path = directory.join(NAME);
        let file = File::create(&path).map_err(|error| StateError::disk("open", &path, error))?;
        match file.try_lock() {
            Ok(()) => Ok(Self { _file: file }),
            Err(TryLockError::WouldBlock) => Err(StateError::in_use(directory)),
            Err(TryLockError::Error(error)) => Err(StateError::disk("lock", &path, error)),
        }
    }
}
