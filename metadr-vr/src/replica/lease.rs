//! Leases: reads at the primary without asking anybody, for those who trust
//! their clocks. Off unless `Options::lease` says otherwise.
//!
//! Each COMMIT offers a lease. A backup that takes it enters no later view for
//! that long after the COMMIT arrived, and echoes its round. The primary's
//! lease ends nine tenths of that after it sent the oldest COMMIT that a quorum
//! has taken, itself included: no other view has started by then, as a quorum
//! has to enter it first, and shares a replica with that one. This assumes that
//! over one lease no two clocks run at rates that differ by more than a tenth,
//! that they count the time for which a machine is suspended, and that they
//! never jump. If a clock breaks that, reads may be stale; writes never get lost.
//!
//! A backup puts off what it is to enter; a view that others have started is
//! none of that: it is followed at once, and proves that the lease is over. A
//! replica that was restarted does not know what it promised, and so waits for
//! as long as it can have been. A primary that hands over gives its lease back,
//! and has none in that view again.

use super::accept::Sender;
use super::{Replica, Status};
use crate::membership::{PerVoter, Told};
use crate::options::bug;
use crate::outputs::Outputs;
use crate::wire::{Commit, EpochView, MessageBody, PrepareOk};
use crate::{Options, Start, StateMachine, Tick};
use std::collections::VecDeque;

/// What a replica holds of others, and what it has promised.
#[derive(Clone, Debug, Default, Hash)]
pub(super) struct Lease {
    // As the primary.
    /// When rounds with an offer began: the first of each tick, in order.
    offered: VecDeque<(u64, Tick)>,
    /// When what each backup has promised ends.
    held_until: PerVoter<Tick>,
    /// It was given back in this view.
    is_released: bool,

    // As a backup.
    /// Until then it enters no view.
    promised_until: Tick,
    /// The last round of this view whose offer it took; 0 if there is none.
    promised_round: u64,
    /// The view that it enters then.
    put_off: Option<EpochView>,
}

/// How long a primary counts on a lease of `ticks`: a tenth less for the
/// clocks' rates, and one for the parts of ticks that they do not show.
fn counted_on(ticks: u64) -> u64 {
    (ticks * 9 / 10).saturating_sub(1)
}

impl Lease {
    /// That of a replica that starts now.
    pub(super) fn new(start: &Start, options: &Options, now: Tick) -> Self {
        let has_promised = !matches!(start, Start::New) && !bug!(options, P23);
        let longest = if has_promised {
            options.lease.saturating_mul(11).div_ceil(10)
        } else {
            0
        };
        Self {
            promised_until: now.after(longest),
            ..Self::default()
        }
    }

    /// Its view ends: what it has promised stays.
    pub(super) fn leave_view(&mut self) {
        *self = Self {
            promised_until: self.promised_until,
            ..Self::default()
        };
    }

    /// When a view that was put off is entered.
    pub(super) fn deadline(&self) -> Option<Tick> {
        self.put_off.map(|_| self.promised_until)
    }

    /// A round begins with an offer.
    fn offer(&mut self, round: u64, now: Tick, ticks: u64) {
        while let Some((_, at)) = self.offered.front()
            && now.since(*at) > ticks
        {
            self.offered.pop_front();
        }
        if self.offered.back().is_none_or(|(_, at)| *at < now) {
            self.offered.push_back((round, now));
        }
    }

    /// A backup has taken the offer of a round.
    fn taken(&mut self, place: usize, round: u64, ticks: u64) {
        let later = self.offered.partition_point(|(first, _)| *first <= round);
        if let Some(index) = later.checked_sub(1) {
            let until = self.offered[index].1.after(counted_on(ticks));
            self.held_until[place] = self.held_until[place].max(until);
        }
    }

    /// The round whose offer this backup has taken last.
    pub(super) fn promised_round(&self) -> u64 {
        self.promised_round
    }
}

impl<S: StateMachine> Replica<S> {
    /// What a round that begins now offers, in ticks; 0 is nothing.
    pub(super) fn offer_lease(&mut self) -> u32 {
        let ticks = self.options.lease;
        if ticks == 0 || self.lease.is_released {
            return 0;
        }
        self.lease.offer(self.round, self.now, ticks);
        u32::try_from(ticks).unwrap_or(u32::MAX)
    }

