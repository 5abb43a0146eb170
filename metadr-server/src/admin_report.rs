//! How a replica is, in the words of `idl/metadr_admin.x`.

use crate::link::Links;
use crate::machine::Machine;
use crate::wire::admin::{AdminPeer, AdminState, AdminStatus, AdminView};
use metadr_runtime::rt::Instant;
use metadr_vr::wire::EpochView;
use metadr_vr::{Replica, Status};
use std::time::Duration;

/// What an operator is told of a replica that has run for so long and has so
/// many requests without an answer.
pub(crate) fn admin_status(
    replica: &Replica<Machine>,
    links: &Links,
    now: Instant,
    uptime: Duration,
    waiting: usize,
) -> AdminStatus {
    let fault = match replica.status() {
        Status::Faulted(fault) => Some(fault.to_string().into()),
        _ => None,
    };
    let peers = links.peers().map(|(id, endpoint, heard)| AdminPeer {
        id,
        address: endpoint.to_string().into(),
        silent_ms: heard.map(|heard| millis(now.saturating_duration_since(heard))),
    });
    AdminStatus {
        id: replica.boot().id(),
        cluster: replica.boot().cluster(),
        software: env!("CARGO_PKG_VERSION").into(),
        state: state(replica),
        fault,
        is_stopping: replica.is_stopping(),
        view: view(replica.view()),
        primary: replica.primary(),
        last_normal: view(replica.last_normal()),
        log_start: replica.log().start(),
        checkpoint: replica.checkpoint().op,
        head: replica.log().head(),
        committed: replica.commit_number(),
        applied: replica.applied(),
        digest: replica.digest(),
        waiting: u32::try_from(waiting).unwrap_or(u32::MAX),
        uptime_ms: millis(uptime),
        peers: peers.collect(),
    }
}

fn state(replica: &Replica<Machine>) -> AdminState {
    match replica.status() {
        Status::Normal if replica.is_suspended() => AdminState::Suspended,
        Status::Normal if replica.is_primary() => AdminState::Primary,
        Status::Normal => AdminState::Backup,
        Status::Recovering => AdminState::Recovering,
        Status::Stopped => AdminState::Stopped,
        Status::Faulted(_) => AdminState::Faulted,
        // What else there is takes no part in its view either.
        _ => AdminState::ViewChange,
    }
}

fn view(EpochView { epoch, view }: EpochView) -> AdminView {
    AdminView { epoch, view }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
