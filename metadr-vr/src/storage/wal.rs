//! The write-ahead log: a stream of records, gathered in groups, in segments.
//!
//! A group is written and synced as a whole, and the next one only after that,
//! so that a crash can only tear the last. Groups begin at blocks of their own:
//! writing one does not touch what was synced before it. A group names its
//! place, so that one that the disk put elsewhere is valid nowhere.
//!
//! The log in memory is at any time what a replay of all records gives that
//! were handed in: the disk has a prefix of them. What changes `last_normal`
//! and the log together is one install, whose last record counts.

mod group;
mod reader;
mod replay;
mod segment;
mod verdict;
mod writer;

pub(super) use reader::{Scan, scan};
pub(super) use replay::Replay;
pub(super) use segment::LogEnd;
pub use verdict::Doubt;
pub(super) use verdict::{Evidence, Verdict, judge};
pub(super) use writer::{Writer, Wrote, first_segment, rewritten};

/// A group begins at a multiple of this, in bytes: nothing that a disk writes
/// as a whole has parts of two groups.
pub const BLOCK_BYTES: usize = 4096;
