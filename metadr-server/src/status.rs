//! What the replica is at the moment, for those who must not wait for its task.

use std::sync::atomic::{AtomicU8, Ordering};

/// What a replica is to clients.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// It is starting, joining a view, a primary without a quorum, or has
    /// stopped itself.
    NotNormal,
    /// It takes requests.
    Primary,
    /// Another takes requests.
    Backup,
}

/// The last role that the replica's task has published.
#[derive(Debug, Default)]
pub(crate) struct StatusCell(AtomicU8);

impl StatusCell {
    pub(crate) fn set(&self, role: Role) {
        let code = match role {
            Role::NotNormal => 0,
            Role::Primary => 1,
            Role::Backup => 2,
        };
        self.0.store(code, Ordering::Release);
    }

    pub(crate) fn role(&self) -> Role {
        match self.0.load(Ordering::Acquire) {
            1 => Role::Primary,
            2 => Role::Backup,
            _ => Role::NotNormal,
        }
    }
}
