//! S12 State: equal applied ops, equal state hashes.

use super::{Check, Violation};
use crate::StateMachine;
use crate::wire::Hash128;
use crate::{Event, Replica};

/// The hash of the state after each op, as the first replica there has it.
#[derive(Debug, Default)]
pub(super) struct State {
    after: Vec<Hash128>,
}

impl State {
    pub(super) fn check<S: StateMachine>(
        &mut self,
        replica: &Replica<S>,
        events: &[Event],
    ) -> Check {
        for event in events {
            if let Event::Applied { op, digest } | Event::SnapshotInstalled { op, digest } = event {
                self.compare(replica, *op, *digest)?;
            }
        }
        // The last event must also be what the state machine itself says.
        match replica.applied() {
            0 => Ok(()),
            applied => self.compare(replica, applied, replica.digest()),
        }
    }

    fn compare<S: StateMachine>(
        &mut self,
        replica: &Replica<S>,
        op: u64,
        digest: Hash128,
    ) -> Check {
        let place = usize::try_from(op - 1).expect("runs are short");
        let id = replica.boot().id();
        match self.after.get(place) {
            Some(first) if *first == digest => Ok(()),
            Some(_) => {
                let what = format!("replica {id} has another state after op {op}");
                Err(Violation::new("S12", what))
            }
            None if place == self.after.len() => {
                self.after.push(digest);
                Ok(())
            }
            None => {
                let what = format!("replica {id} applied op {op} before one that precedes it");
                Err(Violation::new("S12", what))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::check::testing::{assert_violates, single};

    #[test]
    fn another_state_at_the_same_op_is_found() {
        let mut state = State::default();
        assert_eq!(state.check(&single(&[1]), &[]), Ok(()));
        assert_eq!(state.check(&single(&[1]), &[]), Ok(()));
        assert_violates("S12", "another state", state.check(&single(&[2]), &[]));
    }

    #[test]
    fn an_event_that_is_not_the_state_is_found() {
        let mut state = State::default();
        let event = Event::Applied {
            op: 1,
            digest: [9; 16],
        };
        let check = state.check(&single(&[1]), &[event]);
        assert_violates("S12", "another state", check);
    }

    #[test]
    fn an_op_that_was_left_out_is_found() {
        let mut state = State::default();
        assert_violates("S12", "before one", state.check(&single(&[1, 2]), &[]));
    }
}
