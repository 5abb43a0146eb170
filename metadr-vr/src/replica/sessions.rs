//! Requests of sessions that come more than once.
//!
//! What was executed is in the table of sessions, which is replicated (see
//! [`crate::machine`]). What this primary knows of the rest is kept here: what
//! is in its log or its queue and not executed. It is noted anew whenever the
//! requests begin anew, from the log: an operation that a change of views has
//! dropped must not look as if it were under way, or its client would wait for
//! ever. (VRR §4.1 has one table for both, and updates it when a request
//! arrives.)

use super::requests::Requests;
use super::{Replica, Status};
use crate::StateMachine;
use crate::machine::{Known, RequestKey, registered_at, request_key};
use crate::options::bug;
use crate::outputs::{ClientReply, Outputs, Request, RequestId};
use crate::wire::{ClientOperation, SessionOperation};
use std::collections::{BTreeMap, VecDeque};

/// How many copies of a request wait for it, besides the first.
const MOST_COPIES: usize = 4;

/// The requests of sessions that are in the log or the queue.
#[derive(Clone, Debug, Default)]
pub(super) struct InFlight(BTreeMap<RequestKey, Copies>);

#[derive(Clone, Debug)]
struct Copies {
    is_appended: bool,
    /// The number of the write; reads of the same connections wait for it.
    write: u64,
    /// Who else waits for it, in the order in which they came.
    waiting: VecDeque<RequestId>,
}

impl InFlight {
    /// Notes a request that nothing was known of.
    pub(super) fn note(&mut self, key: RequestKey, write: u64, is_appended: bool) {
        let copies = Copies {
            is_appended,
            write,
            waiting: VecDeque::new(),
        };
        self.0.entry(key).or_insert(copies);
    }

    pub(super) fn appended(&mut self, key: RequestKey) {
        if let Some(copies) = self.0.get_mut(&key) {
            copies.is_appended = true;
        }
    }

    /// Lets a copy wait for the one that is under way. Returns the number of
    /// its write; `None` if there is none.
    fn attach(&mut self, id: RequestId, key: RequestKey) -> Option<(u64, Option<RequestId>)> {
        let copies = self.0.get_mut(&key)?;
        copies.waiting.push_back(id);
        // Of many, those that came last are still listened to.
        let is_full = copies.waiting.len() > MOST_COPIES;
        let left = is_full.then(|| copies.waiting.pop_front()).flatten();
        Some((copies.write, left))
    }

    /// Takes out a request that is executed; returns who else waits for it.
    pub(super) fn executed(&mut self, key: RequestKey) -> VecDeque<RequestId> {
        self.0
            .remove(&key)
            .map_or_else(VecDeque::new, |one| one.waiting)
    }

    /// All copies that wait, and whether what they wait for is in the log.
    pub(super) fn waiting(&self) -> impl Iterator<Item = (RequestId, bool)> {
        let of_one = |one: &Copies| {
            let is_appended = one.is_appended;
            let waiting: Vec<_> = one.waiting.iter().map(|id| (*id, is_appended)).collect();
            waiting
        };
        self.0.values().flat_map(of_one)
    }

    /// The defect P12: what was under way is believed to be so for ever.
    pub(super) fn without_waiting(mut self) -> Self {
        for copies in self.0.values_mut() {
            copies.waiting.clear();
        }
        self
    }
}

impl Requests {
    /// Lets a request wait for a copy that is under way, if there is one.
    /// Returns whether, and who has to make room for it.
    pub(super) fn attach(&mut self, id: RequestId, key: RequestKey) -> (bool, Option<RequestId>) {
        let Some((write, left)) = self.in_flight.attach(id, key) else {
            return (false, None);
        };
        self.follow(id, write);
        (true, left.filter(|left| self.is_open(left.connection)))
    }
}

impl<S: StateMachine> Replica<S> {
    /// Answers a request of a session of which the outcome is known, or lets
    /// it wait for the copy that is under way. Returns whether it was one.
    pub(super) fn is_repeated(
        &mut self,
        id: RequestId,
        request: &Request,
        outputs: &mut Outputs,
    ) -> bool {
        let Request::Write(operation) = request else {
            return false;
        };
        let is_acting = self.status == Status::Normal && self.is_primary();
        if !is_acting || self.suspended || self.refuses_writes {
            return false;
        }
        let known = self.replicated.known(operation);
        let reply = match known {
            Known::Executed(executed) => executed.reply(),
            Known::Answered => ClientReply::Invalid,
            Known::New | Known::Expired | Known::BeyondWindow => {
                let (is_attached, left) = self.requests.attach(id, request_key(operation));
                if let Some(left) = left {
                    outputs.reply.push((left, ClientReply::Unknown));
                }
                match known {
                    _ if is_attached => return true,
                    Known::Expired if self.has_expired(operation) => ClientReply::SessionExpired,
                    Known::BeyondWindow => ClientReply::WindowExceeded,
                    _ => return false,
                }
            }
        };
        outputs.reply.push((id, reply));
        true
    }

    /// Whether a session that is not known here never will be: it was
    /// registered by an entry that is executed here. Of a later one this
    /// replica may just not have heard.
    fn has_expired(&self, operation: &SessionOperation) -> bool {
        registered_at(operation.session) <= self.replicated.op() && !bug!(self.options, P13)
    }

    /// Notes what is in the log and not executed, when nothing is noted: as a
    /// view begins, or after the requests were left.
    pub(super) fn note_in_flight(&mut self) {
        if bug!(self.options, P12) {
            return;
        }
        for op in self.replicated.op() + 1..=self.log.head() {
            let entry = self
                .log
                .get(op)
                .expect("what is not executed is in the log");
            // What cannot be read stops this replica when it is executed.
            let operations = entry.operations().unwrap_or_default();
            let keys = operations.iter().filter_map(key);
            self.requests.note_appended(op, keys);
        }
    }
}

/// What tells an operation of a session from others.
pub(super) fn key(operation: &ClientOperation) -> Option<RequestKey> {
    match operation {
        ClientOperation::Session(operation) => Some(request_key(operation)),
        _ => None,
    }
}
