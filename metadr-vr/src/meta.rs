//! The meta file: a replica's promises, in two slots.
//!
//! Every update is written to both slots, one after the other, each synced
//! before the next step, and nothing depends on an update before both have it.
//! So at any moment at least one slot is whole, the two are never more than one
//! update apart, and either of them holds every promise that was shown: a
//! single damaged slot loses nothing. Slots that no interrupted update leaves
//! behind are refused. Updates must not be skipped, else they look like that.

use crate::hash128;
use crate::wire::{Hash128, META_FORMAT, Meta};
use bytes::Bytes;
use metadr_runtime::xdr;

/// The size of a slot in bytes: what a disk writes at once.
pub const SLOT_BYTES: usize = 4096;

/// The size of the file.
pub const FILE_BYTES: usize = 2 * SLOT_BYTES;

/// Before the encoded meta: its checksum, and its length.
const PREFIX_BYTES: usize = size_of::<Hash128>() + 4;

/// Why a meta file cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MetaError {
    /// The file is not two slots long.
    #[error("the file has {0} bytes, expected {FILE_BYTES}")]
    WrongSize(usize),
    /// Neither slot is whole.
    #[error("both slots are damaged")]
    BothDamaged,
    /// The slots are further apart than an interrupted update leaves them.
    #[error("the slots are at updates {0} and {1}, expected at most one apart")]
    TooFarApart(u64, u64),
    /// Both slots claim the same update with different contents.
    #[error("the slots have different contents for update {0}")]
    Contradiction(u64),
    /// It was written by a later program.
    #[error("the file is of format {0}, expected {META_FORMAT}")]
    UnknownFormat(u32),
    /// It does not fit into a slot.
    #[error("the meta data takes {0} bytes, a slot has {SLOT_BYTES}")]
    TooLarge(usize),
}

/// What a meta file says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Loaded {
    /// The newest update.
    pub meta: Meta,
    /// The slot, 0 or 1, that has to be written first at the next update: the
    /// damaged or the older one.
    pub write_first: usize,
    /// One slot is damaged: by an interrupted update, or because the disk rots,
    /// which a person should hear of.
    pub has_damaged_slot: bool,
}

/// The bytes of a slot.
///
/// # Errors
///
/// [`MetaError::TooLarge`] if the voters' addresses do not fit.
pub fn encode_slot(meta: &Meta) -> Result<Vec<u8>, MetaError> {
    let encoded = xdr::to_bytes(meta).map_err(|_| MetaError::TooLarge(usize::MAX))?;
    if PREFIX_BYTES + encoded.len() > SLOT_BYTES {
        return Err(MetaError::TooLarge(PREFIX_BYTES + encoded.len()));
    }
    let length = u32::try_from(encoded.len()).expect("a slot is small");
    let length = length.to_be_bytes();
    let mut slot = Vec::with_capacity(SLOT_BYTES);
    slot.extend_from_slice(&hash128(&[&length, &encoded]));
    slot.extend_from_slice(&length);
    slot.extend_from_slice(&encoded);
    slot.resize(SLOT_BYTES, 0);
    Ok(slot)
}

/// Reads a whole meta file.
///
/// # Errors
///
/// Why the file cannot be used. It is for a person to decide then.
pub fn load(file: &[u8]) -> Result<Loaded, MetaError> {
    if file.len() != FILE_BYTES {
        return Err(MetaError::WrongSize(file.len()));
    }
    let (first, second) = file.split_at(SLOT_BYTES);
    match (decode_slot(first), decode_slot(second)) {
        (Slot::OtherFormat(format), _) | (_, Slot::OtherFormat(format)) => {
            Err(MetaError::UnknownFormat(format))
        }
        (Slot::Damaged, Slot::Damaged) => Err(MetaError::BothDamaged),
        (Slot::Whole(meta), Slot::Damaged) => Ok(Loaded {
            meta: *meta,
            write_first: 1,
            has_damaged_slot: true,
        }),
        (Slot::Damaged, Slot::Whole(meta)) => Ok(Loaded {
            meta: *meta,
            write_first: 0,
            has_damaged_slot: true,
        }),
        (Slot::Whole(one), Slot::Whole(two)) => newest(*one, *two),
    }
}

fn newest(one: Meta, two: Meta) -> Result<Loaded, MetaError> {
    let (a, b) = (one.sequence, two.sequence);
    if a == b && one != two {
        return Err(MetaError::Contradiction(a));
    }
    if a.abs_diff(b) > 1 {
        return Err(MetaError::TooFarApart(a, b));
    }
    let (meta, write_first) = if a >= b { (one, 1) } else { (two, 0) };
    Ok(Loaded {
        meta,
        write_first,
        has_damaged_slot: false,
    })
}

enum Slot {
    Whole(Box<Meta>),
    OtherFormat(u32),
    Damaged,
}

