//! How many files the process may have open, and so how many connections.

/// Descriptors for all that is no connection that was accepted: the runtime,
/// the listeners, the state directory, what is being written there, and the
/// connections to the other replicas.
const OTHERS: u64 = 64;

/// Connections that others may have to the replication port. There should be
/// one from each replica; some more linger when they are made anew.
const REPLICATION: u64 = 1024;

/// Connections that clients may have, however many files may be open: each
/// costs memory too. One that is idle costs about 10 KiB. Calls that arrive, that
/// wait for their quorum, and replies that are not taken cost 8 KiB more, or as
/// much as is left of the 256 MiB that `rpc::Limits` grants to all together.
/// What remains is a reply of up to a mebibyte each that a client asks for and
/// does not take. Whoever has clients who would do that lowers the limit of open
/// files, and with it the number of connections.
const CLIENTS: u64 = 20_000;

/// Connections that either port takes in any case.
const FEWEST: u64 = 16;

/// Raises the process's limit of open files as far as the system allows: to the
/// hard limit. Where there is no such limit, this does nothing.
pub fn raise_limit() {
    #[cfg(unix)]
    {
        use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
        /// What some systems allow at most that say that there is no limit.
        const OPEN_MAX: u64 = 10_240;
        let before = getrlimit(Resource::Nofile);
        for highest in [before.maximum, Some(OPEN_MAX)] {
            let raised = Rlimit {
                current: highest,
                ..before
            };
            let is_higher = match (before.current, highest) {
                (Some(before), Some(highest)) => highest > before,
                (Some(_), None) => true,
                (None, _) => false,
            };
            // If it cannot be raised, it stays what it was, and the caps with it.
            if is_higher && setrlimit(Resource::Nofile, raised).is_ok() {
                return;
            }
        }
    }
}

/// How many connections each port of a replica takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Caps {
    pub(crate) clients: usize,
    pub(crate) replication: usize,
}

impl Caps {
    /// What this process has descriptors for, if it runs one replica.
    pub(crate) fn of_this_process() -> Self {
        #[cfg(unix)]
        let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile).current;
        #[cfg(not(unix))]
        let limit = None;
        Self::within(limit.unwrap_or(u64::MAX))
    }

    /// Caps that so many open files allow.
    fn within(limit: u64) -> Self {
        let free = limit.saturating_sub(OTHERS);
        let replication = (free / 4).clamp(FEWEST, REPLICATION);
        let clients = free.saturating_sub(replication).clamp(FEWEST, CLIENTS);
        let size = |count| usize::try_from(count).expect("it is small");
        Self {
            clients: size(clients),
            replication: size(replication),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_connections_together_leave_room_for_the_rest() {
        for limit in [128, 200, 256, 1024, 4096, 10_000, 20_000] {
            let caps = Caps::within(limit);
            let total = (caps.clients + caps.replication) as u64;
            assert!(total + OTHERS <= limit, "{limit}: {caps:?}");
            assert!(caps.clients >= 2 * caps.replication, "{limit}: {caps:?}");
        }
    }

    #[test]
    fn some_connections_are_taken_and_no_more_than_memory_allows() {
        for limit in [0, 10, 64] {
            let fewest = 16;
            let expected = Caps {
                clients: fewest,
                replication: fewest,
            };
            assert_eq!(Caps::within(limit), expected);
        }
        let most = Caps {
            clients: 20_000,
            replication: 1024,
        };
        for limit in [21_088, 1 << 20, u64::MAX] {
            assert_eq!(Caps::within(limit), most);
        }
    }

    #[cfg(unix)]
    #[test]
    fn the_limit_is_raised_as_far_as_it_goes() {
        use rustix::process::{Resource, getrlimit};
        raise_limit();
        let raised = getrlimit(Resource::Nofile);
        if raised.maximum.is_some() {
            assert_eq!(raised.current, raised.maximum);
        }
    }
}
