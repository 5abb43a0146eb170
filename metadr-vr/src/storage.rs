//! What a replica keeps on disk: its promises in every mode, its log and its
//! snapshots in durable mode (VRR §4.3 keeps neither; a replica that does
//! survives the loss of power of the whole group).
//!
//! The protocol orders writes ([`crate::Persist`]), [`Store`] carries them out
//! one blocking step at a time, and [`Disk`] is the little that it needs of a
//! file system. The server and the simulator run the same store, on different
//! disks.

mod disk;
mod found;
mod image;
#[cfg(any(test, feature = "sim"))]
mod memory_disk;
mod meta_file;
mod new_file;
mod open;
mod options;
mod snapshots;
mod store;
#[cfg(test)]
mod tests;
mod wal;

pub use disk::{Disk, DiskError, FileName, UnknownName};
#[cfg(any(test, feature = "sim"))]
pub use memory_disk::{Draw, MemoryDisk, SECTOR_BYTES};
pub use open::read_meta;
pub use options::{StoreError, StoreOptions, Warning};
pub use store::{Step, Store};
pub use wal::{BLOCK_BYTES, Doubt};
