//! One replica, and what tells its states apart.

use crate::machine::Journal;
use metadr_vr::wire::{
    Durability, EpochView, Incarnation, Life, META_FORMAT, Member, Message, Meta, PeerInstance,
    ReplicaId,
};
use metadr_vr::{Boot, Options, Outputs, Replica, Start, Tick, hash128};
use std::fmt::{self, Write};

/// Longer than anything lasts: a timer that never fires by itself.
const NEVER: u64 = 1 << 50;

/// A replica with a clock of its own. Its disk takes no time.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub(crate) replica: Replica<Journal>,
    now: Tick,
    /// Equal for states that differ in nothing but times and random numbers.
    pub(crate) fingerprint: u128,
}

/// What it said, and to whom.
pub(crate) type Said = Vec<(ReplicaId, Message)>;

impl Node {
    /// Replica `id` of `count`, as it starts for the first time.
    pub(crate) fn new(id: ReplicaId, count: u32) -> (Self, Said) {
        Self::start(Boot::new(meta(id, count), Start::New), Tick(0))
    }

    /// Ends its process, which has lost everything but the meta file, and
    /// starts it again.
    pub(crate) fn crash(&self) -> (Self, Said) {
        let mut meta = self.replica.meta().clone();
        meta.incarnation.counter += 1;
        meta.life = Life::Running;
        Self::start(Boot::new(meta, Start::Forgotten), self.now)
    }

    fn start(boot: Boot, now: Tick) -> (Self, Said) {
        let (replica, mut outputs) = Replica::new(boot, Journal::default(), options(), 0, now, 0);
        let mut node = Self {
            replica,
            now,
            fingerprint: 0,
        };
        let said = node.settle(&mut outputs);
        (node, said)
    }

    /// Hands something in.
    pub(crate) fn call(
        &self,
        act: impl FnOnce(&mut Replica<Journal>, Tick, &mut Outputs),
    ) -> (Self, Said) {
        let mut node = self.clone();
        let mut outputs = Outputs::default();
        act(&mut node.replica, node.now, &mut outputs);
        let said = node.settle(&mut outputs);
        (node, said)
    }

    /// Lets time pass until the first of its timers fires.
    pub(crate) fn time_out(&self) -> Option<(Self, Said)> {
        let mut node = self.clone();
        node.now = node.replica.next_deadline()?.max(node.now);
        Some(node.call(|replica, now, outputs| replica.on_tick(now, 0, outputs)))
    }

    fn settle(&mut self, outputs: &mut Outputs) -> Said {
        let mut said = Said::new();
        loop {
            self.replica.flush(outputs);
            said.append(&mut outputs.send);
            let Some((last, _)) = std::mem::take(&mut outputs.persist).pop() else {
                break;
            };
            self.replica.on_persisted(self.now, last, outputs);
        }
        self.fingerprint = fingerprint(&self.replica);
        said
    }
}

fn meta(id: ReplicaId, count: u32) -> Meta {
    let instance = |id: ReplicaId| hash128(&[&id.to_be_bytes()]);
    let voters = (0..count).map(|id| Member {
        id,
        address: String::new(),
    });
    let others = (0..count).filter(|other| *other != id);
    let peers = others.map(|id| PeerInstance {
        id,
        instance: instance(id),
    });
    Meta {
        format: META_FORMAT,
        sequence: 1,
        cluster: [7; 16],
        id,
        instance: instance(id),
        incarnation: Incarnation {
            counter: 1,
            random: u64::from(id),
        },
        life: Life::Running,
        mode: Durability::Memory,
        promise: EpochView::default(),
        rebuilding: false,
        wal_synced: 0,
        voters: voters.collect(),
        peers: peers.collect(),
    }
}

/// Nothing is said twice by a timer: every message is kept, and may come at any
/// time and any number of times.
fn options() -> Options {
    Options {
        heartbeat: NEVER / 8,
        silent: NEVER,
        resend: NEVER,
        view_change_resend: NEVER,
        check_quorum: NEVER,
        recovery_resend: NEVER,
        lost_quorum: NEVER,
        ping: NEVER,
        ..Options::default()
    }
}

/// A hash of all that a replica prints, but for times and random numbers:
/// these say when its timers fire, which may be at any time here.
fn fingerprint(replica: &Replica<Journal>) -> u128 {
    let mut text = Canonical::default();
    write!(text, "{replica:?}").expect("hashing cannot fail");
    text.finish()
}

/// Hashes a text without what stands in `Tick(…)` and `Random(…)`.
#[derive(Default)]
struct Canonical {
    text: Vec<u8>,
    is_skipping: bool,
}

impl Canonical {
    fn finish(self) -> u128 {
        let hash = blake3::hash(&self.text);
        let (half, _) = hash.as_bytes().split_first_chunk().expect("32 bytes");
        u128::from_be_bytes(*half)
    }
}

impl Write for Canonical {
    fn write_str(&mut self, piece: &str) -> fmt::Result {
        for byte in piece.bytes() {
            match byte {
                b')' if self.is_skipping => self.is_skipping = false,
                _ if self.is_skipping => {}
                b'(' => {
                    let skips = self.text.ends_with(b"Tick") || self.text.ends_with(b"Random");
                    self.is_skipping = skips;
                    self.text.push(byte);
                }
                _ => self.text.push(byte),
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_and_random_numbers_do_not_tell_states_apart() {
        let hash = |text: &str| {
            let mut canonical = Canonical::default();
            text.chars().for_each(|char| {
                canonical.write_char(char).unwrap();
            });
            canonical.finish()
        };
        assert_eq!(
            hash("a: Tick(1), b: Random(2)"),
            hash("a: Tick(33), b: Random(4)")
        );
        assert_ne!(
            hash("a: Tick(1), b: Some(2)"),
            hash("a: Tick(1), b: Some(3)")
        );
    }

    #[test]
    fn a_replica_that_did_something_is_another() {
        let (node, _) = Node::new(0, 3);
        assert_eq!(node.fingerprint, Node::new(0, 3).0.fingerprint);
        let (later, _) = node.call(|_, _, _| {});
        assert_eq!(node.fingerprint, later.fingerprint);
        assert_ne!(node.fingerprint, Node::new(1, 3).0.fingerprint);
        assert_ne!(node.fingerprint, node.crash().0.fingerprint);
    }
}
