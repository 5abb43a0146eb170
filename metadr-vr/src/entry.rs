//! Log entries: how they are made, and how they are known to be intact.

use crate::wire::{
    Batch, ClientOperation, ENTRY_FORMAT, Entry, EntryHeader, EntryKind, EpochView, Hash128,
};
use bytes::Bytes;
use metadr_runtime::xdr::{self, DecodeError, DecodeErrorKind};

/// The first 16 bytes of the BLAKE3 hash of `parts`, one after the other.
pub fn hash128(parts: &[&[u8]]) -> Hash128 {
    let mut hasher = blake3::Hasher::new();
    for part in parts {
        hasher.update(part);
    }
    let mut hash = [0; 16];
    hash.copy_from_slice(&hasher.finalize().as_bytes()[..16]);
    hash
}

impl Entry {
    /// Op 0 of the group: the same in every log, and different in another
    /// group's.
    #[must_use]
    pub fn root(cluster: Hash128) -> Self {
        let header = EntryHeader {
            format: ENTRY_FORMAT,
            kind: EntryKind::Root,
            prepared: EpochView::default(),
            op: 0,
            parent: cluster,
            timestamp_ms: 0,
            body_length: 0,
            body_hash: hash128(&[]),
            checksum: Hash128::default(),
        };
        Self::sealed(header, Bytes::new())
    }

    /// The entry after `parent`.
    ///
    /// # Panics
    ///
    /// If the operations encode to 4 GiB or more; the limits of a batch are far below.
    #[must_use]
    pub fn batch(
        parent: &EntryHeader,
        prepared: EpochView,
        timestamp_ms: u64,
        operations: Vec<ClientOperation>,
    ) -> Self {
        assert!(timestamp_ms >= parent.timestamp_ms);
        assert!(prepared >= parent.prepared);
        let body = xdr::to_bytes(&Batch { operations }).expect("a batch has no bounds to break");
        let header = EntryHeader {
            format: ENTRY_FORMAT,
            kind: EntryKind::Batch,
            prepared,
            op: parent.op + 1,
            parent: parent.checksum,
            timestamp_ms,
            body_length: u32::try_from(body.len()).expect("a batch is within its limits"),
            body_hash: hash128(&[&body]),
            checksum: Hash128::default(),
        };
        Self::sealed(header, body)
    }

    /// Whether header and body are as they were written.
    #[must_use]
    pub fn is_intact(&self) -> bool {
        self.header.body_length as usize == self.body.len()
            && self.header.body_hash == hash128(&[&self.body])
            && self.header.checksum == checksum(&self.header)
    }

    /// The operations of a batch; none of a root entry.
    ///
    /// # Errors
    ///
    /// [`DecodeError`] if the body is not what the header says, which an
    /// intact entry of this format never is.
    pub fn operations(&self) -> Result<Vec<ClientOperation>, DecodeError> {
        if self.header.format != ENTRY_FORMAT {
            let value = i64::from(self.header.format);
            let kind = DecodeErrorKind::UnknownDiscriminant {
                name: "entry_header.format",
                value,
            };
            return Err(DecodeError::new(kind, 0));
        }
        match self.header.kind {
            EntryKind::Root => Ok(Vec::new()),
            EntryKind::Batch => {
                xdr::from_bytes::<Batch>(self.body.clone()).map(|batch| batch.operations)
            }
        }
    }

    /// The bytes that the entry takes on the wire.
    #[must_use]
    pub fn encoded_len(&self) -> usize {
        HEADER_BYTES + 4 + self.body.len().next_multiple_of(4)
    }

    fn sealed(mut header: EntryHeader, body: Bytes) -> Self {
        header.checksum = checksum(&header);
        let entry = Self { header, body };
        debug_assert!(entry.is_intact());
        entry
    }
}

/// What an [`EntryHeader`] takes on the wire.
const HEADER_BYTES: usize = 4 + 4 + 12 + 8 + 16 + 8 + 4 + 16 + 16;

/// The checksum that belongs to a header: over all fields before it.
fn checksum(header: &EntryHeader) -> Hash128 {
    let encoded = xdr::to_bytes(header).expect("a header has no bounds to break");
    debug_assert_eq!(encoded.len(), HEADER_BYTES);
    hash128(&[&encoded[..HEADER_BYTES - size_of::<Hash128>()]])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry() -> Entry {
        let root = Entry::root([7; 16]);
        let operation = ClientOperation::Anonymous(Bytes::from_static(b"abc"));
        Entry::batch(&root.header, EpochView::default(), 5, vec![operation])
    }

    #[test]
    fn an_entry_names_its_parent_and_keeps_its_operations() {
        let entry = entry();
        assert!(entry.is_intact());
        assert_eq!(entry.header.parent, Entry::root([7; 16]).header.checksum);
        assert_eq!(entry.operations().unwrap().len(), 1);
        let encoded = xdr::to_bytes(&entry).unwrap();
        assert_eq!(encoded.len(), entry.encoded_len());
    }

    #[test]
    fn every_changed_bit_is_noticed() {
        let encoded = xdr::to_bytes(&entry()).unwrap();
        for bit in 0..encoded.len() * 8 {
            let mut damaged = encoded.to_vec();
            damaged[bit / 8] ^= 1 << (bit % 8);
            let intact = xdr::from_bytes::<Entry>(damaged.into()).is_ok_and(|one| one.is_intact());
            assert!(!intact, "bit {bit}");
        }
    }

    #[test]
    fn groups_have_different_roots() {
        assert_ne!(Entry::root([1; 16]), Entry::root([2; 16]));
    }

    #[test]
    fn an_entry_of_another_format_is_not_read() {
        let mut entry = entry();
        entry.header.format = 99;
        let error = entry.operations().unwrap_err().to_string();
        assert!(error.contains("99 selects no arm of union entry_header.format"));
    }
}
