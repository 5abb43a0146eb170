//! The meta file on a real disk.

use super::StateError;
use crate::report::tell;
use metadr_vr::meta::{self, FILE_BYTES, SLOT_BYTES};
use metadr_vr::wire::Meta;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, ErrorKind, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

/// The file's name in the state directory.
const NAME: &str = "meta";

/// An open and locked meta file.
#[derive(Debug)]
pub(super) struct MetaFile {
    file: File,
    path: PathBuf,
    write_first: usize,
}

impl MetaFile {
    /// Opens the file in `directory`; `None` if there is none.
    pub(super) fn open(directory: &Path) -> Result<Option<(Self, Meta)>, StateError> {
        let path = directory.join(NAME);
        let opened = OpenOptions::new().read(true).write(true).open(&path);
        let mut file = match opened {
            Ok(file) => file,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(StateError::disk("open", &path, error)),
        };
        lock(&file, &path)?;
        let mut content = Vec::with_capacity(FILE_BYTES);
        // One byte more, to see that there is more.
        Read::by_ref(&mut file)
            .take(FILE_BYTES as u64 + 1)
            .read_to_end(&mut content)
            .map_err(|error| StateError::disk("read", &path, error))?;
        let loaded = meta::load(&content).map_err(|error| StateError::damaged(&path, error))?;
        if loaded.has_damaged_slot {
            tell(format_args!(
                "{}: one of its two slots is damaged, the other is used: an update was \
                 interrupted, or the disk fails",
                path.display()
            ));
        }
        let meta_file = Self {
            file,
            path,
            write_first: loaded.write_first,
        };
        Ok(Some((meta_file, loaded.meta)))
    }

    /// Makes the directory and the file. The file appears complete or not at
    /// all, under a name of its own until then.
    pub(super) fn create(directory: &Path, meta: &Meta) -> Result<Self, StateError> {
        let made = make_directory(directory);
        made.map_err(|error| StateError::disk("create", directory, error))?;
        let path = directory.join(NAME);
        let temporary = directory.join("meta.new");
        let slot = encode(meta, &path)?;
        let written = (|| {
            let mut file = File::create(&temporary)?;
            file.write_all(&[&slot[..], &slot[..]].concat())?;
            file.sync_all()?;
            fs::rename(&temporary, &path)?;
            sync_directory(directory)?;
            Ok(file)
        })();
        let file = written.map_err(|error| StateError::disk("write", &path, error))?;
        drop(file);
        match Self::open(directory)? {
            Some((file, _)) => Ok(file),
            None => Err(StateError::disk("open", &path, ErrorKind::NotFound.into())),
        }
    }

    /// Writes an update to both slots, one after the other, each synced.
    pub(super) fn update(&mut self, meta: &Meta) -> Result<(), StateError> {
        let slot = encode(meta, &self.path)?;
        for which in [self.write_first, 1 - self.write_first] {
            let written = (|| {
                let place = (which * SLOT_BYTES) as u64;
                self.file.seek(SeekFrom::Start(place))?;
                self.file.write_all(&slot)?;
                self.file.sync_all()
            })();
            written.map_err(|error| StateError::disk("write", &self.path, error))?;
        }
        // Both slots are whole and equal now: either may be first next time.
        Ok(())
    }
}

fn encode(meta: &Meta, path: &Path) -> Result<Vec<u8>, StateError> {
    meta::encode_slot(meta).map_err(|error| StateError::damaged(path, error))
}

fn lock(file: &File, path: &Path) -> Result<(), StateError> {
    match file.try_lock() {
        Ok(()) => Ok(()),
        Err(TryLockError::WouldBlock) => Err(StateError::in_use(path)),
        Err(TryLockError::Error(error)) => Err(StateError::disk("lock", path, error)),
    }
}

/// Makes the directory, and sees that it is still there after a crash.
fn make_directory(directory: &Path) -> io::Result<()> {
    fs::create_dir_all(directory)?;
    match directory.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => sync_directory(parent),
        _ => sync_directory(Path::new(".")),
    }
}

pub(super) fn sync_directory(directory: &Path) -> io::Result<()> {
    File::open(directory)?.sync_all()
}
