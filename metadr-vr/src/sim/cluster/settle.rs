//! After the faults: a part of the group that is whole and large enough has to
//! come to one view, to answer, to agree, and to stay so, whatever state the
//! other replicas are left in for good. Then those come back too.

use super::{Planned, World};
use crate::sim::check::Violation;
use crate::sim::clock::Clock;
use crate::sim::model::Model;
use crate::sim::network::{Connection, DELAY_WHEN_HEALED};
use crate::sim::record::{Incident, What};
use crate::wire::EpochView;
use crate::{Replica, Status, Tick, quorum};

/// L2: all that waits is answered after so many ticks, and after a round trip
/// more for each request that waits: the smallest limits that a run draws let
/// them through one by one.
const ANSWERED: u64 = 400;

/// L2: what is asked for then is answered after so many ticks, and after a
/// round trip more for each entry that is before it.
const ANSWERED_AT_ONCE: u64 = 100;

/// L3: all have the same state after so many ticks, and after the time that a
/// transfer takes for each entry that one of them lags or that is to be made.
const AGREED: u64 = 600;

/// L4: for so long nothing changes.
const QUIET: u64 = 5_000;

/// How often a client asks for something meanwhile.
const PROBED: u64 = 50;

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Ending {
    /// A quorum remembered everything, and went on.
    WithQuorum,
    /// A primary brought the others back.
    ByPrimary,
    /// Nobody could go on, and all said so.
    Lost,
}

impl<M: Model> World<M> {
    /// Ends the faults, and sees that the group goes on.
    pub(super) fn settle(&mut self) -> Result<(), Violation> {
        self.is_active = false;
        self.trigger = None;
        self.longest_sync = 0;
        self.send_strangers_away();
        let remembering = (0..self.nodes.len()).filter(|one| self.remembers(*one));
        if remembering.count() < quorum(self.nodes.len()) {
            return self.settle_without_quorum();
        }
        let core = self.choose_core();
        let connections: Vec<_> = (core.iter())
            .map(|is_core| match is_core {
                true => Connection::Whole,
                false => self.fault_random.pick(&[
                    Connection::SendOnly,
                    Connection::ReceiveOnly,
                    Connection::Some,
                    Connection::Some,
                    Connection::None,
                ]),
            })
            .collect();
        let text = format!("from now on the connections are {connections:?}");
        self.note(What::Told(text.into()));
        self.end_faults(&connections)?;
        let members: Vec<usize> = (0..core.len()).filter(|one| core[*one]).collect();
        let failing = self.choose_star(&members);
        let view = self.await_view(&members, failing)?;
        let quiet_until = self.now.after(QUIET);
        self.await_answers(&members)?;
        self.await_agreement(&members)?;
        while self.now < quiet_until {
            self.probe(&members, view)?;
        }
        self.await_agreement(&members)?;

        self.note(What::Told("everything is whole".into()));
        let all: Vec<usize> = (0..core.len())
            .filter(|one| !self.nodes[*one].is_gone)
            .collect();
        self.end_faults(&vec![Connection::Whole; core.len()])?;
        self.await_view(&all, self.failing())?;
        self.await_answers(&all)?;
        self.ending = Some(Ending::WithQuorum);
        self.await_agreement(&all)
    }

    /// Those whose links and disks work from now on: enough to remember
    /// everything. Often it is the primary that is not one of them.
    fn choose_core(&mut self) -> Vec<bool> {
        let count = self.nodes.len();
        let present = self.nodes.iter().filter(|node| !node.is_gone).count();
        let quorum = quorum(count);
        let mut order: Vec<usize> = (0..count).collect();
        for place in (1..count).rev() {
            let other = self.fault_random.between(0, place as u64);
            order.swap(place, usize::try_from(other).expect("few replicas"));
        }
        let spared = match self.fault_random.chance(500) {
            true => self.normal_primary(),
            false => None,
        };
        // First those that remember, the primary last of them.
        order.retain(|one| !self.nodes[*one].is_gone);
        order.sort_by_key(|one| (!self.remembers(*one), Some(*one) == spared));
        let size = self.fault_random.between(quorum as u64, present as u64);
        let size = usize::try_from(size).expect("few replicas");
        let mut core = vec![false; count];
        for one in &order[..size] {
            core[*one] = true;
        }
        core
    }

