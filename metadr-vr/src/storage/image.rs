//! The image of a clean stop in memory mode. It stands for nothing by itself:
//! the meta file says whether it counts, and names it by its hash.

use super::disk::{Disk, DiskError, FileName};
use super::new_file::NewFile;
use crate::wire::{Hash128, Image};
use crate::{hash128, log_of};
use metadr_runtime::xdr;

/// The file of an image, and its hash.
pub(super) fn new_file(image: &Image) -> (NewFile, Hash128) {
    let encoded = xdr::to_bytes(image).expect("an image has no bounds to break");
    let hash = hash128(&[&encoded]);
    let length = encoded.len() as u64;
    let file = NewFile::new(FileName::NewImage, FileName::Image, encoded.into(), length);
    (file, hash)
}

/// Reads the image with this hash. `Err` says why it does not count.
pub(super) fn read(disk: &mut impl Disk, cluster: Hash128, hash: Hash128) -> Result<Image, String> {
    let files = disk.list().map_err(|error| error.to_string())?;
    let mut files = files.iter().filter(|(name, _)| *name == FileName::Image);
    let length = files.next().map_or(0, |(_, length)| *length);
    let length = usize::try_from(length).map_err(|error| error.to_string())?;
    let mut encoded = vec![0; length];
    match disk.read(FileName::Image, 0, &mut encoded) {
        Ok(read) if read == length => {}
        Ok(_) => return Err("its file has become shorter".to_owned()),
        Err(error) => return Err(error.to_string()),
    }
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
///
/// # Errors
///
/// Those of the disk.
pub(super) fn remove(disk: &mut impl Disk) -> Result<(), DiskError> {
    for name in [FileName::Image, FileName::NewImage] {
        match disk.remove(name) {
            Ok(()) | Err(DiskError::Missing) => {}
            Err(error) => return Err(error),
        }
    }
    disk.sync_directory()
}
