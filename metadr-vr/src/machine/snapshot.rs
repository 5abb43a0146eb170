//! Snapshots: the replicated state as bytes, in chunks that can be checked one
//! by one.
//!
//! Equal states at an op give equal bytes, so equal chunks, so an equal
//! manifest: its hash names the checkpoint on all replicas alike, and chunks of
//! it can come from any of them.

use super::{Damaged, Frozen, Progress, StateMachine, Thaw};
use super::{FrozenReplicated, Replicated, ThawReplicated};
use crate::hash128;
use crate::wire::{Checkpoint, EntryHeader, Hash128, OpNumber, SNAPSHOT_FORMAT, SnapshotManifest};
use bytes::{Bytes, BytesMut};
use metadr_runtime::xdr;

/// A whole snapshot. To clone it does not copy the state.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Snapshot {
    checkpoint: Checkpoint,
    manifest: SnapshotManifest,
    /// The manifest as it is sent.
    encoded: Bytes,
    chunks: Vec<Bytes>,
}

impl Snapshot {
    fn new(manifest: SnapshotManifest, chunks: Vec<Bytes>) -> Self {
        let encoded = xdr::to_bytes(&manifest).expect("a manifest has no bounds to break");
        let checkpoint = Checkpoint {
            op: manifest.last.op,
            hash: hash128(&[&encoded]),
        };
        Self {
            checkpoint,
            manifest,
            encoded,
            chunks,
        }
    }

    pub(crate) fn checkpoint(&self) -> &Checkpoint {
        &self.checkpoint
    }

    pub(crate) fn op(&self) -> OpNumber {
        self.checkpoint.op
    }

    pub(crate) fn encoded_manifest(&self) -> &Bytes {
        &self.encoded
    }

    pub(crate) fn chunk(&self, index: usize) -> Option<&Bytes> {
        self.chunks.get(index)
    }

    /// As it is written into an image.
    pub(crate) fn to_wire(&self) -> crate::wire::Snapshot {
        crate::wire::Snapshot {
            manifest: self.manifest.clone(),
            chunks: self.chunks.clone(),
        }
    }
}

/// A snapshot that is being taken, while the state goes on.
#[derive(Clone, Debug)]
pub(crate) struct Taking<S: StateMachine> {
    frozen: FrozenReplicated<S>,
    last: EntryHeader,
    state: Hash128,
    chunk_bytes: u32,
    /// What is not in a chunk yet.
    written: BytesMut,
    chunks: Vec<Bytes>,
    hashes: Vec<Hash128>,
    length: u64,
}

impl<S: StateMachine> Taking<S> {
    /// Takes hold of the state, whose last entry is `last`.
    pub(crate) fn begin(replicated: &Replicated<S>, last: &EntryHeader, chunk_bytes: u32) -> Self {
        assert!(chunk_bytes > 0, "chunks of no bytes");
        assert_eq!(replicated.op(), last.op, "the state is of another op");
        Self {
            frozen: replicated.freeze(),
            last: last.clone(),
            state: replicated.digest(),
            chunk_bytes,
            written: BytesMut::new(),
            chunks: Vec::new(),
            hashes: Vec::new(),
            length: 0,
        }
    }

    pub(crate) fn op(&self) -> OpNumber {
        self.last.op
    }

    /// Goes on for about `budget` bytes. Gives the snapshot when it is done.
    pub(crate) fn advance(&mut self, budget: usize) -> Option<Snapshot> {
        let end = self.length + budget as u64;
        while self.write_some(budget) == Progress::More {
            if self.length >= end {
                return None;
            }
        }
        if !self.written.is_empty() {
            let rest = std::mem::take(&mut self.written).freeze();
            self.push(rest);
        }
        let manifest = SnapshotManifest {
            format: SNAPSHOT_FORMAT,
            last: self.last.clone(),
            state: self.state,
            length: self.length,
            chunk_bytes: self.chunk_bytes,
            chunks: std::mem::take(&mut self.hashes),
        };
        Some(Snapshot::new(manifest, std::mem::take(&mut self.chunks)))
    }

    /// Writes the next bytes, and cuts them into chunks.
    fn write_some(&mut self, budget: usize) -> Progress {
        let before = self.written.len();
        let progress = self.frozen.write(budget, &mut self.written);
        self.length += (self.written.len() - before) as u64;
        let chunk_bytes = self.chunk_bytes as usize;
        while self.written.len() >= chunk_bytes {
            let chunk = self.written.split_to(chunk_bytes).freeze();
            self.push(chunk);
        }
        progress
    }