    /// In some runs the members of the core reach each other through one of them
    /// alone. Returns how many view changes may fail before a view lasts. One
    /// that recovers has to reach its primary, and hands nothing on.
    fn choose_star(&mut self, members: &[usize]) -> u64 {
        let all_remember = members.iter().all(|one| self.remembers(*one));
        if members.len() < 3 || !all_remember || !self.fault_random.chance(200) {
            return self.failing();
        }
        let center = self.fault_random.pick(members);
        let is_leaf = |one: usize| one != center && members.contains(&one);
        (self.network).cut_for_good(&|from, to| is_leaf(from) && is_leaf(to));
        let incident = Incident::Other("is between all others");
        self.note(What::Fault(center as u32, incident));
        self.nodes.len() as u64
    }

    /// Makes the connections what they stay from now on. Those without any are
    /// down; whatever was held up on its way arrives now.
    fn end_faults(&mut self, connections: &[Connection]) -> Result<(), Violation> {
        self.network.heal(connections);
        let agenda = self.agenda.take_all();
        // What keeps its time was planned before what gets a new one.
        for (time, planned) in &agenda {
            if let Planned::Timer(..) = planned {
                self.agenda.push(*time, *planned);
            }
        }
        for (_, planned) in agenda {
            match planned {
                Planned::Arrival(_) => {
                    let delay = self.fault_random.between(1, DELAY_WHEN_HEALED);
                    self.plan(delay, planned);
                }
                Planned::Synced(..) | Planned::Stop(..) => self.plan(1, planned),
                Planned::Timer(..) => {}
                Planned::Start(_) | Planned::Burst(_) | Planned::Fault(_) => {}
            }
        }
        for (index, connection) in connections.iter().enumerate() {
            if self.nodes[index].paused_until > self.now {
                // Its timers were put off until then.
                self.nodes[index].paused_until = self.now;
                self.nodes[index].timer = None;
                self.plan_timer(index);
            }
            if *connection == Connection::Whole {
                self.nodes[index].clock.period = Clock::TRUE.period;
            }
            let is_up = self.is_up(index);
            if *connection == Connection::None && is_up {
                self.nodes[index].disk.crash(&mut self.fault_random);
                self.crashed(index, 0)?;
            } else if *connection != Connection::None && !is_up && !self.nodes[index].is_gone {
                self.start(index)?;
            }
        }
        Ok(())
    }

    /// L1: after the time that this may take, they are Normal in one view. The
    /// log of a view has to be fetched besides, as for L3.
    fn await_view(&mut self, members: &[usize], failing: u64) -> Result<EpochView, Violation> {
        let stopping = (self.replicas.iter().flatten()).any(Replica::is_stopping);
        let stop = if stopping {
            self.replica_options.stop_timeout
        } else {
            0
        };
        let patience = self.by_slowest_clock(600 + self.back_offs(failing) + stop);
        self.play_until(self.now.0 + patience)?;
        let transfer = self.by_slowest_clock(self.lag(members) * self.transfer());
        let limit = self.now.after(transfer + patience);
        // The bound is for the worst of ways; most transfers take far less.
        while self.common_view(members).is_none() && transfer > 0 && self.now < limit {
            self.play_until(self.now.0 + 10)?;
        }
        let what = format!("{members:?} are not in one view");
        (self.common_view(members)).ok_or_else(|| self.unsettled("L1", &what))
    }

    /// The view that all of them are Normal in, if there is one.
    fn common_view(&self, members: &[usize]) -> Option<EpochView> {
        let view = self.members(members).map(Replica::view).next()?;
        let is_normal =
            |one: &Replica<M::Machine>| one.status() == Status::Normal && one.view() == view;
        let is_common =
            self.members(members).count() == members.len() && self.members(members).all(is_normal);
        is_common.then_some(view)
    }

    /// How many view changes in a row may fail. Each that is not of the core may
    /// be the primary of one.
    fn failing(&self) -> u64 {
        let count = self.nodes.len();
        (count - quorum(count)).max(2) as u64
    }

    /// The largest time-outs of view changes that fail.
    fn back_offs(&self, failing: u64) -> u64 {
        let timeout = self.replica_options.election_timeout;
        failing * (8 * timeout + timeout / 2)
    }