    /// Takes what a COMMIT offers. One that waits to enter a later view does
    /// not: it would never get there.
    pub(super) fn take_lease(&mut self, commit: &Commit) {
        let ticks = u64::from(commit.lease_ticks);
        // After a restart it would not know of a longer one.
        let is_taken = ticks > 0 && ticks <= self.options.lease && self.lease.put_off.is_none();
        if is_taken {
            let until = self.now.after(ticks);
            self.lease.promised_until = self.lease.promised_until.max(until);
            self.lease.promised_round = self.lease.promised_round.max(commit.round);
        }
    }

    pub(super) fn lease_taken(&mut self, place: usize, ok: &PrepareOk) {
        if ok.lease_round > 0 && ok.lease_round <= ok.round && !self.lease.is_released {
            (self.lease).taken(place, ok.lease_round, self.options.lease);
        }
    }

    /// Whether no other replica can be the primary of a later view now.
    pub(super) fn holds_lease(&self) -> bool {
        if self.options.lease == 0 || self.lease.is_released {
            return false;
        }
        let needed = self.quorum() - 1;
        if needed == 0 {
            // There is no other.
            return true;
        }
        let held = self.others().map(|one| self.lease.held_until[one.place].0);
        self.now < Tick(held.collect::<Told>().reached_by(needed))
    }

    /// Gives the lease back, as the primary hands over.
    pub(super) fn release_lease(&mut self, outputs: &mut Outputs) {
        if self.options.lease > 0 {
            self.lease.is_released = true;
            self.send_to_all(&MessageBody::LeaseReleased, outputs);
        }
    }

    pub(super) fn on_lease_released(&mut self, sender: Sender, outputs: &mut Outputs) {
        if self.status == Status::Normal && sender.id == self.primary() {
            self.forget_promise();
            self.lease_tick(outputs);
        }
    }

    /// Whoever held the lease does not any more.
    pub(super) fn forget_promise(&mut self) {
        self.lease.promised_until = self.now;
    }

    /// Enters a view, or puts that off until what was promised is over.
    /// Returns whether it was entered.
    pub(super) fn enter_in_time(&mut self, view: EpochView, outputs: &mut Outputs) -> bool {
        if self.now < self.lease.promised_until {
            self.lease.put_off = self.lease.put_off.max(Some(view));
            return false;
        }
        self.enter(view, outputs);
        true
    }

    /// Enters the view that was put off, when it is time.
    pub(super) fn lease_tick(&mut self, outputs: &mut Outputs) {
        if self.now < self.lease.promised_until {
            return;
        }
        if let Some(view) = self.lease.put_off.take()
            && view > self.view
        {
            self.enter(view, outputs);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clocks_that_differ_by_a_tenth_are_allowed_for() {
        // A round is sent within a tick, and the lease is looked at within one:
        // as the primary has it, less than so many ticks have passed.
        for ticks in 1..=1_000 {
            let by_a_fast_clock = counted_on(ticks) * 11;
            // A backup has promised this, less the part of the tick in which it did.
            assert!(by_a_fast_clock <= (ticks - 1) * 10 || counted_on(ticks) == 0);
        }
        assert_eq!(counted_on(30), 26);
    }

    #[test]
    fn a_lease_counts_from_when_its_round_was_sent() {
        let mut lease = Lease::default();
        for (round, at) in [(1, 10), (2, 10), (3, 10), (4, 15), (5, 16)] {
            lease.offer(round, Tick(at), 30);
        }
        let mut until = |round| {
            lease.held_until = PerVoter::default();
            lease.taken(0, round, 30);
            lease.held_until[0].0
        };
        assert_eq!([1, 2, 3, 4, 5, 9].map(&mut until), [36, 36, 36, 41, 42, 42]);
        assert_eq!(until(0), 0);
        // What is over is forgotten, so that it does not gather.
        lease.offer(6, Tick(46), 30);
        assert_eq!(lease.offered, [(5, Tick(16)), (6, Tick(46))]);
        lease.taken(1, 4, 30);
        assert_eq!(lease.held_until[1], Tick(0));
    }

    #[test]
    fn a_later_echo_never_shortens_a_lease() {
        let mut lease = Lease::default();
        lease.offer(1, Tick(10), 30);
        lease.offer(2, Tick(20), 30);
        lease.taken(0, 2, 30);
        lease.taken(0, 1, 30);
        assert_eq!(lease.held_until[0], Tick(46));
    }
}
