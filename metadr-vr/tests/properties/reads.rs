//! Reads: what they cost.

use crate::group::Group;
use crate::support::calm;
use bytes::Bytes;
use metadr_vr::wire::MessageBody;
use metadr_vr::{ClientReply, Level, Request, RequestId};
use proptest::prelude::*;

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
