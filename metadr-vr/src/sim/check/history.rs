//! S10 At most once, and S13 Linearizability, by the order that the replies claim.
//!
//! Each reply names its place in the order: a write the op and the index in
//! its entry, a read the op after which it saw the state. That order is right
//! if replaying the ledger gives the same results, if nothing is ordered
//! before what had been answered before it was asked, and if each
//! connection's requests are in their own order.

use super::reference::Reference;
use super::{Check, Violation};
use crate::wire::{Entry, OpNumber};
use crate::{ClientReply, Request, RequestId, StateMachine};
use bytes::Bytes;
use rustc_hash::{FxHashMap, FxHashSet};
use std::collections::BTreeMap;

/// The place of a write is (op, index), that of a read (op, `AFTER`).
type Place = (OpNumber, usize);
const AFTER: usize = usize::MAX;

/// How many answered requests of a connection are remembered for its order:
/// more than a client has unanswered at a time.
const REMEMBERED: usize = 64;

#[derive(Debug)]
pub(super) struct History<S> {
    reference: Reference<S>,
    asked: FxHashMap<RequestId, Asked>,
    /// The highest place that was answered so far.
    answered: Place,
    /// The places of each connection's answered requests, by their numbers.
    of_connection: FxHashMap<u64, BTreeMap<u64, Place>>,
    /// All operations that were executed, each of which is asked for once.
    written: FxHashSet<Bytes>,
    /// The operations that had no effect, so their clients were told.
    refused: FxHashSet<Bytes>,
}

#[derive(Debug)]
struct Asked {
    request: Request,
    /// What had been answered when it was asked.
    floor: Place,
}

impl<S: StateMachine + Clone> History<S> {
    pub(super) fn new(initial: S) -> Self {
        Self {
            reference: Reference::new(initial),
            asked: FxHashMap::default(),
            answered: Place::default(),
            of_connection: FxHashMap::default(),
            written: FxHashSet::default(),
            refused: FxHashSet::default(),
        }
    }

    /// Replays an entry of the ledger.
    pub(super) fn committed(&mut self, entry: &Entry) -> Check {
        let executed = self.reference.execute(entry);
        let executed = executed.map_err(|error| Violation::new("S16", error.to_string()))?;
        let op = entry.header.op;
        for (operation, _) in executed {
            if !self.written.insert(operation.clone()) {
                let what = format!("an operation is executed twice, at last at op {op}");
                return Err(Violation::new("S10", what));
            }
            if self.refused.contains(operation) {
                return Err(executed_though_refused(op));
            }
        }
        Ok(())
    }

    pub(super) fn asked(&mut self, id: RequestId, request: &Request) {
        let asked = Asked {
            request: request.clone(),
            floor: self.answered,
        };
        self.asked.insert(id, asked);
    }

    pub(super) fn answered(&mut self, id: RequestId, reply: &ClientReply) -> Check {
        let Some(asked) = self.asked.remove(&id) else {
            let what = format!("{id:?} was answered twice, or never asked");
            return Err(Violation::new("S13", what));
        };
        let ClientReply::Ok { result, op, index } = reply else {
            return match reply {
                ClientReply::Unknown => Ok(()),
                _ => self.refused(asked.request),
            };
        };
        let (place, expected) = match &asked.request {
            Request::Anonymous(operation) => {
                let found = self.reference.executed(*op, *index);
                let result = found.filter(|(found, _)| found == operation);
                ((*op, *index), result.map(|(_, result)| result.clone()))
            }
            Request::Read { query, .. } => ((*op, AFTER), self.reference.query(*op, query)),
            // It returns nothing but its place.
            Request::Admin(_) => return Ok(()),
            Request::Sync => return self.check_place(id, (*op, AFTER), asked.floor),
            Request::Register { .. } | Request::Write(_) => {
                unreachable!("no client of the simulator has a session")
            }
        };
        let Some(expected) = expected else {
            let what = format!("{id:?} was answered at {place:?}, where it is not");
            return Err(Violation::new("S13", what));
        };
        if *result != expected {
            let what = format!("{id:?} at {place:?} returned {result:?}, not {expected:?}");
            return Err(Violation::new("S13", what));
        }
        self.check_place(id, place, asked.floor)
    }

    /// Whether an answer is ordered after what had been answered before it was
    /// asked for, and as its connection has it.
    fn check_place(&mut self, id: RequestId, place: Place, floor: Place) -> Check {
        if place < floor {
            let what = format!("{id:?} is at {place:?}, before {floor:?} answered earlier");
            return Err(Violation::new("S13", what));
        }
        self.answered = self.answered.max(place);
        self.check_connection(id, place)
    }

    /// Notes that a request had no effect, and never will.
    fn refused(&mut self, request: Request) -> Check {
        let Request::Anonymous(operation) = request else {
            return Ok(());
        };
        if self.written.contains(&operation) {
            let op = self.reference.op();
            return Err(executed_though_refused(op));
        }
        self.refused.insert(operation);
        Ok(())
    }

