//! S8 Durability and S9 Acknowledged means held.

use super::{Check, Violation};
use crate::wire::{EntryHeader, Message, MessageBody};
use crate::{Replica, StateMachine, Status, quorum};

/// S8: every quorum has a replica that holds what is committed, so that no
/// view change can miss it. Those that are down without their memory, or still
/// recover, take part in no quorum, and no strangers do.
pub(super) fn committed_is_held<S: StateMachine>(
    entry: &EntryHeader,
    replicas: &[Option<Replica<S>>],
    strangers: &[bool],
) -> Check {
    let op = entry.op;
    // Whoever has forgotten it has what it did: see S1.
    let holds = |replica: &&Replica<S>| {
        replica.log().start() > op || replica.log().checksum(op) == Some(entry.checksum)
    };
    let takes_part = |replica: &&Replica<S>| replica.status() != Status::Recovering;
    let known = || (replicas.iter().zip(strangers)).filter(|(_, is_stranger)| !**is_stranger);
    let participants = || {
        known()
            .filter_map(|(one, _)| one.as_ref())
            .filter(takes_part)
    };
    let holders = participants().filter(holds).count();
    let without = participants().count() - holders;
    if without < quorum(replicas.len()) {
        return Ok(());
    }
    let what = format!(
        "op {op} is committed and held by {holders} of {}",
        replicas.len()
    );
    Err(Violation::new("S8", what))
}

/// S9: an acknowledgement is no promise for later.
pub(super) fn acknowledged_is_held<S: StateMachine>(
    sender: &Replica<S>,
    message: &Message,
) -> Check {
    let MessageBody::PrepareOk(ok) = &message.body else {
        return Ok(());
    };
    if sender.log().checksum(ok.acked) == Some(ok.acked_checksum) {
        return Ok(());
    }
    let (id, acked, head) = (message.envelope.sender, ok.acked, sender.log().head());
    let what = format!("replica {id} acknowledges op {acked} and holds up to {head}");
    Err(Violation::new("S9", what))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::check::testing::{assert_violates, fresh, message, primary};
    use crate::wire::PrepareOk;

    #[test]
    fn a_committed_entry_that_too_few_hold_is_found() {
        let holder = primary(3, &[1]);
        let entry = holder.log().header(1).expect("an entry").clone();
        let two = [holder.clone(), holder.clone(), fresh(2, 3)].map(Some);
        let known = [false; 3];
        assert_eq!(committed_is_held(&entry, &two, &known), Ok(()));
        let one = [holder, fresh(1, 3), fresh(2, 3)].map(Some);
        let check = committed_is_held(&entry, &one, &known);
        assert_violates("S8", "held by 1 of 3", check);
        // Nobody listens to one of them, so that it makes no quorum.
        let check = committed_is_held(&entry, &one, &[false, false, true]);
        assert_eq!(check, Ok(()));
    }

    #[test]
    fn an_acknowledgement_of_what_is_not_held_is_found() {
        let sender = primary(3, &[1]);
        let acknowledge = |acked, acked_checksum| {
            let body = MessageBody::PrepareOk(PrepareOk {
                acked,
                acked_checksum,
                applied: 0,
                ..PrepareOk::default()
            });
            acknowledged_is_held(&sender, &message(&sender, body))
        };
        let held = sender.log().head_header().checksum;
        assert_eq!(acknowledge(1, held), Ok(()));
        assert_violates("S9", "acknowledges op 2", acknowledge(2, held));
        assert_violates("S9", "acknowledges op 1", acknowledge(1, [0; 16]));
    }
}
