//! Sessions: what makes an operation that is sent again execute once.
//!
//! A client registers through the log, and numbers its requests. The replies
//! are kept until the client says that it has them, so that a request which
//! comes again gets the reply of the first time. The table is part of the
//! replicated state: it changes by executing entries alone, in the same way on
//! all replicas (VRR §4.1, the client table).
//!
//! The table is bounded. A session that was given up is not known any more,
//! and what still comes of it is refused: to execute it might be to execute it
//! twice.

use super::Damaged;
use crate::hash128;
use crate::outputs::ClientReply;
use crate::wire::{
    self, ExecutedRequest, KeptResult, OpNumber, SessionId, SessionOperation, Settings,
};
use bytes::Bytes;
use imbl::OrdMap;
use std::collections::BTreeSet;
use std::ops::Bound;
use std::sync::Arc;

/// How many requests of a session may be under way at a time.
const WINDOW: u64 = wire::SESSION_WINDOW as u64;

/// The operations of an entry that can register a session.
pub(crate) const MOST_IN_ENTRY: usize = 1 << INDEX_BITS;

const INDEX_BITS: u32 = 16;

impl Settings {
    /// What a group has unless it is set.
    pub const USUAL: Self = Self {
        max_sessions: 65_536,
        session_bytes: 4_096,
        session_ttl_ms: 0,
    };
}

/// The number of the session that is registered by the operation at `index` of
/// the entry at `op`; `None` for one so far back that it has none.
pub(crate) fn session_id(op: OpNumber, index: usize) -> Option<SessionId> {
    assert!(
        op < 1 << (u64::BITS - INDEX_BITS),
        "a log has fewer entries"
    );
    (index < MOST_IN_ENTRY).then_some((op << INDEX_BITS) | index as u64)
}

/// The op of the entry that registered a session.
pub(crate) fn registered_at(session: SessionId) -> OpNumber {
    session >> INDEX_BITS
}

/// What tells a request of a session from all others.
pub(crate) type RequestKey = (SessionId, u64);

pub(crate) fn request_key(operation: &SessionOperation) -> RequestKey {
    (operation.session, operation.request)
}

/// All sessions. Equal tables have equal digests, whatever their history.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sessions {
    by_id: OrdMap<SessionId, Arc<Session>>,
    /// The last op of each, and its number: the first one goes first.
    by_use: BTreeSet<(OpNumber, SessionId)>,
    /// The sum of the hashes of all sessions and all their replies.
    digest: u128,
}

#[derive(Clone, Debug)]
struct Session {
    last_op: OpNumber,
    last_used_ms: u64,
    /// The client has the replies to all requests below.
    low: u64,
    /// In the order of their numbers, from `low` on; at most [`WINDOW`].
    executed: Vec<Executed>,
    /// The bytes of all results that are kept.
    bytes: usize,
    /// Of the session, without its replies.
    hash: u128,
}

/// A request that was executed.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Executed {
    request: u64,
    /// The entry.
    op: OpNumber,
    /// Its place in the entry.
    index: u32,
    /// What it returned; `None` if that was not kept.
    result: Option<Bytes>,
    hash: u128,
}

/// A table as it was at some time, of which the records are taken one by one.
#[derive(Clone, Debug)]
pub(crate) struct FrozenSessions {
    by_id: OrdMap<SessionId, Arc<Session>>,
    /// The one that was taken last.
    last: Option<SessionId>,
}

impl FrozenSessions {
    /// The record of the session that follows.
    pub(crate) fn next(&mut self) -> Option<wire::Session> {
        let from = self.last.map_or(Bound::Unbounded, Bound::Excluded);
        let (id, session) = self.by_id.range((from, Bound::Unbounded)).next()?;
        self.last = Some(*id);
        Some(wire::Session {
            id: *id,
            last_op: session.last_op,
            last_used_ms: session.last_used_ms,
            low: session.low,
            executed: session.executed.iter().map(Executed::record).collect(),
        })
    }
}

/// What the table knows of a request.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Known {
    /// Nothing: it is to be executed.
    New,
    /// It was executed.
    Executed(Executed),
    /// It was executed, and the client has said that it has the reply.
    Answered,
    /// Its session is not known, or not any more.
    Expired,
    /// Too many requests before it are not acknowledged by the client.
    BeyondWindow,
}

impl Sessions {
    pub(crate) fn len(&self) -> usize {
        self.by_id.len()
    }

