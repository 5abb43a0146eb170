//! By which files replicas know one another.

use crate::support::{Words, boot, calm, message};
use metadr_vr::wire::{
    EpochView, MessageBody, NoticeKind, PeerInstance, Ping, ReplicaId, Role, Vote,
};
use metadr_vr::{Outputs, Persist, Replica, Tick};

fn ping(peers: Vec<PeerInstance>) -> MessageBody {
    MessageBody::Ping(Ping {
        role: Role::Normal,
        is_leaving: false,
        last_normal: EpochView::default(),
        head: 0,
        commit: 0,
        peers,
        checkpoint: metadr_vr::wire::Checkpoint::default(),
    })
}

/// Pitfall P38: a replica that was wiped and made anew looked new to whoever had
/// never heard it before, also when others had told by which files they know it.
#[test]
fn p38_a_wiped_replica_is_recognized_by_what_others_have_told() {
    let mut own = boot(3, 5);
    own.meta.peers.clear();
    let (mut replica, _) = Replica::new(own, Words::default(), calm(), 1, Tick(0), 0);
    let mut outputs = Outputs::default();
    let told = |id: ReplicaId, instance: u8| PeerInstance {
        id,
        instance: [instance; 16],
    };
    // Of itself it knows better, and of a stranger it wants to know nothing.
    let others = ping(vec![told(2, 7), told(3, 8), told(77, 9)]);
    replica.on_message(Tick(1), message(0, others), &mut outputs);
    let Some((_, Persist::Meta(meta))) = outputs.persist.last() else {
        panic!("something to write");
    };
    let known = &meta.peers;
    let ids: Vec<ReplicaId> = known.iter().map(|one| one.id).collect();
    assert_eq!(ids, [0, 2]);
    assert!(known.contains(&told(2, 7)));

    outputs = Outputs::default();
    let wiped = message(2, MessageBody::Vote(Vote { target: 1 }));
    replica.on_message(Tick(2), wiped, &mut outputs);
    match &outputs.send[..] {
        [(2, answer)] => match &answer.body {
            MessageBody::Notice(notice) => assert_eq!(notice.kind, NoticeKind::WrongInstance),
            other => panic!("{other:?}"),
        },
        other => panic!("{other:?}"),
    }
    // What is known is not changed by what others tell.
    outputs = Outputs::default();
    let contradiction = ping(vec![told(2, 6)]);
    replica.on_message(Tick(3), message(0, contradiction), &mut outputs);
    assert!(outputs.persist.is_empty());
}
