//! Reads: what they cost, and what they see.

use crate::group::Group;
use crate::support::{calm, message};
use bytes::Bytes;
use metadr_vr::wire::{MessageBody, Vote};
use metadr_vr::{Admin, ClientReply, Level, Options, Request, RequestId};
use proptest::collection::vec;
use proptest::prelude::*;
use std::collections::BTreeMap;

/// Reads that come one by one, each followed by a flush, for `hops` times as
/// long as a message takes. Returns how many COMMITs were sent meanwhile.
fn commits_for_reads(group: &mut Group, hops: u64, reads_per_hop: u64) -> usize {
    let mut commits = 0;
    for hop in 0..hops {
        for number in 0..reads_per_hop {
            let id = RequestId {
                connection: number,
                number: hop,
            };
            let query = Bytes::new();
            let level = Level::Linearizable;
            group.request(0, id, Request::Read { query, level });
            group.flush(0);
        }
        let is_commit = |body: &MessageBody| matches!(body, MessageBody::Commit(_));
        let sent = group.in_flight.iter();
        commits += sent.filter(|(_, message)| is_commit(&message.body)).count();
        group.deliver_hop();
    }
    commits
}

proptest! {
    /// A round takes two hops, so no more begin than half as many. Only then do
    /// the messages for each read become fewer as reads become more.
    #[test]
    fn messages_for_reads_are_bounded_by_round_trips(
        count in 2..6_u32,
        hops in 1..20_u64,
        reads_per_hop in 1..30_u64,
    ) {
        let mut group = Group::new(count, calm());
        let commits = commits_for_reads(&mut group, hops, reads_per_hop);
        let rounds = usize::try_from(hops.div_ceil(2)).expect("it is small");
        prop_assert!(commits <= rounds * (count as usize - 1), "{commits} for {hops} hops");
        for _ in 0..4 {
            group.deliver_hop();
        }
        prop_assert_eq!(group.replies.len() as u64, hops * reads_per_hop);
        let is_ok = |(_, reply): &(_, ClientReply)| matches!(reply, ClientReply::Ok { .. });
        prop_assert!(group.replies.iter().all(is_ok));
    }
}

#[derive(Clone, Debug)]
enum Step {
    /// A request at a replica, on a connection of its own.
    Request(u32, Kind),
    Ticks(u64),
    Flush(u32),
    Deliver(usize),
    Lose(usize),
    /// A message arrives, and stays on its way.
    Repeat(usize),
    /// Messages change places.
    Swap(usize, usize),
    /// All others vote for another view, at this replica.
    Votes(u32),
    /// These two, or this one, are cut off from the others from now on.
    Isolate([u32; 2]),
    Join,
}

#[derive(Clone, Copy, Debug)]
enum Kind {
    Write,
    Read,
    Lease,
    Log,
    Sync,
    Stale,
    /// A read by who has seen everything that was answered so far.
    Seen,
    /// Another replica is to become the primary.
    StepDown,
}

fn step() -> impl Strategy<Value = Step> {
    let kind = prop_oneof![
        4 => Just(Kind::Write),
        4 => Just(Kind::Read),
        2 => Just(Kind::Lease),
        1 => Just(Kind::Log),
        1 => Just(Kind::Sync),
        1 => Just(Kind::Stale),
        2 => Just(Kind::Seen),
        1 => Just(Kind::StepDown),
    ];
    prop_oneof![
        8 => (0..5_u32, kind).prop_map(|(id, kind)| Step::Request(id, kind)),
        2 => (1..15_u64).prop_map(Step::Ticks),
        4 => (0..5_u32).prop_map(Step::Flush),
        8 => (1..12_usize).prop_map(Step::Deliver),
        1 => (1..4_usize).prop_map(Step::Lose),
        1 => any::<usize>().prop_map(Step::Repeat),
        2 => (any::<usize>(), any::<usize>()).prop_map(|(one, other)| Step::Swap(one, other)),
        1 => (0..5_u32).prop_map(Step::Votes),
        1 => [0..5_u32, 0..5].prop_map(Step::Isolate),
        1 => Just(Step::Join),
    ]
}

/// What was asked, and the largest op of all answers before.
#[derive(Default)]
struct Asked {
    floors: BTreeMap<RequestId, Option<u64>>,
    /// How many replies are checked.
    checked: usize,
    seen: u64,
    /// Who is cut off from the others.
    isolated: Option<[u32; 2]>,
}

