//! The replicated state as bytes, piece by piece.
//!
//! First the head, then the sessions in the order of their numbers, each as a
//! record; then what the state machine writes. Equal states give equal bytes
//! (VRR §5.1, checkpoints).

use super::sessions::{FrozenSessions, Sessions};
use super::{Damaged, Frozen, Progress, Records, Replicated, Thaw, put_record};
use crate::StateMachine;
use crate::wire::SnapshotHead;
use bytes::{Bytes, BytesMut};
use metadr_runtime::xdr;

/// The replicated state as it was after some entry.
#[derive(Clone, Debug)]
pub(crate) struct FrozenReplicated<S: StateMachine> {
    /// `None` when it is written.
    head: Option<SnapshotHead>,
    sessions: FrozenSessions,
    app: S::Frozen,
}

impl<S: StateMachine> FrozenReplicated<S> {
    pub(super) fn new(head: SnapshotHead, sessions: FrozenSessions, app: S::Frozen) -> Self {
        Self {
            head: Some(head),
            sessions,
            app,
        }
    }
}

impl<S: StateMachine> Frozen for FrozenReplicated<S> {
    fn write(&mut self, budget: usize, out: &mut BytesMut) -> Progress {
        let end = out.len().saturating_add(budget.max(1));
        if let Some(head) = self.head.take() {
            put(out, &head);
        }
        while out.len() < end {
            let Some(session) = self.sessions.next() else {
                return self.app.write(end - out.len(), out);
            };
            put(out, &session);
        }
        Progress::More
    }
}

fn put<T: xdr::Encode>(out: &mut BytesMut, record: &T) {
    let bytes = xdr::to_bytes(record).expect("no more is kept than its bounds allow");
    put_record(out, &bytes);
}

/// The replicated state on its way back from its bytes.
#[derive(Clone, Debug)]
pub(crate) struct ThawReplicated<S: StateMachine> {
    records: Records,
    head: Option<SnapshotHead>,
    sessions: Sessions,
    app: S::Thaw,
}

impl<S: StateMachine> ThawReplicated<S> {
    pub(super) fn new() -> Self {
        Self {
            // No more of a record is held than was fed, so none is too long.
            records: Records::new(u32::MAX),
            head: None,
            sessions: Sessions::default(),
            app: S::thaw(),
        }
    }

    /// Whether head and sessions are read: the rest is the state machine's.
    fn has_sessions(&self) -> bool {
        let is_all = |head: &SnapshotHead| head.sessions == self.sessions.len() as u64;
        self.head.as_ref().is_some_and(is_all)
    }

    fn take(&mut self, record: Bytes) -> Result<(), Damaged> {
        match &self.head {
            None => self.head = Some(decode(record)?),
            Some(head) => self.sessions.restore(decode(record)?, head.op)?,
        }
        Ok(())
    }
}

impl<S: StateMachine> Thaw<Replicated<S>> for ThawReplicated<S> {
    fn feed(&mut self, bytes: &[u8]) -> Result<(), Damaged> {
        if self.has_sessions() {
            return self.app.feed(bytes);
        }
        self.records.feed(bytes);
        while !self.has_sessions() {
            let Some(record) = self.records.take()? else {
                return Ok(());
            };
            self.take(record)?;
        }
        let rest = std::mem::replace(&mut self.records, Records::new(0));
        self.app.feed(rest.rest())
    }

    fn finish(self) -> Result<Replicated<S>, Damaged> {
        if !self.has_sessions() {
            return Err(Damaged::Short);
        }
        let head = self.head.ok_or(Damaged::Short)?;
        let app = self.app.finish()?;
        Ok(Replicated::restored(app, self.sessions, &head))
    }
}