fn decode_slot(slot: &[u8]) -> Slot {
    let (checksum, rest) = slot.split_at(size_of::<Hash128>());
    let (length, rest) = rest.split_at(4);
    let length_value = length.try_into().map_or(0, u32::from_be_bytes);
    let Some(encoded) = rest.get(..length_value as usize) else {
        return Slot::Damaged;
    };
    if hash128(&[length, encoded]) != *checksum {
        return Slot::Damaged;
    }
    // The format is the first field, and stays that in every format.
    match encoded
        .first_chunk()
        .map(|format| u32::from_be_bytes(*format))
    {
        Some(META_FORMAT) => {}
        Some(other) => return Slot::OtherFormat(other),
        None => return Slot::Damaged,
    }
    match xdr::from_bytes(Bytes::copy_from_slice(encoded)) {
        Ok(meta) => Slot::Whole(Box::new(meta)),
        Err(_) => Slot::Damaged,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::{Durability, EpochView, Incarnation, Life, Member};

    fn meta(sequence: u64) -> Meta {
        Meta {
            format: META_FORMAT,
            sequence,
            cluster: [1; 16],
            id: 2,
            instance: [3; 16],
            incarnation: Incarnation::default(),
            life: Life::Running,
            mode: Durability::Memory,
            promise: EpochView::default(),
            rebuilding: false,
            wal_synced: 0,
            voters: vec![Member {
                id: 2,
                address: "localhost:5008".to_owned(),
            }],
            peers: Vec::new(),
        }
    }

    fn file(first: &Meta, second: &Meta) -> Vec<u8> {
        [encode_slot(first).unwrap(), encode_slot(second).unwrap()].concat()
    }

    #[test]
    fn the_newer_slot_wins_and_the_older_is_written_first() {
        let loaded = load(&file(&meta(7), &meta(7))).unwrap();
        assert_eq!((loaded.meta.sequence, loaded.write_first), (7, 1));
        let loaded = load(&file(&meta(7), &meta(8))).unwrap();
        assert_eq!((loaded.meta.sequence, loaded.write_first), (8, 0));
        let loaded = load(&file(&meta(9), &meta(8))).unwrap();
        assert_eq!((loaded.meta.sequence, loaded.write_first), (9, 1));
        assert!(!loaded.has_damaged_slot);
    }

    #[test]
    fn slots_that_no_interrupted_update_leaves_are_refused() {
        let error = load(&file(&meta(7), &meta(9))).unwrap_err();
        assert_eq!(error, MetaError::TooFarApart(7, 9));
        let mut other = meta(7);
        other.promise.view = 1;
        let error = load(&file(&meta(7), &other)).unwrap_err();
        assert_eq!(error, MetaError::Contradiction(7));
        assert_eq!(load(&[0; 100]), Err(MetaError::WrongSize(100)));
        assert_eq!(load(&[0; FILE_BYTES]), Err(MetaError::BothDamaged));
        let mut later = meta(7);
        later.format = META_FORMAT + 1;
        let error = load(&file(&later, &meta(6))).unwrap_err();
        assert_eq!(error, MetaError::UnknownFormat(META_FORMAT + 1));
    }

    #[test]
    fn p39_a_rotten_slot_is_noticed_wherever_it_rots() {
        let whole = file(&meta(8), &meta(7));
        let used = PREFIX_BYTES + xdr::to_bytes(&meta(8)).unwrap().len();
        for byte in 0..used {
            let mut damaged = whole.clone();
            damaged[byte] ^= 0x10;
            let loaded = load(&damaged).unwrap();
            assert!(loaded.has_damaged_slot, "byte {byte}");
            assert_eq!((loaded.meta.sequence, loaded.write_first), (7, 0));
        }
    }

    /// One slot was torn when the process before crashed. The next start writes
    /// its update to that slot first, and crashes anywhere in it.
    #[test]
    fn a_torn_slot_and_a_crash_during_the_next_update_lose_nothing() {
        let (old, new) = (
            encode_slot(&meta(7)).unwrap(),
            encode_slot(&meta(8)).unwrap(),
        );
        for torn in [0, 1] {
            let mut file = [&old[..], &old[..]].concat();
            file[torn * SLOT_BYTES + 100..][..8].fill(0xFF);
            let loaded = load(&file).unwrap();
            assert!(loaded.has_damaged_slot);
            assert_eq!((loaded.meta.sequence, loaded.write_first), (7, torn));

            for slot in [torn, 1 - torn] {
                for end in 0..SLOT_BYTES {
                    let place = slot * SLOT_BYTES;
                    file[place..=place + end].copy_from_slice(&new[..=end]);
                    let loaded = load(&file).unwrap_or_else(|error| {
                        panic!("slot {slot} is written up to byte {end}: {error}")
                    });
                    // Neither more nor less, and once a slot has it, never less.
                    let sequence = loaded.meta.sequence;
                    assert!(sequence == 8 || (sequence == 7 && slot == torn));
                    assert_eq!(loaded.meta, meta(sequence));
                }
            }
            assert!(!load(&file).unwrap().has_damaged_slot);
        }
    }

    #[test]
    fn addresses_that_do_not_fit_are_refused() {
        let mut meta = meta(1);
        meta.voters[0].address = "a".repeat(SLOT_BYTES);
        let error = encode_slot(&meta).unwrap_err();
        assert!(matches!(error, MetaError::TooLarge(size) if size > SLOT_BYTES));
    }
}