impl Asked {
    fn ask(&mut self, group: &mut Group, at: u32, kind: Kind) {
        let id = RequestId {
            connection: self.floors.len() as u64,
            number: 0,
        };
        let seen = self.seen;
        let read = |level| Request::Read {
            query: Bytes::new(),
            level,
        };
        let request = match kind {
            Kind::Write => Request::Anonymous(Bytes::from_static(b"x")),
            Kind::Read => read(Level::Linearizable),
            Kind::Lease => read(Level::Lease),
            Kind::Log => read(Level::Log),
            Kind::Sync => Request::Sync,
            Kind::Stale => read(Level::Stale),
            Kind::Seen => read(Level::Backup { min_op: seen }),
            Kind::StepDown => Request::Admin(Admin::StepDown),
        };
        let is_ordered = !matches!(kind, Kind::Stale | Kind::StepDown);
        self.floors.insert(id, is_ordered.then_some(seen));
        group.request(at, id, request);
        self.check(group);
    }

    /// Whoever asks sees at least what anybody had been answered before,
    /// whichever replica gave that answer, in whichever view.
    fn check(&mut self, group: &Group) {
        for (id, reply) in &group.replies[self.checked..] {
            let floor = self.floors[id];
            if let ClientReply::Ok { op, .. } = reply {
                assert!(
                    floor.is_none_or(|floor| floor <= *op),
                    "{id:?} is stale: {reply:?}"
                );
                self.seen = self.seen.max(*op);
            }
        }
        self.checked = group.replies.len();
    }
}

/// A vote promises nothing, so anybody may have sent one at any time.
fn vote(group: &mut Group, to: u32) {
    let replica = &group.replicas[to as usize];
    let (view, own) = (replica.view(), replica.boot().id());
    for other in replica.boot().voters().to_vec() {
        if other != own {
            let target = view.view + 1;
            let mut message = message(other, MessageBody::Vote(Vote { target }));
            message.envelope.promise = view;
            group.message(to, message);
        }
    }
}

fn play(group: &mut Group, asked: &mut Asked, step: Step) {
    let (in_flight, count) = (group.in_flight.len(), group.replicas.len());
    let place = |id: u32| id % u32::try_from(count).expect("a group is small");
    match step {
        Step::Request(id, kind) => asked.ask(group, place(id), kind),
        Step::Ticks(count) => (0..count).for_each(|_| group.tick()),
        Step::Flush(id) => group.flush(place(id)),
        Step::Deliver(count) => {
            let is_cut = |id| asked.isolated.is_some_and(|cut| cut.contains(&id));
            (group.in_flight)
                .retain(|(to, message)| is_cut(*to) == is_cut(message.envelope.sender));
            group.deliver(count);
        }
        Step::Lose(count) => drop(group.in_flight.drain(..count.min(in_flight))),
        Step::Repeat(index) if in_flight > 0 => {
            let (to, message) = group.in_flight[index % in_flight].clone();
            group.message(to, message);
        }
        Step::Swap(one, other) if in_flight > 0 => {
            group.in_flight.swap(one % in_flight, other % in_flight);
        }
        Step::Repeat(_) | Step::Swap(..) => {}
        Step::Votes(id) => vote(group, place(id)),
        Step::Isolate(ids) => asked.isolated = Some(ids.map(place)),
        Step::Join => asked.isolated = None,
    }
    asked.check(group);
}

proptest! {
    /// P7, P22: at any replica, by rounds or leases, while views change.
    #[test]
    fn nobody_is_shown_less_than_was_answered_before(
        steps in vec(step(), 1..150),
        count in 2..6_u32,
        has_leases: bool,
    ) {
        let options = Options {
            lease: if has_leases { 30 } else { 0 },
            ..calm()
        };
        let mut group = Group::new(count, options);
        let mut asked = Asked::default();
        for step in steps {
            play(&mut group, &mut asked, step);
        }
        // From here on nothing is lost, and all that waits is answered or refused.
        for _ in 0..300 {
            group.tick();
            group.deliver(usize::MAX);
            asked.check(&group);
        }
        prop_assert_eq!(group.replies.len(), asked.floors.len());
    }
}
