//! The calls that have been sent, found by their transaction ids.

use super::CallId;
use super::error::CallError;
use crate::rt::Instant;
use bytes::Bytes;
use std::time::Duration;

/// The encoded results of a call, or why there are none.
pub(super) type Outcome = Result<Bytes, CallError>;

/// Room for so many calls at first.
const MIN_SLOTS: usize = 16;

/// Deadlines are looked at no more often than this: to look is to go over all
/// calls, as almost none of them ever reach theirs.
const GRANULARITY: Duration = Duration::from_millis(1);

/// A call that awaits its reply.
#[derive(Debug)]
pub(super) struct Call<T> {
    /// Whom to tell when it has an outcome.
    pub(super) tag: T,
    pub(super) deadline: Option<Instant>,
    /// At which byte of the outgoing stream its record ends.
    pub(super) end: u64,
}

/// Calls by transaction id (xid).
///
/// An xid says by its low bits in which slot its call is. Xids are handed out
/// one after the other, but for those whose slot is taken: so none means two
/// calls, and each comes again only after nearly all others, when a reply that
/// was late has long arrived. At least half of the slots are free, so on
/// average hardly one xid is left out for each call.
#[derive(Debug)]
pub(super) struct CallTable<T> {
    // A power of two of them, or none.
    slots: Vec<Slot<T>>,
    taken: usize,
    waiting: usize,
    next_xid: u32,
    // No call is late before this.
    next_check: Option<Instant>,
}

#[derive(Debug)]
struct Slot<T> {
    xid: u32,
    state: State<T>,
}

#[derive(Debug)]
enum State<T> {
    Free,
    Waiting(Call<T>),
    /// Until somebody takes it.
    Done(Outcome),
}

impl<T> CallTable<T> {
    pub(super) fn new(first_xid: u32) -> Self {
        Self {
            slots: Vec::new(),
            taken: 0,
            waiting: 0,
            next_xid: first_xid,
            next_check: None,
        }
    }

    /// How many calls await their reply.
    pub(super) fn waiting(&self) -> usize {
        self.waiting
    }

    /// The id of the call that is [inserted](Self::insert) next.
    pub(super) fn next_id(&mut self) -> CallId {
        if 2 * self.taken >= self.slots.len() {
            self.grow();
        }
        while !matches!(self.slot(self.next_xid).state, State::Free) {
            self.next_xid = self.next_xid.wrapping_add(1);
        }
        CallId::new(self.next_xid)
    }

    /// An id that no other call has: for one that awaits nothing.
    pub(super) fn take_id(&mut self) -> CallId {
        let id = self.next_id();
        self.next_xid = id.xid().wrapping_add(1);
        id
    }

    /// Adds a call under the [next id](Self::next_id).
    pub(super) fn insert(&mut self, call: Call<T>) -> CallId {
        let id = self.take_id();
        if let Some(deadline) = call.deadline {
            self.check_at(deadline);
        }
        *self.slot(id.xid()) = Slot {
            xid: id.xid(),
            state: State::Waiting(call),
        };
        self.taken += 1;
        self.waiting += 1;
        id
    }

    /// Gives a call its outcome, unless none awaits one under this id; gives
    /// back whom to tell.
    pub(super) fn finish(&mut self, id: CallId, outcome: Outcome) -> Option<T> {
        let slot = self.find(id)?;
        match std::mem::replace(&mut slot.state, State::Done(outcome)) {
            State::Waiting(call) => {
                self.waiting -= 1;
                Some(call.tag)
            }
            other => {
                slot.state = other;
                None
            }
        }
    }

    /// The outcome of a call, which is then forgotten.
    pub(super) fn take_outcome(&mut self, id: CallId) -> Option<Outcome> {
        let slot = self.find(id)?;
        match std::mem::replace(&mut slot.state, State::Free) {
            State::Done(outcome) => {
                self.taken -= 1;
                Some(outcome)
            }
            other => {
                slot.state = other;
                None
            }
        }
    }

    /// Whom to tell of a call that has no outcome yet.
    pub(super) fn tag_mut(&mut self, id: CallId) -> Option<&mut T> {
        match &mut self.find(id)?.state {
            State::Waiting(call) => Some(&mut call.tag),
            State::Free | State::Done(_) => None,
        }
    }

    /// Forgets a call, whether or not it has an outcome.
    pub(super) fn remove(&mut self, id: CallId) -> Option<T> {
        let slot = self.find(id)?;
        let state = std::mem::replace(&mut slot.state, State::Free);
        self.taken -= 1;
        match state {
            State::Waiting(call) => {
                self.waiting -= 1;
                Some(call.tag)
            }
            State::Free | State::Done(_) => None,
        }
    }

    /// When some call may be late.
    pub(super) fn next_check(&self) -> Option<Instant> {
        self.next_check
    }

    /// Ends the calls whose deadline is not after `now`.
    pub(super) fn expire(&mut self, now: Instant, mut tell: impl FnMut(T)) {
        if self.next_check.is_none_or(|at| at > now) {
            return;
        }
        let mut earliest: Option<Instant> = None;
        for slot in &mut self.slots {
            let State::Waiting(Call {
                deadline: Some(deadline),
                ..
            }) = slot.state
            else {
                continue;
            };
            if deadline > now {
                earliest = Some(earliest.map_or(deadline, |at| at.min(deadline)));
                continue;
            }
            let outcome = Err(CallError::TimedOut { sent: true });
            if let State::Waiting(call) = std::mem::replace(&mut slot.state, State::Done(outcome)) {
                self.waiting -= 1;
                tell(call.tag);
            }
        }
        self.next_check = earliest.map(|at| at.max(now + GRANULARITY));
    }

