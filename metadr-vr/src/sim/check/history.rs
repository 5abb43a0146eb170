//! S10 At most once, and S13 Linearizability, by the order that the replies claim.
//!
//! Each reply names its place in the order: a write the op and the index in
//! its entry, a read the op after which it saw the state. That order is right
//! if replaying the ledger gives the same results, if nothing is ordered
//! before what had been answered before it was asked, and if each
//! connection's requests are in their own order.

use super::{Check, Violation};
use crate::sim::model::{self, REGISTERS};
use crate::wire::{ClientOperation, Entry, OpNumber};
use crate::{ClientReply, Request, RequestId};
use std::collections::{BTreeMap, HashMap, HashSet};

/// The place of a write is (op, index), that of a read (op, `AFTER`).
type Place = (OpNumber, usize);
const AFTER: usize = usize::MAX;

/// How many answered requests of a connection are remembered for its order:
/// more than a client has unanswered at a time.
const REMEMBERED: usize = 64;

#[derive(Debug, Default)]
pub(super) struct History {
    asked: HashMap<RequestId, Asked>,
    /// The highest place that was answered so far.
    answered: Place,
    /// The places of each connection's answered requests, by their numbers.
    of_connection: HashMap<u64, BTreeMap<u64, Place>>,
    /// What each register was set to, in the order of the ledger.
    values: [Vec<(Place, u64)>; REGISTERS as usize],
    /// All values that were written, each of which is asked for once.
    written: HashSet<u64>,
    /// The values of writes that had no effect, so their clients were told.
    refused: HashSet<u64>,
}

#[derive(Debug)]
struct Asked {
    request: Request,
    /// What had been answered when it was asked.
    floor: Place,
}

impl History {
    /// Replays an entry of the ledger.
    pub(super) fn committed(&mut self, entry: &Entry) -> Check {
        let operations = entry.operations();
        let operations = operations.map_err(|error| Violation::new("S16", error.to_string()))?;
        for (index, operation) in operations.into_iter().enumerate() {
            if let ClientOperation::Anonymous(operation) = operation
                && let (register, Some(value)) = model::parse(operation)
            {
                self.values[register].push(((entry.header.op, index), value));
                if !self.written.insert(value) {
                    let what = format!("{value} is written twice");
                    return Err(Violation::new("S10", what));
                }
                self.check_refused(value)?;
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
        let got = model::value(result.clone());
        let (place, expected) = match asked.request {
            Request::Anonymous(operation) => {
                let (register, value) = model::parse(operation);
                let place = (*op, *index);
                if !self.values[register].contains_at(place, value) {
                    let what = format!("{id:?} was answered at {place:?}, where it is not");
                    return Err(Violation::new("S13", what));
                }
                (place, self.values[register].before(place))
            }
            Request::Read(query) => {
                let (register, _) = model::parse(query);
                let place = (*op, AFTER);
                (place, self.values[register].before(place))
            }
        };
        if got != expected {
            let what = format!("{id:?} at {place:?} returned {got}, the ledger says {expected}");
            return Err(Violation::new("S13", what));
        }
        if place < asked.floor {
            let floor = asked.floor;
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
        let (_, value) = model::parse(operation);
        let value = value.expect("an operation is a write");
        self.refused.insert(value);
        self.check_refused(value)
    }

    fn check_refused(&self, value: u64) -> Check {
        if self.written.contains(&value) && self.refused.contains(&value) {
            let what = format!("{value} is written, though that was refused");
            return Err(Violation::new("S10", what));
        }
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

/// The values of a register over time.
trait Timeline {
    /// The value right before a place.
    fn before(&self, place: Place) -> u64;
    /// Whether the value was written at exactly this place.
    fn contains_at(&self, place: Place, value: Option<u64>) -> bool;
}

impl Timeline for Vec<(Place, u64)> {
    fn before(&self, place: Place) -> u64 {
        let index = self.partition_point(|(at, _)| *at < place);
        index.checked_sub(1).map_or(0, |last| self[last].1)
    }

    fn contains_at(&self, place: Place, value: Option<u64>) -> bool {
        let index = self.partition_point(|(at, _)| *at < place);
        self.get(index)
            .is_some_and(|(at, written)| *at == place && Some(*written) == value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::check::testing::{assert_violates, single};
    use bytes::Bytes;

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
        Request::Read(model::read(0))
    }

    fn ok(result: u64, op: OpNumber) -> ClientReply {
        ClientReply::Ok {
            result: Bytes::copy_from_slice(&result.to_be_bytes()),
            op,
            index: 0,
        }
    }

    /// A history in which 10 was written at op 1 and 20 at op 2.
    fn history() -> History {
        let replica = single(&[10, 20]);
        let mut history = History::default();
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
        assert_violates(
            "S13",
            "the ledger says 10",
            history.answered(FIRST, &ok(20, 1)),
        );
        history.asked(SECOND, &write(20));
        assert_violates(
            "S13",
            "the ledger says 10",
            history.answered(SECOND, &ok(0, 2)),
        );
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
        let entry = single(&[10]).log().get(1).expect("an entry").clone();
        assert_violates("S10", "twice", history.committed(&entry));
    }

    #[test]
    fn a_refused_write_that_takes_effect_is_found() {
        let mut before = history();
        before.asked(FIRST, &write(20));
        let refused = before.answered(FIRST, &ClientReply::Busy);
        assert_violates("S10", "refused", refused);

        let mut after = History::default();
        after.asked(FIRST, &write(10));
        assert_eq!(after.answered(FIRST, &ClientReply::Busy), Ok(()));
        let entry = single(&[10]).log().get(1).expect("an entry").clone();
        assert_violates("S10", "refused", after.committed(&entry));
    }
}