    /// Adds a session, at the expense of those that were not used for longest.
    pub(crate) fn register(
        &mut self,
        id: SessionId,
        op: OpNumber,
        timestamp_ms: u64,
        settings: &Settings,
    ) {
        while self.len() >= settings.max_sessions.max(1) as usize {
            let first = self.by_use.first().expect("each session is in it");
            self.remove(first.1);
        }
        self.insert(id, Session::new(id, op, timestamp_ms, 0));
    }

    /// Ends what was not used for too long at the time of an entry. The time
    /// never goes back, so the sessions are in the order of their last use.
    pub(crate) fn expire(&mut self, timestamp_ms: u64, settings: &Settings) {
        let ttl = settings.session_ttl_ms;
        if ttl == 0 {
            return;
        }
        while let Some((_, id)) = self.by_use.first().copied() {
            if timestamp_ms.saturating_sub(self.by_id[&id].last_used_ms) <= ttl {
                return;
            }
            self.remove(id);
        }
    }

    /// What is known of a request.
    pub(crate) fn check(&self, operation: &SessionOperation) -> Known {
        let Some(session) = self.by_id.get(&operation.session) else {
            return Known::Expired;
        };
        let request = operation.request;
        if request < session.low {
            return Known::Answered;
        }
        if let Ok(place) = session.place(request) {
            return Known::Executed(session.executed[place].clone());
        }
        // What the request acknowledges makes room for it.
        if request - session.low.max(acknowledged(operation)) >= WINDOW {
            return Known::BeyondWindow;
        }
        Known::New
    }

    /// Keeps the reply to a request that was new and has been executed, as
    /// which operation of the entry at `op`.
    pub(crate) fn executed(
        &mut self,
        op: OpNumber,
        timestamp_ms: u64,
        (operation, index, reply): (&SessionOperation, usize, &Bytes),
        settings: &Settings,
    ) {
        let id = operation.session;
        let session = self.by_id.get_mut(&id).expect("the request was new in it");
        let session = Arc::make_mut(session);
        let mut digest = self.digest.wrapping_sub(session.hash);
        self.by_use.remove(&(session.last_op, id));
        session.low = session.low.max(acknowledged(operation));
        let count = session
            .executed
            .partition_point(|one| one.request < session.low);
        for forgotten in session.executed.drain(..count) {
            digest = digest.wrapping_sub(forgotten.hash);
            session.bytes -= forgotten.result.map_or(0, |result| result.len());
        }
        let room = (settings.session_bytes as usize).saturating_sub(session.bytes);
        // A copy: a slice would keep all of what it was cut from.
        let result = (reply.len() <= room).then(|| Bytes::copy_from_slice(reply));
        let index = u32::try_from(index).expect("an entry has fewer operations");
        let executed = Executed::new(id, operation.request, op, index, result);
        digest = digest.wrapping_add(executed.hash);
        session.push(executed);
        session.last_op = op;
        session.last_used_ms = timestamp_ms;
        session.hash = session.hash_of(id);
        self.by_use.insert((op, id));
        self.digest = digest.wrapping_add(session.hash);
    }

    /// A hash of the whole table.
    pub(crate) fn digest(&self) -> u128 {
        self.digest
    }

    /// The same hash, computed afresh from all sessions.
    pub(crate) fn recompute_digest(&self) -> u128 {
        let hashes = self.by_id.iter().flat_map(|(id, session)| {
            let replies = session.executed.iter().map(|one| one.hash_of(*id));
            replies.chain([session.hash_of(*id)])
        });
        hashes.fold(0, u128::wrapping_add)
    }

    /// Takes hold of the table as it is now, to be written down.
    pub(crate) fn freeze(&self) -> FrozenSessions {
        FrozenSessions {
            by_id: self.by_id.clone(),
            last: None,
        }
    }

