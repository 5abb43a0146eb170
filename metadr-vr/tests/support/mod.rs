//! What the tests of the core share: a state machine whose history can be
//! read, and messages that no correct replica would send.

use bytes::Bytes;
use metadr_runtime::xdr;
use metadr_vr::wire::{
    Batch, ClientOperation, Durability, Entry, EntryHeader, Envelope, EpochView, Hash128,
    Incarnation, Life, META_FORMAT, Member, Message, MessageBody, Meta, PeerInstance, ReplicaId,
};
use metadr_vr::{Boot, Collect, Damaged, Options, Start, StateMachine, hash128};

/// The group that all tests play in.
pub(crate) const CLUSTER: Hash128 = [7; 16];

/// Keeps every word that was ever written, in order.
#[derive(Clone, Debug, Default)]
pub(crate) struct Words(String);

impl StateMachine for Words {
    type Frozen = Bytes;
    type Thaw = Collect<Self>;

    fn apply(&mut self, _: u64, _: u64, operation: &Bytes) -> Bytes {
        if !self.0.is_empty() {
            self.0.push(' ');
        }
        self.0.push_str(&String::from_utf8_lossy(operation));
        self.query(&Bytes::new())
    }

    fn query(&self, _: &Bytes) -> Bytes {
        Bytes::copy_from_slice(self.0.as_bytes())
    }

    fn digest(&self) -> Hash128 {
        hash128(&[self.0.as_bytes()])
    }

    fn freeze(&self) -> Bytes {
        self.query(&Bytes::new())
    }

    fn thaw() -> Collect<Self> {
        Collect::new(|bytes| {
            let words = String::from_utf8(bytes.into());
            words.map(Self).map_err(|_| Damaged::Undecodable)
        })
    }
}

/// What is on the disk of replica `id` of a group of `count`.
pub(crate) fn meta(id: ReplicaId, count: u32) -> Meta {
    Meta {
        format: META_FORMAT,
        sequence: 1,
        cluster: CLUSTER,
        id,
        instance: hash128(&[&id.to_be_bytes()]),
        incarnation: Incarnation {
            counter: 1,
            random: u64::from(id),
        },
        life: Life::Running,
        mode: Durability::Memory,
        promise: EpochView::default(),
        rebuilding: false,
        wal_synced: 0,
        voters: (0..count)
            .map(|id| Member {
                id,
                address: String::new(),
            })
            .collect(),
        // They have met before; else the first thing that each says is not
        // counted yet.
        peers: (0..count.max(9))
            .filter(|peer| *peer != id)
            .map(|id| PeerInstance {
                id,
                instance: hash128(&[&id.to_be_bytes()]),
            })
            .collect(),
    }
}

/// Replica `id` of a group of `count`, as it starts for the first time.
pub(crate) fn boot(id: ReplicaId, count: u32) -> Boot {
    Boot::new(meta(id, count), Start::New)
}

/// The usual options, but for the timers of a view change: they never fire.
pub(crate) fn calm() -> Options {
    Options {
        election_timeout: 1 << 40,
        check_quorum: 1 << 40,
        ping: 1 << 40,
        ..Options::default()
    }
}

/// A message that says it is from `sender`.
pub(crate) fn message(sender: ReplicaId, body: MessageBody) -> Message {
    let meta = meta(sender, sender + 1);
    let envelope = Envelope {
        cluster: meta.cluster,
        sender,
        instance: meta.instance,
        incarnation: meta.incarnation,
        promise: meta.promise,
    };
    Message { envelope, body }
}

/// An entry with whatever header, made intact.
pub(crate) fn seal(mut header: EntryHeader, body: Bytes) -> Entry {
    header.body_length = u32::try_from(body.len()).expect("a test is small");
    header.body_hash = hash128(&[&body]);
    header.checksum = Hash128::default();
    let encoded = xdr::to_bytes(&header).expect("a header has no bounds");
    header.checksum = hash128(&[&encoded[..encoded.len() - size_of::<Hash128>()]]);
    Entry { header, body }
}

/// The body of an entry with these words.
pub(crate) fn batch(words: &[&str]) -> Bytes {
    let operation =
        |word: &&str| ClientOperation::Anonymous(Bytes::copy_from_slice(word.as_bytes()));
    let operations = words.iter().map(operation).collect();
    xdr::to_bytes(&Batch { operations }).expect("a batch has no bounds")
}
