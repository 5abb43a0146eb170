//! A group: records that are written and synced together.

use super::BLOCK_BYTES;
use crate::wire::{GroupHeader, WalGroup, WalRecord};
use bytes::Bytes;
use metadr_runtime::xdr;

/// The beginning of a group.
const MAGIC: [u8; 4] = *b"mdrG";

/// The fields of a [`GroupHeader`] on disk.
const FIELDS_BYTES: usize = 3 * 8 + 2 * 4;

/// Before the body: the magic number, the fields, and the CRC-32C of both.
pub(super) const HEADER_BYTES: usize = MAGIC.len() + FIELDS_BYTES + 4;

/// What `records` would take in a group, headers and padding included.
pub(super) fn blocks_for(body_bytes: usize) -> usize {
    (HEADER_BYTES + body_bytes).next_multiple_of(BLOCK_BYTES)
}

/// The bytes that an empty list of records takes.
pub(super) const EMPTY_BODY_BYTES: usize = 4;

/// What a record adds to a body.
pub(super) fn record_bytes(record: &WalRecord) -> usize {
    let fixed = match record {
        WalRecord::Appended(entry) | WalRecord::Installing(entry) => entry.encoded_len(),
        _ => xdr::to_bytes(record).map_or(0, |bytes| bytes.len() - 4),
    };
    4 + fixed
}

/// A group as it is written at `offset` of `segment`: header and body.
pub(super) fn encode(
    segment: u64,
    offset: u64,
    sequence: u64,
    records: Vec<WalRecord>,
) -> (Vec<u8>, Bytes) {
    let body = xdr::to_bytes(&WalGroup { records }).expect("records have no bounds to break");
    let header = GroupHeader {
        segment,
        offset,
        sequence,
        length: u32::try_from(body.len()).expect("a group fits its segment"),
        body_crc32c: crc32c::crc32c(&body),
    };
    let mut encoded = Vec::with_capacity(HEADER_BYTES);
    encoded.extend_from_slice(&MAGIC);
    encoded.extend_from_slice(&xdr::to_bytes(&header).expect("a header has no bounds to break"));
    encoded.extend_from_slice(&crc32c::crc32c(&encoded).to_be_bytes());
    debug_assert_eq!(encoded.len(), HEADER_BYTES);
    (encoded, body)
}

/// The header of a group at the beginning of `block`, if there is one that
/// belongs to `offset` of `segment`.
pub(super) fn header_at(block: &[u8], segment: u64, offset: u64) -> Option<GroupHeader> {
    let (sealed, rest) = block.split_at_checked(HEADER_BYTES - 4)?;
    if rest.first_chunk() != Some(&crc32c::crc32c(sealed).to_be_bytes()) {
        return None;
    }
    let fields = Bytes::copy_from_slice(sealed.strip_prefix(&MAGIC)?);
    let header: GroupHeader = xdr::from_bytes(fields).ok()?;
    (header.segment == segment && header.offset == offset).then_some(header)
}

/// The body that follows a header, as long as it is whole.
pub(super) fn body_of<'a>(header: &GroupHeader, after_header: &'a [u8]) -> Option<&'a [u8]> {
    let body = after_header.get(..usize::try_from(header.length).ok()?)?;
    (crc32c::crc32c(body) == header.body_crc32c).then_some(body)
}

/// The records of a whole body. `None` if they are not what was written: a CRC
/// fits by chance once in a while, an entry's own checksum does not.
pub(super) fn records_of(body: &[u8]) -> Option<Vec<WalRecord>> {
    let group: WalGroup = xdr::from_bytes(Bytes::copy_from_slice(body)).ok()?;
    let is_intact = |record: &WalRecord| match record {
        WalRecord::Appended(entry) | WalRecord::Installing(entry) => entry.is_intact(),
        _ => true,
    };
    group.records.iter().all(is_intact).then_some(group.records)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::{ClientOperation, Entry, EpochView, Installed};

    fn records() -> Vec<WalRecord> {
        let root = Entry::root([1; 16]);
        let operation = ClientOperation::Anonymous(Bytes::from_static(b"abcde"));
        let entry = Entry::batch(&root.header, EpochView::default(), 5, vec![operation]);
        vec![
            WalRecord::Appended(entry.clone()),
            WalRecord::InstallBegun,
            WalRecord::Installing(entry),
            WalRecord::Installed(Installed {
                last_normal: EpochView::default(),
                base: root.header,
                is_anchored: true,
            }),
        ]
    }

    #[test]
    fn a_group_is_read_as_it_was_written_and_nowhere_else() {
        let (header, body) = encode(3, 8192, 7, records());
        let size: usize = records().iter().map(record_bytes).sum();
        assert_eq!(body.len(), EMPTY_BODY_BYTES + size);
        let found = header_at(&header, 3, 8192).unwrap();
        assert_eq!(found.sequence, 7);
        assert_eq!(body_of(&found, &body), Some(&body[..]));
        assert_eq!(records_of(&body), Some(records()));
        assert_eq!(header_at(&header, 4, 8192), None);
        assert_eq!(header_at(&header, 3, 4096), None);
    }

    #[test]
    fn every_changed_bit_is_noticed() {
        let (header, body) = encode(3, 8192, 7, records());
        let whole = [&header[..], &body].concat();
        for bit in 0..whole.len() * 8 {
            let mut damaged = whole.clone();
            damaged[bit / 8] ^= 1 << (bit % 8);
            let found = header_at(&damaged, 3, 8192)
                .and_then(|header| body_of(&header, &damaged[HEADER_BYTES..]).map(<[u8]>::len));
            assert_eq!(found, None, "bit {bit}");
        }
    }

    #[test]
    fn an_entry_that_is_not_intact_is_no_entry_though_the_crc_fits() {
        let mut records = records();
        let WalRecord::Appended(entry) = &mut records[0] else {
            panic!("it was put there");
        };
        entry.header.timestamp_ms += 1;
        let (_, body) = encode(3, 8192, 7, records);
        assert_eq!(records_of(&body), None);
    }
}
