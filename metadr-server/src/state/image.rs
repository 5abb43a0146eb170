//! The shutdown image: what a replica had in its memory when it was stopped
//! cleanly. It stands for nothing by itself: the meta file says whether it
//! counts, and names it by its hash.

use super::StateError;
use super::file::sync_directory;
use metadr_runtime::xdr;
use metadr_vr::wire::{Hash128, Image};
use metadr_vr::{hash128, log_of};
use std::fs::{self, File};
use std::io::{self, ErrorKind, Write};
use std::path::Path;

/// The file's name in the state directory.
const NAME: &str = "image";

/// Its name until it is complete.
const TEMPORARY: &str = "image.new";

/// Writes an image. When this returns its hash, it is on disk.
pub(super) fn write(directory: &Path, image: &Image) -> Result<Hash128, StateError> {
    let path = directory.join(NAME);
    let encoded = xdr::to_bytes(image).map_err(|error| {
        let error = io::Error::new(ErrorKind::InvalidData, error);
        StateError::disk("encode", &path, error)
    })?;
    let temporary = directory.join(TEMPORARY);
    let written = (|| {
        let mut file = File::create(&temporary)?;
        file.write_all(&encoded)?;
        file.sync_all()?;
        fs::rename(&temporary, &path)?;
        sync_directory(directory)
    })();
    written.map_err(|error| StateError::disk("write", &path, error))?;
    Ok(hash128(&[&encoded]))
}

/// Reads the image with this hash. `Err` says why it does not count.
pub(super) fn read(directory: &Path, cluster: Hash128, hash: Hash128) -> Result<Image, String> {
    let path = directory.join(NAME);
    let encoded = fs::read(&path).map_err(|error| error.to_string())?;
    if hash128(&[&encoded]) != hash {
        return Err("it is not the one that was written".to_owned());
    }
    let image: Image = xdr::from_bytes(encoded.into()).map_err(|error| error.to_string())?;
    if log_of(cluster, &image).is_none() {
        return Err("its log is not whole".to_owned());
    }
    Ok(image)
}

/// Removes what there is of an image. When this returns, it is gone for good.
pub(super) fn remove(directory: &Path) -> Result<(), StateError> {
    for name in [NAME, TEMPORARY] {
        let path = directory.join(name);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                return Err(StateError::disk("remove", &path, error));
            }
            _ => {}
        }
    }
    sync_directory(directory).map_err(|error| StateError::disk("write", directory, error))
}