    /// Ends all calls, the oldest first: `error` says how, from where their
    /// records end.
    pub(super) fn fail_all(&mut self, error: impl Fn(u64) -> CallError, mut tell: impl FnMut(T)) {
        let next = self.next_xid;
        let mut waiting: Vec<&mut Slot<T>> = self
            .slots
            .iter_mut()
            .filter(|slot| matches!(slot.state, State::Waiting(_)))
            .collect();
        waiting.sort_unstable_by_key(|slot| slot.xid.wrapping_sub(next));
        for slot in waiting {
            if let State::Waiting(call) = std::mem::replace(&mut slot.state, State::Free) {
                slot.state = State::Done(Err(error(call.end)));
                tell(call.tag);
            }
        }
        self.waiting = 0;
        self.next_check = None;
    }

    fn check_at(&mut self, deadline: Instant) {
        let next = self.next_check.map_or(deadline, |at| at.min(deadline));
        self.next_check = Some(next);
    }

    fn find(&mut self, id: CallId) -> Option<&mut Slot<T>> {
        if self.slots.is_empty() {
            return None;
        }
        let slot = self.slot(id.xid());
        let is_it = slot.xid == id.xid() && !matches!(slot.state, State::Free);
        is_it.then_some(slot)
    }

    fn slot(&mut self, xid: u32) -> &mut Slot<T> {
        let index = xid as usize & (self.slots.len() - 1);
        &mut self.slots[index]
    }

    fn grow(&mut self) {
        let size = (2 * self.slots.len()).max(MIN_SLOTS);
        let free = || Slot {
            xid: 0,
            state: State::Free,
        };
        let old = std::mem::take(&mut self.slots);
        self.slots.resize_with(size, free);
        for slot in old {
            // Those that had a slot each have one each among twice as many.
            if !matches!(slot.state, State::Free) {
                let xid = slot.xid;
                *self.slot(xid) = slot;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(deadline: Option<Instant>) -> Call<u32> {
        Call {
            tag: 0,
            deadline,
            end: 0,
        }
    }

    fn at(millis: u64) -> Instant {
        Instant::ZERO + Duration::from_millis(millis)
    }

    #[test]
    fn an_xid_in_use_is_never_given_out_again() {
        let mut table = CallTable::new(u32::MAX - 20);
        let held: Vec<_> = (0..10).map(|_| table.insert(call(None))).collect();
        // Past the wrap, and often around the slots.
        for _ in 0..1000 {
            let id = table.insert(call(None));
            assert!(!held.contains(&id));
            assert_eq!(table.remove(id), Some(0));
            assert_eq!(table.remove(id), None);
        }
        for id in held {
            assert_eq!(table.finish(id, Ok(Bytes::new())), Some(0));
            assert_eq!(table.finish(id, Ok(Bytes::new())), None);
            assert_eq!(table.take_outcome(id), Some(Ok(Bytes::new())));
            assert_eq!(table.take_outcome(id), None);
        }
        assert_eq!((table.taken, table.waiting), (0, 0));
        assert!(table.slots.len() <= 32);
    }

    #[test]
    fn calls_are_found_while_the_table_grows() {
        let mut table = CallTable::new(u32::MAX - 500);
        let ids: Vec<_> = (0..1000).map(|_| table.insert(call(None))).collect();
        for id in ids {
            assert!(table.tag_mut(id).is_some());
        }
    }

    #[test]
    fn an_xid_of_the_same_slot_is_another_call() {
        let mut table = CallTable::new(5);
        let id = table.insert(call(None));
        let other = CallId::new(id.xid() + table.slots.len() as u32);
        assert_eq!(table.finish(other, Ok(Bytes::new())), None);
        assert_eq!(table.remove(other), None);
        assert!(table.tag_mut(id).is_some());
    }

    #[test]
    fn calls_end_at_their_deadlines() {
        let mut table = CallTable::new(1);
        let ids = [30, 10, 20].map(|deadline| table.insert(call(Some(at(deadline)))));
        assert_eq!(table.next_check(), Some(at(10)));
        let expired = |table: &mut CallTable<u32>, now| {
            let mut count = 0;
            table.expire(at(now), |_| count += 1);
            count
        };
        assert_eq!(expired(&mut table, 9), 0);
        assert_eq!(expired(&mut table, 10), 1);
        let outcome = table.take_outcome(ids[1]);
        assert_eq!(outcome, Some(Err(CallError::TimedOut { sent: true })));
        assert_eq!(table.next_check(), Some(at(20)));
        table.remove(ids[2]);
        // It is known only now that there was nothing to do at 20.
        assert_eq!(expired(&mut table, 20), 0);
        assert_eq!(table.next_check(), Some(at(30)));
        assert_eq!(expired(&mut table, 30), 1);
        assert_eq!(table.next_check(), None);
    }

    #[test]
    fn many_deadlines_are_not_looked_at_one_by_one() {
        let mut table = CallTable::new(1);
        for nanos in 0..1000 {
            table.insert(call(Some(Instant::from_nanos(1000 + nanos))));
        }
        table.expire(Instant::from_nanos(1000), |_| {});
        let next = table.next_check().unwrap();
        assert_eq!(next, Instant::from_nanos(1000) + GRANULARITY);
    }

    #[test]
    fn all_fail_in_the_order_in_which_they_were_made() {
        let mut table = CallTable::new(u32::MAX - 1);
        for tag in 0..5_u32 {
            let end = u64::from(tag);
            let deadline = None;
            table.insert(Call { tag, deadline, end });
        }
        let mut told = Vec::new();
        table.fail_all(|_| CallError::SystemError, |tag| told.push(tag));
        assert_eq!(told, [0, 1, 2, 3, 4]);
        assert_eq!(table.waiting(), 0);
    }
}