    /// L2, of what waits.
    pub(super) fn await_answers(&mut self, members: &[usize]) -> Result<(), Violation> {
        // Those of closed connections are before it too.
        let waiting = (self.clients.outstanding() as u64).max(self.backlog(members));
        // What one of them lacks may have to be there before anything commits.
        let transfer = self.lag(members) * self.transfer();
        let patience = ANSWERED + waiting * self.round_trip() + transfer;
        let limit = self.now.after(self.by_slowest_clock(patience));
        while self.clients.outstanding() > 0 {
            if self.now >= limit {
                let waiting = self.clients.outstanding();
                let what = format!("{waiting} requests have no answer after {patience} ticks");
                return Err(self.unsettled("L2", &what));
            }
            self.play_until(self.now.0 + 10)?;
        }
        Ok(())
    }

    /// L3: they have executed the same, and all that they hold.
    fn await_agreement(&mut self, members: &[usize]) -> Result<(), Violation> {
        let entries = self.lag(members) + self.backlog(members);
        let patience = AGREED + entries * self.transfer();
        let limit = self.now.after(self.by_slowest_clock(patience));
        while !self.agree(members) {
            if self.now >= limit {
                let what = format!("{members:?} do not agree after {patience} ticks");
                return Err(self.unsettled("L3", &what));
            }
            self.play_until(self.now.0 + 10)?;
        }
        self.nothing_is_lost(members)
    }

    /// S8: whoever goes on has everything that was ever committed.
    fn nothing_is_lost(&self, members: &[usize]) -> Result<(), Violation> {
        let committed = self.checkers.ledger().len() as u64 - 1;
        if self.members(members).all(|one| one.applied() >= committed) {
            return Ok(());
        }
        let what = format!("{committed} entries were committed, {members:?} have fewer");
        Err(self.unsettled("S8", &what))
    }

    /// How many requests the primary has not put into its log. Those of closed
    /// connections are not waited for by anybody, and are done all the same.
    fn backlog(&self, members: &[usize]) -> u64 {
        let waiting = self.members(members).map(Replica::waiting_requests);
        waiting.max().unwrap_or(0) as u64
    }

    /// How many entries one of them holds that another does not.
    fn lag(&self, members: &[usize]) -> u64 {
        let heads = || self.members(members).map(|one| one.log().head());
        heads().max().unwrap_or(0) - heads().min().unwrap_or(0)
    }

    fn members(&self, members: &[usize]) -> impl Iterator<Item = &Replica<M::Machine>> {
        members
            .iter()
            .filter_map(|one| self.replicas[*one].as_ref())
    }

    /// Whether they hold the same, and have executed all of it. That equal ops
    /// are equal states is checked at each of them.
    fn agree(&self, members: &[usize]) -> bool {
        let heads = self.members(members).map(|one| one.log().head_header());
        let head = heads.max_by_key(|header| header.op);
        self.members(members)
            .all(|one| Some(one.log().head_header()) == head && one.applied() == one.log().head())
    }

    /// L4, and L2 of what is asked for now.
    fn probe(&mut self, members: &[usize], view: EpochView) -> Result<(), Violation> {
        let primary = self.normal_primary();
        let is_of_view = |one: &Replica<M::Machine>| one.view() == view;
        let primary = primary.filter(|one| self.replicas[*one].as_ref().is_some_and(is_of_view));
        let Some(primary) = primary else {
            return Err(self.unsettled("L2", "nobody takes requests"));
        };
        let answered = self.counts.answered;
        let (id, request) = self.clients.probe(primary);
        self.ask(primary, id, request)?;
        let replica = self.replicas[primary].as_ref();
        let before = replica.map_or(0, |one| one.log().head() - one.commit_number());
        let patience = ANSWERED_AT_ONCE + before * self.round_trip();
        let limit = self.now.after(self.by_slowest_clock(patience));
        let next = self.now.after(PROBED);
        while self.now < next || self.clients.awaits(id) {
            if self.now >= limit {
                return Err(self.unsettled("L2", "a new request has no answer"));
            }
            self.play_until(self.now.0 + 10)?;
            if !self.members(members).all(is_of_view) {
                let what = format!("{view:?} does not last among {members:?}");
                return Err(self.unsettled("L4", &what));
            }
        }
        if self.counts.answered == answered {
            return Err(self.unsettled("L2", "a new request is refused"));
        }
        Ok(())
    }