    fn push(&mut self, chunk: Bytes) {
        self.hashes.push(hash128(&[&chunk]));
        self.chunks.push(chunk);
    }
}

/// A snapshot on its way here.
#[derive(Clone, Debug)]
pub(crate) struct Receiving<S: StateMachine> {
    manifest: SnapshotManifest,
    chunks: Vec<Option<Bytes>>,
    /// So many of the chunks are in the state already.
    fed: usize,
    thaw: ThawReplicated<S>,
}

/// A snapshot and the state that it is of.
#[derive(Clone, Debug)]
pub(crate) struct Received<S> {
    pub(crate) snapshot: Snapshot,
    pub(crate) last: EntryHeader,
    pub(crate) replicated: Replicated<S>,
}

impl<S: StateMachine> Receiving<S> {
    /// Begins with the manifest of `checkpoint`.
    ///
    /// # Errors
    ///
    /// It is of another checkpoint, or contradicts itself.
    pub(crate) fn begin(checkpoint: &Checkpoint, encoded: &Bytes) -> Result<Self, Damaged> {
        if hash128(&[encoded]) != checkpoint.hash {
            return Err(Damaged::Impossible("the manifest is of another checkpoint"));
        }
        let manifest: SnapshotManifest =
            xdr::from_bytes(encoded.clone()).map_err(|_| Damaged::Undecodable)?;
        let count = manifest.chunks.len() as u64;
        let is_possible = manifest.format == SNAPSHOT_FORMAT
            && manifest.last.op == checkpoint.op
            && manifest.chunk_bytes > 0
            && manifest.length.div_ceil(manifest.chunk_bytes.into()) == count;
        if !is_possible {
            return Err(Damaged::Impossible("the manifest contradicts itself"));
        }
        Ok(Self {
            chunks: vec![None; manifest.chunks.len()],
            manifest,
            fed: 0,
            thaw: Replicated::thaw(),
        })
    }

    /// The chunks that are not here, in their order.
    pub(crate) fn missing(&self) -> impl Iterator<Item = usize> {
        let chunks = self.chunks.iter().enumerate();
        chunks
            .filter(|(_, one)| one.is_none())
            .map(|(index, _)| index)
    }

    /// The bytes that the chunk at `index` has to have.
    fn length_of(&self, index: usize) -> u64 {
        let chunk_bytes = u64::from(self.manifest.chunk_bytes);
        let before = chunk_bytes * index as u64;
        chunk_bytes.min(self.manifest.length.saturating_sub(before))
    }

    /// Takes a chunk, if it is that one; tells whether it was.
    ///
    /// # Errors
    ///
    /// The chunks are those of the manifest, but they are no state.
    pub(crate) fn take(&mut self, index: usize, data: Bytes) -> Result<bool, Damaged> {
        let is_that = self.manifest.chunks.get(index) == Some(&hash128(&[&data]))
            && data.len() as u64 == self.length_of(index);
        if !is_that {
            return Ok(false);
        }
        self.chunks[index] = Some(data);
        while let Some(Some(next)) = self.chunks.get(self.fed) {
            self.thaw.feed(next)?;
            self.fed += 1;
        }
        Ok(true)
    }

    /// The state, once all chunks are here.
    ///
    /// # Errors
    ///
    /// They are no state, or another than the manifest says.
    pub(crate) fn finish(self) -> Result<Received<S>, Damaged> {
        let chunks: Option<Vec<Bytes>> = self.chunks.into_iter().collect();
        let chunks = chunks.ok_or(Damaged::Short)?;
        let replicated = self.thaw.finish()?;
        let is_that =
            replicated.op() == self.manifest.last.op && replicated.digest() == self.manifest.state;
        if !is_that {
            return Err(Damaged::Impossible("the state is not that of the manifest"));
        }
        Ok(Received {
            last: self.manifest.last.clone(),
            snapshot: Snapshot::new(self.manifest, chunks),
            replicated,
        })
    }

