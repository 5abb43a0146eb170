//! S16 Wire: a message decodes to itself.

use super::{Check, Violation};
use crate::sim::random::Random;
use crate::wire::Message;
use bytes::Bytes;
use metadr_runtime::xdr;

/// Looks at a sample of the messages.
#[derive(Debug)]
pub(super) struct Wire {
    random: Random,
}

impl Wire {
    pub(super) fn new(seed: u64) -> Self {
        Self {
            random: Random::stream(seed, "wire"),
        }
    }

    pub(super) fn check(&mut self, message: &Message) -> Check {
        if !self.random.chance(10) {
            return Ok(());
        }
        match xdr::to_bytes(message) {
            Ok(encoded) => decodes_to(encoded, message),
            Err(error) => Err(Violation::new("S16", error.to_string())),
        }
    }
}

fn decodes_to(encoded: Bytes, message: &Message) -> Check {
    match xdr::from_bytes::<Message>(encoded) {
        Ok(decoded) if decoded == *message => Ok(()),
        Ok(_) => Err(Violation::new("S16", "a message decodes to another")),
        Err(error) => Err(Violation::new("S16", error.to_string())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Outputs;
    use crate::Tick;
    use crate::sim::check::testing::{assert_violates, fresh};

    #[test]
    fn a_message_that_changes_on_the_wire_is_found() {
        let mut outputs = Outputs::default();
        fresh(0, 2).on_tick(Tick(1), 0, &mut outputs);
        let (_, message) = outputs.send.pop().expect("a heartbeat");
        let encoded = xdr::to_bytes(&message).expect("a message can be sent");
        assert_eq!(decodes_to(encoded.clone(), &message), Ok(()));

        let mut other = encoded.to_vec();
        *other.last_mut().expect("a message is not empty") ^= 1;
        let check = decodes_to(other.into(), &message);
        assert_violates("S16", "decodes to another", check);
        let half = encoded.slice(..encoded.len() / 2);
        assert_violates("S16", "", decodes_to(half, &message));
    }

    #[test]
    fn a_sample_of_all_messages_is_looked_at() {
        let mut wire = Wire::new(1);
        let mut outputs = Outputs::default();
        fresh(0, 2).on_tick(Tick(1), 0, &mut outputs);
        let (_, message) = outputs.send.pop().expect("a heartbeat");
        let before = wire.random.clone();
        assert_eq!(wire.check(&message), Ok(()));
        assert_ne!(format!("{before:?}"), format!("{:?}", wire.random));
    }
}
