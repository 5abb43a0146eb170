//! Record marking: messages on a byte stream (RFC 5531 §11).
//!
//! A record is one message, cut into fragments. Before each fragment stands a
//! header of four bytes: the highest bit says whether it is the last of its
//! record, the other 31 are the number of bytes that follow.
//!
//! [`RecordReader`] takes any number of fragments; [`write_record`] makes one,
//! as some servers take no more.

mod reader;
mod writer;

pub use reader::{RecordError, RecordReader};
pub use writer::write_record;
pub(in crate::rpc) use writer::{OutgoingRecord, write_shared_record};

/// The size of a fragment's header in bytes.
pub const HEADER_SIZE: usize = 4;

/// The bit of a fragment's header that marks the last fragment of a record.
pub const LAST_FRAGMENT: u32 = 1 << 31;
