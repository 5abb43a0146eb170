//! A directory of the file system, as the store wants it.

use metadr_vr::storage::{Disk, DiskError, FileName};
use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

/// Zeros that are written at once, in bytes.
const ZEROS: usize = 64 << 10;

/// A directory. What it is to be locked against is the caller's business.
///
/// Syncs are the strongest that the system has: on macOS the standard library
/// has the drive empty its cache, not the system alone.
#[derive(Debug)]
pub(crate) struct Directory {
    path: PathBuf,
    /// The files in use, each always by the same handle: a system tells of a
    /// write that failed those that had the file open then.
    open: BTreeMap<FileName, File>,
}

impl Directory {
    /// The directory at `path`, which has to be there.
    pub(crate) fn new(path: &Path) -> Self {
        Self {
            path: path.to_owned(),
            open: BTreeMap::new(),
        }
    }

    fn path_of(&self, file: FileName) -> PathBuf {
        self.path.join(file.to_string())
    }

    fn file(&mut self, file: FileName) -> io::Result<&mut File> {
        if !self.open.contains_key(&file) {
            let mut options = OpenOptions::new();
            let opened = options.read(true).write(true).open(self.path_of(file))?;
            self.open.insert(file, opened);
        }
        Ok(self.open.get_mut(&file).expect("it was put there"))
    }

    fn make(&mut self, file: FileName, length: u64) -> io::Result<()> {
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(true);
        let mut made = options.open(self.path_of(file))?;
        let zeros = [0; ZEROS];
        let mut left = length;
        while left > 0 {
            let some = usize::try_from(left).map_or(ZEROS, |left| left.min(ZEROS));
            made.write_all(&zeros[..some])?;
            left -= some as u64;
        }
        self.open.insert(file, made);
        Ok(())
    }

    fn entries(&self) -> io::Result<Vec<(FileName, u64)>> {
        let mut found = Vec::new();
        for entry in fs::read_dir(&self.path)? {
            let entry = entry?;
            // What has another name is somebody else's.
            if let Some(Ok(name)) = entry.file_name().to_str().map(str::parse) {
                found.push((name, entry.metadata()?.len()));
            }
        }
        found.sort_unstable();
        Ok(found)
    }
}

/// Says what an error means for what is on disk.
fn disk_error(error: io::Error) -> DiskError {
    match error.kind() {
        ErrorKind::NotFound => DiskError::Missing,
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge => {
            DiskError::Full
        }
        _ => DiskError::Failed(error.to_string()),
    }
}

impl Disk for Directory {
    fn read(&mut self, file: FileName, offset: u64, into: &mut [u8]) -> Result<usize, DiskError> {
        let read = (|| {
            let file = self.file(file)?;
            file.seek(SeekFrom::Start(offset))?;
            let mut filled = 0;
            while filled < into.len() {
                match file.read(&mut into[filled..]) {
                    Ok(0) => break,
                    Ok(more) => filled += more,
                    Err(error) if error.kind() == ErrorKind::Interrupted => {}
                    Err(error) => return Err(error),
                }
            }
            Ok(filled)
        })();
        read.map_err(disk_error)
    }

    fn write(&mut self, file: FileName, offset: u64, parts: &[&[u8]]) -> Result<(), DiskError> {
        let written = (|| {
            let file = self.file(file)?;
            file.seek(SeekFrom::Start(offset))?;
            parts.iter().try_for_each(|part| file.write_all(part))
        })();
        written.map_err(disk_error)
    }

    fn sync(&mut self, file: FileName) -> Result<(), DiskError> {
        let synced = self.file(file).and_then(|file| file.sync_data());
        // There is no good way on from here, and no second attempt.
        synced.map_err(|error| match error.kind() {
            ErrorKind::NotFound => DiskError::Missing,
            _ => DiskError::Failed(error.to_string()),
        })
    }

    fn create(&mut self, file: FileName, length: u64) -> Result<(), DiskError> {
        let made = self.make(file, length);
        made.map_err(|error| {
            // Half a file would take the room that is missing.
            drop(fs::remove_file(self.path_of(file)));
            disk_error(error)
        })
    }

    fn rename(&mut self, from: FileName, to: FileName) -> Result<(), DiskError> {
        fs::rename(self.path_of(from), self.path_of(to)).map_err(disk_error)?;
        self.open.remove(&to);
        if let Some(handle) = self.open.remove(&from) {
            self.open.insert(to, handle);
        }
        Ok(())
    }

    fn remove(&mut self, file: FileName) -> Result<(), DiskError> {
        self.open.remove(&file);
        fs::remove_file(self.path_of(file)).map_err(disk_error)
    }

    fn sync_directory(&mut self) -> Result<(), DiskError> {
        sync_directory(&self.path).map_err(|error| DiskError::Failed(error.to_string()))
    }

    fn list(&mut self) -> Result<Vec<(FileName, u64)>, DiskError> {
        self.entries().map_err(disk_error)
    }
}

/// Returns when the names in a directory are there for good.
pub(crate) fn sync_directory(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_made_written_read_renamed_and_removed() {
        let directory = tempfile::tempdir().unwrap();
        fs::write(directory.path().join("lock"), b"").unwrap();
        let mut disk = Directory::new(directory.path());
        let (new, segment) = (FileName::SpareSegment, FileName::Segment(3));
        assert_eq!(disk.sync(new), Err(DiskError::Missing));
        disk.create(new, 100_000).unwrap();
        disk.write(new, 99_999, &[b"ab", b"c"]).unwrap();
        disk.sync(new).unwrap();
        disk.rename(new, segment).unwrap();
        disk.sync_directory().unwrap();
        assert_eq!(disk.list(), Ok(vec![(segment, 100_002)]));
        assert_eq!(disk.write(new, 0, &[b"a"]), Err(DiskError::Missing));

        let mut read = [1; 6];
        let mut other = Directory::new(directory.path());
        assert_eq!(other.read(segment, 99_998, &mut read), Ok(4));
        assert_eq!(read, *b"\0abc\x01\x01");
        disk.create(segment, 3).unwrap();
        assert_eq!(disk.read(segment, 0, &mut read), Ok(3));
        disk.remove(segment).unwrap();
        assert_eq!(disk.read(segment, 0, &mut read), Err(DiskError::Missing));
        assert_eq!(disk.remove(segment), Err(DiskError::Missing));
        assert_eq!(disk.list(), Ok(Vec::new()));
    }

    #[test]
    fn errors_say_whether_anything_can_have_changed() {
        assert_eq!(disk_error(ErrorKind::StorageFull.into()), DiskError::Full);
        let directory = tempfile::tempdir().unwrap();
        let mut disk = Directory::new(&directory.path().join("absent"));
        assert_eq!(disk.create(FileName::NewMeta, 1), Err(DiskError::Missing));
        assert!(matches!(disk.sync_directory(), Err(DiskError::Failed(_))));
    }
}