    fn check_connection(&mut self, id: RequestId, place: Place) -> Check {
        let places = self.of_connection.entry(id.connection).or_default();
        let before = places.range(..id.number).map(|(_, place)| *place).max();
        let after = places.range(id.number..).map(|(_, place)| *place).min();
        if before.is_some_and(|before| before > place) || after.is_some_and(|after| after < place) {
            let what = format!("{id:?} at {place:?} is out of its connection's order");
            return Err(Violation::new("S13", what));
        }
        places.insert(id.number, place);
        if places.len() > REMEMBERED {
            places.pop_first();
        }
        Ok(())
    }
}

fn executed_though_refused(by: OpNumber) -> Violation {
    let what = format!("an operation is executed up to op {by}, though it was refused");
    Violation::new("S10", what)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Level;
    use crate::sim::check::testing::{assert_violates, single};
    use crate::sim::model::{self, Registers};

    const FIRST: RequestId = RequestId {
        connection: 1,
        number: 1,
    };
    const SECOND: RequestId = RequestId {
        connection: 1,
        number: 2,
    };
    const OTHER: RequestId = RequestId {
        connection: 2,
        number: 1,
    };

    fn write(value: u64) -> Request {
        Request::Anonymous(model::write(0, value, 0))
    }

    fn read() -> Request {
        Request::Read {
            query: model::read(0),
            level: Level::Linearizable,
        }
    }

    fn ok(result: u64, op: OpNumber) -> ClientReply {
        ClientReply::Ok {
            result: Bytes::copy_from_slice(&result.to_be_bytes()),
            op,
            index: 0,
        }
    }

    /// A history in which 10 was written at op 1 and 20 at op 2.
    fn history() -> History<Registers> {
        let replica = single(&[10, 20]);
        let mut history = History::new(Registers::default());
        for op in 1..=2 {
            let entry = replica.log().get(op).expect("two entries");
            history.committed(entry).expect("nothing is wrong yet");
        }
        history
    }

    #[test]
    fn what_is_right_passes() {
        let mut history = history();
        history.asked(FIRST, &write(10));
        history.asked(SECOND, &read());
        assert_eq!(history.answered(SECOND, &ok(20, 2)), Ok(()));
        assert_eq!(history.answered(FIRST, &ok(0, 1)), Ok(()));
    }

    #[test]
    fn an_answer_to_no_question_is_found() {
        let mut history = history();
        assert_violates("S13", "never asked", history.answered(FIRST, &ok(0, 1)));
        history.asked(FIRST, &write(10));
        assert_eq!(history.answered(FIRST, &ok(0, 1)), Ok(()));
        assert_violates("S13", "twice", history.answered(FIRST, &ok(0, 1)));
    }

    #[test]
    fn a_result_that_does_not_follow_is_found() {
        let mut history = history();
        history.asked(FIRST, &read());
        assert_violates("S13", "returned", history.answered(FIRST, &ok(20, 1)));
        history.asked(SECOND, &write(20));
        assert_violates("S13", "returned", history.answered(SECOND, &ok(0, 2)));
    }

    #[test]
    fn a_write_that_is_not_where_it_says_is_found() {
        let mut history = history();
        history.asked(FIRST, &write(10));
        assert_violates(
            "S13",
            "where it is not",
            history.answered(FIRST, &ok(10, 2)),
        );
        history.asked(SECOND, &write(30));
        assert_violates(
            "S13",
            "where it is not",
            history.answered(SECOND, &ok(20, 3)),
        );
    }

    #[test]
    fn a_stale_read_is_found() {
        let mut history = history();
        history.asked(FIRST, &write(20));
        assert_eq!(history.answered(FIRST, &ok(10, 2)), Ok(()));
        history.asked(OTHER, &read());
        assert_violates(
            "S13",
            "answered earlier",
            history.answered(OTHER, &ok(10, 1)),
        );
    }

    #[test]
    fn a_connection_out_of_order_is_found() {
        // A read before the write of its connection.
        let mut history = history();
        history.asked(FIRST, &write(20));
        history.asked(SECOND, &read());
        assert_eq!(history.answered(SECOND, &ok(10, 1)), Ok(()));
        let late = history.answered(FIRST, &ok(10, 2));
        assert_violates("S13", "out of its connection's order", late);
    }

    #[test]
    fn a_write_that_takes_effect_twice_is_found() {
        let mut history = history();
        let again = single(&[10, 20, 10]);
        let entry = again.log().get(3).expect("an entry");
        assert_violates("S10", "twice", history.committed(entry));
    }

    #[test]
    fn a_refused_write_that_takes_effect_is_found() {
        let mut before = history();
        before.asked(FIRST, &write(20));
        let refused = before.answered(FIRST, &ClientReply::Busy { retry_after_ms: 50 });
        assert_violates("S10", "refused", refused);

        let mut after = History::new(Registers::default());
        after.asked(FIRST, &write(10));
        assert_eq!(
            after.answered(FIRST, &ClientReply::Busy { retry_after_ms: 50 }),
            Ok(())
        );
        let entry = single(&[10]).log().get(1).expect("an entry").clone();
        assert_violates("S10", "refused", after.committed(&entry));
    }
}
