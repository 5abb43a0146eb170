//! Crashes at chosen points of the protocol, where a crash hurts most.

use super::random::Random;

/// A point that a replica gets to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Point {
    VoteSent,
    /// And nothing sent yet that depends on it.
    PromisePersisted,
    EnterViewSent,
    DoViewChangeSent,
    /// At the primary of the view that is to begin.
    QuorumReported,
    /// The log of a view is not complete yet.
    InstallStaged,
    StartViewSent,
    RecoverySent,
    /// It has a log again.
    Recovered,
    /// The meta file does not say so yet.
    ImageWritten,
    /// The process has said nothing yet.
    ImageDeleted,
}

pub(super) const POINTS: [Point; 11] = [
    Point::VoteSent,
    Point::PromisePersisted,
    Point::EnterViewSent,
    Point::DoViewChangeSent,
    Point::QuorumReported,
    Point::InstallStaged,
    Point::StartViewSent,
    Point::RecoverySent,
    Point::Recovered,
    Point::ImageWritten,
    Point::ImageDeleted,
];

/// What of the last event's outputs still gets out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Delivered {
    Nothing,
    /// One of the messages alone.
    One,
    All,
}

/// A crash that waits for its moment.
#[derive(Clone, Copy, Debug)]
pub(super) struct Trigger {
    pub(super) point: Point,
    /// The replica; the first that gets there if not given.
    replica: Option<usize>,
    /// How often it may still pass there.
    passes: u64,
    pub(super) delivered: Delivered,
    /// Whether what is on its way to the disk gets there.
    pub(super) with_persists: bool,
}

impl Trigger {
    pub(super) fn draw(random: &mut Random, replicas: usize) -> Self {
        let last = replicas as u64 - 1;
        let one = usize::try_from(random.between(0, last)).expect("few replicas");
        Self {
            point: random.pick(&POINTS),
            replica: random.chance(300).then_some(one),
            passes: random.pick(&[0, 0, 0, 1, 2]),
            delivered: random.pick(&[Delivered::Nothing, Delivered::One, Delivered::All]),
            with_persists: random.chance(500),
        }
    }

    /// Whether this is the moment.
    pub(super) fn is_reached(&mut self, replica: usize, points: &[Point]) -> bool {
        let is_meant =
            points.contains(&self.point) && self.replica.is_none_or(|one| one == replica);
        if is_meant && self.passes > 0 {
            self.passes -= 1;
            return false;
        }
        is_meant
    }
}

impl std::fmt::Display for Trigger {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self {
            point,
            delivered,
            with_persists,
            ..
        } = self;
        write!(
            f,
            "crashes at {point:?}, messages delivered: {delivered:?}, writes done: {with_persists}"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trigger_waits_for_its_point() {
        let mut trigger = Trigger {
            point: Point::VoteSent,
            replica: Some(1),
            passes: 1,
            delivered: Delivered::All,
            with_persists: true,
        };
        assert!(!trigger.is_reached(0, &[Point::VoteSent]));
        assert!(!trigger.is_reached(1, &[Point::StartViewSent]));
        assert!(!trigger.is_reached(1, &[Point::VoteSent]));
        assert!(trigger.is_reached(1, &[Point::StartViewSent, Point::VoteSent]));
    }
}
