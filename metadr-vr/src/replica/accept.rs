//! The filter that every message passes first.

use super::{Replica, Status};
use crate::StateMachine;
use crate::outputs::DropReason;
use crate::wire::Envelope;

/// A voter other than this replica, by its place among the voters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Sender(pub(super) usize);

impl<S: StateMachine> Replica<S> {
    /// Who sent a message, or why it is not taken.
    pub(super) fn accept(&mut self, envelope: &Envelope) -> Result<Sender, DropReason> {
        if self.status != Status::Normal {
            return Err(DropReason::Unexpected);
        }
        if envelope.cluster != self.boot.cluster {
            return Err(DropReason::OtherCluster);
        }
        let place = (self.boot.voters.iter())
            .position(|id| *id == envelope.sender && *id != self.boot.id)
            .ok_or(DropReason::NotAMember)?;
        let peer = &mut self.peers[place];
        // The first message of a peer tells who it is; from then on it stays that.
        if *peer.instance.get_or_insert(envelope.instance) != envelope.instance {
            return Err(DropReason::OtherInstance);
        }
        let known = *peer.incarnation.get_or_insert(envelope.incarnation);
        if envelope.incarnation.counter > known.counter {
            peer.restart(envelope.incarnation, self.now);
        } else if envelope.incarnation != known {
            return Err(DropReason::EarlierIncarnation);
        }
        if envelope.promise < self.view {
            return Err(DropReason::EarlierView);
        }
        if envelope.promise > self.view {
            return Err(DropReason::LaterView);
        }
        self.peers[place].last_heard = self.now;
        Ok(Sender(place))
    }
}