    /// Adds a session from its record: those of a table come in their order.
    ///
    /// # Errors
    ///
    /// [`Damaged`] if no table that had executed no more than `op` could have
    /// such a session behind those that are here.
    pub(crate) fn restore(&mut self, record: wire::Session, op: OpNumber) -> Result<(), Damaged> {
        let (id, low) = (record.id, record.low);
        let is_last = (self.by_id.get_max()).is_none_or(|(last, _)| *last < id);
        let registered = registered_at(id);
        if !is_last || registered == 0 || record.last_op < registered || record.last_op > op {
            return Err(Damaged::Impossible("a session is not in its place"));
        }
        let mut session = Session::new(id, record.last_op, record.last_used_ms, low);
        let mut next = low;
        let mut digest = 0_u128;
        for one in record.executed {
            let is_known = (registered..=record.last_op).contains(&one.op);
            if one.request < next || one.request - low >= WINDOW || !is_known {
                return Err(Damaged::Impossible("a session has executed what it cannot"));
            }
            // Within the window, or at the very end of the numbers.
            next = one.request.saturating_add(1);
            let result = match one.result {
                KeptResult::True(result) => Some(result),
                KeptResult::False => None,
            };
            let executed = Executed::new(id, one.request, one.op, one.index, result);
            digest = digest.wrapping_add(executed.hash);
            session.push(executed);
        }
        self.digest = self.digest.wrapping_add(digest);
        self.insert(id, session);
        Ok(())
    }

    /// Adds a session; what it has executed is counted in already.
    fn insert(&mut self, id: SessionId, session: Session) {
        self.digest = self.digest.wrapping_add(session.hash);
        self.by_use.insert((session.last_op, id));
        let before = self.by_id.insert(id, Arc::new(session));
        assert!(before.is_none(), "each session has its own number");
    }

    fn remove(&mut self, id: SessionId) {
        let session = self.by_id.remove(&id).expect("it is there");
        self.by_use.remove(&(session.last_op, id));
        let hashes = session.executed.iter().map(|one| one.hash);
        let hash = hashes.fold(session.hash, u128::wrapping_add);
        self.digest = self.digest.wrapping_sub(hash);
    }
}

impl Session {
    fn new(id: SessionId, op: OpNumber, timestamp_ms: u64, low: u64) -> Self {
        let mut session = Self {
            last_op: op,
            last_used_ms: timestamp_ms,
            low,
            executed: Vec::new(),
            bytes: 0,
            hash: 0,
        };
        session.hash = session.hash_of(id);
        session
    }

    /// Where a request is, or belongs.
    fn place(&self, request: u64) -> Result<usize, usize> {
        let requests = &self.executed;
        requests.binary_search_by_key(&request, |one| one.request)
    }

    fn push(&mut self, executed: Executed) {
        let place = self.place(executed.request).expect_err("it is new");
        self.bytes += executed.result.as_ref().map_or(0, Bytes::len);
        self.executed.insert(place, executed);
        assert!(self.executed.len() as u64 <= WINDOW);
    }

    fn hash_of(&self, id: SessionId) -> u128 {
        let parts = [id, self.last_op, self.last_used_ms, self.low];
        let [id, op, used, low] = parts.map(u64::to_be_bytes);
        // The first byte keeps the two kinds of hashes apart.
        u128::from_be_bytes(hash128(&[b"s", &id, &op, &used, &low]))
    }
}

impl Executed {
    /// How it is told to a client that sends its request again.
    pub(crate) fn reply(&self) -> ClientReply {
        match &self.result {
            Some(result) => ClientReply::Ok {
                result: result.clone(),
                op: self.op,
                index: self.index as usize,
            },
            None => ClientReply::Executed { op: self.op },
        }
    }

    fn new(id: SessionId, request: u64, op: OpNumber, index: u32, result: Option<Bytes>) -> Self {
        let mut executed = Self {
            request,
            op,
            index,
            result,
            hash: 0,
        };
        executed.hash = executed.hash_of(id);
        executed
    }

    fn hash_of(&self, id: SessionId) -> u128 {
        let [id, request, op] = [id, self.request, self.op].map(u64::to_be_bytes);
        let index = self.index.to_be_bytes();
        let (kind, result) = match &self.result {
            Some(result) => (b"r", &result[..]),
            None => (b"x", &[][..]),
        };
        u128::from_be_bytes(hash128(&[kind, &id, &request, &op, &index, result]))
    }

    fn record(&self) -> ExecutedRequest {
        ExecutedRequest {
            request: self.request,
            op: self.op,
            index: self.index,
            result: match &self.result {
                Some(result) => KeptResult::True(result.clone()),
                None => KeptResult::False,
            },
        }
    }
}

/// The client has the replies to all requests below. It cannot have the one to
/// this request, whatever it says.
fn acknowledged(operation: &SessionOperation) -> u64 {
    operation.acknowledged_below.min(operation.request)
}

#[cfg(test)]
mod tests;
