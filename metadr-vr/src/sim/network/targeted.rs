//! Messages that get lost for what they are: every START_VIEW of a view, say,
//! or the third PREPARE_OK from one replica to another.

use crate::Tick;
use crate::sim::random::Random;
use crate::wire::{Message, MessageKind};

/// A fault that hits messages of a kind.
#[derive(Clone, Debug)]
pub(super) struct Targeted {
    kind: MessageKind,
    /// The replicas; any if not given.
    from: Option<usize>,
    to: Option<usize>,
    /// Only what is said in this view.
    view: Option<u64>,
    /// How many of them pass before.
    skipped: u64,
    /// How many get lost then.
    count: u64,
    until: Tick,
}

const KINDS: [MessageKind; 13] = [
    MessageKind::Prepare,
    MessageKind::PrepareOk,
    MessageKind::Commit,
    MessageKind::Vote,
    MessageKind::EnterView,
    MessageKind::DoViewChange,
    MessageKind::StartView,
    MessageKind::GetView,
    MessageKind::FetchLog,
    MessageKind::LogChunk,
    MessageKind::Recovery,
    MessageKind::RecoveryResponse,
    MessageKind::Handover,
];

impl Targeted {
    pub(super) fn draw(random: &mut Random, replicas: usize, view: u64, until: Tick) -> Self {
        let last = replicas as u64 - 1;
        let mut some = |per_mille| {
            let one = usize::try_from(random.between(0, last)).expect("few replicas");
            random.chance(per_mille).then_some(one)
        };
        let (from, to) = (some(400), some(400));
        Self {
            kind: random.pick(&KINDS),
            from,
            to,
            view: random.chance(400).then_some(view + random.between(0, 2)),
            skipped: random.pick(&[0, 0, 1, 3, 10]),
            count: random.pick(&[1, 1, 3, 20, u64::MAX]),
            until,
        }
    }

    pub(super) fn is_active(&self, now: Tick) -> bool {
        now < self.until && self.count > 0
    }

    pub(super) fn hits(&mut self, to: usize, message: &Message) -> bool {
        let envelope = &message.envelope;
        let is_meant = message.body.discriminant() == self.kind
            && self
                .from
                .is_none_or(|from| from == envelope.sender as usize)
            && self.to.is_none_or(|one| one == to)
            && self.view.is_none_or(|view| view == envelope.promise.view)
            && self.count > 0;
        if !is_meant {
            return false;
        }
        if self.skipped > 0 {
            self.skipped -= 1;
            return false;
        }
        self.count -= 1;
        true
    }
}

impl std::fmt::Display for Targeted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self {
            kind,
            from,
            to,
            view,
            skipped,
            count,
            until,
        } = self;
        write!(
            f,
            "{kind:?} from {from:?} to {to:?} in view {view:?} get lost: after {skipped}, {count} \
             of them, until {}",
            until.0
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::check::testing::{fresh, message};
    use crate::wire::MessageBody;

    #[test]
    fn what_is_meant_is_hit_and_nothing_else() {
        let mut one = Targeted {
            kind: MessageKind::EnterView,
            from: Some(0),
            to: None,
            view: Some(0),
            skipped: 1,
            count: 2,
            until: Tick(10),
        };
        let enter = message(&fresh(0, 3), MessageBody::EnterView);
        let of_another = message(&fresh(1, 3), MessageBody::EnterView);
        let another = message(&fresh(0, 3), MessageBody::GetView);
        assert!(!one.hits(2, &of_another) && !one.hits(2, &another));
        let hits = [(); 4].map(|()| one.hits(2, &enter));
        assert_eq!(hits, [false, true, true, false]);
        assert!(!one.is_active(Tick(5)));
        one.count = 1;
        assert!(one.is_active(Tick(5)) && !one.is_active(Tick(10)));
        let mut later = enter.clone();
        later.envelope.promise.view = 1;
        assert!(!one.hits(2, &later) && one.hits(2, &enter));
    }
}