    /// Reads a snapshot that is here as a whole.
    ///
    /// # Errors
    ///
    /// It is damaged.
    pub(crate) fn read(whole: &crate::wire::Snapshot) -> Result<Received<S>, Damaged> {
        let encoded = xdr::to_bytes(&whole.manifest).map_err(|_| Damaged::Undecodable)?;
        let checkpoint = Checkpoint {
            op: whole.manifest.last.op,
            hash: hash128(&[&encoded]),
        };
        let mut receiving = Self::begin(&checkpoint, &encoded)?;
        for (index, chunk) in whole.chunks.iter().enumerate() {
            if !receiving.take(index, chunk.clone())? {
                return Err(Damaged::Impossible("a chunk is another one"));
            }
        }
        receiving.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Collect;
    use crate::wire::{Entry, Settings};

    #[derive(Clone, Debug, PartialEq)]
    struct Text(Bytes);

    impl StateMachine for Text {
        type Frozen = Bytes;
        type Thaw = Collect<Self>;

        fn apply(&mut self, _: OpNumber, _: u64, operation: &Bytes) -> Bytes {
            self.0 = [&self.0[..], operation].concat().into();
            Bytes::new()
        }

        fn query(&self, _: &Bytes) -> Bytes {
            self.0.clone()
        }

        fn digest(&self) -> Hash128 {
            hash128(&[&self.0])
        }

        fn freeze(&self) -> Bytes {
            self.0.clone()
        }

        fn thaw() -> Collect<Self> {
            Collect::new(|bytes| Ok(Self(bytes)))
        }
    }

    fn taken(chunk_bytes: u32, budget: usize) -> (Replicated<Text>, Snapshot) {
        let state = Replicated::new(
            Text(Bytes::from_static(b"some text that is cut")),
            Settings::USUAL,
        );
        let root = Entry::root([1; 16]).header;
        let mut taking = Taking::begin(&state, &root, chunk_bytes);
        let snapshot = loop {
            if let Some(snapshot) = taking.advance(budget) {
                break snapshot;
            }
        };
        (state, snapshot)
    }

    #[test]
    fn a_snapshot_is_the_same_however_it_is_taken() {
        let (_, first) = taken(4, 1);
        for budget in [2, 3, 100] {
            assert_eq!(taken(4, budget).1, first);
        }
        assert_ne!(taken(5, 1).1.checkpoint(), first.checkpoint());
    }

    #[test]
    fn a_snapshot_comes_back_in_any_order() {
        for chunk_bytes in [1, 4, 7, 1000] {
            let (state, snapshot) = taken(chunk_bytes, 10);
            let mut receiving: Receiving<Text> =
                Receiving::begin(snapshot.checkpoint(), snapshot.encoded_manifest()).unwrap();
            let count = receiving.missing().count();
            for index in (0..count).rev() {
                assert!(receiving.clone().finish().is_err());
                let chunk = snapshot.chunk(index).unwrap().clone();
                assert!(receiving.take(index, chunk).unwrap());
            }
            let received = receiving.finish().unwrap();
            assert_eq!(received.snapshot, snapshot);
            assert_eq!(received.replicated.digest(), state.digest());
            assert_eq!(received.replicated.app(), state.app());
            let again: Received<Text> = Receiving::read(&snapshot.to_wire()).unwrap();
            assert_eq!(again.snapshot, snapshot);
        }
    }

    #[test]
    fn a_part_of_another_snapshot_is_not_taken() {
        let (_, snapshot) = taken(4, 10);
        let mut other = *snapshot.checkpoint();
        other.hash[0] ^= 1;
        assert!(Receiving::<Text>::begin(&other, snapshot.encoded_manifest()).is_err());
        let mut receiving: Receiving<Text> =
            Receiving::begin(snapshot.checkpoint(), snapshot.encoded_manifest()).unwrap();
        let other = snapshot.chunk(5).unwrap().clone();
        assert_eq!(receiving.take(0, other.clone()), Ok(false));
        assert_eq!(receiving.take(1000, other), Ok(false));
        assert_eq!(receiving.take(0, Bytes::new()), Ok(false));
    }

    #[test]
    fn a_manifest_that_contradicts_itself_is_refused() {
        let (_, snapshot) = taken(4, 10);
        let whole = snapshot.manifest.clone();
        let wrong = [
            SnapshotManifest {
                length: u64::MAX,
                ..whole.clone()
            },
            SnapshotManifest {
                chunk_bytes: 0,
                ..whole.clone()
            },
            SnapshotManifest {
                format: 99,
                ..whole
            },
        ];
        for manifest in wrong {
            let wrong = Snapshot::new(manifest, Vec::new());
            let begun = Receiving::<Text>::begin(wrong.checkpoint(), wrong.encoded_manifest());
            assert!(begun.is_err());
        }
    }
}
