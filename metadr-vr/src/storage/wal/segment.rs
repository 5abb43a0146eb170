//! A segment's header, and the log's end that it tells.

use super::{BLOCK_BYTES, Replay};
use crate::wire::{Entry, EntryHeader, EpochView, Hash128, SegmentHeader, WAL_FORMAT, WalRecord};
use bytes::Bytes;
use metadr_runtime::xdr;

/// The beginning of a segment.
const MAGIC: [u8; 4] = *b"mdrS";

/// Before the fields: the magic number, and their CRC-32C and length.
const PREFIX_BYTES: usize = 12;

/// Where the records that were written so far have led to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::storage) struct LogEnd {
    /// The view that the log is of.
    pub(in crate::storage) last_normal: EpochView,
    /// Its last entry.
    pub(in crate::storage) head: EntryHeader,
    /// The last entry of an install that has begun, if it has any yet.
    installing: Option<Option<EntryHeader>>,
}

impl LogEnd {
    pub(in crate::storage) fn new(last_normal: EpochView, head: EntryHeader) -> Self {
        Self {
            last_normal,
            head,
            installing: None,
        }
    }

    /// Where a replay has led to.
    pub(in crate::storage) fn of(replay: &Replay) -> Self {
        Self {
            installing: replay.last_installing(),
            ..Self::new(replay.last_normal, replay.log.head_header().clone())
        }
    }

    /// The log of a replica that never ran.
    pub(in crate::storage) fn of_new(cluster: Hash128) -> Self {
        Self::new(EpochView::default(), Entry::root(cluster).header)
    }

    pub(in crate::storage) fn is_installing(&self) -> bool {
        self.installing.is_some()
    }

    pub(super) fn note(&mut self, record: &WalRecord) {
        match record {
            WalRecord::Appended(entry) => {
                self.head = entry.header.clone();
                self.installing = None;
            }
            WalRecord::InstallBegun => self.installing = Some(None),
            WalRecord::Installing(entry) => {
                self.installing = Some(Some(entry.header.clone()));
            }
            WalRecord::Installed(installed) => {
                let last = self.installing.take().flatten();
                self.head = last.unwrap_or_else(|| installed.base.clone());
                self.last_normal = installed.last_normal;
            }
        }
    }
}

/// The first block of a segment.
pub(super) fn encode(header: &SegmentHeader) -> Vec<u8> {
    let fields = xdr::to_bytes(header).expect("a header has no bounds to break");
    let length = u32::try_from(fields.len()).expect("a header is small");
    let mut block = Vec::with_capacity(BLOCK_BYTES);
    block.extend_from_slice(&MAGIC);
    block.extend_from_slice(&crc32c::crc32c(&fields).to_be_bytes());
    block.extend_from_slice(&length.to_be_bytes());
    block.extend_from_slice(&fields);
    assert!(block.len() <= BLOCK_BYTES, "a segment's header is small");
    block.resize(BLOCK_BYTES, 0);
    block
}

/// The header of a segment, if it is whole.
pub(super) fn decode(block: &[u8]) -> Option<SegmentHeader> {
    let (prefix, rest) = block.split_at_checked(PREFIX_BYTES)?;
    let number = |at: usize| {
        prefix[at..]
            .first_chunk()
            .map(|four| u32::from_be_bytes(*four))
    };
    let fields = rest.get(..usize::try_from(number(8)?).ok()?)?;
    if prefix[..4] != MAGIC || number(4)? != crc32c::crc32c(fields) {
        return None;
    }
    let header: SegmentHeader = xdr::from_bytes(Bytes::copy_from_slice(fields)).ok()?;
    (header.format == WAL_FORMAT).then_some(header)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storage::tests::header_of;

    #[test]
    fn a_header_is_read_as_it_was_written_or_not_at_all() {
        let header = SegmentHeader {
            number: 7,
            ..header_of([1; 16])
        };
        let block = encode(&header);
        assert_eq!(block.len(), BLOCK_BYTES);
        assert_eq!(decode(&block), Some(header.clone()));
        let used = PREFIX_BYTES + xdr::to_bytes(&header).unwrap().len();
        for bit in 0..used * 8 {
            let mut damaged = block.clone();
            damaged[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(decode(&damaged), None, "bit {bit}");
        }
        assert_eq!(decode(&[0; BLOCK_BYTES]), None);
        assert_eq!(decode(&[]), None);
    }
}