    /// L7: too few remember what was committed. A primary that goes on brings
    /// the others back; without one, all say that the quorum is lost.
    fn settle_without_quorum(&mut self) -> Result<(), Violation> {
        let text = "too many have lost their memory, and everything is whole";
        self.note(What::Told(text.into()));
        let all: Vec<usize> = (0..self.nodes.len()).collect();
        self.end_faults(&vec![Connection::Whole; all.len()])?;
        // Until what was on its way has arrived.
        self.play_until(self.now.0 + 3 * DELAY_WHEN_HEALED)?;
        let outcome = self.outcome_without_quorum();
        let options = &self.replica_options;
        let heads = self.members(&all).map(|one| one.log().head()).max();
        let patience = options.lost_quorum
            + 5 * options.recovery_resend
            + 2 * options.ping
            + self.back_offs(self.failing())
            + AGREED
            + heads.unwrap_or(0) * self.transfer();
        let limit = self.now.after(self.by_slowest_clock(patience));
        while self.now < limit {
            let is_back = self.is_back(&all);
            let is_lost = self.nodes.iter().all(|node| node.reports_loss);
            if self.clients.outstanding() == 0 && (is_back || is_lost) {
                let is_expected = outcome.is_none_or(|expected| expected == is_back);
                if !is_expected {
                    return Err(self.unsettled("L7", "this is not what was to be expected"));
                }
                self.ending = Some(if is_back {
                    self.nothing_is_lost(&all)?;
                    Ending::ByPrimary
                } else {
                    Ending::Lost
                });
                return Ok(());
            }
            self.play_until(self.now.0 + 10)?;
        }
        Err(self.unsettled("L7", "the group neither goes on nor says that it cannot"))
    }

    /// Whether the group has to come back; nothing if it depends.
    fn outcome_without_quorum(&self) -> Option<bool> {
        let Some(primary) = self.normal_primary() else {
            let is_staging = self.replicas.iter().flatten().any(Replica::is_staging);
            return (!is_staging).then_some(false);
        };
        let view = self.replicas[primary].as_ref().map(Replica::view);
        let is_later = self.nodes.iter().any(|node| Some(node.promise()) > view);
        (!is_later).then_some(true)
    }

    fn is_back(&self, all: &[usize]) -> bool {
        let mut views = self.members(all).map(Replica::view);
        let first = views.next();
        views.all(|view| Some(view) == first)
            && self.members(all).all(|one| one.status() == Status::Normal)
            && self.agree(all)
    }

    /// The longest time from a message to its answer. Also one that is not of
    /// the core may be the primary, on a slow machine.
    fn round_trip(&self) -> u64 {
        let periods = self.nodes.iter().map(|node| node.clock.period);
        2 * (DELAY_WHEN_HEALED + 1 + periods.max().unwrap_or(1))
    }

    /// The longest time that an entry takes to be fetched. A run may draw limits
    /// at which an answer is one entry in each of several chunks; if the first
    /// of them is overtaken, there is a time-out for each entry.
    fn transfer(&self) -> u64 {
        self.round_trip() + 2 * self.replica_options.fetch_timeout
    }

    /// A time by the slowest of the clocks, in true ticks.
    fn by_slowest_clock(&self, ticks: u64) -> u64 {
        let times = self
            .nodes
            .iter()
            .map(|node| node.clock.reaches(Tick(ticks)));
        times.max().unwrap_or(ticks)
    }

    fn unsettled(&self, invariant: &'static str, what: &str) -> Violation {
        let states: Vec<String> = (self.replicas.iter().enumerate())
            .map(|(index, one)| match one {
                None => format!("replica {index} is down"),
                Some(one) => format!(
                    "replica {index} is {:?} in view {}, has executed {} of {}",
                    one.status(),
                    one.view().view,
                    one.applied(),
                    one.log().head()
                ),
            })
            .collect();
        Violation {
            invariant,
            what: format!("{what}: {}", states.join("; ")),
        }
    }
}