fn decode<T: xdr::Decode>(record: Bytes) -> Result<T, Damaged> {
    xdr::from_bytes(record).map_err(|_| Damaged::Undecodable)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::machine::Collect;
    use crate::wire::{
        ClientOperation, Entry, EpochView, Hash128, OpNumber, SessionOperation, Settings,
    };
    use crate::{Options, hash128};
    use proptest::prelude::*;

    /// Counts what it was asked to do.
    #[derive(Clone, Debug, Default)]
    struct Counter(u64);

    impl StateMachine for Counter {
        type Frozen = Bytes;
        type Thaw = Collect<Self>;

        fn apply(&mut self, _: OpNumber, _: u64, operation: &Bytes) -> Bytes {
            self.0 += operation.len() as u64;
            self.query(&Bytes::new())
        }

        fn query(&self, _: &Bytes) -> Bytes {
            Bytes::copy_from_slice(&self.0.to_be_bytes())
        }

        fn digest(&self) -> Hash128 {
            hash128(&[&self.0.to_be_bytes()])
        }

        fn freeze(&self) -> Bytes {
            self.query(&Bytes::new())
        }

        fn thaw() -> Collect<Self> {
            Collect::new(|bytes| match bytes.len() {
                ..8 => Err(Damaged::Short),
                9.. => Err(Damaged::Long),
                8 => {
                    let mut count = [0; 8];
                    count.copy_from_slice(&bytes);
                    Ok(Self(u64::from_be_bytes(count)))
                }
            })
        }
    }

    const SETTINGS: Settings = Settings {
        max_sessions: 5,
        session_bytes: 20,
        session_ttl_ms: 0,
    };

    /// What entries leave behind that hold operations of sessions: each is of a
    /// session some entries back, with a request number; or registers one.
    fn state(entries: &[Vec<Option<(u64, u64)>>]) -> Replicated<Counter> {
        let mut state = Replicated::new(Counter::default(), SETTINGS);
        let mut parent = Entry::root([1; 16]).header;
        for operations in entries {
            let op = parent.op + 1;
            let operation = |one: &Option<(u64, u64)>| match one {
                None => ClientOperation::Register(0),
                Some((back, request)) => ClientOperation::Session(SessionOperation {
                    session: op.saturating_sub(*back) << 16,
                    request: *request,
                    acknowledged_below: request / 2,
                    operation: Bytes::from_static(b"some"),
                }),
            };
            let operations = operations.iter().map(operation).collect();
            let entry = Entry::batch(&parent, EpochView::default(), op * 10, operations);
            state
                .apply(&entry, &Options::default(), &mut Vec::new())
                .unwrap();
            parent = entry.header;
        }
        state
    }

    fn bytes(state: &Replicated<Counter>, budget: usize) -> Vec<u8> {
        let (mut frozen, mut bytes) = (state.freeze(), BytesMut::new());
        while frozen.write(budget, &mut bytes) == Progress::More {}
        bytes.to_vec()
    }

    fn thaw(bytes: &[u8], piece: usize) -> Result<Replicated<Counter>, Damaged> {
        let mut thaw = Replicated::thaw();
        for piece in bytes.chunks(piece) {
            thaw.feed(piece)?;
        }
        thaw.finish()
    }

    fn entries() -> impl Strategy<Value = Vec<Vec<Option<(u64, u64)>>>> {
        let operation = proptest::option::weighted(0.7, (0..6_u64, 0..40_u64));
        proptest::collection::vec(proptest::collection::vec(operation, 0..4), 0..20)
    }

    #[test]
    fn what_is_frozen_does_not_change() {
        let mut state = state(&[vec![None]]);
        let frozen = state.clone();
        let before = bytes(&state, 9);
        let held = state.freeze();
        let parent = Entry::root([1; 16]).header;
        let mut header = parent;
        header.op = 1;
        let operation = ClientOperation::Anonymous(Bytes::from_static(b"more"));
        let entry = Entry::batch(&header, EpochView::default(), 99, vec![operation]);
        state
            .apply(&entry, &Options::default(), &mut Vec::new())
            .unwrap();
        assert_ne!(state.digest(), frozen.digest());
        let (mut held, mut out) = (held, BytesMut::new());
        while held.write(9, &mut out) == Progress::More {}
        assert_eq!(out, before);
    }

    proptest! {
        #[test]
        fn a_state_comes_back_from_its_bytes(
            entries in entries(),
            budget in 0..300_usize,
            piece in 1..300_usize,
        ) {
            let state = state(&entries);
            prop_assert_eq!(state.digest(), state.recompute_digest());
            let written = bytes(&state, budget);
            let copy = thaw(&written, piece).expect("it is whole");
            prop_assert_eq!(copy.op(), state.op());
            prop_assert_eq!(copy.digest(), state.digest());
            prop_assert_eq!(copy.recompute_digest(), state.digest());
            prop_assert_eq!(bytes(&copy, usize::MAX), written);
        }

        #[test]
        fn damage_is_an_error_or_another_state_and_never_a_panic(
            entries in entries(),
            damage in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
            cut in any::<Option<prop::sample::Index>>(),
        ) {
            let state = state(&entries);
            let whole = bytes(&state, 100);
            let mut written = whole.clone();
            for (place, byte) in damage {
                let place = place.index(written.len());
                written[place] = byte;
            }
            if let Some(cut) = cut {
                written.truncate(cut.index(written.len()));
            }
            if let Ok(other) = thaw(&written, 100) {
                prop_assert_eq!(other.digest(), other.recompute_digest());
                prop_assert_eq!(bytes(&other, 100), written.clone());
                prop_assert_eq!(other.digest() == state.digest(), written == whole);
            }
        }
    }
}
